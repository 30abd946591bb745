"""Blocks to Markdown that reads back as the same blocks, here and in any CommonMark reader.

Escapes are as few as keep that true: prose stays prose for the curator who edits it. Where stars could not be
told from the words around them (no spaces in Chinese), a mark is written as an HTML tag, which every reader of
Markdown knows. A break in a paragraph is two spaces and a newline: others show it, and if an editor trims the
spaces it still reads back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from digest.markup.reader import BARE_URL_START
from digest.markup.spans import is_bare, joined, lines, tidy
from digest.model import Block, Mark, Span

_DELIMITERS: dict[Mark, str] = {"bold": "**", "italic": "*", "strike": "~~"}
_TAGS: dict[Mark, str] = {
    "bold": "b",
    "italic": "i",
    "underline": "u",
    "strike": "s",
    "spoiler": "tg-spoiler",
}
_LINK = "link:"
_AUTOLINK = re.compile(r"https?:[^<>\x00-\x20]*", re.IGNORECASE)
_ENTITY = re.compile(r"&(?=#?\w{1,40};)")
_PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
_LINE_START = re.compile(r"([#>]|[-+](?=\s|$)|[|:-](?=[|:\-\s]*$)|=(?==*\s*$))|(\d{1,9})([.)])(?=\s|$)")
"""What would make a line a heading or tag, a quote, an item, a rule, an underline or a table."""


def markdown(blocks: Iterable[Block]) -> str:
    """The blocks as Markdown, ending in one newline; "" for none."""
    text = _written(tidy(blocks))
    return text + "\n" if text else ""


def table_source(rows: Sequence[Sequence[Sequence[Span]]]) -> str:
    """A table's Markdown from rows of cells, the first row being the head; short rows are filled."""
    width = max(len(row) for row in rows)
    cells = [[_cell(cell) for cell in row] + [""] * (width - len(row)) for row in rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in (cells[0], ["---"] * width, *cells[1:]))


def _written(blocks: Sequence[Block]) -> str:
    parts: list[str] = []
    marker = ""
    for number, block in enumerate(blocks):
        goes_on = number > 0 and blocks[number - 1].kind == block.kind
        marker = _list_marker(block, marker if goes_on else "")
        parts.append(_block(block, marker))
    return "\n\n".join(parts)


def _list_marker(block: Block, last: str) -> str:
    """Neighbouring lists need different markers, or they would be one."""
    match block.kind:
        case "list":
            return "+" if last == "-" else "-"
        case "ordered":
            return ")" if last == "." else "."
        case _:
            return ""


def _block(block: Block, marker: str) -> str:
    text = "".join(span.text for span in block.spans)
    match block.kind:
        case "paragraph":
            return _paragraph(block.spans)
        case "heading":
            words = _inline(block.spans)
            return f"{'#' * block.level} " + re.sub(r"(^|\s)(#+)$", r"\1\\\2", words)
        case "quote":
            return _indented("> ", "> ", _written(block.children))
        case "list" | "ordered":
            return _list(block, marker)
        case "item":
            return _written(block.children)
        case "code":
            return _fenced(text, block.info)
        case "math":
            return _fenced(text, "math")
        case "rule":
            return "***"
        case "image":
            return f"![{_inline([Span(text)], closed=True)}]({_destination(block.spans[0].href)})"
        case "table":
            return text


def _list(block: Block, marker: str) -> str:
    gap = "\n" if all(_is_short(item) for item in block.children) else "\n\n"
    items = []
    for number, item in enumerate(block.children, start=block.level or 1):
        lead = f"{marker} " if block.kind == "list" else f"{number}{marker} "
        text = "\n".join(map(_alone, item.children)) if _is_short(item) else _written(item.children)
        items.append(_indented(lead, " " * len(lead), text))
    return gap.join(items)


def _alone(block: Block) -> str:
    return _block(block, _list_marker(block, ""))


def _is_short(item: Block) -> bool:
    """A paragraph with at most a bullet list after it needs no empty lines."""
    kinds = [child.kind for child in item.children]
    return kinds == ["paragraph"] or (
        kinds == ["paragraph", "list"] and all(_is_short(child) for child in item.children[1].children)
    )


def _indented(first: str, rest: str, text: str) -> str:
    head, *tail = text.split("\n")
    return "\n".join([first + head, *((rest + line) if line else rest.rstrip() for line in tail)])


def _fenced(text: str, info: str) -> str:
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{info}\n{text}\n{fence}"


def _cell(spans: Iterable[Span]) -> str:
    return _inline(joined(lines(spans), " ")).replace("|", "\\|")


def _paragraph(spans: Sequence[Span]) -> str:
    rows = _inline(spans).split("\n")
    return "  \n".join(
        _LINE_START.sub(_escaped_start, row, count=1) if _LINE_START.match(row) else row for row in rows
    )


def _escaped_start(found: re.Match[str]) -> str:
    return f"\\{found[1]}" if found[1] else f"{found[2]}\\{found[3]}"


# --- inside a paragraph ---------------------------------------------------------------------------


def _inline(spans: Sequence[Span], *, closed: bool = False) -> str:
    """Spans as inline Markdown. `closed`: inside brackets, where a `]` needs escaping and no link can stand."""
    return _Line(spans, closed).written(0, len(spans), frozenset(), "")


