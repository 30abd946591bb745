"""Measures of plain text, Chinese and Latin alike: width, cuts, language, sentences, search terms, hashtags.

Pure, standard library only. Nothing here changes what is stored: what folds width, case or script
(`tokens`, `search_text`, `tag_key`) makes keys for comparison.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from digest import hantables, langtables

_HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_KANA = "\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff"
_HANGUL = "\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3"
_CJK = _HAN + _KANA + _HANGUL
_IS_CJK = re.compile(f"[{_CJK}]")

_URL = re.compile(r"(?i)\b(?:https?|ftp)://[^\s<>\"“”「」『』（）。，；！？]+|\bwww\.[^\s<>\"“”「」，。；]+")


# --- width ----------------------------------------------------------------------------------------

_ZWJ = "\u200d"
_VS16 = "\ufe0f"
_KEYCAP = "\u20e3"


def width(text: str) -> int:
    """Columns of a terminal or fixed-width mail that `text` takes (UAX #11; ambiguous counts 1, emoji 2)."""
    if text.isascii():
        return len(text)
    return sum(map(_cell_width, _graphemes(text)))


def _cell_width(grapheme: str) -> int:
    if _VS16 in grapheme or _KEYCAP in grapheme or (_is_flag(grapheme[0]) and len(grapheme) > 1):
        return 2
    return max(map(_character_width, grapheme))


def _character_width(character: str) -> int:
    if character < "\u0300":
        return 0 if character < " " or "\x7f" <= character < "\xa0" or character == "\xad" else 1
    if unicodedata.category(character) in ("Mn", "Me", "Cf", "Cc"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def _is_flag(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _extends(character: str) -> bool:
    """Belongs to the character before it: marks, variation selectors, skin tones, tags, ZWJ (UAX #29 Extend)."""
    return character >= "\u0300" and (
        character == "\u200c"
        or character == _ZWJ
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or "\U000e0020" <= character <= "\U000e007f"
        or unicodedata.category(character) in ("Mn", "Me", "Mc")
    )


def _graphemes(text: str) -> Iterator[str]:
    """What a reader calls characters: UAX #29 as far as marks, emoji sequences, flags, jamo and CR LF go."""
    start = 0
    for index in range(1, len(text)):
        if not _holds_together(text, start, index):
            yield text[start:index]
            start = index
    if text:
        yield text[start:]


def _holds_together(text: str, start: int, index: int) -> bool:
    before, after = text[index - 1], text[index]
    if after < "\u0300":
        return before == "\r" and after == "\n"
    if _extends(after):
        return before not in "\r\n"
    if before == _ZWJ:
        return unicodedata.category(after) == "So"
    if _is_flag(after):
        return _is_flag(before) and (index - start) % 2 == 1
    return "\u1100" <= before <= "\u11ff" and "\u1160" <= after <= "\u11ff"


# --- cutting and wrapping -------------------------------------------------------------------------

_NOT_AT_START = frozenset(
    "，。、；：？！）】》〉」』”’…—～·％‰℃°,.;:?!)]}%ーっゃゅょッャュョぁぃぅぇぉァィゥェォ々〕｝〞"
)
"""Kinsoku: what never begins a line (JIS X 4051; W3C clreq 3.1.2)."""
_NOT_AT_END = frozenset("（【《〈「『“‘([{〔｛〝￥＄$£€#")
_SENTENCE_END = "。！？!?…"
_CUT_LOSS = 0.4
"""At most this part of the room is given up for the sake of a whole word."""
_SENTENCE_LOSS = 0.25


def cut(text: str, max_width: int) -> str:
    """`text` if it fits, else its beginning and "…": never wider than `max_width`, never inside a character.

    Ends after a sentence or before a word where that costs little.
    """
    if width(text) <= max_width:
        return text
    if max_width < 1:
        return ""
    head, room = [], max_width - 1
    for grapheme in _graphemes(text):
        room -= _cell_width(grapheme)
        if room < 0:
            break
        head.append(grapheme)
    return _whole_words("".join(head), text[len("".join(head)) :], max_width)


def _whole_words(head: str, rest: str, max_width: int) -> str:
    """`head` and "…", without its last sentence or word when `rest` shows that it is not whole."""
    ends = [match.end() for match in re.finditer(r"[。！？]+[”’」』）]*|[.!?]+[\"')\]]*(?=\s)", head)]
    if ends and (1 - _SENTENCE_LOSS) * max_width <= width(head[: ends[-1]]) <= max_width - 2:
        head = head[: ends[-1]]
        return f"{head} …" if head.isascii() else f"{head}…"
    if head and rest and _is_word(head[-1]) and _is_word(rest[0]):
        shorter = re.sub(rf"[^\s{_CJK}，。、；：]+$", "", head)
        if width(shorter) >= (1 - _CUT_LOSS) * max_width:
            head = shorter
    return head.rstrip(" \t\r\n，、；：,;:-–—（([「『“‘《") + "…"


def _is_word(character: str) -> bool:
    return character.isalnum() and not _IS_CJK.match(character)


def wrap(text: str, columns: int, *, first: str = "", later: str = "") -> str:
    """`text` in lines of at most `columns`, its own line breaks kept; `first` and `later` begin its lines.

    Breaks at spaces and between Chinese characters, by the rules for what may begin or end a line. An address or
    word longer than a line stands alone and whole.
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        lines += _wrapped_line(paragraph, columns, later if lines else first, later)
    return "\n".join(line.rstrip() for line in lines)


def _wrapped_line(text: str, columns: int, first: str, later: str) -> list[str]:
    lines, line, used = [], first, width(first)
    empty = True
    for piece in _pieces(text):
        size = width(piece.rstrip())
        if not empty and used + size > columns:
            lines.append(line)
            line, used, empty = later, width(later), True
        line += piece
        used += width(piece)
        empty = False
    return [*lines, line]


_ATOM = re.compile(r"\s+|[\x21-\u2fff]+|.", re.DOTALL)
"""Spaces, a run of narrow characters (a word with its punctuation), or one wide character."""


def _pieces(text: str) -> Iterator[str]:
    """What is never broken, with the spaces after it: a word, an address, a wide character with its punctuation."""
    piece = ""
    for atom in _atoms(text):
        if piece and _may_break(piece, atom):
            yield piece
            piece = ""
        piece += atom
    if piece:
        yield piece


def _atoms(text: str) -> Iterator[str]:
    end = 0
    for address in _URL.finditer(text):
        yield from _ATOM.findall(text[end : address.start()])
        yield address[0]
        end = address.end()
    yield from _ATOM.findall(text[end:])


def _may_break(before: str, after: str) -> bool:
    if after[0].isspace() or after[0] in _NOT_AT_START or before[-1] in _NOT_AT_END:
        return False
    if _extends(after[0]) or before[-1] == _ZWJ:
        return False
    if before[-1].isspace():
        return True
    return _character_width(before[-1]) == 2 or _character_width(after[0]) == 2 or before[-1] in _NOT_AT_START


# --- language -------------------------------------------------------------------------------------

_HAN_RE = re.compile(f"[{_HAN}]")
_KANA_RE = re.compile(f"[{_KANA}]")
_HANGUL_RE = re.compile(f"[{_HANGUL}]")
_LATIN_WORD = re.compile(r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]+")
_OTHER_WORD = re.compile(rf"[^\W\d_A-Za-z\u00aa\u00b5\u00ba\u00c0-\u024f\u1e00-\u1eff{_CJK}]+")
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
    text = _URL.sub(" ", text)
    han = kana = hangul = 0
    if _IS_CJK.search(text):
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


# --- tokens and search ----------------------------------------------------------------------------

_TOKEN = re.compile(rf"[{_CJK}]|[^\W_{_CJK}]+")
_RUN = re.compile(rf"[{_CJK}]+|[^\W_{_CJK}]+")


def folded(text: str) -> str:
    """A form for comparison: NFKC, lower case, simplified characters."""
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKC", text).lower()
    return text.translate(hantables.SIMPLIFIED) if _HAN_RE.search(text) else text  # a fifth of a poll's time


def tokens(text: str) -> list[str]:
    """Words for comparison: a Latin word or number, or ONE Chinese, kana or hangul character; folded."""
    return _TOKEN.findall(folded(text))


@dataclass(frozen=True, slots=True)
class SearchTerm:
    """Index words that must stand side by side; with `is_prefix` the last one may go on."""

    words: tuple[str, ...]
    is_prefix: bool = False
    is_excluded: bool = False


def search_text(text: str) -> str:
    """What a full-text index is given for `text`: folded words; Chinese runs as overlapping pairs and their last
    character, so that two-character words are found by pairs and single ones as a prefix.
    """
    return " ".join(_index_words(text, is_query=False))


def search_query(words: str) -> tuple[SearchTerm, ...]:
    """The terms a user typed: words, "phrases", -excluded, begin*; all of them are to be found."""
    terms = []
    for match in re.finditer(r"""(-?)(?:"([^"]*)"|“([^”]*)”|([^\s"“]+))""", words):
        typed = match[2] or match[3] or match[4] or ""
        index_words = _index_words(typed, is_query=True)
        if index_words:
            single = len(index_words[-1]) == 1 and bool(_IS_CJK.match(index_words[-1]))
            terms.append(SearchTerm(tuple(index_words), single or typed.endswith("*"), match[1] == "-"))
    return tuple(terms)


def _index_words(text: str, *, is_query: bool) -> list[str]:
    text = folded(text)
    runs = _RUN.findall(text)
    if not _IS_CJK.search(text):
        return runs
    words: list[str] = []
    for position, run in enumerate(runs):
        if not _IS_CJK.match(run):
            words.append(run)
            continue
        words += [run[i : i + 2] for i in range(len(run) - 1)]
        if len(run) == 1 or not (is_query and position == len(runs) - 1):
            words.append(run[-1])
    return words


# --- reading --------------------------------------------------------------------------------------

_CJK_PER_MINUTE = 400
_WORDS_PER_MINUTE = 230
"""Brysbaert 2019 (238 words, non-fiction); Chinese: 255-500 characters by study, as most readers' tools take."""


