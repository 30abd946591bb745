"""`digest poll` in processes of its own: killed at every point between answer and commit, two at once, moves, ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from program import MURDER, digest, started
from small_web import Web, small_web

from digest.store import open_store

pytestmark = pytest.mark.server

SETTINGS = """
[fetch]
pause = "0s"
allow_private = ["127.0.0.1"]
"""
DAYS = tuple(f"2026-11-{day}T09:00:00Z" for day in range(23, 30))


@pytest.fixture
def web() -> Iterator[Web]:
    with small_web() as web:
        yield web


@pytest.fixture
def folder(tmp_path: Path, web: Web) -> Path:
    (tmp_path / "digest.toml").write_text(SETTINGS, "utf-8")
    subscribe(tmp_path, web, "/rss.xml", "/atom.xml")
    return tmp_path


def subscribe(folder: Path, web: Web, *paths: str) -> None:
    outlines = "".join(f'<outline type="rss" xmlUrl="{web.url(path)}"/>' for path in paths)
    (folder / "feeds.opml").write_text(f'<opml version="2.0"><body>{outlines}</body></opml>', "utf-8")


def entries(folder: Path) -> list[tuple[str, str]]:
    with open_store("sqlite:///digest.db", folder) as store:
        return sorted((c.entry.title, c.article.origin if c.article else "") for c in store.entries())


ALL = [
    ("From last month", ""),  # of the backlog: kept as the feed gives it
    ("Politeness is a protocol", "feed"),
    ("Retries are a load test", "page"),
    ("大模型推理的成本", "feed"),
]

POINTS = {
    "after an answer": "import digest.fetch.client as m; m.Fetcher.fetch = awaited(m.Fetcher.fetch)",
    "after a document is read": "import digest.poll as m; m._Poller._kept = die",
    "after the pages are read": "import digest.poll as m; m._Poller._page = awaited(m._Poller._page)",
    "before the transaction": "import digest.store as m; m.Store.save_poll = die",
    "within it, before the entries": "import digest.store.entries as m; m._SAVE = die",
    "within it, after the entries": "import digest.store.entries as m; m.article_rows.save = die",
    "within it, after the validators": "import digest.store.feeds as m; m.save_state = after(m.save_state)",
    "after the commit": "import digest.store as m; m.Store.save_poll = after(m.Store.save_poll)",
    "after a commit, the pauses of hosts not kept": "import digest.cli.net as m; m.Fetcher.__aexit__ = awaited(m.Fetcher.__aexit__)",
}


@pytest.mark.parametrize("point", POINTS)
def test_38_killed_between_answer_and_commit_and_polled_again_all_is_there_once(
    folder: Path, point: str
) -> None:
    killed = digest(folder, "poll", before=MURDER + POINTS[point])
    assert killed.returncode == -9, killed.stdout + killed.stderr
    assert set(entries(folder)) <= set(ALL)
    again = digest(folder, "poll")
    assert again.returncode == 0, again.stdout + again.stderr
    assert entries(folder) == ALL
    later = digest(folder, "poll", now=DAYS[2])
    assert "0 new, 0 updated" in later.stdout
    assert entries(folder) == ALL


@pytest.mark.parametrize("point", ["die", "after(m.Store.save_states)"])
def test_38_killed_around_the_states_of_unchanged_feeds_nothing_changes(
    folder: Path, web: Web, point: str
) -> None:
    digest(folder, "poll")
    before = f"import digest.store as m; m.Store.save_states = {point}"
    assert digest(folder, "poll", now=DAYS[2], before=MURDER + before).returncode == -9
    assert entries(folder) == ALL
    web.asked.clear()
    assert "0 new, 0 updated" in digest(folder, "poll", "--force", now=DAYS[2]).stdout
    assert set(web.asked) == {("/rss.xml", 304), ("/atom.xml", 304)}
    assert entries(folder) == ALL


def test_39_two_pollers_at_once_ask_each_feed_once(folder: Path, web: Web) -> None:
    web.delay_s = 1.0
    both = [started(folder, "poll") for _ in range(2)]
    outputs = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sorted(path for path, _ in web.asked) == ["/atom.xml", "/retries.html", "/rss.xml"]
    assert sum("another run is at work" in stderr for _, stderr in outputs) == 1
    assert entries(folder) == ALL


def test_19_a_move_is_shown_after_two_sightings_and_export_writes_it(folder: Path, web: Web) -> None:
    web.documents["/new.xml"] = web.documents["/rss.xml"]
    web.instead["/rss.xml"] = (301, "/new.xml")
    digest(folder, "poll")
    assert web.url("/new.xml") not in digest(folder, "feeds", "export").stdout
    digest(folder, "poll", now=DAYS[2])
    listed = {row["url"]: row for row in json.loads(digest(folder, "feeds", "list", "--json").stdout)}
    assert listed[web.url("/rss.xml")]["address"] == web.url("/new.xml")
    assert "moved" in digest(folder, "feeds", "list").stdout
    exported = digest(folder, "feeds", "export").stdout
    assert web.url("/new.xml") in exported
    assert web.url("/rss.xml") not in exported
    web.asked.clear()
    digest(folder, "poll", now=DAYS[4])
    assert "/rss.xml" not in {path for path, _ in web.asked}
    (folder / "feeds.opml").write_text(exported, "utf-8")
    assert "0 new, 0 updated" in digest(folder, "poll", now=DAYS[6]).stdout
    assert entries(folder) == ALL


def test_17_a_gone_feed_is_shown_kept_and_asked_again_only_after_its_revival(folder: Path, web: Web) -> None:
    digest(folder, "poll")
    web.instead["/rss.xml"] = (410, "")
    gone = digest(folder, "poll", now=DAYS[2])
    assert gone.returncode == 1
    assert "410" in gone.stdout
    assert "gone since" in digest(folder, "status").stdout
    web.asked.clear()
    later = digest(folder, "poll", "--force", now=DAYS[4])
    assert later.returncode == 0, later.stdout
    assert web.asked == [("/atom.xml", 304)]
    assert entries(folder) == ALL
    web.instead.clear()
    revived = digest(folder, "feeds", "check", "--revive", "/rss.xml")
    assert "1 feed" in revived.stdout
    web.asked.clear()
    assert digest(folder, "poll", now=DAYS[4]).returncode == 0
    assert [path for path, _ in web.asked] == ["/rss.xml"]
    assert "gone" not in digest(folder, "status").stdout
    assert entries(folder) == ALL


def test_a_list_that_changed_is_noticed_also_when_it_becomes_what_it_was(folder: Path, web: Web) -> None:
    def asked() -> set[str]:
        web.asked.clear()
        digest(folder, "poll", "--force")
        return {path for path, _ in web.asked if path.endswith(".xml")}

    assert asked() == {"/rss.xml", "/atom.xml"}
    assert asked() == {"/rss.xml", "/atom.xml"}
    subscribe(folder, web, "/rss.xml")
    assert asked() == {"/rss.xml"}
    subscribe(folder, web, "/rss.xml", "/atom.xml")
    digest(folder, "feeds", "list")
    assert asked() == {"/rss.xml", "/atom.xml"}


def test_what_is_wrong_in_the_list_is_told_until_it_is_mended(folder: Path, web: Web) -> None:
    subscribe(folder, web, "/rss.xml", "/rss.xml")
    assert all("again; the first one counts" in digest(folder, "poll").stderr for _ in range(2))
    subscribe(folder, web, "/rss.xml")
    assert digest(folder, "poll").stderr == ""
