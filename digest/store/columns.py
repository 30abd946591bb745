"""Column types that behave the same on SQLite and PostgreSQL, and the one rule for text that a database can hold."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, Text, TypeDecorator

from digest.unicode import sound

_MAX_INDEXED = 1000
"""Bytes. A PostgreSQL index takes 2,704 at most, and feeds have guids of 5,000."""


class Moment(TypeDecorator[datetime]):
    """An aware datetime, kept and given back in UTC. A naive one is refused: it would be some other moment."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r}: every time in digest is aware")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class SoundText(TypeDecorator[str]):
    """Text of any length that both databases take, whatever a feed put into it."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else sound(value)

    def coerce_compared_value(self, op: Any, value: Any) -> Any:
        return self


def short(text: str) -> str:
    """A form of `text` that fits into an index: itself, or its beginning and a digest of all of it."""
    text = sound(text)
    if len(text) * 4 <= _MAX_INDEXED or len(text.encode()) <= _MAX_INDEXED:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()
    return text.encode()[: _MAX_INDEXED - len(digest) - 3].decode(errors="ignore") + "…" + digest
