"""HTML to blocks: sanitised article and message HTML, Telegram's own tags included.

Whatever cannot be told in blocks keeps its words. A list or quote that was only typed (lines that begin with
"- ", "> " or "1. ", as people do where the editor knows no lists) becomes a real one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from digest.markup import spans as tidying
from digest.markup.mathml import tex_from_mathml
from digest.markup.typed import typed
from digest.model import Block, Mark, Span

if TYPE_CHECKING:
    Element = Any

MARKS: dict[str, Mark] = {
    "b": "bold", "strong": "bold",
    "i": "italic", "em": "italic", "cite": "italic", "dfn": "italic", "var": "italic",
    "u": "underline", "ins": "underline",
    "s": "strike", "strike": "strike", "del": "strike",
    "code": "code", "kbd": "code", "samp": "code", "tt": "code",
    "tg-spoiler": "spoiler",
}  # fmt: skip
PARTED = frozenset(
    (
        "address", "article", "aside", "body", "caption", "center", "dd", "details", "div", "dl", "dt",
        "fieldset", "figcaption", "figure", "footer", "form", "header", "hgroup", "main", "nav", "p",
        "section", "summary",
    )
)  # fmt: skip
"""Elements that begin and end a paragraph and are nothing more here."""
SILENT = frozenset(
    (
        "audio", "button", "canvas", "embed", "head", "iframe", "input", "link", "meta", "noscript",
        "object", "script", "select", "style", "svg", "template", "textarea", "title", "video",
    )
)  # fmt: skip
"""Elements whose inside is not text to read."""
MAX_DEPTH = 60
"""Deeper elements give their words only: real articles stay under 30, and Python's stack is finite."""

_SPACE = re.compile(r"[ \t\n\r\f]+")
_LANGUAGE = re.compile(r"\b(?:language|lang|highlight-source|brush:)[-\s:]?([\w+#.-]+)")


def blocks_from_html(html: str, base: str = "") -> tuple[Block, ...]:
    """The blocks of a piece of HTML; relative addresses are taken from `base`. Junk gives what can be read of it."""
    from lxml import etree

    if not html.strip():
        return ()
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    data = html.replace("\0", "").encode("utf-8", "replace")
    try:
        root = etree.fromstring(b"<div>" + data + b"</div>", parser)
    except etree.LxmlError:
        root = None
    if root is None:
        return tidying.tidy([Block("paragraph", (Span(html),))])
    collected = _Reader(base).container(root, (), "", 0)
    return typed(tidying.tidy(collected))


