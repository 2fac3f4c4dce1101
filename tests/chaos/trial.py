"""One trial: workers that are killed and put to sleep, a database that is killed, a relay that misbehaves."""

import datetime as dt
import os
import random
import signal
import smtplib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg

from engine.actions.evidence import judge
from engine.actions.reconcile import reconcile
from engine.problems import DatabaseUnavailable, EngineError
from engine.store import embedded, ledger
from engine.store.database import bring_up_to_date, connected
from engine.testing.relay import Faults
from tests.chaos import nursery, postfix, world

CONNECTIONS = 4
SLACK = 2.0  #: seconds that the relay's clock may differ: it is this machine's
LEASE = 4.0  #: seconds; fifteen minutes in the product

FAULTS = Faults(
    banner_4xx=0.02,
    cut_at_banner=0.02,
    cut_at_ehlo=0.02,
    cut_at_mail=0.001,
    cut_at_rcpt=0.001,
    cut_at_data=0.001,
    garbage_before=0.001,
    rcpt_4xx=0.01,
    rcpt_5xx=0.002,
    data_4xx=0.002,
    dot_4xx=0.01,
    dot_5xx=0.01,
    lost_reply=0.01,
    dropped=0.005,
    garbage=0.002,
    garbage_not_taken=0.001,
    slow=0.01,
    slow_seconds=0.05,
    quit_421=0.3,
)


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything."""

    mails: int = 1_500
    workers: int = 8
    kills: int = 30
    pauses: int = 4
    database_kills: int = 2
    seed: int = 1

    @classmethod
    def of_environment(cls) -> "Size":
        """Return the size that TOUCHBASE_CHAOS_MAILS, _WORKERS, _KILLS, _PAUSES, _PG_KILLS and _SEED say."""
        small = cls()
        read = {
            name: int(os.environ.get(f"TOUCHBASE_CHAOS_{variable}", getattr(small, name)))
            for name, variable in (
                ("mails", "MAILS"),
                ("workers", "WORKERS"),
                ("kills", "KILLS"),
                ("pauses", "PAUSES"),
                ("database_kills", "PG_KILLS"),
                ("seed", "SEED"),
            )
        }
        return cls(**read)


@dataclass(slots=True)
class Done:
    """What was done to the workers and the database."""

    kills: int = 0
    pauses: int = 0
    database_kills: int = 0
    born: int = 0
    relay_restarts: int = 0
    seconds: float = 0.0
    by_log: dict[str, int] = field(default_factory=dict)
    mishaps: list[str] = field(default_factory=list)

    @property
    def uncertain(self) -> int:
        """Connections on which a reply may have been under way when a worker was stopped."""
        return (self.kills + self.pauses) * CONNECTIONS


def kill_database(folder: Path) -> None:
    """Kill every process of the embedded server at once: what was not written to disk is gone."""
    lock = folder / "postgres" / "postmaster.pid"
    with suppress(psutil.NoSuchProcess, FileNotFoundError, ValueError):
        postmaster = psutil.Process(int(lock.read_text().split()[0]))
        children = postmaster.children(recursive=True)
        for process in (postmaster, *children):
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs([postmaster, *children], timeout=10)


def start_database(folder: Path) -> str:
    """Start the embedded server, again after a kill, and wait until it answers."""
    for _ in range(5):  # a busy machine may take minutes to recover
        with suppress(DatabaseUnavailable):
            url = embedded.start(folder)
            break
    for _ in range(300):
        with suppress(psycopg.OperationalError), psycopg.connect(url, connect_timeout=2):
            return url
        time.sleep(0.1)
    raise AssertionError("the database does not answer within half a minute")


@contextmanager
def nurse(url: str, smtp_url: str, journals: Path, run: int) -> Iterator[subprocess.Popen[str]]:
    command = [
        sys.executable,
        "-m",
        "tests.chaos.nursery",
        url,
        smtp_url,
        str(journals),
        str(run),
        str(LEASE),
    ]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # a process group of our own making
        process.wait()


class Trial:
    """The hand that kills. Everything it draws comes from the seed; when it acts depends on the machine."""

    def __init__(self, size: Size, folder: Path, smtp_url: str) -> None:
        ledger.LEASE = dt.timedelta(seconds=LEASE)  # type: ignore[misc]  # as in the workers
        self.size, self.folder, self.smtp_url = size, folder, f"{smtp_url}?connections={CONNECTIONS}"
        self.journals = folder / "journals"
        self.done = Done()
        self._drawn = random.Random(size.seed)
        self._workers: set[int] = set()
        self._asleep: dict[int, float] = {}
        self._emails = nursery.Emails(nursery.desk(folder, smtp_url))
        self._reconciled = 0.0
        self._restart: Callable[[], None] | None = None
        self.url = ""
        self.run = 0

    def carry_out(self, *, restart: Callable[[], None] | None = None, log: Path | None = None) -> None:
        """Build the world, let the workers work and suffer until the run is dry, then end in peace.

        Args:
            restart: Stops the relay and starts it again, which happens a few times on the way.
            log: The relay's log, by which unknown ones are settled at the end.
        """
        self._restart = restart
        self.url = start_database(self.folder)
        with connected(self.url, purpose="chaos") as connection:
            bring_up_to_date(connection)
            ledger.arm(connection, "chaos")
        self.run = world.build(self.url, self.size.mails)
        started = time.monotonic()
        with nurse(self.url, self.smtp_url, self.journals, self.run) as parent:
            self._suffer(parent)
            for pid in self._asleep:
                _send(pid, signal.SIGCONT)
            self._end()
            for _ in range(5):  # the last reconciling may have read a journal that says: this one never left
                if not self._left():
                    break
                self._bear(parent)
                self._end()
            if log is not None:
                self._settle(parent, log)
        self.done.seconds = time.monotonic() - started

    def _suffer(self, parent: subprocess.Popen[str]) -> None:
        while (left := self._left()) != 0:
            self._workers = {pid for pid in self._workers if _lives(pid)}
            while len(self._workers) < self.size.workers:
                self._bear(parent)
            share = 0.0 if left is None else 1 - left / self.size.mails
            if self.done.database_kills < self.size.database_kills * share:
                kill_database(self.folder)
                self.done.database_kills += 1
                time.sleep(self._drawn.uniform(0.0, 0.5))
                start_database(self.folder)
            if self._restart is not None and self.done.relay_restarts < 4 * share - 0.5:
                self.done.relay_restarts += 1
                self._restart()
            awake = sorted(self._workers - self._asleep.keys())
            if awake and self.done.pauses < self.size.pauses * share:
                victim = self._drawn.choice(awake)
                _send(victim, signal.SIGSTOP)
                self._asleep[victim] = time.monotonic() + LEASE * self._drawn.uniform(1.2, 2.0)
                self.done.pauses += 1
                awake.remove(victim)
            for _ in range(4):  # a machine that is slow must not spare the workers
                if awake and self.done.kills < self.size.kills * share + 1:
                    victim = self._drawn.choice(awake)
                    awake.remove(victim)
                    _send(victim, signal.SIGKILL)
                    self.done.kills += 1
            for pid, until in list(self._asleep.items()):
                if time.monotonic() >= until:
                    _send(pid, signal.SIGCONT)
                    del self._asleep[pid]
            self._look_after()
            time.sleep(self._drawn.uniform(0.02, 0.12))

    def _bear(self, parent: subprocess.Popen[str]) -> None:
        assert parent.stdin is not None and parent.stdout is not None
        parent.stdin.write("go\n")
        parent.stdin.flush()
        answer = parent.stdout.readline().strip()
        assert answer, "the nursery is dead"
        self._workers.add(int(answer))
        self.done.born += 1

    def _left(self) -> int | None:
        """Return how many touches are open, and let waiting times be over; `None`: the database is away."""
        try:
            with psycopg.connect(self.url, autocommit=True, connect_timeout=2) as connection:
                connection.execute(
                    "UPDATE touch SET next_try = NULL WHERE run_id = %s AND state = 'ready' AND next_try IS NOT NULL",
                    [self.run],
                )
                row = connection.execute(
                    "SELECT count(*) FROM touch WHERE run_id = %s"
                    " AND state IN ('planned', 'ready', 'claimed', 'gated', 'parked')",
                    [self.run],
                ).fetchone()
                return None if row is None else int(row[0])
        except psycopg.Error:
            return None

    def _look_after(self) -> None:
        """Reconcile as the standing flow does, on its own clock."""
        if time.monotonic() < self._reconciled + 1.0:
            return
        self._reconciled = time.monotonic()
        self.reconcile()

    def reconcile(self) -> None:
        with (
            suppress(EngineError, psycopg.Error),
            connected(self.url, purpose="chaos reconcile") as connection,
        ):
            reconcile(connection, {"email": self._emails}, journals=self.journals, now=nursery.now())

    def _settle(self, parent: subprocess.Popen[str], log: Path) -> None:
        """Judge by the relay's log, and let workers send what is proven not to have left; until nothing changes."""
        for _ in range(5):
            time.sleep(LEASE + postfix.TIMEOUT + 3 * SLACK)
            with suppress(OSError), smtplib.SMTP(self.smtp_url.split("//")[1].split("?")[0]):
                pass  # a line in its log, which shows that it covers the time since
            time.sleep(1)
            with connected(self.url, purpose="chaos evidence") as connection, log.open() as lines:
                seen = self._emails.evidence(lines, now=nursery.now())
                judged = judge(
                    connection,
                    [seen],
                    hangs_up=dt.timedelta(seconds=postfix.TIMEOUT),
                    slack=dt.timedelta(seconds=SLACK),
                )
            self.done.by_log = {
                "accepted by the log": self.done.by_log.get("accepted by the log", 0) + judged.accepted,
                "ready again by the log": self.done.by_log.get("ready again by the log", 0) + judged.ready,
                "missing in the log": judged.missing,
            }
            if not judged.ready:
                return
            self._bear(parent)
            self._end()

    def _end(self) -> None:
        ends = time.monotonic() + 60
        while any(_lives(pid) for pid in self._workers) and time.monotonic() < ends:
            self._left()  # a worker that woke up may have put something back
            self._look_after()
            time.sleep(0.1)
        if any(_lives(pid) for pid in self._workers):
            with psycopg.connect(self.url) as connection:
                self.done.mishaps += [
                    f"still open: {row}"
                    for row in connection.execute(
                        "SELECT touch_id, state, attempt, epoch, owner, lease_until - now(), next_try - now() FROM touch"
                        " WHERE state IN ('planned', 'ready', 'claimed', 'gated', 'parked') LIMIT 5"
                    )
                ]
        self.reconcile()


def _send(pid: int, what: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, what)  # a worker of our own nursery


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
