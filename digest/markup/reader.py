"""Markdown to blocks: CommonMark with tables, strikethrough and bare links, as the curator writes it.

Two things are not CommonMark, since its users here write Chinese and keep lines: a break in a paragraph is kept,
and emphasis may end in punctuation beside a Chinese character (`**重点：**后面`, which CommonMark leaves as stars;
the rule is that of markdown-cjk-friendly). Inline HTML that the writer falls back to is read; other tags are not
shown, a whole HTML block is read as HTML.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from digest.markup.html import MARKS, blocks_from_html
from digest.markup.spans import is_clickable, tidy
from digest.model import Block, Mark, Span

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_TOKEN_MARKS: dict[str, Mark] = {"strong": "bold", "em": "italic", "s": "strike"}
_TAG = re.compile(r"<(/?)([a-z][a-z0-9-]*)\b[^>]*>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""\b(?:href|src)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))""", re.IGNORECASE)
_PINNED = "\0"
"""Stands after an escaped colon (`https\\://`): that address is not to be linked. No document holds it."""

_HOST_SIGN = r"[A-Za-z0-9\-._~%!$&'()*+,;=:@\[\]]"
BARE_URL_START = re.compile(rf"(?<![A-Za-z0-9])https?(?=://{_HOST_SIGN})", re.IGNORECASE)
BARE_URL = re.compile(
    rf"{BARE_URL_START.pattern}://{_HOST_SIGN}+"
    r"(?:[/?#][^\s<>\"“”‘’「」『』《》【】（），。；：！？、…\0]*)?",
    re.IGNORECASE,
)
"""An address in running text. It ends before full-width punctuation and CJK brackets; its host is ASCII."""


def blocks_from_markdown(text: str) -> tuple[Block, ...]:
    """The blocks of a Markdown text; every text is Markdown, so nothing raises."""
    tokens = _parser().parse(text)
    return tidy(_blocks(iter(tokens), ""))


def linked(text: str) -> tuple[Span, ...]:
    """Plain text as spans, its web addresses as links."""
    spans, at = [], 0
    for found in BARE_URL.finditer(text):
        url = found[0][: bare_url_end(found[0])]
        if is_clickable(url):
            spans += [Span(text[at : found.start()]), Span(url, href=url)]
            at = found.start() + len(url)
    return tuple(span for span in (*spans, Span(text[at:])) if span.text)


def bare_url_end(url: str) -> int:
    """Where an address in running text ends: without closing punctuation, brackets kept in pairs."""
    end = len(url)
    while end:
        last = url[end - 1]
        if last in ".,:;!?'*_~" or (last in ")]" and _is_unpaired(url[:end], last)):
            end -= 1
        else:
            break
    return end


def _is_unpaired(url: str, closing: str) -> bool:
    return url.count(closing) > url.count({")": "(", "]": "["}[closing])


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    from digest.markup.emphasis import emphasis

    parser = MarkdownIt("commonmark", {"maxNesting": 60}).enable(["table", "strikethrough"])
    parser.disable(["text_join"])
    parser.inline.ruler.at("emphasis", emphasis)
    # Addresses stay as they were written: what may be clicked is decided in spans.py, encoding by the renderer.
    for name, rule in (("normalizeLink", str), ("normalizeLinkText", str), ("validateLink", is_clickable)):
        setattr(parser, name, rule)
    return parser


def _blocks(tokens: Iterator[Token], until: str) -> list[Block]:
    """Blocks up to the closing token of type `until`, which is taken too."""
    result: list[Block] = []
    for token in tokens:
        if token.type == until:
            break
        match token.type:
            case "paragraph_open":
                result.extend(_paragraph(next(tokens)))
            case "heading_open":
                spans = [
                    span
                    for block in _paragraph(next(tokens))
                    for span in block.spans
                    if block.kind != "image"
                ]
                result.append(Block("heading", tuple(spans), level=int(token.tag[1])))
            case "blockquote_open":
                result.append(Block("quote", children=tuple(_blocks(tokens, "blockquote_close"))))
            case "bullet_list_open":
                result.append(Block("list", children=tuple(_blocks(tokens, "bullet_list_close"))))
            case "ordered_list_open":
                start = int(token.attrGet("start") or 0)
                result.append(
                    Block("ordered", children=tuple(_blocks(tokens, "ordered_list_close")), level=start)
                )
            case "list_item_open":
                result.append(Block("item", children=tuple(_blocks(tokens, "list_item_close"))))
            case "fence" | "code_block":
                result.append(_code(token))
            case "hr":
                result.append(Block("rule"))
            case "html_block":
                result.extend(blocks_from_html(token.content))
            case "table_open":
                result.append(_table(tokens))
            case _:
                pass
    return result


