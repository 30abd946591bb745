"""Health: what lasts is told once when it begins and once when it ends, a blip never."""

from __future__ import annotations

import asyncio
import email
import email.policy
import json
from datetime import timedelta
from pathlib import Path

import pytest
from fetch_server import START, Says, headers
from polls import DAY, HOUR, House, house, item, rss, three
from program import digest
from small_web import small_web

from digest import health
from digest.health import News
from digest.model import Feed, FeedRecord, FeedState

URL = "https://blog.example/feed"
WELL = FeedState(1, URL, URL, ok_at=START)


def kinds(state: FeedState, *ages: timedelta) -> list[str]:
    return [t.kind for t in health.troubles(state, [START - age for age in ages], START)]


def failing(failures: int, since: timedelta, **fields: object) -> FeedState:
    from dataclasses import replace

    return replace(WELL, failures=failures, failing_since=START - since, error="HTTP 500", **fields)  # type: ignore[arg-type]


def test_a_failure_is_trouble_after_three_times_and_a_day() -> None:
    assert kinds(failing(9, HOUR)) == []
    assert kinds(failing(2, 5 * DAY)) == []
    assert kinds(failing(3, DAY)) == ["failing"]
    assert kinds(failing(3, DAY, became="an HTML page")) == ["changed"]


def test_a_feed_that_never_worked_is_trouble_at_once() -> None:
    assert kinds(failing(1, timedelta(0), ok_at=None)) == ["failing"]


@pytest.mark.parametrize(
    ("every", "silence", "is_silent"), [(1, 29, False), (1, 40, True), (30, 100, False), (30, 200, True)]
)
def test_silence_is_measured_by_the_feeds_own_rhythm(every: int, silence: int, is_silent: bool) -> None:
    ages = [(silence + n * every) * DAY for n in range(10)]
    assert (kinds(WELL, *ages) == ["silent"]) is is_silent


def test_a_feed_with_summer_breaks_is_not_silent_in_the_next_one() -> None:
    assert kinds(WELL, *[(60 + n) * DAY for n in range(5)], *[(120 + n) * DAY for n in range(5)]) == []


def told(h: House, path: str = "/feed") -> News | None:
    """What a run would tell, which then is told."""
    from dataclasses import replace

    record, times = h.record(path), h.store.entry_times()
    found = health.news(record, times.get(record.state.feed_id, ()), h.clock.now())
    if found:
        h.store.save_states([replace(record.state, told=found.now)])
    return found


