"""Subscriptions, what polls remember of them, and hosts that asked for a pause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, select, update

from digest.errors import StoreError, UsageError
from digest.model import Feed, FeedRecord, FeedState
from digest.schedule import revived
from digest.store.codec import dump, load, pack, unpack
from digest.store.columns import short
from digest.store.engine import AnyRow, Upsert, chunks
from digest.store.rows import STATE, entry, feed, host_pause
from digest.unicode import sound

_ELSEWHERE = frozenset({"feed_id", "url"})
"""Fields of FeedState that the row holds under its own names."""


_SYNC = Upsert(feed, on=["ref"], update=["position", "subscribed", "subscription"])


def sync(c: Connection, feeds: Sequence[Feed]) -> None:
    _follow_moves(c, feeds)
    rows: dict[str, dict[str, Any]] = {}
    for position, one in enumerate(feeds):
        rows.setdefault(short(one.url), _new_row(one, position))
    _SYNC(c, list(rows.values()))
    kept = c.execute(select(feed.c.id, feed.c.ref).where(feed.c.subscribed)).all()
    for chunk in chunks([row.id for row in kept if row.ref not in rows]):
        c.execute(update(feed).where(feed.c.id.in_(chunk)).values(subscribed=False))


def _follow_moves(c: Connection, feeds: Sequence[Feed]) -> None:
    """A feed that moved for good and is now listed under its new address keeps its entries and state."""
    listed = {short(one.url): one.url for one in feeds}
    held = c.execute(select(feed.c.id, feed.c.ref, feed.c.address)).all()
    taken = {row.ref for row in held}
    for row in held:
        new = short(row.address)
        if row.ref not in listed and new in listed and new not in taken:
            c.execute(update(feed).where(feed.c.id == row.id).values(ref=new, url=listed[new]))
            taken.add(new)


def _new_row(one: Feed, position: int) -> dict[str, Any]:
    url = sound(one.url)
    state = pack(FeedState(feed_id=0, url=url, address=url), STATE, leave=_ELSEWHERE)
    return state | {
        "ref": short(url),
        "url": url,
        "position": position,
        "subscribed": True,
        "subscription": dump(one),
    }


def records(c: Connection, *, subscribed_only: bool) -> list[FeedRecord]:
    query = select(feed).order_by(feed.c.subscribed.desc(), feed.c.position, feed.c.id)
    if subscribed_only:
        query = query.where(feed.c.subscribed)
    kept = select(entry.c.feed_id, func.count()).where(entry.c.purged.is_(False)).group_by(entry.c.feed_id)
    counts = {row[0]: row[1] for row in c.execute(kept)}
    return [_record(row, counts.get(row.id, 0)) for row in c.execute(query)]


def record(c: Connection, url: str) -> FeedRecord | None:
    row = c.execute(select(feed).where(feed.c.ref == short(url))).first()
    if row is None:
        return None
    kept = select(func.count()).select_from(entry).where(entry.c.feed_id == row.id, entry.c.purged.is_(False))
    return _record(row, c.scalar(kept) or 0)


def _record(row: AnyRow, entries: int) -> FeedRecord:
    state = unpack(FeedState, row._mapping, STATE, feed_id=row.id, url=row.url)
    return FeedRecord(
        feed=replace(load(Feed, row.subscription), url=row.url),
        state=state,
        entries=entries,
        subscribed=row.subscribed,
    )


_SAVE_STATE = (
    update(feed)
    .where(feed.c.id == bindparam("of_feed"))
    .values({name: bindparam(name) for name in (*STATE, "data")})
)
"""Made once: a poll saves the state of every feed."""


def save_state(c: Connection, state: FeedState) -> None:
    changed = c.execute(_SAVE_STATE, pack(state, STATE, leave=_ELSEWHERE) | {"of_feed": state.feed_id})
    if not changed.rowcount:
        raise StoreError(state.url, f"no feed {state.feed_id} in this database: sync_feeds comes first")


def save_states(c: Connection, states: Sequence[FeedState]) -> None:
    for state in states:
        save_state(c, state)


def revive(c: Connection, url: str) -> None:
    held = record(c, url)
    if held is None:
        raise UsageError(url, "is not subscribed; `digest feeds list` shows the addresses")
    save_state(c, revived(held.state))


# --- hosts ----------------------------------------------------------------------------------------


_SAVE_PAUSES = Upsert(host_pause, on=["host"], update=["until"])


def host_pauses(c: Connection) -> dict[str, datetime]:
    return {row.host: row.until for row in c.execute(select(host_pause))}


def save_host_pauses(c: Connection, pauses: Mapping[str, datetime], now: datetime) -> None:
    c.execute(delete(host_pause).where(host_pause.c.until <= now))
    rows = [{"host": host, "until": until} for host, until in sorted(pauses.items()) if until > now]
    _SAVE_PAUSES(c, rows)
