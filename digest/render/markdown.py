"""issue.md: the issue for posting and for the archive, plain CommonMark that GitHub and others show alike."""

from __future__ import annotations

from collections.abc import Iterator

from digest.markup import markdown
from digest.model import Block, Issue, Rendered, Span, Voice
from digest.render import Look
from digest.render.inline import safe_url
from digest.render.page import Attachment, Card, Page, page


def render(issue: Issue, look: Look) -> Rendered:
    """Needs no template; nothing is cut."""
    return Rendered("issue.md", "text/markdown; charset=utf-8", _text(page(issue)).encode())


def _text(shown: Page) -> str:
    """All of it is written as blocks first, so that the one Markdown writer does all escaping."""
    parts = [_header(shown), shown.issue.note]
    for group in shown.groups:
        if group.name:
            parts.append((_heading(2, group.name),))
        for day in group.days:
            if day.label:
                parts.append((_heading(3, day.label),))
            parts += (tuple(_card(card, shown)) for card in day.cards)
    if not shown.groups:
        parts.append((_paragraph(Span(shown.words.empty)),))
    return "\n".join(markdown(part) for part in parts if part)


def _header(shown: Page) -> tuple[Block, ...]:
    counters = " · ".join(f"{value} {label.lower()}" for value, label in shown.counters)
    about = [Block("paragraph", spans) for spans in shown.description]
    if counters:
        about.append(_paragraph(Span(counters)))
    tags = " ".join(f"#{tag} {count}" for tag, _, count in shown.tags)
    summary = " · ".join(filter(None, (shown.summary, tags, shown.coverage)))
    blocks = [_heading(1, f"{shown.title} · {shown.issue.week}")]
    if about:
        blocks.append(Block("quote", children=tuple(about)))
    blocks.append(_paragraph(Span(summary)))
    if shown.issue.headline:
        blocks.append(_paragraph(Span(shown.issue.headline, ("bold",))))
    return tuple(blocks)


def _card(card: Card, shown: Page) -> Iterator[Block]:
    words = shown.words
    yield _paragraph(*_head(card, shown))
    if card.title:
        yield _paragraph(Span(card.title, ("bold",), safe_url(card.item.url)))
    yield from (_lower(block) for block in card.body)
    yield from map(_attachment, card.attachments)
    if preview := card.preview:
        lines = [Span(" · ".join(filter(None, (preview.site, preview.title))), (), preview.url)]
        if preview.description:
            lines.append(Span(f"\n{preview.description}"))
        yield Block("quote", children=(_paragraph(*lines),))
    yield from (block for voice in card.speaking for block in _speech(voice, words.colon))
    if card.silent:
        named = [span for voice in card.silent for span in (Span(" · "), Span(voice.name, (), voice.url))]
        yield _paragraph(Span(words.also + words.colon), *named[1:])
    yield from _footer(card)


def _head(card: Card, shown: Page) -> Iterator[Span]:
    yield Span(card.name, ("bold",), card.name_url)
    if card.facts:
        yield Span(f" · {card.facts}")
    if forward := card.item.forward:
        yield Span(f"\n{shown.words.forwarded_from} ")
        yield Span(forward.name, ("bold",), safe_url(forward.url))
    if reply := card.item.reply:
        yield Span(f"\n{shown.words.reply_to} ")
        yield Span(reply.author or reply.url, (), safe_url(reply.url))
        yield Span(f"{shown.words.colon}{reply.excerpt}" if reply.excerpt else "")


def _speech(voice: Voice, colon: str) -> Iterator[Block]:
    """Who speaks, and their words behind the name, or below it when they do not begin with a paragraph."""
    name = (Span(voice.name, ("bold",), voice.url), Span(colon))
    first, *rest = voice.words
    if first.kind == "paragraph":
        yield _paragraph(*name, *first.spans)
    else:
        yield _paragraph(*name)
        yield _lower(first)
    yield from map(_lower, rest)


def _footer(card: Card) -> Iterator[Block]:
    reactions = "  ".join(f"{glyph} {count}" for glyph, count in card.reactions)
    facts = " · ".join(filter(None, (reactions, *card.meta)))
    spans = [Span(f"{facts} · " if facts and card.time else facts)]
    spans.append(Span(card.time, (), card.item.permalink if card.time else ""))
    if any(span.text for span in spans):
        yield _paragraph(*spans)


def _attachment(one: Attachment) -> Block:
    if one.image:
        return Block("image", (Span(one.label, href=one.image),))
    lines = "".join(f"\n{line}" for line in one.lines)
    return _paragraph(Span(one.label, (), one.url), Span(lines))


def _heading(level: int, words: str) -> Block:
    return Block("heading", (Span(words),), level=level)


def _lower(block: Block) -> Block:
    """Headings inside an item stand below the issue's own."""
    if block.kind == "heading":
        return Block("heading", block.spans, level=max(block.level, 4))
    return block


def _paragraph(*spans: Span) -> Block:
    return Block("paragraph", tuple(span for span in spans if span.text))
