"""Series: what tells edition N from edition N + 1 in two titles, in either language.

Digits, versions, 第三, Part Two, IV, （上）, months and days of the week. Quantities count too: nothing in a title says
whether "12" is a number of the series or of the dead, so each rule asks how alike the titles are besides.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from digest.text import folded, tokens, width

# --- tables ---------------------------------------------------------------------------------------

_ONES = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen twenty"
)
_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
_ROMAN = "i ii iii iv v vi vii viii ix x xi xii xiii xiv xv xvi xvii xviii xix xx"
_VALUES = {
    word: str(value) for row in (_ONES, _ORDINALS, _ROMAN) for value, word in enumerate(row.split(), start=1)
}
_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_MONTH_VALUES = {
    name: value
    for value, month in enumerate(_MONTHS, start=1)
    for name in (month, month[:3], "sept" if month == "september" else month)
}
_SEASONS = "spring|summer|autumn|fall|winter"
_ZH_DIGITS = {character: str(index) for index, character in enumerate("零一二三四五六七八九")}
_PART_WORDS = "part|pt|episode|ep|chapter|volume|vol|week|day|issue|edition|season|series|phase|round|lesson|book|no|act"
_ORDERED_WORDS = (
    "part|quarter|half|week|day|issue|edition|season|phase|round|chapter|volume|episode|lesson|test"
)

# --- what is found --------------------------------------------------------------------------------


def _worded(pattern: str) -> re.Pattern[str]:
    """Whole words, also where Chinese stands next to them without a space."""
    return re.compile(rf"(?<![a-z])(?:{pattern})(?![a-z])")


_ZH = "[一二三四五六七八九十百零]+"
_GROUPED = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_ZH_NUMBER = re.compile(
    rf"(?:第|之|其|卷|系列)({_ZH})"
    rf"|[(\[【「]({_ZH})[)\]】」]"
    rf"|({_ZH})(?=月(?!球|亮|饼)|季度)"
    rf"|[:：\s]({_ZH})$"
)
_ZH_DAY = re.compile(r"(?:周|星期|礼拜)([一二三四五六日天])")
_ZH_PART = re.compile(r"[(\[【「]([上中下])[)\]】」]|([上中下])(?:篇|集|部|半|卷)|[:：\s]([上中下])$")
_PART = _worded(rf"(?:{_PART_WORDS})\.?\s+({'|'.join(_VALUES)}|[a-h])")
_ORDERED = _worded(rf"({'|'.join(_ORDINALS.split())})\s+(?:{_ORDERED_WORDS})")
_CAPITAL_ROMAN = re.compile(r"(?<![A-Za-z])(?:X?(?:I{2,3}|IV|VI{1,3}|IX)|XI|XVI?|XX)(?![A-Za-z])")
_MONTH = _worded(
    r"(january|february|april|june|july|august|september|october|november|december)"
    r"|(march|may|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)(?=\.?\s+\d)"
    r"|(?<=\d\s)(march|may|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)"
)
_DAY = _worded(r"(monday|tuesday|wednesday|thursday|friday|saturday|sunday)")
_SEASON = _worded(rf"({_SEASONS})(?=\s+\d{{4}})")
_STAGE = re.compile(r"(?<=\d)[-\s]?(alpha|beta|rc|final|preview)(?![a-z])")
_SUM = re.compile(r"(?:[$€£¥₹]|(?<![a-z])(?:rs|inr|usd|eur|gbp|rmb))\.?\s?(\d+(?:\.\d+)*)")
_PIECE = re.compile(r"(\d+(?:\.\d+)*)(?!\s*[个個種种条條款件])|\d+(?:\.\d+)*|[\u3400-\u9fff]|[^\W\d_]+")
"""Without counts: "10 个命令" and "11 个命令" are one list, edited."""


@dataclass(frozen=True, slots=True)
class Numbering:
    """The numbers of a title, and each of them with the word before it ("fedora" 31)."""

    numbers: frozenset[str] = frozenset()
    placed: frozenset[tuple[str, str]] = frozenset()
    sums: frozenset[str] = frozenset()
    """Those that are money."""


def numbering(title: str) -> Numbering:
    """What tells one of a series from the next in a title."""
    placed = {("part", _VALUES[match.lower()]) for match in _CAPITAL_ROMAN.findall(title)}
    title = _GROUPED.sub("", folded(title))
    placed |= set(_placed_digits(title))
    placed |= {("month", str(_MONTH_VALUES[next(filter(None, m))])) for m in _MONTH.findall(title)}
    placed |= {("第", _zh_value(next(filter(None, match)))) for match in _ZH_NUMBER.findall(title)}
    placed |= {("part", _VALUES.get(match, match)) for match in _PART.findall(title)}
    placed |= {("part", _VALUES[match]) for match in _ORDERED.findall(title)}
    placed |= {("part", next(filter(None, match))) for match in _ZH_PART.findall(title)}
    named = set(_DAY.findall(title)) | set(_SEASON.findall(title)) | set(_STAGE.findall(title))
    named |= {f"周{match}" for match in _ZH_DAY.findall(title)}
    sums = frozenset(_plain(match) for match in _SUM.findall(title))
    return Numbering(frozenset(number for _, number in placed) | named, frozenset(placed), sums)


def _placed_digits(title: str) -> Iterator[tuple[str, str]]:
    before = ""
    for match in _PIECE.finditer(title):
        if match[1]:
            yield before, _plain(match[1])
        before = match[0] if not match[1] else before


def _plain(number: str) -> str:
    return ".".join(part.lstrip("0") or "0" for part in number.split("."))


def _zh_value(text: str) -> str:
    """一 is 1, 十二 is 12, 二十 is 20; longer ones only have to differ from each other."""
    if text.startswith("十"):
        text = "一" + text
    if text.endswith("十"):
        text += "零"
    return "".join(_ZH_DIGITS.get(character, "") for character in text)


# --- what it says ---------------------------------------------------------------------------------

LIKE_TITLES = 0.5


def are_editions(ours: Numbering, theirs: Numbering) -> bool:
    """Edition N and N + 1, 1.2 and 1.3: both titles hold numbers and neither holds all of the other's.

    Or the same word has another number ("Fedora 31 to 32", "Fedora 32").
    """
    a, b = ours.numbers, theirs.numbers
    if not a or not b or a == b:
        return False
    return not (a <= b or b <= a) or _are_counted_differently(ours, theirs)


def are_retold_apart(
    ours: Numbering, theirs: Numbering, titles: tuple[str, str], *, are_headlines: bool
) -> bool:
    """Whether two titles, over texts in different words or none, are two of a series.

    The numbers of two reports may differ ("12 dead", "13 killed"): titles by one pattern make a series, or two
    numbers after the same word, or two names under one heading. Bare headlines have little but their numbers.
    """
    if _are_parts(*titles):
        return True
    return are_editions(ours, theirs) and (
        _are_counted_differently(ours, theirs, are_reports=not are_headlines)
        or title_likeness(*titles) >= LIKE_TITLES
    )


_SEPARATOR = re.compile(r"\s*(?:[:|]|[—–―]+|\s-\s)\s*")
_MIN_HEADING_WORDS = 3
_MIN_HEADING_WIDTH = 14
"""Columns. What stands before a colon in news ("Coronavirus:", "新冠疫情：") is shorter, and no series."""


def _are_parts(a: str, b: str) -> bool:
    """ "Walnut Creek CD: RLE images" and "Walnut Creek CD: C64 images"; 树莓派云盘之——搭建 and 树莓派云盘之——备份."""
    (head, *ours), (other, *theirs) = _at_separator(a), _at_separator(b)
    return (
        head == other
        and bool(ours and theirs)
        and width(head) >= _MIN_HEADING_WIDTH
        and len(tokens(head)) >= _MIN_HEADING_WORDS
        and title_likeness(ours[0], theirs[0]) < LIKE_TITLES
    )


@lru_cache(maxsize=4096)  # each title is met with many others
def _at_separator(title: str) -> list[str]:
    return _SEPARATOR.split(folded(title), maxsplit=1)


def _are_counted_differently(ours: Numbering, theirs: Numbering, *, are_reports: bool = False) -> bool:
    """Whether a word has another number. In reports neither sums of money nor what a title begins with ("20 dead")
    count anything.
    """
    a, b = _by_word(ours, are_reports), _by_word(theirs, are_reports)
    return any(a[word].isdisjoint(b[word]) for word in a.keys() & b.keys())


def _by_word(numbering: Numbering, is_report: bool) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for word, number in numbering.placed:
        if not is_report or (word and number not in numbering.sums):
            found[word].add(number)
    return found


def title_likeness(a: str, b: str) -> float:
    """Share of common words (Dice), 1 for equal titles."""
    ours, theirs = Counter(tokens(a)), Counter(tokens(b))
    total = ours.total() + theirs.total()
    return 2 * (ours & theirs).total() / total if total else 0.0
