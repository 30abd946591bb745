"""The text rules: which groups of entries tell the same by their words, and which may never be joined by them.

What joins: near-identical text (sketches), a teaser and its full text, the same story under another title (TF-IDF
of title and first lines, within a window). Thresholds were measured, and lean to precision.
"""

from __future__ import annotations

import html
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from heapq import nlargest
from operator import add

from digest.dedup.fingerprints import MAX_TOKENS, Fingerprint, fingerprint, jaccard, shingles
from digest.model import Candidate
from digest.text import folded, language, tokens
from digest.urls import host_of

_ZH_DIGITS = {character: str(index) for index, character in enumerate("零一二三四五六七八九")}
_NUMBER = re.compile(r"\d+(?:\.\d+)*(?!\s*[个個種种条條款件])")
"""Without counts: "10 个命令" and "11 个命令" are one list, edited."""
_ZH_ORDINAL = re.compile(r"第([一二三四五六七八九十百零]+)")
_PART_WORD = re.compile(
    r"\b(?:part|episode|chapter|volume|vol|week|issue|edition|season|phase|round)\s+"
    r"(one|two|three|four|five|six|seven|eight|nine|ten|[ivx]+)\b"
)
_ZH_PART = re.compile(r"[(\[【「]([上中下])[)\]】」]|([上中下])(?:篇|集|部|半|卷)|[:：\s]([上中下])$")
_MONTH = re.compile(
    r"\b(?:january|february|march|april|may|june|july|august|september|october|november|december)\b"
)
_SERIAL_KINDS = ("arxiv:", "doi:", "youtube:", "bilibili:", "acl:", "openreview:", "rfc:", "github:", "x:")
"""Kinds of ids of which two different ones are two different things, however alike they read."""


def numbers(title: str) -> frozenset[str]:
    """What tells one of a series from the next in a title: digits, 第三, Part Two, （上）, months."""
    title = folded(title)
    found = set(_NUMBER.findall(title))
    found.update(_zh_number(match) for match in _ZH_ORDINAL.findall(title))
    found.update(_MONTH.findall(title))
    found.update(f"part {match}" for match in _PART_WORD.findall(title))
    found.update(next(filter(None, match)) for match in _ZH_PART.findall(title))
    return frozenset(found)


def _zh_number(text: str) -> str:
    """一 is 1, 十二 is 12, 二十 is 20; longer ones only have to differ from each other."""
    if text.startswith("十"):
        text = "一" + text
    if text.endswith("十"):
        text += "零"
    return "".join(_ZH_DIGITS.get(character, "") for character in text)


def are_editions(ours: frozenset[str], theirs: frozenset[str]) -> bool:
    """Both titles hold numbers and neither holds all of the other's: edition N and N + 1, 1.2 and 1.3."""
    return bool(ours and theirs) and not (ours <= theirs or theirs <= ours)


def title_likeness(a: str, b: str) -> float:
    """Share of common words (Dice), 1 for equal titles."""
    ours, theirs = Counter(tokens(a)), Counter(tokens(b))
    total = ours.total() + theirs.total()
    return 2 * (ours & theirs).total() / total if total else 0.0


# --- what is compared -----------------------------------------------------------------------------


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
    numbers: frozenset[str] = frozenset()
    print: Fingerprint = field(default_factory=lambda: Fingerprint(""))
    is_zh: bool = False

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
LEAD_CHARS = 600
_MIN_TEXTS = 50
"""Frequencies in fewer texts say nothing: in a draft of two entries that tell the same, each word would be common."""
_STOPWORDS = frozenset(
    re.findall(
        r"\w+",
        """
    the a an and or of to in on for with is are was were be been it its this that as at by from has have had he she
    they we you i his her their our your not but will would can could more than about after new said which who what
    when how why there all one also into over up out if no so do does
        """,
    )
)
_RUN = re.compile(
    r"[\u3400-\u9fff\u3040-\u30ff\uac00-\ud7a3]+|[^\W_\u3400-\u9fff\u3040-\u30ff\uac00-\ud7a3]+"
)


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
        group.numbers = numbers(group.title)
        group.text = words_of(group.lead)
        group.print = print_of(group.lead)
        group.is_zh = language(f"{group.title}\n{group.text[:LEAD_CHARS]}").startswith(("zh", "ja"))


