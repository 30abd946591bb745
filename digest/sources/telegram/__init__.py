"""Telegram channels: the preview pages t.me/s/<channel>, and Telegram Desktop's result.json for history.

A poll reads the newest page and pages back until it meets what is known. A name without a preview (a group, a
user, a free or restricted name) is refused with its state: "0 posts" is an answer of a previewable channel only.

A post's id is `telegram:<channel's number>/<post>`, which survives a rename, an edit and the way the post came
(page or export). A page that does not tell the number takes the one remembered in the feed's profile, or else the
name; a post that was stored under the name keeps that id.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from digest.errors import DeadlineExceeded, FetchError, HttpError, Unreachable
from digest.model import Entry, Feed, FeedState, Known, ParsedFeed, Request, Response, Task
from digest.sources import Poll, Step, is_unchanged

if TYPE_CHECKING:
    from digest.sources.telegram.page import Page

__all__ = ["HOSTS", "feed_url", "parse_page", "poll", "posts_from_export"]

HOSTS = ("t.me", "telegram.me", "telegram.dog")
"""They serve the same pages; in 2026-07 t.me failed for many while telegram.me worked (rss-bridge #5040)."""
FIRST_PAGES = 5
FIRST_SPAN = timedelta(days=14)
"""What a first poll brings: a digest looks at the last week, a backlog would flood it."""
MAX_PAGES = 20
"""400 posts between two polls; a channel that writes more is not read by people."""
ACCEPT = "text/html"

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{3,31}")
_NO_CHANNEL = frozenset(
    (
        "addemoji", "addlist", "addstickers", "addtheme", "bg", "boost", "confirmphone", "contact", "dl", "giftcode",
        "invoice", "iv", "joinchat", "login", "m", "proxy", "setlanguage", "share", "socks", "stars",
    )
)  # fmt: skip
"""First path parts that are no names (core.telegram.org/api/links)."""


def feed_url(text: str) -> str | None:
    """`https://t.me/s/Name` for @Name, t.me/Name, t.me/s/Name, Name.t.me, a post's link and their other hosts.

    A bare word is no channel. The name keeps its case.
    """
    name = _channel(text.strip())
    return f"https://t.me/s/{name}" if name else None


def _channel(text: str) -> str:
    if text.startswith("@"):
        return _name(text[1:])
    if text.startswith("tg://resolve?"):
        return _name(parse_qs(urlsplit(text).query).get("domain", [""])[0])
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https"):
        return ""
    path = [part for part in parts.path.split("/") if part]
    if host in HOSTS:
        if path[:1] == ["s"]:
            path = path[1:]
        return _name(path[0]) if path else ""
    head, _, domain = host.partition(".")
    return _name(head) if domain == "t.me" else ""


def _name(word: str) -> str:
    return word if _NAME.fullmatch(word) and word.lower() not in _NO_CHANNEL else ""


def parse_page(body: bytes, url: str, numeric_id: int | None = None) -> Page:
    """See page.py, whose readers are imported where they run: every poll asks this module whose feeds are its own."""
    from digest.sources.telegram import page

    return page.parse_page(body, url, numeric_id)


def posts_from_export(data: bytes, channel: str = "") -> tuple[Entry, ...]:
    """See export.py."""
    from digest.sources.telegram import export

    return export.posts_from_export(data, channel)


def poll(
    feed: Feed, state: FeedState, known: Mapping[str, Known], now: datetime, hosts: Sequence[str] = HOSTS
) -> Poll:
    """The channel's posts since the last poll, or its last fortnight at first contact; `hosts` are tried in order.

    Every post of the pages read is an entry, known or not: views, reactions and edits are what a repeat brings.
    """
    name = _channel(state.address) or _channel(feed.url)
    response, host = yield from _newest(name, state, hosts)
    if is_unchanged(response, state):
        return ParsedFeed(not_modified=True, cursor=state.cursor)
    number = state.profile.numeric_id if state.profile else None
    page: Page = yield Task(parse_page, (response.body, response.final_url, number))
    pages, refused = [page], ""
    limit = MAX_PAGES if known else FIRST_PAGES
    while len(pages) < limit and page.before and not _reached(page.entries, known, now):
        request = Request(f"https://{host}/s/{name}?before={page.before}", kind="page", accept=ACCEPT)
        try:
            older: Response = yield request
        except HttpError as error:
            if not _is_final(error.response.status):
                raise
            refused = f"posts before {page.before} were not read: HTTP {error.response.status}"
            break
        page = yield Task(parse_page, (older.body, older.final_url, pages[0].profile.numeric_id or number))
        pages.append(page)
    if not refused and known and page.before and not _reached(page.entries, known, now):
        refused = f"more than {MAX_PAGES} pages since the last poll: older posts were not read"
    entries = {entry.id: entry for page in reversed(pages) for entry in page.entries}
    return ParsedFeed(
        entries=tuple(_settled(entry, known) for entry in entries.values()),
        title=pages[0].profile.title,
        site_url=pages[0].profile.url,
        profile=pages[0].profile,
        warnings=(refused,) if refused else (),
        cursor=host,
    )


def _newest(name: str, state: FeedState, hosts: Sequence[str]) -> Generator[Step, Any, tuple[Response, str]]:
    """The newest page from the first host that answers, the one of last time first; validators go to that alone."""
    ordered = sorted(hosts or HOSTS, key=lambda host: host != state.cursor)
    first_error: FetchError | None = None
    for host in ordered:
        is_same = host == (state.cursor or ordered[0])
        request = Request(
            f"https://{host}/s/{name}",
            accept=ACCEPT,
            etag=state.etag if is_same else "",
            last_modified=state.last_modified if is_same else "",
        )
        try:
            response: Response = yield request
        except (Unreachable, DeadlineExceeded, HttpError) as error:
            if isinstance(error, HttpError) and error.response.status < 500:
                raise
            first_error = first_error or error
        else:
            return response, host
    assert first_error is not None
    raise first_error


def _is_final(status: int) -> bool:
    """Asking again would bring the same answer; after 429 and 5xx the whole poll is done again, and nothing missed."""
    return 400 <= status < 500 and status != 429


def _reached(entries: Iterable[Entry], known: Mapping[str, Known], now: datetime) -> bool:
    """Whether this page goes back far enough: to a known post or beyond it, at first contact to two weeks ago."""
    if known:
        newest_known = max(map(_post_number, known))
        return any(entry.id in known or _post_number(entry.id) <= newest_known for entry in entries)
    return any(entry.published and entry.published < now - FIRST_SPAN for entry in entries)


def _post_number(entry_id: str) -> int:
    number = entry_id.rpartition("/")[2]
    return int(number) if number.isdecimal() else 0


def _settled(entry: Entry, known: Mapping[str, Known]) -> Entry:
    """The entry under the id that the store has it by, if that was made when only the channel's name was told."""
    post = entry.post
    by_name = f"telegram:{post.channel.lower()}/{post.message_ids[0]}" if post else entry.id
    return replace(entry, id=by_name) if by_name in known else entry
