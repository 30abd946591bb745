"""The text rules: which groups of entries tell the same by their words, and which may never be joined by them.

What joins: near-identical text (sketches), a teaser and its full text, the same story under another title (TF-IDF
of title and first lines, within a window). Thresholds were measured, and lean to precision.
"""

from __future__ import annotations

import html
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from itertools import takewhile

from digest.dedup import series
from digest.dedup.fingerprints import MAX_TOKENS, Fingerprint, fingerprint, jaccard, shingles
from digest.dedup.series import LIKE_TITLES, Numbering, title_likeness
from digest.dedup.terms import Terms, names, title_share
from digest.model import Candidate
from digest.text import tokens, without_passages
from digest.urls import host_of

_SERIAL_KINDS = ("arxiv:", "doi:", "youtube:", "bilibili:", "acl:", "openreview:", "rfc:", "github:", "x:")
"""Kinds of ids of which two different ones are two different things, however alike they read."""


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
_HANGUL = re.compile(r"[\uac00-\ud7a3]")
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
        group.is_headline = len(group.text) < _min_lead_chars(group)


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
_ONE_FEED = 0.80
"""Two numbers of one feed under a standing title share what stands around their news."""
_INDEXED = 16
_MIN_SHARED_HASHES = 2
_MAX_HASH_SHARE = 200
"""A shingle in more texts than this is boilerplate."""
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
    marks = [marks_of(group.print) for group in groups]
    for a, b in _pairs(marks, [_MIN_SHARED_HASHES] * len(groups), max_holders=_MAX_HASH_SHARE):
        ours, theirs = groups[a], groups[b]
        same = bool(ours.print.text_hash) and ours.print.text_hash == theirs.print.text_hash
        score = 1.0 if same else _likeness(ours, theirs, shingles_of)
        if score < _asked_of_copies(ours, theirs) or are_apart(ours, theirs, is_same_text=same):
            continue
        rule = "same text" if same else "near-identical text"
        yield Link(score, 0, a, b, rule, f"{score:.0%} of its word sequences")


def _asked_of_copies(a: Group, b: Group) -> float:
    return _ONE_FEED if a.lead.feed.url == b.lead.feed.url else _NEAR_IDENTICAL


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
    if are_two_works(a, b):
        return True
    if a.lead.feed.url != b.lead.feed.url:
        return not is_same_text and series.are_editions(a.numbering, b.numbering)
    if a.title and b.title:
        return title_likeness(a.title, b.title) < _ONE_TITLE
    return not is_same_text


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


