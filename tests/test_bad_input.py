"""What goes wrong outside: each time a clear error or a sound default, nothing lost, the right exit status."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from program import MONDAY, digest

WEEK = "2026-W47"
SUNDAY = "Sun, 22 Nov 2026 08:00:00 GMT"


def rss(*items: str) -> bytes:
    return f'<rss version="2.0"><channel><title>A blog</title>{"".join(items)}</channel></rss>'.encode()


DOCUMENTS = {
    "/html": b"<html><head><title>Domain for sale</title></head><body></body></html>",
    "/empty": b"",
    "/bare": rss(
        "<item></item>",
        "<item><description>Only words here.</description></item>",
        "<item><title>Only a title</title></item>",
    ),
    "/dates": rss(
        *(
            f"<item><title>From {year}</title><link>https://blog.example/{year}</link>"
            f"<pubDate>Mon, 01 Dec {year} 00:00:00 GMT</pubDate></item>"
            for year in (1888, 2087)
        )
    ),
    "/title": rss(
        f"<item><title>Long {'x' * 1_000_000}</title><link>https://blog.example/long</link>"
        f"<pubDate>{SUNDAY}</pubDate></item>"
    ),
    "/teaser": rss(
        f"<item><title>Its page is huge</title><link>http://127.0.0.1:PORT/huge-page</link>"
        f"<pubDate>{SUNDAY}</pubDate><description>A teaser.</description></item>"
    ),
}
HUGE = {
    "/huge-feed": (b'<rss version="2.0"><channel>', b"<item><title>one of many</title></item>" * 25_000),
    "/huge-page": (b"<html><body><article>", b"<p>words and words and words</p>" * 32_000),
}
"""How it begins, and a megabyte that comes sixty times."""


class Bad(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        document = DOCUMENTS.get(self.path)
        self.send_response(200 if document is not None or self.path in HUGE else 404)
        self.end_headers()
        if document is not None:
            self.wfile.write(document.replace(b"PORT", str(self.server.server_port).encode()))  # type: ignore[attr-defined]
        elif self.path in HUGE:
            with suppress(OSError):  # the reader is expected to hang up
                first, more = HUGE[self.path]
                self.wfile.write(first)
                for _ in range(60):
                    self.wfile.write(more)

    def log_message(self, *_: Any) -> None:
        """stderr stays clean."""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A digest with nothing to say yet."""
    (tmp_path / "digest.toml").write_text('[fetch]\npause = "0s"\nallow_private = ["127.0.0.1"]\n', "utf-8")
    (tmp_path / "feeds.opml").write_text('<opml version="2.0"><body></body></opml>', "utf-8")
    return tmp_path