class Terms:
    """TF-IDF of title and first lines of each group: the title's words count twice.

    Vectors are made when they are asked for: all of a big week's at once would take more memory than its texts.
    """

    def __init__(self, groups: Sequence[Group]) -> None:
        one_of_each: dict[str, str] = {}
        self._bags = [_counted(_bag(group), one_of_each) for group in groups]
        frequency = Counter(term for terms, _ in self._bags for term in terms)
        texts = max(len(groups), _MIN_TEXTS)
        self._weights = {
            term: math.log((1 + texts / count) / 2) for term, count in frequency.items() if count < texts
        }
        self.top: list[list[str]] = []
        """Of each group the terms that tell most of it."""
        self._lengths: list[float] = []
        for index in range(len(groups)):
            weighted = self._weighted(index)
            self.top.append(nlargest(_TOP_TERMS, weighted, key=lambda term: (weighted[term], term)))
            self._lengths.append(math.sqrt(math.fsum(value * value for value in weighted.values())))
        self._weighed: tuple[int, dict[str, float]] = (-1, {})

    def of(self, index: int) -> dict[str, float]:
        return unit(self._weighted(index))

    def likeness(self, a: int, b: int) -> float:
        """Their cosine. Quick for many `b` of one `a`: what is asked of each term is worked out once."""
        if self._weighed[0] != a:
            weights = self._weights
            self._weighed = a, {term: value * weights[term] for term, value in self.of(a).items()}
        ours = self._weighed[1]
        common = sum(
            ours[term] * _DAMPED[count] for term, count in zip(*self._bags[b], strict=True) if term in ours
        )
        return common / self._lengths[b] if self._lengths[b] else 0.0

    def _weighted(self, index: int) -> dict[str, float]:
        weights = self._weights
        return {
            term: _DAMPED[count] * weights[term]
            for term, count in zip(*self._bags[index], strict=True)
            if term in weights
        }


_DAMPED = (0.0, *(1 + math.log(count) for count in range(1, 256)))


def _counted(bag: Counter[str], one_of_each: dict[str, str]) -> tuple[tuple[str, ...], bytes]:
    """A bag in little room: its terms, the same string for all groups, and how often each occurs."""
    return tuple(one_of_each.setdefault(term, term) for term in bag), bytes(
        min(count, 255) for count in bag.values()
    )


def unit(terms: Mapping[str, float]) -> dict[str, float]:
    length = math.sqrt(math.fsum(value * value for value in terms.values()))
    return {term: value / length for term, value in terms.items()} if length else {}


def _bag(group: Group) -> Counter[str]:
    """Words of two letters and more, and pairs of Chinese characters."""
    terms: list[str] = []
    for text in (group.title, group.title, group.text[:LEAD_CHARS]):
        for run in _RUN.findall(folded(text)):
            if run[0] >= "\u3040":
                terms += map(add, run, run[1:])
            elif len(run) > 1 and run not in _STOPWORDS:
                terms.append(run)
    return Counter(terms)


def cosine(a: dict[str, float], b: dict[str, float]) -> float:
    if len(a) > len(b):
        a, b = b, a
    return sum(value * b[term] for term, value in a.items() if term in b)


# --- the text rules -------------------------------------------------------------------------------

