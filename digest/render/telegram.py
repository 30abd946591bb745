"""telegram.json: the issue as Bot API messages, each within Telegram's limits after parsing.

4096 UTF-16 units and 100 entities a message (core.telegram.org/api/entities; further entities are silently ignored,
tdlib/telegram-bot-api#165). Posts stay whole while they fit; a longer one is parted between paragraphs, then
sentences, then words, its tags closed and opened again. Nothing is cut away.

A message is a run of pieces of text, each with the tags that are open over it, so that parting the text anywhere
leaves valid HTML.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape

from digest.model import Block, Issue, Mark, Rendered, Span
from digest.render import Look
from digest.render.cutting import SENTENCE_END
from digest.render.inline import HASHTAG, safe_url, table_rows
from digest.render.page import Card, Limits, Page, page
from digest.render.wording import Wording

MAX_UNITS = 4096
MAX_ENTITIES = 100

_ROOM = MAX_UNITS - 16
"""What the line "2/3" at the end of each of several messages takes is kept free."""
_ROOM_ENTITIES = MAX_ENTITIES - 2
_AUTO = re.compile(
    rf"https?://\S+|{HASHTAG.pattern}|(?<!\w)@\w{{4,}}|\b[\w-]+(?:\.[\w-]+)*\.[a-z]{{2,}}\b", re.I
)
"""What Telegram links by itself, counted generously."""
_TAGS: dict[Mark, str] = {
    "bold": "b",
    "italic": "i",
    "underline": "u",
    "strike": "s",
    "code": "code",
    "spoiler": "tg-spoiler",
}


@dataclass(frozen=True, slots=True)
class Piece:
    """Text under the same tags, outermost first: "blockquote", "b", 'a href="…"'."""

    text: str
    tags: tuple[str, ...] = ()


Run = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class _Post:
    """One item's pieces, or a head (`url` is None) that must not end a message."""

    run: Run
    key: str = ""
    url: str | None = None


def render(issue: Issue, look: Look) -> Rendered:
    """A list of messages in order, each ready for sendMessage but for the chat; `items` names what it carries."""
    messages = [
        _message(posts, number)
        for number, posts in _numbered(_packed(_posts(page(issue, Limits(voice=480)))))
    ]
    body = json.dumps(messages, ensure_ascii=False, indent=2) + "\n"
    return Rendered("telegram.json", "application/json", body.encode())


def units(text: str) -> int:
    """Length as Telegram counts it: UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


def entities(run: Run) -> int:
    """How many entities a message has after parsing: its tags and what Telegram links by itself."""
    count, open_ = 0, ()  # type: int, tuple[str, ...]
    for piece in run:
        shared = _shared(open_, piece.tags)
        count += len(piece.tags) - shared
        open_ = piece.tags
        if not any(tag.startswith(("a ", "code", "pre")) for tag in piece.tags):
            count += len(_AUTO.findall(piece.text))
    return count


def html(run: Run) -> str:
    """The run as the Bot API's HTML."""
    parts: list[str] = []
    open_: tuple[str, ...] = ()
    for piece in (*run, Piece("")):
        shared = _shared(open_, piece.tags)
        parts += (f"</{tag.split()[0]}>" for tag in reversed(open_[shared:]))
        parts += (f"<{tag}>" for tag in piece.tags[shared:])
        parts.append(escape(piece.text, quote=False))
        open_ = piece.tags
    return "".join(parts)


# --- messages -------------------------------------------------------------------------------------


def _message(posts: Sequence[_Post], number: str) -> dict[str, object]:
    run = _joined([post.run for post in posts])
    if number:
        run = (*run, Piece(f"\n\n{number}"))
    shown = [post for post in posts if post.url is not None]
    urls = {post.url for post in shown if post.url}
    preview = {"url": urls.pop(), "prefer_large_media": True} if len(urls) == 1 else {"is_disabled": True}
    return {
        "text": html(run),
        "parse_mode": "HTML",
        "link_preview_options": preview,
        "length_utf16": units("".join(piece.text for piece in run)),
        "entities": entities(run),
        "items": list(dict.fromkeys(post.key for post in shown)),
    }


def _numbered(messages: list[list[_Post]]) -> Iterator[tuple[str, list[_Post]]]:
    for number, posts in enumerate(messages, start=1):
        yield (f"{number}/{len(messages)}" if len(messages) > 1 else ""), posts


