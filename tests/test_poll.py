"""Whole polls against a real server with a moved clock: the points of the politeness list that need the store, and
what engines get wrong about which entry is which."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from fetch_server import START, Asked, MovedClock, Says, headers
from polls import DAY, HOUR, RSS_TYPE, SETTINGS, House, house, item, rss, three

from digest.fetch.recorded import Recorded, RecordedAnswer
from digest.model import Feed
from digest.poll import Outcome, due
from digest.poll import poll as polled
from digest.store import open_store
from digest.work import Inline

pytestmark = pytest.mark.server

Test = Callable[[House], Awaitable[None]]


class Stopped(BaseException):
    """What nothing in the poll may catch."""


def run(folder: Path, test: Test, hosts: tuple[str, ...] = ()) -> None:
    async def main() -> None:
        async with house(folder, hosts=hosts) as built:
            await test(built)

    asyncio.run(main())


# --- when a feed is asked -------------------------------------------------------------------------


async def _visits(h: House, hours: tuple[int, ...]) -> list[bool]:
    """At which of these hours after the start a cron job would ask."""
    start, seen = h.clock.at, []
    for hour in hours:
        h.clock.at = start + hour * HOUR
        await h.poll()
        seen.append(bool(h.asked()))
    return seen


def test_17_a_gone_feed_is_kept_marked_and_never_asked_until_it_is_revived(tmp_path: Path) -> None:
    async def test(h: House) -> None:
        h.subscribe()
        h.says["/feed"] = rss(three())
        await h.poll()
        h.says["/feed"] = Says(410)
        (outcome,) = await h.poll(after=2 * DAY)
        assert outcome.status == "gone"
        assert "410" in outcome.error
        assert len(h.titles()) == 3
        h.asked()
        for _ in range(3):
            assert await h.poll(after=200 * DAY, force=True) == ()
        assert h.asked() == []
        h.says["/feed"] = rss([*three(), item("Back", "https://blog.example/back", "back")])
        h.store.revive(h.feeds[0].url)
        (outcome,) = await h.poll()
        assert (outcome.status, outcome.new) == ("new", 1)
        assert h.state().gone_at is None

    run(tmp_path, test)


@pytest.mark.parametrize("says", [Says(500), Says(404), Says(headers=RSS_TYPE, body=b"")])
def test_18_a_failing_feed_is_asked_ever_more_rarely_and_heals_by_itself(tmp_path: Path, says: Says) -> None:
    async def test(h: House) -> None:
        h.subscribe()
        h.says["/feed"] = says
        visits = 0
        for _ in range(8 * 14):
            await h.poll(after=3 * HOUR)
            visits += len(h.asked())
        assert 5 <= visits <= 9
        assert h.state().failing_since is not None
        h.says["/feed"] = rss(three())
        for _ in range(8):
            await h.poll(after=DAY)
        assert (h.state().failures, h.state().error, len(h.titles())) == (0, "", 3)

    run(tmp_path, test)


def test_19_a_permanent_move_is_remembered_after_two_sightings(tmp_path: Path) -> None:
    async def test(h: House) -> None:
        h.subscribe("/old")
        h.says["/old"] = Says(301, headers(location="/new"))
        h.says["/new"] = rss(three())
        await h.poll()
        assert h.asked() == ["/old", "/new"]
        await h.poll(after=2 * DAY)
        assert h.asked() == ["/old", "/new"]
        await h.poll(after=2 * DAY)
        assert h.asked() == ["/new"]
        assert h.state("/old").address == h.server.url("/new")
        # The curator lists the new address: the same feed goes on, nothing comes again.
        h.feeds.clear()
        h.subscribe("/new")
        (outcome,) = await h.poll(after=2 * DAY)
        assert (outcome.url, outcome.new, len(h.titles())) == (h.server.url("/new"), 0, 3)

    run(tmp_path, test)


@pytest.mark.parametrize(
    ("extra", "hours", "expected"),
    [
        pytest.param("<ttl>1440</ttl>", (0, 2, 4, 6, 23, 25), "y----y", id="24-ttl"),
        pytest.param(
            "<skipHours><hour>11</hour><hour>12</hour><hour>13</hour></skipHours>",
            (0, 2, 3, 4, 6),
            "y---y",
            id="25-skipHours",
        ),
        pytest.param(
            "<skipDays><day>Tuesday</day><day>Wednesday</day></skipDays>",
            (0, 24, 48, 62, 64),
            "y---y",
            id="25-skipDays",
        ),
        pytest.param("<sy:updatePeriod>daily</sy:updatePeriod>", (0, 2, 6, 23, 25), "y---y", id="26-daily"),
        pytest.param(
            "<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>",
            (0, 2, 5, 7),
            "y--y",
            id="26-four-times-a-day",
        ),
    ],
)
def test_24_to_26_the_document_says_when_it_may_be_asked(
    tmp_path: Path, extra: str, hours: tuple[int, ...], expected: str
) -> None:
    """The start is a Monday, 09:00 UTC. Items of each hour, so that the feed's own rhythm is the shortest."""

    async def test(h: House) -> None:
        items = [
            item(f"Title {n}", f"https://blog.example/{n}", date=f"Mon, 16 Nov 2026 0{n}:30:00 GMT")
            for n in range(9)
        ]
        h.subscribe()
        h.says["/feed"] = rss(items, extra)
        assert await _visits(h, hours) == [visit == "y" for visit in expected]

    run(tmp_path, test)


