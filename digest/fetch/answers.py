"""What kinds of answers there are: taken, followed, refused; and the words for the refused ones."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit, urlunsplit

from digest.errors import Forbidden, HttpError
from digest.model import Request, Response

REDIRECTS = frozenset({301, 302, 303, 307, 308})

_ADVICE = {
    400: "the server does not understand the address: check it",
    401: "it wants a password, and digest sends none",
    402: "it wants to be paid",
    403: "it refuses us; see whether the site allows feed readers",
    404: "nothing is there; if it stays so, look for the feed's new address",
    410: "gone for good, says the server; it is not asked again",
    429: "it asks us to come less often",
}


def clean_url(url: str) -> str:
    """The address as it is asked: without credentials (they are never sent) and without fragment.

    Raises Forbidden for anything that is not http(s) with a host.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise Forbidden(_shown(url), f"not a web address ({error})") from error
    if parts.scheme.lower() not in {"http", "https"} or not host:
        raise Forbidden(_shown(url), "not a web address: digest asks http:// and https:// only")
    host = f"[{host}]" if ":" in host else host
    netloc = host if port is None else f"{host}:{port}"
    return urlunsplit((parts.scheme.lower(), netloc, parts.path or "/", parts.query, ""))


def redirect_target(url: str, location: str) -> str:
    """Where a redirect from `url` leads. Raises Forbidden when https would become http, or it leaves the web."""
    target = clean_url(urljoin(url, location.strip()))
    if url.startswith("https:") and not target.startswith("https:"):
        raise Forbidden(
            url, f"redirects from https to {target}, which is not encrypted; digest does not follow"
        )
    return target


def settled(request: Request, response: Response) -> Response:
    """The response if it is one to work with, else raises HttpError holding it."""
    status, subject = response.status, clean_url(response.url)
    if status == 304 and not (request.etag or request.last_modified):
        raise HttpError(
            subject,
            "HTTP 304 to a question without conditions: the server's cache is broken",
            response=response,
        )
    if 200 <= status < 300 or status == 304:
        return response
    advice = _ADVICE.get(status) or (
        "the server has trouble of its own" if status >= 500 else "not an answer that digest can use"
    )
    raise HttpError(subject, f"HTTP {status}: {advice}", response=response)


def _shown(url: str) -> str:
    """An address that could not be taken apart, without what may be a password."""
    scheme, separator, rest = url.partition("//")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"
