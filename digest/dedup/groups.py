"""What the text rules compare: groups of entries of one identity, each with the text that stands for it."""

from __future__ import annotations

import html
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from digest.dedup import series
from digest.dedup.fingerprints import Fingerprint, fingerprint
from digest.dedup.series import Numbering
from digest.dedup.terms import Terms
from digest.model import Candidate

_SERIAL_KINDS = ("arxiv:", "doi:", "youtube:", "bilibili:", "acl:", "openreview:", "rfc:", "github:", "x:")
"""Kinds of ids of which two different ones are two different things, however alike they read."""


@dataclass(slots=True)
class Group:
    """Candidates of one identity, and the text that stands for them in the text rules."""

    index: int
    members: list[Candidate]
    lead: Candidate
    is_alone: bool = False
    """The curator split it off: no text rule applies."""
    title: str = ""
    text: str = ""
    print: Fingerprint = field(default_factory=lambda: Fingerprint(""))
    is_zh: bool = False
    is_headline: bool = False
    """Too little text to tell by it."""
    _numbering: Numbering | None = None

    @property
    def numbering(self) -> Numbering:
        """Read from the title when it is asked for: most groups resemble no other."""
        if self._numbering is None:
            self._numbering = series.numbering(self.title)
        return self._numbering

    @property
    def is_post(self) -> bool:
        return self.lead.entry.post is not None


@dataclass(frozen=True, slots=True)
class Link:
    """Two groups that a text rule holds for one story."""

    score: float
    rank: int
    """Of the rule: the surer first."""
    a: int
    b: int
    rule: str
    detail: str
    asked: float = 0.0
    """What two whole stories must have in common for this link to hold."""


_TAG = re.compile(r"<[^>]*>")
_CHARACTER = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
_LETTERS = re.compile(r"[^\W\d_\u3040-\u30ff\u3400-\u9fff]+")
_CHARACTER_SHARE = 0.25
LEAD_CHARS = 600
_MIN_LEAD_CHARS = 150
"""With less text than this, a group is a headline; half of it in Chinese."""


def words_of(candidate: Candidate) -> str:
    """The text a candidate stands for: the article's, else the entry's own (never a remark on something else)."""
    if candidate.article is not None and candidate.article.text:
        return candidate.article.text
    if candidate.target:
        return candidate.article.summary if candidate.article is not None else ""
    body = max(candidate.entry.content, candidate.entry.summary, key=len)
    return html.unescape(_TAG.sub(" ", body))


def title_of(candidate: Candidate) -> str:
    title = candidate.article.title if candidate.article is not None else ""
    return title or ("" if candidate.target else candidate.entry.title)


def print_of(candidate: Candidate) -> Fingerprint:
    """Of `words_of`: the one that was kept with the article, else made now."""
    article = candidate.article
    kept = Fingerprint.unpacked(article.fingerprint) if article is not None and article.text else None
    return fingerprint(words_of(candidate)) if kept is None else kept


def read(groups: Sequence[Group]) -> None:
    """Fill in what the text rules compare."""
    for group in groups:
        group.title = title_of(group.lead)
        group.text = words_of(group.lead)
        group.print = print_of(group.lead)
        group.is_zh = _is_zh(f"{group.title}\n{group.text[:LEAD_CHARS]}")
        group.is_headline = len(group.text) < min_lead_chars(group)


def _is_zh(text: str) -> bool:
    """Whether characters carry the text, Chinese or Japanese: as `language` tells it, for a tenth of its time."""
    if text.isascii():
        return False
    characters = len(_CHARACTER.findall(text))
    return characters > 0 and characters >= _CHARACTER_SHARE * (characters + len(_LETTERS.findall(text)))


def terms_of(groups: Sequence[Group]) -> Terms:
    return Terms([(group.title, lead_of(group), group.is_zh) for group in groups])


def lead_of(group: Group) -> str:
    """The first lines; a Chinese character says as much as two or three letters."""
    return group.text[: LEAD_CHARS // 2 if group.is_zh else LEAD_CHARS]


def min_lead_chars(group: Group) -> int:
    return _MIN_LEAD_CHARS // 2 if group.is_zh else _MIN_LEAD_CHARS


def are_two_works(a: Group, b: Group) -> bool:
    """Two papers, two videos, two repositories: their ids say so."""
    ours, theirs = work_of(a.lead), work_of(b.lead)
    return (
        ours != theirs
        and ours.partition(":")[0] == theirs.partition(":")[0]
        and ours.startswith(_SERIAL_KINDS)
    )


def work_of(candidate: Candidate) -> str:
    return candidate.target or (candidate.article.key if candidate.article is not None else candidate.key)


def pairs(
    marks: Sequence[Sequence[object]],
    asked: Sequence[int],
    *,
    max_holders: int | None = None,
    reach: int | None = None,
) -> Iterator[tuple[int, int]]:
    """Pairs of positions, ascending, that have as many marks in common as both ask for.

    A mark of more than `max_holders` says nothing; one of many is looked for in the next `reach` holders only.
    """
    holders: dict[object, list[int]] = defaultdict(list)
    for index in reversed(range(len(marks))):
        for mark in marks[index]:
            holders[mark].append(index)
    most = max_holders or len(marks)
    holders = {mark: held for mark, held in holders.items() if 1 < len(held) <= most}
    for a, row in enumerate(marks):
        common: Counter[int] = Counter()
        for mark in row:
            if held := holders.get(mark):
                held.pop()  # that is `a`: what is left comes after it, the nearest last
                common.update(held[-reach:] if reach else held)
        least = asked[a]
        yield from ((a, b) for b in sorted(b for b, n in common.items() if n >= least and n >= asked[b]))
