"""One document, read in a worker process: which lane reads it, and what it is when it is no feed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from digest.errors import NotAFeed, ParseError
from digest.model import Known, ParsedFeed
from digest.sources.syndication import jsonfeed, strict, wellformed
from digest.sources.syndication.normal import normalised
from digest.sources.syndication.raw import RawFeed

_HTML = re.compile(
    rb"\A(?:\s|(?><!--.*?-->)|(?><\?.*?\?>))*+(?:<!doctype\s+html|<html\b|<head\b|<body\b)",
    re.IGNORECASE | re.DOTALL,
)
_FEED_ROOT = re.compile(rb"<(?:\w+:)?(?:rss|feed|rdf)\b", re.IGNORECASE)
_MANY_BYTES = 2_000


def parse(body: bytes, charset: str, url: str, known: Mapping[str, Known], max_entries: int) -> ParsedFeed:
    """The feed in `body`, which came from `url`. Raises NotAFeed that says what was seen instead."""
    return normalised(raw_feed(body, charset, url, max_entries), url, known)


def raw_feed(body: bytes, charset: str, url: str, max_entries: int) -> RawFeed:
    """What the right lane reads: JSON by its first byte, XML strictly if it is well-formed, leniently otherwise."""
    if not body.strip(b"\xef\xbb\xbf\x00 \t\r\n"):
        raise NotAFeed(url, f"the answer is empty ({len(body)} bytes); what was kept before stays")
    feed = _json(body, max_entries) or _xml(body, charset, url, max_entries)
    if feed is None:
        raise not_a_feed(body, charset, url)
    return feed


def _json(body: bytes, max_entries: int) -> RawFeed | None:
    looks_so = body[:64].lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n").startswith(b"{")
    return jsonfeed.read(body, max_entries) if looks_so else None


def _xml(body: bytes, charset: str, url: str, max_entries: int) -> RawFeed | None:
    try:
        tree = wellformed.tree(body, charset)
    except wellformed.Malformed as error:
        try:
            return _leniently(body, charset, max_entries, f"malformed XML at {error}, read leniently")
        except ParseError as failure:
            raise ParseError(url, f"malformed XML at {error}, {failure.message}") from failure
    feed = strict.read(tree.root, max_entries)
    if feed is None or not tree.warning:
        return feed
    return _flagged(feed, tree.warning)


def _leniently(body: bytes, charset: str, max_entries: int, warning: str) -> RawFeed | None:
    if _HTML.match(body) and not _FEED_ROOT.search(body[:_MANY_BYTES]):
        return None
    from digest.sources.syndication import (
        lenient,
    )  # 80 ms to import, for the one feed in thirty that needs it

    feed = lenient.read(body, charset, max_entries)
    return _flagged(feed, warning) if feed else None


def _flagged(feed: RawFeed, warning: str) -> RawFeed:
    return replace(feed, warnings=(warning, *feed.warnings))


def not_a_feed(body: bytes, charset: str, url: str) -> NotAFeed:
    """The error that says what this document is."""
    if _HTML.match(body) or b"<html" in body[:_MANY_BYTES].lower():
        from digest.sources.syndication.page import description, discover

        alternates = tuple(address for address, _ in discover(body, url, charset))
        hint = f"; it names the feed {alternates[0]}" if alternates else ""
        return NotAFeed(url, f"this is {description(body, charset)}, not a feed{hint}", alternates=alternates)
    return NotAFeed(url, f"this is {_kind(body)}, not a feed", alternates=())


def _kind(body: bytes) -> str:
    head = body[:_MANY_BYTES].lstrip(b"\xef\xbb\xbf \t\r\n")
    for start, name in _STARTS:
        if head.startswith(start):
            return name
    if root := _XML_ROOT.search(head):
        return f"an XML document with the root <{root[1].decode('ascii', 'replace')}>"
    words = " ".join(head[:60].decode("utf-8", "replace").split())
    return f"text that begins with {words!r}" if words.isprintable() else "a binary file"


_STARTS = (
    (b"%PDF", "a PDF file"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"GIF8", "an image"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"{", "JSON that is no JSON Feed"),
    (b"[", "JSON that is no JSON Feed"),
)
_XML_ROOT = re.compile(rb"\A(?:\s|(?><!--.*?-->)|<[?!][^>]*>)*+<([A-Za-z][\w:.-]*)", re.DOTALL)
