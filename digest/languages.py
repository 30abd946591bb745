"""Which language a text is in: by its script, then by its small words; without a model.

Pure, standard library only.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import Literal

from digest import hantables, langtables
from digest.text import ADDRESS, CJK, HAN, HANGUL, IS_CJK, KANA

_HAN_RE = re.compile(f"[{HAN}]")
_KANA_RE = re.compile(f"[{KANA}]")
_HANGUL_RE = re.compile(f"[{HANGUL}]")
_LATIN_WORD = re.compile(r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]+")
_OTHER_WORD = re.compile(rf"[^\W\d_A-Za-z\u00aa\u00b5\u00ba\u00c0-\u024f\u1e00-\u1eff{CJK}]+")
_CJK_SHARE = 0.25
"""Measured on Latin-heavy Chinese titles: .999 right; models do worse."""
_TELLING_LENGTH = 60
"""Characters from which small words tell a language; a title may have none, or those of a name."""
_SURE_LENGTH = 400
"""Characters from which English words prevail over a page that declares another language in Latin letters."""
_OTHER_SCRIPTS = frozenset(("zh", "ja", "ko", "ru", "uk", "bg", *(code for code, _ in langtables.SCRIPTS)))
_TELLING_READ = 2000
_TELLING_SHARE = 0.08
"""Prose of the languages listed has a third and more of small words; half of them are shared."""
_WORD_OF_LETTERS = re.compile(r"[^\W\d_]+")
_KANA_SHARE = 0.1
"""A Chinese text quotes a の now and then; Japanese headlines are a fifth kana and more."""


def language(text: str) -> str:
    """The language: by its script first, then, in Latin or Cyrillic letters, by its small words.

    A quarter of Chinese characters among the words makes a text Chinese; "zh" when no character tells simplified from
    traditional. Texts in Latin letters are "en" where they are short or no other language's words prevail; "" for
    texts without words. Addresses don't count.
    """
    text = ADDRESS.sub(" ", text)
    han = kana = hangul = 0
    if IS_CJK.search(text):
        han, kana, hangul = (len(script.findall(text)) for script in (_HAN_RE, _KANA_RE, _HANGUL_RE))
    latin, other = len(_LATIN_WORD.findall(text)), len(_OTHER_WORD.findall(text))
    cjk = han + kana + hangul
    if cjk and cjk >= _CJK_SHARE * (cjk + latin + other):
        if hangul > han + kana:
            return "ko"
        return "ja" if kana and kana >= _KANA_SHARE * (han + kana) else _chinese_script(text)
    if latin > other:
        return _by_small_words(text, "en") if len(text) >= _TELLING_LENGTH else "en"
    return _by_script(text) if other else ""


def spoken(text: str, declared: str = "") -> str:
    """The language of `text`; what its page or feed declares refines it ("de-AT"), or decides where the text is too
    short, or in a language whose words aren't known here.
    """
    found = language(text)
    base = declared.partition("-")[0].lower()
    if not base:
        return found
    if not found or base == found:
        return declared
    is_guess = found == "en" and (base not in langtables.WORDS or len(text) < _SURE_LENGTH)
    return declared if is_guess and base not in _OTHER_SCRIPTS else found


def _by_script(text: str) -> str:
    if len(re.findall("[\u0400-\u04ff]", text)) > 0.5 * len(re.findall(r"[^\W\d_]", text)):
        return _by_small_words(text, "ru")
    found = {code: len(re.findall(f"[{letters}]", text)) for code, letters in langtables.SCRIPTS}
    if found["fa"] < 0.02 * found["ar"]:  # a name quoted from the other language
        del found["fa"]
    best = max(found, key=found.__getitem__)
    return ("fa" if best == "ar" and "fa" in found else best) if found[best] else ""


def _by_small_words(text: str, usual: str) -> str:
    """The language whose small words make up most of `text`, each word shared among those that have it.

    `usual` unless another has clearly more: code and names of products are no language.
    """
    index = _small_words()
    scores: Counter[str] = Counter()
    words = _WORD_OF_LETTERS.findall(text.lower(), 0, _TELLING_READ)
    for word in words:
        for code, weight in index.get(word, ()):
            scores[code] += weight  # type: ignore[assignment]
        if not word.isascii():
            for letter in word:
                for code, weight in index.get(f"{letter}*", ()):
                    scores[code] += weight  # type: ignore[assignment]
    if not scores:
        return usual
    best = max(scores, key=lambda code: (scores[code], code == usual))
    is_said = scores[best] >= max(_TELLING_SHARE * len(words), 1) or scores[usual] < 0.25 * scores[best] > 0.1
    is_clear = is_said and scores[best] > 1.2 * scores[usual]
    return best if is_clear else usual


@cache
def _small_words() -> dict[str, tuple[tuple[str, float], ...]]:
    """Word, or letter and star, to the languages that have it, with its weight."""
    holders: dict[str, list[str]] = {}
    for code, words in langtables.WORDS.items():
        for word in dict.fromkeys(words.split()):
            holders.setdefault(word, []).append(code)
    for code, letters in langtables.LETTERS.items():
        for letter in letters:
            holders.setdefault(f"{letter}*", []).append(code)
    return {word: tuple((code, 1 / len(codes)) for code in codes) for word, codes in holders.items()}


def _chinese_script(text: str) -> Literal["zh-Hans", "zh-Hant", "zh"]:
    simplified = sum(map(hantables.SIMPLIFIED_ONLY.__contains__, text))
    traditional = sum(map(hantables.TRADITIONAL_ONLY.__contains__, text))
    if simplified == traditional:
        return "zh"
    return "zh-Hans" if simplified > traditional else "zh-Hant"
