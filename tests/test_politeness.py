"""The politeness list of docs/design.md, numbered as there: a real server on loopback, a moved clock.

What needs a store or a parser as well is tested here as far as state and network go: `poll` below is the smallest
poller that keeps a state between polls.
"""

from __future__ import annotations

import asyncio
import gzip
import socket
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from email.utils import format_datetime
from itertools import pairwise
from typing import Any

import brotli
import pytest
from fetch_server import START, Asked, Says, Server, fetching, headers, serving

from digest import schedule
from digest.errors import (
    DeadlineExceeded,
    DigestError,
    Forbidden,
    HostPaused,
    HttpError,
    NotAFeed,
    TooLarge,
)
from digest.fetch import FetchSettings
from digest.fetch.body import zstd
from digest.fetch.client import Fetcher
from digest.model import Feed, FeedState, ParsedFeed, Request, Response, ScheduleHints
from digest.schedule import Rhythm

pytestmark = pytest.mark.server

HOUR = timedelta(hours=1)
MIB = 1 << 20


@dataclass
class Poller:
    """One feed and its state, polled when due."""

    fetcher: Fetcher
    server: Server
    state: FeedState
    parse: Callable[[Response], ParsedFeed] = lambda _: ParsedFeed()
    last: Response | DigestError | None = None

    @property
    def feed(self) -> Feed:
        return Feed(self.state.url)

    async def poll(self) -> FeedState:
        """Whether due or not."""
        now = self.server.clock.now()
        state = self.state
        try:
            self.last = response = await self.fetcher.fetch(
                Request(state.address, etag=state.etag, last_modified=state.last_modified)
            )
            parsed = replace(self.parse(response), not_modified=response.status == 304)
            state = schedule.after_response(state, response, parsed, now)
            self.state = schedule.rescheduled(state, self.feed, response, parsed, (), Rhythm(), now)
        except DigestError as error:
            self.last = error
            self.state = schedule.after_error(state, self.feed, error, Rhythm(), now)
        return self.state

    async def poll_if_due(self) -> bool:
        due = schedule.is_due(self.state, self.server.clock.now())
        if due:
            await self.poll()
        return due

    def move(self, by: timedelta) -> None:
        self.server.clock.at += by


@asynccontextmanager
async def polling(
    answer: Says | list[Says] | Callable[[Asked], Says],
    parse: Callable[[Response], ParsedFeed] = lambda _: ParsedFeed(),
    **settings: Any,
) -> AsyncIterator[Poller]:
    """`answer`: always this, these in turn (the last one stays), or by what was asked."""
    turns = iter(answer) if isinstance(answer, list) else None
    current: list[Says] = []

    def say(asked: Asked) -> Says:
        if callable(answer):
            return answer(asked)
        if turns is None:
            assert isinstance(answer, Says)
            return answer
        if (following := next(turns, None)) is not None:
            current[:] = [following]
        return current[0]

    async with serving(say) as server, fetching(server, **settings) as fetcher:
        url = server.url()
        yield Poller(fetcher, server, FeedState(1, url, url), parse)


def run(test: Callable[[], Any]) -> None:
    asyncio.run(test())


# --- first contact and validators ---------------------------------------------------------------------


def test_01_one_get_at_first_contact_and_nothing_else() -> None:
    async def test() -> None:
        async with polling(Says()) as poller:
            await poller.poll()
            assert [(a.method, a.target) for a in poller.server.asked] == [("GET", "/feed")]
            assert not {"referer", "cookie", "authorization", "origin"} & set(poller.server.last.headers)

    run(test)


@pytest.mark.parametrize(
    ("etag", "last_modified"),
    [
        pytest.param('"abc"', "Mon, 05 Oct 2026 08:00:00 GMT", id="02-both"),
        pytest.param("", "Mon, 5 Oct 2026 8:00:00 GMT", id="03-odd-date"),
        pytest.param("", "2026-10-05T08:00:00+0200 (yesterday)", id="03-no-date"),
        pytest.param('"x"', "Thu, 01 Jan 1970 00:00:00 GMT", id="04-epoch"),
        pytest.param("unquoted-1234", "", id="05-unquoted"),
        pytest.param('W/"weak-1"', "", id="05-weak"),
        pytest.param('"a" ; "b, c"', "", id="05-odd"),
        pytest.param("", "", id="06-none"),
    ],
)
def test_02_to_06_validators_go_back_as_they_came(etag: str, last_modified: str) -> None:
    given = {k: v for k, v in {"etag": etag, "last_modified": last_modified}.items() if v}

    async def test() -> None:
        async with polling(Says(headers=headers(**given))) as poller:
            await poller.poll()
            await poller.poll()
            sent = poller.server.last.headers
            assert sent.get("if-none-match", "") == etag
            assert sent.get("if-modified-since", "") == last_modified

    run(test)


