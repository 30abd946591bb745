"""The tables, as SQLModel models. They stay inside the store; values of `model` travel outside.

What SQL searches, sorts or compares is a column; the rest of a value is one JSON text in `data` (codec.py).
A change here needs a migration beside it; a test compares the two on both databases.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    UniqueConstraint,
)
from sqlmodel import Field, SQLModel

from digest.model import Article, Decision, Delivery, Entry, FeedState, Run
from digest.store.codec import field_names
from digest.store.columns import Moment, SoundText

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
"""Constraint names, so that a later migration can name what it changes on both databases."""


class Row(SQLModel):
    metadata = MetaData(naming_convention=NAMES)


def _text(**options: Any) -> Any:
    return Field(sa_type=SoundText, **options)


def _moment(**options: Any) -> Any:
    return Field(sa_type=Moment, **options)


def _serial() -> Any:
    # SQLite counts up only in a column declared INTEGER; PostgreSQL's INTEGER would end at 2**31.
    number = BigInteger().with_variant(Integer, "sqlite")
    return Field(default=None, sa_column=Column("id", number, primary_key=True))


def _parent(column: str, *, part_of_key: bool = False, **options: Any) -> Any:
    number = BigInteger().with_variant(Integer, "sqlite")
    reference = ForeignKey(column, ondelete="CASCADE")
    name = column.replace(".", "_")
    return Field(
        sa_column=Column(name, number, reference, primary_key=part_of_key, nullable=False, **options)
    )


class FeedRow(Row, table=True):
    """A subscription (`subscription` is the Feed as feeds.opml last stated it) and what polls remember of it."""

    __tablename__ = "feed"

    id: int | None = _serial()
    ref: str = _text(unique=True)
    """`short` of the address: what makes a feed unique."""
    url: str = _text()
    position: int
    """In feeds.opml."""
    subscribed: bool
    address: str = _text()
    title: str = _text()
    etag: str = _text()
    last_modified: str = _text()
    polled_at: datetime | None = _moment()
    ok_at: datetime | None = _moment()
    changed_at: datetime | None = _moment()
    entry_at: datetime | None = _moment()
    failing_since: datetime | None = _moment()
    due_at: datetime | None = _moment()
    failures: int
    error: str = _text()
    gone_at: datetime | None = _moment()
    subscription: str = _text()
    data: str = _text()


class EntryRow(Row, table=True):
    """An entry. A purged one keeps its row without its text, so that it does not come back as new."""

    __tablename__ = "entry"
    __table_args__ = (
        UniqueConstraint("feed_id", "guid"),
        Index("ix_entry_feed_id_purged_at", "feed_id", "purged", "at"),
        Index("ix_entry_at", "at"),
        Index("ix_entry_first_seen", "first_seen"),
    )

    id: int | None = _serial()
    feed_id: int = _parent("feed.id")
    guid: str = _text()
    """`short` of Entry.id."""
    full_guid: str = _text()
    """Entry.id when it is longer than an index takes, else ""."""
    url: str = _text()
    key: str = _text(index=True)
    """Its own identity: canonical_url of its address, or feed and id without one."""
    subject: str = _text(index=True)
    """Identity of the article that it is about: the one it mentions, else its own."""
    title: str = _text()
    author: str = _text()
    published: datetime | None = _moment()
    updated: datetime | None = _moment()
    at: datetime = _moment()
    first_seen: datetime = _moment()
    backlog: bool
    """Came with the first successful poll of its feed."""
    purged: bool
    content_hash: str = _text()
    language: str = _text()
    data: str = _text()
    summary: str = _text()
    content: str = _text()


class ArticleRow(Row, table=True):
    """The text behind an address. `attempts` counts failures in a row, the last one at `tried_at`."""

    __tablename__ = "article"

    id: int | None = _serial()
    key: str = _text(unique=True)
    url: str = _text()
    title: str = _text()
    author: str = _text()
    site: str = _text()
    published: datetime | None = _moment()
    language: str = _text()
    origin: str = _text()
    error: str = _text()
    attempts: int
    fetched_at: datetime | None = _moment()
    tried_at: datetime = _moment()
    data: str = _text()
    summary: str = _text()
    fingerprint: bytes = Field(sa_type=LargeBinary)
    text: str = _text()


class ArticleKeyRow(Row, table=True):
    """Every key under which an article is found: its own, and its aliases that are not another article's own."""

    __tablename__ = "article_key"

    key: str = _text(primary_key=True)
    article_id: int = _parent("article.id", index=True)


