"""Measures of plain text, Chinese and Latin alike: width, cuts, sentences, search terms, hashtags.

Pure, standard library only. Nothing here changes what is stored: what folds width, case or script
(`tokens`, `search_text`, `tag_key`) makes keys for comparison.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from digest import hantables

HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
KANA = "\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff"
HANGUL = "\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3"
CJK = HAN + KANA + HANGUL
IS_CJK = re.compile(f"[{CJK}]")
_IS_HAN = re.compile(f"[{HAN}]")

ADDRESS = re.compile(
    r"(?i)\b(?:https?|ftp)://[^\s<>\"“”「」『』（）。，；！？]+|\bwww\.[^\s<>\"“”「」，。；]+"
)


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
        shorter = re.sub(rf"[^\s{CJK}，。、；：]+$", "", head)
        if width(shorter) >= (1 - _CUT_LOSS) * max_width:
            head = shorter
    return head.rstrip(" \t\r\n，、；：,;:-–—（([「『“‘《") + "…"


def _is_word(character: str) -> bool:
    return character.isalnum() and not IS_CJK.match(character)


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
    for address in ADDRESS.finditer(text):
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


# --- tokens and search ----------------------------------------------------------------------------

_TOKEN = re.compile(rf"[{CJK}]|[^\W_{CJK}]+")
RUN = re.compile(rf"[{CJK}]+|[^\W_{CJK}]+")


def folded(text: str) -> str:
    """A form for comparison: NFKC, lower case, simplified characters."""
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKC", text).lower()
    return text.translate(hantables.SIMPLIFIED) if _IS_HAN.search(text) else text  # a fifth of a poll's time


def tokens(text: str) -> list[str]:
    """Words for comparison: a Latin word or number, or ONE Chinese, kana or hangul character; folded."""
    return _TOKEN.findall(folded(text))


def without_passages(text: str, other: str, length: int) -> str:
    """`text`, folded, without the passages of at least `length` tokens that the other text has word for word."""
    text = folded(text)
    places = list(_TOKEN.finditer(text))
    passages = set(_runs(tokens(other), length))
    kept, end = [], 0
    for at, run in enumerate(_runs([place[0] for place in places], length)):
        if run in passages:
            kept.append(text[end : max(end, places[at].start())])
            end = places[at + length - 1].end()
    return "".join([*kept, text[end:]])


def _runs(words: Sequence[str], length: int) -> Iterator[tuple[str, ...]]:
    return zip(*(words[place:] for place in range(length)), strict=False)


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
            single = len(index_words[-1]) == 1 and bool(IS_CJK.match(index_words[-1]))
            terms.append(SearchTerm(tuple(index_words), single or typed.endswith("*"), match[1] == "-"))
    return tuple(terms)


def _index_words(text: str, *, is_query: bool) -> list[str]:
    text = folded(text)
    runs = RUN.findall(text)
    if not IS_CJK.search(text):
        return runs
    words: list[str] = []
    for position, run in enumerate(runs):
        if not IS_CJK.match(run):
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
    text = ADDRESS.sub(" ", text)
    cjk = len(IS_CJK.findall(text))
    words = len(re.findall(rf"[^\W_{CJK}]+(?:['’-][^\W_{CJK}]+)*", text))
    return math.ceil(cjk / _CJK_PER_MINUTE + words / _WORDS_PER_MINUTE)


CLOSING = r"”’」』）】》\"')\]"
_BREAK_ZH = re.compile(rf"(?<=[。！？])(?![{CLOSING}。！？])|(?<=[。！？][{CLOSING}])(?![{CLOSING}。！？，])")
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
    text = unicodedata.normalize("NFC", ADDRESS.sub(lambda match: " " * len(match[0]), text))
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