@pytest.mark.server
def test_each_is_told_once_when_it_begins_and_once_when_it_ends(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as h:
            h.subscribe()
            h.says["/feed"] = rss(three())
            await h.poll()
            assert told(h) is None
            h.says["/feed"] = Says(
                headers=headers(content_type="text/html"), body=b"<html><title>Sale</title>"
            )
            seen = []
            for _ in range(20):
                await h.poll(after=12 * HOUR)
                if found := told(h):
                    seen += health.lines([found])
            h.says["/feed"] = rss(three())
            for _ in range(20):
                await h.poll(after=12 * HOUR)
                if found := told(h):
                    seen += health.lines([found])
            assert len(seen) == 2
            assert "no feed any more" in seen[0]
            assert "Sale" in seen[0]
            assert "is a feed again" in seen[1]

    asyncio.run(main())


@pytest.mark.server
def test_another_feed_at_its_address_is_told_once_and_a_renamed_one_is_not(tmp_path: Path) -> None:
    others = [item(f"Win {n}", f"https://spins.example/{n}", f"spin{n}", f"Spin {n}.") for n in range(3)]

    async def main() -> None:
        async with house(tmp_path) as h:
            seen: list[str] = []

            async def polls(says: Says, times: int = 3) -> None:
                h.says["/feed"] = says
                for _ in range(times):
                    await h.poll(after=26 * HOUR, force=True)
                    if found := told(h):
                        seen.extend(health.lines([found]))

            h.subscribe()
            await polls(rss(three(), title="Notes on Compilers"))
            await polls(rss(three(), title="The Parser's Diary"))  # renamed: its entries are known
            await polls(rss([item("New", "https://blog.example/9", "g9")], title="The Parser's Diary"))
            assert seen == []
            await polls(rss(others, title="Lucky Spins Casino"))
            assert len(seen) == 1
            assert "another feed since 2026-11-27" in seen[0]
            assert "“The Parser's Diary” is “Lucky Spins Casino” now" in seen[0]
            assert len(h.titles()) == 7  # nothing is hidden: the curator decides
            await polls(rss(three(), title="Diary of a parser"))
            assert "counts as itself again" in seen[1]
            await polls(rss([*others, item("More", "https://spins.example/4")], title="Lucky Spins Casino"))
            assert len(seen) == 2  # its entries are known by now

    asyncio.run(main())


@pytest.mark.server
def test_what_the_curator_accepts_is_no_other_feed_any_more(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as h:
            h.subscribe()
            h.says["/feed"] = rss(three(), title="Notes on Compilers")
            await h.poll()
            h.says["/feed"] = rss([item("B", "https://b.example/1", "b1")], title="Something Else")
            await h.poll(after=2 * DAY)
            assert told(h) is not None
            h.store.revive(h.feeds[0].url)
            await h.poll(after=2 * DAY)
            assert [trouble.kind for trouble in health.troubles(h.state(), (), h.clock.now())] == []

    asyncio.run(main())


@pytest.mark.server
def test_a_blip_is_not_told(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as h:
            h.subscribe()
            for says in [rss(three()), Says(500), Says(500), rss(three())] * 3:
                h.says["/feed"] = says
                await h.poll(after=8 * HOUR, force=True)
                assert told(h) is None

    asyncio.run(main())


def test_a_move_is_told_and_ends_when_the_new_address_is_listed() -> None:
    moved = FeedState(1, URL, "https://new.example/feed", ok_at=START, polled_at=START)
    begun = health.news(FeedRecord(Feed(URL), moved), (), START)
    assert begun is not None
    assert "https://new.example/feed" in health.lines([begun])[0]
    assert health.news(FeedRecord(Feed(URL), moved), (), START) == begun


SETTINGS = """
[fetch]
pause = "0s"
allow_private = ["127.0.0.1"]
[mail]
from = "Digest <digest@example.org>"
folder = "outbox"
report_to = "me@example.org"
"""


@pytest.mark.server
def test_status_shows_a_feed_that_became_another_and_a_run_tells_of_many_in_few_lines(tmp_path: Path) -> None:
    with small_web() as web:
        (tmp_path / "digest.toml").write_text(
            '[fetch]\npause = "0s"\nallow_private = ["127.0.0.1"]\n', "utf-8"
        )
        paths = ("/rss.xml", *(f"/none{n}.xml" for n in range(24)))
        outlines = "".join(f'<outline xmlUrl="{web.url(path)}"/>' for path in paths)
        (tmp_path / "feeds.opml").write_text(f'<opml version="2.0"><body>{outlines}</body></opml>', "utf-8")
        first = digest(tmp_path, "run")
        spam = rss([item("Win", "https://spins.example/1", "spin1")], title="Lucky Spins Casino")
        web.documents["/rss.xml"] = ("application/rss+xml", spam.body.decode())
        digest(tmp_path, "run", now="2026-11-25T09:00:00Z")
        status = digest(tmp_path, "status", now="2026-11-25T09:00:00Z")
        document = json.loads(digest(tmp_path, "status", "--json", now="2026-11-25T09:00:00Z").stdout)
    assert first.stdout.count("fails since") == 20
    assert "and 4 more" in first.stdout
    assert "another feed since 2026-11-25 09:00" in status.stdout
    assert [row["detail"] for row in document["feeds"]["taken"]] == [
        "“Engineering notes” is “Lucky Spins Casino” now"
    ]


@pytest.mark.server
def test_a_run_tells_and_mails_it_once(tmp_path: Path) -> None:
    with small_web() as web:
        (tmp_path / "digest.toml").write_text(SETTINGS, "utf-8")
        outlines = "".join(f'<outline xmlUrl="{web.url(p)}"/>' for p in ("/rss.xml", "/nothing.xml"))
        (tmp_path / "feeds.opml").write_text(f'<opml version="2.0"><body>{outlines}</body></opml>', "utf-8")
        first = digest(tmp_path, "run")
        again = digest(tmp_path, "run", now="2026-11-25T09:00:00Z")
        status = digest(tmp_path, "status")
    assert "fails since 2026-11-23" in first.stdout
    assert "fails since" not in again.stdout
    assert "1 feeds failed" in again.stdout
    assert "nothing.xml" in status.stdout
    assert "/rss.xml (" in status.stdout
    (path,) = (tmp_path / "outbox").glob("new/*")
    mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert mail["To"] == "me@example.org"
    assert "/nothing.xml" in mail.get_content()
