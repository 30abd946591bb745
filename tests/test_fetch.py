"""The fetcher beyond politeness: addresses, redirects, errors and their words, the table that replaces the network."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fetch_server import START, Asked, MovedClock, Says, fetching, headers, serving
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import ConfigError, DigestError, Forbidden, HttpError, TooLarge, Unreachable
from digest.fetch import FetchSettings
from digest.fetch.answers import clean_url, redirect_target
from digest.fetch.body import BrokenBody, CapPassed, read_body, zstd
from digest.fetch.client import Fetcher, user_agent
from digest.fetch.guard import host_refusal, refusal
from digest.fetch.hosts import Hosts, host_key
from digest.fetch.recorded import Recorded, RecordedAnswer
from digest.fetch.room import Room
from digest.model import Request, Response

server_test = pytest.mark.server


def fetched(answer: Callable[[Asked], Says], request: str | Request = "/feed", **settings: Any) -> Any:
    """(what came of one request: a Response or our error, what the server was asked)"""

    async def go() -> Any:
        async with serving(answer) as server, fetching(server, **settings) as fetcher:
            wanted = request if isinstance(request, Request) else Request(server.url(request))
            try:
                return await fetcher.fetch(wanted), server.asked
            except DigestError as error:
                return error, server.asked

    return asyncio.run(go())


# --- addresses ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("HTTP://user:secret@Blog.Example:8080/a?b=1#part", "http://blog.example:8080/a?b=1"),
        ("https://blog.example", "https://blog.example/"),
        (" https://[2606:4700::1]/x ", "https://[2606:4700::1]/x"),
        ("https://例子.测试/路径?q=词", "https://例子.测试/路径?q=词"),
    ],
)
def test_an_address_is_asked_without_credentials_and_fragment(url: str, clean: str) -> None:
    assert clean_url(url) == clean


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "ftp://a.example/x", "feed:x", "", "http://", "https://[::1", "http://a:99999/"],
)
def test_what_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(Forbidden):
        clean_url(url)


def test_a_password_is_in_no_error() -> None:
    with pytest.raises(Forbidden) as caught:
        clean_url("ftp://user:secret@a.example/x")
    assert "secret" not in str(caught.value)


@given(st.text(max_size=40))
def test_clean_url_refuses_or_is_idempotent(text: str) -> None:
    try:
        once = clean_url(f"https://{text}")
    except Forbidden:
        return
    assert clean_url(once) == once


def test_a_redirect_never_leaves_https_or_the_web() -> None:
    assert redirect_target("https://a.example/x/feed", "../new#f") == "https://a.example/new"
    for location in ("http://a.example/x", "file:///etc/passwd", "gopher://a.example", "javascript:alert(1)"):
        with pytest.raises(Forbidden):
            redirect_target("https://a.example/x", location)


@server_test
@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/a%7Eb/%e4%b8%ad?x=%20&y=a+b;c", "/a%7Eb/%e4%b8%ad?x=%20&y=a+b;c"),
        ("/中文?词=值", "/%E4%B8%AD%E6%96%87?%E8%AF%8D=%E5%80%BC"),
        ("/a b", "/a%20b"),
        ("/~x/!$&'()*,;=:@", "/~x/!$&'()*,;=:@"),
    ],
)
def test_the_path_is_sent_byte_for_byte(path: str, target: str) -> None:
    response, asked = fetched(lambda _: Says(), path)
    assert response.status == 200
    assert asked[0].target == target


@server_test
def test_a_redirect_with_raw_utf8_is_followed() -> None:
    moved = "HTTP/1.1 302 Found\r\nLocation: /新\r\nContent-Length: 0\r\n\r\n".encode()
    response, asked = fetched(lambda a: Says(raw=moved) if a.target == "/feed" else Says())
    assert [a.target for a in asked] == ["/feed", "/%E6%96%B0"]
    assert response.redirects[0].status == 302


@server_test
def test_a_response_tells_what_was_asked_and_where_it_came_from() -> None:
    response, asked = fetched(
        lambda a: Says(301, headers(location="/b")) if a.target == "/feed" else Says(body=b"hello")
    )
    assert isinstance(response, Response)
    assert response.url.endswith("/feed")
    assert response.final_url.endswith("/b")
    assert [(r.status, r.url) for r in response.redirects] == [(301, response.final_url)]
    assert (response.body, response.fetched_at) == (b"hello", START + timedelta(seconds=1))
    assert len(asked) == 2


@server_test
def test_headers_are_lower_case_and_the_first_of_a_kind_counts() -> None:
    says = Says(
        headers=(
            ("Last-Modified", "A"),
            ("LAST-MODIFIED", "B"),
            ("Cache-Control", "public"),
            ("Cache-Control", "max-age=5"),
        )
    )
    response, _ = fetched(lambda _: says)
    assert response.headers["last-modified"] == "A"
    assert response.headers["cache-control"] == "public, max-age=5"


# --- errors -------------------------------------------------------------------------------------------


@server_test
def test_an_http_error_holds_the_whole_answer() -> None:
    error, _ = fetched(lambda _: Says(400, headers(x_reason="why"), b"<feed>Error</feed>"))
    assert isinstance(error, HttpError)
    assert (error.response.status, error.response.body) == (400, b"<feed>Error</feed>")
    assert error.response.headers["x-reason"] == "why"


@server_test
def test_an_http_error_with_an_endless_body_is_still_that_error() -> None:
    error, _ = fetched(lambda _: Says(404, body=b"x" * 500_000))
    assert isinstance(error, HttpError)
    assert error.response.status == 404


@server_test
def test_a_304_that_nobody_asked_for_is_an_error() -> None:
    error, _ = fetched(lambda _: Says(304))
    assert isinstance(error, HttpError)
    assert "without conditions" in error.message


@server_test
def test_an_error_behind_a_redirect_names_both_addresses() -> None:
    error, _ = fetched(lambda _: Says(302, headers(location="http://10.0.0.1/x")))
    assert isinstance(error, Forbidden)
    assert error.subject.endswith("/feed")
    assert "redirected to http://10.0.0.1/x" in error.message


@server_test
@pytest.mark.parametrize(
    "says",
    [
        Says(headers=headers(content_encoding="gzip"), body=b"not gzip"),
        Says(headers=headers(content_encoding="gzip"), body=gzip.compress(b"x" * 1000)[:-12]),
        Says(headers=headers(content_encoding="br"), body=b"\xff\xff not brotli"),
        Says(headers=headers(content_encoding="zstd"), body=b"\xff not zstd"),
        Says(headers=headers(content_encoding="gzip, br"), body=b"?"),
        Says(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort"),
        Says(raw=b"SSH-2.0-OpenSSH_9\r\n"),
        Says(raw=b""),
    ],
)
def test_an_answer_that_cannot_be_read_is_said_to_be_so(says: Says) -> None:
    error, _ = fetched(lambda _: says)
    assert isinstance(error, Unreachable)
    assert error.subject.endswith("/feed")


@server_test
def test_nobody_there() -> None:
    async def go() -> None:
        async with serving(lambda _: Says()) as server:
            port = server.port
        async with fetching(server) as fetcher:
            with pytest.raises(Unreachable, match="no connection"):
                await fetcher.fetch(Request(f"http://127.0.0.1:{port}/"))

    asyncio.run(go())


def test_no_such_host(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def lookup(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", lookup)

    async def go() -> None:
        async with Fetcher(FetchSettings(), MovedClock()) as fetcher:
            with pytest.raises(Unreachable, match="host name was not found"):
                await fetcher.fetch(Request("https://no-such-host.example/"))

    asyncio.run(go())


@server_test
def test_a_dead_proxy_is_named_without_its_password() -> None:
    async def go() -> None:
        async with serving(lambda _: Says()) as server:
            proxy = f"http://user:hunter2@127.0.0.1:{server.port}"
        async with Fetcher(FetchSettings(proxy=proxy), MovedClock()) as fetcher:
            with pytest.raises(Unreachable, match=r"fetch\.proxy") as caught:
                await fetcher.fetch(Request("https://blog.example/feed"))
            assert "hunter2" not in str(caught.value)

    asyncio.run(go())


def test_a_broken_ca_bundle_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("not a certificate")

    async def go() -> None:
        async with Fetcher(FetchSettings(ca_bundle=str(tmp_path / "ca.pem")), MovedClock()):
            pass

    with pytest.raises(ConfigError, match=r"fetch\.ca_bundle"):
        asyncio.run(go())


@server_test
def test_a_page_and_a_request_have_smaller_caps() -> None:
    big = Says(body=b"x" * 5000)

    def capped(kind: Any, max_bytes: int | None, **settings: Any) -> Any:
        async def go() -> Any:
            async with serving(lambda _: big) as server, fetching(server, **settings) as fetcher:
                return await fetcher.fetch(Request(server.url(), kind=kind, max_bytes=max_bytes))

        return asyncio.run(go())

    assert len(capped("feed", None, page_max_bytes=1000).body) == 5000
    for kind, limit in (("page", None), ("feed", 1000)):
        with pytest.raises(TooLarge, match="1000 bytes"):
            capped(kind, limit, page_max_bytes=1000)


def test_the_user_agent_cannot_carry_a_header() -> None:
    assert "\n" not in user_agent("https://example.org\r\nX-Evil: 1")
    assert user_agent("").startswith("digest/")
    assert "(" not in user_agent("")


# --- bodies -------------------------------------------------------------------------------------------


def _read(body: bytes, encoding: str, cap: int, size: int) -> bytes:
    async def chunks() -> AsyncIterator[bytes]:
        for i in range(0, len(body), size):
            yield body[i : i + size]

    return asyncio.run(read_body(chunks(), encoding, cap))


@given(st.binary(max_size=3000), st.integers(1, 700), st.sampled_from(["gzip", "br", "zstd", ""]))
def test_a_body_is_the_same_in_any_coding_and_any_pieces(body: bytes, size: int, encoding: str) -> None:
    import brotli

    pack = {"gzip": gzip.compress, "br": brotli.compress, "zstd": zstd.compress, "": bytes}[encoding]
    assert _read(pack(body), encoding, 4000, size) == body


@given(st.integers(0, 20_000), st.integers(1, 20_000), st.sampled_from(["gzip", "br", "zstd"]))
def test_the_cap_is_exact(length: int, cap: int, encoding: str) -> None:
    import brotli

    pack = {"gzip": gzip.compress, "br": brotli.compress, "zstd": zstd.compress}[encoding]
    packed = pack(bytes(length))
    if length > cap or len(packed) > cap:
        with pytest.raises(CapPassed):
            _read(packed, encoding, cap, 64)
    else:
        assert len(_read(packed, encoding, cap, 64)) == length


def test_a_body_of_several_members_is_joined_and_padding_ignored() -> None:
    assert _read(gzip.compress(b"a") + gzip.compress(b"b"), "gzip", 100, 7) == b"ab"
    assert _read(gzip.compress(b"a") + b"\0" * 50, "gzip", 100, 7) == b"a"
    assert _read(zstd.compress(b"a") + zstd.compress(b"b"), "zstd", 100, 100) == b"ab"
    with pytest.raises(BrokenBody, match="more than"):
        _read(gzip.compress(b"") * 5000, "gzip", 1_000_000, 64 * 1024)


def test_a_zstd_window_beyond_8_mib_is_refused() -> None:
    options = {
        int(zstd.CompressionParameter.window_log): 27,
        int(zstd.CompressionParameter.content_size_flag): 0,
    }
    packer = zstd.ZstdCompressor(options=options)
    packed = packer.compress(b"x" * 1000) + packer.flush()
    with pytest.raises(BrokenBody):
        _read(packed, "zstd", 10_000, 64)


# --- the guard ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "64:ff9b::808:808", "2002:808:808::1", "::ffff:8.8.8.8"],
)
def test_public_addresses_pass(address: str) -> None:
    assert refusal(address) == ""


@pytest.mark.parametrize(
    "host", ["blog.example", "123.example", "1password.com", "例子.测试", "0x.org", "localhost.example"]
)
def test_names_that_only_look_special_pass(host: str) -> None:
    assert host_refusal(host) == ""


# --- hosts --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://www.Blog.example:8080/x", "blog.example"),
        ("https://one.tumblr.com/rss", "tumblr.com"),
        ("https://rss.arxiv.org/rss/cs.CL", "arxiv.org"),
        ("https://export.arxiv.org/api", "arxiv.org"),
        ("https://notarxiv.org/", "notarxiv.org"),
        ("https://a.substack.com/feed", "a.substack.com"),
    ],
)
def test_what_counts_as_one_host(url: str, key: str) -> None:
    assert host_key(url) == key


def test_arxiv_is_asked_by_one_at_a_time_every_three_seconds() -> None:
    clock = MovedClock()
    hosts = Hosts(FetchSettings(per_host=4), clock, {})
    inside = most = 0

    async def visit(host: str) -> None:
        nonlocal inside, most
        async with hosts.turn(f"https://{host}/x"):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    async def go() -> None:
        await asyncio.gather(
            *(visit(h) for h in ("rss.arxiv.org", "export.arxiv.org", "arxiv.org", "rss.arxiv.org"))
        )

    asyncio.run(go())
    assert most == 1
    assert clock.at - START == timedelta(seconds=9)


def test_a_request_may_bring_a_pause_of_its_own() -> None:
    clock = MovedClock()
    hosts = Hosts(FetchSettings(), clock, {})

    async def go() -> None:
        for _ in range(3):
            async with hosts.turn("https://slow.example/", timedelta(seconds=7)):
                pass

    asyncio.run(go())
    assert clock.at - START == timedelta(seconds=14)


def test_pauses_that_are_over_are_not_handed_on() -> None:
    clock = MovedClock()
    hosts = Hosts(FetchSettings(), clock, {"old.example": START - timedelta(hours=1)})
    hosts.pause("https://www.new.example/feed", START + timedelta(hours=1))
    assert hosts.pauses == {"new.example": START + timedelta(hours=1)}


# --- the table ----------------------------------------------------------------------------------------


def test_recorded_answers_like_a_server() -> None:
    net = Recorded(
        {
            "https://a.example/feed": RecordedAnswer(
                b"<rss/>", headers={"content-type": "application/rss+xml"}
            ),
            "https://a.example/old": RecordedAnswer(status=301, headers={"location": "/feed"}),
            "https://a.example/loop": RecordedAnswer(status=302, headers={"location": "/loop"}),
        },
        START,
    )

    async def go() -> None:
        first = await net.fetch(Request("https://a.example/feed"))
        assert (first.body, first.fetched_at) == (b"<rss/>", START)
        again = await net.fetch(Request("https://a.example/feed#x", etag=first.headers["etag"]))
        assert (again.status, again.body) == (304, b"")
        moved = await net.fetch(Request("https://a.example/old"))
        assert (moved.final_url, moved.redirects[0].status) == ("https://a.example/feed", 301)
        for url in ("https://a.example/none", "https://a.example/loop"):
            with pytest.raises(HttpError):
                await net.fetch(Request(url))

    asyncio.run(go())
    assert [r.url for r in net.requests][:2] == ["https://a.example/feed", "https://a.example/feed#x"]


def test_the_seam_does_not_load_the_client() -> None:
    import subprocess
    import sys

    code = "import sys, digest.fetch, digest.fetch.recorded; sys.exit('aiohttp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- room for large documents ---------------------------------------------------------------------------


@server_test
def test_a_large_document_waits_for_room_with_its_time_standing_still_and_small_ones_pass() -> None:
    large = Says(body=b"x" * 2_000_000)

    async def go() -> None:
        places = asyncio.Semaphore(1)
        answer = {"/large": large, "/other": large, "/small": Says()}
        async with (
            serving(lambda asked: answer[asked.target]) as server,
            fetching(server, timeout_s=1.0, pause_s=0.0) as fetcher,
        ):
            with Room(places) as second:
                with Room(places) as first:
                    await fetcher.fetch(Request(server.url("/large")), first)
                    waiting = asyncio.create_task(fetcher.fetch(Request(server.url("/other")), second))
                    with Room(places) as third:
                        await fetcher.fetch(Request(server.url("/small")), third)
                    await asyncio.sleep(1.5)  # longer than a request may take
                    assert not waiting.done()
                    await fetcher.fetch(Request(server.url("/large")), first)  # who has room keeps it
                assert len((await waiting).body) == 2_000_000

    asyncio.run(go())


def test_room_is_given_back_once_and_only_by_who_had_it() -> None:
    async def go() -> None:
        places = asyncio.Semaphore(1)
        with Room(places):
            pass
        for _ in range(2):
            with Room(places) as room:
                await room.enter()
                await room.enter()
                assert places.locked()
        assert not places.locked()

    asyncio.run(go())
