"""What ran, how much there is, and how old text goes."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, exists, func, insert, or_, select, update

from digest.model import Run
from digest.store.engine import Upsert, chunks
from digest.store.rows import RUN, article, article_key, delivery, entry, fact, feed, issue, run


def start_run(c: Connection, command: str, now: datetime) -> int:
    row = {"command": command, "started_at": now, "ended_at": None, "ok": False, "summary": ""}
    key = c.execute(insert(run).values(row)).inserted_primary_key
    assert key is not None
    return int(key[0])


def end_run(c: Connection, number: int, ok: bool, summary: str, now: datetime) -> None:
    c.execute(update(run).where(run.c.id == number).values(ok=ok, summary=summary, ended_at=now))


def runs(c: Connection, limit: int) -> list[Run]:
    query = select(*(run.c[name] for name in sorted(RUN))).order_by(run.c.id.desc()).limit(limit)
    return [Run(**row._mapping) for row in c.execute(query)]


_ADD_FACT = Upsert(fact, on=["name"])
_SET_FACT = Upsert(fact, on=["name"], update=["value"])


def get_fact(c: Connection, name: str) -> str:
    return c.scalar(select(fact.c.value).where(fact.c.name == name)) or ""


def set_fact(c: Connection, name: str, value: str) -> None:
    _SET_FACT(c, [{"name": name, "value": value}])


def secret(c: Connection) -> str:
    """Made at the first call, the same ever after."""
    _ADD_FACT(c, [{"name": "secret", "value": secrets.token_hex(32)}])
    return get_fact(c, "secret")


def purge(c: Connection, before: datetime) -> int:
    """Empties entries of before, keeping their ids; then articles that nothing points at, and old runs."""
    from digest.store import search

    old = (entry.c.at < before) & (entry.c.first_seen < before) & entry.c.purged.is_(False)
    ids = c.scalars(select(entry.c.id).where(old)).all()
    empty: dict[str, Any] = {"summary": "", "content": "", "author": "", "data": "{}", "purged": True}
    for chunk in chunks(ids):
        c.execute(update(entry).where(entry.c.id.in_(chunk)).values(empty))
    search.remove(c, ids)
    _purge_articles(c, before)
    c.execute(delete(run).where(run.c.started_at < before))
    return len(ids)


def _purge_articles(c: Connection, before: datetime) -> None:
    points = (entry.c.subject == article_key.c.key) & entry.c.purged.is_(False)
    used = exists().where((article_key.c.article_id == article.c.id) & points)
    c.execute(delete(article).where(article.c.tried_at < before, ~used))


def counts(c: Connection) -> dict[str, int]:
    """How many of each are kept, and what needs a look: failing and gone feeds, articles without text, doubts."""
    subscribed = select(func.count()).select_from(feed).where(feed.c.subscribed)
    numbers = {
        "feeds": subscribed,
        "failing": subscribed.where(feed.c.failures > 0),
        "gone": subscribed.where(feed.c.gone_at.is_not(None)),
        "entries": select(func.count()).select_from(entry).where(entry.c.purged.is_(False)),
        "articles": select(func.count()).select_from(article),
        "articles_failed": select(func.count()).select_from(article).where(article.c.error != ""),
        "issues": select(func.count()).select_from(issue),
        "sent": _deliveries("sent"),
        "failed": _deliveries("failed"),
        "uncertain": _deliveries("uncertain", "sending"),
    }
    return {name: c.scalar(query) or 0 for name, query in numbers.items()}


def _deliveries(*statuses: str) -> Any:
    wanted: Sequence[Any] = [delivery.c.status == status for status in statuses]
    return select(func.count()).select_from(delivery).where(or_(*wanted))
