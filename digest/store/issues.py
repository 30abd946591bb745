"""Frozen issues, why they came out so, and which reader has which copy."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from digest.errors import UsageError
from digest.model import Decision, Delivery, Draft, IssueRecord
from digest.store.codec import dump, load, pack, unpack
from digest.store.columns import short
from digest.store.engine import AnyRow, Upsert, chunks, insert_into
from digest.store.rows import DECISION, DELIVERY, carried, decision, decision_entry, delivery, entry, issue

_ENTRY_IDS = frozenset({"entry_ids"})
_COPY = ("week", "channel", "address")

_SAVE = Upsert(issue, on=["week"], update=["cut_at", "built_at", "sent_at", "draft"])
_ADD_DECISIONS = Upsert(decision, on=["week", "key"])
_ADD_MEMBERS = Upsert(decision_entry, on=["decision_id", "entry_id"])
_ADD_CARRIED = Upsert(carried, on=["key", "week"])
_RECORD = Upsert(delivery, on=_COPY, update=sorted(DELIVERY - set(_COPY)))

_INTERRUPTED = "the program ended while this copy was on its way; it may have arrived"


# --- issues ---------------------------------------------------------------------------------------


def save(c: Connection, record: IssueRecord, decisions: Sequence[Decision], *, replace: bool) -> None:
    week = record.week
    if not replace and exists(c, week):
        raise UsageError(week, "is drafted already, and a draft is not made again unless that is asked for")
    row = {
        "week": week,
        "cut_at": record.cut_at,
        "built_at": record.built_at,
        "sent_at": record.sent_at,
        "draft": dump(record.draft, whole=True),
    }
    _SAVE(c, [row])
    c.execute(delete(decision).where(decision.c.week == week))
    _save_decisions(c, week, decisions)
    _remember(c, record.draft)


def _save_decisions(c: Connection, week: str, decisions: Sequence[Decision]) -> None:
    by_key = {short(one.key): one for one in decisions}
    leave = _ENTRY_IDS | {"week"}
    rows = [pack(one, DECISION, leave=leave) | {"week": week, "key": key} for key, one in by_key.items()]
    _ADD_DECISIONS(c, rows)
    ids = {row.key: row.id for row in c.execute(select(decision).where(decision.c.week == week))}
    members = [
        {"decision_id": ids[key], "entry_id": number}
        for key, one in by_key.items()
        for number in one.entry_ids
    ]
    _ADD_MEMBERS(c, members)


def _remember(c: Connection, draft: Draft) -> None:
    """Writes down every key under which what this issue carries may come again: its stories' and their entries'."""
    week = draft.issue.week
    c.execute(delete(carried).where(carried.c.week == week))
    keys = {short(item.key) for item in draft.issue.items}
    members = (
        select(entry.c.key, entry.c.subject)
        .join(decision_entry, decision_entry.c.entry_id == entry.c.id)
        .join(decision, decision.c.id == decision_entry.c.decision_id)
        .where(decision.c.week == week)
    )
    folded = {
        key
        for chunk in chunks(sorted(keys))
        for row in c.execute(members.where(decision.c.key.in_(chunk)))
        for key in row
    }
    _ADD_CARRIED(c, [{"key": key, "week": week} for key in sorted(keys | folded)])


def one(c: Connection, week: str) -> IssueRecord | None:
    row = c.execute(select(issue).where(issue.c.week == week)).first()
    return None if row is None else _record(row)


def exists(c: Connection, week: str | None) -> bool:
    query = select(issue.c.week).limit(1)
    return c.execute(query if week is None else query.where(issue.c.week == week)).first() is not None


def newest_first(c: Connection) -> list[IssueRecord]:
    return [_record(row) for row in c.execute(select(issue).order_by(issue.c.week.desc()))]


def unsent(c: Connection) -> list[str]:
    return list(c.scalars(select(issue.c.week).where(issue.c.sent_at.is_(None)).order_by(issue.c.week)))


def _record(row: AnyRow) -> IssueRecord:
    return IssueRecord(load(Draft, row.draft), row.cut_at, row.built_at, row.sent_at)


def mark_built(c: Connection, week: str, at: datetime, draft: Draft | None) -> None:
    values: dict[str, Any] = {"built_at": at}
    if draft is not None:
        values["draft"] = dump(draft, whole=True)
        _remember(c, draft)
    _change(c, week, values)


def mark_sent(c: Connection, week: str, at: datetime) -> None:
    _change(c, week, {"sent_at": at})


def _change(c: Connection, week: str, values: dict[str, Any]) -> None:
    if not c.execute(update(issue).where(issue.c.week == week).values(values)).rowcount:
        raise UsageError(week, f"has no issue yet: `digest draft {week}` makes one")


def carried_before(c: Connection, week: str) -> dict[str, str]:
    query = (
        select(carried.c.key, func.max(carried.c.week)).where(carried.c.week < week).group_by(carried.c.key)
    )
    return {row[0]: row[1] for row in c.execute(query)}


def carried_entries(c: Connection, since: str, before: str) -> dict[int, str]:
    """Ids of the entries behind what issues of these weeks carried, each with the last such week."""
    query = (
        select(decision_entry.c.entry_id, func.max(decision.c.week))
        .join(decision, decision.c.id == decision_entry.c.decision_id)
        .join(carried, (carried.c.key == decision.c.key) & (carried.c.week == decision.c.week))
        .where(decision.c.week >= since, decision.c.week < before)
        .group_by(decision_entry.c.entry_id)
    )
    return {row[0]: row[1] for row in c.execute(query)}


def decisions(c: Connection, keys: Collection[str], entry_ids: Collection[int]) -> list[Decision]:
    ids: set[int] = set()
    for chunk in chunks(sorted({short(key) for key in keys})):
        ids.update(c.scalars(select(decision.c.id).where(decision.c.key.in_(chunk))))
    for numbers in chunks(sorted(entry_ids)):
        found = select(decision_entry.c.decision_id).where(decision_entry.c.entry_id.in_(numbers))
        ids.update(c.scalars(found))
    return [one for chunk in chunks(sorted(ids)) for one in _decisions(c, chunk)]


def of_week(c: Connection, week: str) -> list[Decision]:
    ids = c.scalars(select(decision.c.id).where(decision.c.week == week).order_by(decision.c.id)).all()
    return [one for chunk in chunks(ids) for one in _decisions(c, chunk)]


def _decisions(c: Connection, ids: Sequence[int]) -> list[Decision]:
    members: dict[int, list[int]] = {}
    of_these = select(decision_entry).where(decision_entry.c.decision_id.in_(ids))
    for number, entry_id in c.execute(of_these.order_by(decision_entry.c.entry_id)):
        members.setdefault(number, []).append(entry_id)
    rows = c.execute(select(decision).where(decision.c.id.in_(ids)).order_by(decision.c.week, decision.c.id))
    return [
        unpack(Decision, row._mapping, DECISION, entry_ids=tuple(members.get(row.id, ()))) for row in rows
    ]


# --- deliveries -----------------------------------------------------------------------------------


def claim(c: Connection, week: str, channel: str, address: str, message_id: str, now: datetime) -> bool:
    """One statement, so that of two senders one gets it: a new row, or one that failed for the moment only."""
    values = {"message_id": message_id, "status": "sending", "temporary": False, "at": now, "detail": ""}
    key = {"week": week, "channel": channel, "address": address}
    again = (delivery.c.status == "failed") & delivery.c.temporary
    statement = (
        insert_into(c, delivery)
        .values(**key, **values)
        .on_conflict_do_update(index_elements=list(key), set_=values, where=again)
        .returning(delivery.c.status)
    )
    return c.execute(statement).first() is not None


def record(c: Connection, done: Delivery) -> None:
    row = {name: getattr(done, name) for name in DELIVERY}
    _RECORD(c, [row])


def deliveries(c: Connection, week: str) -> list[Delivery]:
    query = select(delivery).where(delivery.c.week == week).order_by(delivery.c.channel, delivery.c.address)
    return [Delivery(**row._mapping) for row in c.execute(query)]


def settle_interrupted(c: Connection, now: datetime) -> int:
    left = update(delivery).where(delivery.c.status == "sending")
    return c.execute(left.values(status="uncertain", at=now, detail=_INTERRUPTED)).rowcount
