"""Which entries the search index does not know as they stand.

Polls only note it: to cut the words of all that comes took a fifth of their time, and little of it is ever searched
for. Apart from search.py, which brings what cutting needs and is imported when somebody searches.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, func, select, text

from digest.store.rows import unindexed

_NOTE = "INSERT INTO unindexed (entry_id) SELECT id FROM entry WHERE {} ON CONFLICT DO NOTHING"
_NOTE_ENTRY = text(_NOTE.format("feed_id = :feed AND guid = :guid"))
_NOTE_SUBJECT = text(_NOTE.format("subject = :subject AND NOT purged"))


def note_entries(c: Connection, feed_id: int, guids: Sequence[str]) -> None:
    """These entries of the feed came or changed."""
    if guids:
        c.execute(_NOTE_ENTRY, [{"feed": feed_id, "guid": guid} for guid in guids])


def note_articles(c: Connection, subjects: Sequence[str]) -> None:
    """The articles of these keys changed, and with them what is found of all entries about them."""
    if subjects:
        c.execute(_NOTE_SUBJECT, [{"subject": subject} for subject in subjects])


def count(c: Connection) -> int:
    return c.scalar(select(func.count()).select_from(unindexed)) or 0


def take(c: Connection, limit: int) -> list[int]:
    """The first `limit` of the noted entries, to be indexed in this transaction.

    The notes go before the words are read: a poll that changes one of these entries meanwhile then waits, and notes it
    again.
    """
    first = select(unindexed.c.entry_id).order_by(unindexed.c.entry_id).limit(limit)
    return list(
        c.scalars(delete(unindexed).where(unindexed.c.entry_id.in_(first)).returning(unindexed.c.entry_id))
    )