_NEAR_IDENTICAL = 0.40
_DOUBT = 0.15
"""Three standard errors of a 64-hash sketch."""
_CONTAINED = 0.80
_CONTAINED_RATIO = 0.2
_MIN_CONTAINED = 60
"""A text contained in one more than five times as long is an item of a roundup, not the same story."""
RELATED = 0.25
"""What joins a near-identical text must have this in common with the story's lead."""
_INDEXED = 16
_MIN_SHARED_HASHES = 2
_MAX_HASH_SHARE = 200
"""A shingle in more texts than this is boilerplate."""
LIKE_TITLES = 0.5
_ONE_TITLE = 0.95
"""In one feed, entries of two addresses are two things unless their titles say the same: "Dreams of Austria" and
"Dreams of Grasmere" share half of their show notes, "Move from Anchor" and "Move from Spreaker" most of their steps."""
_KEPT_SETS = 64
"""Texts whose shingles are held at a time: a set takes some 100 kB."""
REPETITIONS = ("same text", "near-identical text", "teaser")


def marks_of(kept: Fingerprint) -> tuple[int, ...]:
    """The hashes by which texts find each other."""
    return kept.sketch[:_INDEXED]


def near_identical(groups: Sequence[Group]) -> Iterator[Link]:
    """Pairs whose sketches agree: at least two of the 16 smallest hashes in common, then Jaccard >= .4.

    Or whose shorter text is as good as whole in the longer one (a page with and without what stands around it).
    """
    shingles_of = lru_cache(maxsize=_KEPT_SETS)(
        lambda index: shingles(
            tokens(groups[index].text)[:MAX_TOKENS]
        )  # the pairs come ordered by their first
    )
    for a, b in _pairs([marks_of(group.print) for group in groups], _MAX_HASH_SHARE):
        ours, theirs = groups[a], groups[b]
        same = bool(ours.print.text_hash) and ours.print.text_hash == theirs.print.text_hash
        if are_apart(ours, theirs, is_same_text=same):
            continue
        score = 1.0 if same else _likeness(ours, theirs, shingles_of)
        if score < _NEAR_IDENTICAL:
            continue
        rule = "same text" if same else "near-identical text"
        yield Link(score, 0, a, b, rule, f"{score:.0%} of its word sequences")


def _likeness(a: Group, b: Group, shingles_of: Callable[[int], set[int]]) -> float:
    """Jaccard by the sketches where they are clear, else by the texts; or the share of the contained text."""
    estimate = jaccard(a.print, b.print)
    if estimate > _NEAR_IDENTICAL + _DOUBT:
        return estimate
    shorter, longer = sorted((a.print.size, b.print.size))
    may_contain = shorter >= max(_MIN_CONTAINED, _CONTAINED_RATIO * longer)
    contained = estimate * (shorter + longer) / ((1 + estimate) * shorter) if may_contain else 0.0
    if estimate < _NEAR_IDENTICAL - _DOUBT and contained < _CONTAINED - _DOUBT:
        return estimate
    ours, theirs = shingles_of(a.index), shingles_of(b.index)
    common = len(ours & theirs)
    if may_contain and common >= _CONTAINED * shorter:
        return common / shorter
    return common / len(ours | theirs) if common else 0.0


def are_apart(a: Group, b: Group, *, is_same_text: bool) -> bool:
    """What no text rule may join."""
    if a.is_alone or b.is_alone:
        return True
    ours, theirs = work_of(a.lead), work_of(b.lead)
    if (
        ours != theirs
        and ours.partition(":")[0] == theirs.partition(":")[0]
        and ours.startswith(_SERIAL_KINDS)
    ):
        return True
    if a.lead.feed.url != b.lead.feed.url:
        return not is_same_text and are_editions(a.numbers, b.numbers)
    if a.title and b.title:
        return title_likeness(a.title, b.title) < _ONE_TITLE
    return not is_same_text


def work_of(candidate: Candidate) -> str:
    return candidate.target or (candidate.article.key if candidate.article is not None else candidate.key)


