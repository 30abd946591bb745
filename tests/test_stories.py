"""Stories from the store to the issue and back: what was carried, what the curator overrules, what they can look at."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from program import digest
from store_values import poll

from digest import issue, publish
from digest.dedup import fingerprint
from digest.markup import blocks_from_markdown, plain
from digest.model import Article, Entry, Feed, Item, Post
from digest.publish import Desk
from digest.sources import syndication
from digest.store import Store, open_store
from digest.text import sentences
from digest.urls import canonical_url

DAY = timedelta(days=1)
TUESDAY = datetime(2026, 11, 10, 9, tzinfo=UTC)
"""Of 2026-W46."""
SUNDAY = datetime(2026, 11, 15, 20, tzinfo=UTC)


def prose(seed: int, count: int = 150) -> str:
    chooser = random.Random(seed)
    return " ".join(f"word{chooser.randrange(5000)}" for _ in range(count))


def posted(
    store: Store,
    url: str,
    *,
    title: str = "A report on tides",
    text: str = "",
    via: str = "",
    feed: str = "",
    at: datetime = TUESDAY,
    post: Post | None = None,
) -> None:
    """One entry of a feed of its own, with its article when it has a text."""
    entry = Entry(
        id=url,
        url=url,
        title=title,
        content_hash=url,
        published=at,
        content="<p>See.</p>",
        via_url=via,
        post=post,
    )
    key = canonical_url(url)
    article = Article(key, url, title=title, text=text, origin="feed", fingerprint=fingerprint(text).packed())
    poll(
        store,
        entry,
        feed=Feed(feed or f"https://{url.split('/')[2]}/feed"),
        articles=(article,) if text else (),
        now=at,
    )


def desk(store: Store, folder: Path, **settings: object) -> Desk:
    masthead = issue.Masthead("Parallel Experiments", handle="LinghaoCh")
    return Desk(store, folder / "issues", folder / "public", masthead, **settings)  # type: ignore[arg-type]


def items(store: Store, folder: Path, week: str, now: datetime) -> list[Item]:
    made = publish.draft(desk(store, folder), week, now).draft
    return [*made.issue.items, *made.shelf]


def verdicts(store: Store, week: str) -> dict[str, str]:
    return {decision.key: decision.verdict for decision in store.decisions_of(week)}


@pytest.fixture
def carried(store: Store, tmp_path: Path) -> Store:
    """A store whose issue of 2026-W46 carried one article, with a mention of it."""
    posted(store, "https://sea.example/tides", text=prose(1))
    posted(store, "https://links.example/7", title="Tides", via="https://sea.example/tides")
    posted(store, "https://links.example/0", title="The week before's", at=TUESDAY - 30 * DAY)
    first = items(store, tmp_path, "2026-W46", SUNDAY)
    assert [item.key for item in first] == ["https://sea.example/tides"]
    return store


def test_a_late_mention_of_what_an_issue_carried_stays_out(carried: Store, tmp_path: Path) -> None:
    posted(
        carried,
        "https://late.example/1",
        title="Late",
        via="http://www.sea.example/tides/",
        at=TUESDAY + 7 * DAY,
    )
    assert items(carried, tmp_path, "2026-W47", SUNDAY + 7 * DAY) == []
    assert verdicts(carried, "2026-W47") == {"https://sea.example/tides": "carried in 2026-W46"}


def test_the_same_words_at_another_address_stay_out_for_weeks(carried: Store, tmp_path: Path) -> None:
    posted(
        carried,
        "https://copy.example/9",
        title="About the tides",
        text=prose(1) + " copied",
        at=TUESDAY + 35 * DAY,
    )
    posted(carried, "https://sea.example/waves", title="On waves", text=prose(2), at=TUESDAY + 35 * DAY)
    assert [item.title for item in items(carried, tmp_path, "2026-W51", SUNDAY + 35 * DAY)] == ["On waves"]
    assert verdicts(carried, "2026-W51")["https://copy.example/9"] == "carried in 2026-W46"


def test_the_next_number_of_a_carried_series_is_no_repetition(store: Store, tmp_path: Path) -> None:
    text = prose(5, 200)
    posted(store, "https://weekly.example/300", title="周刊（第 300 期）", text=text)
    assert len(items(store, tmp_path, "2026-W46", SUNDAY)) == 1
    posted(
        store,
        "https://weekly.example/301",
        title="周刊（第 301 期）",
        text=text + " new",
        at=TUESDAY + 7 * DAY,
    )
    assert len(items(store, tmp_path, "2026-W47", SUNDAY + 7 * DAY)) == 1


def test_three_new_voices_bring_a_carried_story_back_and_it_says_where_it_was(
    carried: Store, tmp_path: Path
) -> None:
    for name in ("one", "two", "three"):
        posted(
            carried,
            f"https://{name}.example/tides",
            title=f"What {name} thinks",
            via="https://sea.example/tides",
            at=TUESDAY + 7 * DAY,
        )
    (item,) = items(carried, tmp_path, "2026-W47", SUNDAY + 7 * DAY)
    assert item.seen_in == "2026-W46"
    assert "seen in 2026-W46" in (tmp_path / "issues/2026-W47.md").read_text("utf-8")


def test_copies_are_no_new_voices(carried: Store, tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        posted(carried, f"https://{name}.example/tides", text=prose(1) + f" {name}", at=TUESDAY + 7 * DAY)
    assert items(carried, tmp_path, "2026-W47", SUNDAY + 7 * DAY) == []


def test_the_curators_own_post_brings_a_carried_story_back(carried: Store, tmp_path: Path) -> None:
    posted(
        carried,
        "https://t.me/LinghaoCh/9",
        title="再读",
        via="https://sea.example/tides",
        feed="https://t.me/s/LinghaoCh",
        at=TUESDAY + 7 * DAY,
        post=Post("LinghaoCh", "Parallel Experiments", (9,)),
    )
    (item,) = items(carried, tmp_path, "2026-W47", SUNDAY + 7 * DAY)
    assert item.own
    assert item.seen_in == "2026-W46"


# --- whose words ----------------------------------------------------------------------------------


def rss(items: str, link: str = "https://links.example/") -> bytes:
    return (
        f'<rss version="2.0"><channel><title>Links</title><link>{link}</link>{items}</channel></rss>'.encode()
    )


def parsed(document: bytes) -> list[Entry]:
    return list(syndication.parse_document(document, "utf-8", "https://links.example/rss", {}).entries)


def test_an_entry_whose_link_is_somebody_elses_page_is_a_mention_of_it() -> None:
    addresses = [f"https://{name}.example/post" for name in ("a", "b", "c")]
    items = "".join(
        f"<item><title>t</title><link>{url}</link><description>Read it.</description></item>"
        for url in addresses
    )
    assert [entry.via_url for entry in parsed(rss(items))] == addresses
    mirrored = "".join(f"<item><title>t</title><link>https://a.example/{n}</link></item>" for n in range(3))
    assert [entry.via_url for entry in parsed(rss(mirrored))] == [
        ""
    ] * 3  # one other host: the site lives there
    paper = "<item><title>t</title><link>https://arxiv.org/abs/2602.06948</link><description>Nice.</description></item>"
    assert [entry.via_url for entry in parsed(rss(paper))] == ["https://arxiv.org/abs/2602.06948"]
    planet = items.replace("Read it.", "<![CDATA[" + f"<p>{prose(1)}</p>" * 5 + "]]>")
    assert [entry.via_url for entry in parsed(rss(planet))] == [
        ""
    ] * 3  # whole articles, in their authors' words


def test_a_discussion_is_a_mention_of_what_it_discusses() -> None:
    item = "<item><title>t</title><link>https://a.example/x</link><comments>https://links.example/item?id=1</comments></item>"
    (entry,) = parsed(rss(item))
    assert (entry.url, entry.via_url) == ("https://links.example/item?id=1", "https://a.example/x")


def test_a_quote_is_the_articles_own_text_and_remarks_bear_their_names(tmp_path: Path) -> None:
    assert digest(tmp_path, "demo", "--dir", "demo").returncode == 0
    with open_store("sqlite:///digest.db", tmp_path / "demo") as store:
        record = store.issue("2026-W46")
        assert record is not None
        shown = [*record.draft.issue.items, *record.draft.shelf]
        texts = store.articles([item.key for item in shown])
    for item in shown:
        if item.permalink or item.key not in texts:
            continue
        article = texts[item.key]
        said = " ".join(f"{article.summary} {plain(blocks_from_markdown(article.text))}".split())
        for block in item.body:
            assert block.kind == "quote"
            assert all(sentence in said for sentence in sentences(plain((block,))))
    (paper,) = (item for item in shown if item.key == "arxiv:2602.06948")
    assert plain(paper.body).startswith("Can AI agents predict whether they will succeed at a task?")
    words = {voice.name: plain(voice.words) for voice in paper.voices}
    assert words["One Link a Day"].startswith("Ask an agent how likely it is to succeed")


# --- what the curator sees and overrules, by the command line ---------------------------------------

NOW = "2026-11-16T09:00:00Z"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A digest with one fold by its text, one mention, and an entry that stands alone."""
    (tmp_path / "digest.toml").write_text('[digest]\ntitle = "Tides"\n', "utf-8")
    (tmp_path / "feeds.opml").write_text('<opml version="2.0"><body/></opml>', "utf-8")
    with open_store("sqlite:///digest.db", tmp_path) as store:
        posted(store, "https://sea.example/tides", text=prose(1))
        posted(store, "https://copy.example/9", text=prose(1) + " copied", at=TUESDAY + DAY)
        posted(store, "https://links.example/7", title="Look", via="https://sea.example/tides")
        posted(store, "https://hill.example/1", title="A hill", text=prose(3))
    return tmp_path


