"""What tells the same in other words: TF-IDF of title and first lines, within days, guarded by names and titles.

A wrong fold hides news, so each rule here was measured on labelled reports and on texts that only share a subject.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence, Set
from datetime import timedelta
from functools import lru_cache
from itertools import takewhile

from digest.dedup import series
from digest.dedup.copies import ONE_TITLE, RELATED, are_apart, may_be_teaser, teaser_share
from digest.dedup.fingerprints import jaccard
from digest.dedup.groups import Group, Link, are_two_works, lead_of, min_lead_chars, pairs
from digest.dedup.series import title_likeness
from digest.dedup.terms import Terms, names
from digest.text import tokens, without_passages

_HANGUL = re.compile(r"[\uac00-\ud7a3]")
_REACH = 60
"""Entries come in order of time: of a big event each is compared with the next ones; their stories meet by those links."""
_MIN_SHARED_TERMS = 4
_MIN_SHARED_IN_TITLES = 3
_MIN_SHARED_IN_ZH_TITLES = 7
"""Of the terms that tell most of two texts: true pairs of news share four and more of eighteen."""
_ONE_TERM_SUFFICES = 0.2
"""Below such a likeness one telling word in common may be all there is."""
_SAME_EN = 0.22
_SAME_ZH = 0.17
"""Of two with text, within days and from two sources."""
_NAMES_BELOW = ((0.28, 3), (0.60, 2))
"""Names or numbers that two texts must share below such a likeness: texts on one subject share its words only.

Of 3,000 abstracts posing as news of one day 108 fold, and 286 without names and titles.
"""
_TITLE_SHARE = 0.34
"""Each of the two must hold so much of what the other's title tells. Two of a series share what stands around their news, and two
guides their subject: "Schedule a visit with the Emacs psychiatrist", "Take a swim at your Linux terminal"."""
_MANY_NAMES = 4
_TITLE_SHARE_OF_MANY_NAMES = 0.22
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
    """Pairs within the window that tell the same under another title; and teasers with their full text.

    With a `threshold` likeness alone decides: names and titles guard the default.
    """
    names_of = lru_cache(maxsize=None)(lambda index: names(groups[index].title, lead_of(groups[index])))
    shared = [_terms_asked(group, threshold) for group in groups]
    for a, b in pairs(terms.top, shared, reach=_REACH):
        ours, theirs = groups[a], groups[b]
        may_tell_the_same = _may_tell_the_same(ours, theirs, window)
        if not may_tell_the_same and not may_be_teaser(ours, theirs):
            continue
        asked = _asked(ours, theirs) if threshold is None else threshold
        score = terms.likeness(a, b)
        if score < min(asked, _TEASER_LIKENESS) or ours.is_alone or theirs.is_alone:
            continue
        if share := teaser_share(ours, theirs):
            if not are_apart(ours, theirs, is_same_text=False):
                yield Link(share, 1, a, b, "teaser", f"{share:.0%} of the teaser is in the text")
            continue
        if not may_tell_the_same or score < asked_over(asked, abs(ours.lead.at - theirs.lead.at), window):
            continue
        if are_told_apart(ours, theirs):
            continue
        is_guarded = threshold is None and _are_reports(ours, theirs)
        if is_guarded and not _tell_of_one(ours, theirs, terms, names_of(a).shared(names_of(b)), score):
            continue
        yield Link(score, 2, a, b, "same story", f"likeness {score:.2f} of title and first lines", asked)


def asked_over(asked: float, gap: timedelta, window: timedelta) -> float:
    """Reports of one event come together: the later the other one, the more alike it has to be."""
    return asked + _OVER_WINDOW * (1 - asked) * min(1.0, gap / window) if gap else asked


def _terms_asked(group: Group, threshold: float | None) -> int:
    if threshold is not None and threshold < _ONE_TERM_SUFFICES:
        return 1
    if not group.is_headline:
        return _MIN_SHARED_TERMS
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
        return title_likeness(a.title, b.title) < ONE_TITLE
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


def _tell_of_one(a: Group, b: Group, terms: Terms, shared_names: int, score: float) -> bool:
    """Whether who and where agree, and the titles: else the two have their subject in common."""
    has_names = not (_is_without_capitals(a) and _is_without_capitals(b))
    names_asked = next((names for below, names in _NAMES_BELOW if score < below), 0)
    if has_names and shared_names < names_asked:
        return False
    asked = _TITLE_SHARE_OF_MANY_NAMES if shared_names >= _MANY_NAMES else _TITLE_SHARE
    return _title_share(a, b, terms) >= asked


def _is_without_capitals(group: Group) -> bool:
    """In Arabic or Korean the words have to do."""
    return (lines := lead_of(group)) == lines.lower()


def _title_share(a: Group, b: Group, terms: Terms) -> float:
    """How much of each title the other holds in words of its own: of "Welcome to another day of" a series all have part."""
    ours, theirs = lead_of(a), lead_of(b)
    length = _PASSAGE_OF_SYLLABLES if _HANGUL.search(ours) else _PASSAGE
    return min(
        terms.title_share(a.title, b.title, without_passages(theirs, ours, length)),
        terms.title_share(b.title, a.title, without_passages(ours, theirs, length)),
    )


def _asked(a: Group, b: Group) -> float:
    """Of reports least, of headlines most, and the less the more is under one of them."""
    titles, texts = (_SAME_TITLES_ZH, _SAME_ZH) if a.is_zh else (_SAME_TITLES_EN, _SAME_EN)
    if not (a.is_headline or b.is_headline):
        return texts
    share = min(len(a.text), len(b.text)) / min_lead_chars(a)
    return titles - share * (titles - texts) / 2
