"""Runs of text as HTML: escaped, marked, links kept only where they lead to the web, hashtags linked."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote, urlsplit

from markupsafe import Markup, escape

from digest.markup import blocks_from_markdown
from digest.model import Block, Mark, Span

# TDLib's rule (MessageEntity.cpp): letters, digits, "_", ZWNJ and "·"; at least one of them is no digit; nothing of
# the kind before the "#", no "#" after it.
HASHTAG = re.compile(r"(?<![\w·#/&])#(?=[\w·\u200c]*[^\W\d_])([\w·\u200c]{1,256})(?!#)")

_DASHES = re.compile(r"[\s|:-]*-[\s|:-]*")
_MARKED: dict[Mark, Markup] = {
    "bold": Markup("<b>{}</b>"),
    "italic": Markup("<i>{}</i>"),
    "underline": Markup("<u>{}</u>"),
    "strike": Markup("<s>{}</s>"),
    "code": Markup('<code class="code">{}</code>'),
    "spoiler": Markup('<span class="spoiler">{}</span>'),
}


def tag_url(handle: str, tag: str) -> str:
    """Where the channel shows its posts with `tag`; "" for a digest without a channel."""
    return f"https://t.me/s/{handle}?q={quote('#' + tag, safe='')}" if handle else ""


def safe_url(url: str) -> str:
    """`url` if a reader may be led there, else ""."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    web = parts.scheme in {"http", "https"} and bool(parts.netloc)
    return url if web or parts.scheme in {"mailto", "tg"} else ""


def safe_image(url: str) -> str:
    """`url` if a mail may show it: https only, nothing embedded."""
    return url if url.startswith("https://") and safe_url(url) else ""


def inline(spans: Iterable[Span], handle: str = "") -> Markup:
    """`spans` as HTML; a line break is <br>."""
    return Markup("").join(_span(span, handle) for span in spans)


def link(url: str, text: str) -> Markup:
    """An accent-coloured link, or the plain words when `url` leads nowhere."""
    if not safe_url(url):
        return escape(text)
    return Markup('<a class="lnk" href="{}">{}</a>').format(url, text)


def table_rows(table: Block) -> list[list[tuple[Span, ...]]]:
    """The cells of a table block, which holds its Markdown source, row by row; the dashes under the head left out."""
    lines = "".join(span.text for span in table.spans).split("\n")
    rows = [re.split(r"(?<!\\)\|", line.strip().strip("|")) for line in lines if not _DASHES.fullmatch(line)]
    return [[_cell(cell.strip().replace("\\|", "|")) for cell in row] for row in rows]


def _cell(source: str) -> tuple[Span, ...]:
    return tuple(span for block in blocks_from_markdown(source) for span in block.spans)


def _span(span: Span, handle: str) -> Markup:
    linked = bool(span.href) or "code" in span.marks
    inner = escape(span.text) if linked else _with_hashtags(span.text, handle)
    inner = inner.replace("\n", Markup("<br>"))
    for mark in reversed(span.marks):
        inner = _MARKED[mark].format(inner)
    return link(span.href, inner) if span.href else inner


def _with_hashtags(text: str, handle: str) -> Markup:
    parts, end = [], 0
    for match in HASHTAG.finditer(text):
        url = tag_url(handle, match[1])
        tag = link(url, match[0]) if url else Markup('<span class="lnk">{}</span>').format(match[0])
        parts += [escape(text[end : match.start()]), tag]
        end = match.end()
    return Markup("").join([*parts, escape(text[end:])])
