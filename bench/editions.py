"""How well numbers of a series stay apart: `python -m bench.editions DATA.jsonl [--json] [--misses]`.

DATA: a row an entry, `{title, text}`. Of each row whose title bears a number (31, 1.2, 第三期, Part Two, IV, a month, a
day of the week) the next number is made: the title one further, the text with every tenth or second word from another
row, or no text. Each pair is told by two sources on one day, which is the hardest case. Prints the share of the pairs
that stay apart, by what numbers them and by what is left of the text.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench.rows import BadRow, json_rows
from bench.stories import candidates_of, folded_rows

_ONES = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_ROMAN = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"]
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_ZH = "一二三四五六七八九十"
_SERIES_WORD = r"(?:Part|Pt\.?|Episode|Ep\.?|Chapter|Volume|Vol\.?|Week|Issue|Edition|Season|No\.?|Lesson)"
_WORD = re.compile(r"[\u3400-\u9fff]|[^\s\u3400-\u9fff]+\s*|\s+")
_LEFT = {"nine words in ten": 0.9, "every second word": 0.5, "no text": 0.0}
_MIN_TEXT = 300
_AT_ONCE = 200
"""Pairs among which each is folded: a week has others."""

Row = dict[str, Any]


def _after(words: Sequence[str]) -> Callable[[re.Match[str]], str]:
    """The next of a row of words, in the same case."""
    lower = [word.lower() for word in words]

    def following(match: re.Match[str]) -> str:
        said = match[1]
        word = words[(lower.index(said.lower()) + 1) % len(words)]
        written = word.upper() if said.isupper() else word.capitalize() if said[0].isupper() else word.lower()
        return match[0].replace(said, written, 1)

    return following


def _one_further(match: re.Match[str]) -> str:
    head, _, last = match[1].rpartition(".")
    return match[0].replace(match[1], f"{head}.{int(last) + 1}" if head else str(int(last) + 1), 1)


_KINDS: tuple[tuple[str, re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    ("part in words", re.compile(rf"(?i)\b{_SERIES_WORD}\s+({'|'.join(_ONES[:-1])})\b"), _after(_ONES)),
    ("roman", re.compile(rf"(?<=\s)({'|'.join(_ROMAN[1:-1])})\b(?!\S)"), _after(_ROMAN)),
    ("第…", re.compile(r"第([一二三四五六七八九])(?!次|手|三方|一步)"), _after(_ZH)),
    ("month", re.compile(rf"\b({'|'.join(_MONTHS)})\b(?=,?\s+\d)"), _after(_MONTHS)),
    ("day", re.compile(rf"\b({'|'.join(_DAYS)})\b"), _after(_DAYS)),
    ("version", re.compile(r"(?<![\d.])(\d+\.\d+(?:\.\d+)*)(?![\d.])"), _one_further),
    ("part in digits", re.compile(rf"(?i)(?:\b{_SERIES_WORD}\s*|#|第\s*)(\d{{1,4}})(?![\d.])"), _one_further),
    (
        "name and number",
        re.compile(r"(?:[A-Z][\w+-]*|[\u3400-\u9fff])\s+(\d{1,4})(?=$|\s*[:：，,\-–—(（|])"),
        _one_further,
    ),
)


def following_title(title: str) -> tuple[str, str] | None:
    """The title of the next number and what numbers it; None for a title that bears none."""
    for kind, pattern, further in _KINDS:
        if match := pattern.search(title):
            return title[: match.start()] + further(match) + title[match.end() :], kind
    return None


def series_of(rows: Sequence[Row]) -> list[tuple[Row, str, str]]:
    """Rows with a number, the title of the next one, and the kind."""
    found = (
        (row, following_title(row.get("title") or ""))
        for row in rows
        if len(row.get("text") or "") >= _MIN_TEXT
    )
    return [(row, *after) for row, after in found if after is not None]


def _changed(text: str, other: str, share: float, chooser: random.Random) -> str:
    """`text` with all but `share` of its words from another text."""
    words, others = _WORD.findall(text), _WORD.findall(other) or [" "]
    return "".join(word if chooser.random() < share else chooser.choice(others) for word in words)


def measured(rows: Sequence[Row]) -> dict[str, Any]:
    chooser = random.Random(1)
    found = series_of(rows)
    apart: dict[tuple[str, str], list[bool]] = defaultdict(list)
    misses: list[str] = []
    for left, share in _LEFT.items():
        for start in range(0, len(found), _AT_ONCE):
            batch = found[start : start + _AT_ONCE]
            told: list[Row] = []
            for number, (row, title, _) in enumerate(batch):
                other = chooser.choice(found)[0]["text"]
                texts = (row["text"], _changed(row["text"], other, share, chooser)) if share else ("", "")
                told += [
                    {
                        "id": f"{number}{side}",
                        "title": said,
                        "text": text,
                        "url": f"https://{side}{number}.example/{number}",
                    }
                    for side, said, text in (("a", row["title"], texts[0]), ("b", title, texts[1]))
                ]
            folded = folded_rows(candidates_of(told))
            for number, (row, title, kind) in enumerate(batch):
                is_apart = folded[2 * number] != folded[2 * number + 1]
                apart[left, kind].append(is_apart)
                if not is_apart:
                    misses.append(f"{left}, {kind}: {row['title']} | {title}")
    every = {left: [one for (kept, _), row in apart.items() if kept == left for one in row] for left in _LEFT}
    return {
        "series": len(found),
        "kept_apart": {left: sum(row) / len(row) if row else 1.0 for left, row in every.items()},
        "by_kind": {f"{left}, {kind}": [sum(row), len(row)] for (left, kind), row in apart.items()},
        "misses": misses,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--json", action="store_true", help="one object on stdout")
    parser.add_argument("--misses", action="store_true", help="the pairs that were folded")
    options = parser.parse_args()
    try:
        rows = [row for _, row in json_rows(options.data)]
    except (OSError, BadRow) as error:
        parser.exit(2, f"{error}\n")
    report = measured(rows)
    if options.json:
        print(json.dumps(report, ensure_ascii=False))
        return
    print(f"{options.data}: {len(rows)} entries, {report['series']} with a number in the title and a text")
    for left, share in report["kept_apart"].items():
        print(f"{left:<18} kept apart {share:.3f}")
    for name, (kept, whole) in report["by_kind"].items():
        print(f"  {name:<36} {kept} of {whole}")
    if options.misses:
        print(*report["misses"], sep="\n")


if __name__ == "__main__":
    main()