def _declared(document: Says, declarations: str, attributes: str = "") -> Says:
    """The same answer with a document type of these declarations."""
    start, _, rest = document.body.decode().partition("?>")
    return Says(headers=RSS_TYPE, body=f"{start}?><!DOCTYPE rss {attributes}[{declarations}]>{rest}".encode())


def test_29_an_external_entity_is_not_fetched(tmp_path: Path) -> None:
    async def test(h: House) -> None:
        h.subscribe()
        h.says["/secret"] = Says(body=b"the secret")
        h.says["/rules.dtd"] = Says(body=b"<!ENTITY also 'the secret'>")
        secret, rules = h.server.url("/secret"), h.server.url("/rules.dtd")
        items = [*three(), item("Aimed &x; &also;", "https://blog.example/x", "x", text="&x; and text")]
        h.says["/feed"] = _declared(rss(items), f'<!ENTITY x SYSTEM "{secret}">', f'SYSTEM "{rules}" ')
        (outcome,) = await h.poll()
        assert h.asked() == ["/feed"]
        assert (outcome.status, outcome.new) == ("new", 4)
        assert not any("secret" in f"{one.entry.title} {one.entry.content}" for one in h.entries())

    run(tmp_path, test)


def test_33_an_entity_bomb_is_survived_and_the_feed_is_read(tmp_path: Path) -> None:
    async def test(h: House) -> None:
        h.subscribe()
        levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "lol" * 100}">' for n in range(12))
        items = [*three(), item("Boom", "https://blog.example/boom", "boom", text="&e11;")]
        h.says["/feed"] = _declared(rss(items), levels)
        (outcome,) = await h.poll()
        assert (outcome.status, outcome.new) == ("new", 4)
        assert all(len(one.entry.content + one.entry.summary) < 10_000 for one in h.entries())

    run(tmp_path, test)


def test_36_a_429_of_one_feed_pauses_its_host_for_this_run_and_the_next(tmp_path: Path) -> None:
    async def test(h: House) -> None:
        for n in range(5):
            h.subscribe(f"/{n}")
            h.says[f"/{n}"] = Says(429, headers(retry_after="7200"))
        outcomes = await h.poll()
        assert [o.status for o in outcomes].count("paused") >= 3
        assert len(h.asked()) <= 2
        assert {h.state(f"/{n}").error for n in range(5) if h.state(f"/{n}").failures == 0} == {""}
        for n in range(5):
            h.says[f"/{n}"] = rss(three())
        await h.poll(after=HOUR)
        assert h.asked() == []
        await h.poll(after=25 * HOUR)
        assert len(h.asked()) == 5

    run(tmp_path, test)


def test_37_feeds_asked_together_are_not_asked_together_again(tmp_path: Path) -> None:
    async def test(h: House) -> None:
        paths = [f"/feed{n}" for n in range(60)]
        for path in paths:
            h.subscribe(path)
            h.says[path] = rss(three())
        await h.poll()
        assert sorted(h.asked()) == sorted(paths)
        start, seen = h.clock.at, list[int]()
        for minute in range(45, 65):  # an hourly rhythm, less up to 15 %
            h.clock.at = start + timedelta(minutes=minute)
            await h.poll()
            seen.append(len(h.asked()))
        assert sum(seen) == 60
        assert max(seen) < 20

    run(tmp_path, test)


