"""Subscription lists: read as people write them, edited in place, written so that they read back equal."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import OpmlError
from digest.model import Feed
from digest.opml import added, removed, subscriptions, written

NS = "urn:digest:opml"


def read(text: str | bytes) -> tuple[Feed, ...]:
    return subscriptions(text if isinstance(text, bytes) else text.encode(), "feeds.opml")[0]


def test_what_belongs_to_a_feed_is_read() -> None:
    (feed,) = read(
        f'<opml version="2.0" xmlns:digest="{NS}" xmlns:x="urn:x"><body><outline text="AI"><outline text="论文">'
        '<outline type="rss" text="Notes &amp; queries" xmlUrl="https://example.org/feed?a=1&amp;b=2" '
        'htmlUrl="https://example.org/" category="/ai,/llm" digest:interval="6h" digest:full_text="false" '
        'digest:weight="1.5" x:mark="kept" description="also kept"/></outline></outline></body></opml>'
    )
    assert feed == Feed(
        url="https://example.org/feed?a=1&b=2",
        title="Notes & queries",
        site_url="https://example.org/",
        tags=("ai", "llm"),
        interval=timedelta(hours=6),
        full_text=False,
        weight=1.5,
        folder=("AI", "论文"),
        attributes=(("{urn:x}mark", "kept"), ("description", "also kept")),
    )


@pytest.mark.parametrize(
    ("outline", "url"),
    [
        ('<outline text="a" xmlUrl="https://e.org/f?a=1&b=2"/>', "https://e.org/f?a=1&b=2"),
        ("<outline text='a' XMLURL='https://e.org/f'>", "https://e.org/f"),
        ('<outline text="R&D &nbsp; caf&eacute;" xmlurl=" https://e.org/f "></outline>', "https://e.org/f"),
        ('<outline text="1 < 2 > 0" xmlUrl="https://e.org/f"/>', "https://e.org/f"),
        ('<outline text="a"\n  xmlUrl="https://e.org/f" ', ""),
        ('<outline text="a" xmlUrl=https://e.org/f />', "https://e.org/f"),
        ('<outline text="a" xmlUrl="feed://e.org/f"/>', "http://e.org/f"),
        ('<outline text="a" xmlUrl="feed:https://e.org/f"/>', "https://e.org/f"),
        ('<outline text="a \x0b b" xmlUrl="https://e.org/f"/>', "https://e.org/f"),
        ('<!-- <outline xmlUrl="https://e.org/f"/> -->', ""),
        ('<outline text="a" xmlUrl="file:///etc/passwd"/>', ""),
    ],
)
def test_what_lists_really_look_like(outline: str, url: str) -> None:
    assert [feed.url for feed in read(f"<opml><body>{outline}</body></opml>")] == ([url] if url else [])


def test_folders_that_are_never_closed_still_hold_their_feeds() -> None:
    feeds = read('<opml><body><outline text="A"><outline text="B"><outline xmlUrl="https://e.org/f"/></body>')
    assert [feed.folder for feed in feeds] == [("A", "B")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030", "latin-1"])
def test_encodings(encoding: str) -> None:
    name = "café" if encoding == "latin-1" else "科学空间"
    declared = "utf-8" if encoding == "utf-8-sig" else encoding
    text = f'<?xml version="1.0" encoding="{declared}"?><opml><body><outline text="{name}" xmlUrl="https://e.org/f"/></body></opml>'
    assert [feed.title for feed in read(text.encode(encoding))] == [name]


def test_a_list_that_names_no_encoding_and_is_not_utf_8() -> None:
    text = '<opml><body><outline text="科学空间" xmlUrl="https://e.org/f"/></body></opml>'
    assert [feed.title for feed in read(text.encode("gb18030"))] == ["科学空间"]


def test_twice_is_once_and_nonsense_is_told() -> None:
    feeds, warnings = subscriptions(
        f'<opml xmlns:d="{NS}"><body><outline text="a" xmlUrl="https://e.org/f" d:interval="often" d:weight="x" '
        'd:full_text="maybe"/><outline text="b" xmlUrl="https://e.org/f"/><outline text="c" xmlUrl="gopher://x"/>'
        "</body></opml>".encode(),
        "x",
    )
    assert [(feed.title, feed.interval, feed.weight, feed.full_text) for feed in feeds] == [
        ("a", None, 1.0, None)
    ]
    assert len(warnings) == 5
    assert all(
        any(word in w for w in warnings) for word in ("interval", "weight", "full_text", "again", "gopher")
    )


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("", "empty"),
        ("<html><head><title>Not found</title>", "web page titled 'Not found'"),
        ("<rss><channel/></rss>", "<rss>"),
        ("hello", "hello"),
    ],
)
def test_what_is_no_opml_is_named(document: str, words: str) -> None:
    with pytest.raises(OpmlError, match=words) as caught:
        subscriptions(document.encode(), "my.opml")
    assert caught.value.subject == "my.opml"


def test_entities_are_not_expanded_and_nothing_is_loaded() -> None:
    bomb = (
        '<!DOCTYPE opml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY x SYSTEM "file:///etc/passwd">]>'
        '<opml><body><outline text="&b;&x;" xmlUrl="https://e.org/f"/></body></opml>'
    )
    assert [feed.title for feed in read(bomb)] == ["&b;&x;"]


def test_an_unclosed_quote_costs_no_time() -> None:
    read("<opml><body>" + '<outline text="' * 20_000)


# --- editing --------------------------------------------------------------------------------------

MINE = """<?xml version="1.0" encoding="UTF-8"?>
<!-- mine, do not touch -->
<opml version="2.0">
  <head><title>Mine</title></head>
  <body>
    <outline text="AI">
      <outline   text='odd   spacing' xmlUrl="https://a.example/f"   custom="1" />
    </outline>
    <outline text="a note without a feed"/>
    <outline text="b" xmlUrl="https://b.example/f"/>
  </body>
