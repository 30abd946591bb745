"""email.txt: the same issue in lines of 72 columns, for mail programs without HTML and for people who prefer it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from digest.model import Block, Issue, Rendered, Span
from digest.render import UNSUBSCRIBE, Look
from digest.render.inline import safe_url, table_rows
from digest.render.page import Card, Limits, Page, page
from digest.text import width, wrap

COLUMNS = 72
_RULE = "-" * COLUMNS
_LIMITS = Limits(voice=480)


def render(issue: Issue, look: Look) -> Rendered:
    """Needs no template: every line is laid out here, and `look` is not asked."""
    shown = page(issue, _LIMITS)
    parts = [_header(shown), *_opening(shown), *_groups(shown), _footer(shown)]
    return Rendered("email.txt", "text/plain; charset=utf-8", ("\n\n".join(parts) + "\n").encode())


def _header(shown: Page) -> str:
    under = [f"@{shown.handle}" if shown.handle else "", shown.words.weekly, shown.issue.week]
    lines = [shown.title, " · ".join(filter(None, under))]
    if shown.counters:
        lines.append(" · ".join(f"{value} {label}" for value, label in shown.counters))
    lines += ["", *(wrap(_inline(spans), COLUMNS) for spans in shown.description)]
    tags = "  ".join(f"#{tag} {count}" for tag, _, count in shown.tags)
    lines += ["", wrap("  ".join(filter(None, (shown.summary, tags))), COLUMNS), shown.coverage]
    return "\n".join(lines).rstrip()


def _opening(shown: Page) -> Iterator[str]:
    if shown.issue.headline:
        yield wrap(shown.issue.headline, COLUMNS)
    if shown.issue.note:
        yield _blocks(shown.issue.note)


def _groups(shown: Page) -> Iterator[str]:
    for group in shown.groups:
        if group.name:
            yield _title(group.name, "=")
        for day in group.days:
            if day.label:
                yield _title(day.label, "-")
            yield f"\n{_RULE}\n\n".join(_card(card, shown) for card in day.cards)
    if not shown.groups:
        yield shown.words.empty


def _title(words: str, line: str) -> str:
    return f"{words}\n{line * min(width(words), COLUMNS)}"


def _card(card: Card, shown: Page) -> str:
    words = shown.words
    parts = [_head(card, shown)]
    if card.title:
        parts.append(wrap(card.title, COLUMNS))
    parts.append(_blocks(card.body))
    for one in card.attachments:
        label = wrap(" ".join(filter(None, (one.label, one.url))), COLUMNS)
        parts.append("\n".join([label, *(f"  {line}" for line in one.lines)]))
    if card.preview:
        body = " ".join(span.href for span in _all_spans(card.body))
        lines = [f"[{card.preview.site}] {card.preview.title}", card.preview.description]
        lines.append("" if card.preview.url in body else card.preview.url)
        parts.append("\n".join(wrap(line, COLUMNS, first="  ", later="  ") for line in lines if line))
    for voice in card.speaking:
        said = _blocks(voice.words, "  ")
        parts.append(f"{voice.name}{words.colon.rstrip()}\n{said}\n  {voice.url}".rstrip())
    if card.silent:
        also = (f"  {voice.name} {voice.url}".rstrip() for voice in card.silent)
        parts.append("\n".join([words.also + words.colon.rstrip(), *also]))
    reactions = "  ".join(f"{glyph} {count}" for glyph, count in card.reactions)
    footer = "  ".join(filter(None, (reactions, *card.meta, card.time)))
    parts.append("\n".join(filter(None, (footer, card.item.permalink))))
    return "\n\n".join(part for part in parts if part)


def _head(card: Card, shown: Page) -> str:
    lines = [f"{card.name} · {card.facts}" if card.facts else card.name]
    if forward := card.item.forward:
        lines.append(f"{shown.words.forwarded_from} {forward.name} {safe_url(forward.url)}".rstrip())
    if reply := card.item.reply:
        lines.append(
            wrap(f"{shown.words.reply_to} {reply.author}{shown.words.colon}{reply.excerpt}", COLUMNS)
        )
    return "\n".join(lines)


def _footer(shown: Page) -> str:
    lines = [_RULE, wrap(shown.words.why_you.format(shown.title), COLUMNS)]
    if shown.channel_url:
        lines.append(f"{shown.words.open_channel}{shown.words.colon}{shown.channel_url}")
    if shown.web_url:
        lines.append(f"{shown.words.in_browser}{shown.words.colon}{shown.web_url}")
    lines.append(f"{shown.words.unsubscribe}{shown.words.colon}{UNSUBSCRIBE}")
    return "\n".join(lines)


def _blocks(blocks: Iterable[Block], margin: str = "") -> str:
    return "\n".join(_separated(blocks, margin))


def _separated(blocks: Iterable[Block], margin: str) -> Iterator[str]:
    """Each block's lines, and before each but the first an empty one."""
    for number, block in enumerate(blocks):
        if number:
            yield margin.rstrip()
        yield _block(block, margin)


def _block(block: Block, margin: str) -> str:
    text = "".join(span.text for span in block.spans)
    match block.kind:
        case "quote":
            return _blocks(block.children, f"{margin}> ")
        case "list" | "ordered":
            return "\n".join(_items(block, margin))
        case "item":
            return _blocks(block.children, margin)
        case "code" | "math":
            return "\n".join(f"{margin}    {line}".rstrip() for line in text.split("\n"))
        case "table":
            rows = (" | ".join(_inline(cell) for cell in row) for row in table_rows(block))
            return "\n".join(margin + row for row in rows)
        case "rule":
            return margin + "* * *"
        case "image":
            return margin + " ".join(filter(None, (f"[{text}]" if text else "", block.spans[0].href)))
        case _:
            return wrap(_inline(block.spans), COLUMNS, first=margin, later=margin)


def _items(block: Block, margin: str) -> Iterator[str]:
    for number, item in enumerate(block.children, start=block.level or 1):
        marker = f"{number}. " if block.kind == "ordered" else "- "
        written = "\n".join(_block(child, margin + " " * len(marker)) for child in item.children)
        yield margin + marker + written[len(margin) + len(marker) :]


def _inline(spans: Iterable[Span]) -> str:
    """Words, and after words that hide an address the address itself."""
    parts = []
    for span in spans:
        url = safe_url(span.href)
        hidden = url and url != span.text and not span.text.startswith("@")
        parts.append(f"{span.text} <{url}>" if hidden else span.text)
    return "".join(parts)


def _all_spans(blocks: Iterable[Block]) -> Iterator[Span]:
    for block in blocks:
        yield from block.spans
        yield from _all_spans(block.children)
