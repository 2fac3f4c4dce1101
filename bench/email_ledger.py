"""A run drained for real, claim to settled, beside the same mails without a database; and beside `smtp-source`.

The first line says what the ledger costs, the second how near the whole is to the wire. Both sides write the
same mail to the same `smtp-sink`; each repetition drains a run of its own, built before the clock starts.
"""

import datetime as dt
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

from bench import mails
from bench.email_wire import MAILS, SESSIONS, reference_for, sink, without_ledger
from channels.email import Emails
from engine.actions.journal import journal
from engine.actions.send import drain
from engine.contract import Ending
from engine.model.written import RunId
from engine.store import embedded
from engine.store.database import Connection, bring_up_to_date, connected
from tests.chaos import world

PORT = 2527
MOST_REPEATS = 9


def files() -> dict[str, str]:
    """Return the definition: the trial's campaign with the shipped announcement."""
    shipped = {name: text for name, text in mails.wave().files.items() if name.startswith("templates/")}
    campaign = world.FILES["campaigns/dermapharm-direct-2026.yaml"].replace(
        "steps:", "cells:\n  discount: {share: 100%, offer: {code: DPD26-A, discount: 10%}}\nsteps:"
    )
    return {**world.FILES, **shipped, "campaigns/dermapharm-direct-2026.yaml": campaign}


@contextmanager
def runs(folder: Path) -> Iterator[tuple[Connection, Iterator[RunId]]]:
    """Give a connection to a server of our own (fsync on), and runs that are ready to be drained."""
    url = embedded.start(folder)
    with connected(url, purpose="bench") as connection:
        bring_up_to_date(connection)
        made = [
            world.build(url, MAILS, files=files(), slot=f"bench {number}", cell="discount")
            for number in range(MOST_REPEATS)
        ]
        connection.execute("VACUUM ANALYZE")
        yield connection, (RunId(run) for run in made)


@contextmanager
def _line(beside: str) -> Iterator[tuple[Callable[[], object], Callable[[], object]]]:
    folder = Path(tempfile.mkdtemp(prefix="touchbase-bench-"))
    folder.chmod(0o755)  # under root the server runs as an account of its own
    emails = Emails(replace(mails.desk(f"smtp://127.0.0.1:{PORT}?connections={SESSIONS}"), folder=folder))
    try:
        with sink(PORT), runs(folder) as (connection, ready):

            def ours() -> None:
                with journal(folder / "journals") as kept:
                    sent = drain(
                        connection,
                        next(ready),
                        {"email": emails},
                        worker=kept.worker,
                        clock=lambda: dt.datetime.now(dt.UTC),
                        needs_permit=False,
                        pepper="bench",
                        journal=kept,
                    )
                assert sent.endings == {("announce", Ending.ACCEPTED.value): MAILS}, sent

            yield ours, (without_ledger if beside == "itself" else reference_for)(emails, PORT)
    finally:
        emails.close()
        embedded.stop(folder)
        shutil.rmtree(folder, ignore_errors=True)


def ledger_line() -> AbstractContextManager[tuple[Callable[[], object], Callable[[], object]]]:
    return _line("itself")


def whole_line() -> AbstractContextManager[tuple[Callable[[], object], Callable[[], object]]]:
    return _line("smtp-source")
