"""telegram.json: messages that the Bot API takes, within its limits, nothing cut away."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sample_issue import ARTICLE, issue, paragraph

from digest.markup import tidy
from digest.model import Block, Issue, Item, Section, Span
from digest.render import look, telegram
from digest.render.telegram import MAX_ENTITIES, MAX_UNITS

LOOK = look()
ALLOWED = {"b", "i", "u", "s", "code", "pre", "a", "blockquote", "tg-spoiler"}


def messages(shown: Issue) -> list[dict[str, Any]]:
    parsed: list[dict[str, Any]] = json.loads(telegram.render(shown, LOOK).body)
    return parsed


def with_bodies(*bodies: tuple[Block, ...]) -> Issue:
    items = (replace(ARTICLE, key=f"https://many.example/{n}", body=body) for n, body in enumerate(bodies))
    return replace(issue(), sections=(Section("Many", tuple(items)),))


def check(message: dict[str, Any]) -> str:
    """The text after parsing, as Telegram would: tags balanced and known, no quote in a quote, limits held."""
    open_: list[str] = []
    for closing, name in re.findall(r"<(/?)([a-z-]+)[^>]*>", message["text"]):
        assert name in ALLOWED
        if closing:
            assert open_.pop() == name
        else:
            assert name != "blockquote" or name not in open_
            open_.append(name)
    assert not open_
    text = html.unescape(re.sub(r"<[^>]*>", "", message["text"]))
    assert len(text.encode("utf-16-le")) // 2 == message["length_utf16"] <= MAX_UNITS
    assert len(re.findall(r"<[a-z]", message["text"])) <= message["entities"] <= MAX_ENTITIES
    assert text.strip()
    return text


def test_the_sample_is_one_message() -> None:
    (message,) = messages(issue())
    text = check(message)
    assert message["parse_mode"] == "HTML"
    assert message["link_preview_options"] == {"is_disabled": True}
    assert "\nhttps://ysymyth.github.io/The-Second-Half/ #ai\n" in text
    assert "We measured &lt;three&gt; of them &amp; kept one." in message["text"]
    assert "<blockquote>So what’s" in message["text"] and "(LLMs).</blockquote>" in message["text"]


def test_posts_stay_whole_and_messages_are_numbered() -> None:
    long = tuple(paragraph("缓存决定成本。" * 60) for _ in range(3))
    many = messages(with_bodies(*(long for _ in range(6))))
    assert len(many) > 1
    for number, message in enumerate(many, start=1):
        text = check(message)
        assert text.endswith(f"\n\n{number}/{len(many)}")
        assert text.count("缓存决定成本。") % 180 == 0


def test_a_post_longer_than_a_message_is_parted_at_paragraphs_with_its_quote_opened_again() -> None:
    quote = Block(
        "quote", children=tuple(paragraph(f"{n} " + "We measured it twice. " * 30) for n in range(20))
    )
    many = messages(with_bodies((quote,)))
    said = "".join(check(message) for message in many)
    assert said.count("We measured it twice.") == 600
    assert all("<blockquote>" in message["text"] for message in many)
    assert all(message["items"] == ["https://many.example/0"] for message in many)


def test_a_hundred_entities_is_the_most() -> None:
    links = tuple(
        Span(f"w{n}", href=f"https://l.example/{n}") if n % 2 else Span(" and ") for n in range(500)
    )
    many = messages(with_bodies((paragraph(*links),)))
    for message in many:
        check(message)
    assert sum(message["text"].count('href="https://l.example/') for message in many) == 250


def test_a_single_item_has_its_link_previewed() -> None:
    (message,) = messages(with_bodies((paragraph("Short."),)))
    assert message["link_preview_options"] == {"url": ARTICLE.url, "prefer_large_media": True}


MARKS = st.sampled_from([(), ("bold",), ("italic", "bold"), ("code",), ("spoiler",)])
TEXTS = st.text(st.sampled_from("a中。. \n<>&#@👍🏽"), min_size=1, max_size=900)
SPANS = st.builds(Span, TEXTS, MARKS, st.sampled_from(["", 'https://l.example/?a="1"&b=2']))
PARAGRAPHS = st.builds(
    lambda spans: Block("paragraph", tuple(spans)), st.lists(SPANS, min_size=1, max_size=6)
)
BODIES = st.lists(
    st.one_of(
        PARAGRAPHS,
        st.builds(lambda p: Block("quote", children=(p, Block("quote", children=(p,)))), PARAGRAPHS),
    ),
    max_size=5,
).map(tidy)


@settings(max_examples=60, deadline=None)
@given(st.lists(BODIES, min_size=1, max_size=6))
def test_whatever_is_posted_holds_the_limits_and_loses_nothing(bodies: list[tuple[Block, ...]]) -> None:
    shown = with_bodies(*bodies)
    many = messages(shown)
    said = "".join(re.sub(r"\n\n\d+/\d+\Z", "", check(message)) for message in many)
    assert [key for message in many for key in message["items"]].index("https://many.example/0") == 0
    keys = list(dict.fromkeys(key for message in many for key in message["items"]))
    assert keys == [item.key for item in shown.items]
    for character in "中👍":
        assert said.count(character) == sum(_count(item, character) for item in shown.items)


def _count(item: Item, character: str) -> int:
    def inside(blocks: tuple[Block, ...]) -> int:
        return sum(
            sum(span.text.count(character) for span in block.spans) + inside(block.children)
            for block in blocks
        )

    return inside(item.body) + sum(inside(voice.words) for voice in item.voices)
