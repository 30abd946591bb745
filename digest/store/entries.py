"""Entries: saved once under (feed, id) whatever a feed repeats, and read as candidates with feed and article."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, func, or_, select

from digest.errors import StoreError
from digest.model import Article, Candidate, Entry, Feed, FeedState, Known, Period, Saved
from digest.store import articles as article_rows
from digest.store import feeds as feed_rows
from digest.store import unindexed
from digest.store.codec import load, pack, unpack
from digest.store.columns import short
from digest.store.engine import AnyRow, Upsert, chunks
from digest.store.rows import ENTRY, article_key, entry, feed
from digest.unicode import sound
from digest.urls import canonical_url

_ELSEWHERE = frozenset({"id"})
_SAVE = Upsert(entry, on=["feed_id", "guid"], update=[*sorted(ENTRY), "data", "key", "subject"])
"""What a later poll may change: never `at` and `first_seen`, which decide the week, nor `backlog`."""

_AT_ONCE = 500
"""Candidates read at a time: their articles are one query."""


# --- saving ---------------------------------------------------------------------------------------


def save_poll(
    c: Connection,
    state: FeedState,
    entries: Sequence[Entry],
    articles: Sequence[Article],
    now: datetime,
    at: Callable[[Entry], datetime],
) -> Saved:
    """Entries, then articles, then the state with the validators that would hide them; see Store.save_poll."""
    held = c.execute(
        select(feed.c.url, feed.c.ok_at).where(feed.c.id == state.feed_id).with_for_update()
    ).first()
    if held is None:
        raise StoreError(state.url, f"no feed {state.feed_id} in this database: sync_feeds comes first")
    by_guid = {short(one.id): one for one in entries}  # of two with one id the last stands
    before = {} if held.ok_at is None else _stored(c, state.feed_id, list(by_guid))
    rows, new, updated = [], [], []
    for guid, one in by_guid.items():
        stored = before.get(guid)
        if stored is not None and stored.purged:
            continue
        row = _content(one, guid, held.url)
        if stored is None:
            new.append(one.id)
        elif stored.content_hash != one.content_hash:
            updated.append(one.id)
        elif not _differs(stored, row):
            continue
        first = {"feed_id": state.feed_id, "at": at(one), "first_seen": now, "backlog": held.ok_at is None}
        rows.append(row | first | {"purged": False})
    _SAVE(c, rows)
    unindexed.note_entries(c, state.feed_id, [row["guid"] for row in rows])
    save_articles(c, articles, now)
    feed_rows.save_state(c, replace(state, entry_at=now) if new else state)
    return Saved(tuple(new), tuple(updated))


def save_articles(c: Connection, articles: Sequence[Article], now: datetime) -> None:
    unindexed.note_articles(c, article_rows.save(c, articles, now))


def _stored(c: Connection, feed_id: int, guids: Sequence[str]) -> dict[str, AnyRow]:
    columns = (
        entry.c.guid,
        entry.c.content_hash,
        entry.c.purged,
        entry.c.data,
        entry.c.published,
        entry.c.updated,
    )
    query = select(*columns).where(entry.c.feed_id == feed_id)
    found = (row for chunk in chunks(guids) for row in c.execute(query.where(entry.c.guid.in_(chunk))))
    return {row.guid: row for row in found}


def _content(one: Entry, guid: str, feed_url: str) -> dict[str, Any]:
    """What an entry says, as columns. One whose link is the article that it points at has no address of its own."""
    link = canonical_url(one.url) if one.url else ""
    subject = canonical_url(one.via_url) if one.via_url else link
    key = link if link and (link != subject or not one.via_url) else f"entry:{feed_url} {one.id}"
    subject = subject or key
    return pack(one, ENTRY, leave=_ELSEWHERE) | {
        "guid": guid,
        "full_guid": "" if guid == sound(one.id) else one.id,
        "key": short(key),
        "subject": short(subject),
    }


def _differs(stored: AnyRow, row: Mapping[str, Any]) -> bool:
    """Something beside the content changed: counts of a post, a paper's categories, dates."""
    return any(getattr(stored, name) != row[name] for name in ("data", "published", "updated"))


# --- what a poll asks -----------------------------------------------------------------------------


def known(c: Connection, feed_id: int, limit: int) -> dict[str, Known]:
    e = entry.c
    query = (
        select(e.guid, e.full_guid, e.content_hash, e.url, e.key, e.subject, e.title)
        .where(e.feed_id == feed_id)
        .order_by(e.id.desc())
        .limit(limit)
    )
    found = {}
    for row in c.execute(query):
        full = row.full_guid or row.guid
        link = row.subject if row.key.startswith("entry:") else row.key
        found[full] = Known(full, row.content_hash, link if row.url else "", row.title)
    return found


_NEWEST = (
    select(entry.c.at)
    .where(entry.c.feed_id == bindparam("feed_id"), entry.c.purged.is_(False))
    .order_by(entry.c.at.desc())
    .limit(bindparam("limit"))
)
"""Made once: every feed of every poll asks it, and to put it together costs more than to run it."""


def newest_times(c: Connection, feed_ids: Collection[int] | None, limit: int) -> dict[int, list[datetime]]:
    """The newest `limit` moments of each feed's entries, newest first.

    Of named feeds one by one, which reads `limit` rows of an index each; only of all together does it pay to look
    through all entries.
    """
    if feed_ids is None:
        return _all_newest_times(c, limit)
    found = {one: list(c.scalars(_NEWEST, {"feed_id": one, "limit": limit})) for one in feed_ids}
    return {one: times for one, times in found.items() if times}