def _code(token: Token) -> Block:
    span = Span(token.content.removesuffix("\n"))
    if token.info.strip() == "math":
        return Block("math", (span,))
    return Block("code", (span,), info=token.info.strip())


def _table(tokens: Iterator[Token]) -> Block:
    """A table's own source again, one form of it: cells trimmed, outer bars, three dashes."""
    rows: list[list[str]] = []
    dashes: list[str] = []
    for token in tokens:
        match token.type:
            case "table_close":
                break
            case "tr_open":
                rows.append([])
            case "th_open":
                dashes.append(_dashes(str(token.attrGet("style") or "")))
            case "inline":
                rows[-1].append(token.content.replace("|", "\\|"))
            case _:
                pass
    lines = [rows[0], dashes, *rows[1:]]
    return Block("table", (Span("\n".join(f"| {' | '.join(line)} |" for line in lines)),))


def _dashes(style: str) -> str:
    side = style.rpartition(":")[2]
    return {"left": ":---", "right": "---:", "center": ":---:"}.get(side, "---")


def _paragraph(inline: Token) -> list[Block]:
    """A paragraph's blocks: an image in it stands alone, with the words before and after."""
    result: list[Block] = []
    spans: list[Span] = []
    for piece in _Inline().pieces(inline.children or []):
        if isinstance(piece, Span):
            spans.append(piece)
        else:
            result.append(Block("paragraph", tuple(spans)))
            result.append(piece)
            spans = []
    return [*result, Block("paragraph", tuple(spans))]


class _Inline:
    """The open marks and link while a paragraph's tokens go by."""

    def __init__(self) -> None:
        self._marks: list[Mark] = []
        self._href = ""
        self._text = ""

    def pieces(self, tokens: list[Token]) -> Iterator[Span | Block]:
        for token in tokens:
            if token.type == "text":
                self._text += token.content
            elif token.type == "text_special":
                self._text += token.content + (_PINNED if token.content == ":" else "")
            else:
                yield from self._said()
                yield from self._piece(token)
        yield from self._said()

    def _piece(self, token: Token) -> Iterator[Span | Block]:
        name, _, event = token.type.partition("_")
        match token.type:
            case "softbreak" | "hardbreak":
                yield self._span("\n")
            case "code_inline":
                yield Span(token.content, (*self._marks, "code"), self._href)
            case "link_open":
                self._href = str(token.attrGet("href") or "")
            case "link_close":
                self._href = ""
            case "image":
                yield Block(
                    "image", (Span(_words(token.children or []), href=str(token.attrGet("src") or "")),)
                )
            case "html_inline":
                yield from self._tag(token.content)
            case _ if name in _TOKEN_MARKS:
                self._turn(_TOKEN_MARKS[name], event == "open")
            case _:
                yield self._span(token.content)

    def _tag(self, source: str) -> Iterator[Span | Block]:
        found = _TAG.match(source)
        if found is None:
            return
        closing, tag = bool(found[1]), found[2].lower()
        attribute = _ATTRIBUTE.search(source)
        address = next((part for part in attribute.groups() if part), "") if attribute else ""
        if tag in MARKS:
            self._turn(MARKS[tag], not closing)
        elif tag == "br":
            yield self._span("\n")
        elif tag == "a":
            self._href = "" if closing else address
        elif tag == "img":
            yield Block("image", (Span("", href=address),))

    def _turn(self, mark: Mark, on: bool) -> None:
        if on:
            self._marks.append(mark)
        elif mark in self._marks:
            del self._marks[len(self._marks) - 1 - self._marks[::-1].index(mark)]

    def _span(self, text: str) -> Span:
        return Span(text, tuple(self._marks), self._href)

    def _said(self) -> Iterator[Span]:
        """What was gathered as plain text, its bare addresses as links."""
        text, self._text = self._text, ""
        for span in (Span(text),) if self._href else linked(text):
            words = span.text if span.href else span.text.replace(_PINNED, "")
            yield Span(words, tuple(self._marks), span.href or self._href)


def _words(tokens: list[Any]) -> str:
    return "".join(
        "\n" if token.type in ("softbreak", "hardbreak") else token.content or _words(token.children or [])
        for token in tokens
        if token.type != "html_inline"
    )