class UnindexedRow(Row, table=True):
    """An entry that came or changed since the search index was last brought up to date."""

    __tablename__ = "unindexed"

    entry_id: int = _parent("entry.id", part_of_key=True)


class HostPauseRow(Row, table=True):
    """A host that asked to be left alone, and until when."""

    __tablename__ = "host_pause"

    host: str = _text(primary_key=True)
    until: datetime = _moment()


class FactRow(Row, table=True):
    """What the database remembers of itself, by name: the key of its readers' marks."""

    __tablename__ = "fact"

    name: str = _text(primary_key=True)
    value: str = _text()


class IssueRow(Row, table=True):
    __tablename__ = "issue"

    week: str = _text(primary_key=True)
    cut_at: datetime = _moment()
    built_at: datetime | None = _moment()
    sent_at: datetime | None = _moment()
    draft: str = _text()


class CarriedRow(Row, table=True):
    """A key that an issue carried: of an item's story, and of the entries that were folded into it."""

    __tablename__ = "carried"

    key: str = _text(primary_key=True)
    week: str = Field(
        sa_column=Column(
            "week", SoundText, ForeignKey("issue.week", ondelete="CASCADE"), primary_key=True, nullable=False
        )
    )


class DecisionRow(Row, table=True):
    __tablename__ = "decision"
    __table_args__ = (UniqueConstraint("week", "key"),)

    id: int | None = _serial()
    week: str = Field(
        sa_column=Column("week", SoundText, ForeignKey("issue.week", ondelete="CASCADE"), nullable=False)
    )
    key: str = _text(index=True)
    title: str = _text()
    score: float
    section: str = _text()
    verdict: str = _text()
    data: str = _text()


class DecisionEntryRow(Row, table=True):
    __tablename__ = "decision_entry"

    decision_id: int = _parent("decision.id", part_of_key=True)
    entry_id: int = _parent("entry.id", part_of_key=True, index=True)


class DeliveryRow(Row, table=True):
    __tablename__ = "delivery"

    week: str = _text(primary_key=True)
    channel: str = _text(primary_key=True)
    address: str = _text(primary_key=True)
    message_id: str = _text()
    status: str = _text()
    temporary: bool
    at: datetime = _moment()
    detail: str = _text()


class RunRow(Row, table=True):
    __tablename__ = "run"

    id: int | None = _serial()
    command: str = _text()
    started_at: datetime = _moment()
    ended_at: datetime | None = _moment()
    ok: bool
    summary: str = _text()


def _table(row: type[Row]) -> Table:
    return Row.metadata.tables[str(row.__tablename__)]


feed = _table(FeedRow)
entry = _table(EntryRow)
article = _table(ArticleRow)
article_key = _table(ArticleKeyRow)
unindexed = _table(UnindexedRow)
host_pause = _table(HostPauseRow)
fact = _table(FactRow)
issue = _table(IssueRow)
carried = _table(CarriedRow)
decision = _table(DecisionRow)
decision_entry = _table(DecisionEntryRow)
delivery = _table(DeliveryRow)
run = _table(RunRow)


def _shared(table: Table, kind: type[Any], *others: str) -> frozenset[str]:
    """Fields of `kind` that are columns of `table` as they are, but for `others`."""
    return field_names(kind) & frozenset(table.c.keys()) - frozenset(others)


STATE = _shared(feed, FeedState, "url")
ENTRY = _shared(entry, Entry, "id")
ARTICLE = _shared(article, Article)
DECISION = _shared(decision, Decision)
DELIVERY = _shared(delivery, Delivery)
RUN = _shared(run, Run)
