"""The schema's version: read with plain SQL at each start; alembic (360 ms to import) only when it differs."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from digest.errors import NewerDatabase, StoreError
from digest.store.engine import READ_ONLY, shown
from digest.store.locks import held

HEAD = "0001"
"""The last file in migrations/versions. Revisions are numbers in order, so that a newer one is seen as such."""

VERSION_TABLE = "digest_version"
"""Not alembic's default name: on a shared server that table may be somebody else's."""

MIGRATIONS = Path(__file__).parent / "migrations"


def bring_up_to_date(engine: Engine) -> None:
    """Leaves the database at HEAD. Raises NewerDatabase, and StoreError for a file that holds something else."""
    if _is_current(engine):
        return
    with held(engine, "schema", wait=True):
        if not _is_current(engine):  # another process may have been first
            _upgrade(engine)


def _is_current(engine: Engine) -> bool:
    with engine.connect().execution_options(**{READ_ONLY: True}) as connection:
        found = _version(connection, engine)
    if found == HEAD:
        return True
    if found and not (found.isdigit() and int(found) < int(HEAD)):
        raise NewerDatabase(
            shown(engine.url),
            f"was written by a newer digest (its schema is {found}, this one knows {HEAD}); "
            "install that version, or point digest.database at another file",
        )
    return False


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


def _upgrade(engine: Engine) -> None:
    from alembic import command
    from alembic.config import Config

    if engine.dialect.name == "sqlite":
        _turn_on_wal(engine)
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