class _Line:
    """One run of tidy spans. A wrapper is a mark, or a link's address as it is."""

    def __init__(self, spans: Sequence[Span], closed: bool) -> None:
        self._spans = spans
        self._closed = closed

    def written(self, start: int, end: int, open_: frozenset[str], before: str) -> str:
        """Spans from `start` to `end` inside the open wrappers, `before` being what stands ahead of them."""
        result = ""
        while start < end:
            wrapper, stop = self._widest(start, end, open_)
            if not wrapper:
                result += self._leaf(start, open_)
                start += 1
                continue
            result += self._wrapped(wrapper, start, stop, open_, before + result)
            start = stop
        return result

    def _widest(self, start: int, end: int, open_: frozenset[str]) -> tuple[str, int]:
        """The wrapper of the span at `start` that goes on for the most spans, and where it ends."""
        best, stop = "", start
        for wrapper in self._wrappers(start):
            if wrapper in open_:
                continue
            reach = start
            while reach < end and wrapper in self._wrappers(reach):
                reach += 1
            if reach > stop:
                best, stop = wrapper, reach
        return best, stop

    def _wrappers(self, index: int) -> tuple[str, ...]:
        span = self._spans[index]
        marks = tuple(mark for mark in span.marks if mark != "code")
        return (*marks, _LINK + span.href) if span.href and not _is_autolink(span) else marks

    def _wrapped(self, wrapper: str, start: int, stop: int, open_: frozenset[str], before: str) -> str:
        inside = open_ | {wrapper}
        mark = next((known for known in _TAGS if known == wrapper), None)
        if mark is None:
            text = self.written(start, stop, inside, "[")
            return f"[{text}]({_destination(wrapper.removeprefix(_LINK))})"
        delimiter = _DELIMITERS.get(mark, "")
        if delimiter and not self._stars_meet(delimiter, start, stop):
            text = self.written(start, stop, inside, before + delimiter)
            if _is_told(delimiter, before, text, self._character(stop, open_)):
                return delimiter + text + delimiter
        tag = _TAGS[mark]
        return f"<{tag}>{self.written(start, stop, inside, '>')}</{tag}>"

    def _stars_meet(self, delimiter: str, start: int, stop: int) -> bool:
        """Something here is both bold and italic: where their stars touch, readers differ."""
        return delimiter[0] == "*" and any(
            {"bold", "italic"} <= set(span.marks) for span in self._spans[start:stop]
        )

    def _character(self, index: int, open_: frozenset[str]) -> str:
        """The first character of what follows, as the reader will see it."""
        if index >= len(self._spans):
            return " "
        span = self._spans[index]
        opens = "code" in span.marks or _is_autolink(span) or set(self._wrappers(index)) - open_
        return "*" if opens else span.text[0]

    def _leaf(self, index: int, open_: frozenset[str]) -> str:
        span = self._spans[index]
        if "code" in span.marks:
            return _code(span.text)
        if _is_autolink(span):
            return f"<{span.text}>"
        following = self._spans[index + 1] if index + 1 < len(self._spans) else None
        in_brackets = self._closed or any(wrapper.startswith(_LINK) for wrapper in open_)
        return _escaped(span.text, following, in_brackets=in_brackets)


def _is_told(delimiter: str, before: str, text: str, behind: str) -> bool:
    """Whether a delimiter around `text` opens and closes for every reader (CommonMark 6.2, taken narrowly).

    The text must begin and end with a letter or digit, or the outside there be a space, the paragraph's edge or
    ASCII punctuation; and no run of the same character may touch it.
    """
    ahead = before[-1:] or " "
    if ahead == delimiter[0] or text[0].isspace() or text[-1].isspace():
        return False
    return (text[0].isalnum() or _is_apart(ahead)) and (text[-1].isalnum() or _is_apart(behind))


def _is_autolink(span: Span) -> bool:
    return is_bare(span) and "code" not in span.marks and _AUTOLINK.fullmatch(span.text) is not None


def _is_apart(character: str) -> bool:
    return character in " \n" or character in _PUNCTUATION


def _code(text: str) -> str:
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * (longest + 1 if longest else 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _destination(url: str) -> str:
    """A link's address as Markdown takes it: in angle brackets if it holds unpaired or odd characters."""
    url = _ENTITY.sub(r"\\&", url.replace("\\", "\\\\"))
    if re.search(r"[()<>\x00-\x20]", url):
        return "<" + url.replace("<", "\\<").replace(">", "\\>") + ">"
    return url


def _escaped(text: str, following: Span | None, *, in_brackets: bool) -> str:
    """Prose with what Markdown would read as something else escaped. `following` is the span after it."""
    # Each address a reader would find, also within what was one address before its colon was escaped.
    pinned = set() if in_brackets else {found.end() for found in BARE_URL_START.finditer(text)}
    result = []
    for index, character in enumerate(text):
        previous = text[index - 1] if index else ""
        after = text[index + 1] if index + 1 < len(text) else ""
        entity = character == "&" and _ENTITY.match(text, index)
        if index in pinned or entity or _is_special(character, previous, after, following, in_brackets):
            result.append("\\")
        result.append(character)
    return "".join(result)


def _is_special(character: str, previous: str, after: str, following: Span | None, in_brackets: bool) -> bool:
    at_end = after == "" and following is not None
    match character:
        case "`" | "[":
            return True
        case "]":
            return in_brackets
        case "\\":
            return after in ("", "\n") or after in _PUNCTUATION
        case "*":
            return not (previous == " " and after == " ")
        case "_":
            return not (previous == " " and after == " ") and not (previous.isalnum() and after.isalnum())
        case "~":
            return "~" in (previous, after) or "" in (previous, after)
        case "<":
            return at_end or after.isalpha() or after in ("/", "!", "?")
        case "!":
            return at_end and following is not None and following.href != ""
        case _:
            return False
