"""Article text by key: one row an article, found by its own key and by its aliases."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Select, case, literal_column, or_, select

from digest.model import Article
from digest.store.codec import pack, unpack
from digest.store.columns import short
from digest.store.engine import Upsert, chunks
from digest.store.rows import ARTICLE, article, article_key

_RETRY_AFTER = (timedelta(hours=1), timedelta(days=1))
"""After the first failure and after the second; a page that failed three times is left alone."""

_FAILED = literal_column("excluded.error") != ""

_SAVE = Upsert(
    article,
    on=["key"],
    update=[*sorted(ARTICLE - {"key"}), "data", "tried_at"],
    also={"attempts": case((_FAILED, article.c.attempts + 1), else_=0)},
    where=~(_FAILED & (article.c.error == "")),
)
"""A failure never takes the place of a text."""

_SAVE_KEYS = Upsert(article_key, on=["key"], update=["article_id"])
_ADD_ALIASES = Upsert(article_key, on=["key"])


def by_keys(c: Connection, keys: Collection[str]) -> dict[str, Article]:
    """Articles under the keys that were asked, each found by its own key or an alias."""
    asked: dict[str, list[str]] = {}
    for key in keys:
        asked.setdefault(short(key), []).append(key)
    found = {}
    for chunk in chunks(list(asked)):
        query = (
            select(article, article_key.c.key.label("asked"))
            .join(article_key, article_key.c.article_id == article.c.id)
            .where(article_key.c.key.in_(chunk))
        )
        for row in c.execute(query):
            value = unpack(Article, row._mapping, ARTICLE)
            found.update(dict.fromkeys(asked[row.asked], value))
    return found


def save(c: Connection, articles: Sequence[Article], now: datetime) -> list[str]:
    """Upserts; a failure never replaces a text. Gives the keys under which something may have changed."""
    rows = {}
    for one in sorted(
        articles, key=lambda one: one.key
    ):  # one order for all: no deadlock between two workers
        key = short(one.key)
        failed = bool(one.error)
        rows[key] = pack(one, ARTICLE) | {"key": key, "tried_at": now, "attempts": int(failed)}
    _SAVE(c, list(rows.values()))
    ids = _ids(c, list(rows))
    own = [{"key": key, "article_id": ids[key]} for key in sorted(ids)]
    _SAVE_KEYS(c, own)
    aliases = {short(alias): ids[short(one.key)] for one in articles for alias in one.aliases if alias}
    others = [{"key": key, "article_id": aliases[key]} for key in sorted(aliases) if key not in ids]
    _ADD_ALIASES(c, others)
    return [*ids, *(str(row["key"]) for row in others)]


def _ids(c: Connection, keys: Sequence[str]) -> dict[str, int]:
    query = select(article.c.key, article.c.id)
    return {
        row.key: row.id for chunk in chunks(keys) for row in c.execute(query.where(article.c.key.in_(chunk)))
    }


def missing(c: Connection, keys: Collection[str], now: datetime) -> set[str]:
    """Those of `keys` whose page is worth asking for: never fetched, or failed and due for another attempt."""
    have = {
        row.key
        for chunk in chunks([short(key) for key in keys])
        for row in c.execute(_settled_keys(now).where(article_key.c.key.in_(chunk)))
    }
    return {key for key in keys if short(key) not in have}


def is_settled(key: ColumnElement[str], now: datetime) -> ColumnElement[bool]:
    """Whether the article of `key`, a column, needs no fetching now; the opposite of being `missing`."""
    return _settled_keys(now).where(article_key.c.key == key).exists()


def _settled_keys(now: datetime) -> Select[tuple[str]]:
    attempts = article.c.attempts
    waiting = [
        (attempts == number) & (article.c.tried_at > now - pause)
        for number, pause in enumerate(_RETRY_AFTER, start=1)
    ]
    settled = or_(article.c.error == "", attempts > len(_RETRY_AFTER), *waiting)
    return select(article_key.c.key).join(article, article.c.id == article_key.c.article_id).where(settled)
