"""Polling: due feeds | source | net and workers | articles | one transaction a feed.

The shell of the poll: it composes, and decides nothing about formats, sockets or SQL. One feed's failure is that
feed's outcome. What a poll learnt of a feed (entries, articles, then validators) is saved in one transaction, so a
process that dies anywhere leaves all of it or nothing, and the next poll asks again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from digest import schedule, sources
from digest.errors import DigestError, HostPaused, ParseError
from digest.fetch import Net
from digest.fetch.hosts import host_key
from digest.fetch.room import Room
from digest.model import (
    Article,
    Candidate,
    Entry,
    Feed,
    FeedRecord,
    FeedState,
    Known,
    Outcome,
    ParsedFeed,
    Request,
    Response,
    Saved,
    Task,
)
from digest.urls import canonical_url

if TYPE_CHECKING:
    from digest.store import Store

log = logging.getLogger(__name__)
T = TypeVar("T")

TEXT_WINDOW = timedelta(days=15)
"""Texts are made, and pages fetched, for entries that can still reach an issue. A new feed's backlog keeps what the
feed gives: to convert it took nine tenths of a first poll's time."""

PAGES_A_POLL = 50
"""Of one feed: the first poll of a feed of teasers must not become a crawl."""

_LARGE_AT_ONCE = 16
"""Large documents in memory, of feeds and of pages each. Of small ones (nine in ten) as many as connections."""

_TOGETHER = 64
"""Unchanged feeds whose states are saved at a time: a transaction of their own costs as much as the request."""


class Processes(Protocol):
    """What runs tasks: worker processes, or this one."""

    async def run(self, task: Task) -> Any: ...


@dataclass(frozen=True, slots=True)
class PollSettings:
    """`options` are further arguments of one source's `poll`, by the source's name."""

    rhythm: schedule.Rhythm
    pages: bool = True
    concurrency: int = 100
    """Feeds under way at once."""
    per_host: int = 2
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def due(records: Sequence[FeedRecord], now: datetime, *, force: bool = False) -> list[FeedRecord]:
    """The feeds to ask now, longest overdue first. A gone feed is never asked, not even by force."""
    chosen = [r for r in records if r.state.gone_at is None and (force or schedule.is_due(r.state, now))]
    return sorted(chosen, key=lambda r: (r.state.due_at is not None, r.state.due_at or now, r.feed.url))


async def poll(
    records: Sequence[FeedRecord],
    net: Net,
    processes: Processes,
    store: Store,
    settings: PollSettings,
    clock: Callable[[], datetime],
    progress: Callable[[Outcome], None] = lambda _: None,
) -> tuple[Outcome, ...]:
    """Ask every feed of `records` and keep what they say, then get the articles that are still owed.

    The outcomes come in the order of `records`.
    """
    poller = _Poller(net, processes, store, settings, clock)
    queue = _Queue(records, settings.per_host)
    outcomes: dict[int, Outcome] = {}

    async def visitor() -> None:
        while (turn := queue.next()) is not None:
            outcomes[turn] = await poller.feed(records[turn])
            queue.done(turn)
            progress(outcomes[turn])

    with poller.writer:
        visitors = [asyncio.create_task(visitor()) for _ in range(min(settings.concurrency, len(records)))]
        try:
            await asyncio.gather(*visitors)
        finally:
            for one in visitors:
                one.cancel()
        await poller.settle()
        await poller.owed()
    return tuple(outcomes[turn] for turn in range(len(records)))


class _Queue:
    """Whose turn it is: host by host in a circle, no more of one host under way than it takes connections.

    A host with two hundred feeds, or one that lets us wait, so holds up its own feeds and nobody else's. Who finds
    nobody in the queue may leave: the feeds that still wait are taken by those who are busy at their hosts.
    """

    def __init__(self, records: Sequence[FeedRecord], per_host: int) -> None:
        self._hosts = [host_key(record.state.address) for record in records]
        self._waiting: dict[str, deque[int]] = {}
        for turn, host in enumerate(self._hosts):
            self._waiting.setdefault(host, deque()).append(turn)
        self._free = deque(
            host
            for place in range(per_host)
            for host, waiting in self._waiting.items()
            if place < len(waiting)
        )

    def next(self) -> int | None:
        while self._free:
            if waiting := self._waiting[self._free.popleft()]:
                return waiting.popleft()
        return None

    def done(self, turn: int) -> None:
        host = self._hosts[turn]
        if self._waiting[host]:
            self._free.append(host)


