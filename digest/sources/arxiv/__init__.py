"""arXiv: its nightly feeds, searches through its API, and the metadata of papers that others mention.

Pages are never scraped: title, authors and abstract come from the feeds and the API, whose metadata is CC0. The
API is asked at most every three seconds (info.arxiv.org/help/api/tou). A replacement updates its paper's entry.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from digest.errors import HttpError, ParseError, SourceRefused
from digest.model import Article, Entry, Feed, FeedState, Known, ParsedFeed, Request, Response, Task
from digest.sources import Poll, Step, is_unchanged
from digest.sources.arxiv import calendar
from digest.sources.arxiv.listing import Listing, parse_listing
from digest.urls import arxiv_id, canonical_url

__all__ = ["article_of", "feed_url", "lookup", "parse_listing", "poll"]

FEEDS = "https://rss.arxiv.org/atom/"
API = "https://export.arxiv.org/api/query"
PAUSE = timedelta(seconds=3)
PAGE = 200
"""Results asked of the API at once; it allows 2,000, and asks to refine above 1,000 in all."""
MAX_RESULTS = 1_000
EMPTY_RETRIES = 2
"""An empty page in the middle of many is the API's hiccup (arxiv.py's UnexpectedEmptyPageError)."""

ARCHIVES = frozenset(
    (
        "astro-ph", "cond-mat", "cs", "econ", "eess", "gr-qc", "hep-ex", "hep-lat", "hep-ph", "hep-th", "math",
        "math-ph", "nlin", "nucl-ex", "nucl-th", "physics", "q-bio", "q-fin", "quant-ph", "stat",
    )
)  # fmt: skip
"""arxiv.org/category_taxonomy."""

_CATEGORY = re.compile(r"([a-z-]+)(?:\.([A-Za-z]{2}|[a-z]+-[a-z]+))?")
_HOSTS = frozenset({"arxiv.org", "export.arxiv.org", "rss.arxiv.org", "browse.arxiv.org"})


def feed_url(text: str) -> str | None:
    """The feed that a category ("cs.CL", "cs.CL+cs.AI", "arxiv:cs.CL"), a listing's or a feed's address names.

    An API query stays itself. A bare archive ("math") needs the prefix: it is a word as well.
    """
    text = text.strip()
    prefixed = re.fullmatch(r"(?i)arxiv:\s*(.+)", text)
    if prefixed:
        return _feed(prefixed[1])
    if "/" not in text:
        return _feed(text) if "." in text else None
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or host not in _HOSTS:
        return None
    path = parts.path.strip("/")
    if path == "api/query" and parts.query:
        return f"{API}?{parts.query}"
    found = re.fullmatch(r"(?:rss|atom)/([^/]+)|list/([^/]+)(?:/.*)?", path)
    return _feed(found[1] or found[2]) if found else None


def _feed(categories: str) -> str | None:
    names = [_category(name) for name in re.split(r"[+\s,]+", categories.strip())]
    return FEEDS + "+".join(name for name in names if name) if names and all(names) else None


def _category(name: str) -> str | None:
    """A category in arXiv's own case: cs.cl is cs.CL, cond-mat.str-el stays."""
    found = _CATEGORY.fullmatch(name)
    if not found or found[1] not in ARCHIVES:
        return None
    if found[2] is None:
        return found[1]
    return f"{found[1]}.{found[2].upper() if len(found[2]) == 2 else found[2]}"


# --- polling --------------------------------------------------------------------------------------


def poll(
    feed: Feed,
    state: FeedState,
    known: Mapping[str, Known],
    now: datetime,
    siblings: Sequence[FeedState] = (),
    **_: Any,
) -> Poll:
    """What the nightly feed or the API query lists. No papers at all is an answer: weekends and holidays are.

    `siblings` are the other nightly feeds: whether they moved today tells a stale batch from a free day.
    """
    address = state.address or feed.url
    if address.startswith(API):
        return (yield from _search(address, known))
    try:
        response: Response = yield Request(address, etag=state.etag, last_modified=state.last_modified)
    except HttpError as error:
        raise (yield from _refusal(error, address)) from error
    if is_unchanged(response, state):
        return _nothing_new(state, siblings, now)
    listing: Listing = yield Task(parse_listing, (response.body, response.final_url))
    if listing.error:
        raise _refused(address, listing.error)
    ids = [entry.id for entry in listing.entries]
    parsed = _parsed(listing, listing.entries, known)
    if calendar.is_stale(ids, known, state.entry_at, now):
        return _late(parsed, siblings, now)
    return replace(parsed, earliest_due=calendar.next_batch_at(now))


def _nothing_new(state: FeedState, siblings: Sequence[FeedState], now: datetime) -> ParsedFeed:
    """The same bytes as last time. On a day that should have brought a batch, and has not yet, ask again soon."""
    parsed = ParsedFeed(not_modified=True, earliest_due=calendar.next_batch_at(now))
    late = calendar.is_batch_day(now) and state.entry_at is not None and state.entry_at < _batch_before(now)
    return _late(parsed, siblings, now) if late else parsed


