"""Connections: how each database is opened, how a transaction begins, and what its failures mean to a user."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import Connection, Engine, Row, Table, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, InterfaceError, NoSuchModuleError

from digest.errors import StoreError

T = TypeVar("T")
AnyRow: TypeAlias = Row[*tuple[Any, ...]]

_BUSY_S = 30
"""How long a writer waits for another one; a transaction of ours takes milliseconds."""
_CONNECT_S = 10
_IN_LIST = 500
"""Values of one IN (…): old SQLite builds take 999 in a statement."""

DURABLE = "digest_durable"
READ_ONLY = "digest_read_only"


def database_url(text: str, base: Path) -> URL:
    """The address of `digest.database` with a relative SQLite file under `base`. Raises StoreError."""
    try:
        url = make_url(text)
    except ArgumentError:
        raise StoreError(
            "digest.database",
            'not a database address; write "sqlite:///digest.db" or "postgresql+psycopg://…"',
        ) from None  # the cause would show the address with its password
    backend = url.get_backend_name()
    if backend == "sqlite":
        if not url.database or url.database == ":memory:":
            raise StoreError(shown(url), "names no file; write sqlite:///digest.db")
        return url.set(drivername="sqlite", database=str(base / url.database))
    if backend == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    raise StoreError(shown(url), "digest keeps its data in SQLite or PostgreSQL")


def shown(url: URL) -> str:
    """The address as it may be shown: a SQLite file's path, a server's address without its password."""
    if url.get_backend_name() == "sqlite":
        return url.database or "sqlite"
    return url.set(query={}).render_as_string(hide_password=True)


def open_engine(url: URL) -> Engine:
    """An engine whose transactions are IMMEDIATE unless READ_ONLY, and whose errors never print a row."""
    sqlite = url.get_backend_name() == "sqlite"
    connect: dict[str, Any] = {"timeout": _BUSY_S} if sqlite else {"connect_timeout": _CONNECT_S}
    try:
        engine = create_engine(url, connect_args=connect, hide_parameters=True, pool_pre_ping=not sqlite)
    except ModuleNotFoundError as error:
        raise StoreError(shown(url), "PostgreSQL needs psycopg: pip install 'digest[server]'") from error
    except (NoSuchModuleError, ArgumentError) as error:
        raise StoreError(shown(url), "not an address that a database driver takes") from error
    if sqlite:
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver's own BEGIN is deferred and comes too late
    connection.execute("PRAGMA foreign_keys = ON")


def _begin_sqlite(connection: Connection) -> None:
    """BEGIN IMMEDIATE for writers.

    Of 800 deferred read-then-write transactions by four processes 588 failed with BUSY in spite of a timeout of
    ten seconds, since a snapshot cannot be upgraded; of 800 immediate ones none.
    """
    options = connection.get_execution_options()
    if options.get(READ_ONLY):
        connection.exec_driver_sql("BEGIN")
        return
    # In WAL mode NORMAL may lose the last commits in a power cut, but never half of one: a poll is repeated then.
    # What must not be repeated (an issue, a delivery) is on the disk when its commit returns.
    level = "FULL" if options.get(DURABLE) else "NORMAL"
    connection.exec_driver_sql(f"PRAGMA synchronous = {level}")
    connection.exec_driver_sql("BEGIN IMMEDIATE")


# --- failures -------------------------------------------------------------------------------------

_RETRIED = ("40001", "40P01")
"""PostgreSQL: serialization_failure and deadlock_detected; the transaction was undone and may be run again."""

_MEANINGS = (
    (
        "file is not a database",
        "is not a SQLite database; move it away or set digest.database to another file",
    ),
    ("malformed", "is damaged; restore it from a copy, or try `sqlite3 FILE .recover`"),
    ("unable to open", "cannot be opened: does its folder exist, and may you write there?"),
    ("readonly", "may not be written: check the permissions of the file and its folder"),
    ("locked", f"another process has been writing for {_BUSY_S} s; try again when it is done"),
    ("disk is full", "the disk is full"),
    ("disk i/o error", "the disk answers with errors"),
)


@contextmanager
def explained(url: URL) -> Iterator[None]:
    """Turns the driver's failures that a user can mend into StoreError; programming errors pass as they are."""
    try:
        yield
    except (DatabaseError, InterfaceError) as error:
        if not _is_operational(error):
            raise
        raise StoreError(shown(url), _meaning(error, url)) from error


def _is_operational(error: DBAPIError) -> bool:
    if isinstance(error.orig, sqlite3.DatabaseError):
        return not isinstance(error.orig, (sqlite3.IntegrityError, sqlite3.ProgrammingError))
    # PostgreSQL's classes 08 connection, 28 authorization, 3D no such database, 42501 no privilege,
    # 53 resources, 57 shut down, 58 system; without a state the server was not reached at all.
    state = getattr(error.orig, "sqlstate", None)
    name = type(error.orig).__name__
    if state is None:
        return name in {"OperationalError", "InterfaceError", "ConnectionTimeout"}
    return (
        state in _RETRIED or state == "42501" or state[:2] in {"08", "25", "28", "3D", "53", "55", "57", "58"}
    )


def _meaning(error: DBAPIError, url: URL) -> str:
    words = " ".join(str(error.orig).split())
    if url.get_backend_name() == "sqlite":
        known = (meaning for part, meaning in _MEANINGS if part in words.lower())
        return next(known, f"SQLite says: {words}")
    if url.password:
        words = words.replace(str(url.password), "***")
    return f"the server cannot be used: {words}"


def may_be_repeated(error: DBAPIError) -> bool:
    return getattr(error.orig, "sqlstate", None) in _RETRIED


# --- statements -----------------------------------------------------------------------------------


def insert_into(connection: Connection, table: Table) -> Any:
    """The dialect's own INSERT: both know ON CONFLICT under the same names, in different types."""
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects.sqlite import insert as sqlite_insert

        return sqlite_insert(table)
    from sqlalchemy.dialects.postgresql import insert as postgresql_insert

    return postgresql_insert(table)


class Upsert:
    """INSERT … ON CONFLICT (`on`) DO UPDATE of the columns `update`, or DO NOTHING without any.

    `also` sets columns to expressions; a row that `where` does not hold for stays as it is. Made once for each kind
    of row: to put the statement together takes longer than to run it.
    """

    def __init__(
        self,
        table: Table,
        *,
        on: Sequence[str],
        update: Sequence[str] = (),
        also: Mapping[str, Any] | None = None,
        where: Any = None,
    ) -> None:
        self._table, self._on, self._update = table, list(on), update
        self._also, self._where = dict(also or {}), where
        self._statements: dict[str, Any] = {}

    def __call__(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        if not rows:
            return
        dialect = connection.dialect.name
        if dialect not in self._statements:
            self._statements[dialect] = self._statement(insert_into(connection, self._table))
        connection.execute(self._statements[dialect], list(rows))

    def _statement(self, statement: Any) -> Any:
        if not self._update:
            return statement.on_conflict_do_nothing(index_elements=self._on)
        news = {name: statement.excluded[name] for name in self._update} | self._also
        return statement.on_conflict_do_update(index_elements=self._on, set_=news, where=self._where)


def chunks(values: Sequence[T], size: int = _IN_LIST) -> Iterator[list[T]]:
    """`values` in lists that fit into one IN (…)."""
    rest = iter(values)
    while chunk := list(islice(rest, size)):
        yield chunk