class _Poller:
    def __init__(
        self,
        net: Net,
        processes: Processes,
        store: Store,
        settings: PollSettings,
        clock: Callable[[], datetime],
    ) -> None:
        self.net, self.processes, self.store = net, processes, store
        self.settings, self.clock = settings, clock
        # SQLite has one writer at a time anyway; a thread of its own keeps the sockets going meanwhile.
        self.writer = ThreadPoolExecutor(1, "store")
        self.large_feeds = asyncio.Semaphore(_LARGE_AT_ONCE)
        self.large_pages = asyncio.Semaphore(_LARGE_AT_ONCE)
        self.unchanged: list[tuple[FeedRecord, Response | None, ParsedFeed, datetime]] = []

    async def db(self, function: Callable[..., T], *args: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.writer, lambda: function(*args))

    async def feed(self, record: FeedRecord) -> Outcome:
        """One feed, from request to commit. What fails is kept in its state and told in the outcome."""
        state, first, known = record.state, list[Response](), dict[str, Known]()

        async def answered(response: Response) -> None:
            """Before the source sees a document, what is known of the feed is loaded; unchanged ones need nothing."""
            if not first and state.ok_at is not None and not sources.is_unchanged(response, state):
                known.update(await self.db(self.store.known, state.feed_id))
            first.append(response)

        try:
            more = {"siblings": await self._siblings(state)} if _is_nightly(state.url) else {}
            steps = steps_of(record.feed, state, known, self.clock(), self.settings, more)
            with Room(self.large_feeds) as room:
                parsed = await drive(steps, _Visit(self.net, room), self.processes, answered)
                response = first[0] if first else None
                if parsed.not_modified:
                    return await self._unchanged(record, response, parsed)
                return await self._kept(record, response, parsed, known)
        except DigestError as error:
            return await self._failed(record, error)

    async def _unchanged(self, record: FeedRecord, response: Response | None, parsed: ParsedFeed) -> Outcome:
        """Nothing new. Its state is saved with others': if the process dies before, the feed is asked once more."""
        self.unchanged.append((record, response, parsed, self.clock()))
        if len(self.unchanged) >= _TOGETHER:
            await self.settle()
        return Outcome(record.feed.url, "unchanged", warnings=parsed.warnings)

    async def settle(self) -> None:
        """Save the states of unchanged feeds that still wait for it."""
        waiting, self.unchanged = self.unchanged, []
        if not waiting:
            return
        times = await self.db(self.store.entry_times, [record.state.feed_id for record, *_ in waiting])
        states = [
            self._state(record, response, parsed, times.get(record.state.feed_id, ()), now)
            for record, response, parsed, now in waiting
        ]
        await self.db(self.store.save_states, states)

    def _state(
        self,
        record: FeedRecord,
        response: Response | None,
        parsed: ParsedFeed,
        times: Iterable[datetime],
        now: datetime,
        *,
        is_all_new: bool = False,
    ) -> FeedState:
        """The feed's state after a poll that worked, with its next one; `times` are those of its entries."""
        state = schedule.after_response(record.state, response, parsed, now, is_all_new=is_all_new)
        return schedule.rescheduled(state, record.feed, response, parsed, times, self.settings.rhythm, now)

    async def _kept(
        self, record: FeedRecord, response: Response | None, parsed: ParsedFeed, known: Mapping[str, Known]
    ) -> Outcome:
        """A poll that worked, saved: entries, articles and state in one transaction."""
        now, url, feed_id = self.clock(), record.feed.url, record.state.feed_id
        fresh = [e for e in parsed.entries if e.id in known or _is_recent(e, now)]
        articles = await self._articles(record.feed, fresh, now) if fresh else []
        times = [schedule.effective_time(entry.published, now) for entry in parsed.entries]
        if known:
            times += (await self.db(self.store.entry_times, [feed_id])).get(feed_id, ())
        found = [entry.id for entry in parsed.entries]
        is_all_new = bool(known and found) and not parsed.unchanged and known.keys().isdisjoint(found)
        state = self._state(record, response, parsed, times, now, is_all_new=is_all_new)
        saved: Saved = await self.db(
            partial(self.store.save_poll, at=_moment_of(now)), state, parsed.entries, articles, now
        )
        return Outcome(
            url,
            "new" if saved.new or saved.updated else "unchanged",
            new=len(saved.new),
            updated=len(saved.updated),
            found=len(parsed.entries) + len(parsed.unchanged),
            pages=sum(article.origin == "page" for article in articles),
            warnings=parsed.warnings,
        )

    async def _siblings(self, state: FeedState) -> list[FeedState]:
        """The other nightly feeds of arXiv as they stand now, those asked earlier in this poll too."""
        await self.settle()
        states = [record.state for record in await self.db(self.store.feeds)]
        return [one for one in states if _is_nightly(one.url) and one.feed_id != state.feed_id]

    async def _failed(self, record: FeedRecord, error: DigestError) -> Outcome:
        state = schedule.after_error(record.state, record.feed, error, self.settings.rhythm, self.clock())
        await self.db(self.store.save_states, [state])
        if isinstance(error, HostPaused):
            return Outcome(record.feed.url, "paused", error=error.message)
        log.warning("poll failed feed=%s error=%r", record.feed.url, error.message)
        return Outcome(record.feed.url, "gone" if state.gone_at else "failed", error=error.message)

    # --- articles ---------------------------------------------------------------------------------

    async def _articles(self, feed: Feed, entries: Sequence[Entry], now: datetime) -> list[Article]:
        """The text behind each new or changed entry: the feed's own when it is full, else the page's."""
        from digest import extract  # and with it the measures of text: most polls bring nothing new

        own = await self._own_articles(feed, entries)
        recent = [
            (entry, article)
            for entry, article in zip(entries, own, strict=True)
            if self.settings.pages and _is_recent(entry, now) and extract.needs_page(entry, feed, article)
        ][:PAGES_A_POLL]
        keys = {_article_key(entry) for entry, _ in recent}
        missing = await self.db(self.store.missing_articles, keys, now)
        wanted = {_article_key(e): (e, a) for e, a in reversed(recent) if _article_key(e) in missing}
        pages = await asyncio.gather(*(self._page(entry, article, now) for entry, article in wanted.values()))
        return list({a.key: a for a in (*own, *pages) if a is not None}.values())

    async def _own_articles(self, feed: Feed, entries: Sequence[Entry]) -> list[Article | None]:
        """What the feed itself gives; a conversion that hangs or dies costs these texts, not the entries."""
        try:
            task = Task(_feed_articles, (tuple(entries), feed), subject=feed.url)
            own: list[Article | None] = await _worked(task, self.processes)
        except DigestError as error:
            log.warning("texts not converted feed=%s error=%r", feed.url, error.message)
            return [None] * len(entries)
        return own

    async def _page(self, entry: Entry, own: Article | None, now: datetime) -> Article:
        """The article's page. One that fails is recorded with its reason, and the entry still counts."""
        from digest import extract

        request = extract.page_request(entry.via_url or entry.url)
        try:
            with Room(self.large_pages) as room:
                response = await self.net.fetch(request, room)
                task = Task(extract.page_article, (response, _article_key(entry)), subject=request.url)
                page: Article = await _worked(task, self.processes)
        except DigestError as error:
            page = Article(key=_article_key(entry), url=request.url, error=error.message)
        return replace(extract.merged(own, page, entry), fetched_at=now)

    async def owed(self) -> None:
        """Articles that an earlier poll left out or failed to get, and papers that posts mention."""
        now = self.clock()
        owed = await self.db(self.store.owed_articles, now - TEXT_WINDOW, now)
        by_key = {_article_key(one.entry): one for one in owed}
        papers = [key.removeprefix("arxiv:") for key in by_key if key.startswith("arxiv:")]
        await self._look_up(papers, now)
        pages = [one for one in by_key.values() if self.settings.pages and _needs_page(one)]
        articles = await asyncio.gather(*(self._page(one.entry, one.article, now) for one in pages))
        if articles:
            await self.db(self.store.save_articles, articles, now)

    async def _look_up(self, papers: Sequence[str], now: datetime) -> None:
        """Metadata of arXiv papers that no feed brought: from its API, never scraped."""
        from digest.sources import arxiv

        if not papers:
            return
        try:
            found = await drive(arxiv.lookup(papers), self.net, self.processes)
        except DigestError as error:
            log.warning("papers not looked up ids=%s error=%r", ",".join(papers), error.message)
            found = ()
        articles = [arxiv.article_of(entry) for entry in found]
        unknown = {f"arxiv:{paper}" for paper in papers} - {article.key for article in articles}
        failed = [
            Article(
                key,
                f"https://arxiv.org/abs/{key.removeprefix('arxiv:')}",
                error="arXiv's API gave no such paper",
            )
            for key in sorted(unknown)
        ]
        await self.db(self.store.save_articles, [*articles, *failed], now)


