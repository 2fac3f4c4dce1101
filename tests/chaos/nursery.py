"""The nursery: a process that has everything imported and bears workers by fork, each a process of its own.

    python -m tests.chaos.nursery URL SMTP_URL FOLDER RUN LEASE_SECONDS

A line `go` on its input bears a worker and answers with its pid; the end of the input ends the nursery.
A worker drains the run as a flow's task would, again after every mishap, until nothing of it is open.
"""

import datetime as dt
import os
import signal
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path

import psycopg

from channels.email import Emails
from engine.actions.journal import journal
from engine.actions.pinned import pinned
from engine.actions.send import drain
from engine.contract import Desk
from engine.model.policy import Sender
from engine.model.written import RunId
from engine.problems import EngineError
from engine.store import ledger
from engine.store.database import connected
from tests.chaos.world import CAMPAIGN, SHA


def desk(folder: Path, smtp_url: str) -> Desk:
    sender = Sender(name="Armorial Officine", address="officine@armorial.example.org")
    return Desk(
        folder,
        "https://touchbase.example",
        b"the secret of a trial, 32 bytes!",
        smtp_url=smtp_url,
        senders={"officine": sender},
        default_sender="officine",
    )


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def work(url: str, emails: Emails, folder: Path, run: RunId) -> None:
    """Drain until nothing of the run is open."""
    while True:
        try:
            with connected(url, purpose="chaos worker") as connection, journal(folder) as kept:
                sent = drain(
                    connection,
                    run,
                    {"email": emails},
                    worker=kept.worker,
                    clock=now,
                    needs_permit=True,
                    pepper="pepper",
                    journal=kept,
                )
                row = connection.execute(
                    "SELECT count(*) FROM touch WHERE run_id = %s"
                    " AND state IN ('planned', 'ready', 'claimed', 'gated', 'parked')",
                    [run],
                ).fetchone()
            if row is not None and row[0] == 0:
                return
            if not sent.settled:
                time.sleep(0.1)
        except (EngineError, psycopg.Error):
            time.sleep(0.2)  # a database or relay that is gone for a moment


def main(url: str, smtp_url: str, folder: str, run: str, lease: str) -> None:
    journals = Path(folder)
    ledger.LEASE = dt.timedelta(seconds=float(lease))  # type: ignore[misc]  # minutes are seconds here
    emails = Emails(desk(journals.parent, smtp_url))
    with connected(url, purpose="chaos nursery") as connection:
        definition = pinned(connection, SHA, CAMPAIGN, {"email": emails})
        emails.prepare(definition.wave(RunId(int(run)), "announce", now()))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead are not waited for: no zombies
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            code = 0
            with suppress(BaseException):
                sys.stdin.close()
            try:
                work(url, emails, journals, RunId(int(run)))
            except BaseException:  # whatever a worker dies of, the trial shows it
                traceback.print_exc()
                code = 1
            os._exit(code)
        print(child, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
