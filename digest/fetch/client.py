"""The fetcher that really asks: aiohttp, with redirects, caps, deadline and address guard of our own.

    clean_url | guard | host's turn | one GET | redirect? again from the top | capped body | Response

aiohttp's own redirect following, cookie jar, decompression and proxy environment are off: each would do more than
it was asked to.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Self
from urllib.parse import quote, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from digest import __version__
from digest.errors import (
    ConfigError,
    DeadlineExceeded,
    FetchError,
    Forbidden,
    HttpError,
    TooLarge,
    Unreachable,
)
from digest.fetch import MIB, Clock, FetchSettings
from digest.fetch.answers import REDIRECTS, clean_url, redirect_target, settled
from digest.fetch.body import ACCEPT_ENCODING, BrokenBody, CapPassed, read_body
from digest.fetch.guard import host_refusal, is_named, refusal
from digest.fetch.hosts import Hosts
from digest.fetch.room import Room
from digest.model import Redirect, Request, Response
from digest.schedule import retry_after

log = logging.getLogger(__name__)

_ACCEPT = {
    "feed": "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml, "
    "application/xml;q=0.9, text/xml;q=0.9, */*;q=0.5",
    "page": "text/html, application/xhtml+xml, */*;q=0.5",
    "api": "*/*",
}

_ERROR_BODY = 64 * 1024
"""As much of a refusal's body is kept as tells why (arXiv's errors are documents)."""

_MAX_HEADER = 64 * 1024
"""Some sites send policies and cookies beyond aiohttp's 8 KB."""

_UNSPECIFIC_429 = timedelta(minutes=15)
"""How long a host is left alone after a 429 that names no time."""

_CONNECT_S = 10.0
"""For one address of a host, so that there is time left for the next one."""

_LISTS = frozenset({"cache-control", "link"})
"""Headers whose lines are joined; of all others the first counts (a second Last-Modified is a server's error)."""


def user_agent(contact: str) -> str:
    """Product, version and where to complain: "digest/0.1.0 (+https://example.org/about)"."""
    words = " ".join(contact.split()).replace("(", "").replace(")", "")
    return f"digest/{__version__}" + (f" (+{words})" if words else "")