@pytest.mark.parametrize(
    ("first", "second", "sent"),
    [
        pytest.param({"etag": '"1"'}, {"etag": '"2"'}, ('"2"', ""), id="07-new-etag"),
        pytest.param({"last_modified": "A"}, {"last_modified": "B"}, ("", "B"), id="08-new-last-modified"),
        pytest.param(
            {"etag": '"1"', "last_modified": "A"},
            {"etag": '"2"', "last_modified": "A"},
            ('"2"', "A"),
            id="09-new-etag-same-last-modified",
        ),
        pytest.param({"etag": '"1"', "last_modified": "A"}, {"etag": '"1"'}, ('"1"', ""), id="11-withdrawn"),
        pytest.param({"etag": '"1"'}, {}, ("", ""), id="11-all-withdrawn"),
    ],
)
def test_07_to_11_a_200_says_which_validators_hold_though_its_body_is_the_same(
    first: dict[str, str], second: dict[str, str], sent: tuple[str, str]
) -> None:
    async def test() -> None:
        async with polling([Says(headers=headers(**first)), Says(headers=headers(**second))]) as poller:
            for _ in range(3):
                await poller.poll()
            got = poller.server.last.headers
            assert (got.get("if-none-match", ""), got.get("if-modified-since", "")) == sent

    run(test)


def test_10_the_etag_of_a_304_is_kept_and_a_bare_304_erases_nothing() -> None:
    async def test() -> None:
        turns = [
            Says(headers=headers(etag='"1"', last_modified="A")),
            Says(304, headers(etag='"2"')),
            Says(304),
        ]
        async with polling(turns) as poller:
            for _ in range(4):
                await poller.poll()
            assert poller.server.last.headers["if-none-match"] == '"2"'
            assert poller.server.last.headers["if-modified-since"] == "A"

    run(test)


# --- when it is asked again ---------------------------------------------------------------------------


def _polls(poller: Poller, hours: tuple[int, ...]) -> Any:
    async def visits() -> list[bool]:
        seen = []
        for hour in hours:
            poller.server.clock.at = START + hour * HOUR
            seen.append(await poller.poll_if_due())
        return seen

    return visits()


@pytest.mark.parametrize(
    "says",
    [
        pytest.param(Says(headers=headers(cache_control="public, max-age=86400")), id="12-max-age"),
        pytest.param(
            Says(
                headers=headers(  # a server whose clock is a year behind: relative to its own Date
                    date="Sun, 16 Nov 2025 09:00:00 GMT", expires="Mon, 17 Nov 2025 09:00:00 GMT"
                )
            ),
            id="13-expires",
        ),
        pytest.param(Says(429, headers(retry_after="86400")), id="14-429-seconds"),
        pytest.param(
            Says(429, headers(retry_after=format_datetime(START + timedelta(days=1), usegmt=True))),
            id="15-429-date",
        ),
        pytest.param(Says(503, headers(retry_after="86400")), id="16-503"),
    ],
)
def test_12_to_16_no_request_before_the_answer_allows_one(says: Says) -> None:
    async def test() -> None:
        async with polling(says) as poller:
            assert await _polls(poller, (0, 2, 4, 6, 23, 25)) == [True, False, False, False, False, True]
            assert len(poller.server.asked) == 2

    run(test)


def test_17_a_410_ends_polling_for_good_and_says_so() -> None:
    async def test() -> None:
        async with polling(Says(410)) as poller:
            assert await _polls(poller, (0, 24, 24 * 30, 24 * 365)) == [True, False, False, False]
            assert poller.state.gone_at == START
            assert "gone" in poller.state.due_reason
            assert "410" in poller.state.error
            poller.state = schedule.revived(poller.state)
            assert await poller.poll_if_due()

    run(test)


