"""Measures of text, Chinese and Latin."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.text import (
    SearchTerm,
    cut,
    hashtags,
    language,
    reading_minutes,
    search_query,
    search_text,
    sentences,
    spoken,
    summary,
    tag_key,
    tag_slug,
    tokens,
    width,
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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("今天学习了", "zh-Hans"),
        ("今天學習了", "zh-Hant"),
        ("中文", "zh"),
        ("Claude 3.7 Sonnet 发布了 extended thinking", "zh-Hans"),
        ("A longer note on 习", "en"),
        ("これは日本語です", "ja"),
        ("一个の字不算日语的句子", "zh-Hans"),
        ("한국어 문장입니다", "ko"),
        ("Привет, мир", "ru"),
        ("https://example.org/a 123", ""),
        ("", ""),
    ],
)
def test_language_by_script(text: str, expected: str) -> None:
    assert language(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The reward model turns into a loss on pairs of answers, and no sampling is needed.", "en"),
        ("Das Belohnungsmodell wird zu einem Verlust auf Paaren von Antworten, und es braucht keine.", "de"),
        ("Le modèle de récompense devient une perte sur des paires de réponses, sans échantillons.", "fr"),
        ("El modelo de recompensa se convierte en una pérdida sobre pares de respuestas del usuario.", "es"),
        ("O modelo de recompensa torna-se uma perda sobre pares de respostas, e não há amostragem.", "pt"),
        ("Il modello di ricompensa diventa una perdita su coppie di risposte, e non serve altro.", "it"),
        ("Het beloningsmodel wordt een verlies op paren van antwoorden, en er is niets meer nodig.", "nl"),
        ("Belöningsmodellen blir en förlust på par av svar, och det behövs ingen sampling längre.", "sv"),
        ("Model nagrody staje się stratą na parach odpowiedzi i nie jest już potrzebne próbkowanie.", "pl"),
        ("Модель вознаграждения превращается в функцию потерь на парах ответов, и это всё.", "ru"),
        ("Модель винагороди перетворюється на функцію втрат на парах відповідей, і це все.", "uk"),
        ("هذا النموذج يتعلم من تفضيلات الناس", "ar"),
        ("این مدل از ترجیحات مردم یاد می‌گیرد و چند گزینه دارد", "fa"),
        ("Das Modell", "en"),  # too short to tell, and no harm in a title
        ("git clone https://example.org/la/de/que && cd la && make de que el los", "en"),
    ],
)
def test_language_by_small_words(text: str, expected: str) -> None:
    assert language(text) == expected


def test_what_is_declared_refines_or_decides_what_the_text_leaves_open() -> None:
    german = "Das Belohnungsmodell wird zu einem Verlust auf Paaren von Antworten, und es braucht keine."
    assert spoken(german) == "de"
    assert spoken(german, "de-AT") == "de-AT"
    assert spoken(german, "en") == "de", "a theme's default says nothing"
    assert spoken("Das Modell", "de") == "de"
    assert spoken("偏好优化把奖励模型写成损失函数", "en-US") == "zh-Hans"
    assert spoken("Short and English", "zh-CN") == "en"
    assert spoken("", "fr") == "fr"


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


ARTICLE = """\
# Direct Preference Optimization

By A. Writer

Large language models are often tuned with reinforcement learning from human feedback. This was the norm in 2022.

```python
print("Direct Preference Optimization is not a sentence here at all.")
```

[Direct Preference Optimization](https://example.org/dpo) needs no reward model and no sampling during training.
The weather was pleasant on the day that the paper came out, and many people went for a walk.
"""


def test_a_summary_never_ends_inside_a_sentence() -> None:
    wrapped = (
        "The reward model of reinforcement learning\nturns into a loss on pairs\nof answers. No sampling\nis needed any more.\n\n"
        "## What it costs in the end\n\n> Two lines of a quote that go on\n> until they end at last.\n\n"
        "- An item of a list without an end, which says\n  nothing whole\n"
    )
    assert summary("The reward model", wrapped, "en") == (
        "The reward model of reinforcement learning turns into a loss on pairs of answers. No sampling is needed any "
        "more. Two lines of a quote that go on until they end at last."
    )
    chinese = (
        "奖励模型写成成对答案上的\n损失函数；训练时不再需要采样。\n人们因此省下了一半的时间，也省下了钱。"
    )
    assert summary("奖励模型", chinese, "zh") == chinese.replace("\n", "")
    assert summary(
        "Sen. Warren", "We asked Sen. Warren about the model of Dr. Smith and his friends.", "en"
    ) == ("We asked Sen. Warren about the model of Dr. Smith and his friends.")


def test_summary_has_whole_sentences_near_the_title() -> None:
    text = summary("Direct Preference Optimization without a reward model", ARTICLE, "en", max_sentences=2)
    assert "Direct Preference Optimization needs no reward model and no sampling during training." in text
    assert "weather" not in text
    assert "print" not in text
    assert "Writer" not in text


def test_summary_of_chinese_text_is_joined_without_spaces() -> None:
    article = "直接偏好优化不需要奖励模型。作者证明它与强化学习的目标相同。昨天的天气很好，大家都出去玩了。"
    text = summary("直接偏好优化：不需要奖励模型", article, "zh", max_sentences=2)
    assert text == "直接偏好优化不需要奖励模型。作者证明它与强化学习的目标相同。"
    assert summary("标题", "", "zh") == ""


@given(st.text(), _MIXED)
def test_summary_says_nothing_that_is_not_there(title: str, text: str) -> None:
    assert all(character in text for character in summary(title, text).replace(" ", ""))


def test_reading_time_counts_characters_and_words() -> None:
    assert reading_minutes("字" * 1200) == 3
    assert reading_minutes("word " * 460) == 2
    assert reading_minutes("字" * 400 + " word" * 230) == 2
    assert reading_minutes("one") == 1
    assert reading_minutes("") == 0


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