class _Reader:
    """Walks one tree; `_blocks` and `_spans` are those of the container that is being read."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._blocks: list[Block] = []
        self._spans: list[Span] = []

    def container(
        self, element: Element, marks: tuple[Mark, ...], href: str, depth: int
    ) -> tuple[Block, ...]:
        """The blocks inside one element, apart from those around it."""
        outer = (self._blocks, self._spans)
        self._blocks, self._spans = [], []
        self._inside(element, marks, href, depth)
        self._end_paragraph()
        blocks = tuple(self._blocks)
        self._blocks, self._spans = outer
        return blocks

    def _inside(self, element: Element, marks: tuple[Mark, ...], href: str, depth: int) -> None:
        self._say(element.text, marks, href)
        for child in element:
            if isinstance(child.tag, str):
                self._read(child, marks, href, depth + 1)
            self._say(child.tail, marks, href)

    def _read(self, element: Element, marks: tuple[Mark, ...], href: str, depth: int) -> None:
        tag = element.tag.lower()
        if depth > MAX_DEPTH:
            self._say("".join(element.itertext()), marks, href)
        elif tag in SILENT:
            return
        elif tag == "br":
            self._spans.append(Span("\n", marks, href))
        elif tag == "a":
            self._inside(element, marks, self._link(element) or href, depth)
        elif tag in MARKS or tag == "span":
            self._inside(element, _with(marks, _mark(element, tag)), href, depth)
        elif tag in PARTED:
            self._end_paragraph()
            self._inside(element, marks, href, depth)
            self._end_paragraph()
        elif tag == "q":
            self._say("“", marks, href)
            self._inside(element, marks, href, depth)
            self._say("”", marks, href)
        elif tag == "img":
            self._image(element)
        elif tag == "math":
            self._math(element, marks, href)
        else:
            self._read_block(element, tag, marks, href, depth)

    def _read_block(self, element: Element, tag: str, marks: tuple[Mark, ...], href: str, depth: int) -> None:
        match tag:
            case "h1" | "h2" | "h3" | "h4" | "h5" | "h6":
                self._add(*_headed(self.container(element, marks, href, depth), int(tag[1])))
            case "blockquote":
                self._add(Block("quote", children=self.container(element, marks, href, depth)))
            case "ul" | "ol" | "menu":
                self._add(self._list(element, tag, marks, href, depth))
            case "li":
                items = (Block("item", children=self.container(element, marks, href, depth)),)
                self._add(Block("list", children=items))
            case "pre":
                self._add(_code(element))
            case "hr":
                self._add(Block("rule"))
            case "table":
                self._add(*self._table(element, marks, href, depth))
            case _:
                self._inside(element, marks, href, depth)

    def _list(self, element: Element, tag: str, marks: tuple[Mark, ...], href: str, depth: int) -> Block:
        items = [
            Block("item", children=self.container(child, marks, href, depth + 1))
            for child in element
            if isinstance(child.tag, str) and child.tag not in SILENT
        ]
        start = element.get("start", "")
        level = int(start) if tag == "ol" and start.isascii() and start.isdigit() and len(start) < 10 else 0
        return Block("ordered" if tag == "ol" else "list", children=tuple(items), level=level)

    def _table(self, element: Element, marks: tuple[Mark, ...], href: str, depth: int) -> list[Block]:
        """A table of data as one block; one that only lays out a page as what its cells hold."""
        from digest.markup.writer import table_source

        rows = [
            [self.container(cell, marks, href, depth + 2) for cell in row if cell.tag in ("td", "th")]
            for row in element.iter("tr")
            if next(row.iterancestors("table")) is element
        ]
        captions = [self.container(caption, marks, href, depth + 1) for caption in element.findall("caption")]
        before = [block for caption in captions for block in caption]
        cells = [cell for row in rows for cell in row]
        is_data = sum(len(row) > 1 for row in rows) > 1 and all(
            block.kind == "paragraph" for cell in cells for block in cell
        )
        if not is_data:
            return before + [block for cell in cells for block in cell]
        texts = [
            [tuple(span for block in cell for span in (*block.spans, Span("\n"))) for cell in row]
            for row in rows
        ]
        return [*before, Block("table", (Span(table_source(texts)),))]

    def _link(self, element: Element) -> str:
        """Where an anchor leads; as its words say it where they are the same address but for a final slash."""
        url = _joined(self._base, element.get("href", ""))
        words = "".join(element.itertext()).strip()
        if words.startswith("#") and "q=%23" in url:
            return ""  # Telegram's own hashtag search: a hashtag is text here, renderers link it
        same = words.startswith(("http://", "https://")) and words.rstrip("/") == url.rstrip("/")
        return words if same else url

    def _image(self, element: Element) -> None:
        alt, src = element.get("alt", ""), _joined(self._base, element.get("src", ""))
        if "emoji" in element.get("class", "") or "smiley" in element.get("class", ""):
            self._say(alt, (), "")
        elif not (_is_dot(element.get("width")) or _is_dot(element.get("height"))):
            self._add(Block("image", (Span(alt, href=src),)))

    def _math(self, element: Element, marks: tuple[Mark, ...], href: str) -> None:
        tex = tex_from_mathml(element)
        if not tex:
            return
        if element.get("display") == "block":
            self._add(Block("math", (Span(tex),)))
        else:
            self._spans.append(Span(f"${tex}$", marks, href))

    def _say(self, text: str | None, marks: tuple[Mark, ...], href: str) -> None:
        if text:
            self._spans.append(Span(_SPACE.sub(" ", text), marks, href))

    def _add(self, *blocks: Block) -> None:
        self._end_paragraph()
        self._blocks.extend(blocks)

    def _end_paragraph(self) -> None:
        if self._spans:
            self._blocks.append(Block("paragraph", tuple(self._spans)))
            self._spans = []


def _mark(element: Element, tag: str) -> Mark | None:
    """The mark of an element; none for Telegram's <i class="emoji"> and the <b> in it, which hold the glyph."""
    if "emoji" in element.get("class", ""):
        return None
    if tag == "b" and (parent := element.getparent()) is not None and parent.get("class") == "emoji":
        return None
    if tag == "span":
        return "spoiler" if "spoiler" in element.get("class", "") else None
    return MARKS[tag]


def _with(marks: tuple[Mark, ...], mark: Mark | None) -> tuple[Mark, ...]:
    return marks if mark is None or mark in marks else (*marks, mark)


def _headed(blocks: Iterable[Block], level: int) -> list[Block]:
    """What stood in a heading: its paragraphs as headings, an image beside them as it was."""
    return [
        Block("heading", block.spans, level=level) if block.kind == "paragraph" else block for block in blocks
    ]


def _code(element: Element) -> Block:
    for line_break in element.iter("br"):
        line_break.tail = "\n" + (line_break.tail or "")
    classes = " ".join(part.get("class", "") for part in element.iter("pre", "code"))
    found = _LANGUAGE.search(classes)
    text = "".join(element.itertext()).removeprefix("\n").rstrip("\n")
    return Block("code", (Span(text),), info=found[1] if found else element.get("lang", ""))


def _is_dot(size: str | None) -> bool:
    """A picture of one pixel counts readers and shows nothing."""
    return (size or "").strip().removesuffix("px") in ("0", "1")


def _joined(base: str, url: str) -> str:
    try:
        return urljoin(base, url.strip()) if base else url.strip()
    except ValueError:
        return ""