def _packed(posts: Iterable[_Post]) -> list[list[_Post]]:
    """Posts in as few messages as keep them whole; a head goes with the post after it."""
    messages: list[list[_Post]] = [[]]
    heads: list[_Post] = []
    for post in posts:
        if post.url is None:
            heads.append(post)
            continue
        if not _fits([*messages[-1], *heads, post]) and messages[-1]:
            messages.append([])
        for part in _parts(post, heads):
            if not _fits([*messages[-1], *heads, part]) and messages[-1]:
                messages.append([])
            messages[-1] += [*heads, part]
            heads = []
    messages[-1] += heads
    return [message for message in messages if message]


def _fits(posts: Sequence[_Post]) -> bool:
    run = _joined([post.run for post in posts])
    return _is_small(run, _ROOM, _ROOM_ENTITIES)


def _is_small(run: Run, room: int, room_entities: int) -> bool:
    return units("".join(piece.text for piece in run)) <= room and entities(run) <= room_entities


def _parts(post: _Post, heads: Sequence[_Post]) -> Iterator[_Post]:
    """The post, parted if it is too long for a message of its own with the heads above it."""
    above = _joined([head.run for head in heads])
    room = _ROOM - units("".join(piece.text for piece in above)) - 2
    rest = post.run
    while rest:
        part, rest = _first_part(rest, room, _ROOM_ENTITIES - entities(above))
        yield replace(post, run=part)
        room, above = _ROOM, ()


def _first_part(run: Run, room: int, room_entities: int) -> tuple[Run, Run]:
    """As much of `run` as fits, up to the best border: an empty line, a sentence, a space, any character."""
    if _is_small(run, room, room_entities):
        return run, ()
    text = "".join(piece.text for piece in run)
    low, high = 1, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (
            (middle, high) if _is_small(_split(run, middle)[0], room, room_entities) else (low, middle - 1)
        )
    at = _border(text, low)
    before, after = _split(run, at)
    return _stripped(before), _stripped(after)


def _border(text: str, end: int) -> int:
    for pattern in (re.compile(r"\n\n"), SENTENCE_END, re.compile(r"\s")):
        ends = [match.end() for match in pattern.finditer(text, 0, end)]
        if ends and ends[-1] > end // 4:
            return ends[-1]
    return end


def _split(run: Run, at: int) -> tuple[Run, Run]:
    before, after = [], []
    for piece in run:
        if at > 0:
            before.append(replace(piece, text=piece.text[:at]))
        if at < len(piece.text):
            after.append(replace(piece, text=piece.text[max(at, 0) :]))
        at -= len(piece.text)
    return tuple(before), tuple(after)


def _stripped(run: Run) -> Run:
    """Without space at its edges."""
    pieces = list(run)
    while pieces and not pieces[0].text.strip():
        pieces.pop(0)
    while pieces and not pieces[-1].text.strip():
        pieces.pop()
    if pieces:
        pieces[0] = replace(pieces[0], text=pieces[0].text.lstrip())
        pieces[-1] = replace(pieces[-1], text=pieces[-1].text.rstrip())
    return tuple(pieces)


def _joined(runs: Iterable[Run], between: str = "\n\n", tags: tuple[str, ...] = ()) -> Run:
    """Runs with `between` between them, which stands under `tags`."""
    result: list[Piece] = []
    for run in runs:
        if result and run:
            result.append(Piece(between, tags))
        result += run
    return tuple(result)


def _shared(left: tuple[str, ...], right: tuple[str, ...]) -> int:
    """How many tags stay open from one piece to the next."""
    number = 0
    while number < min(len(left), len(right)) and left[number] == right[number]:
        number += 1
    return number


# --- an issue as posts ----------------------------------------------------------------------------


def _posts(shown: Page) -> Iterator[_Post]:
    yield _Post(_header(shown))
    if shown.issue.note:
        yield _Post(_blocks(shown.issue.note), key="", url="")
    for group in shown.groups:
        if group.name:
            yield _Post((Piece(group.name, ("b",)),))
        for day in group.days:
            for card in day.cards:
                yield _Post(_card(card, shown), card.item.key, card.item.url)
    if not shown.groups:
        yield _Post((Piece(shown.words.empty),), key="", url="")


def _header(shown: Page) -> Run:
    lines: list[Run] = [(Piece(shown.issue.title, ("b",)),)]
    if shown.issue.headline:
        lines.append((Piece(shown.issue.headline),))
    lines.append((Piece(shown.summary),))
    if shown.tags:
        lines.append((Piece(" ".join(f"#{tag} {count}" for tag, _, count in shown.tags)),))
    if shown.web_url:
        lines.append((Piece(shown.words.in_browser, _link(shown.web_url)),))
    return _joined(lines, "\n")