@dataclass(frozen=True, slots=True)
class _Visit:
    """The net, for all requests of one visit."""

    net: Net
    room: Room

    async def fetch(self, request: Request, room: Room | None = None) -> Response:
        return await self.net.fetch(request, room or self.room)


async def drive(
    steps: Generator[sources.Step, Any, T],
    net: Net,
    processes: Processes,
    answered: Callable[[Response], Awaitable[None]] | None = None,
) -> T:
    """Run a source to its end: answer its requests, do its tasks, throw into it what went wrong."""

    async def done(step: sources.Step) -> Any:
        if isinstance(step, Task):
            return await _worked(step, processes)
        response = await net.fetch(step)
        if answered:
            await answered(response)
        return response

    try:
        step = next(steps)
        while True:
            try:
                result = await done(step)
            except DigestError as error:
                step = steps.throw(error)
            else:
                step = steps.send(result)
    except StopIteration as end:
        value: T = end.value
        return value


async def _worked(task: Task, processes: Processes) -> Any:
    """The task's result. What a reader of ours stumbles over is that document's failure, not the run's."""
    try:
        return await processes.run(task)
    except DigestError:
        raise
    except Exception as error:
        log.exception("reader stumbled document=%s", task.subject)
        message = f"digest stumbled over this document ({type(error).__name__}: {error}); please report it"
        raise ParseError(task.subject, message) from error


