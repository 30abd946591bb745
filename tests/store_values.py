"""Small values for the tests of the store."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from digest.model import (
    Article,
    Block,
    Decision,
    Draft,
    Entry,
    Evidence,
    Feed,
    FeedState,
    Issue,
    IssueRecord,
    Item,
    Period,
    Section,
    Span,
    TagMatch,
)
from digest.store import Store

NOW = datetime(2026, 2, 11, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WEEK = Period("2026-W07", datetime(2026, 2, 8, 12, tzinfo=UTC), datetime(2026, 2, 15, 12, tzinfo=UTC))
BLOG = Feed(url="https://blog.example/feed", title="A blog", tags=("/ai",), weight=1.5, interval=DAY)
OTHER = Feed(url="https://other.example/rss")


def an_entry(number: int = 1, **changes: Any) -> Entry:
    made = Entry(
        id=f"tag:blog.example,2026:{number}",
        url=f"https://blog.example/posts/{number}",
        title=f"Post {number}",
        content_hash=f"hash {number}",
        published=NOW - HOUR,
        content=f"<p>What post {number} says.</p>",
    )
    return replace(made, **changes)


def an_article(number: int = 1, **changes: Any) -> Article:
    url = f"https://blog.example/posts/{number}"
    made = Article(key=url, url=url, title=f"Post {number}", text=f"All of post {number}.", origin="page")
    return replace(made, **changes)


def state_of(store: Store, feed: Feed = BLOG) -> FeedState:
    """The state of `feed`, subscribed first if it is not."""
    record = store.feed(feed.url)
    if record is None:
        store.sync_feeds([*(one.feed for one in store.feeds()), feed], NOW)
        record = store.feed(feed.url)
    assert record is not None
    return record.state


def poll(
    store: Store,
    *entries: Entry,
    feed: Feed = BLOG,
    articles: tuple[Article, ...] = (),
    now: datetime = NOW,
    first: bool = False,
) -> Any:
    """Saves a poll that worked; but for `first`, one of a feed that has been polled before."""
    state = state_of(store, feed)
    if not first and state.ok_at is None:
        store.save_states([replace(state, ok_at=NOW - 30 * DAY)])
    done = replace(state, ok_at=now, polled_at=now)
    return store.save_poll(done, entries, articles, now, at=lambda entry: entry.published or now)


def an_issue(week: str = "2026-W07", *keys: str) -> IssueRecord:
    items = tuple(
        Item(
            key=key, url=key, title=key, body=(Block("paragraph", (Span("好的 words", ("bold",)),)),), at=NOW
        )
        for key in keys
    )
    period = Period(week, WEEK.start, WEEK.end)
    issue = Issue(week, f"Digest {week}", period, NOW, (Section("AI", items, "ai"),))
    return IssueRecord(Draft(issue, shelf=items[:1]), cut_at=NOW)


def a_decision(key: str, *entry_ids: int, week: str = "2026-W07") -> Decision:
    return Decision(
        week=week,
        key=key,
        title=f"About {key}",
        score=1.25,
        parts=(("mentions", 1.0), ("weight", 0.25)),
        tags=(TagMatch("ai", "hashtag", "#ai in the post"),),
        section="AI",
        verdict="selected",
        entry_ids=entry_ids,
        evidence=tuple(Evidence(number, "same address", 1.0, key) for number in entry_ids[1:]),
    )
