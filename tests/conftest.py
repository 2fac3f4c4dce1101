"""A real PostgreSQL for every test that asks for one: one server a session, one clone a test."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from engine.store import database as store
from engine.store.database import Connection

_numbers = count(1)


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The address of a server: TOUCHBASE_TEST_DATABASE_URL, or an embedded one that ends with the session."""
    given = os.environ.get("TOUCHBASE_TEST_DATABASE_URL")
    if given:
        yield given
        return
    from engine.store import embedded

    folder = Path(tempfile.mkdtemp(prefix="touchbase-test-"))
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


@pytest.fixture(scope="session")
def template(server: str) -> str:
    """The name of a database with the schema, to be cloned."""
    name = f"tb_template_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    with store.connected(_address(server, name)) as connection:
        store.bring_up_to_date(connection)
    return name


def _address(server: str, name: str) -> str:
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    return make_conninfo(**{**conninfo_to_dict(server), "dbname": name})


def _clone(server: str, template: str) -> Iterator[str]:
    name = f"tb_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(
            # As files: a quarter of the time that a copy through the log takes.
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        yield _address(server, name)
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def database_url(server: str, template: str) -> Iterator[str]:
    """A database of its own for one test."""
    yield from _clone(server, template)


@pytest.fixture(scope="module")
def module_database_url(server: str, template: str) -> Iterator[str]:
    """A database shared by the tests of one module."""
    yield from _clone(server, template)


@pytest.fixture
def database(database_url: str) -> Iterator[Connection]:
    """A connection to a database of its own."""
    with store.connected(database_url, purpose="test") as connection:
        yield connection
