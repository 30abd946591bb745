"""Measures of text, Chinese and Latin."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.text import (
    SearchTerm,
    cut,
    hashtags,
    reading_minutes,
    search_query,
    search_text,
    sentences,
    tag_key,
    tag_slug,
    tokens,
    width,
    without_passages,
    wrap,
)

_MIXED = (
    st.text(alphabet=st.sampled_from("ab .,。，“”「」中文字👍🏽❤\ufe0f\u200d👩🇨🇳e\u0301カ한")) | st.text()
)


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("abc", 3),
        ("中文", 4),
        ("，", 2),
        ("…", 1),
        ("👍🏽", 2),
        ("❤️", 2),
        ("👨‍👩‍👧", 2),
        ("🇨🇳🇯🇵", 4),
        ("e\u0301", 1),
        ("1️⃣", 2),
    ],
)
def test_width_is_what_a_terminal_shows(text: str, columns: int) -> None:
    assert width(text) == columns


@given(_MIXED, st.integers(0, 30))
def test_cut_never_passes_its_limit(text: str, limit: int) -> None:
    assert width(cut(text, limit)) <= limit
    if width(text) <= limit:
        assert cut(text, limit) == text


def test_cut_ends_where_a_reader_would() -> None:
    assert cut("The quick brown fox jumps over the lazy dog. And then it slept.", 50) == (
        "The quick brown fox jumps over the lazy dog. …"
    )
    assert cut("The quick brown fox", 14) == "The quick…"
    assert cut("今天学习了直接偏好优化，它不需要奖励模型", 25) == "今天学习了直接偏好优化…"
    assert cut("👍🏽👍🏽👍🏽", 5) == "👍🏽👍🏽…"
    assert cut("中文", 1) == "…"


def test_wrap_holds_chinese_line_rules_and_addresses() -> None:
    text = "今天学习了 DPO（Direct Preference Optimization），它“不需要”奖励模型。见 https://example.org/a/long/address，很棒！"
    lines = wrap(text, 24).split("\n")
    assert all(width(line) <= 24 for line in lines if "https:" not in line)
    assert not any(line[0] in "，。”）！" for line in lines)
    assert not any(line[-1] in "（“" for line in lines)
    assert any("https://example.org/a/long/address" in line for line in lines)


def test_wrap_starts_lines_as_asked() -> None:
    assert wrap("one two three", 9, first="- ", later="  ") == "- one two\n  three"


@given(_MIXED, st.integers(4, 40))
def test_wrap_loses_nothing_but_spaces(text: str, columns: int) -> None:
    assert "".join(wrap(text, columns).split()) == "".join(text.split())


def test_sentences_are_verbatim() -> None:
    assert sentences(
        "今天很好。“真的？”他说。\nSee Fig. 3 for e.g. GPT-3.5 results. Dr. Smith agreed! Really?"
    ) == [
        "今天很好。",
        "“真的？”",
        "他说。",
        "See Fig. 3 for e.g. GPT-3.5 results.",
        "Dr. Smith agreed!",
        "Really?",
    ]


def test_reading_time_counts_characters_and_words() -> None:
    assert reading_minutes("字" * 1200) == 3
    assert reading_minutes("word " * 460) == 2
    assert reading_minutes("字" * 400 + " word" * 230) == 2
    assert reading_minutes("one") == 1
    assert reading_minutes("") == 0


def test_passages_of_another_text_are_left_out() -> None:
    frame = "Welcome to another day of the calendar!"
    assert without_passages(f"{frame} Eliza listens.", f"{frame} Fish swim.", 6) == "! eliza listens."
    assert without_passages("Fish swim all day", "Fish swim all night", 6) == "fish swim all day"
    assert without_passages("a b c d e f g", "x b c d e f y", 4) == "a  g"
    assert without_passages("欢迎来到今天的专栏：艾丽莎", "歡迎來到今天的專欄：鱼", 6) == ":艾丽莎"


def test_tokens_are_folded() -> None:
    assert tokens("Ｈello 學习 GPT-4 カナ") == ["hello", "学", "习", "gpt", "4", "カ", "ナ"]


def _is_found(text: str, query: str) -> bool:
    """What a full-text index does with the two forms."""
    index = search_text(text).split()

    def holds(term: SearchTerm) -> bool:
        size = len(term.words)
        return any(
            index[i : i + size] == list(term.words)
            or (
                term.is_prefix
                and index[i : i + size - 1] == list(term.words[:-1])
                and index[i + size - 1 : i + size] != []
                and index[i + size - 1].startswith(term.words[-1])
            )
            for i in range(len(index))
        )

    return all(holds(term) != term.is_excluded for term in search_query(query))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("优化", True),
        ("偏好优化", True),
        ("優化", True),
        ("好优", True),
        ("化", True),
        ("偏", True),
        ("dpo", True),
        ("学习DPO", True),
        ("习DPO", True),
        ('"直接 偏好"', False),
        ("DPO -优化", False),
        ("GPT-4", True),
        ("GPT-5", False),
        ("train*", True),
        ("train", False),
        ("化优", False),
        ("", True),
    ],
)
def test_search_finds_two_characters(query: str, found: bool) -> None:
    assert _is_found("学习DPO的直接偏好优化，GPT-4 training", query) is found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#llm #ai", ("llm", "ai")),
        ("看 #人工智能，好", ("人工智能",)),
        ("#gpt-4", ("gpt",)),
        ("#AI/ML", ("AI",)),
        ("#c++", ("c",)),
        ("#123", ()),
        ("#1a", ("1a",)),
        ("#大模型#ai", ()),
        ("#ai@LinghaoCh", ("ai@LinghaoCh",)),
        ("今天看了#ai很棒", ()),
        ("#ai的", ("ai的",)),
        ("＃ai", ()),
        ("#a#b #c", ("c",)),
        ("#カタカナ・テスト", ("カタカナ",)),
        ("#e\u0301", ("é",)),
        ("https://x.com/#frag", ()),
        ("“#ai”", ("ai",)),
        ("(#ai)", ("ai",)),
        ("#llm。", ("llm",)),
        ("https://arxiv.org/abs/2305.18290 #llm #ai\n今天", ("llm", "ai")),
    ],
)
def test_hashtags_are_those_that_telegram_links(text: str, expected: tuple[str, ...]) -> None:
    assert hashtags(text) == expected


def test_tag_keys_join_spellings() -> None:
    assert tag_key("#ＡＩ@LinghaoCh") == tag_key("ai") == "ai"
    assert tag_key("大模型") == "大模型"
    assert tag_key("a_b") != tag_key("ab")


@pytest.mark.parametrize(
    ("tag", "slug"),
    [
        ("gpt-4", "gpt_4"),
        ("C++", "cpp"),
        ("c#", "csharp"),
        ("AI/ML", "AI_ML"),
        ("大模型", "大模型"),
        ("123", ""),
        ("👍", ""),
    ],
)
def test_tag_slug_is_linked_by_telegram(tag: str, slug: str) -> None:
    assert tag_slug(tag) == slug


@given(st.text(max_size=20))
def test_a_slug_is_one_whole_tag(tag: str) -> None:
    slug = tag_slug(tag)
    assert not slug or hashtags(f"#{slug}") == (slug,)
