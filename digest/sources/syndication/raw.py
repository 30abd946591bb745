"""What the three readers (strict, lenient, JSON) hand over: the document's own words, before they are normalised."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from digest.model import Enclosure, ScheduleHints

T = TypeVar("T")

_INLINE_TAG = re.compile(
    r"</?(?:a|abbr|acronym|b|bdi|big|br|cite|code|del|div|em|font|h[1-6]|i|img|ins|kbd|mark|p|q|s|samp|small|span"
    r"|strike|strong|sub|sup|tt|u|var|wbr)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
"""Only tags that a title may be marked up with: "<title>" or "List<String>" in a title is what it is about."""

_SPACE = re.compile(r"[ \t\r\n\f\v]+")
"""Not U+3000, which is a Chinese writer's own space."""


@dataclass(frozen=True, slots=True)
class Body:
    """A text of an entry as HTML, and the address that its relative links start from."""

    html: str
    base: str = ""


@dataclass(frozen=True, slots=True)
class RawEntry:
    """One item. Addresses may be relative to `base`, which is the nearest xml:base or ""."""

    guid: str = ""
    link: str = ""
    title: str = ""
    """Plain text."""
    author: str = ""
    published: datetime | None = None
    updated: datetime | None = None
    contents: tuple[Body, ...] = ()
    """What the document calls the content."""
    summaries: tuple[Body, ...] = ()
    """What it calls a description or summary, which many feeds put the whole content into."""
    language: str = ""
    categories: tuple[str, ...] = ()
    enclosures: tuple[Enclosure, ...] = ()
    comments: str = ""
    via: str = ""
    related: str = ""
    base: str = ""


@dataclass(frozen=True, slots=True)
class RawFeed:
    title: str = ""
    link: str = ""
    language: str = ""
    author: str = ""
    base: str = ""
    hints: ScheduleHints = field(default_factory=ScheduleHints)
    entries: tuple[RawEntry, ...] = ()
    left_out: int = 0
    """Items beyond the limit."""
    warnings: tuple[str, ...] = ()


def plain(text: str, *, is_html: bool = True) -> str:
    """One line of plain text: inline tags and entities resolved if it is HTML, runs of white space as one."""
    if is_html:
        if "<" in text:
            text = _INLINE_TAG.sub("", text.replace("<br", " <br"))
        if "&" in text:
            text = html.unescape(text)
    if "  " in text or not text.isprintable():
        text = _SPACE.sub(" ", text)
    return text.strip(" ")


def escaped(text: str) -> str:
    """Plain text as HTML, its lines and paragraphs kept."""
    paragraphs = re.split(r"\n[ \t]*\n\s*", html.escape(text.strip(), quote=False))
    if paragraphs == [""]:
        return ""
    lines = [paragraph.replace("\n", "<br>\n") for paragraph in paragraphs]
    return lines[0] if len(lines) == 1 else "\n".join(f"<p>{line}</p>" for line in lines)


def name_of_author(text: str) -> str:
    """ "Ann" of "ann@example.org (Ann)" and "Ann <ann@example.org>" (RSS 2.0 wants an address there)."""
    text = plain(text[:500])
    if "@" not in text:
        return text
    if match := re.fullmatch(r"\S+@\S+\s*\((.+)\)", text):
        return match[1].strip()
    if match := re.fullmatch(r"(.+?)\s*[<(]\S+@\S+[>)]", text):
        return match[1].strip()
    return text


def newest(items: list[T], limit: int, moment_of: Callable[[T], datetime | None]) -> list[T]:
    """At most `limit` items from the end where the new ones are: most feeds begin with the newest."""
    if len(items) <= limit:
        return items
    first, last = moment_of(items[0]), moment_of(items[-1])
    return items[-limit:] if first and last and last > first else items[:limit]
