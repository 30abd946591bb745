"""Subscription lists: what people's files hold is read, what we write is read back, an edit leaves the rest alone."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import OpmlError
from digest.model import Feed
from digest.opml import added, all_added, removed, subscriptions, written

LIST = b"""<?xml version="1.0" encoding="UTF-8"?>
<!-- kept by hand -->
<opml version="2.0" xmlns:digest="urn:digest:opml" xmlns:x="http://x.example/ns">
  <head><title>Mine</title><ownerName>Ann</ownerName></head>
  <body>
    <outline text="AI" title="AI">
      <outline type="rss" text="Lab" title="Lab" xmlUrl="https://lab.example/feed?a=1&amp;b=2"
               htmlUrl="https://lab.example/" category="/ai,/llm" digest:interval="6h" digest:weight="1.5"
               digest:full_text="true" x:colour="red" description="Notes"/>
      <outline text="Papers">
        <outline type="rss" text="\xe8\xae\xba\xe6\x96\x87" xmlUrl="https://papers.example/rss"/>
      </outline>
    </outline>
    <outline type="link" text="Not a feed" url="https://example.org/"/>
  </body>
</opml>
"""
LAB = Feed(
    url="https://lab.example/feed?a=1&b=2",
    title="Lab",
    site_url="https://lab.example/",
    tags=("ai", "llm"),
    interval=timedelta(hours=6),
    full_text=True,
    weight=1.5,
    folder=("AI",),
    attributes=(("{http://x.example/ns}colour", "red"), ("description", "Notes")),
)
PAPERS = Feed("https://papers.example/rss", title="论文", folder=("AI", "Papers"))


def feeds_of(text: str | bytes) -> tuple[Feed, ...]:
    return subscriptions(text.encode() if isinstance(text, str) else text, "feeds.opml")[0]


def one(attributes: str) -> Feed:
    (feed,) = feeds_of(f"<opml><body><outline {attributes}/></body></opml>")
    return feed


def test_reads_what_belongs_to_a_feed() -> None:
    assert subscriptions(LIST, "feeds.opml") == ((LAB, PAPERS), ())


@pytest.mark.parametrize(
    ("attributes", "url", "title"),
    [
        ('text="A & B" xmlUrl="https://e.example/?a=1&b=2"', "https://e.example/?a=1&b=2", "A & B"),
        ('text="caf&eacute;&nbsp;x" xmlUrl="https://e.example/f"', "https://e.example/f", "café\xa0x"),
        ('text="x" XMLURL="https://e.example/f"', "https://e.example/f", "x"),
        ("title='t' xmlurl='https://e.example/f' TYPE='RSS'", "https://e.example/f", "t"),
        ('text="a < b <i>c</i>" xmlUrl="https://e.example/f"', "https://e.example/f", "a < b <i>c</i>"),
        ('text="say "hi" now" type="rss" xmlUrl="https://e.example/f"', "https://e.example/f", "say"),
        ("text=bare xmlUrl=https://e.example/f", "https://e.example/f", "bare"),
        ('text="bell\x07" xmlUrl=" https://e.example/f\n"', "https://e.example/f", "bell"),
        ('text="x" xmlUrl="feed://e.example/f"', "https://e.example/f", "x"),
        ('text="x" xmlUrl="feed:http://e.example/f"', "http://e.example/f", "x"),
        ('text="x" type="rss" url="https://e.example/f"', "https://e.example/f", "x"),
        ('text="x" foo:bar="1" xmlUrl="https://e.example/f"', "https://e.example/f", "x"),
        ('text="@parallel" xmlUrl="https://t.me/s/parallel"', "https://t.me/s/parallel", "@parallel"),
    ],
)
def test_reads_what_is_not_quite_xml(attributes: str, url: str, title: str) -> None:
    assert (one(attributes).url, one(attributes).title) == (url, title)


def test_reads_other_encodings() -> None:
    text = '<?xml version="1.0" encoding="{}"?><opml><body><outline text="Zürich 一" xmlUrl="https://e.example/f"/></body></opml>'
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "gb18030"):
        assert feeds_of(text.format(encoding).encode(encoding))[0].title == "Zürich 一"
    latin = text.replace(" 一", "").format("UTF-8").encode("latin-1")
    assert feeds_of(latin)[0].title == "Zürich"


def test_unclosed_and_stray_tags_lose_no_feed() -> None:
    text = """<opml><body></outline><outline text="A"><outline text="1" xmlUrl="https://e.example/1">
      <outline text="B"><outline text="2" xmlUrl="https://e.example/2"/></body>"""
    assert [feed.url for feed in feeds_of(text)] == ["https://e.example/1", "https://e.example/2"]


def test_says_what_was_odd_with_its_line() -> None:
    text = '<opml>\n<outline text="a" xmlUrl="https://e.example/f"/>\n<outline text="b" xmlUrl="https://e.example/f"/>\n<outline text="c" xmlUrl=""/></opml>'
    feeds, warnings = subscriptions(text.encode(), "x")
    assert [feed.title for feed in feeds] == ["a"]
    assert warnings == (
        "line 3: https://e.example/f again; the first one counts",
        "line 4: an outline without an address (c)",
    )


def test_comments_are_no_subscriptions() -> None:
    assert feeds_of('<opml><!-- <outline xmlUrl="https://e.example/f"/> --><body/></opml>') == ()


@pytest.mark.parametrize(
    ("data", "seen"),
    [
        (b"", "an empty file"),
        (b"<!DOCTYPE html><html><body>hi</body></html>", "an HTML page"),
        (b"<?xml version='1.0'?><rss version='2.0'><channel/></rss>", "a feed"),
        (b'{"feeds": []}', "JSON"),
        (b"just words", "text that begins with 'just words'"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "a binary file"),
    ],
)
def test_other_documents_are_refused_by_name(data: bytes, seen: str) -> None:
    with pytest.raises(OpmlError, match=re.escape(seen)) as error:
        subscriptions(data, "lists/mine.xml")
    assert error.value.subject == "lists/mine.xml"


def test_entities_are_never_expanded_or_loaded() -> None:
    bomb = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10 if i else "lol"}">' for i in range(12))
    text = f'<!DOCTYPE opml [{bomb}<!ENTITY x SYSTEM "file:///etc/passwd">]><opml><outline text="&e11;&x;" xmlUrl="https://e.example/f"/></opml>'
    assert feeds_of(text)[0].title == "&e11;&x;"


@pytest.mark.parametrize(
    "mess", ["<outline " * 20_000, '<outline a="' * 20_000, "<!--" * 50_000, "<" * 200_000, "<a b='" * 20_000]
)
def test_hostile_text_ends_soon(mess: str) -> None:
    assert feeds_of(f'<opml><outline xmlUrl="https://e.example/f"/>{mess}') != ()


# --- the law of the round trip --------------------------------------------------------------------

text = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff\ufeff"), max_size=12
).map(str.strip)
name = st.from_regex(r"[a-z][a-z0-9_]{0,6}", fullmatch=True).filter(
    lambda name: name not in ("xmlns", "text", "title", "type", "url", "category", "xmlurl", "htmlurl")
)
keys = name | st.tuples(
    st.sampled_from(("http://x.example/ns", "urn:y", "http://www.w3.org/XML/1998/namespace")), name
).map(lambda pair: f"{{{pair[0]}}}{pair[1]}")
tag = st.text(st.characters(categories=("L", "N"), include_characters="-+"), min_size=1, max_size=8).map(
    str.strip
)
feeds = st.builds(
    Feed,
    url=st.from_regex(r"https://[a-z]{1,8}\.example/[a-z0-9/?=&'<>\"]{0,12}", fullmatch=True),
    title=text,
    site_url=st.sampled_from(("", "https://e.example/?a=1&b=2")),
    tags=st.lists(tag, max_size=3, unique=True).map(tuple),
    interval=st.none() | st.integers(1, 10**6).map(lambda seconds: timedelta(seconds=seconds)) | st.integers(1, 99).map(lambda hours: timedelta(hours=hours)),
    full_text=st.none() | st.booleans(),
    weight=st.just(1.0) | st.floats(0, 1000),
    folder=st.lists(text.filter(bool), max_size=3).map(tuple),
    attributes=st.dictionaries(keys, text, max_size=3).map(lambda pairs: tuple(pairs.items())),
)  # fmt: skip


@given(st.lists(feeds, max_size=6, unique_by=lambda feed: feed.url))
def test_what_is_written_is_read_back(subscribed: list[Feed]) -> None:
    assert subscriptions(written(subscribed, "a & b"), "x") == (tuple(subscribed), ())


@given(st.lists(feeds, max_size=4, unique_by=lambda feed: feed.url), feeds)
def test_added_then_removed_is_as_before(subscribed: list[Feed], feed: Feed) -> None:
    before = written([other for other in subscribed if other.url != feed.url])
    after = added(before, feed, feed.folder)
    found = subscriptions(after, "x")[0]
    assert feed in found
    assert len(found) == len(subscriptions(before, "x")[0]) + 1
    assert subscriptions(removed(after, feed.url), "x") == subscriptions(before, "x")


@given(
    st.binary(max_size=200)
    | st.text(alphabet="<>/\"'=&;! -outlineopmlxmlUrl\n", max_size=200).map(str.encode)
)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        subscriptions(data, "x")
    except OpmlError as error:
        assert error.message


def test_written_lists_are_xml_with_our_namespace() -> None:
    from xml.etree import ElementTree

    root = ElementTree.fromstring(written([LAB, PAPERS], "Mine & yours"))
    (lab,) = root.findall("./body/outline/outline[@text='Lab']")
    assert lab.get("{urn:digest:opml}interval") == "6h"
    assert lab.get("{http://x.example/ns}colour") == "red"
    assert root.findtext("./head/title") == "Mine & yours"


# --- editing --------------------------------------------------------------------------------------


def test_adding_touches_nothing_else() -> None:
    new = Feed("https://new.example/feed", title="新 & new", weight=2.0)
    after = added(LIST, new, ("AI", "Papers"))
    line = next(line for line in after.splitlines(keepends=True) if b"new.example" in line)
    assert after.replace(line, b"") == LIST
    assert line.startswith(b"        <outline")
    assert subscriptions(after, "x")[0][2] == Feed(
        "https://new.example/feed", title="新 & new", weight=2.0, folder=("AI", "Papers")
    )
    assert removed(after, new.url) == LIST
    assert added(after, new) == after


def test_adding_makes_the_folder() -> None:
    after = added(LIST, Feed("https://new.example/feed", title="n"), ("AI", "中文", "Blogs"))
    assert subscriptions(after, "x")[0][-1].folder == ("AI", "中文", "Blogs")
    empty = b'<opml><body><outline text="A"/></body></opml>'
    assert feeds_of(added(empty, Feed("https://e.example/f"), ("A",)))[0].folder == ("A",)
    assert added(empty, Feed("https://e.example/f"), ("A",)).count(b'"A"') == 1


def test_many_are_added_at_once_each_on_its_line() -> None:
    feeds = [Feed(f"https://{n}.example/feed", title=str(n)) for n in range(3)]
    after = all_added(LIST, [*feeds, feeds[0]], ("Imported",))
    assert [f.url for f in subscriptions(after, "x")[0] if f.folder == ("Imported",)] == [
        f.url for f in feeds
    ]
    assert all(after.count(feed.url.encode()) == 1 for feed in feeds)
    assert max(line.count(b"<outline") for line in after.splitlines()) == 1
    assert all_added(after, feeds, ("Imported",)) == after


def test_editing_a_malformed_list_leaves_it_malformed() -> None:
    broken = b'<opml><body>\r\n\t<outline text="A & B" xmlUrl="https://e.example/?a&b">\r\n\t<outline text="c" xmlUrl="https://e.example/c"/>\r\n</body></opml>'
    after = added(broken, Feed("https://e.example/new"))
    assert b'text="A & B"' in after
    assert len(feeds_of(after)) == 3
    assert removed(after, "https://e.example/new") == broken


def test_editing_keeps_the_encoding() -> None:
    text = '<?xml version="1.0" encoding="ISO-8859-1"?>\n<opml><body>\n  <outline text="Zürich" xmlUrl="https://e.example/z"/>\n</body></opml>'
    after = added(text.encode("latin-1"), Feed("https://e.example/f", title="一"))
    assert after.startswith(text.encode("latin-1")[:100])
    assert [feed.title for feed in feeds_of(after)] == ["Zürich", "一"]


def test_removing_takes_the_whole_line_and_only_it() -> None:
    assert removed(LIST, "https://papers.example/rss") == re.sub(
        rb" *<outline[^>]*papers.example.*\n", b"", LIST
    )
    assert removed(LIST, "https://nowhere.example/") == LIST


# --- real lists -----------------------------------------------------------------------------------


@pytest.mark.shared
def test_every_recorded_list_is_imported(shared: Path) -> None:
    lists = [path for path in (shared / "corpora/opml").rglob("*") if path.suffix in (".opml", ".xml")]
    assert len(lists) > 100
    total = 0
    for path in lists:
        data = path.read_bytes()
        found, _ = subscriptions(data, path.name)
        assert len(found) == len(set(re.findall(rb'xmlUrl="([^"]+)"', data))), path
        assert subscriptions(written(found), path.name)[0] == found, path
        total += len(found)
    assert total > 5_000


def test_settings_that_make_no_sense_are_told_and_count_as_not_set() -> None:
    text = (
        '<opml xmlns:d="urn:digest:opml"><body>\n'
        '<outline xmlUrl="https://e.org/f" d:interval="often" d:full_text="maybe" d:weight="x"/></body></opml>'
    )
    (feed,), warnings = subscriptions(text.encode(), "feeds.opml")
    assert (feed.interval, feed.full_text, feed.weight) == (None, None, 1.0)
    assert len(warnings) == 3
    assert all("line 2: https://e.org/f" in warning for warning in warnings)


def test_an_empty_body_takes_the_first_feed() -> None:
    text = added(b"<opml><head/><body/></opml>", Feed("https://e.org/f")).decode()
    assert text.index("<body>") < text.index("https://e.org/f") < text.index("</body>")
