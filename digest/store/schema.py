"""The schema's version: read with plain SQL at each start; alembic (360 ms to import) only when it differs."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from digest.errors import NewerDatabase, StoreError
from digest.store.engine import READ_ONLY, shown
from digest.store.locks import held
from digest.store.rows import Row

HEAD = "0002"
"""The last file in migrations/versions. Revisions are numbers in order, so that a newer one is seen as such."""

VERSION_TABLE = "digest_version"
"""Not alembic's default name: on a shared server that table may be somebody else's."""

MIGRATIONS = Path(__file__).parent / "migrations"


def bring_up_to_date(engine: Engine) -> None:
    """Leaves the database at HEAD. Raises NewerDatabase, and StoreError for a file that holds something else."""
    if _found(engine) == HEAD:
        return
    with held(engine, "schema", wait=True):
        found = _found(engine)  # another process may have been first
        if found == HEAD:
            return
        if engine.dialect.name == "sqlite":
            _turn_on_wal(engine)
        if found:
            _upgrade(engine)
        else:
            _create(engine)


def _found(engine: Engine) -> str:
    """The revision of the database, "" for an empty one. Raises NewerDatabase."""
    with engine.connect().execution_options(**{READ_ONLY: True}) as connection:
        found = _version(connection, engine)
    if found and found != HEAD and not (found.isdigit() and int(found) < int(HEAD)):
        raise NewerDatabase(
            shown(engine.url),
            f"was written by a newer digest (its schema is {found}, this one knows {HEAD}); "
            "install that version, or point digest.database at another file",
        )
    return found


def _version(connection: Connection, engine: Engine) -> str:
    """The revision found, "" for an empty database."""
    tables = set(inspect(connection).get_table_names())
    if VERSION_TABLE in tables:
        return connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}")) or ""  # noqa: S608
    if engine.dialect.name == "sqlite" and tables:
        raise StoreError(
            shown(engine.url),
            f"is a SQLite database of another program (it holds {', '.join(sorted(tables)[:3])}); "
            "set digest.database to another file",
        )
    return ""


_SEARCH_TABLES = {
    "sqlite": (
        "CREATE VIRTUAL TABLE entry_search USING fts5(title, body, tokenize = 'unicode61 remove_diacritics 0')",
    ),
    "postgresql": (
        "CREATE TABLE entry_search ("
        " entry_id BIGINT NOT NULL CONSTRAINT pk_entry_search PRIMARY KEY"
        " CONSTRAINT fk_entry_search_entry_id REFERENCES entry (id) ON DELETE CASCADE,"
        " document TSVECTOR NOT NULL)",
        "CREATE INDEX ix_entry_search_document ON entry_search USING gin (document)",
    ),
}
"""Full-text search is no table that both databases have, and none that the models know: see search.py."""


def _create(engine: Engine) -> None:
    """A new database, straight from the models: what all migrations together build, without importing alembic."""
    with engine.begin() as connection:
        Row.metadata.create_all(connection)
        for statement in _SEARCH_TABLES[engine.dialect.name]:
            connection.execute(text(statement))
        version = "version_num VARCHAR(32) NOT NULL"
        key = f"CONSTRAINT {VERSION_TABLE}_pkc PRIMARY KEY (version_num)"
        connection.execute(text(f"CREATE TABLE {VERSION_TABLE} ({version}, {key})"))
        connection.execute(text(f"INSERT INTO {VERSION_TABLE} VALUES (:head)"), {"head": HEAD})  # noqa: S608


def _upgrade(engine: Engine) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _turn_on_wal(engine: Engine) -> None:
    """Readers then never wait for a writer. The mode is kept in the file, so that once is enough."""
    raw = engine.raw_connection()
    try:
        raw.cursor().execute("PRAGMA journal_mode = WAL")
    finally:
        raw.close()
