"""The one way to PostgreSQL: connections that are whole or refused, and the schema kept current."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, LiteralString, TypeAlias

import psycopg
from psycopg.rows import TupleRow

from engine.problems import DatabaseUnavailable, Say

if TYPE_CHECKING:
    from psycopg_pool import ConnectionPool

Connection: TypeAlias = psycopg.Connection[TupleRow]

OLDEST: Final = 150000  #: PostgreSQL 15


@contextmanager
def connected(url: str, *, purpose: str = "engine") -> Iterator[Connection]:
    """Give a connection in autocommit; use `connection.transaction()` for what belongs together.

    Raises:
        DatabaseUnavailable: the server cannot be reached, is too old, or went away.
    """
    try:
        connection = psycopg.connect(
            url,
            autocommit=True,
            application_name=f"touchbase {purpose}",
            connect_timeout=10,
            # Room for a hash of a million customers: with PostgreSQL's 4 MB, every set goes through files.
            options="-c timezone=UTC -c jit=off -c work_mem=64MB",
        )
    except psycopg.OperationalError as error:
        raise unreachable(error) from None
    with connection:
        if connection.info.server_version < OLDEST:
            raise DatabaseUnavailable(
                Say(
                    f"PostgreSQL {connection.info.server_version // 10000} is too old. Nothing was changed.",
                    f"PostgreSQL {connection.info.server_version // 10000} est trop ancien. Rien n'a été modifié.",
                ),
                Say("Use PostgreSQL 15 to 18.", "Utilisez PostgreSQL 15 à 18."),
            )
        try:
            yield connection
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            raise unreachable(error) from error


@contextmanager
def beside(connection: Connection) -> Iterator[Connection]:
    """Give another connection to the same database, as the same role: for work that two cores can share."""
    from psycopg.conninfo import make_conninfo

    url = make_conninfo(connection.info.dsn, password=connection.info.password or None)
    with connected(url, purpose="second hand") as other:
        yield other


def pool(url: str, *, purpose: str, largest: int = 8) -> "ConnectionPool[Connection]":
    """Return a pool of such connections for a door that answers many; it connects when first asked.

    The caller opens it and closes it. Asking it raises `psycopg_pool.PoolTimeout` where `connected`
    raises `DatabaseUnavailable`.
    """
    from psycopg_pool import ConnectionPool

    return ConnectionPool(
        url,
        min_size=1,
        max_size=largest,
        open=False,
        timeout=10,
        check=ConnectionPool.check_connection,
        kwargs={
            "autocommit": True,
            "application_name": f"touchbase {purpose}",
            "connect_timeout": 10,
            "options": "-c timezone=UTC -c jit=off",
        },
    )


def unreachable(error: psycopg.Error) -> DatabaseUnavailable:
    """Return what to tell people of a database that does not answer; never its address with password."""
    reason = (error.diag.message_primary or str(error).strip().splitlines()[-1] or "?")[:200]
    if isinstance(error, psycopg.errors.DiskFull):
        return DatabaseUnavailable(
            Say(
                "The database's disk is full. What was not committed is not done; nothing is half done.",
                "Le disque de la base est plein. Ce qui n'était pas validé n'est pas fait ; rien n'est à moitié fait.",
            ),
            Say("Free some space and run the command again.", "Libérez de la place et relancez la commande."),
        )
    return DatabaseUnavailable(
        Say(
            f"The database does not answer: {reason}. What was committed is kept; the rest was undone.",
            f"La base de données ne répond pas : {reason}. Ce qui était validé est gardé ; le reste est annulé.",
        ),
        Say(
            "Check that it runs and that TOUCHBASE_DATABASE_URL is right, then run the command again.",
            "Vérifiez qu'elle tourne et que TOUCHBASE_DATABASE_URL est juste, puis relancez la commande.",
        ),
    )


def run(
    connection: Connection, text: LiteralString, parameters: dict[str, Any] | None = None
) -> psycopg.Cursor[TupleRow]:
    """Execute a statement of ours with bound parameters."""
    return connection.execute(text, parameters or {})


def bring_up_to_date(connection: Connection) -> list[str]:
    """Apply the migrations that this database lacks; return their names.

    Two engines that start at once take turns; the second finds nothing left to do.
    """
    folder = files("engine.store") / "migrations"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    applied: list[str] = []
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('touchbase migrations'))")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS migration (name text PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())"
        )
        done = {str(row[0]) for row in connection.execute("SELECT name FROM migration")}
        for name in names:
            if name in done:
                continue
            connection.execute((folder / name).read_bytes())
            connection.execute("INSERT INTO migration (name) VALUES (%s)", [name])
            applied.append(name)
    return applied