def test_40_a_malformed_feed_that_can_be_read_is_stored_and_flagged(tmp_path: Path) -> None:
    async def test(h: House) -> None:
        h.subscribe()
        whole = rss(three(text="AT&T and R&D"))
        h.says["/feed"] = whole
        (outcome,) = await h.poll()
        assert (outcome.status, outcome.new) == ("new", 3)
        assert "malformed" in outcome.warnings[0]
        assert "malformed" in h.state().warning
        assert (h.state().failures, h.state().error) == (0, "")
        h.says["/feed"] = rss(three())
        await h.poll(after=2 * DAY)
        assert h.state().warning == ""
        assert len(h.titles()) == 3

    run(tmp_path, test)


def test_a_host_that_hangs_holds_up_its_own_feeds_only(tmp_path: Path) -> None:
    """Forty feeds of a host that never answers come before one of another host; all places are not theirs."""

    async def test(h: House) -> None:
        async def first() -> None:
            while not any(a.target == "/z" for a in h.server.asked):
                await asyncio.sleep(0.01)

        h.feeds = [Feed(h.server.url(f"/{n}")) for n in range(40)]
        h.feeds.append(Feed(h.server.url("/z", host="localhost")))
        h.says |= {f"/{n}": Says(chunks=(b"", b"x"), delay_s=5) for n in range(40)}
        h.says["/z"] = rss(three())
        polling = asyncio.create_task(h.poll())
        await asyncio.wait_for(first(), 3)
        assert len(h.server.asked) <= 3
        polling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await polling

    run(tmp_path, test, hosts=("localhost",))


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_every_feed_of_a_host_is_asked_once(tmp_path: Path, count: int) -> None:
    async def test(h: House) -> None:
        h.feeds = [Feed(h.server.url(f"/{n}")) for n in range(count)]
        h.says |= {f"/{n}": rss(three()) for n in range(count)}
        assert [outcome.new for outcome in await h.poll()] == [3] * count
        assert sorted(h.asked()) == [f"/{n}" for n in range(count)]

    run(tmp_path, test)


# --- which entry is which -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "patterns",
    [
        pytest.param({"guid": "g{n}-{poll}"}, id="the guid changes each poll, same text"),
        pytest.param(
            {"guid": "", "link": "https://blog.example/{n}?utm_source=rss&amp;utm_campaign=c{poll}"},
            id="no guid, a link with a changing parameter",
        ),
        pytest.param({"date": "Mon, 16 Nov 2026 0{poll}:00:00 GMT"}, id="dates move"),
        pytest.param(
            {
                "guid": "oai:arXiv.org:2305.1829{n}v{poll}",
                "link": "https://arxiv.org/abs/2305.1829{n}v{poll}",
                "text": "Version {poll}",
            },
            id="versions of papers",
        ),
        pytest.param({"text": "The time is {poll}."}, id="bodies are edited"),
        pytest.param(
            {"link": "https://blog{poll}.example/{n}", "guid": "https://blog{poll}.example/{n}"},
            id="the domain moves",
        ),
    ],
)
def test_three_entries_stay_three(tmp_path: Path, patterns: dict[str, str]) -> None:
    async def test(h: House) -> None:
        h.subscribe()
        counts = []
        for poll in range(1, 5):
            h.says["/feed"] = rss(three(poll, **patterns))
            (outcome,) = await h.poll(after=2 * DAY)
            counts.append(outcome.new)
        assert counts == [3, 0, 0, 0]
        assert h.titles() == ["Title 0", "Title 1", "Title 2"]

    run(tmp_path, test)


def test_five_items_that_share_one_guid_stay_five(tmp_path: Path) -> None:
    async def test(h: House) -> None:
        h.subscribe()
        items = [item(f"Title {n}", f"https://blog.example/{n}", "same") for n in range(5)]
        for turn in (items, list(reversed(items)), items[2:], items):
            h.says["/feed"] = rss(turn)
            await h.poll(after=2 * DAY)
        assert h.titles() == [f"Title {n}" for n in range(5)]

    run(tmp_path, test)