def _pairs(
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


_REACH = 60
"""Entries come in order of time: of a big event each is compared with the next ones; their stories meet by those links."""
_MIN_SHARED_TERMS = 4
_MIN_SHARED_ZH_TERMS = 3
_MIN_SHARED_IN_TITLES = 3
_MIN_SHARED_IN_ZH_TITLES = 7
"""Of the terms that tell most of two texts: true pairs of news share four and more of sixteen."""
_ONE_TERM_SUFFICES = 0.2
"""Below such a likeness one telling word in common may be all there is."""
_SAME_EN = 0.22
_SAME_ZH = 0.17
"""Of two with text, within days and from two sources."""
_NAMES_BELOW = ((0.28, 3), (0.60, 2))
"""Names or numbers that two texts must share below such a likeness: texts on one subject share its words only.

Of 3,000 abstracts posing as news of one day 605 pairs reach .25; names leave 135 of them, and titles 94. Of 16 pairs of
reports that people call one event 12 are left.
"""
_TITLE_SHARE = 0.34
"""Each of the two must hold so much of the other's title. Two of a series share what stands around their news, and two
guides their subject: "Schedule a visit with the Emacs psychiatrist", "Take a swim at your Linux terminal"."""
_MANY_NAMES = 4
_TITLE_SHARE_OF_MANY_NAMES = 0.25
"""Reports that share so many names may be headed more freely."""
_PASSAGE = 6
_PASSAGE_OF_SYLLABLES = 18
"""Words in sequence that two reports in words of their own seldom have in common; of Korean each syllable is a token."""
_SAME_TITLES_EN = 0.70
_SAME_TITLES_ZH = 0.80
"""Of headlines, read in bands: English ones are safe above .65, Chinese ones are not below .8 ("山东疾控重要提醒")."""
_OVER_WINDOW = 0.1
"""Of the likeness that is not asked anyway, so much is at the window's end."""
_TEASER_LIKENESS = 0.20
"""A teaser shares its words with the text's beginning."""
ONE_FEED_FACTOR = 1.25
"""Two entries of one feed are seldom one story: so much more is asked of what would bring them together."""


def same_story(
    groups: Sequence[Group], terms: Terms, window: timedelta, threshold: float | None
) -> Iterator[Link]:
    """Pairs within the window that tell the same under another title; and teasers with their full text."""
    names_of = lru_cache(maxsize=None)(lambda index: names(groups[index].title, lead_of(groups[index])))
    shared = [_terms_asked(group, threshold) for group in groups]
    strictness = 1.0 if threshold is None else min(1.0, threshold / _SAME_EN)
    for a, b in _pairs(terms.top, shared, reach=_REACH):
        ours, theirs = groups[a], groups[b]
        may_tell_the_same = _may_tell_the_same(ours, theirs, window)
        if not may_tell_the_same and not _may_be_teaser(ours, theirs):
            continue
        asked = _asked(ours, theirs) if threshold is None else threshold
        score = terms.likeness(a, b)
        if score < min(asked, _TEASER_LIKENESS) or ours.is_alone or theirs.is_alone:
            continue
        if share := _teaser_share(ours, theirs):
            if not are_apart(ours, theirs, is_same_text=False):
                yield Link(share, 1, a, b, "teaser", f"{share:.0%} of the teaser is in the text")
            continue
        if not may_tell_the_same or score < asked_over(asked, abs(ours.lead.at - theirs.lead.at), window):
            continue
        if are_told_apart(ours, theirs):
            continue
        if _are_reports(ours, theirs) and not _tell_of_one(
            ours, theirs, names_of(a).shared(names_of(b)), score, strictness
        ):
            continue
        yield Link(score, 2, a, b, "same story", f"likeness {score:.2f} of title and first lines", asked)


def asked_over(asked: float, gap: timedelta, window: timedelta) -> float:
    """Reports of one event come together: the later the other one, the more alike it has to be."""
    return asked + _OVER_WINDOW * (1 - asked) * min(1.0, gap / window) if gap else asked


def _terms_asked(group: Group, threshold: float | None) -> int:
    if threshold is not None and threshold < _ONE_TERM_SUFFICES:
        return 1
    if not group.is_headline:
        return _MIN_SHARED_ZH_TERMS if group.is_zh else _MIN_SHARED_TERMS
    return _MIN_SHARED_IN_ZH_TITLES if group.is_zh else _MIN_SHARED_IN_TITLES


def _may_tell_the_same(a: Group, b: Group, window: timedelta) -> bool:
    """Two sources in one language within the window; a channel's post is its own words, not a report."""
    return (
        a.lead.feed.url != b.lead.feed.url
        and abs(a.lead.at - b.lead.at) <= window
        and a.is_zh == b.is_zh
        and not (a.is_post or b.is_post)
    )


def are_told_apart(a: Group, b: Group) -> bool:
    """What is not one story, whoever tells it: two works, two numbers of a series, one feed's texts by one pattern."""
    if a.lead.feed.url == b.lead.feed.url and jaccard(a.print, b.print) >= RELATED:
        return title_likeness(a.title, b.title) < _ONE_TITLE
    if are_two_works(a, b):
        return True
    are_headlines, titles = a.is_headline or b.is_headline, (a.title, b.title)
    if series.are_retold_apart(a.numbering, b.numbering, titles, are_headlines=are_headlines):
        return True
    return not are_headlines and _are_by_one_pattern(a, b)


_PATTERN_SHARE = 0.5
_MIN_PATTERN_WORDS = 3


def _are_by_one_pattern(a: Group, b: Group) -> bool:
    """ "Does Hurco Have A Volatile Share Price?" and the same of another: titles that differ in one place, by what each
    text speaks of again and again and the other never does.
    """
    ours, theirs = tokens(a.title), tokens(b.title)
    start = _common_length(ours, theirs)
    end = _common_length(ours[:start:-1], theirs[:start:-1])
    if start + end < max(_MIN_PATTERN_WORDS, _PATTERN_SHARE * max(len(ours), len(theirs))):
        return False
    own, other = set(ours[start : len(ours) - end]), set(theirs[start : len(theirs) - end])
    said, said_there = Counter(tokens(lead_of(a))), Counter(tokens(lead_of(b)))
    return (
        own.isdisjoint(other) and _is_subject(own, said, said_there) and _is_subject(other, said_there, said)
    )


def _is_subject(words: Set[str], said: Counter[str], said_there: Counter[str]) -> bool:
    return any(said[word] > 1 and not said_there[word] for word in words)


def _common_length(a: Sequence[str], b: Sequence[str]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(a, b, strict=False)))


def _are_reports(a: Group, b: Group) -> bool:
    """Of which names, title and lines can be weighed against each other; Chinese has no capitals."""
    return not (a.is_zh or a.is_headline or b.is_headline)


def _tell_of_one(a: Group, b: Group, shared_names: int, score: float, strictness: float) -> bool:
    """Whether who and where agree, and the titles: else the two have their subject in common.

    Who asks for less likeness than usual asks for less of these too.
    """
    has_names = not (_is_without_capitals(a) and _is_without_capitals(b))
    names_asked = next((names for below, names in _NAMES_BELOW if score < below), 0)
    if has_names and shared_names < strictness * names_asked:
        return False
    asked = _TITLE_SHARE_OF_MANY_NAMES if shared_names >= _MANY_NAMES else _TITLE_SHARE
    return _title_share(a, b) >= strictness * asked


def _is_without_capitals(group: Group) -> bool:
    """In Arabic or Korean the words have to do."""
    return (lines := lead_of(group)) == lines.lower()


def _title_share(a: Group, b: Group) -> float:
    """How much of each title the other holds in words of its own: of "Welcome to another day of" a series all have part."""
    ours, theirs = lead_of(a), lead_of(b)
    length = _PASSAGE_OF_SYLLABLES if _HANGUL.search(ours) else _PASSAGE
    return min(
        title_share(a.title, b.title, without_passages(theirs, ours, length)),
        title_share(b.title, a.title, without_passages(ours, theirs, length)),
    )


def _asked(a: Group, b: Group) -> float:
    """Of reports least, of headlines most, and the less the more is under one of them."""
    titles, texts = (_SAME_TITLES_ZH, _SAME_ZH) if a.is_zh else (_SAME_TITLES_EN, _SAME_EN)
    if not (a.is_headline or b.is_headline):
        return texts
    share = min(len(a.text), len(b.text)) / _min_lead_chars(a)
    return titles - share * (titles - texts) / 2


def _min_lead_chars(group: Group) -> int:
    return _MIN_LEAD_CHARS // 2 if group.is_zh else _MIN_LEAD_CHARS


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
