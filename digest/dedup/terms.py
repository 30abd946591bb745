"""Terms: what the words of two texts have in common, as TF-IDF vectors of title and first lines.

Words are cut to five letters, which is as good as a stemmer in any language that inflects (McNamee, Nicholas and
Mayfield, "Addressing morphological variation in alphabetic languages", 2009); Chinese counts pairs of characters.
A title's words count twice. Frequencies are those among the texts of the same script. Headlines without a text have so
few words that the pieces of these are compared too.
"""

from __future__ import annotations

import math
import re
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from heapq import nlargest
from itertools import compress
from operator import add

from digest.text import folded

Text = tuple[str, str, bool]
"""Title, first lines, and whether it is Chinese."""

_Bag = tuple[list[str], bytes]
"""Terms, and how often each occurs."""

_STEM = 5
_TOP = 18
"""The terms by which texts find each other."""
_MIN_TEXTS = 50
"""Frequencies in fewer texts say nothing: in a draft of two entries that tell the same, each word would be common."""
_PIECES = 0.7
"""Share of the likeness of two headlines that is that of their pieces; on 3,155 headlines of 74 events words alone give
.028 less of B-cubed F1, and pieces alone .015."""
_RAREST = 1 / 1000
"""Rarer than this counts no more: else the likeness of two texts would grow with the number of the others."""
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
_DAMPED = (0.0, *(1 + math.log(count) for count in range(1, 256)))


class Terms:
    """The vectors of a number of texts, each of length 1, without the terms that no other text has."""

    def __init__(self, texts: Sequence[Text]) -> None:
        one_of_each: dict[str, str] = {}
        bags = [_counted(_bag(title, lines), one_of_each) for title, lines, _ in texts]
        scripts = [is_zh for _, _, is_zh in texts]
        weights = {
            script: _Weights(list(compress(bags, map(script.__eq__, scripts)))) for script in (True, False)
        }
        self._weights = weights
        self._is_bare = [not (lines or is_zh) for _, lines, is_zh in texts]
        pieces = {
            index: _counted(_pieces(texts[index][0]), one_of_each)
            for index in compress(range(len(texts)), self._is_bare)
        }
        weights_of_pieces = _Weights(list(pieces.values()))
        self.top: list[list[str]] = []
        """Of each text the words that tell most of it."""
        self._vectors: list[tuple[list[str], array[float]]] = []
        for index, (bag, (_, lines, script)) in enumerate(zip(bags, texts, strict=True)):
            vector = weights[script].vector(bag, is_flat=not lines)
            self.top.append([term for _, term in nlargest(_TOP, zip(vector.values(), vector, strict=True))])
            if index in pieces:
                vector = _joined(vector, weights_of_pieces.vector(pieces[index], is_flat=True))
            self._vectors.append((list(vector), array("f", vector.values())))
        self._last = lru_cache(maxsize=1)(self.of)

    def of(self, index: int) -> dict[str, float]:
        return dict(zip(*self._vectors[index], strict=True))

    def title_share(self, title: str, other_title: str, other_lines: str) -> float:
        """How much of what a title tells another text holds, as a share: rare words tell most."""
        weight = self._weights[False].of
        theirs = set(_terms(f"{other_title}\n{other_lines}"))
        told = {term: weight(term) for term in _terms(title)}
        whole = sum(told.values())
        return sum(value for term, value in told.items() if term in theirs) / whole if whole else 0.0

    def likeness(self, a: int, b: int) -> float:
        """The cosine of two texts of the same script, of their words unless both are bare headlines. Quick for many
        `b` of one `a`.
        """
        ours = self._last(a)
        terms, values = self._vectors[b]
        cosine = sum(ours[term] * value for term, value in zip(terms, values, strict=True) if term in ours)
        return cosine / _WORDS if self._is_bare[a] != self._is_bare[b] else cosine


_WORDS = math.sqrt(1 - _PIECES)
"""Length of the words' part in the vector of a bare headline."""


def _joined(words: Mapping[str, float], pieces: Mapping[str, float]) -> dict[str, float]:
    """One vector of length 1, whose cosine with another is the weighted mean of the two cosines."""
    joined = {term: _WORDS * value for term, value in words.items()}
    joined |= {f"~{term}": math.sqrt(_PIECES) * value for term, value in pieces.items()}
    return joined