@pytest.mark.parametrize("status", [500, 404])
def test_18_repeated_failures_are_asked_ever_more_rarely_and_heal(status: int) -> None:
    async def test() -> None:
        async with polling([*[Says(status)] * 12, Says(headers=headers(etag='"1"'))]) as poller:
            waits = []
            for _ in range(12):
                await poller.poll()
                assert poller.state.due_at is not None
                waits.append(poller.state.due_at - poller.server.clock.at)
                poller.server.clock.at = poller.state.due_at
            assert all(a < b for a, b in pairwise(waits[:7]))
            assert max(waits) <= timedelta(days=7)
            assert poller.state.failing_since == START
            await poller.poll()
            assert (poller.state.failures, poller.state.failing_since, poller.state.error) == (0, None, "")

    run(test)


def test_18_an_error_erases_nothing_that_was_learnt() -> None:
    async def test() -> None:
        async with polling([Says(headers=headers(etag='"1"')), Says(500), Says(304)]) as poller:
            for _ in range(3):
                await poller.poll()
            assert poller.server.last.headers["if-none-match"] == '"1"'
            assert poller.state.failures == 0

    run(test)


# --- redirects ----------------------------------------------------------------------------------------


def _redirect(status: int, to: str, path: str = "/feed") -> Callable[[Asked], Says]:
    return lambda asked: Says(status, headers(location=to)) if asked.target == path else Says()


@pytest.mark.parametrize("status", [301, 308])
def test_19_a_permanent_move_is_believed_when_seen_twice(status: int) -> None:
    async def test() -> None:
        async with polling(_redirect(status, "/new")) as poller:
            await poller.poll()
            assert poller.state.address == poller.server.url("/feed")
            await poller.poll()
            assert poller.state.address == poller.state.moved_to == poller.server.url("/new")
            poller.server.asked.clear()
            await poller.poll()
            assert [a.target for a in poller.server.asked] == ["/new"]
            assert poller.state.address == poller.server.url("/new")

    run(test)


@pytest.mark.parametrize("to", ["/login?next=/feed", "/sso/start", "/accounts/signin", "/landingpage", "/"])
def test_19_nobody_moves_to_a_login_or_front_page(to: str) -> None:
    async def test() -> None:
        async with polling(_redirect(301, to)) as poller:
            for _ in range(4):
                await poller.poll()
            assert (poller.state.address, poller.state.moved_to) == (poller.server.url("/feed"), "")

    run(test)


def test_19_nobody_moves_to_what_is_no_feed() -> None:
    def parse(response: Response) -> ParsedFeed:
        raise NotAFeed(response.url, "an HTML page")

    async def test() -> None:
        async with polling(_redirect(301, "/new"), parse) as poller:
            for _ in range(4):
                await poller.poll()
            assert poller.state.address == poller.server.url("/feed")
            assert poller.state.failures == 4

    run(test)


def test_19_a_move_that_leads_nowhere_is_forgotten() -> None:
    async def test() -> None:
        dead = False

        def answer(asked: Asked) -> Says:
            if dead:
                return Says(404 if asked.target == "/new" else 200)
            return _redirect(301, "/new")(asked)

        async with polling(answer) as poller:
            await poller.poll()
            await poller.poll()
            dead = True
            for _ in range(schedule.FORGIVEN):
                await poller.poll()
            assert (poller.state.address, poller.state.moved_to) == (poller.state.url, "")
            await poller.poll()
            assert poller.state.failures == 0

    run(test)


@pytest.mark.parametrize("status", [302, 303, 307])
def test_20_a_temporary_redirect_is_followed_and_not_kept(status: int) -> None:
    async def test() -> None:
        async with polling(_redirect(status, "/elsewhere")) as poller:
            for _ in range(3):
                await poller.poll()
            assert [a.target for a in poller.server.asked] == ["/feed", "/elsewhere"] * 3
            assert poller.state.address == poller.server.url("/feed")

    run(test)


def test_20_a_chain_with_a_temporary_link_is_no_move() -> None:
    def answer(asked: Asked) -> Says:
        to = {"/feed": (301, "/a"), "/a": (302, "/b")}.get(asked.target)
        return Says(to[0], headers(location=to[1])) if to else Says()

    async def test() -> None:
        async with polling(answer) as poller:
            for _ in range(3):
                await poller.poll()
            assert poller.state.address == poller.server.url("/feed")

    run(test)


