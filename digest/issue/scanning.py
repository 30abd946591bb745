"""The lines of an edited draft without its comments, and where the comments and the code stood.

Line numbers stay those of the file, so that a warning can name them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_LINES = r"[^`\n]*\n(?:(?!<!-- key: ).*\n)*?"
_TOKEN = re.compile(
    rf"^ {{0,3}}(?P<run>`{{3,}}|~{{3,}}){_LINES} {{0,3}}(?P=run)[`~]*[ \t]*$"
    rf"|^(?:[ \t]{{4,}}|[ \t]*(?:(?:[-+*]|\d{{1,9}}[.)])[ \t]+|>[ \t]?)+)"
    rf"(?P<inner>`{{3,}}|~{{3,}}){_LINES}[ \t>]*(?P=inner)[`~]*[ \t]*$"
    r"|^ {0,3}(?P<unclosed>`{3,}(?=[^`\n]*$)|~{3,})"
    r"|\\."
    r"|(?P<ticks>`+)"
    r"|(?P<open><!--)",
    re.MULTILINE,
)
"""A fence never reaches over the next item's key: one that the curator forgot to close costs that item only."""
_PARAGRAPH_END = re.compile(r"\n[ \t]*\n|\Z")


@dataclass(frozen=True, slots=True)
class Scanned:
    """`lines[0]` is line `first` of the file. `comments` are (line, words); `code` the lines inside fences."""

    lines: tuple[str, ...]
    first: int
    comments: tuple[tuple[int, str], ...]
    code: frozenset[int]
    warnings: tuple[str, ...]


def scanned(text: str, first: int) -> Scanned:
    """`text`, which begins at line `first` of the file, taken apart."""
    kept: list[str] = []
    comments: list[tuple[int, str]] = []
    code: set[int] = set()
    warnings: list[str] = []
    end, line = 0, first
    while match := _TOKEN.search(text, end):
        line += text.count("\n", end, match.start())
        kept.append(text[end : match.start()])
        stop = _end(text, match)
        breaks = text.count("\n", match.start(), stop)
        shown = text[match.start() : stop]
        if match["open"] and stop > match.end():
            comments.append((line, shown[4:-3].replace("--&gt;", "-->").strip()))
            shown = "\n" * breaks
        elif match["open"]:
            warnings.append(f"line {line}: a comment begins here and never ends (-->); kept as text")
            shown = "\\<!--"
        elif match["unclosed"]:
            warnings.append(f"line {line}: a code block begins here and never ends ({match['unclosed']})")
        elif match["run"] or match["inner"]:
            code.update(range(line, line + breaks + 1))
        kept.append(shown)
        end, line = stop, line + breaks
    kept.append(text[end:])
    return Scanned(tuple("".join(kept).split("\n")), first, tuple(comments), frozenset(code), tuple(warnings))


def _end(text: str, opening: re.Match[str]) -> int:
    """Where what `opening` begins ends, or where the opening itself does when nothing ends it.

    A comment ends at "-->", a code span at a run of as many backticks in the same paragraph.
    """
    if opening["open"]:
        return max(text.find("-->", opening.end()) + 3, opening.end())
    ticks = opening["ticks"]
    if not ticks:
        return opening.end()
    paragraph = _PARAGRAPH_END.search(text, opening.end())
    assert paragraph is not None
    closing = re.compile(rf"(?<!`){ticks}(?!`)").search(text, opening.end(), paragraph.start())
    return closing.end() if closing else opening.end()
