"""JSON Feed 1.0 and 1.1 (jsonfeed.org), pure: what is missing or of the wrong type is left out, never an error."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from digest.model import Enclosure
from digest.sources.syndication.dates import moment
from digest.sources.syndication.raw import Body, RawEntry, RawFeed, escaped, newest, plain
from digest.unicode import all_sound


def read(body: bytes, max_entries: int) -> RawFeed | None:
    """The feed in this JSON document; None when it is some other JSON or none."""
    try:
        # json.loads also finds out UTF-16 and UTF-32; Unicode's byte order mark is not part of JSON.
        document = all_sound(json.loads(body.removeprefix(b"\xef\xbb\xbf")))
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or not _is_feed(document):
        return None
    items = [item for item in document["items"] if isinstance(item, dict)]
    kept = newest(items, max_entries, _date_of)
    return RawFeed(
        title=plain(_text(document, "title"), is_html=False),
        link=_text(document, "home_page_url"),
        language=_text(document, "language"),
        author=_authors(document),
        entries=tuple(_entry(item) for item in kept),
        left_out=len(items) - len(kept),
    )


def _is_feed(document: dict[str, Any]) -> bool:
    says_so = "jsonfeed.org/version" in _text(document, "version")
    return isinstance(document.get("items"), list) and (
        says_so or "feed_url" in document or "home_page_url" in document
    )


def _entry(item: dict[str, Any]) -> RawEntry:
    html, text, summary = (_text(item, name) for name in ("content_html", "content_text", "summary"))
    content = html or escaped(text)
    return RawEntry(
        guid=_text(item, "id"),
        link=_text(item, "url"),
        title=plain(_text(item, "title"), is_html=False),
        author=_authors(item),
        published=moment(_text(item, "date_published")),
        updated=moment(_text(item, "date_modified")),
        contents=(Body(content),) if content else (),
        summaries=(Body(escaped(summary)),) if summary else (),
        language=_text(item, "language"),
        categories=tuple(
            dict.fromkeys(plain(tag, is_html=False) for tag in _list(item, "tags", str) if tag.strip())
        ),
        enclosures=tuple(_enclosures(item)),
        related=_text(item, "external_url"),
    )


def _text(values: dict[str, Any], name: str) -> str:
    """A string, or a number where a string belongs (ids, in feeds of the first days)."""
    value = values.get(name)
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    return str(value).strip()


def _list(values: dict[str, Any], name: str, kind: type) -> list[Any]:
    value = values.get(name)
    return [one for one in value if isinstance(one, kind)] if isinstance(value, list) else []


def _authors(values: dict[str, Any]) -> str:
    single = values.get("author")  # 1.0 has one author, 1.1 a list of them
    authors = _list(values, "authors", dict) or ([single] if isinstance(single, dict) else [])
    return ", ".join(
        dict.fromkeys(name for author in authors if (name := plain(_text(author, "name"), is_html=False)))
    )


def _enclosures(item: dict[str, Any]) -> Iterator[Enclosure]:
    for attachment in _list(item, "attachments", dict):
        if url := _text(attachment, "url"):
            size = attachment.get("size_in_bytes")
            yield Enclosure(
                url, _text(attachment, "mime_type"), size if type(size) is int and size > 0 else None
            )


def _date_of(item: dict[str, Any]) -> datetime | None:
    return moment(_text(item, "date_published"))