def reading_minutes(text: str) -> int:
    """Whole minutes of reading, at least 1 for any words; addresses don't count."""
    text = _URL.sub(" ", text)
    cjk = len(_IS_CJK.findall(text))
    words = len(re.findall(rf"[^\W_{_CJK}]+(?:['’-][^\W_{_CJK}]+)*", text))
    return math.ceil(cjk / _CJK_PER_MINUTE + words / _WORDS_PER_MINUTE)


_CLOSING = r"”’」』）】》\"')\]"
_BREAK_ZH = re.compile(
    rf"(?<=[。！？])(?![{_CLOSING}。！？])|(?<=[。！？][{_CLOSING}])(?![{_CLOSING}。！？，])"
)
_BREAK_EN = re.compile(r"""(?<=[.!?])["'”’)\]]*\s+(?=["'“‘(\[]*[A-Z0-9\u00c0-\u00de\u3400-\u9fff])""")
_ABBREVIATION = re.compile(
    r"(?:\b(?:[A-Z]|Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr|Sen|Gen|Rep|Gov|Lt|Col|Capt|Sgt|Rev|Hon|Mt|Ave|Dept|Univ|Ph\.D|D\.C|ca|resp|Ref|Tab|Ch|Nr|Abb|bzw|z\.B|u\.a|d\.h|vs|etc|cf|al|Fig|Figs|Eq|Eqs|Sec|No|Vol|pp|approx|Inc|Ltd|Co|Corp"
    r"|i\.e|e\.g|U\.S|U\.K|a\.m|p\.m|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec))\.$"
)


