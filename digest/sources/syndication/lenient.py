"""The lenient lane: feedparser for what is not well-formed, its slow sanitising switched off (nh3 does that after).

feedparser is also the reference that the strict lane is compared with in the tests.
"""

from __future__ import annotations

import re
from calendar import timegm
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import feedparser

from digest.errors import ParseError
from digest.model import Enclosure, ScheduleHints
from digest.sources.syndication.dates import moment
from digest.sources.syndication.hints import hints_of_head
from digest.sources.syndication.raw import Body, RawEntry, RawFeed, escaped, name_of_author, newest, plain
from digest.sources.syndication.wellformed import decoded

_REFERENCE = re.compile(rb"&#([xX][0-9a-fA-F]+|[0-9]{1,4000});?")


def read(body: bytes, charset: str, max_entries: int) -> RawFeed | None:
    """What feedparser makes of it; None when it sees no feed either."""
    headers = {"content-type": f"application/xml; charset={charset}"} if charset else {}
    body = _REFERENCE.sub(_possible, body)
    try:
        found: Any = feedparser.parse(
            body, response_headers=headers, sanitize_html=False, resolve_relative_uris=False
        )
    except Exception as error:  # for one, an element without a name inside a broken namespace (ValueError)
        raise ParseError("", f"too broken to be read ({type(error).__name__} in feedparser)") from error
    if not found.get("version") and not found["entries"]:
        return None
    feed: Any = found["feed"]
    kept = newest(found["entries"], max_entries, _date_of)
    return RawFeed(
        title=_plain(feed, "title"),
        link=str(feed.get("link", "")).strip(),
        language=str(feed.get("language", "")).strip(),
        hints=_hints(body, charset),
        entries=tuple(_entry(entry) for entry in kept),
        left_out=len(found["entries"]) - len(kept),
    )


def _possible(match: re.Match[bytes]) -> bytes:
    """The reference, or that of U+FFFD for a character that there is not: feedparser stumbles over those."""
    digits = match[1]
    number = int(digits[1:], 16) if digits[:1] in b"xX" else int(digits)
    return match[0] if number < 0xD800 or 0xDFFF < number < 0x110000 else b"&#xFFFD;"


def _hints(body: bytes, charset: str) -> ScheduleHints:
    return hints_of_head(decoded(body[:200_000], charset))


def _entry(entry: Any) -> RawEntry:
    # dict.get: feedparser's own get() gives `published` for a missing `updated`, with a warning.
    get = dict.get
    contents = tuple(_body(detail) for detail in _dicts(entry, "content"))
    summary = _detail(entry, "summary")
    guid = str(get(entry, "id", "")).strip()
    return RawEntry(
        guid=guid,
        link=str(get(entry, "feedburner_origlink") or get(entry, "link", "")).strip(),
        title=_plain(entry, "title"),
        author=_author(entry),
        published=_moment(entry, "published") or _moment(entry, "created"),
        updated=_moment(entry, "updated"),
        contents=tuple(body for body in contents if body.html),
        summaries=(_body(summary),) if summary and summary.get("value") else (),
        categories=tuple(
            dict.fromkeys(
                term for tag in _dicts(entry, "tags") if (term := plain(str(tag.get("term") or "")))
            )
        ),
        enclosures=tuple(_enclosures(entry)),
        comments=str(get(entry, "comments", "")).strip(),
        via=_href(entry, "via"),
        related=_href(entry, "related"),
        base=str(_detail(entry, "title").get("base") or ""),
    )


def _body(detail: Mapping[str, Any]) -> Body:
    text = str(detail.get("value") or "").strip()
    is_text = detail.get("type") == "text/plain" and "</" not in text
    return Body(escaped(text) if is_text else text, str(detail.get("base") or ""))


def _dicts(entry: Any, name: str) -> list[Any]:
    """feedparser's list of that name; an element that happens to be called so (<links>) puts its text there."""
    found = dict.get(entry, name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _detail(values: Any, name: str) -> Any:
    found = dict.get(values, f"{name}_detail")
    return found if isinstance(found, dict) else {}


def _plain(values: Any, name: str) -> str:
    detail = _detail(values, name)
    return plain(
        str(dict.get(values, name, "")), is_html=detail.get("type") != "text/plain" or "&" in str(detail)
    )


def _author(entry: Any) -> str:
    names = [str(author.get("name") or "") for author in _dicts(entry, "authors")]
    kept = list(dict.fromkeys(name for text in names if (name := name_of_author(text))))
    return ", ".join(kept) or name_of_author(str(dict.get(entry, "author", "")))


def _date_of(entry: Any) -> datetime | None:
    return _moment(entry, "published") or _moment(entry, "updated")


def _moment(entry: Any, name: str) -> datetime | None:
    """By our rules first, so that both lanes agree; feedparser also knows Korean, Greek and Hungarian dates."""
    if (found := moment(str(dict.get(entry, name) or ""))) is not None:
        return found
    parts = dict.get(entry, f"{name}_parsed")
    try:
        return datetime.fromtimestamp(timegm(parts), UTC) if parts else None
    except (ValueError, OverflowError, OSError):
        return None


def _href(entry: Any, rel: str) -> str:
    links = (link for link in _dicts(entry, "links") if link.get("rel") == rel)
    return str(next((link.get("href", "") for link in links), "")).strip()


def _enclosures(entry: Any) -> list[Enclosure]:
    links = [link for link in _dicts(entry, "links") if link.get("rel") == "enclosure"]
    found = [*links, *_dicts(entry, "media_content")]
    by_url: dict[str, Enclosure] = {}
    for one in found:
        url = str(one.get("href") or one.get("url") or "").strip()
        length = str(one.get("length") or one.get("filesize") or "")
        size = int(length) if length.isascii() and length.isdigit() and len(length) < 16 else None
        if url:
            by_url.setdefault(url, Enclosure(url, str(one.get("type") or ""), size or None))
    return list(by_url.values())