def _pairs(marks: Sequence[Sequence[object]], max_share: int) -> Iterator[tuple[int, int]]:
    """Pairs of positions with at least two marks in common, ascending; marks of too many say nothing."""
    holders: dict[object, list[int]] = defaultdict(list)
    for index in reversed(range(len(marks))):
        for mark in marks[index]:
            holders[mark].append(index)
    holders = {mark: held for mark, held in holders.items() if 1 < len(held) <= max_share}
    for a, row in enumerate(marks):
        common: Counter[int] = Counter()
        for mark in row:
            if held := holders.get(mark):
                held.pop()  # that is `a`: what is left comes after it
                common.update(held)
        yield from ((a, b) for b in sorted(common) if common[b] >= _MIN_SHARED_HASHES)


_TOP_TERMS = 16
_MAX_TERM_SHARE = 60
_SAME_EN = 0.45
_SAME_ZH = 0.38
"""Of two with text. Pairs of news that people judged: .45 joins three of four at precision .93; a month of arXiv
abstracts posing as blogs (all of them different) still gives a wrong pair in 300 at .45."""
_SAME_TITLES = 0.80
_TEASER_LIKENESS = 0.20
"""A teaser shares its words with the text's beginning."""
_MIN_LEAD_CHARS = 150
"""With less text than this, a group is a headline."""


def same_story(
    groups: Sequence[Group], terms: Terms, window: timedelta, threshold: float | None
) -> Iterator[Link]:
    """Pairs within the window that tell the same under another title; and teasers with their full text."""
    for a, b in _pairs(terms.top, _MAX_TERM_SHARE):
        ours, theirs = groups[a], groups[b]
        may_tell_the_same = _may_tell_the_same(ours, theirs, window)
        if not may_tell_the_same and not _may_be_teaser(ours, theirs):
            continue
        asked = _asked(ours, theirs) if threshold is None else threshold
        score = terms.likeness(a, b)
        if score < min(asked, _TEASER_LIKENESS) or are_apart(ours, theirs, is_same_text=False):
            continue
        if share := _teaser_share(ours, theirs):
            yield Link(share, 1, a, b, "teaser", f"{share:.0%} of the teaser is in the text")
        elif score >= asked and may_tell_the_same:
            yield Link(score, 2, a, b, "same story", f"likeness {score:.2f} of title and first lines", asked)


def _may_tell_the_same(a: Group, b: Group, window: timedelta) -> bool:
    """Two sources in one language within the window; a channel's post is its own words, not a report."""
    return (
        a.lead.feed.url != b.lead.feed.url
        and abs(a.lead.at - b.lead.at) <= window
        and a.is_zh == b.is_zh
        and not (a.is_post or b.is_post)
    )


def _asked(a: Group, b: Group) -> float:
    if min(len(a.text), len(b.text)) < _MIN_LEAD_CHARS:
        return _SAME_TITLES
    return _SAME_ZH if a.is_zh else _SAME_EN


_TEASER_SHARE = 0.5
_TEASER_RATIO = 0.6
_MIN_TEASER_HITS = 3
_TEASER_REACH = 5
"""A teaser is looked for in the beginning of the text, this many times its own length."""


def _may_be_teaser(a: Group, b: Group) -> bool:
    shorter, longer = sorted((len(a.text), len(b.text)))
    return 0 < shorter <= _TEASER_RATIO * longer


def _teaser_share(a: Group, b: Group) -> float:
    """How much of the shorter text is in the longer one, when it is its teaser: same host or like title; else 0."""
    if not _may_be_teaser(a, b):
        return 0.0
    short, long = sorted((a, b), key=lambda group: (len(group.text), group.index))
    is_like = title_likeness(a.title, b.title) >= LIKE_TITLES
    is_same_host = bool(host := host_of(short.lead.entry.url)) and host == host_of(long.lead.entry.url)
    if not is_like and not (is_same_host and not (a.title and b.title)):
        return 0.0
    ours = shingles(tokens(short.text))
    hits = len(ours & shingles(tokens(long.text[: _TEASER_REACH * len(short.text)])))
    return hits / len(ours) if hits >= max(_MIN_TEASER_HITS, _TEASER_SHARE * len(ours)) else 0.0
