"""Migrations build what the models say, on both databases, and run only when they have to."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text
from store_values import BLOG, NOW, an_entry
from store_values import poll as poll_of

from digest.errors import NewerDatabase, StoreError
from digest.model import Article, Entry, FeedState
from digest.store import open_store, rows
from digest.store.codec import field_names
from digest.store.engine import database_url
from digest.store.schema import HEAD, MIGRATIONS, VERSION_TABLE


def _at_first(database: str, folder: Path) -> None:
    """A database as the first version left it."""
    engine = create_engine(database_url(database, folder))
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    engine.dispose()


@pytest.mark.parametrize("is_old", [False, True])
def test_a_new_database_and_an_old_one_brought_up_to_date_are_what_the_models_say(
    new_database: str, tmp_path: Path, is_old: bool
) -> None:
    if is_old:
        _at_first(new_database, tmp_path)
    with open_store(new_database, tmp_path) as store:
        poll_of(store, an_entry(1, title="模型"))
        store.index()
        assert len(store.search("模型")) == 1
    engine = create_engine(database_url(new_database, tmp_path))

    def ours(name: str | None, kind: str, _parents: Any) -> bool:
        return kind != "table" or not str(name).startswith("entry_search")

    options = {"version_table": VERSION_TABLE, "include_name": ours, "compare_type": True}
    with engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection, opts=options), rows.Row.metadata)
    engine.dispose()
    assert found == []


def test_a_new_database_has_all_that_migrations_build(tmp_path: Path) -> None:
    made = {}
    for name in ("new.db", "old.db"):
        database = f"sqlite:///{name}"
        if name == "old.db":
            _at_first(database, tmp_path)
        open_store(database, tmp_path).close()
        engine = create_engine(database_url(database, tmp_path))
        with engine.connect() as connection:
            made[name] = {
                (row.type, row.name): sorted(re.findall(r"[^\s,()]+", row.sql or ""))
                for row in connection.execute(text("SELECT type, name, sql FROM sqlite_master"))
            }
        engine.dispose()
    assert made["new.db"] == made["old.db"]


def test_head_is_the_last_migration() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_heads() == [HEAD]


def test_a_database_of_a_newer_digest_is_refused_untouched(new_database: str, tmp_path: Path) -> None:
    with open_store(new_database, tmp_path) as store:
        store.sync_feeds([BLOG], NOW)
    _set_version(new_database, tmp_path, "0999")
    with pytest.raises(
        NewerDatabase, match=r"written by a newer digest \(its schema is 0999.*install"
    ) as caught:
        open_store(new_database, tmp_path)
    assert isinstance(caught.value, StoreError)
    _set_version(new_database, tmp_path, HEAD)
    with open_store(new_database, tmp_path) as store:
        assert [one.feed for one in store.feeds()] == [BLOG]


def _set_version(database: str, folder: Path, version: str) -> None:
    engine = create_engine(database_url(database, folder))
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = :v"), {"v": version})
    engine.dispose()


def test_two_that_open_a_new_database_at_once_make_it_once(new_database: str, tmp_path: Path) -> None:
    program = (
        "import sys, pathlib, digest.store as s; s.open_store(sys.argv[1], pathlib.Path(sys.argv[2])).close()"
    )
    command = [sys.executable, "-W", "error", "-c", program, new_database, str(tmp_path)]
    opened = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    assert [(one.communicate()[1], one.returncode) for one in opened] == [("", 0)] * 2


def test_a_current_database_is_opened_without_alembic(tmp_path: Path) -> None:
    open_store("sqlite:///digest.db", tmp_path).close()
    program = (
        "import sys, pathlib, digest.store as s; s.open_store('sqlite:///digest.db', pathlib.Path(sys.argv[1]));"
        "print([name for name in ('alembic', 'aiohttp', 'lxml', 'psycopg', 'trafilatura') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("kind", "columns", "named_otherwise"),
    [
        (FeedState, rows.STATE, {"feed_id", "url"}),
        (Entry, rows.ENTRY, {"id"}),
        (Article, rows.ARTICLE, set()),
    ],
)
def test_a_field_that_is_a_column_is_of_the_same_name(
    kind: type[Any], columns: frozenset[str], named_otherwise: set[str]
) -> None:
    assert columns | named_otherwise <= field_names(kind)
    assert not columns & named_otherwise