def sentences(text: str) -> list[str]:
    """The sentences of `text`, verbatim and in order; a line break ends one too."""
    found: list[str] = []
    for line in text.splitlines():
        for part in _BREAK_ZH.split(line):
            found += _latin_sentences(part)
    return found


def _latin_sentences(text: str) -> list[str]:
    found, start = [], 0
    for match in _BREAK_EN.finditer(text):
        before = text[start : match.start()]
        if not _ABBREVIATION.search(before):
            found.append(text[start : match.end()].strip())
            start = match.end()
    return [sentence for sentence in (*found, text[start:].strip()) if sentence]


# --- summary --------------------------------------------------------------------------------------

_MAX_SENTENCES_READ = 120
_ZH_LENGTH = range(8, 161)
_EN_LENGTH = range(25, 401)
_NOT_PROSE = re.compile(
    r"^\s*(?:#{1,6}\s|\||!\[|```|~~~|\$\$|-{3,}$|\*{3,}$|<|"
    r"(?:作者|译者|编辑|编译|来源|图源|原文|出处|记者|责编|校对|排版|选题|Author|By|Translated by|Source|Photo|Image|Figure"
    r"|Credit|Updated|Published)\s*(?:[:：|丨]|\s[A-Z]))"
)
_LINE_MARK = re.compile(r"^\s*(?:>\s*)*(?:[-*+]\s+|\d+[.)]\s+)?")
_BEGINS_ANEW = re.compile(r"\s*(?:#{1,6}\s|[-*+]\s|\d{1,3}[.)]\s|[>|<]|!\[|\$\$|\[\^)")
_EMPHASIS = re.compile(r"\*\*|`|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w)")
_ESCAPE = re.compile(r"\\([\\`*_{}\[\]()#+.!|~<>-])")
_ENDED = re.compile(rf"[.!?。！？…।؟۔။][{_CLOSING}]*$")
_INLINE_MARKS = re.compile(r"!\[[^\]]*\]\([^)]*\)|\[\^[^\]]*\]")
_INLINE_LINK = re.compile(r"\[([^\]]*)\]\((?:[^()]|\([^()]*\))*\)")


