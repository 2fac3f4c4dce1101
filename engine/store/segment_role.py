"""The role that segments in SQL are run as: what it may not do, and a session that it logs in to itself.

A session of the engine's own that only put on the role could take it off again (`SET ROLE`). So the role logs
in: by trust, as to the embedded PostgreSQL; with a password that this process made up; or by the address that
TOUCHBASE_SEGMENTS_DATABASE_URL gives. Where none of these goes, no segment in SQL is run.
"""

import secrets
import time
from collections.abc import Mapping
from typing import Final

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from engine.loading.sql_columns import COLUMNS
from engine.problems import EngineError, Say
from engine.store.database import Connection, run
from engine.store.statements import statement

ROLE: Final = "touchbase_segment"
_PASSWORD: Final = secrets.token_urlsafe(
    32
)  #: of this process; another that sets its own is no matter: it is set again
PATIENCE: float = 20.0  #: seconds to wait for one of the few sessions that the role may have
_addresses: list[str] = []  #: of TOUCHBASE_SEGMENTS_DATABASE_URL; `open_app` says it, once


class SqlSegmentFailed(EngineError):
    """A segment in SQL gave no answer; nothing that needs it goes on."""

    exit_code = 11


def log_in_at(address: str | None) -> None:
    """Let the role log in at an address of its own from now on; `None`: at the engine's, without its password."""
    _addresses[:] = [] if address is None else [address]


def log_in(connection: Connection, settings: Mapping[str, str]) -> Connection:
    """Return a session of the role itself, to the database of `connection` (in autocommit), with these settings.

    Raises:
        SqlSegmentFailed: the role may do too much here, or cannot log in.
    """
    close(connection)
    more = {
        "application_name": "touchbase segment",
        "options": " ".join(f"-c {name}={value}" for name, value in settings.items()),
        "connect_timeout": "10",
    }
    until, chances = time.monotonic() + PATIENCE, 2  # it may have had room again before that was asked
    while True:
        try:
            if _addresses:
                session = psycopg.connect(make_conninfo(_addresses[0], **more))
            else:
                session = _at_the_engine_s(connection, {**more, "user": ROLE})
            break
        except psycopg.Error as error:
            chances -= not _is_full(connection)
            if time.monotonic() > until or not chances:
                raise _no_session(" ".join(str(error).split()).rstrip(".?")[:300]) from None
        time.sleep(0.2)
    row = session.execute("SELECT session_user::text, current_database()::text").fetchone()
    session.rollback()
    if row != (ROLE, connection.info.dbname):
        session.close()
        raise _no_session(f"the address leads to {row}")
    return session


def _is_full(connection: Connection) -> bool:
    """Return whether the role has all the sessions that it may have: of this server, whoever asked for them."""
    row = connection.execute(
        "SELECT count(s.pid) >= rolconnlimit FROM pg_roles LEFT JOIN pg_stat_activity s ON usename = rolname"
        " WHERE rolname = %s GROUP BY rolconnlimit",
        [ROLE],
    ).fetchone()
    return row == (True,)


def _at_the_engine_s(connection: Connection, more: dict[str, str]) -> Connection:
    address = connection.info.dsn  # without a password
    try:
        return psycopg.connect(make_conninfo(address, **more))
    except psycopg.OperationalError:
        if _is_full(connection):
            raise
    # One process at a time: another's password between ours and our login would lock us out. The verifier, not
    # the password, is what the server's log may hold.
    verifier = connection.pgconn.encrypt_password(_PASSWORD.encode(), ROLE.encode(), b"scram-sha-256")
    connection.execute("SELECT pg_advisory_lock(hashtext('touchbase segments'))")
    try:
        connection.execute(
            sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(ROLE), sql.Literal(verifier.decode()))
        )
        return psycopg.connect(make_conninfo(address, **more, password=_PASSWORD))
    finally:
        connection.execute("SELECT pg_advisory_unlock(hashtext('touchbase segments'))")


def _no_session(reason: str) -> SqlSegmentFailed:
    return SqlSegmentFailed(
        Say(f"The role of SQL segments cannot log in: {reason}.", f"Le rôle des segments SQL ne peut se connecter : {reason}."),
        Say(f"Nothing was run in its place. Let {ROLE} log in, or give its address by TOUCHBASE_SEGMENTS_DATABASE_URL; or write the segment in YAML.",
            f"Rien n'a été exécuté à sa place. Laissez {ROLE} se connecter, ou donnez son adresse par TOUCHBASE_SEGMENTS_DATABASE_URL ; ou écrivez le segment en YAML."),
    )  # fmt: skip


def gaps(connection: Connection) -> list[str]:
    """Return what the role could do that it must not, and what holds it that is missing; nothing where its bounds hold."""
    return [str(row[0]) for row in run(connection, statement("sandbox", "gaps"), {"views": list(COLUMNS)})]


def close(connection: Connection) -> None:
    """Take from the role what it must not have, and give it its limits.

    Raises:
        SqlSegmentFailed: the engine may not take it, or there is no such role; no segment in SQL runs then.
    """
    left: list[str] = []
    try:
        left = gaps(connection)
        if not left:
            return
        with connection.transaction():
            connection.execute(statement("sandbox", "close"))
        left = gaps(connection)
    except psycopg.errors.UndefinedObject:
        left = [f"there is no role {ROLE}"]
    except psycopg.errors.InsufficientPrivilege as error:
        left = [*left, error.diag.message_primary or "insufficient privilege"]
    except psycopg.errors.InternalError_:  # another process changed the role at the same instant
        left = gaps(connection)
    if left:
        raise SqlSegmentFailed(
            Say(f"This database cannot hold the role of SQL segments: {', '.join(left[:5])}.",
                f"Cette base ne peut contenir le rôle des segments SQL : {', '.join(left[:5])}."),
            Say("Let its owner run the statement 'close' of engine/store/sql/sandbox.sql once, or write the segment in YAML.",
                "Faites exécuter une fois l'instruction « close » de engine/store/sql/sandbox.sql par son propriétaire, ou écrivez le segment en YAML."),
        )  # fmt: skip
