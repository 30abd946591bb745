"""Tags: who wrote them comes before what the rules find, and each says why."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.tags import measured, rows_since, topics_shipped
from digest.errors import ConfigError
from digest.model import Article, Candidate, Entry, Feed, Forward, Paper, Post, Story, TagMatch
from digest.topics import Topic, tagged

AT = datetime(2026, 11, 10, 8, tzinfo=UTC)
LLM = Topic("llm", any=("LLM", "RLHF", "大模型"), arxiv=("cs.CL",), aliases=("大模型", "LLMs"))
AI = Topic(
    "ai", any=("AI", "人工智能"), not_=("Ai Weiwei",), feeds=("lab.example",), aliases=("machine learning",)
)
TOPICS = (LLM, AI)


def candidate(title: str = "", summary: str = "", *, feed: Feed | None = None, **entry: Any) -> Candidate:
    feed = feed or Feed("https://blog.example/feed", "Blog", "https://blog.example/")
    item = Entry(
        id=title, url="https://blog.example/1", title=title, content_hash="", summary=summary, **entry
    )
    return Candidate(1, feed, feed.title, item, AT, AT, f"{feed.url} {title}")


def post(text: str, *hashtags: str, channel: str = "LinghaoCh", forward: Forward | None = None) -> Candidate:
    what = Post(channel, f"{channel} 🌠", (1,), hashtags=hashtags, forward=forward)
    return candidate(summary=text, feed=Feed(f"https://t.me/s/{channel}", channel), post=what)


def tags(*members: Candidate, topics: tuple[Topic, ...] = TOPICS, own: str = "") -> tuple[TagMatch, ...]:
    return tagged(Story("k", members[0], members[1:]), topics, own_handle=own)


def names(*members: Candidate, topics: tuple[Topic, ...] = TOPICS, own: str = "") -> list[str]:
    return [match.tag for match in tags(*members, topics=topics, own=own)]


@pytest.mark.parametrize(
    ("title", "found"),
    [
        ("An LLM for everyone", ["llm"]),
        ("why llm? because", ["llm"]),
        ("学习LLM的第一天", ["llm"]),
        ("ＬＬＭ 入门", ["llm"]),
        ("LLM2 and GPT", ["llm"]),
        ("HELLMAN and Diffie", []),
        ("LLMs", []),
        ("国产大模型盘点", ["llm"]),
        ("Email, maintained", []),
        ("AI", ["ai"]),
        ("Ai Weiwei on AI", []),
        ("See https://ai-2027.com for more", []),
        ("人工智能与大模型", ["llm", "ai"]),
    ],
)
def test_words_match_whole_words_in_latin_and_anything_in_chinese(title: str, found: list[str]) -> None:
    assert names(candidate(title)) == found


def test_a_reason_names_the_rule_and_the_place() -> None:
    (match,) = tags(candidate("RLHF explained"))
    assert match == TagMatch("llm", "rule", "rule any: “RLHF” in the title", 1.0)
    (match,) = tags(candidate("Explained", "<p>How <b>RLHF</b> works</p>"))
    assert match.reason == "rule any: “RLHF” in the text" and match.score < 1


def test_other_members_are_read_too_and_named() -> None:
    paper = candidate("A study", feed=Feed("https://a.example/", "A"))
    blog = candidate("The LLM study", feed=Feed("https://b.example/", "B"))
    (match,) = tags(paper, blog)
    assert match.reason == "rule any: “LLM” in the title at B"


def test_the_curators_hashtags_come_first_and_in_their_order() -> None:
    own = post("DPO，again", "llm", "ai", "数学")
    other = post("nice", "每日推荐", "AI", channel="other")
    assert names(other, own, own="@linghaoch") == ["llm", "ai", "数学", "每日推荐"]


def test_other_authors_topics_come_before_their_other_tags() -> None:
    assert names(post("LLM", "每日推荐", "ai", channel="other")) == ["ai", "llm", "每日推荐"]


def test_a_forwards_hashtags_are_its_authors() -> None:
    forwarded = post("page", "ai", forward=Forward("C’s Random Collection", "https://t.me/crc/7"))
    (match,) = tags(forwarded, own="LinghaoCh")
    assert (match.origin, match.reason) == ("hashtag", "#ai by C’s Random Collection")


def test_an_alias_is_written_as_its_topic() -> None:
    assert names(post("", "大模型", "LLMs", "ＬＬＭ", "LLM")) == ["llm"]
    assert names(candidate("Notes", categories=("Machine Learning", "Holiday"))) == ["ai"]


def test_tags_can_be_linked_on_telegram() -> None:
    assert names(post("", "ci-cd"), topics=()) == ["ci_cd"]
    assert names(
        candidate("big data", feed=Feed("https://x.example/", tags=("big data", "2026"))), topics=()
    ) == ["big_data"]


def test_feeds_match_by_address_host_and_title() -> None:
    for feed in (
        Feed("https://www.lab.example/rss"),
        Feed("https://feeds.example/1", site_url="https://blog.lab.example/"),
        Feed("https://feeds.example/1", title="LAB.example"),
    ):
        assert [(m.tag, m.origin) for m in tags(candidate("x", feed=feed))] == [("ai", "feed")]
    assert names(candidate("x", feed=Feed("https://notlab.example/"))) == []


def test_arxiv_categories_are_the_weakest_reason() -> None:
    paper = candidate("On things", paper=Paper("2601.00001", categories=("cs.LG", "cs.CL")))
    (match,) = tags(paper)
    assert (match.tag, match.origin, match.reason) == ("llm", "category", "arXiv category cs.CL")
    assert match.score < tags(candidate("x", feed=Feed("https://lab.example/")))[0].score


def test_a_mention_bears_the_words_of_the_article_that_it_mentions() -> None:
    bare = replace(post("看这个"), article=Article("k", "https://x.example/", title="What RLHF is"))
    assert names(bare) == ["llm"]


def test_a_regular_expression_sees_case_and_a_broken_one_is_named() -> None:
    rag = Topic("rag", regex=(r"\bRAG\b",))
    assert names(candidate("RAG or not"), topics=(rag,)) == ["rag"]
    assert names(candidate("rag or not"), topics=(rag,)) == []
    with pytest.raises(ConfigError, match=r"topics\.rag\.regex.*'\('"):
        names(candidate("x"), topics=(Topic("rag", regex=("(",)),))


def test_what_stands_far_down_is_an_aside() -> None:
    assert names(candidate("Cooking", "<p>" + "rice and salt. " * 100 + "LLM</p>")) == []


words = st.text(st.sampled_from("ailmLR大模型 ，.-#"), max_size=40)


@given(title=words, summary=words, hashtags=st.lists(words, max_size=4))
def test_each_tag_once_and_never_empty(title: str, summary: str, hashtags: list[str]) -> None:
    entry = post(summary, *hashtags)
    found = names(replace(entry, entry=replace(entry.entry, title=title)))
    keys = [name.casefold() for name in found]
    assert all(keys) and len(keys) == len(set(keys))


@given(before=words, after=words)
def test_a_word_between_spaces_is_found_wherever_it_stands(before: str, after: str) -> None:
    assert "llm" in names(candidate(f"{before} RLHF {after}"))


def test_the_shipped_topics_know_their_own_names() -> None:
    shipped = topics_shipped()
    assert {topic.name for topic in shipped} >= {"llm", "ai", "agents", "rl", "infra"}
    for topic in shipped:
        assert topic.name in names(post("", *topic.aliases[:1]), topics=shipped)
    dpo = "原始的 RLHF 是用 pairwise human preference data 去训练一个 reward model"
    assert {"llm", "rl"} <= set(names(candidate("今天深入学习了 DPO", dpo), topics=shipped))


@pytest.mark.shared
def test_the_shipped_topics_find_a_curators_tags(shared: Any) -> None:
    rows = rows_since(shared / "corpora/tagged-links/simonw-blogmarks.jsonl", "2021-06")
    result = measured(rows, {"ai": ("ai",), "llm": ("llms",)})
    assert result["ai"]["f1"] >= 0.90
    assert result["llm"]["f1"] >= 0.92