def test_21_validators_go_to_the_redirect_target() -> None:
    def answer(asked: Asked) -> Says:
        if asked.target == "/feed":
            return Says(302, headers(location="/target"))
        known = asked.headers.get("if-none-match") == '"t"'
        return Says(304) if known else Says(headers=headers(etag='"t"'))

    async def test() -> None:
        async with polling(answer) as poller:
            await poller.poll()
            await poller.poll()
            assert isinstance(poller.last, Response)
            assert poller.last.status == 304

    run(test)


def test_22_a_redirect_loop_ends() -> None:
    def count_up(asked: Asked) -> Says:
        return Says(302, headers(location=f"/feed?{len(asked.target)}{'x' * len(asked.target)}"))

    async def test() -> None:
        for answer in (count_up, _redirect(302, "/feed")):
            async with polling(answer) as poller:
                await poller.poll()
                assert isinstance(poller.last, HttpError)
                assert "redirects" in poller.last.message
                assert len(poller.server.asked) <= 11  # the question and ten hops

    run(test)


# --- what is sent -------------------------------------------------------------------------------------


def test_23_no_cookie_is_ever_sent_back() -> None:
    def answer(asked: Asked) -> Says:
        cookie = headers(set_cookie="id=1; Path=/")
        if asked.target == "/feed":
            return Says(302, (*cookie, *headers(location="/next")))
        return Says(headers=cookie)

    async def test() -> None:
        async with polling(answer) as poller:
            await poller.poll()
            await poller.poll()
            await poller.fetcher.fetch(Request(poller.server.url("/other")))
            assert len(poller.server.asked) == 5
            assert all("cookie" not in a.headers for a in poller.server.asked)

    run(test)


@pytest.mark.parametrize(
    "hints",
    [
        pytest.param(ScheduleHints(ttl=timedelta(minutes=1440)), id="24-ttl"),
        pytest.param(ScheduleHints(skip_hours=frozenset(range(9, 24))), id="25-skipHours"),
        pytest.param(ScheduleHints(skip_days=frozenset({0})), id="25-skipDays"),
        pytest.param(ScheduleHints(update_period=timedelta(days=1)), id="26-updatePeriod"),
    ],
)
def test_24_to_26_the_document_says_how_often(hints: ScheduleHints) -> None:
    async def test() -> None:
        async with polling(Says(), lambda _: ParsedFeed(hints=hints)) as poller:
            assert await _polls(poller, (0, 2, 4, 6)) == [True, False, False, False]

    run(test)


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress),
        ("br", brotli.compress),
        ("zstd", zstd.compress),
        ("deflate", zlib.compress),  # not offered, but some send it
        ("utf-8", bytes),  # a mistake that is made
    ],
)
def test_27_gzip_br_and_zstd_are_offered_and_understood(
    coding: str, packed: Callable[[bytes], bytes]
) -> None:
    body = "<rss>中文 text</rss>".encode() * 500

    async def test() -> None:
        async with polling(Says(headers=headers(content_encoding=coding), body=packed(body))) as poller:
            await poller.poll()
            assert isinstance(poller.last, Response)
            assert poller.last.body == body
            assert {"gzip", "br", "zstd"} <= set(poller.server.last.headers["accept-encoding"].split(", "))

    run(test)


def test_28_the_user_agent_is_product_version_and_contact() -> None:
    async def test() -> None:
        async with polling(Says(), contact="https://example.org/about") as poller:
            await poller.poll()
            agent = poller.server.last.headers["user-agent"]
            assert agent.startswith("digest/")
            assert agent.endswith(" (+https://example.org/about)")

    run(test)


# --- hosts --------------------------------------------------------------------------------------------


def test_30_two_connections_and_a_pause_a_host() -> None:
    async def test() -> None:
        async with polling(Says(delay_s=0.02)) as poller:
            server = poller.server
            await asyncio.gather(*(poller.fetcher.fetch(Request(server.url(f"/{i}"))) for i in range(16)))
            assert len(server.asked) == 16
            assert server.most_open <= 2
            starts = [START, *server.clock.wakes]  # the first one did not have to wait
            assert len(starts) == 16
            assert all(b - a == timedelta(seconds=1) for a, b in pairwise(starts))

    run(test)