class Fetcher:
    """Asks hosts, politely. `async with` opens and closes the connections.

    `pauses` (see there) of an earlier run are kept to; read them again afterwards and store them.
    """

    def __init__(
        self, settings: FetchSettings, clock: Clock, pauses: Mapping[str, datetime] | None = None
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._hosts = Hosts(settings, clock, pauses or {})
        self._slots = asyncio.Semaphore(settings.concurrency)
        self._session: aiohttp.ClientSession
        self._lookups: ThreadPoolExecutor

    @property
    def pauses(self) -> dict[str, datetime]:
        """Which hosts (or addresses at shared ones) want no requests, and until when."""
        return self._hosts.pauses

    async def __aenter__(self) -> Self:
        settings = self._settings
        # The default pool has six threads on two cores; one slow name server would hold up everybody.
        self._lookups = ThreadPoolExecutor(max(8, min(64, settings.concurrency)), "lookup")
        connector = aiohttp.TCPConnector(
            limit=0,
            force_close=True,  # ten times the memory otherwise, and a poll seldom meets a host twice
            ssl=_tls(settings.ca_bundle)
            if settings.ca_bundle
            else True,  # True: aiohttp has made one already
            resolver=_Resolver(self._lookups),
            ttl_dns_cache=60,
            socket_factory=_guarded_socket,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": user_agent(settings.contact), "Accept-Encoding": ACCEPT_ENCODING},
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=min(_CONNECT_S, settings.timeout_s)),
            auto_decompress=False,
            trust_env=False,
            max_line_size=_MAX_HEADER,
            max_field_size=_MAX_HEADER,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()
        self._lookups.shutdown(wait=False, cancel_futures=True)

    async def fetch(self, request: Request, room: Room | None = None) -> Response:
        """The answer: 2xx or 304, after redirects. Raises FetchError for anything else."""
        url = asked = clean_url(request.url)
        budget = _Budget(asked, self._settings.timeout_s, room)
        redirects: list[Redirect] = []
        while True:
            try:
                async with self._turn(url, request.pause), budget.spending():
                    response = await self._ask(url, request, budget.enter)
            except FetchError as error:
                raise _after(redirects, error, asked) from error.__cause__
            if redirects:
                response = replace(response, redirects=tuple(redirects))
            location = response.headers.get("location", "")
            if response.status not in REDIRECTS or not location:
                return settled(request, response)
            url = redirect_target(url, location)
            redirects.append(Redirect(response.status, url))
            self._check_chain(asked, replace(response, redirects=tuple(redirects)))

    def _check_chain(self, asked: str, response: Response) -> None:
        """Raises HttpError when the last redirect leads back, or when there were too many."""
        *before, last = [asked, *(r.url for r in response.redirects)]
        if last in before:
            raise HttpError(asked, f"redirects in a circle, back to {last}", response=response)
        if len(response.redirects) > self._settings.max_redirects:
            raise HttpError(
                asked,
                f"redirects more than {self._settings.max_redirects} times, last to {last}",
                response=response,
            )

    @asynccontextmanager
    async def _turn(self, url: str, pause: timedelta) -> AsyncIterator[None]:
        self._check_host(url)
        async with self._hosts.turn(url, pause), self._slots:
            yield

    def _check_host(self, url: str) -> None:
        host = _exact(url).raw_host or ""  # "１２７.0.0.1" is a loopback address only once it is encoded
        if not is_named(host, self._settings.allow_private) and (reason := host_refusal(host)):
            raise _forbidden(url, host, reason)

    async def _ask(self, url: str, request: Request, before_large: Callable[[], Awaitable[None]]) -> Response:
        """One GET of one address, its body read under the cap."""
        connection = _Connection(self._is_exempt(url))
        token = _connection.set(connection)
        try:
            async with self._session.get(
                _exact(url),
                headers=self._headers(request),
                allow_redirects=False,
                proxy=self._settings.proxy or None,
            ) as answer:
                headers = _headers_of(answer)
                self._note_pause(url, answer.status, headers)
                body = await self._body(answer, request, headers, before_large)
                return Response(
                    request.url, answer.status, headers, body, final_url=url, fetched_at=self._clock.now()
                )
        except CapPassed as error:
            raise TooLarge(url, _too_large(self._cap(request))) from error
        except BrokenBody as error:
            raise Unreachable(url, f"an answer came that cannot be read: {error}") from error
        except (aiohttp.ClientError, OSError) as error:
            if connection.refused and isinstance(error, aiohttp.ClientConnectorError):
                raise _forbidden(url, *connection.refused) from error
            raise Unreachable(url, _trouble(error)) from error
        finally:
            _connection.reset(token)

    def _is_exempt(self, url: str) -> bool:
        """A proxy was set by the user, wherever it is; it alone is connected to."""
        return bool(self._settings.proxy) or is_named(
            urlsplit(url).hostname or "", self._settings.allow_private
        )

    def _headers(self, request: Request) -> dict[str, str]:
        headers = {"Accept": request.accept or _ACCEPT[request.kind]}
        if request.etag:
            headers["If-None-Match"] = request.etag
        if request.last_modified:
            headers["If-Modified-Since"] = request.last_modified
        return headers

    def _note_pause(self, url: str, status: int, headers: Mapping[str, str]) -> None:
        """A 429, or a 503 that names a time, holds for the whole host."""
        if status not in (429, 503):
            return
        now = self._clock.now()
        until = retry_after(headers, now) or (now + _UNSPECIFIC_429 if status == 429 else None)
        if until is not None and until > now:
            self._hosts.pause(url, until)
            log.info("host paused url=%s status=%d until=%s", url, status, until.isoformat())

    async def _body(
        self,
        answer: aiohttp.ClientResponse,
        request: Request,
        headers: Mapping[str, str],
        before_large: Callable[[], Awaitable[None]],
    ) -> bytes:
        if answer.status == 304 or answer.status in REDIRECTS:
            return b""
        encoding = headers.get("content-encoding", "")
        if not 200 <= answer.status < 300:
            return await _start_of_body(answer, encoding)
        cap = self._cap(request)
        if (answer.content_length or 0) > cap:
            raise CapPassed
        return await read_body(answer.content.iter_chunked(64 * 1024), encoding, cap, before_large)

    def _cap(self, request: Request) -> int:
        ours = self._settings.page_max_bytes if request.kind == "page" else self._settings.max_bytes
        return ours if request.max_bytes is None else min(ours, request.max_bytes)


# --- the address guard --------------------------------------------------------------------------------


@dataclass(slots=True)
class _Connection:
    """What the socket factory may do for the request under way, and what it refused: (address, reason)."""

    exempt: bool
    refused: tuple[str, str] | None = None


_connection: ContextVar[_Connection] = ContextVar("connection")


def _guarded_socket(address_info: tuple[int, int, int, str, tuple[object, ...]]) -> socket.socket:
    """A socket for one resolved address, which is the one connected to: no second lookup can change it."""
    family, kind, protocol, _, sockaddr = address_info
    address = str(sockaddr[0])
    connection = _connection.get()
    if not connection.exempt and (reason := refusal(address)):
        connection.refused = (address, reason)
        raise PermissionError(f"{address} is off limits ({reason})")  # an OSError: the next address is tried
    return socket.socket(family, kind, protocol)


def _forbidden(url: str, host: str, reason: str) -> Forbidden:
    return Forbidden(
        url,
        f"{host} is not on the public Internet ({reason}); if it is yours, "
        f'add "{urlsplit(url).hostname}" to fetch.allow_private',
    )


class _Resolver(AbstractResolver):
    """The system's resolver in threads of our own."""

    def __init__(self, threads: ThreadPoolExecutor) -> None:
        self._threads = threads

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(
            self._threads, socket.getaddrinfo, host, port, family, socket.SOCK_STREAM
        )
        return [
            ResolveResult(
                hostname=host,
                host=str(sockaddr[0]),
                port=port,
                family=kind,
                proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, _, protocol, _, sockaddr in found
        ]

    async def close(self) -> None:
        return None


# --- small parts --------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Budget:
    """The total time of a request, spent only while it is under way."""

    url: str
    total_s: float
    room: Room | None = None
    left_s: float = field(init=False)
    _limit: asyncio.Timeout = field(init=False)

    def __post_init__(self) -> None:
        self.left_s = self.total_s

    @asynccontextmanager
    async def spending(self) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout(max(0.0, self.left_s)) as self._limit:
                yield
        except TimeoutError as error:
            raise DeadlineExceeded(
                self.url, f"no complete answer within {self.total_s:g} s (fetch.timeout_s)"
            ) from error
        finally:
            self.left_s -= loop.time() - began

    async def enter(self) -> None:
        """Waits for room for a large document; the time stands still meanwhile, since it is we who hold it up."""
        if self.room is None:
            return
        loop, ends = asyncio.get_running_loop(), self._limit.when()
        began = loop.time()
        self._limit.reschedule(None)
        await self.room.enter()
        waited = loop.time() - began
        self.left_s += waited
        self._limit.reschedule(None if ends is None else ends + waited)


def _tls(ca_bundle: str) -> ssl.SSLContext:
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(cafile=ca_bundle)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            "fetch.ca_bundle", f"{ca_bundle} cannot be read as a file of PEM certificates ({error})"
        ) from error
    return context


def _exact(url: str) -> URL:
    """The address byte for byte as it stands; only what may not stand in a request line is escaped."""
    parts = urlsplit(url)
    try:
        host = URL.build(scheme=parts.scheme, host=parts.hostname or "").raw_host or ""
    except ValueError as error:
        raise Forbidden(url, "its host name cannot be one; check the address") from error
    host = f"[{host}]" if ":" in host else host
    netloc = host if parts.port is None else f"{host}:{parts.port}"
    rest = quote(parts.path, safe=_URL_SAFE) + (
        f"?{quote(parts.query, safe=_URL_SAFE)}" if parts.query else ""
    )
    return URL(f"{parts.scheme}://{netloc}{rest}", encoded=True)


_URL_SAFE = "!$%&'()*+,-./:;=?@[]^_`{|}~\\"


def _headers_of(answer: aiohttp.ClientResponse) -> dict[str, str]:
    """By lower-case name. Bytes that are no UTF-8 are read as Latin-1, which every byte is."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in answer.raw_headers:
        name = raw_name.decode("latin-1").lower()
        try:
            value = raw_value.decode("utf-8")
        except UnicodeDecodeError:
            value = raw_value.decode("latin-1")
        if name not in headers:
            headers[name] = value
        elif name in _LISTS:
            headers[name] += f", {value}"
    return headers


async def _start_of_body(answer: aiohttp.ClientResponse, encoding: str) -> bytes:
    """The beginning of a refusal, as far as it can be had."""
    try:
        return await read_body(answer.content.iter_chunked(16 * 1024), encoding, _ERROR_BODY)
    except (CapPassed, BrokenBody, aiohttp.ClientError):
        return b""


def _after(redirects: list[Redirect], error: FetchError, asked: str) -> FetchError:
    """The error as one of the address that was asked, though a redirect led elsewhere."""
    if redirects:
        error.subject, error.message = asked, f"{error.message} (redirected to {redirects[-1].url})"
    return error


def _too_large(cap: int) -> str:
    size = f"{cap / MIB:.3g} MiB" if cap >= MIB else f"{cap} bytes"
    return f"longer than {size}, unpacked or not (fetch.max_bytes); left out"


def _trouble(error: Exception) -> str:
    """What went wrong in words, without the error's own: those may hold a proxy's password."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return (
                f"its certificate is not trusted ({_verify_words(error.certificate_error)}); "
                "if it is your own authority's, name it in fetch.ca_bundle"
            )
        case aiohttp.ClientConnectorSSLError():
            return "no encrypted connection could be made (TLS)"
        case aiohttp.ClientProxyConnectionError():
            return "the proxy cannot be reached; check fetch.proxy"
        case aiohttp.ClientHttpProxyError():
            return f"the proxy refused with HTTP {error.status}; check fetch.proxy"
        case aiohttp.ClientConnectorDNSError():
            return "its host name was not found; check the address, or the network"
        case aiohttp.ClientConnectorError():
            return f"no connection ({error.strerror or 'refused'})"
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientPayloadError() | aiohttp.ClientOSError():
            return "the connection ended before the answer did"
        case aiohttp.ServerTimeoutError():
            return f"no connection within {_CONNECT_S:g} s"
        case _:
            return f"no usable answer ({type(error).__name__})"


def _verify_words(error: Exception) -> str:
    return error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else "certificate error"