def _late(parsed: ParsedFeed, siblings: Sequence[FeedState], now: datetime) -> ParsedFeed:
    """The batch of an earlier day again. Asked anew in some hours, unless all others have nothing today either:
    then it is a free day. Said when another category moved, or when there is none to compare with."""
    today = calendar.batch_of_today(now)
    moved = any(one.entry_at is not None and one.entry_at >= today for one in siblings)
    if siblings and not moved:
        is_free_day = all(one.ok_at is not None and one.ok_at >= today for one in siblings)
        due = calendar.next_batch_at(now) if is_free_day else calendar.retry_at(now)
        return replace(parsed, earliest_due=due)
    why = "while another category moved" if moved else "on a weekday"
    warning = f"stale: nothing of today {why}; asked again in hours"
    return replace(parsed, warnings=(*parsed.warnings, warning), earliest_due=calendar.retry_at(now))


def _batch_before(now: datetime) -> datetime:
    """When the batch that should be there by `now` came."""
    return calendar.next_batch_at(now - timedelta(days=1))


def _parsed(listing: Listing, entries: Sequence[Entry], known: Mapping[str, Known]) -> ParsedFeed:
    def is_same(entry: Entry) -> bool:
        return entry.id in known and known[entry.id].content_hash == entry.content_hash

    return ParsedFeed(
        entries=tuple(entry for entry in entries if not is_same(entry)),
        unchanged=tuple(entry.id for entry in entries if is_same(entry)),
        title=listing.title,
        site_url=listing.site_url,
        language="en",
        warnings=(listing.flaw,) if listing.flaw else (),
    )


def _refusal(error: HttpError, address: str) -> Generator[Step, Any, Exception]:
    """What to raise for an HTTP error: what the feed in its body says, if there is one (400 for a wrong category)."""
    if error.response.status != 400:
        return error
    try:
        listing: Listing = yield Task(parse_listing, (error.response.body, address))
    except ParseError:
        return error
    return _refused(address, listing.error) if listing.error else error


def _refused(address: str, words: str) -> SourceRefused:
    message = f"arXiv answered {words!r}; check the category or query (arxiv.org/category_taxonomy)"
    return SourceRefused(address, message, state="error")


# --- the API --------------------------------------------------------------------------------------


def _search(address: str, known: Mapping[str, Known]) -> Poll:
    """The query's papers, newest first, back to a page that brings nothing unknown."""
    query = dict(parse_qsl(urlsplit(address).query, keep_blank_values=True))
    query.setdefault("sortBy", "submittedDate")
    query.setdefault("sortOrder", "descending")
    wanted = min(_number(query.pop("max_results", "")) or PAGE, MAX_RESULTS)
    start = _number(query.pop("start", ""))
    entries: dict[str, Entry] = {}
    listing = Listing(())
    warnings: list[str] = []
    while len(entries) < wanted:
        size = min(PAGE, wanted - len(entries))
        listing = yield from _page(query | {"start": str(start), "max_results": str(size)})
        entries |= {entry.id: entry for entry in listing.entries}
        start += size
        is_last = start >= (listing.total or 0)
        if not listing.entries and not is_last:
            warnings.append(f"the API gave {len(entries)} of {listing.total} papers and then an empty page")
        if is_last or not listing.entries or any(entry.id in known for entry in listing.entries):
            break
    return replace(_parsed(listing, tuple(entries.values()), known), warnings=(*warnings,))


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0


def _page(query: Mapping[str, str]) -> Generator[Step, Any, Listing]:
    """One page of results, asked again when it is empty although there should be some."""
    url = f"{API}?{urlencode(query, quote_via=quote, safe=':+,()/')}"
    listing = Listing(())
    for _ in range(1 + EMPTY_RETRIES):
        try:
            response: Response = yield Request(url, kind="api", pause=PAUSE)
        except HttpError as error:
            raise (yield from _refusal(error, url)) from error
        listing = yield Task(parse_listing, (response.body, response.final_url))
        if listing.error:
            raise _refused(url, listing.error)
        if listing.entries or int(query["start"]) >= (listing.total or 0):
            break
    return listing


def lookup(ids: Sequence[str]) -> Generator[Step, Any, tuple[Entry, ...]]:
    """The papers of these arXiv ids (bare, with prefix or version), as many as the API knows, in no fixed order.

    An id that the API calls malformed spoils the whole request (it answers 400), so others are left out first.
    """
    wanted = dict.fromkeys(named[0] for text in ids if (named := arxiv_id(_prefixed(text))))
    found: list[Entry] = []
    for batch in _batches(list(wanted)):
        query = {"id_list": ",".join(batch), "start": "0", "max_results": str(len(batch))}
        listing = yield from _page(query)
        found.extend(listing.entries)
    return tuple(found)


def _prefixed(text: str) -> str:
    return text if ":" in text or text.startswith("http") else f"arXiv:{text}"


def _batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for first in range(0, len(ids), 100):
        yield ids[first : first + 100]


def article_of(entry: Entry) -> Article:
    """The paper's article from its metadata: the abstract stands for the text, which is in the PDF."""
    from digest.markup import blocks_from_html, markdown

    return Article(
        key=canonical_url(entry.url),
        url=entry.url,
        title=entry.title,
        author=entry.author,
        site="arXiv",
        published=entry.published,
        language=entry.language,
        text=markdown(blocks_from_html(entry.content)).strip(),
        origin="metadata",
    )