def test_31_a_body_beyond_the_cap_is_refused() -> None:
    flood = Says(chunks=(b"x" * MIB,) * 64)
    endless = Says(raw=b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"x" * (9 * MIB))

    async def test() -> None:
        for says in (flood, endless):
            async with polling(says) as poller:
                await poller.poll()
                assert isinstance(poller.last, TooLarge)
                assert "8 MiB" in poller.state.error

    run(test)


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd", "deflate"])
def test_32_a_compression_bomb_is_refused(coding: str) -> None:
    packed = {
        "gzip": lambda data: gzip.compress(data, 9),
        "br": lambda data: brotli.compress(data, quality=5),
        "zstd": zstd.compress,
        "deflate": zlib.compress,
    }[coding](bytes(64 * MIB))
    assert len(packed) < 100_000

    async def test() -> None:
        async with polling(Says(headers=headers(content_encoding=coding), body=packed)) as poller:
            await poller.poll()
            assert isinstance(poller.last, TooLarge)

    run(test)


def test_34_a_trickle_ends_at_the_deadline() -> None:
    async def test() -> None:
        slow = Says(chunks=(b"x",) * 100, delay_s=0.05)
        async with polling(slow, timeout_s=0.3) as poller:
            began = asyncio.get_running_loop().time()
            await poller.poll()
            assert asyncio.get_running_loop().time() - began < 2
            assert isinstance(poller.last, DeadlineExceeded)

    run(test)


_PRIVATE = (
    "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "localhost", "LOCALHOST.", "[::1]", "0.0.0.0",
    "[::ffff:127.0.0.1]", "[::]", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.100.100.200",
    "[fd00:ec2::254]", "[fe80::1]", "[64:ff9b::7f00:1]", "[64:ff9b::169.254.169.254]", "[2002:7f00:1::]",
    "[2002:c0a8:101::1]", "[2001:0:53aa:64c::1]", "224.0.0.1", "255.255.255.255", "[ff02::1]",
    "metadata.google.internal", "printer.local", "１２７.0.0.1", "ⓛocalhost",
)  # fmt: skip


@pytest.mark.parametrize("proxied", [False, True])
def test_35_private_addresses_are_refused_by_their_spelling(proxied: bool) -> None:
    async def test() -> None:
        async with serving(lambda _: Says()) as server:
            proxy = server.url("") if proxied else ""
            async with Fetcher(FetchSettings(proxy=proxy), server.clock) as fetcher:
                for host in _PRIVATE:
                    with pytest.raises(Forbidden, match="allow_private"):
                        await fetcher.fetch(Request(f"http://{host}:{server.port}/feed"))
                    assert server.asked == [], host

    run(test)


def test_35_private_addresses_are_refused_after_a_redirect() -> None:
    async def test() -> None:
        async with serving(
            lambda _: Says(302, headers(location=f"http://localhost:{inner.port}/"))
        ) as server:
            inner.port = server.port
            async with fetching(server) as fetcher:
                with pytest.raises(Forbidden, match="localhost"):
                    await fetcher.fetch(Request(server.url()))
            assert len(server.asked) == 1

    class inner:
        port = 0

    run(test)


@pytest.mark.parametrize(
    "answers",
    [
        [["127.0.0.1"]],
        [["10.0.0.7", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "169.254.169.254"]],
        [["::1", "127.0.0.1"], ["127.0.0.1"]],
    ],
    ids=["one", "several", "rebinding"],
)
def test_35_private_addresses_are_refused_on_the_address_connected_to(
    answers: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = iter(answers)
    last: list[list[str]] = []

    def lookup(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        assert host == "innocent.example"
        last[:] = [next(turns, last[0] if last else [])]
        return [
            (socket.AF_INET6 if ":" in a else socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port))
            for a in last[0]
        ]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)

    async def test() -> None:
        async with serving(lambda _: Says()) as server, fetching(server) as fetcher:
            for _ in answers:
                with pytest.raises(Forbidden, match=r"innocent\.example"):
                    await fetcher.fetch(Request(server.url(host="innocent.example")))
            assert server.asked == []

    run(test)


def test_35_a_named_exception_is_reached_through_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def lookup(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)

    async def test() -> None:
        async with (
            serving(lambda _: Says()) as server,
            fetching(server, allow_private=("Wiki.Example.",)) as fetcher,
        ):
            response = await fetcher.fetch(Request(server.url(host="wiki.example")))
            assert response.status == 200

    run(test)