@pytest.fixture
def polled(place: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The digest after a poll of all the bad feeds, and what the poll said of each."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Bad)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    root = f"http://127.0.0.1:{server.server_port}"
    paths = (*DOCUMENTS, "/huge-feed", "/nothing")
    outlines = "".join(f'<outline type="rss" xmlUrl="{root}{path}"/>' for path in paths)
    (place / "feeds.opml").write_text(f'<opml version="2.0"><body>{outlines}</body></opml>', "utf-8")
    done = digest(place, "poll", "--json")
    server.shutdown()
    server.server_close()
    thread.join()
    assert (done.returncode, done.stderr) == (1, "")
    yield place, {feed["url"].removeprefix(root): feed for feed in json.loads(done.stdout)["feeds"]}


@pytest.mark.server
def test_bad_feeds_say_what_is_wrong_and_the_others_are_read(polled: tuple[Path, dict[str, Any]]) -> None:
    place, feeds = polled
    assert {path: feed["new"] for path, feed in feeds.items() if feed["new"]} == {
        "/bare": 3,
        "/dates": 2,
        "/title": 1,
        "/teaser": 1,
    }
    assert "Domain for sale" in feeds["/html"]["error"]
    assert "empty" in feeds["/empty"]["error"]
    assert "8 MiB" in feeds["/huge-feed"]["error"]
    assert "404" in feeds["/nothing"]["error"]

    rows = {row["title"][:20]: row for row in json.loads(digest(place, "entries", "--all", "--json").stdout)}
    assert {"Only words here.", "Only a title", "(no words)"} <= rows.keys()
    for year in (1888, 2087):
        assert rows[f"From {year}"]["at"] == MONDAY, (
            "a date that cannot be: the entry counts from its first sight"
        )
    why = digest(place, "why", rows["Its page is huge"]["url"]).stdout
    assert "longer than 2.86 MiB" in why

    for words in (["draft", WEEK], ["build", WEEK]):
        done = digest(place, *words)
        assert done.returncode == 0, done.stdout + done.stderr
    built = place / "public" / WEEK
    assert all(path.stat().st_size < 30_000 for path in built.iterdir())
    text = (built / "email.txt").read_text("utf-8")
    assert "Its page is huge" in text
    assert "A teaser." in text


TEMPLATES = {
    "{{ nonsense( }}": "index.html:1: not a valid template",
    "one\n{{ issue.nothing }}": "index.html:2: UndefinedError",
    '{% extends "nowhere.html" %}': "nowhere.html: not found",
    "{{ 1 / 0 }}": "index.html:1: ZeroDivisionError",
}


def test_a_template_that_fails_is_named_and_the_old_build_stays(place: Path) -> None:
    for command in (["draft", WEEK], ["build", WEEK]):
        assert digest(place, *command).returncode == 0
    built = place / "public" / WEEK
    before = {path: path.read_bytes() for path in built.iterdir()}
    (place / "templates").mkdir()
    for source, words in TEMPLATES.items():
        (place / "templates" / "index.html").write_text(source, "utf-8")
        done = digest(place, "build", WEEK)
        assert done.returncode == 2, source
        assert words in done.stderr
        assert "Traceback" not in done.stderr
    assert {path: path.read_bytes() for path in built.iterdir()} == before


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("[select]\nweights = { fame = 2.0 }", "'fame' is no weight; known are own, mentions"),
        (
            '[mail]\nsubscribers = ["Eve\\r\\nBcc: all@x.example <eve@x.example>"]',
            "mail.subscribers.0: holds a line",
        ),
        ('[mail]\nsubscribers = [{ name = "a\\nb", address = "a@x.example" }]', "mail.subscribers.0.name"),
        ('[mail]\nfrom = "D\\n <d@x.example>"', "mail.from: holds a line break"),
        ('[digest]\ntitle = "One\\nTwo"', "digest.title: holds a line break"),
    ],
)
def test_settings_that_cannot_work_are_refused_by_every_command(place: Path, toml: str, words: str) -> None:
    (place / "digest.toml").write_text(toml, "utf-8")
    done = digest(place, "status")
    assert done.returncode == 2
    assert words in done.stderr


def test_a_list_that_is_no_list_stops_a_poll_and_loses_no_subscription(place: Path) -> None:
    (place / "feeds.opml").write_text("hello", "utf-8")
    done = digest(place, "poll")
    assert done.returncode == 2
    assert "'hello', not OPML" in done.stderr
    (place / "feeds.opml").unlink()
    other = place / "other.opml"
    other.write_text('<opml><body><outline xmlUrl="https://blog.example/feed?a&b"/></body></opml>', "utf-8")
    assert "1 added" in digest(place, "feeds", "import", "other.opml").stdout


def test_what_the_machine_refuses_is_one_line(place: Path) -> None:
    (place / "feeds.opml").unlink()
    (place / "feeds.opml").mkdir()
    done = digest(place, "poll")
    assert (done.returncode, done.stderr) == (1, "digest: feeds.opml: Is a directory\n")


def test_a_full_disk_leaves_the_draft_that_was_there(place: Path) -> None:
    assert digest(place, "draft", WEEK).returncode == 0
    path = place / "issues" / f"{WEEK}.md"
    mine = path.read_text("utf-8") + "\n<!-- mine -->\n"
    path.write_text(mine, "utf-8")
    full = "import os\ndef fsync(_): raise OSError(28, 'No space left on device')\nos.fsync = fsync"
    done = digest(place, "build", WEEK, before=full)
    assert done.returncode == 1
    assert done.stderr.endswith("index.html: No space left on device\n")
    assert path.read_text("utf-8") == mine
    assert not list((place / "public").rglob(".*"))