def _all_newest_times(c: Connection, limit: int) -> dict[int, list[datetime]]:
    place = func.row_number().over(partition_by=entry.c.feed_id, order_by=entry.c.at.desc())
    ranked = select(entry.c.feed_id, entry.c.at, place.label("place")).where(entry.c.purged.is_(False))
    newest = ranked.subquery()
    query = select(newest.c.feed_id, newest.c.at).where(newest.c.place <= limit).order_by(newest.c.at.desc())
    found: dict[int, list[datetime]] = {}
    for row in c.execute(query):
        found.setdefault(row.feed_id, []).append(row.at)
    return found


# --- candidates -----------------------------------------------------------------------------------


def of_period(
    c: Connection, period: Period, cut_at: datetime | None, previous_cut: datetime | None
) -> list[Candidate]:
    """Entries of the period, and late ones that the issue before this one could not know; see Store.candidates."""
    e = entry.c
    takes = and_(e.at >= period.start, e.at < period.end)
    if previous_cut is not None:
        takes = or_(takes, and_(e.at < period.start, e.backlog.is_(False), e.first_seen > previous_cut))
    query = _kept().where(takes).order_by(e.at, e.id)
    if cut_at is not None:
        query = query.where(e.first_seen <= cut_at)
    return [_lean(one) for one in _candidates(c, query)]


def _lean(one: Candidate) -> Candidate:
    """Without the markup of an entry whose own article has the text: a big week's would fill the memory."""
    has_text = one.article is not None and one.article.text and not one.target and one.entry.post is None
    return replace(one, entry=replace(one.entry, content="")) if has_text else one


def listed(
    c: Connection, since: datetime | None, until: datetime | None, feed_url: str | None, limit: int | None
) -> list[Candidate]:
    query = _kept().order_by(entry.c.at.desc(), entry.c.id.desc())
    if since is not None:
        query = query.where(entry.c.at >= since)
    if until is not None:
        query = query.where(entry.c.at < until)
    if feed_url is not None:
        query = query.where(feed.c.ref == short(feed_url))
    return list(_candidates(c, query if limit is None else query.limit(limit)))


def owed_articles(c: Connection, since: datetime, now: datetime, limit: int) -> list[Candidate]:
    """Entries since then whose article was never fetched, or failed and is due again; see Store.owed_articles."""
    owed = (
        _kept()
        .where(entry.c.at >= since, entry.c.subject != "", entry.c.subject.not_like("telegram:%"))
        .where(~article_rows.is_settled(entry.c.subject, now))
        .order_by(entry.c.at.desc(), entry.c.id.desc())
        .limit(limit)
    )
    return list(_candidates(c, owed))


def by_ids(c: Connection, ids: Sequence[int]) -> list[Candidate]:
    """In the order of `ids`."""
    found = {
        one.entry_id: one
        for chunk in chunks(ids)
        for one in _candidates(c, _kept().where(entry.c.id.in_(chunk)))
    }
    return [found[number] for number in ids if number in found]


def by_keys(c: Connection, keys: Collection[str]) -> list[Candidate]:
    """Entries that are, or are about, one of `keys` (identities or addresses), under any of its aliases."""
    asked = {short(form) for key in keys for form in (key, canonical_url(key))}
    same = sorted(asked | _aliases(c, asked))
    found = {
        one.entry_id: one
        for chunk in chunks(same)
        for one in _candidates(c, _kept().where(or_(entry.c.key.in_(chunk), entry.c.subject.in_(chunk))))
    }
    return sorted(found.values(), key=lambda one: (one.at, one.entry_id))


def _aliases(c: Connection, keys: Collection[str]) -> set[str]:
    ids = [
        row.article_id
        for chunk in chunks(sorted(keys))
        for row in c.execute(select(article_key.c.article_id).where(article_key.c.key.in_(chunk)))
    ]
    return {
        row.key
        for chunk in chunks(ids)
        for row in c.execute(select(article_key.c.key).where(article_key.c.article_id.in_(chunk)))
    }


def _kept() -> Select[Any]:
    columns = [column for column in entry.c if column.name not in {"purged", "backlog"}]
    of_feed = (feed.c.url.label("feed_url"), feed.c.title.label("feed_title"), feed.c.subscription)
    return (
        select(*columns, *of_feed).join(feed, feed.c.id == entry.c.feed_id).where(entry.c.purged.is_(False))
    )


def _candidates(c: Connection, query: Select[Any]) -> Iterator[Candidate]:
    feeds: dict[int, Feed] = {}
    rows = c.execute(query, execution_options={"yield_per": _AT_ONCE})
    for part in rows.partitions():
        texts = article_rows.by_keys(c, {row.subject for row in part})
        yield from (_candidate(row, feeds, texts) for row in part)


def _candidate(row: AnyRow, feeds: dict[int, Feed], texts: Mapping[str, Article]) -> Candidate:
    if row.feed_id not in feeds:
        feeds[row.feed_id] = replace(load(Feed, row.subscription), url=row.feed_url)
    of_feed = feeds[row.feed_id]
    return Candidate(
        entry_id=row.id,
        feed=of_feed,
        feed_title=of_feed.title or row.feed_title or row.feed_url,
        entry=unpack(Entry, row._mapping, ENTRY, id=row.full_guid or row.guid),
        at=row.at,
        first_seen=row.first_seen,
        key=row.key,
        target="" if row.subject == row.key else row.subject,
        article=texts.get(row.subject),
    )
