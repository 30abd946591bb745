"""The database: everything that is kept, behind one class. Values of `model` go in and come out, rows never.

    open_store(url, base) -> Store        one public method = one transaction, done whole or not at all

SQLite (WAL, writers wait for each other) or PostgreSQL, with the same behaviour; the methods may be called from
any thread. Facts are upserted, so that a poll which is repeated changes nothing. What an entry is about, what is
a story, what belongs into an issue: others decide; here it is remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from digest.errors import StoreError
from digest.model import (
    Article,
    Candidate,
    Decision,
    Delivery,
    Draft,
    Entry,
    Feed,
    FeedRecord,
    FeedState,
    IssueRecord,
    Known,
    Period,
    Run,
    Saved,
)
from digest.store import articles as _articles
from digest.store import entries as _entries
from digest.store import feeds as _feeds
from digest.store import issues as _issues
from digest.store import unindexed as _unindexed
from digest.store import upkeep as _upkeep
from digest.store.engine import (
    DURABLE,
    READ_ONLY,
    database_url,
    explained,
    may_be_repeated,
    open_engine,
    shown,
)
from digest.store.locks import held
from digest.store.schema import bring_up_to_date

__all__ = ["Store", "open_store"]

T = TypeVar("T")

_ATTEMPTS = 5
"""For a transaction that PostgreSQL undid because of another one."""


def open_store(url: str, base: Path, *, create: bool = True) -> Store:
    """The database at `url` ("sqlite:///digest.db", under `base`; "postgresql+psycopg://…"), brought up to date.

    Raises StoreError when it cannot be used (not a database, no permission, server away, or not there and not to
    be created) and NewerDatabase when a newer digest wrote it.
    """
    address = database_url(url, base)
    if address.get_backend_name() == "sqlite":
        file = Path(address.database or "")
        if not file.parent.is_dir():
            raise StoreError(str(file), f"its folder {file.parent} does not exist")
        if not create and not file.exists():
            raise StoreError(str(file), "there is no database yet: `digest poll` makes it")
    engine = open_engine(address)
    try:
        with explained(address):
            bring_up_to_date(engine)
    except BaseException:
        engine.dispose()
        raise
    return Store(engine)


class Store:
    """See the module. Made by `open_store`; a context manager that closes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.place = shown(engine.url)
        """Path or server, without a password: for messages."""

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._engine.dispose()

    # --- feeds ------------------------------------------------------------------------------------

    def sync_feeds(self, feeds: Sequence[Feed], now: datetime, mark: str = "") -> None:
        """Makes `feeds` (feeds.opml) the subscriptions; what is left out keeps its entries and state, unsubscribed.

        A feed that moved and is listed under its new address goes on as the same feed. `mark` is kept for `synced`.
        """

        def work(c: Connection) -> None:
            _feeds.sync(c, feeds)
            _upkeep.set_fact(c, "subscriptions", mark)

        self._write(work)

    def synced(self) -> str:
        """The mark of the list that `sync_feeds` last brought in, "" for none."""
        return self._read(lambda c: _upkeep.get_fact(c, "subscriptions"))

    def feeds(self, subscribed_only: bool = True) -> list[FeedRecord]:
        """In the order of feeds.opml, the unsubscribed last."""
        return self._read(lambda c: _feeds.records(c, subscribed_only=subscribed_only))

    def feed(self, url: str) -> FeedRecord | None:
        return self._read(lambda c: _feeds.record(c, url))

    def revive(self, url: str) -> None:
        """Forgets that the feed was gone, failing or taken: it is due at once. Raises UsageError for an unknown one."""
        self._write(lambda c: _feeds.revive(c, url))

    def save_states(self, states: Sequence[FeedState]) -> None:
        """After polls that brought no entries: failures, 304s."""
        self._write(lambda c: _feeds.save_states(c, states))

    def host_pauses(self) -> dict[str, datetime]:
        return self._read(_feeds.host_pauses)

    def save_host_pauses(self, pauses: Mapping[str, datetime], now: datetime) -> None:
        """Adds or changes these, and drops those that are over."""
        self._write(lambda c: _feeds.save_host_pauses(c, pauses, now))

    # --- polls ------------------------------------------------------------------------------------

    def known(self, feed_id: int, limit: int = 10_000) -> dict[str, Known]:
        """The feed's newest `limit` entries by id, purged ones too. One beyond is still recognised when saved."""
        return self._read(lambda c: _entries.known(c, feed_id, limit))

    def entry_times(
        self, feed_ids: Collection[int] | None = None, limit: int = 50
    ) -> dict[int, list[datetime]]:
        """When the newest entries of these feeds (of all) came out, by feed id, newest first; nothing of empty ones."""
        return self._read(lambda c: _entries.newest_times(c, feed_ids, limit))

    def save_poll(
        self,
        state: FeedState,
        entries: Sequence[Entry],
        articles: Sequence[Article],
        now: datetime,
        *,
        at: Callable[[Entry], datetime],
    ) -> Saved:
        """One poll of one feed, whole or not at all: entries, articles, then the state with its validators.

        A new entry is first seen `now` and belongs where `at` says; both stay as they are for good. One whose
        content hash differs is updated and told; one with other counts or dates is updated and not told. What was
        purged stays away. The entries of a feed's first successful poll are its backlog.
        """
        return self._write(lambda c: _entries.save_poll(c, state, entries, articles, now, at))

    # --- articles ---------------------------------------------------------------------------------

    def articles(self, keys: Collection[str]) -> dict[str, Article]:
        """Under the keys asked for; an article is found by its aliases too."""
        return self._read(lambda c: _articles.by_keys(c, keys))

    def save_articles(self, articles: Sequence[Article], now: datetime) -> None:
        """An error never takes the place of a text; errors in a row are counted for `missing_articles`."""
        self._write(lambda c: _entries.save_articles(c, articles, now))

    def missing_articles(self, keys: Collection[str], now: datetime) -> set[str]:
        """Those of `keys` to fetch: without an article, or failed once (an hour ago) or twice (a day ago)."""
        return self._read(lambda c: _articles.missing(c, keys, now))

    def owed_articles(self, since: datetime, now: datetime, limit: int = 300) -> list[Candidate]:
        """Entries since then without a settled article, newest first: what a poll left out, what failed and is due."""
        return self._read(lambda c: _entries.owed_articles(c, since, now, limit))

    # --- entries ----------------------------------------------------------------------------------

    def candidates(
        self, period: Period, cut_at: datetime | None, previous_cut: datetime | None
    ) -> list[Candidate]:
        """What an issue chooses from, in order of time: no entry falls between two issues or comes in both.

        Entries of the period that were seen by `cut_at`; and earlier ones first seen after `previous_cut` (the cut
        of the issue before, None for the first), unless they are a new feed's backlog. Where an entry's own article
        has the text, the entry comes without its content.
        """
        return self._read(lambda c: _entries.of_period(c, period, cut_at, previous_cut))

    def entries(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        *,
        feed: str | None = None,
        limit: int | None = None,
    ) -> list[Candidate]:
        """Newest first, `since` <= at < `until`; `feed` is a subscription's address."""
        return self._read(lambda c: _entries.listed(c, since, until, feed, limit))

    def entry(self, entry_id: int) -> Candidate | None:
        return next(iter(self._read(lambda c: _entries.by_ids(c, [entry_id]))), None)

    def find(self, keys: Collection[str]) -> list[Candidate]:
        """Entries that are, or mention, one of `keys`: addresses or identities, under any alias; in order of time."""
        return self._read(lambda c: _entries.by_keys(c, keys))

    def search(
        self, words: str, since: datetime | None = None, limit: int = 20
    ) -> list[tuple[Candidate, str]]:
        """Entries whose words or article hold all of `words` (see text.search_query), best first, each with an excerpt.

        Of what `index` has seen.
        """
        from digest.store import search

        return self._read(lambda c: search.matching(c, words, since, limit))

    def unindexed(self) -> int:
        """How many entries came or changed since `index`."""
        return self._read(_unindexed.count)

    def index(self, limit: int = 500) -> int:
        """Makes up to `limit` entries that came or changed searchable, a moment's work; how many, 0 when none is left."""
        from digest.store import search

        def work(c: Connection) -> int:
            ids = _unindexed.take(c, limit)
            search.index(c, ids)
            return len(ids)

        return self._write(work)

    # --- issues -----------------------------------------------------------------------------------

    def save_issue(
        self, record: IssueRecord, decisions: Sequence[Decision], *, replace: bool = False
    ) -> None:
        """Freezes a draft and why it came out so. Raises UsageError when the week has one and `replace` is off."""
        self._write(lambda c: _issues.save(c, record, decisions, replace=replace), durable=True)

    def issue(self, week: str) -> IssueRecord | None:
        return self._read(lambda c: _issues.one(c, week))

    def has_issue(self, week: str | None = None) -> bool:
        """Whether that week is drafted; any week, without one."""
        return self._read(lambda c: _issues.exists(c, week))

    def issues(self) -> list[IssueRecord]:
        """Newest first."""
        return self._read(_issues.newest_first)

    def unsent(self) -> list[str]:
        """The weeks whose issue still waits for something, oldest first."""
        return self._read(_issues.unsent)

    def mark_built(self, week: str, at: datetime, draft: Draft | None = None) -> None:
        """`draft` is the issue as the curator left it: what `carried` then goes by."""
        self._write(lambda c: _issues.mark_built(c, week, at, draft), durable=True)

    def mark_sent(self, week: str, at: datetime) -> None:
        self._write(lambda c: _issues.mark_sent(c, week, at), durable=True)

    def decisions(self, keys: Collection[str] = (), entry_ids: Collection[int] = ()) -> list[Decision]:
        """Of all issues, oldest first: about these story keys or these entries."""
        return self._read(lambda c: _issues.decisions(c, keys, entry_ids))

    def decisions_of(self, week: str) -> list[Decision]:
        """All that one draft decided, in its order."""
        return self._read(lambda c: _issues.of_week(c, week))

    def carried(self, before: str) -> dict[str, str]:
        """Keys of stories and entries that issues before the week `before` carried, with the last such week."""
        return self._read(lambda c: _issues.carried_before(c, before))

    def carried_entries(self, since: str, before: str) -> list[tuple[Candidate, str]]:
        """The entries behind what issues of the weeks `since` <= week < `before` carried, with the last such week."""

        def work(c: Connection) -> list[tuple[Candidate, str]]:
            weeks = _issues.carried_entries(c, since, before)
            return [(one, weeks[one.entry_id]) for one in _entries.by_ids(c, sorted(weeks))]

        return self._read(work)

    # --- deliveries -------------------------------------------------------------------------------

    def claim(self, week: str, channel: str, address: str, message_id: str, now: datetime) -> bool:
        """Marks this copy as being sent, on the disk when this returns; False when it is not to be sent (again).

        Only a new copy, or one that failed temporarily, may be claimed: never one that is sent, on its way or in
        doubt, nor one refused for good.
        """
        return self._write(lambda c: _issues.claim(c, week, channel, address, message_id, now), durable=True)

    def record(self, delivery: Delivery) -> None:
        """What became of a copy that was claimed."""
        self._write(lambda c: _issues.record(c, delivery), durable=True)

    def deliveries(self, week: str) -> list[Delivery]:
        return self._read(lambda c: _issues.deliveries(c, week))

    def settle_interrupted(self, now: datetime) -> int:
        """Copies that a dead process left on their way become uncertain; how many. Only under the lock of sending."""
        return self._write(lambda c: _issues.settle_interrupted(c, now), durable=True)

    # --- upkeep -----------------------------------------------------------------------------------

    def secret(self) -> str:
        """A random key of this database's own, for what must be the same each time and nobody else can make."""
        return self._write(_upkeep.secret)

    def lock(self, name: str) -> AbstractContextManager[bool]:
        """A lock between processes on this database: True when it is ours, at once False when another holds it."""
        return self._explained(held(self._engine, name))

    def start_run(self, command: str, now: datetime) -> int:
        return self._write(lambda c: _upkeep.start_run(c, command, now))

    def end_run(self, run_id: int, ok: bool, summary: str, now: datetime) -> None:
        self._write(lambda c: _upkeep.end_run(c, run_id, ok, summary, now))

    def runs(self, limit: int = 10) -> list[Run]:
        """Newest first; one without an end is running or was killed."""
        return self._read(lambda c: _upkeep.runs(c, limit))

    def purge(self, before: datetime) -> int:
        """Drops the text of entries that came out and were seen before, and articles that nothing needs; how many."""
        return self._write(lambda c: _upkeep.purge(c, before))

    def counts(self) -> dict[str, int]:
        """For `status`: feeds, failing, gone, entries, articles, articles_failed, issues, sent, failed, uncertain."""
        return self._read(_upkeep.counts)

    # --- transactions -----------------------------------------------------------------------------

    def _read(self, work: Callable[[Connection], T]) -> T:
        with explained(self._engine.url), self._connected(READ_ONLY) as c, c.begin():
            return work(c)

    def _write(self, work: Callable[[Connection], T], *, durable: bool = False) -> T:
        """Runs `work` in one transaction; again when PostgreSQL undid it for the sake of another one."""
        with explained(self._engine.url):
            for _ in range(_ATTEMPTS - 1):
                try:
                    return self._once(work, durable)
                except DBAPIError as error:
                    if not may_be_repeated(error):
                        raise
            return self._once(work, durable)

    def _once(self, work: Callable[[Connection], T], durable: bool) -> T:
        with self._connected(*([DURABLE] if durable else [])) as c, c.begin():
            return work(c)

    @contextmanager
    def _connected(self, *options: str) -> Iterator[Connection]:
        with self._engine.connect() as connection:
            yield connection.execution_options(**dict.fromkeys(options, True))

    @contextmanager
    def _explained(self, inner: AbstractContextManager[T]) -> Iterator[T]:
        with explained(self._engine.url), inner as value:
            yield value
