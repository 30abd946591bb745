"""Where entries come from: one file a source, none of which does I/O.

A source is a generator: it yields a Request and is sent a Response (or has a FetchError thrown into it where it
stands), it yields a Task and is sent that function's result, computed in a worker process; it returns a ParsedFeed.
Who drives it decides about sockets, politeness and processes (poll.py). The next kind of source is one new file
here and one line in `SOURCES`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Mapping
from datetime import datetime
from importlib import import_module
from typing import Any, Protocol
from urllib.parse import urlsplit

from digest.model import Feed, FeedState, Known, ParsedFeed, Request, Response, Task

Step = Request | Task
Poll = Generator[Step, Any, ParsedFeed]


class Source(Protocol):
    """What each module here offers, as module-level names."""

    def feed_url(self, text: str) -> str | None:
        """The subscription address that `text` names if this source takes it, else None. No I/O."""

    def poll(
        self, feed: Feed, state: FeedState, known: Mapping[str, Known], now: datetime, **options: Any
    ) -> Poll:
        """One poll. `known` is filled before the first document arrives. `options` are the source's own.
        Raises (through) FetchError and ParseError; never returns silence for a failure."""


SOURCES = ("telegram", "arxiv", "syndication")
"""In the order in which they are asked; the last takes every http(s) address."""


def named(name: str) -> Source:
    """The source of that name, imported now."""
    source: Source = import_module(f"digest.sources.{name}")
    return source


def name_of(url: str) -> str:
    """The first source that takes this address; syndication when none of the others does."""
    return next((name for name in SOURCES if named(name).feed_url(url) is not None), SOURCES[-1])


def subscription(text: str) -> str | None:
    """The subscription address behind what a user typed ("@name", "cs.CL", "example.org/feed"), None if none fits."""
    return next((url for name in SOURCES if (url := named(name).feed_url(text)) is not None), None)


def key_of(url: str) -> str:
    """The same for two addresses of one subscription: the links of a channel, http and https of a feed.

    `www.` and the case of a path stay apart: behind them may be another feed (scripting.com, kcrw.com), and a
    subscription that is dropped in silence is worse than one too many.
    """
    if name_of(url) != SOURCES[-1]:
        return (subscription(url) or url).casefold()
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    return f"{parts.netloc.lower()}{parts.path or '/'}" + (f"?{parts.query}" if parts.query else "")


def is_unchanged(response: Response, state: FeedState) -> bool:
    """Nothing to parse: 304, or the very bytes of last time."""
    return response.status == 304 or (
        state.body_sha256 != "" and hashlib.sha256(response.body).hexdigest() == state.body_sha256
    )
