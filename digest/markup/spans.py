"""The tidy form of blocks, which every reader here returns and the writer needs.

Spaces and breaks at the edges of a mark or link stand outside of it (`<b>word<br></b>` is common on t.me, and
`**word **` is no emphasis in Markdown), no line begins or ends with a space, an empty line parts paragraphs,
neighbours with the same marks are one span, and nothing empty is left.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import get_args
from urllib.parse import urlsplit

from digest.model import Block, Mark, Span

MARKS: tuple[Mark, ...] = get_args(Mark)
SCHEMES = frozenset({"", "http", "https", "mailto", "tel", "tg", "ftp", "gemini", "xmpp", "magnet"})
"""What a link may lead to. Everything that runs or embeds (javascript, data, vbscript, file) is not among them."""

_UNSEEN = re.compile(r"[\x00-\x08\x0e-\x1b\x7f\ud800-\udfff]")
"""Control characters and lone surrogates: nothing a document may hold, and no output can carry them."""


def is_clickable(url: str) -> bool:
    """Whether a link may lead there: an address that can be read, of a scheme that runs nothing."""
    try:
        return bool(url) and urlsplit(url.strip()).scheme.casefold() in SCHEMES
    except ValueError:
        return False


def is_bare(span: Span) -> bool:
    """Whether the link's words are its address."""
    return span.href != "" and span.text == span.href


def tidy(blocks: Iterable[Block]) -> tuple[Block, ...]:
    """The blocks in the form that Markdown can carry, words unchanged."""
    return tuple(done for block in blocks for done in _tidy_block(block))


def lines(spans: Iterable[Span]) -> list[list[Span]]:
    """Tidy lines of a run of spans; an empty list stands for an empty line."""
    result: list[list[Span]] = [[]]
    for piece in _parted(spans):
        if piece.text.isspace():
            breaks = piece.text.count("\n")
            if breaks:
                result.extend([] for _ in range(breaks))
            else:
                result[-1].append(piece)
        else:
            result[-1].append(piece)
    return [_line(line) for line in result]


def joined(rows: Iterable[list[Span]], between: str = "\n") -> tuple[Span, ...]:
    """Lines as one paragraph's spans, with a break between each two."""
    result: list[Span] = []
    for row in rows:
        if result and row:
            result.append(_between(between, result[-1], row[0]))
        result.extend(row)
    return _merged(result)


def paragraphs(spans: Iterable[Span]) -> list[list[list[Span]]]:
    """Lines grouped at empty lines."""
    groups: list[list[list[Span]]] = [[]]
    for row in lines(spans):
        if row:
            groups[-1].append(row)
        elif groups[-1]:
            groups.append([])
    return [group for group in groups if group]


def _tidy_block(block: Block) -> list[Block]:
    match block.kind:
        case "paragraph":
            return [replace(block, spans=joined(rows), children=()) for rows in paragraphs(block.spans)]
        case "heading":
            spans = joined(lines(block.spans), " ")
            level = min(max(block.level, 1), 6)
            return [replace(block, spans=spans, children=(), level=level)] if spans else []
        case "quote" | "item":
            children = tidy(block.children)
            return [replace(block, spans=(), children=children)] if children else []
        case "list" | "ordered":
            items = tidy(child for child in block.children if child.kind == "item")
            level = block.level if block.kind == "ordered" and block.level > 1 else 0
            return [replace(block, spans=(), children=items, level=level)] if items else []
        case "code" | "math":
            return _verbatim(block)
        case "image":
            return _image(block)
        case "rule":
            return [Block("rule")]
        case "table":
            return [block] if any(span.text.strip() for span in block.spans) else []


def _verbatim(block: Block) -> list[Block]:
    text = "".join(span.text for span in block.spans).replace("\r\n", "\n").replace("\r", "\n")
    text = _UNSEEN.sub("", text)
    if block.kind == "math":
        text = text.strip()
    if not text.strip():
        return []
    words = re.sub(r"[^\w+#.-]", " ", block.info).split()
    return [replace(block, spans=(Span(text),), children=(), info=words[0] if words else "")]


def _image(block: Block) -> list[Block]:
    if not block.spans or not is_clickable(block.spans[0].href):
        return []
    alt = " ".join(_UNSEEN.sub("", block.spans[0].text).split())
    return [replace(block, spans=(Span(alt, href=_address(block.spans[0].href)),), children=())]


def _parted(spans: Iterable[Span]) -> list[Span]:
    """Spans cut so that each is either white space or begins and ends with something seen."""
    result: list[Span] = []
    for span in spans:
        text = _UNSEEN.sub("", span.text).replace("\r\n", "\n").replace("\r", "\n")
        marks = tuple(mark for mark in MARKS if mark in span.marks)
        href = _address(span.href) if is_clickable(span.href) else ""
        result.extend(Span(piece, marks, href) for piece in _pieces(text) if piece)
    return result


def _pieces(text: str) -> list[str]:
    core = text.strip()
    if not core:
        return [text]
    rows = [part for row in core.split("\n") for part in (row.strip(), "\n")][:-1]
    ahead = len(text) - len(text.lstrip())
    return [text[:ahead], *rows, text[ahead + len(core) :]]


def _line(pieces: list[Span]) -> list[Span]:
    while pieces and pieces[0].text.isspace():
        pieces = pieces[1:]
    while pieces and pieces[-1].text.isspace():
        pieces = pieces[:-1]
    result: list[Span] = []
    space = ""
    for piece in pieces:
        if piece.text.isspace():
            space += piece.text
            continue
        if space:
            result.append(_between(space, result[-1], piece))
            space = ""
        result.append(piece)
    return list(_merged(result))


def _between(text: str, left: Span, right: Span) -> Span:
    """White space belongs to the marks that go on over it; to a link only within that link's words."""
    marks = tuple(mark for mark in left.marks if mark in right.marks and mark != "code")
    same = left.href == right.href and not is_bare(left) and not is_bare(right)
    return Span(text, marks, left.href if same else "")


def _merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    result: list[Span] = []
    for span in spans:
        if result and (result[-1].marks, result[-1].href) == (span.marks, span.href):
            result[-1] = replace(span, text=result[-1].text + span.text)
        elif span.text:
            result.append(span)
    return tuple(result)


def _address(url: str) -> str:
    return re.sub(r"\s", lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), url.strip())
