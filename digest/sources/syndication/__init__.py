"""Feeds: RSS 0.9x, 1.0, 2.0, Atom 0.3, 1.0 and JSON Feed, and finding them from a web page.

A document that is well-formed XML is read strictly (`strict`), anything else leniently by feedparser (`lenient`)
and flagged; both hand the same raw values to `normal`, which makes entries of them. All of that happens in a
worker process: importing this module costs the poll nothing.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from digest.errors import FetchError, NotAFeed, ParseError
from digest.model import Feed, FeedState, Known, ParsedFeed, Request, Response, Task
from digest.sources import Poll, Step, is_unchanged
from digest.urls import absolute_url, is_web_url

MAX_ENTRIES = 1_000
"""Of one document: the largest real archive in a feed has some hundreds."""

ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9,"
    " application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, */*;q=0.5"
)
_BARE_HOST = re.compile(r"(?:[^\s/@:?#.]+\.)+[^\s/@:?#.\d][^\s/@:?#.]+(?::\d{1,5})?(?:[/?#]\S*)?")
_USUAL_PATHS = ("feed", "rss.xml", "atom.xml", "index.xml", "feed.xml", "feed.json")
_MAX_CHECKED = 4
"""Addresses that only look like a feed are asked, but not many of them."""

Find = Generator[Step, Any, tuple[tuple[str, str], ...]]


def feed_url(text: str) -> str | None:
    """Any http(s) address; `feed:` and a bare "example.org/feed" are taken as https."""
    text = text.strip()
    text = re.sub(r"(?i)^feed:(?://)?(?=https?:)", "", text)
    text = re.sub(r"(?i)^feed:(?://)?", "https://", text)
    if re.match(r"(?i)https?://", text):
        return text if is_web_url(text) else None
    return f"https://{text}" if _BARE_HOST.fullmatch(text) else None


def poll(feed: Feed, state: FeedState, known: Mapping[str, Known], now: datetime) -> Poll:
    """One conditional GET; a document that changed is read in a worker process."""
    response: Response = yield Request(
        state.address, accept=ACCEPT, etag=state.etag, last_modified=state.last_modified
    )
    if is_unchanged(response, state):
        return ParsedFeed(not_modified=True)
    parsed: ParsedFeed = yield Task(
        parse_document, (response.body, charset_of(response), response.final_url, dict(known), MAX_ENTRIES)
    )
    return parsed


def parse_document(
    body: bytes, charset: str, url: str, known: Mapping[str, Known], max_entries: int = MAX_ENTRIES
) -> ParsedFeed:
    """What a document that came from `url` holds, for a worker process. `charset` is the header's, "" without.

    Raises NotAFeed for a web page, an empty answer or any other kind of document. A feed without entries is success.
    """
    from digest.sources.syndication.document import parse  # the readers are imported where they run

    return parse(body, charset, url, known, max_entries)


def charset_of(response: Response) -> str:
    """The charset that the Content-Type header names, lower case, "" without one."""
    match = re.search(r"""charset\s*=\s*["']?([A-Za-z0-9._:-]+)""", response.headers.get("content-type", ""))
    return match[1].lower() if match else ""


# --- finding a feed -------------------------------------------------------------------------------


def discover(html: bytes, url: str) -> tuple[tuple[str, str], ...]:
    """Feeds that a page names, with their titles, the likeliest first."""
    from digest.sources.syndication.page import discover as found

    return found(html, url)


def find(url: str) -> Find:
    """The feeds behind an address, (feed url, title) each: itself, those its page names, else the usual paths.

    A generator like `poll`. Raises NotAFeed when there is none, and FetchError when the page cannot be had.
    """
    response: Response = yield Request(url, kind="page", accept=f"{ACCEPT}, text/html;q=0.9")
    looked: Looked = yield Task(look, (response.body, charset_of(response), response.final_url))
    if looked.is_feed:
        return ((url, looked.title),)
    if looked.declared:
        return looked.declared
    guesses = [address for address, _ in looked.likely[:_MAX_CHECKED]]
    for address in dict.fromkeys((*guesses, *_usual_addresses(response.final_url))):
        if found := (yield from _checked(address)):
            return (found,)
    raise NotAFeed(
        url, "this page names no feed, and there is none at the usual addresses: give the feed's own address"
    )


def _checked(address: str) -> Generator[Step, Any, tuple[str, str] | None]:
    try:
        response: Response = yield Request(address, accept=ACCEPT)
        looked: Looked = yield Task(look, (response.body, charset_of(response), response.final_url))
    except (FetchError, ParseError):
        return None
    return (address, looked.title) if looked.is_feed else None


def _usual_addresses(page: str) -> tuple[str, ...]:
    """At the root of the site, and beside the page."""
    bases = (absolute_url(page, "/"), page if page.endswith("/") else page + "/")
    return tuple(dict.fromkeys(absolute_url(base, path) for base in bases for path in _USUAL_PATHS))


@dataclass(frozen=True, slots=True)
class Looked:
    """What stands at an address: a feed with its title, or a page with the feeds it declares or seems to link."""

    is_feed: bool
    title: str = ""
    declared: tuple[tuple[str, str], ...] = ()
    likely: tuple[tuple[str, str], ...] = ()


def look(body: bytes, charset: str, url: str) -> Looked:
    """For a worker process: what a document is."""
    from digest.sources.syndication.page import named_feeds

    try:
        return Looked(True, parse_document(body, charset, url, {}, 1).title)
    except NotAFeed:
        return Looked(False, "", *named_feeds(body, url, charset))