def summary(title: str, text: str, language: str = "", max_sentences: int = 3) -> str:
    """Two or three whole sentences of `text` that say what it is about, in its order; "" when none will do.

    Likeness to the title and position weigh most, and no two chosen sentences say the same (measured: R1 .40 zh,
    .37 en against authors' own summaries; better than lead, LexRank, TextRank, LSA and Luhn). Reads Markdown:
    headings, code, tables, captions and bylines are passed over, links give their words.
    """
    is_zh = (language or _language_of(title, text)).startswith(("zh", "ja"))
    allowed = _ZH_LENGTH if is_zh else _EN_LENGTH
    whole: dict[str, None] = {}
    lines: dict[str, None] = {}
    for sentence in _prose(text):  # read no further than needed: texts are long
        if len(sentence) in allowed and sentence != title.strip():
            (whole if _ENDED.search(sentence) else lines)[sentence] = None
            if len(whole) == _MAX_SENTENCES_READ:
                break
    # A line without an end is a heading, a caption or a part of a list; Thai has no other ones.
    candidates = list(whole or lines)[:_MAX_SENTENCES_READ]
    chosen = _best_sentences(title, candidates, max_sentences)
    return ("" if is_zh else " ").join(candidates[index] for index in sorted(chosen))


def _language_of(title: str, text: str) -> str:
    return language(f"{title}\n{text[:2000]}")


def _prose(text: str) -> Iterator[str]:
    for line in _unwrapped(text):
        if not _NOT_PROSE.match(line):
            line = _INLINE_LINK.sub(r"\1", _INLINE_MARKS.sub("", line))
            line = _ESCAPE.sub(r"\1", _EMPHASIS.sub("", line))
            yield from sentences(_LINE_MARK.sub("", line))


def _unwrapped(text: str) -> Iterator[str]:
    """The lines of Markdown without code; what an editor or a feed wrapped is one line again."""
    fence = held = ""
    for line in text.splitlines():
        mark = line.lstrip()[:3]
        is_fence = mark in ("```", "~~~")
        if is_fence:
            fence = "" if mark == fence else fence or mark
        is_code = is_fence or fence != ""
        if not is_code and _goes_on(held, line):
            held = _joined(held, line)
            continue
        if held:
            yield held
        held = "" if is_code else line
    if held:
        yield held


def _goes_on(held: str, line: str) -> bool:
    """Whether `line` is of the same paragraph as the line before it."""
    if not held or not line.strip(" >") or held.endswith(("  ", "\\")):
        return False
    is_quote = held.startswith(">") and line.startswith(">")
    return is_quote or not (_BEGINS_ANEW.match(line) or held.startswith("#"))


def _joined(held: str, line: str) -> str:
    line = line.lstrip("> \t")
    are_cjk = line and _character_width(held[-1]) == _character_width(line[0]) == 2
    return f"{held}{line}" if are_cjk else f"{held} {line}"


