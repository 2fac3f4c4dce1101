"""A real PostgreSQL for every test that asks for one: one server a session, one database a test."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from engine.store import database as store
from engine.store.database import Connection
from tests.databases import Databases

MEMORY = Path("/dev/shm")  #: a disk that is none, where there is one: 30 MB of data that nobody wants to keep


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The address of a server: TOUCHBASE_TEST_DATABASE_URL, or an embedded one that ends with the session."""
    given = os.environ.get("TOUCHBASE_TEST_DATABASE_URL")
    if given:
        yield given
        return
    from engine.store import embedded

    folder = Path(tempfile.mkdtemp(prefix="touchbase-test-", dir=MEMORY if _has_room(MEMORY) else None))
    folder.chmod(0o755)  # under root the server runs as an account of its own
    try:
        address = embedded.start(folder)
        with psycopg.connect(address, autocommit=True) as admin:
            for setting in ("fsync", "full_page_writes", "autovacuum"):
                # No test asks what a power cut leaves, and no database lives long enough to be swept.
                admin.execute(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(setting)))
            admin.execute("SELECT pg_reload_conf()")
        yield address
    finally:
        embedded.stop(folder)
        shutil.rmtree(folder, ignore_errors=True)


def _has_room(folder: Path) -> bool:
    try:
        return os.access(folder, os.W_OK) and shutil.disk_usage(folder).free > 4 * 2**30
    except OSError:
        return False


@pytest.fixture(scope="session")
def databases(server: str) -> Iterator[Databases]:
    kept = Databases(server)
    yield kept
    kept.close()


def _lent(databases: Databases) -> Iterator[str]:
    name = databases.take()
    try:
        yield databases.address(name)
    finally:
        databases.give_back(name)


@pytest.fixture
def database_url(databases: Databases) -> Iterator[str]:
    """A database of its own for one test."""
    yield from _lent(databases)


@pytest.fixture(scope="module")
def module_database_url(databases: Databases) -> Iterator[str]:
    """A database shared by the tests of one module."""
    yield from _lent(databases)


@pytest.fixture
def database(database_url: str) -> Iterator[Connection]:
    """A connection to a database of its own."""
    with store.connected(database_url, purpose="test") as connection:
        yield connection