def folds(folder: Path) -> set[frozenset[str]]:
    told = json.loads(digest(folder, "stories", "2026-W46", "--json", now=NOW).stdout)
    return {frozenset(one["url"] for one in (fold["lead"], *fold["others"])) for fold in told["folds"]}


def test_stories_lists_the_folds_with_evidence_and_score(folder: Path) -> None:
    told = json.loads(digest(folder, "stories", "2026-W46", "--json", now=NOW).stdout)
    assert (told["week"], told["entries"], told["stories"]) == ("2026-W46", 4, 2)
    (fold,) = told["folds"]
    assert fold["lead"]["url"] == "https://sea.example/tides"
    assert {one["url"]: one["rule"] for one in fold["others"]} == {
        "https://links.example/7": "mention",
        "https://copy.example/9": "near-identical text",
    }
    assert all(0.4 <= one["score"] <= 1 and one["detail"] for one in fold["others"])
    lines = digest(folder, "stories", "2026-W46", now=NOW).stdout
    assert "4 entries are 2 stories" in lines
    assert "near-identical text " in lines
    assert "points at https://sea.example/tides" in lines


def test_split_and_join_overrule_the_rules(folder: Path) -> None:
    sea, copy, link, hill = (
        f"https://{host}.example/{path}"
        for host, path in (("sea", "tides"), ("copy", "9"), ("links", "7"), ("hill", "1"))
    )
    assert folds(folder) == {frozenset({sea, copy, link})}
    settings = folder / "digest.toml"
    settings.write_text(
        f'[stories]\nsplit = ["{copy}?utm_source=x"]\njoin = [["{link}", "{hill}"]]\n', "utf-8"
    )
    assert folds(folder) == {frozenset({sea, link, hill})}
    assert digest(folder, "draft", "2026-W46", now=NOW).returncode == 0
    draft = (folder / "issues/2026-W46.md").read_text("utf-8")
    assert f"]({copy})" in draft
    assert f"]({hill})" not in draft


def test_why_tells_which_evidence_folded_an_address(folder: Path) -> None:
    digest(folder, "draft", "2026-W46", now=NOW)
    lines = digest(folder, "why", "http://www.copy.example/9/", now=NOW).stdout
    assert "led by https://sea.example/feed: https://sea.example/tides\n" in lines
    assert "folded: https://copy.example/feed: https://copy.example/9  <- here\n" in lines
    assert "near-identical text " in lines
    told = json.loads(digest(folder, "why", "https://copy.example/9", "--json", now=NOW).stdout)
    (decision,) = told["decisions"]
    assert decision["lead"]["url"] == "https://sea.example/tides"
    assert {one["rule"] for one in decision["evidence"]} == {"mention", "near-identical text"}
