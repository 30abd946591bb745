"""Assembling stories into a draft, and the draft file that a curator edits."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sample_issue
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_issue import ARTICLE, DPO, PERIOD, SECOND_HALF

from digest.errors import DraftError
from digest.issue import Masthead, assembled, draft_markdown, read
from digest.markup import plain, tidy
from digest.model import (
    Article,
    Block,
    Candidate,
    Draft,
    Entry,
    Feed,
    Forward,
    Issue,
    Item,
    Link,
    Paper,
    Period,
    Post,
    Profile,
    Reaction,
    Scored,
    Section,
    Span,
    Story,
    TagMatch,
)

FILE = "issues/2025-W16.md"
MONDAY = datetime(2025, 4, 14, 9, tzinfo=UTC)
MASTHEAD = Masthead("Parallel Experiments", "LinghaoCh", language="en", sections=(("ai", "AI"), ("llm", "")))


def sample() -> Draft:
    shelved = replace(
        ARTICLE, key="https://x.example/shelved", url="https://x.example/shelved", title="Left out"
    )
    return Draft(sample_issue.issue(), shelf=(shelved,))


def edited(draft: Draft, *changes: tuple[str, str]) -> Draft:
    text = draft_markdown(draft)
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return read(text, draft, FILE)


# --- assembling -----------------------------------------------------------------------------------


def candidate(
    number: int, entry: Entry, *, feed: str = "A Blog", target: str = "", article: Article | None = None
) -> Candidate:
    at = MONDAY + timedelta(hours=number)
    source = Feed(f"https://feeds.example/{feed}", feed, site_url="https://blog.example/")
    return Candidate(number, source, feed, entry, at, at, entry.url, target, article)


def post(channel: str, number: int, html: str, url: str = "", **more: object) -> Entry:
    links = (Link(url, url),) if url else ()
    details = Post(channel, channel.title(), (number,), links=links, **more)  # type: ignore[arg-type]
    return Entry(
        str(number), f"https://t.me/{channel}/{number}", html[:20], "hash", content=html, post=details
    )


def one(story: Story, section: str = "", verdict: str = "selected", score: float = 1.0, *tags: str) -> Scored:
    matches = tuple(TagMatch(tag, "rule", f"word {tag!r}") for tag in tags)
    return Scored(story, matches, score, (("mentions", score),), section, verdict)


def draft_of(*scored: Scored, shelf: int = 40, **more: object) -> Draft:
    return assembled(scored, MASTHEAD, period=PERIOD, made_at=PERIOD.end, shelf=shelf, **more)  # type: ignore[arg-type]


def test_own_posts_come_first_by_time_then_topics_in_the_order_of_the_settings() -> None:
    blog = [
        Story(f"https://a.example/{n}", candidate(n, Entry(str(n), f"https://a.example/{n}", f"T{n}", "h")))
        for n in (1, 2, 3)
    ]
    late = Story("https://t.me/linghaoch/9", candidate(9, post("LinghaoCh", 9, "<p>late</p>")))
    early = Story("https://t.me/linghaoch/4", candidate(4, post("LinghaoCh", 4, "<p>early</p>")))
    draft = draft_of(
        one(late, "own"), one(blog[0], "llm"), one(blog[1], ""), one(early, "own"), one(blog[2], "ai")
    )
    assert [(s.name, s.slug, [i.key[-1] for i in s.items]) for s in draft.issue.sections] == [
        ("Parallel Experiments", "own", ["4", "9"]),
        ("AI", "ai", ["3"]),
        ("llm", "llm", ["1"]),
        ("More", "rest", ["2"]),
    ]


def test_a_post_keeps_its_words_its_origin_and_what_telegram_shows() -> None:
    html = '<p><a href="https://ai-2027.com">https://ai-2027.com</a> 这个页面很棒 #ai</p>'
    entry = post(
        "LinghaoCh", 7, html, "https://ai-2027.com",
        forward=Forward("C’s Random Collection"), reactions=(Reaction("🤩", 1),), views_shown="1.1K", edited=True,
    )  # fmt: skip
    article = Article(
        "https://ai-2027.com", "https://ai-2027.com", "AI 2027", site="ai-2027.com", summary="A scenario."
    )
    story = Story("https://ai-2027.com", candidate(1, entry, target="https://ai-2027.com", article=article))
    (item,) = draft_of(one(story, "own", "selected", 1.0, "ai")).issue.items
    assert plain(item.body) == "https://ai-2027.com 这个页面很棒 #ai"
    assert item.forward == Forward("C’s Random Collection")
    assert (item.url, item.permalink, item.title) == (
        "https://ai-2027.com",
        "https://t.me/LinghaoCh/7",
        "AI 2027",
    )
    assert item.preview and (item.preview.site, item.preview.description) == ("ai-2027.com", "A scenario.")
    assert (item.reactions, item.views_shown, item.edited, item.own) == (
        (Reaction("🤩", 1),),
        "1.1K",
        True,
        True,
    )


def test_the_curators_own_post_speaks_for_a_story_and_the_others_are_voices_in_order_of_time() -> None:
    lead = candidate(5, Entry("a", "https://a.example/x", "An article", "h"), feed="Blog")
    other = candidate(
        3,
        post("friend", 2, "<p>小模型的缓存怎么选？</p>", "https://a.example/x"),
        target="https://a.example/x",
    )
    own = candidate(
        8, post("LinghaoCh", 8, "<p>Mine.</p>", "https://a.example/x"), target="https://a.example/x"
    )
    (item,) = draft_of(one(Story("https://a.example/x", lead, (other, own)), "own")).issue.items
    assert plain(item.body) == "Mine."
    assert item.url == "https://a.example/x"
    assert [(voice.name, voice.kind, plain(voice.words)) for voice in item.voices] == [
        ("Friend", "post", "小模型的缓存怎么选？"),
        ("Blog", "article", ""),
    ]


def test_an_article_says_nothing_in_the_curators_name_and_quotes_whole_sentences_of_its_own() -> None:
    text = (
        "Caches decide the cost of small models in practice. "
        + "We measured three of them for a week each. " * 3
    )
    entry = Entry("a", "https://blog.example/x", "Small  models", "h", author="Ada", content=f"<p>{text}</p>")
    (item,) = draft_of(one(Story("k", candidate(1, entry)), "ai", "selected", 2.4, "llm")).issue.items
    assert [block.kind for block in item.body] == ["quote"]
    sentences = plain(item.body)
    assert sentences and sentences in " ".join(text.split())
    assert item.title == "Small models" and item.author == "Ada" and item.reading_minutes == 1
    assert item.preview and item.preview.url == entry.url
    assert item.reasons[:2] == ("score 2.40 = mentions 2.40", "#llm: word 'llm'")


def test_a_paper_shows_its_authors_and_identifier() -> None:
    paper = Paper("2305.18290", authors=("Rafailov", "Sharma"), journal="NeurIPS 2023")
    entry = Entry(
        "p",
        "https://arxiv.org/abs/2305.18290",
        "DPO",
        "h",
        summary="<p>Language models are aligned. It works.</p>",
        paper=paper,
    )
    (item,) = draft_of(one(Story("arxiv:2305.18290", candidate(1, entry)), "llm")).issue.items
    assert item.preview and item.preview.site == "arXiv.org"
    assert item.preview.description == "Rafailov, Sharma. NeurIPS 2023. arXiv:2305.18290"
    assert "aligned" in plain(item.body)


def test_what_was_not_selected_waits_on_the_shelf_except_what_was_carried() -> None:
    stories = [
        Story(f"k{n}", candidate(n, Entry(str(n), f"https://a.example/{n}", f"T{n}", "h"))) for n in range(5)
    ]
    verdicts = ("selected", "quota: 3 of A Blog", "carried in 2025-W15", "quota: 3 of A Blog", "max_items")
    draft = draft_of(*(one(s, "ai", v) for s, v in zip(stories, verdicts, strict=True)), shelf=2)
    assert [item.key for item in draft.shelf] == ["k1", "k3"]
    assert "quota: 3 of A Blog" in draft.shelf[0].reasons


def test_an_entry_without_anything_is_an_item_all_the_same() -> None:
    (item,) = draft_of(one(Story("k", candidate(1, Entry("x", "", "", "h"))))).issue.items
    assert item.body == () and item.key == "k"


def test_the_header_takes_figures_from_the_channel_and_words_from_the_settings() -> None:
    channel = Profile(
        "Their title", "LinghaoCh", description="Theirs.", counters=sample_issue.PROFILE.counters
    )
    profile = replace(MASTHEAD, channel=channel).profile
    assert (profile.title, profile.description, profile.counters[0].value) == (
        "Parallel Experiments",
        "Theirs.",
        "1.71K",
    )


# --- the file, untouched --------------------------------------------------------------------------

WORDS = st.text(st.sampled_from("abc #*_[]<>`~\\|!-+.:/&é中文，。！“”…🎉\t1)\n"), min_size=1, max_size=30)
LINE = WORDS.map(lambda text: " ".join(text.split())).filter(bool)
SPANS = st.builds(
    Span,
    WORDS,
    st.sampled_from([(), ("bold",), ("italic",), ("code",), ("spoiler",)]),
    st.sampled_from(["", "https://a.example/x_(y)?q=1&r=2"]),
)
LEAVES = st.one_of(
    st.builds(lambda spans: Block("paragraph", tuple(spans)), st.lists(SPANS, min_size=1, max_size=3)),
    st.builds(lambda text, level: Block("heading", (Span(text),), level=level), LINE, st.integers(1, 6)),
    st.builds(lambda text: Block("code", (Span("## no section\n### no item\n" + text),)), WORDS),
    st.just(Block("rule")),
)
BODIES = st.lists(
    st.one_of(
        LEAVES,
        st.builds(lambda child: Block("quote", children=(child,)), LEAVES),
        st.builds(lambda child: Block("list", children=(Block("item", children=(child,)),)), LEAVES),
    ),
    max_size=4,
).map(tidy)
TAGS = st.lists(st.sampled_from(["llm", "ai", "gpt-4", "大模型", "c++"]), unique=True, max_size=3).map(tuple)
URLS = st.sampled_from(["https://a.example/x", "https://b.example/x_(y)", "https://zh.example/中文？a=1", ""])


@st.composite
def drafts(make: st.DrawFn) -> Draft:
    keys = iter([f"https://key.example/{n}" for n in range(20)])

    def item() -> Item:
        return Item(
            next(keys), make(URLS), make(LINE | st.just("")), make(BODIES), make(TAGS),
            source=make(LINE), at=MONDAY, reactions=(Reaction("🔥", 2),), reasons=(make(LINE),), own=make(st.booleans()),
        )  # fmt: skip

    names = make(
        st.lists(LINE.filter(lambda name: name.casefold() not in ("shelf", "备选")), unique=True, max_size=3)
    )
    sections = tuple(
        Section(name, tuple(item() for _ in range(make(st.integers(0, 3)))), f"s{n}")
        for n, name in enumerate(names)
    )
    issue = replace(
        sample_issue.issue(),
        title=make(LINE),
        headline=make(LINE | st.just("")),
        sections=sections,
        note=make(BODIES),
    )
    return Draft(issue, tuple(item() for _ in range(make(st.integers(0, 3)))), make(st.booleans()))


@settings(max_examples=150, deadline=None)
@given(drafts())
def test_a_draft_that_nobody_touched_reads_back_as_it_was(draft: Draft) -> None:
    assert read(draft_markdown(draft), draft, FILE) == draft


@settings(max_examples=60, deadline=None)
@given(drafts())
def test_an_editor_that_trims_lines_and_writes_crlf_changes_nothing(draft: Draft) -> None:
    text = "\ufeff" + "\r\n".join(line.rstrip() for line in draft_markdown(draft).split("\n"))
    assert read(text, draft, FILE) == draft


@settings(max_examples=60, deadline=None)
@given(drafts())
def test_without_the_frozen_draft_the_same_items_come_in_the_same_order(draft: Draft) -> None:
    again = read(draft_markdown(draft), None, FILE)
    assert [item.key for item in again.issue.items] == [item.key for item in draft.issue.items]
    assert [section.name for section in again.issue.sections] == [
        section.name for section in draft.issue.sections
    ]


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("#- [x]()<!>`~+=\n\ta中：key")), st.booleans())
def test_any_text_behind_the_front_matter_can_be_read_and_no_word_of_it_is_lost(
    text: str, known: bool
) -> None:
    head = '+++\nweek = "2025-W16"\n+++\n\n## S\n\n'
    draft = read(f"{head}before {text}\n\nafterwards", sample() if known else None, FILE)
    everything = repr(draft.issue) + repr(draft.shelf)
    in_comment = text.count("<!--")
    assert in_comment or ("before" in everything and "afterwards" in everything)


def test_the_file_shows_the_facts_and_the_seed_reads_well() -> None:
    text = draft_markdown(sample())
    assert text.startswith('+++\nweek = "2025-W16"\n')
    assert "approved = false" in text
    assert "<!-- key: arxiv:2305.18290\n" in text
    assert "score 2.40 = taste 1.20 + mentions 1.20" in text
    assert "\n#llm #ai\n" in text
    assert "\n> So what’s suddenly different now?\n" in text
    assert (
        "- [ ] [Left out](https://x.example/shelved) · An Example Blog · #llm #gpt-4 <!-- key: https://x.example/shelved -->"
        in text
    )


# --- the file, edited -----------------------------------------------------------------------------


def test_deleting_everything_is_an_empty_issue_that_is_not_approved() -> None:
    draft = read("", replace(sample(), approved=True), FILE)
    assert (draft.issue.sections, draft.shelf, draft.approved, draft.issue.week) == (
        (),
        (),
        False,
        "2025-W16",
    )
    assert draft.warnings


def test_an_item_is_left_out_moved_and_retitled() -> None:
    draft = sample()
    text = draft_markdown(draft)
    second = text[text.index("### [The Second Half]") : text.index("### [Direct")]
    text = text.replace(second, "").replace(
        "## Shelf", second.replace("[The Second Half]", "[下半场]") + "## Shelf"
    )
    changed = read(text, draft, FILE)
    assert [item.title for item in changed.issue.items] == ["AI 2027", DPO.title, ARTICLE.title, "下半场"]
    moved = changed.issue.items[-1]
    assert moved.preview and moved.preview.title == "下半场"
    assert (moved.reactions, moved.body, moved.views_shown) == (
        SECOND_HALF.reactions,
        SECOND_HALF.body,
        "986",
    )
    assert changed.warnings == ()


def test_a_remark_is_the_curators_and_the_passage_stays() -> None:
    changed = edited(sample(), ("> A cache that", "值得一读，尤其是第三节。\n\n> A cache that"))
    remark, quote = changed.issue.items[-1].body
    assert plain((remark,)) == "值得一读，尤其是第三节。" and remark.lang == "zh-Hans"
    assert quote == ARTICLE.body[0]


def test_a_remark_on_another_channels_post_quotes_that_post() -> None:
    theirs = replace(
        ARTICLE,
        key="k",
        permalink="https://t.me/example_news/77",
        body=(sample_issue.paragraph("Their words."),),
    )
    draft = Draft(replace(sample_issue.issue(), sections=(Section("S", (theirs,)),)))
    (item,) = edited(draft, ("Their words.", "My remark.\n\nTheir words.")).issue.items
    assert [block.kind for block in item.body] == ["paragraph", "quote"]
    assert item.body[1].children == theirs.body


def test_tags_are_added_taken_away_and_read_from_the_words() -> None:
    changed = edited(sample(), ("#llm #gpt-4\n\n> A", "＃agents，#gpt-4\n\nSee #缓存 too.\n\n> A"))
    assert changed.issue.items[-1].tags == ("agents", "gpt-4", "缓存")
    assert edited(sample(), ("#llm #gpt-4\n\n> A", "> A")).issue.items[-1].tags == ()


def test_a_new_item_needs_a_link_and_words_only() -> None:
    new = "### [新的一条](https://new.example/a?utm_source=x)\n\n#ai\n\n我的话。\n\n## Shelf"
    item = edited(sample(), ("## Shelf", new)).issue.items[-1]
    assert (item.title, item.key, item.tags, item.source) == (
        "新的一条",
        "https://new.example/a",
        ("ai",),
        "new.example",
    )
    assert plain(item.body) == "我的话。" and item.reactions == ()


@pytest.mark.parametrize(
    ("heading", "title", "url"),
    [
        ("### https://new.example/a", "https://new.example/a", "https://new.example/a"),
        ("###[无空格](https://new.example/a)", "无空格", "https://new.example/a"),
        ("###　[全角]（https://new.example/a）", "全角", "https://new.example/a"),
        ("### [a [b] c](https://new.example/x_(y))", "a [b] c", "https://new.example/x_(y)"),
        ("### Only words", "Only words", ""),
    ],
)
def test_headings_as_people_write_them(heading: str, title: str, url: str) -> None:
    item = edited(sample(), ("## Shelf", f"{heading}\n\nwords\n\n## Shelf")).issue.items[-1]
    assert (item.title, item.url) == (title, url)


def test_deleted_comments_lose_no_facts_since_the_address_tells_the_item() -> None:
    draft = sample()
    bare = re.sub(r"<!--[\s\S]*?-->", "", draft_markdown(draft))
    assert read(bare, draft, FILE).issue == draft.issue


def test_the_shelf_ticked_moved_up_annotated_and_filled() -> None:
    draft = sample()
    line = next(line for line in draft_markdown(draft).split("\n") if line.startswith("- [ ]"))
    ticked = edited(draft, (line, line.replace("[ ]", "[x]")))
    assert [item.title for item in ticked.issue.sections[1].items] == [ARTICLE.title, "Left out"]
    assert ticked.shelf == ()
    noted = edited(draft, (line, line.replace("[ ]", "[x]") + "\n  Why it is here."))
    assert plain(noted.issue.items[-1].body[:1]) == "Why it is here."
    assert noted.issue.items[-1].body[1:] == ARTICLE.body
    moved = edited(draft, ("\n" + line, ""), ("## Language models\n", f"## Language models\n\n{line}\n"))
    assert [item.title for item in moved.issue.sections[1].items] == ["Left out", ARTICLE.title]
    added = edited(draft, (line, f"{line}\n- [x] [Mine](https://mine.example/) · #llm"))
    assert [item.title for item in added.issue.sections[1].items] == [ARTICLE.title, "Mine"]


def test_an_item_dragged_below_the_shelf_is_left_out_with_its_words() -> None:
    draft = sample()
    text = draft_markdown(draft)
    article = text[text.index("### [Small models") : text.index("## Shelf")]
    changed = read(text.replace(article, "") + "\n" + article, draft, FILE)
    assert ARTICLE in changed.shelf and ARTICLE not in changed.issue.items


def test_comments_never_reach_the_issue_and_code_keeps_what_looks_like_one() -> None:
    words = "one <!-- a note --> two `<!-- code -->`\n\n```html\n<!-- kept -->\n## not a section\n```\n\n<!-- three\nlines -->end\n\n"
    changed = edited(sample(), ("> A cache that", words + "> A cache that"))
    said = plain(changed.issue.items[-1].body)
    assert "a note" not in said and "lines" not in said
    assert said.split("\n")[0].split() == ["one", "two", "<!--", "code", "-->"]
    assert "<!-- kept -->\n## not a section" in said and "end" in said


def test_what_is_not_understood_is_kept_and_named_by_its_line() -> None:
    text = draft_markdown(sample()).replace("## Language models\n", "## Language models\n\nLoose words.\n")
    line = text.split("\n").index("Loose words.") + 1
    changed = read(text, sample(), FILE)
    assert plain(changed.issue.sections[1].items[0].body) == "Loose words."
    assert changed.warnings == (
        f'line {line}: text that belongs to no item is kept as one; put it under a "###" heading',
    )


def test_a_code_block_that_never_ends_costs_its_own_item_only() -> None:
    changed = edited(sample(), ("Truly a thought", "```\nTruly a thought"))
    assert [item.key for item in changed.issue.items] == [item.key for item in sample().issue.items]
    assert any("never ends" in warning for warning in changed.warnings)


def test_approval_and_titles_come_from_the_front_matter() -> None:
    changed = edited(
        sample(), ("approved = false", "approved = true"), ('headline = ""', 'headline = "缓存之周"')
    )
    assert changed.approved and changed.issue.headline == "缓存之周"


def test_the_opening_is_read() -> None:
    changed = edited(sample(), ("\n## Parallel Experiments", "\n本周只有四条。\n\n## Parallel Experiments"))
    assert plain(changed.issue.note) == "本周只有四条。"


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("approved = false", 'approved = "yes"', 5, "approved = true or approved = false"),
        ("approved = false", "approved = ture", 5, "isn't valid TOML"),
        ('week = "2025-W16"', 'week = "2025-W17"', 2, "draft of 2025-W16"),
        ('title = "', "title = “", 3, "straight quotes"),
        ("\n+++\n", "\n", 1, "never ends"),
        ("+++\nweek", "---\nweek", 1, "two lines of \\+\\+\\+"),
    ],
)
def test_broken_front_matter_is_an_error_with_its_line_and_what_to_do(
    old: str, new: str, line: int, words: str
) -> None:
    with pytest.raises(DraftError, match=words) as caught:
        edited(sample(), (old, new))
    assert caught.value.subject == f"{FILE}:{line}"


def test_an_issue_without_a_frozen_draft_knows_its_week() -> None:
    draft = read(
        '+++\nweek = "2025-W16"\ntitle = "T"\n+++\n\n## S\n\n### [A](https://a.example/)\n', None, FILE
    )
    assert draft.issue.period == Period(
        "2025-W16", datetime(2025, 4, 14, tzinfo=UTC), datetime(2025, 4, 21, tzinfo=UTC)
    )
    assert isinstance(draft.issue, Issue) and draft.issue.items[0].title == "A"


# --- passages -------------------------------------------------------------------------------------


def test_passages_pasted_from_the_article_become_quotes() -> None:
    """As in the channel: a remark and a link, then paragraphs of the article without any mark."""
    from digest.issue.assembling import quoting

    source = (
        'Preface. So what’s suddenly different now? In three words: "RL finally works". More precisely, it generalises '
        "across tasks.\n\nAnd then: 新的评测比训练更重要，因为问题的定义决定了一切，而不是模型本身的大小，这一点值得反复强调，也值得写下来。"
    )
    remark = Block(
        "paragraph", (Span("Truly a thought-provoking piece, from the author of τ-bench, worth the hour."),)
    )
    short = Block("paragraph", (Span("So what's suddenly different now?"),))
    long = Block(
        "paragraph",
        (Span("In three words: “RL finally works”. More precisely, it generalises across tasks."),),
    )
    chinese = Block(
        "paragraph",
        (
            Span(
                "新的评测比训练更重要,因为问题的定义决定了一切,而不是模型本身的大小,这一点值得反复强调,也值得写下来。"
            ),
        ),
    )
    assert quoting((remark, short, long, remark, chinese), source) == (
        remark,
        Block("quote", children=(short, long)),
        remark,
        Block("quote", children=(chinese,)),
    )
    assert quoting((remark, short, remark), source) == (remark, short, remark)
