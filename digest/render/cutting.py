"""Blocks made shorter, at the end of a sentence where there is one. Widths count a Chinese character as 2."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from digest.model import Block, Span
from digest.text import cut, width

SENTENCE_END = re.compile(r"[。！？；…]+[”’」』）]*|[.!?]+[”’\")]*(?=\s|$)|\n")


def cut_blocks(
    blocks: tuple[Block, ...], *, quote: int | None, body: int | None
) -> tuple[tuple[Block, ...], bool]:
    """The blocks within `quote` for each quoted passage and `body` for all else together, and whether any was cut."""
    kept: list[Block] = []
    room, was_cut = body, False
    for block in blocks:
        limit = quote if block.kind == "quote" else room
        if limit is None:
            kept.append(block)
            continue
        part, used = _fitting(block, limit)
        kept += part
        was_cut = was_cut or part != (block,)
        if block.kind != "quote":
            room = limit - used if part == (block,) else 0
    return tuple(kept), was_cut


def split_spans(spans: Iterable[Span], at: int) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """The spans before and after character `at` of their text."""
    before, after = [], []
    for span in spans:
        if at > 0:
            before.append(replace(span, text=span.text[:at]))
        if at < len(span.text):
            after.append(replace(span, text=span.text[max(at, 0) :]))
        at -= len(span.text)
    return tuple(before), tuple(after)


def border(text: str, room: int) -> int:
    """How many characters of `text` to keep within `room`: whole sentences, else words, never part of a character."""
    fitting = len(cut(text, room).removesuffix("…").rstrip())
    ends = [match.end() for match in SENTENCE_END.finditer(text, 0, fitting)]
    return ends[-1] if ends and ends[-1] * 3 > fitting else fitting


def _fitting(block: Block, room: int) -> tuple[tuple[Block, ...], int]:
    """What of `block` fits (nothing, a part or all of it) and its width."""
    if block.children:
        return _fitting_children(block, room)
    text = "".join(span.text for span in block.spans)
    if width(text) <= room:
        return (block,), width(text)
    if block.kind != "paragraph" or room <= 0:
        return (), 0
    before, _ = split_spans(block.spans, border(text, room))
    return ((replace(block, spans=before),) if before else ()), room


def _fitting_children(block: Block, room: int) -> tuple[tuple[Block, ...], int]:
    kept: list[Block] = []
    used = 0
    for child in block.children:
        part, taken = _fitting(child, room - used)
        kept += part
        used += taken
        if part != (child,):
            break
    return ((replace(block, children=tuple(kept)),) if kept else ()), used
