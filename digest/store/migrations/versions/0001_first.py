"""The first schema.

Revision 0001. Written out in full: a migration never changes with the models.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def moment(name: str, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False)


def upgrade() -> None:
    op.create_table(
        "article",
        number("id"),
        text("key"),
        text("url"),
        text("title"),
        text("author"),
        text("site"),
        moment("published", nullable=True),
        text("language"),
        text("origin"),
        text("error"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        moment("fetched_at", nullable=True),
        moment("tried_at"),
        text("data"),
        text("summary"),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        text("text"),
        sa.PrimaryKeyConstraint("id", name="pk_article"),
        sa.UniqueConstraint("key", name="uq_article_key"),
    )
    op.create_table(
        "delivery",
        text("week"),
        text("channel"),
        text("address"),
        text("message_id"),
        text("status"),
        sa.Column("temporary", sa.Boolean(), nullable=False),
        moment("at"),
        text("detail"),
        sa.PrimaryKeyConstraint("week", "channel", "address", name="pk_delivery"),
    )
    op.create_table(
        "feed",
        number("id"),
        text("ref"),
        text("url"),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("subscribed", sa.Boolean(), nullable=False),
        text("address"),
        text("title"),
        text("etag"),
        text("last_modified"),
        moment("polled_at", nullable=True),
        moment("ok_at", nullable=True),
        moment("changed_at", nullable=True),
        moment("entry_at", nullable=True),
        moment("failing_since", nullable=True),
        moment("due_at", nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        text("error"),
        moment("gone_at", nullable=True),
        text("subscription"),
        text("data"),
        sa.PrimaryKeyConstraint("id", name="pk_feed"),
        sa.UniqueConstraint("ref", name="uq_feed_ref"),
    )
    op.create_table(
        "host_pause", text("host"), moment("until"), sa.PrimaryKeyConstraint("host", name="pk_host_pause")
    )
    op.create_table("fact", text("name"), text("value"), sa.PrimaryKeyConstraint("name", name="pk_fact"))
    op.create_table(
        "issue",
        text("week"),
        moment("cut_at"),
        moment("built_at", nullable=True),
        moment("sent_at", nullable=True),
        text("draft"),
        sa.PrimaryKeyConstraint("week", name="pk_issue"),
    )
    op.create_table(
        "run",
        number("id"),
        text("command"),
        moment("started_at"),
        moment("ended_at", nullable=True),
        sa.Column("ok", sa.Boolean(), nullable=False),
        text("summary"),
        sa.PrimaryKeyConstraint("id", name="pk_run"),
    )
    op.create_table(
        "article_key",
        text("key"),
        number("article_id"),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name="fk_article_key_article_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name="pk_article_key"),
    )
    op.create_index("ix_article_key_article_id", "article_key", ["article_id"], unique=False)
    op.create_table(
        "carried",
        text("key"),
        text("week"),
        sa.ForeignKeyConstraint(["week"], ["issue.week"], name="fk_carried_week", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("key", "week", name="pk_carried"),
    )
    op.create_table(
        "decision",
        number("id"),
        text("week"),
        text("key"),
        text("title"),
        sa.Column("score", sa.Float(), nullable=False),
        text("section"),
        text("verdict"),
        text("data"),
        sa.ForeignKeyConstraint(["week"], ["issue.week"], name="fk_decision_week", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_decision"),
        sa.UniqueConstraint("week", "key", name="uq_decision_week_key"),
    )
    op.create_index("ix_decision_key", "decision", ["key"], unique=False)
    op.create_table(
        "entry",
        number("id"),
        number("feed_id"),
        text("guid"),
        text("full_guid"),
        text("url"),
        text("key"),
        text("subject"),
        text("title"),
        text("author"),
        moment("published", nullable=True),
        moment("updated", nullable=True),
        moment("at"),
        moment("first_seen"),
        sa.Column("backlog", sa.Boolean(), nullable=False),
        sa.Column("purged", sa.Boolean(), nullable=False),
        text("content_hash"),
        text("language"),
        text("data"),
        text("summary"),
        text("content"),
        sa.ForeignKeyConstraint(["feed_id"], ["feed.id"], name="fk_entry_feed_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_entry"),
        sa.UniqueConstraint("feed_id", "guid", name="uq_entry_feed_id_guid"),
    )
    op.create_index("ix_entry_at", "entry", ["at"], unique=False)
    op.create_index("ix_entry_feed_id_purged_at", "entry", ["feed_id", "purged", "at"], unique=False)
    op.create_index("ix_entry_first_seen", "entry", ["first_seen"], unique=False)
    op.create_index("ix_entry_key", "entry", ["key"], unique=False)
    op.create_index("ix_entry_subject", "entry", ["subject"], unique=False)
    op.create_table(
        "decision_entry",
        number("decision_id"),
        number("entry_id"),
        sa.ForeignKeyConstraint(
            ["decision_id"], ["decision.id"], name="fk_decision_entry_decision_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["entry.id"], name="fk_decision_entry_entry_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("decision_id", "entry_id", name="pk_decision_entry"),
    )
    op.create_index("ix_decision_entry_entry_id", "decision_entry", ["entry_id"], unique=False)
    # Full-text search is no table that both databases have, and none that the models know: see search.py.
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE entry_search USING fts5(title, body, tokenize = 'unicode61 remove_diacritics 0')"
        )
    else:
        op.execute(
            "CREATE TABLE entry_search ("
            " entry_id BIGINT NOT NULL CONSTRAINT pk_entry_search PRIMARY KEY"
            " CONSTRAINT fk_entry_search_entry_id REFERENCES entry (id) ON DELETE CASCADE,"
            " document TSVECTOR NOT NULL)"
        )
        op.execute("CREATE INDEX ix_entry_search_document ON entry_search USING gin (document)")