def steps_of(
    feed: Feed,
    state: FeedState,
    known: Mapping[str, Known],
    now: datetime,
    settings: PollSettings,
    more: Mapping[str, Any] = MappingProxyType({}),
) -> sources.Poll:
    """The source of this feed at work on it; `more` are options for this feed."""
    name = sources.name_of(feed.url)
    return sources.named(name).poll(feed, state, known, now, **settings.options.get(name, {}), **more)


async def read_once(
    feed: Feed, net: Net, processes: Processes, settings: PollSettings, now: datetime
) -> ParsedFeed:
    """What a feed holds, asked as for the first time; nothing is stored."""
    return await drive(steps_of(feed, FeedState(0, feed.url, feed.url), {}, now, settings), net, processes)


def _needs_page(one: Candidate) -> bool:
    from digest import extract

    return extract.needs_page(one.entry, one.feed)


def _feed_articles(entries: Sequence[Entry], feed: Feed) -> list[Article | None]:
    """In a worker: what the feed itself gives of each entry's text."""
    from digest import extract

    return [extract.feed_article(entry, feed) for entry in entries]


def _article_key(entry: Entry) -> str:
    return canonical_url(entry.via_url or entry.url)


def _is_nightly(url: str) -> bool:
    return url.startswith("https://rss.arxiv.org/")


def _is_recent(entry: Entry, now: datetime) -> bool:
    return schedule.effective_time(entry.published, now) > now - TEXT_WINDOW


def _moment_of(now: datetime) -> Callable[[Entry], datetime]:
    return lambda entry: schedule.effective_time(entry.published, now)