def _best_sentences(title: str, candidates: Sequence[str], count: int) -> list[int]:
    """Indices of the sentences with the best .75 * score - .5 * likeness to those already chosen (MMR)."""
    bags = [_bag(sentence) for sentence in candidates]
    frequency = Counter(word for bag in bags for word in bag)
    weights = {word: math.log(1 + len(bags) / seen) for word, seen in frequency.items()}
    vectors = [_vector(bag, weights) for bag in bags]
    head = _vector(_bag(title), weights)
    likeness = [_cosine(head, vector) for vector in vectors]
    top = max(likeness, default=0.0) or 1.0
    scores = [like / top + 1 / (1 + 0.25 * index) for index, like in enumerate(likeness)]
    chosen: list[int] = []
    closest = [0.0] * len(vectors)
    while len(chosen) < min(count, len(vectors)):
        best = max(
            (index for index in range(len(vectors)) if index not in chosen),
            key=lambda index: 0.75 * scores[index] - 0.5 * closest[index],
        )
        chosen.append(best)
        closest = [
            max(known, _cosine(vectors[best], vector)) for known, vector in zip(closest, vectors, strict=True)
        ]
    return chosen


def _bag(text: str) -> Counter[str]:
    """Latin words, and Chinese characters with their pairs: no segmenter needed (METHODS: chars beat words)."""
    bag: Counter[str] = Counter()
    for run in _RUN.findall(folded(text)):
        if _IS_CJK.match(run):
            bag.update(run)
            bag.update(run[i : i + 2] for i in range(len(run) - 1))
        else:
            bag[run] += 1
    return bag


def _vector(bag: Counter[str], weights: dict[str, float]) -> dict[str, float]:
    vector = {word: count * weights[word] for word, count in bag.items() if word in weights}
    length = math.sqrt(math.fsum(value * value for value in vector.values()))
    return {word: value / length for word, value in vector.items()} if length else {}


def _cosine(a: dict[str, float], b: dict[str, float]) -> float:
    if len(a) > len(b):
        a, b = b, a
    return sum(value * b[word] for word, value in a.items() if word in b)


# --- hashtags -------------------------------------------------------------------------------------

_MAX_TAG = 256
_TAG_SUFFIX = re.compile(r"@[A-Za-z]\w{2,31}", re.ASCII)
_SLUGS = {"c++": "cpp", "c#": "csharp", "f#": "fsharp", ".net": "dotnet", "g++": "gpp"}
"""Names that Telegram cannot link, as people tag them."""


def hashtags(text: str) -> tuple[str, ...]:
    """The tags that Telegram would link, as written, without #, in order (TDLib MessageEntity.cpp).

    A tag ends at the first character that is no letter, digit or underscore, so that "#ai的" is one tag; it needs
    a letter, and no letter before it or # after it. Addresses are left out first.
    """
    text = unicodedata.normalize("NFC", _URL.sub(lambda match: " " * len(match[0]), text))
    found = []
    for match in re.finditer("#", text):
        start = end = match.end()
        while end < len(text) and end - start < _MAX_TAG and _in_tag(text[end]):
            end += 1
        tag = text[start:end]
        if (start > 1 and _in_tag(text[start - 2])) or text[end : end + 1] == "#":
            continue
        if not any(unicodedata.category(character)[0] == "L" for character in tag):
            continue
        suffix = _TAG_SUFFIX.match(text, end)
        found.append(tag + (suffix[0] if suffix else ""))
    return tuple(found)


def _in_tag(character: str) -> bool:
    return (
        character in "_\u200c\u00b7"
        or "\u0d80" <= character <= "\u0dff"
        or unicodedata.category(character)[0] == "L"
        or unicodedata.category(character) == "Nd"
    )


def tag_key(tag: str) -> str:
    """What two spellings of one tag have in common: NFKC, case, without #, @channel, ZWNJ and variation selectors."""
    key = unicodedata.normalize("NFKC", tag.strip().lstrip("#")).casefold()
    return re.sub("[\u200c\ufe0e\ufe0f]", "", key.partition("@")[0]).strip()


def tag_slug(tag: str) -> str:
    """The nearest tag that Telegram links ("gpt-4" is gpt_4, "c++" is cpp); "" when there is none."""
    name = unicodedata.normalize("NFC", tag.strip().lstrip("#").partition("@")[0])
    name = _SLUGS.get(name.lower(), name)
    slug = "".join(character if _in_tag(character) else "_" for character in name)
    slug = re.sub("_+", "_", slug).strip("_")[:_MAX_TAG]
    return slug if any(unicodedata.category(character)[0] == "L" for character in slug) else ""
