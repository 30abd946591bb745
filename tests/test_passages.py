"""What an article is quoted with: its source's words, without those of the software in between."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.issue.passages import description, headline, is_cut_of, passage

WORDS = "Feeds are a protocol of patience. A poller that asks too often is asked to stay away."
LONG = f"{WORDS} " + " ".join(
    f"Measured case number {n} says the same about retries and load." for n in range(30)
)


@pytest.mark.parametrize(
    "added",
    [
        "The post Patience appeared first on A Blog.",
        "Der Beitrag Geduld erschien zuerst auf ein-blog.example.",
        "Cet article Patience est apparu en premier sur Un blog.",
        "L'articolo Pazienza sembra essere il primo su Romanews.",
        "Artykuł Cierpliwość pochodzi z serwisu Blog.",
        "文章耐心最先出现在某博客。",
        "Patience was originally published in A Blog on Medium, where people are continuing the conversation by "
        "highlighting and responding to this story.",
        "Continue reading on Medium »",
        "Read more of this story at Slashdot.",
        "[read more]",
        "30 posts - 16 participants\nRead full topic",
        "To read this article in full, please click here",
        "submitted by /u/someone [link] [12 comments]",
        "Article URL: https://a.example/ Comments URL: https://n.example/1 Points: 12 # Comments: 3",
        "阅读全文",
    ],
)
def test_what_feed_software_adds_is_left_out(added: str) -> None:
    assert passage("Patience", f"{WORDS} {added}", "") == (WORDS,)
    assert passage("Patience", f"{WORDS}\n\n{added}", "") == (WORDS,)
    assert passage("Patience", added, "") == ()


def test_a_sentence_that_was_cut_off_is_left_out_and_a_lone_one_keeps_a_mark() -> None:
    assert passage("Patience", f"{WORDS} And then the server [\u2026]", "") == (WORDS,)
    assert passage("Patience", f"{WORDS} It went on, and it said that\u2026", "") == (
        f"{WORDS} It went on, and it said that\u2026",
    )
    assert passage("Patience", "A poller that asks too [...]", "") == ("A poller that asks too\u2026",)
    assert passage("Karg", "A very special story from Karg...", "") == ("A very special story from Karg...",)


def test_a_cut_of_the_text_gives_way_to_whole_sentences_of_it() -> None:
    assert is_cut_of(WORDS[:60] + "…", LONG)
    (words,) = passage("Patience and load", WORDS[:60] + "…", LONG)
    assert words.endswith(".")
    assert all(part.strip() in LONG for part in words.split(". "))


def test_entities_that_were_escaped_twice_and_tex_are_read() -> None:
    assert passage("t", "A pattern...&nbsp; So &ldquo;forgive&rdquo; me.", "") == (
        "A pattern... So “forgive” me.",
    )
    assert passage("t", r"We model \textit{hints} with 95\% care.", "", is_tex=True) == (
        "We model hints with 95% care.",
    )
    assert passage("t", r"Write \textit{x} for italics.", "") == (r"Write \textit{x} for italics.",)


@pytest.mark.parametrize(
    ("title", "text", "shown"),
    [
        ("The AI hater’s guide to code with LLMs . This is...", "The AI hater’s guide to code with LLMs. This is good.", "The AI hater’s guide to code with LLMs"),
        ("And then there were two…", "Another text.", "And then there were two…"),
        ("怎么回事……", "怎么回事……我也不知道。", "怎么回事……"),
        ("A title", "A title and more.", "A title"),
        ("", "Only words here. And more.", "Only words here"),
        ("", "", ""),
    ],
)  # fmt: skip
def test_a_title_that_is_a_cut_of_the_text_is_made_whole(title: str, text: str, shown: str) -> None:
    assert headline(title, text) == shown


def test_the_card_does_not_repeat_the_passage() -> None:
    assert description(WORDS, WORDS) == ""
    assert description(f"By A. Author. {WORDS}", WORDS.split(". ")[0] + ".") == ""
    assert description("Something else is said here.", WORDS) == "Something else is said here."
    assert description("Something else is said here.", "") == "Something else is said here."


@given(st.text(), st.text(), st.text())
def test_no_text_raises_and_no_word_is_made_up(title: str, own: str, text: str) -> None:
    passage(title, own, text)
    headline(title, text)
    description(own, text)


def test_a_megabyte_of_words_takes_no_time() -> None:
    start = time.process_time()
    passage("Patience", "The post " * 120_000 + "x", "Read more " * 100_000)
    assert time.process_time() - start < 5, "seconds of CPU"