def _card(card: Card, shown: Page) -> Run:
    words = shown.words
    runs = [_head(card, words)]
    title = card.title or (card.preview.title if card.preview and not card.item.permalink else "")
    if title:
        runs[0] = _joined([runs[0], (Piece(title, (*_link(card.item.url), "b")),)], "\n")
    runs.append(_blocks(card.body))
    for one in card.attachments:
        runs.append((Piece(one.label, _link(one.url)), *(Piece(f"\n{line}") for line in one.lines)))
    for voice in card.speaking:
        name = (Piece(voice.name, (*_link(voice.url), "b")), Piece(words.colon))
        runs.append((*name, *_blocks(voice.words)))
    if card.silent:
        named: list[Run] = [(Piece(voice.name, _link(voice.url)),) for voice in card.silent]
        runs.append((Piece(words.also + words.colon), *_joined(named, " · ")))
    runs.append(_footer(card, shown))
    return _joined([run for run in runs if run])


def _head(card: Card, words: Wording) -> Run:
    run: Run = (Piece(card.name, ("b", *_link(card.name_url))),)
    if card.facts:
        run = (*run, Piece(f" · {card.facts}"))
    if forward := card.item.forward:
        name = Piece(forward.name, ("b", *_link(forward.url)))
        run = (*run, Piece(f"\n{words.forwarded_from} "), name)
    if reply := card.item.reply:
        whom = Piece(reply.author or words.reply_to, _link(reply.url))
        run = (*run, Piece("\n↩ "), whom, Piece(f"{words.colon}{reply.excerpt}" if reply.excerpt else ""))
    return run


def _footer(card: Card, shown: Page) -> Run:
    """No date stands above a post here, so each has its own."""
    time = shown.words.moment(card.at, shown.issue.period.end.year) if card.at else ""
    reactions = "  ".join(f"{glyph} {count}" for glyph, count in card.reactions)
    facts = " · ".join(filter(None, (reactions, *card.meta)))
    between = " · " if facts and time else ""
    pieces = (Piece(facts + between), Piece(time, _link(card.item.permalink)))
    return tuple(piece for piece in pieces if piece.text)


def _link(url: str) -> tuple[str, ...]:
    return (f'a href="{escape(url)}"',) if safe_url(url) else ()


def _blocks(blocks: Iterable[Block], tags: tuple[str, ...] = ()) -> Run:
    return _joined([run for block in blocks if (run := _block(block, tags))], tags=tags)


def _block(block: Block, tags: tuple[str, ...]) -> Run:
    """Quotes cannot nest: one inside another is part of the outer."""
    match block.kind:
        case "quote":
            return _blocks(block.children, tags if "blockquote" in tags else (*tags, "blockquote"))
        case "list" | "ordered":
            return _joined(_items(block, tags), "\n", tags)
        case "code" | "math":
            language = re.sub(r"[^\w+#.-]", "", block.info)
            inner = ("pre", f'code class="language-{language}"') if language else ("pre",)
            return (Piece("".join(span.text for span in block.spans), (*tags, *inner)),)
        case "table":
            rows = (
                " | ".join("".join(span.text for span in cell) for cell in row) for row in table_rows(block)
            )
            return (Piece("\n".join(rows), (*tags, "pre")),)
        case "rule":
            return (Piece("———", tags),)
        case "image":
            span = block.spans[0]
            return (Piece(span.text or span.href, (*tags, *_link(span.href))),)
        case "heading":
            return tuple(_piece(replace(span, marks=("bold",)), tags) for span in block.spans)
        case _:
            return tuple(_piece(span, tags) for span in block.spans)


def _items(block: Block, tags: tuple[str, ...]) -> Iterator[Run]:
    for number, item in enumerate(block.children, start=block.level or 1):
        marker = f"{number}. " if block.kind == "ordered" else "– "
        yield (Piece(marker, tags), *_joined([_block(child, tags) for child in item.children], "\n", tags))


def _piece(span: Span, tags: tuple[str, ...]) -> Piece:
    """A bare link needs no tag; Telegram links it, as it does hashtags. Code takes no other marks."""
    if "code" in span.marks:
        return Piece(span.text, (*tags, "code"))
    link = () if span.href == span.text else _link(span.href)
    return Piece(span.text, (*tags, *link, *(_TAGS[mark] for mark in span.marks)))