def test_a_paper_is_one_entry_with_its_latest_version(tmp_path: Path) -> None:
    async def test(h: House) -> None:
        h.subscribe()
        for version in range(1, 5):
            link = f"https://arxiv.org/abs/2305.18290v{version}"
            h.says["/feed"] = rss([item("DPO", link, link, f"Abstract of version {version}.")])
            await h.poll(after=2 * DAY)
        (kept,) = h.entries()
        assert "version 4" in kept.entry.content + kept.entry.summary
        assert kept.entry.url.endswith("v4")
        assert kept.target == "arxiv:2305.18290"  # somebody else's feed points at it

    run(tmp_path, test)


def test_an_edit_changes_the_text_and_not_when_it_came(tmp_path: Path) -> None:
    async def test(h: House) -> None:
        h.subscribe()
        h.says["/feed"] = rss(three())
        await h.poll()
        before = h.entries()
        h.says["/feed"] = rss(three(text="New words {n}.", date="Thu, 19 Nov 2026 09:00:00 GMT"))
        (outcome,) = await h.poll(after=4 * DAY)
        assert (outcome.new, outcome.updated) == (0, 3)
        after = h.entries()
        assert [(c.at, c.first_seen, c.entry_id) for c in after] == [
            (c.at, c.first_seen, c.entry_id) for c in before
        ]
        assert "New words 0." in after[0].entry.content + after[0].entry.summary

    run(tmp_path, test)


@pytest.mark.parametrize(
    ("says", "status", "words"),
    [
        pytest.param(rss(()), "unchanged", "", id="an empty feed"),
        pytest.param(Says(headers=RSS_TYPE, body=b""), "failed", "empty (0 bytes)", id="zero bytes"),
        pytest.param(
            Says(
                headers=headers(content_type="text/html"),
                body=b"<!doctype html><title>This domain is for sale</title>",
            ),
            "failed",
            "This domain is for sale",
            id="a parked domain",
        ),
    ],
)
def test_what_there_was_stays_and_what_was_seen_is_said(
    tmp_path: Path, says: Says, status: str, words: str
) -> None:
    async def test(h: House) -> None:
        h.subscribe()
        h.says["/feed"] = rss(three())
        await h.poll()
        h.says["/feed"] = says
        (outcome,) = await h.poll(after=2 * DAY)
        assert outcome.status == status
        assert words in outcome.error
        assert words in h.state().error
        assert len(h.titles()) == 3
        h.says["/feed"] = rss(three())
        (outcome,) = await h.poll(after=3 * DAY)
        assert (outcome.new, outcome.status) == (0, "unchanged")

    run(tmp_path, test)


def test_https_and_another_domain_change_nothing(tmp_path: Path) -> None:
    async def test(h: House) -> None:
        h.subscribe()
        for base in ("http://blog.example", "https://blog.example", "https://www.new.example"):
            h.says["/feed"] = rss(three(link=base + "/{n}", guid=base + "/{n}"))
            await h.poll(after=2 * DAY)
        assert len(h.titles()) == 3
        assert h.entries()[0].entry.url == "https://www.new.example/0"

    run(tmp_path, test)


def test_what_was_purged_does_not_come_back(tmp_path: Path) -> None:
    async def test(h: House) -> None:
        h.subscribe()
        h.says["/feed"] = rss(three())
        await h.poll()
        assert h.store.purge(h.clock.at + DAY) == 3
        assert h.titles() == []
        h.says["/feed"] = rss([*three(text="Edited {n}."), item("Fourth", "https://blog.example/4", "g4")])
        (outcome,) = await h.poll(after=4 * DAY)
        assert outcome.new == 1
        assert h.titles() == ["Fourth"]

    run(tmp_path, test)


@pytest.mark.shared
def test_forty_polls_of_a_real_feed_bring_each_of_its_items_once(tmp_path: Path, shared: Path) -> None:
    """Counts from the documents themselves: the distinct guids of all polls."""
    from xml.etree import ElementTree

    folder = shared / "corpora/feed-snapshots/rss-feeds__feed_anthropic_news.xml"
    bodies = [path.read_bytes() for path in sorted(folder.iterdir())]
    guids = {
        (one.findtext("guid") or one.findtext("link") or "").strip()
        for body in bodies
        for one in ElementTree.fromstring(body).iter("item")
    }

    async def test(h: House) -> None:
        h.subscribe()
        new = 0
        for body in bodies:
            h.says["/feed"] = Says(headers=RSS_TYPE, body=body)
            (outcome,) = await h.poll(after=DAY, force=True)
            new += outcome.new
        assert new == len(guids) == len(h.store.entries())

    run(tmp_path, test)


