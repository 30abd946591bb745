"""Lists and quotes that were typed as lines, told from prose.

Telegram, and many a feed's <br> paragraphs, know no lists: people type "- item", "1. item" and "> quote".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from digest.markup.spans import joined, lines
from digest.model import Block, Span

_MARKER = re.compile(r"(?:(?P<bullet>[-•])|(?P<number>\d{1,3})[.)])(?=\s|$)|>")


def typed(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """Tidy blocks with their typed lists and quotes as blocks; the rest as it was."""
    result: list[Block] = []
    number = 0
    for block in blocks:
        if block.kind in ("quote", "item", "list", "ordered"):
            result.append(replace(block, children=typed(block.children)))
        elif block.kind != "paragraph":
            result.append(block)
        else:
            for run in _runs(block, number):
                number = run.number + len(run.rows) - 1 if run.kind == "ordered" else number
                _add(result, run)
    return tuple(result)


@dataclass
class _Run:
    """Lines of one kind that follow each other, without their markers; `number` is that of the first."""

    kind: Literal["paragraph", "list", "ordered", "quote"]
    rows: list[list[Span]]
    number: int = 0

    def takes(self, other: _Run) -> bool:
        return self.kind == other.kind and (
            self.kind != "ordered" or other.number == self.number + len(self.rows)
        )


def _runs(block: Block, last_number: int) -> list[_Run]:
    runs: list[_Run] = []
    for row in lines(block.spans):
        line = _classified(row, last_number)
        if line.kind == "ordered":
            last_number = line.number
        if runs and runs[-1].takes(line):
            runs[-1].rows.extend(line.rows)
        else:
            runs.append(line)
    return runs


def _classified(row: list[Span], last_number: int) -> _Run:
    """A line by its marker; a number counts only where a list begins (1) or goes on, so that no year does."""
    found = None if row[0].href or "code" in row[0].marks else _MARKER.match(row[0].text)
    if found is None:
        return _Run("paragraph", [row])
    rest = row[0].text[found.end() :].lstrip()
    words = [replace(row[0], text=rest), *row[1:]] if rest else row[1:]
    number = int(found["number"] or 0)
    if not words or (number and number not in (1, last_number + 1)):
        return _Run("paragraph", [row])
    if number:
        return _Run("ordered", [words], number)
    return _Run("list" if found["bullet"] else "quote", [words])


def _add(result: list[Block], run: _Run) -> None:
    """Put a run where it belongs: a list or quote goes on over an empty line between its parts."""
    last = result[-1] if result else None
    if run.kind == "paragraph":
        result.append(Block("paragraph", joined(run.rows)))
        return
    if run.kind == "quote":
        children: tuple[Block, ...] = (Block("paragraph", joined(run.rows)),)
    else:
        children = tuple(Block("item", children=(Block("paragraph", joined([row])),)) for row in run.rows)
    goes_on = last is not None and last.kind == run.kind
    if goes_on and run.kind == "ordered":
        goes_on = run.number == (last.level or 1) + len(last.children) if last else False
    if last is not None and goes_on:
        result[-1] = replace(last, children=last.children + children)
    else:
        result.append(Block(run.kind, children=children, level=run.number if run.number > 1 else 0))
