"""Locks between processes that end with their holder, however it dies: flock beside SQLite, advisory on PostgreSQL."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, text

from digest.errors import StoreError


@contextmanager
def held(engine: Engine, name: str, *, wait: bool = False) -> Iterator[bool]:
    """Whether the lock `name` of this database is ours until the end of the block. `wait` until it is."""
    if engine.dialect.name == "sqlite":
        with _file_lock(Path(engine.url.database or "").parent / f".digest-{name}.lock", wait) as ours:
            yield ours
    else:
        with _advisory_lock(engine, name, wait) as ours:
            yield ours


@contextmanager
def _file_lock(path: Path, wait: bool) -> Iterator[bool]:
    """The kernel lets go of a flock with the process, so that no stale lock is ever left; the file stays."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StoreError(str(path), f"the lock file cannot be opened: {error.strerror}") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(descriptor)


@contextmanager
def _advisory_lock(engine: Engine, name: str, wait: bool) -> Iterator[bool]:
    """On a connection of its own, outside any transaction: the server lets go of the lock with the connection."""
    number = int.from_bytes(hashlib.sha256(f"digest:{name}".encode()).digest()[:8], signed=True)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if wait:
            connection.execute(text("SELECT pg_advisory_lock(:n)"), {"n": number})
            ours = True
        else:
            ours = bool(connection.scalar(text("SELECT pg_try_advisory_lock(:n)"), {"n": number}))
        try:
            yield ours
        finally:
            if ours:
                connection.execute(text("SELECT pg_advisory_unlock(:n)"), {"n": number})