def test_38_validators_are_never_kept_without_their_entries(tmp_path: Path) -> None:
    """What fails between the answer and the commit leaves the old validators: the next poll gets the document again."""

    async def test(h: House) -> None:
        def answer(asked: Asked) -> Says:
            if asked.headers.get("if-none-match") == '"1"':
                return Says(304)
            says = rss(three())
            return Says(headers=(*says.headers, ("ETag", '"1"')), body=says.body)

        h.subscribe()
        h.says["/feed"] = answer
        whole = h.store.save_poll

        def fail(*_: object, **__: object) -> None:
            raise Stopped

        h.store.save_poll = fail  # type: ignore[method-assign, assignment]
        with pytest.raises(Stopped):
            await h.poll()
        h.store.save_poll = whole  # type: ignore[method-assign]
        assert h.state().etag == ""
        (outcome,) = await h.poll()
        assert outcome.new == 3
        (outcome,) = await h.poll(after=2 * DAY)
        assert (outcome.status, len(h.titles())) == ("unchanged", 3)
        assert h.state().due_at is not None
        assert h.state().due_at - h.clock.at <= timedelta(days=1)

    run(tmp_path, test)


# --- arXiv's nights -------------------------------------------------------------------------------

NIGHTLY = "https://rss.arxiv.org/atom/"


def _listing(day: str, *papers: str) -> bytes:
    entries = "".join(
        f"<entry><id>oai:arXiv.org:{p}v1</id><title>Paper {p}</title><link href='https://arxiv.org/abs/{p}'/>"
        f"<summary>arXiv:{p}v1 Announce Type: new \nAbstract: Words.</summary><published>{day}T00:00:00-05:00"
        "</published><arxiv:announce_type xmlns:arxiv='http://arxiv.org/schemas/atom'>new</arxiv:announce_type></entry>"
        for p in papers
    )
    return (
        f"<feed xmlns='http://www.w3.org/2005/Atom'><id>x</id><title>cs updates on arXiv.org</title>"
        f"<updated>{day}T05:00:00+00:00</updated>{entries}</feed>"
    ).encode()


@pytest.mark.parametrize(
    ("of_others", "is_said", "hours"),
    [
        pytest.param("2611.20002", True, 3, id="a sibling moved: stale"),
        pytest.param("2611.10002", False, 24, id="no sibling moved: a free day"),
    ],
)
def test_a_stale_night_is_told_from_a_free_day_by_the_other_categories(
    tmp_path: Path, of_others: str, is_said: bool, hours: int
) -> None:
    async def main() -> None:
        store = open_store("sqlite:///digest.db", tmp_path)
        feeds = [Feed(NIGHTLY + name) for name in ("cs.AA", "cs.CL")]
        clock = MovedClock(START.replace(hour=6))  # Monday, 01:00 in New York

        async def night(day: str, *papers: str) -> tuple[Outcome, ...]:
            answers = {f.url: RecordedAnswer(_listing(day, p)) for f, p in zip(feeds, papers, strict=True)}
            store.sync_feeds(feeds, clock.now())
            asked = due(store.feeds(), clock.now())
            return await polled(asked, Recorded(answers), Inline(), store, SETTINGS, clock.now)

        with store:
            first = await night("2026-11-16", "2611.10001", "2611.10002")
            assert [o.new for o in first] == [1, 1]
            assert await night("2026-11-16", "2611.10001", "2611.10002") == ()
            clock.at += DAY
            second = await night("2026-11-17", "2611.10001", of_others)
            clock.at += 4 * HOUR
            third = await night("2026-11-17", "2611.10001", of_others)
            assert [o.url for o in third][:1] == [feeds[0].url]
            state = store.feeds()[0].state
            assert ("another category moved" in state.warning) is is_said
            assert state.due_at is not None
            assert (state.due_at - clock.at).total_seconds() / 3600 <= hours
            assert len(second) == 2
            # A weekend without papers is success.
            clock.at += 5 * DAY
            empty = {f.url: RecordedAnswer(_listing("2026-11-22")) for f in feeds}
            outcomes = await polled(store.feeds(), Recorded(empty), Inline(), store, SETTINGS, clock.now)
            assert [o.status for o in outcomes] == ["unchanged", "unchanged"]
            assert all(not r.state.error for r in store.feeds())

    asyncio.run(main())
