"""Identity within a feed: each row of the table of cases in which engines fail, and the laws that hold always."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.identity import identified
from digest.model import Entry, Known
from digest.urls import canonical_url

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def entry(guid: str, url: str = "", title: str = "", text: str = "", **fields: object) -> Entry:
    return replace(Entry(id=guid, url=url, title=title, content_hash=text or f"hash of {title}"), **fields)  # type: ignore[arg-type]


def stored(entries: Iterable[Entry]) -> dict[str, Known]:
    """What a store would know after these entries were saved."""
    return {
        one.id: Known(one.id, one.content_hash, canonical_url(one.url) if one.url else "", one.title)
        for one in entries
    }


def ids(entries: Iterable[Entry]) -> list[str]:
    return [one.id for one in entries]


def after(polls: Iterable[list[Entry]]) -> dict[str, Known]:
    """What is known after several polls."""
    known: dict[str, Known] = {}
    for items in polls:
        known |= stored(identified(items, known))
    return known


def three(guid: str = "g{n}", url: str = "https://blog.example/{n}", poll: int = 0) -> list[Entry]:
    return [entry(guid.format(n=n, poll=poll), url.format(n=n, poll=poll), f"Title {n}") for n in range(3)]


# --- the cases ------------------------------------------------------------------------------------


def test_guids_stay_as_the_feed_gives_them() -> None:
    assert ids(identified(three(), {})) == ["g0", "g1", "g2"]


def test_guid_that_changes_each_poll() -> None:
    assert len(after(three("g{n}-{poll}", poll=poll) for poll in range(4))) == 3


def test_no_guid_and_a_link_with_a_changing_parameter() -> None:
    polls = [
        three("", "https://blog.example/{n}?utm_source=rss&utm_campaign={poll}", poll=poll)
        for poll in range(4)
    ]
    assert set(after(polls)) == {f"https://blog.example/{n}" for n in range(3)}


def test_five_items_sharing_one_guid() -> None:
    five = [entry("same", f"https://blog.example/{n}", f"Title {n}") for n in range(5)]
    first = identified(five, {})
    assert len(set(ids(first))) == 5
    again = identified(list(reversed(five)), stored(first))
    assert ids(reversed(again)) == ids(first)
    # One left in the feed's window is still itself, and a sixth is new.
    assert ids(identified([five[3]], stored(first))) == [first[3].id]
    sixth = identified([entry("same", "https://blog.example/5", "Title 5"), *five[:2]], stored(first))
    assert ids(sixth)[1:] == ids(first)[:2]
    assert sixth[0].id not in ids(first)


def test_a_guid_that_becomes_shared_stays_with_its_first_item() -> None:
    known = stored(identified([entry("g", "https://blog.example/1", "One")], {}))
    found = identified(
        [entry("g", "https://blog.example/2", "Two"), entry("g", "https://blog.example/1", "One")], known
    )
    assert found[1].id == "g"
    assert found[0].id != "g"


def test_shared_guid_survives_an_edit_of_title_or_link() -> None:
    items = [entry("g", f"https://blog.example/{n}", f"Title {n}") for n in range(3)]
    known = stored(identified(items, {}))
    edited = [
        replace(items[0], title="New title", content_hash="x"),
        replace(items[1], url="https://blog.example/one"),
        items[2],
    ]
    assert set(ids(identified(edited, known))) == set(known)


@pytest.mark.parametrize(
    "guid", ["oai:arXiv.org:2305.18290v{poll}", "http://arxiv.org/abs/2305.18290v{poll}"]
)
def test_versions_of_a_paper_are_one_entry(guid: str) -> None:
    polls = [
        [entry(guid.format(poll=poll), f"https://arxiv.org/abs/2305.18290v{poll}", "DPO")]
        for poll in range(1, 5)
    ]
    assert set(after(polls)) == {"arxiv:2305.18290"}
    both = [replace(poll[0], updated=NOW + timedelta(days=n)) for n, poll in enumerate(polls)]
    (kept,) = identified(both, {})
    assert kept.url.endswith("v4")


def test_two_posts_on_one_paper_stay_two() -> None:
    posts = [entry(f"post-{n}", "https://arxiv.org/abs/2305.18290", f"On DPO, part {n}") for n in range(2)]
    assert ids(identified(posts, {})) == ["post-0", "post-1"]


def test_dates_that_move_each_poll() -> None:
    polls = [[replace(one, published=NOW + timedelta(hours=poll)) for one in three()] for poll in range(4)]
    assert len(after(polls)) == 3


def test_an_edited_body_is_the_same_entry() -> None:
    known = stored(identified(three(), {}))
    assert set(ids(identified([replace(one, content_hash="edited") for one in three()], known))) == set(known)


def test_https_changes_nothing() -> None:
    permalinks = three("http://blog.example/{n}", "http://blog.example/{n}")
    secure = three("https://www.blog.example/{n}", "https://www.blog.example/{n}")
    assert len(after([permalinks, secure])) == 3
    # Also where the link leads elsewhere (a link-blog) and is the same for all.
    elsewhere = [replace(one, url="https://news.example/") for one in permalinks]
    assert len(after([elsewhere, [replace(one, url="https://news.example/") for one in secure]])) == 3


def test_a_moved_domain_changes_nothing() -> None:
    assert (
        len(
            after(
                [
                    three("https://old.example/{n}", "https://old.example/{n}"),
                    three("https://new.example/{n}", "https://new.example/{n}"),
                ]
            )
        )
        == 3
    )
    assert (
        len(
            after(
                [
                    three("tag:{n}", "https://old.example/{n}"),
                    three("tag:{n}", "https://new.example/blog/{n}"),
                ]
            )
        )
        == 3
    )
    assert len(after([three("", "https://old.example/?p={n}"), three("", "https://new.example/?p={n}")])) == 3


def test_an_empty_poll_keeps_what_is_known() -> None:
    known = stored(three())
    assert identified([], known) == ()
    assert set(ids(identified(three(), known))) == set(known)


def test_what_left_the_window_and_returns_is_the_same() -> None:
    known = after([three(), [entry("g9", "https://blog.example/9", "Nine")]])
    assert set(ids(identified(three(), known))) == {"g0", "g1", "g2"}


def test_many_items_on_one_page_stay_many() -> None:
    """A changelog: all links lead to one page, guids differ; one leaves the window as another one comes."""
    page = [entry(f"v{n}", "https://tool.example/changelog", f"Release {n}") for n in range(5)]
    assert len(after([page[:3], page[1:4], page[2:5]])) == 5
    by_fragment = [entry("", f"https://tool.example/changelog#v{n}", f"Release {n}") for n in range(5)]
    assert len(after([by_fragment[:1], by_fragment[1:2], by_fragment[:5]])) == 5


def test_items_without_guid_and_link() -> None:
    notes = [entry("", "", "", text=f"text {n}") for n in range(3)]
    assert len(after([notes, notes[1:], [*notes, notes[0]]])) == 3
    titled = [entry("", "", "Update", text="a"), entry("", "", "Update", text="b")]
    assert len(after([titled, titled[1:], titled])) == 2


def test_an_entry_given_twice_is_one_the_newest() -> None:
    old = entry("g", "https://blog.example/1", "One", "old", updated=NOW)
    new = replace(old, content_hash="new", updated=NOW + timedelta(days=1))
    assert [one.content_hash for one in identified([old, new], {})] == ["new"]
    assert [one.content_hash for one in identified([new, old], {})] == ["new"]


def test_texts_that_change_places_under_one_guid_stay_two() -> None:
    first = [entry("g", "", "", "h1"), entry("g", "https://a.example/1", "", "h3")]
    second = [entry("g", "", "", "h3"), entry("g", "https://a.example/1", "", "h2")]
    known = stored(identified(first, {}))
    found = identified(second, known)
    assert len(set(ids(found))) == 2
    assert ids(identified(second, stored(found))) == ids(found)


def test_a_site_root_as_link_identifies_nothing() -> None:
    polls = [[entry(f"g{poll}", "https://blog.example/", f"Title {poll}")] for poll in range(3)]
    assert len(after(polls)) == 3


# --- the laws -------------------------------------------------------------------------------------

items = st.builds(
    entry,
    st.sampled_from(("", "g1", "g2", "tag:a", "https://a.example/1", "oai:arXiv.org:2305.18290v1", "g1|0123456789ab")),
    st.sampled_from(("", "https://a.example/1", "http://www.a.example/1?utm_source=x", "https://a.example/2", "https://a.example/", "https://a.example/p#x")),
    st.sampled_from(("", "One", "Two", "三")),
    st.sampled_from(("h1", "h2", "h3")),
)  # fmt: skip
documents = st.lists(items, max_size=8)


@given(documents, documents)
def test_ids_are_unique_and_never_empty(first: list[Entry], second: list[Entry]) -> None:
    found = identified(second, stored(identified(first, {})))
    assert len(set(ids(found))) == len(found)
    assert all(ids(found))


@given(documents, documents, st.randoms())
def test_order_does_not_matter(first: list[Entry], second: list[Entry], random: object) -> None:
    known = stored(identified(first, {}))
    shuffled = list(second)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    as_they_are = {(one.id, one.title, one.content_hash) for one in identified(second, known)}
    assert as_they_are == {(one.id, one.title, one.content_hash) for one in identified(shuffled, known)}


@given(documents)
def test_the_same_document_again_brings_nothing_new(document: list[Entry]) -> None:
    known = stored(identified(document, {}))
    again = identified(document, known)
    assert stored(again) == known


@given(documents, documents)
def test_only_ids_change(first: list[Entry], second: list[Entry]) -> None:
    for found in identified(second, stored(identified(first, {}))):
        assert any(replace(found, id=one.id) == one for one in second)


# --- real feeds, polled again and again -----------------------------------------------------------


@pytest.mark.shared
def test_snapshots_hold_as_many_entries_as_their_documents(shared: Path) -> None:
    """Counts from the documents themselves: distinct guids (or links) over all polls of a feed."""
    from digest.sources.syndication import parse_document

    folders = [folder for folder in sorted((shared / "corpora/feed-snapshots").iterdir()) if folder.is_dir()]
    assert folders
    for folder in folders:
        known: dict[str, Known] = {}
        expected: set[str] = set()
        for path in sorted(folder.iterdir()):
            body = path.read_bytes()
            expected |= guids_of(body)
            feed = parse_document(body, "", "https://snapshots.example/feed.xml", known)
            assert len(feed.entries) + len(feed.unchanged) == len(guids_of(body)), path
            known |= stored(feed.entries)
            again = parse_document(body, "", "https://snapshots.example/feed.xml", known)
            assert (again.entries, len(again.unchanged)) == ((), len(guids_of(body))), path
        assert len(known) == len(expected), folder.name


def guids_of(body: bytes) -> set[str]:
    from xml.etree import ElementTree

    items = ElementTree.fromstring(body).iter("item")
    return {
        (item.findtext("guid") or item.findtext("link") or item.findtext("title") or "").strip()
        for item in items
    }