class _Weights:
    """How much each term tells, by the share of the texts that hold it."""

    def __init__(self, bags: Sequence[_Bag]) -> None:
        texts = max(len(bags), _MIN_TEXTS)
        frequency = Counter(term for terms, _ in bags for term in terms)
        told = {
            count: math.log((1 + 1 / max(count / texts, _RAREST)) / 2) for count in set(frequency.values())
        }
        shared = {term: told[count] for term, count in frequency.items() if 1 < count < texts}
        alone = told.get(1, 0.0)
        self._steep = alone, shared
        self._flat = math.sqrt(alone), {term: math.sqrt(value) for term, value in shared.items()}
        self._common = frozenset(term for term, count in frequency.items() if count >= texts)

    def of(self, term: str) -> float:
        """Of a text of some length, where weights are steep."""
        alone, shared = self._steep
        return 0.0 if term in self._common else shared.get(term, alone)

    def vector(self, bag: _Bag, *, is_flat: bool) -> dict[str, float]:
        """Flat weights differ half as much: all headlines of a big event hold the same few words, which are not common
        for that.
        """
        alone, shared = self._flat if is_flat else self._steep
        common = self._common
        vector: dict[str, float] = {}
        square = 0.0
        for term, count in zip(*bag, strict=True):
            value = _DAMPED[count]
            if term in shared:
                vector[term] = value = value * shared[term]
            elif term in common:
                continue
            else:
                value *= alone
            square += value * value
        length = math.sqrt(square)
        return {term: value / length for term, value in vector.items()}


def _counted(bag: Counter[str], one_of_each: dict[str, str]) -> _Bag:
    """A bag in little room: the same string for all texts, and at most 255 of each."""
    return [one_of_each.setdefault(term, term) for term in bag], bytes(
        min(count, 255) for count in bag.values()
    )


def _bag(title: str, lines: str) -> Counter[str]:
    return Counter(_terms(f"{title}\n{title}\n{lines}"))


def _terms(text: str) -> list[str]:
    """Words of two letters and more, and pairs of Chinese characters."""
    terms: list[str] = []
    for run in _runs(text):
        if run[0] >= "\u3040":
            terms += map(add, run, run[1:])
        else:
            terms.append(run[:_STEM] if run.isalpha() else run)  # of ids and numbers each place counts
    return terms


def _runs(text: str) -> list[str]:
    """Words, and what of Chinese stands in one piece; single characters and words that tell nothing are left out."""
    return [run for run in _RUN.findall(folded(text)) if len(run) > 1 and run not in _STOPWORDS]


def _pieces(title: str) -> Counter[str]:
    """Each three letters of a word in sequence, its ends included."""
    padded = (f" {run} " for run in _runs(title))
    return Counter(word[at : at + 3] for word in padded for at in range(len(word) - 2))


def dot(a: Mapping[str, float], b: Mapping[str, float]) -> float:
    if len(a) > len(b):
        a, b = b, a
    return sum(value * b[term] for term, value in a.items() if term in b)


# --- names ----------------------------------------------------------------------------------------

_CAPITAL = re.compile(r"[^\W\d_][\w’'-]*|\d[\d.,]*")
_NAME = re.compile(rf"(?:(?<=[^\W_]) [\"“‘'«(]?|(?<=, ))({_CAPITAL.pattern})")


_MIN_TITLE_WORD = 4
"""Shorter ones stay small in titles of either kind."""


@dataclass(frozen=True, slots=True)
class Names:
    """Who, where, how many: words with a capital, and numbers, cut like terms. Nothing in scripts without capitals.

    Reports of one event share them; two texts on one subject share its words only.
    """

    sure: frozenset[str]
    """Of the text, those that do not begin a sentence."""
    all: frozenset[str]
    """And the title's, unless It Writes Most Words So."""

    def shared(self, other: Names) -> int:
        """How many both hold, each surely a name in one of them."""
        return len((self.sure & other.all) | (other.sure & self.all))


def names(title: str, lines: str) -> Names:
    sure = _cut(_NAME.findall(lines))
    long = [word for word in _CAPITAL.findall(title) if len(word) >= _MIN_TITLE_WORD]
    is_sentence = 2 * sum(word[0].isupper() for word in long) <= len(long)
    return Names(sure, sure | _cut(_CAPITAL.findall(title)) if is_sentence else sure)


def _cut(words: Sequence[str]) -> frozenset[str]:
    return frozenset(word.lower().rstrip(".,")[:_STEM] for word in words if not word[0].islower())
