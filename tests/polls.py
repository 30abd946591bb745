"""Whole polls in this process: a real store, the real fetcher and sources, a server on loopback, a clock that moves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from fetch_server import START, Asked, MovedClock, Says, Server, headers, serving

from digest.fetch import FetchSettings
from digest.fetch.client import Fetcher
from digest.model import Candidate, Feed, FeedRecord, FeedState
from digest.poll import Outcome, PollSettings, due, poll
from digest.schedule import Rhythm
from digest.store import Store, open_store
from digest.work import Inline

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
RSS_TYPE = headers(content_type="application/rss+xml")


@dataclass
class House:
    """Feeds of one server and the store that keeps them. `says` is what each path answers."""

    server: Server
    store: Store
    fetch: FetchSettings
    feeds: list[Feed] = field(default_factory=list)
    says: dict[str, Says | Callable[[Asked], Says]] = field(default_factory=dict)

    @property
    def clock(self) -> MovedClock:
        return self.server.clock

    def subscribe(self, path: str = "/feed", **of_feed: object) -> Feed:
        feed = Feed(self.server.url(path), **of_feed)  # type: ignore[arg-type]
        self.feeds.append(feed)
        return feed

    async def poll(self, *, after: timedelta = timedelta(0), force: bool = False) -> tuple[Outcome, ...]:
        """What `digest poll` does, `after` the last one."""
        self.clock.at += after
        self.store.sync_feeds(self.feeds, self.clock.now())
        records = due(self.store.feeds(), self.clock.now(), force=force)
        if not records:
            return ()
        async with Fetcher(self.fetch, self.clock, self.store.host_pauses()) as net:
            outcomes = await poll(records, net, Inline(), self.store, SETTINGS, self.clock.now)
        self.store.save_host_pauses(net.pauses, self.clock.now())
        return outcomes

    def record(self, path: str = "/feed") -> FeedRecord:
        found = self.store.feed(self.server.url(path))
        assert found is not None
        return found

    def state(self, path: str = "/feed") -> FeedState:
        return self.record(path).state

    def entries(self) -> list[Candidate]:
        return sorted(self.store.entries(), key=lambda c: (c.entry.title, c.entry_id))

    def titles(self) -> list[str]:
        return [c.entry.title for c in self.entries()]

    def asked(self) -> list[str]:
        """The paths asked since the last time."""
        paths = [a.target for a in self.server.asked]
        self.server.asked.clear()
        return paths


SETTINGS = PollSettings(Rhythm(), pages=False)


@asynccontextmanager
async def house(folder: Path, at: datetime = START, hosts: Iterable[str] = ()) -> AsyncIterator[House]:
    """`hosts`: other names of this machine that feeds may be asked at."""

    def answer(asked: Asked) -> Says:
        says = built.says.get(asked.target, Says(404))
        return says(asked) if callable(says) else says

    fetch = FetchSettings(pause_s=0.0, timeout_s=5.0, allow_private=("127.0.0.1", *hosts))
    with open_store("sqlite:///digest.db", folder) as store:
        async with serving(answer, MovedClock(at)) as server:
            built = House(server, store, fetch)
            yield built


def item(title: str, link: str = "", guid: str = "", text: str = "", date: str = "") -> str:
    parts = {"title": title, "link": link, "guid": guid, "description": text, "pubDate": date}
    return f"<item>{''.join(f'<{name}>{value}</{name}>' for name, value in parts.items() if value)}</item>"


def rss(items: Iterable[str], extra: str = "", title: str = "A blog") -> Says:
    """A feed as a server sends it; `extra` goes into the channel (ttl, skipHours …)."""
    document = (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<rss version="2.0" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"><channel>'
        f"<title>{title}</title><link>https://blog.example/</link>{extra}{''.join(items)}</channel></rss>"
    )
    return Says(headers=RSS_TYPE, body=document.encode())


def three(poll: int = 0, **patterns: str) -> list[str]:
    """Three items; `{n}` in a pattern is the item's number, `{poll}` the poll's."""
    fields = {"title": "Title {n}", "link": "https://blog.example/{n}", "guid": "g{n}", "text": "Text {n}."}
    return [
        item(**{name: pattern.format(n=n, poll=poll) for name, pattern in {**fields, **patterns}.items()})
        for n in range(3)
    ]
