"""Composing and delivering to `smtp-sink`, beside Postfix's own `smtp-source` with one fixed mail of that size.

Both come with Debian's package postfix. The ledger is not in this line; see `email_ledger` and `email_whole`.
"""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bench import mails
from channels.email import GROUP, Emails
from engine.contract import Ending, Parcel

MAILS = 10_000
SESSIONS = 8
PORT = 2526


class Lacking(Exception):
    """What this machine would have to have for a line."""


def tool(name: str) -> str:
    """Return where one of Postfix's tools is.

    Raises:
        Lacking: it is not installed.
    """
    found = shutil.which(name, path="/usr/sbin:/usr/bin:/usr/local/sbin")
    if found is None:
        raise Lacking(f"{name} is missing; it comes with Debian's package postfix: apt-get install postfix")
    return found


@contextmanager
def sink(port: int, *options: str) -> Iterator[None]:
    """Let a `smtp-sink` listen on a port of this machine; it waits as long for a client as a test may idle."""
    process = subprocess.Popen(
        [tool("smtp-sink"), "-u", "nobody", "-t", "1000", *options, f"127.0.0.1:{port}", "256"]
    )
    try:
        time.sleep(0.5)  # until it listens
        yield
    finally:
        process.kill()
        process.wait()


def without_ledger(emails: Emails, port: int) -> Callable[[], object]:
    """Return the act of composing and delivering all mails, without a database."""
    compose = emails.prepare(mails.wave())

    def act() -> None:
        for start in range(1, MAILS + 1, GROUP):
            made = (compose(mails.addressee(one)) for one in range(start, min(start + GROUP, MAILS + 1)))
            receipts = list(emails.post(parcel for parcel in made if isinstance(parcel, Parcel)))
            assert all(receipt.ending is Ending.ACCEPTED for receipt in receipts)

    return act


def reference_for(emails: Emails, port: int) -> Callable[[], object]:
    """Return `smtp-source` with as many mails of the same size."""
    first = emails.prepare(mails.wave())(mails.addressee(1))
    assert isinstance(first, Parcel)
    command = [tool("smtp-source"), "-s", str(SESSIONS), "-m", str(MAILS), "-l", str(len(first.content.data))]
    command += ["-f", "a@example.org", "-t", "b@example.org", f"127.0.0.1:{port}"]
    return lambda: subprocess.run(command, check=True)


@contextmanager
def line() -> Iterator[tuple[Callable[[], object], Callable[[], object]]]:
    """Give both sides, over as many mails of the same size to the same sink."""
    emails = Emails(mails.desk(f"smtp://127.0.0.1:{PORT}?connections={SESSIONS}"))
    try:
        with sink(PORT):
            yield without_ledger(emails, PORT), reference_for(emails, PORT)
    finally:
        emails.close()
