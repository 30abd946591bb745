"""What says the same in the same words: near-identical texts (sketches), and a teaser with its full text.

Thresholds were measured, and lean to precision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from digest.dedup import series
from digest.dedup.fingerprints import MAX_TOKENS, Fingerprint, jaccard, shingles
from digest.dedup.groups import Group, Link, are_two_works, pairs
from digest.dedup.series import LIKE_TITLES, title_likeness
from digest.text import tokens
from digest.urls import host_of

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
ONE_TITLE = 0.95
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
    for a, b in pairs(marks, [_MIN_SHARED_HASHES] * len(groups), max_holders=_MAX_HASH_SHARE):
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
        return title_likeness(a.title, b.title) < ONE_TITLE
    return not is_same_text


# --- teasers --------------------------------------------------------------------------------------

_TEASER_SHARE = 0.5
_TEASER_RATIO = 0.6
_MIN_TEASER_HITS = 3
_TEASER_REACH = 5
"""A teaser is looked for in the beginning of the text, this many times its own length."""


def may_be_teaser(a: Group, b: Group) -> bool:
    shorter, longer = sorted((len(a.text), len(b.text)))
    return 0 < shorter <= _TEASER_RATIO * longer


def teaser_share(a: Group, b: Group) -> float:
    """How much of the shorter text is in the longer one, when it is its teaser: same host or like title; else 0."""
    if not may_be_teaser(a, b):
        return 0.0
    short, long = sorted((a, b), key=lambda group: (len(group.text), group.index))
    is_like = title_likeness(a.title, b.title) >= LIKE_TITLES
    is_same_host = bool(host := host_of(short.lead.entry.url)) and host == host_of(long.lead.entry.url)
    if not is_like and not (is_same_host and not (a.title and b.title)):
        return 0.0
    ours = shingles(tokens(short.text))
    hits = len(ours & shingles(tokens(long.text[: _TEASER_REACH * len(short.text)])))
    return hits / len(ours) if hits >= max(_MIN_TEASER_HITS, _TEASER_SHARE * len(ours)) else 0.0