@pytest.mark.parametrize(
    "says", [Says(429, headers(retry_after="3600")), Says(503, headers(retry_after="3600")), Says(429)]
)
def test_36_a_429_pauses_the_host_over_runs(says: Says) -> None:
    async def test() -> None:
        async with polling(says) as poller:
            server = poller.server
            await poller.poll()
            other = Request(server.url("/other"))
            with pytest.raises(HostPaused, match=r"127\.0\.0\.1 wants no requests"):
                await poller.fetcher.fetch(other)
            async with Fetcher(
                FetchSettings(allow_private=("127.0.0.1",)), server.clock, poller.fetcher.pauses
            ) as later:
                with pytest.raises(HostPaused) as paused:
                    await later.fetch(other)
                state = FeedState(2, other.url, other.url)
                state = schedule.after_error(
                    state, Feed(other.url), paused.value, Rhythm(), server.clock.now()
                )
                assert (state.failures, state.error, state.due_at) == (0, "", paused.value.until)
                assert len(server.asked) == 1
                server.clock.at = paused.value.until
                with pytest.raises(HttpError):
                    await later.fetch(other)

    run(test)


def test_36_a_shared_host_is_paused_one_address_at_a_time() -> None:
    def answer(asked: Asked) -> Says:
        return Says(429, headers(retry_after="3600")) if asked.target == "/feed" else Says()

    async def test() -> None:
        async with polling(answer, shared_hosts=("127.0.0.1",)) as poller:
            await poller.poll()
            assert (await poller.fetcher.fetch(Request(poller.server.url("/other")))).status == 200
            with pytest.raises(HostPaused):
                await poller.fetcher.fetch(Request(poller.server.url("/feed")))

    run(test)


def test_36_subdomains_that_are_one_service_pause_together() -> None:
    """Through a proxy on loopback, which is how names that do not exist are asked."""

    async def test() -> None:
        async with serving(lambda _: Says(429)) as server:
            async with Fetcher(FetchSettings(proxy=server.url("")), server.clock) as fetcher:
                with pytest.raises(HttpError):
                    await fetcher.fetch(Request("http://one.tumblr.com/rss"))
                with pytest.raises(HostPaused, match=r"tumblr\.com"):
                    await fetcher.fetch(Request("http://two.tumblr.com/rss"))
            assert [a.target for a in server.asked] == ["http://one.tumblr.com/rss"]

    run(test)


# --- the rest, as far as state and network go -----------------------------------------------------------


def test_37_feeds_polled_together_are_not_due_together() -> None:
    urls = [f"https://blog{i}.example/feed" for i in range(200)]
    dues = []
    for url in urls:
        state, parsed = FeedState(1, url, url), ParsedFeed()
        rescheduled = schedule.rescheduled(state, Feed(url), None, parsed, [START - HOUR], Rhythm(), START)
        assert rescheduled.due_at is not None
        dues.append(rescheduled.due_at)
    assert max(dues) - min(dues) > timedelta(minutes=7)
    per_minute = [sum(d.minute == m for d in dues) for m in range(60)]
    assert max(per_minute) < 60


def test_38_what_was_not_kept_is_asked_for_again() -> None:
    """A poll that died before its state was saved leaves the old one, and with it the old validators."""

    async def test() -> None:
        async with polling([Says(headers=headers(etag='"1"')), Says(headers=headers(etag='"2"'))]) as poller:
            before = await poller.poll()
            await poller.poll()
            poller.state = before
            await poller.poll()
            assert poller.server.last.headers["if-none-match"] == '"1"'
            assert isinstance(poller.last, Response)
            assert poller.last.status == 200

    run(test)


def test_40_what_could_be_read_all_the_same_is_flagged() -> None:
    async def test() -> None:
        async with polling(Says(), lambda _: ParsedFeed(warnings=("malformed XML at line 3",))) as poller:
            await poller.poll()
            assert poller.state.warning == "malformed XML at line 3"
            assert poller.state.failures == 0

    run(test)


def test_41_validators_are_dropped_after_eight_days_of_nothing_but_304() -> None:
    def answer(asked: Asked) -> Says:
        stuck = {"if-none-match", "if-modified-since"} & set(asked.headers)
        return Says(304) if stuck else Says(headers=headers(etag='"1"', last_modified="A"))

    async def test() -> None:
        async with polling(answer) as poller:
            statuses = []
            for _ in range(20):
                await poller.poll()
                assert isinstance(poller.last, Response)
                statuses.append(poller.last.status)
                poller.move(timedelta(days=1))
            assert statuses == [200, *[304] * 8] * 2 + [200, 304]

    run(test)


def test_the_start_is_a_monday() -> None:
    """What the cases of skipDays rest on."""
    assert START.weekday() == 0
