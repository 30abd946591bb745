"""Emphasis beside Chinese characters, as an inline rule of markdown-it in place of its own.

CommonMark looks at punctuation to tell an opening from a closing run of stars, which fails where no spaces part
words: in `**重点：**后面` the second run could only open. Here a run next to a CJK character is judged as one next
to a space would be (markdown-cjk-friendly, the rule proposed to CommonMark in its issue 650).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from markdown_it.common.utils import isMdAsciiPunct, isPunctChar, isWhiteSpace
from markdown_it.rules_inline.state_inline import Delimiter

if TYPE_CHECKING:
    from markdown_it.rules_inline import StateInline

_CJK = ((0x2E80, 0x9FFF), (0xA960, 0xA97F), (0xAC00, 0xD7FF), (0xF900, 0xFAFF), (0xFE30, 0xFE4F), (0xFF00, 0xFFEF), (0x20000, 0x3FFFF))  # fmt: skip


def emphasis(state: StateInline, silent: bool) -> bool:
    """Take a run of `*` or `_` and note for each whether it may open or close emphasis."""
    marker = state.src[state.pos]
    if silent or marker not in "*_":
        return False
    end = state.pos
    while end < state.posMax and state.src[end] == marker:
        end += 1
    before = state.src[state.pos - 1] if state.pos else " "
    after = state.src[end] if end < state.posMax else " "
    can_open, can_close = _sides(before, after, marker)
    for _ in range(end - state.pos):
        token = state.push("text", "", 0)
        token.content = marker
        state.delimiters.append(
            Delimiter(
                marker=ord(marker),
                length=end - state.pos,
                token=len(state.tokens) - 1,
                end=-1,
                open=can_open,
                close=can_close,
            )
        )
    state.pos = end
    return True


def _sides(before: str, after: str, marker: str) -> tuple[bool, bool]:
    left = not _is_space(after) and (
        not _is_latin_punctuation(after) or _is_space(before) or _is_punctuation(before) or _is_cjk(before)
    )
    right = not _is_space(before) and (
        not _is_latin_punctuation(before) or _is_space(after) or _is_punctuation(after) or _is_cjk(after)
    )
    if marker == "*":
        return left, right
    return left and (not right or _is_punctuation(before)), right and (not left or _is_punctuation(after))


def _is_space(character: str) -> bool:
    return isWhiteSpace(ord(character))


def _is_punctuation(character: str) -> bool:
    return isMdAsciiPunct(ord(character)) or isPunctChar(character)


def _is_latin_punctuation(character: str) -> bool:
    return _is_punctuation(character) and not _is_cjk(character)


def _is_cjk(character: str) -> bool:
    return any(first <= ord(character) <= last for first, last in _CJK)