</opml>
"""


def test_adding_leaves_everything_else_as_it_was() -> None:
    new = Feed("https://c.example/f?x=1&y=2", title='C "quoted" & so', tags=("ai",), weight=2.0)
    for folder in ((), ("AI",), ("AI", "Papers"), ("New",), ("a note without a feed",)):
        text = added(MINE.encode(), new, folder).decode()
        ElementTree.fromstring(text)
        assert text.replace(' xmlns:digest="urn:digest:opml"', "").startswith(MINE[: MINE.index("<opml")])
        for line in MINE.splitlines():
            assert line.replace("<opml", "") in text or "<opml" in line or "a note" in line
        feeds = {feed.url: feed for feed in read(text)}
        assert feeds[new.url].folder == folder
        assert (feeds[new.url].title, feeds[new.url].tags, feeds[new.url].weight) == (new.title, ("ai",), 2.0)
        assert len(feeds) == 3


def test_adding_to_lists_without_a_body() -> None:
    for text in ("<opml><head/><body/></opml>", "<opml></opml>", '<opml><body><outline text="x">'):
        assert [feed.url for feed in read(added(text.encode(), Feed("https://c.example/f")))] == [
            "https://c.example/f"
        ]


def test_removing_leaves_everything_else_as_it_was() -> None:
    line = '    <outline text="b" xmlUrl="https://b.example/f"/>\n'
    assert removed(MINE.encode(), "https://b.example/f").decode() == MINE.replace(line, "")
    assert removed(MINE.encode(), "https://nowhere.example/") == MINE.encode()


def test_added_and_removed_is_as_before() -> None:
    assert removed(added(MINE.encode(), Feed("https://c.example/f")), "https://c.example/f").decode() == MINE


# --- writing --------------------------------------------------------------------------------------

words = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"),
    max_size=12,
)
tags = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8)
feeds = st.builds(
    Feed,
    url=st.from_regex(r"https://[a-z]{1,8}\.example/[a-z?&=;#%0-9]{0,20}", fullmatch=True),
    title=words,
    site_url=st.sampled_from(["", "https://site.example/?a=1&b=2"]),
    tags=st.lists(tags, max_size=3, unique=True).map(tuple),
    interval=st.none() | st.integers(1, 10**6).map(lambda s: timedelta(seconds=s)),
    full_text=st.none() | st.booleans(),
    weight=st.floats(0.001, 1000, allow_nan=False),
    folder=st.lists(words.filter(bool), max_size=3).map(tuple),
    attributes=st.dictionaries(
        st.sampled_from(["{urn:a}x", "{urn:b}x", "{urn:digest:opml}later", "description", "isComment"]),
        words,
        max_size=3,
    ).map(lambda d: tuple(d.items())),
)


@given(st.lists(feeds, max_size=6, unique_by=lambda feed: feed.url), words)
def test_what_is_written_reads_back_equal(given: list[Feed], title: str) -> None:
    data = written(given, title)
    ElementTree.fromstring(data)
    back, warnings = subscriptions(data, "x")
    assert warnings == ()
    assert sorted(back, key=lambda feed: feed.url) == sorted(given, key=lambda feed: feed.url)
    assert written(back, title) == written(subscriptions(written(back, title), "x")[0], title)


@given(feeds, st.lists(words.filter(bool), max_size=2))
def test_what_is_added_is_read(feed: Feed, folder: list[str]) -> None:
    from dataclasses import replace

    assert replace(feed, folder=tuple(folder)) in read(added(MINE.encode(), feed, folder))


# --- real lists -----------------------------------------------------------------------------------


def test_every_recorded_list_is_imported(shared: Path) -> None:
    """130 lists as found, two in three malformed; each gives the addresses that stand in it."""
    paths = [p for p in sorted((shared / "corpora" / "opml").rglob("*")) if p.suffix in (".opml", ".xml")]
    assert len(paths) >= 100
    wellformed = 0
    for path in paths:
        data = path.read_bytes()
        found = {feed.url for feed in subscriptions(data, path.name)[0]}
        try:
            root = ElementTree.fromstring(data)
        except ElementTree.ParseError:
            assert found or b"xmlUrl" not in data, path.name
            continue
        wellformed += 1
        listed = {"".join(o.get("xmlUrl", "").split()) for o in root.iter("outline")}
        assert {url for url in listed if url.startswith("http")} <= found, path.name
    assert wellformed >= 30
