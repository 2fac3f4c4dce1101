"""Every point of an e-mail's road x every way to fail there: nobody twice, nobody lost, the doubt within its bound.

A run of a few mails is sent through the real ledger, journal, dialogue and socket to a relay with a book of its own. At
one point, for the n-th time, one thing goes wrong; then the worker's successors finish the run, and the auditor, which
shares no code with the product, compares history and book. `make chaos` (TOUCHBASE_CASES) carries out every cell at each
of the first calls, the suite a cell for every second point, another way to fail at each, at the last of them.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

from channels.email import Emails
from channels.email.delivery import Delivery
from channels.email.dialogue import Dialogue
from channels.email.relay import Relay
from engine.actions import gating_ahead, handover
from engine.actions.handover import Handover
from engine.actions.journal import Journal, journal
from engine.actions.reconcile import reconcile
from engine.actions.send import drain
from engine.model.written import RunId
from engine.store import conservation, ledger, pace
from engine.store.database import connected
from engine.testing.relay import FaultRelay, entries
from tests.channels.email.world import desk
from tests.chaos.auditor import Delivered, audit
from tests.plans.house import NOW, PEPPER, POLICY_FILE, House, furnish, pharmacies


@dataclass(frozen=True)
class Point:
    """A place on the road: before or after a call of this name on this owner."""

    said: str
    owner: Any
    name: str
    is_after: bool = False
    often: int = 3  #: so often at least it comes to this in one run


POINTS: Final = (
    Point("before its group is gated", ledger, "gate"),
    Point("in the gate, its locks held", pace, "room"),
    Point("touches gated, not committed", pace, "use", True),
    Point("the gate committed", ledger, "gate", True),
    Point("before its group is noted in the journal", Journal, "hold"),
    Point("its group noted", Journal, "hold", True),
    Point("before a mail is composed", Handover, "_may_go_on"),
    Point("before a connection is opened", Delivery, "_connected", often=2),
    Point("a connection opened", Delivery, "_connected", True, 2),
    Point("before an envelope is written", Dialogue, "_envelope"),
    Point("354 read, before the dot is noted", Journal, "may_leave"),
    Point("the dot noted, before it is written", Journal, "may_leave", True),
    Point("body and dot handed to the socket", Dialogue, "_post", True),
    Point("the reply read, not noted", Journal, "answered"),
    Point("the reply noted", Journal, "answered", True),
    Point("before its group is settled", ledger, "settle"),
    Point("its group settled", ledger, "settle", True),
    Point("the run dry", conservation, "conserved", often=1),
)
KINDS: Final = ("killed", "asleep past its lease", "an exception", "database cut", "relay cut")
THOROUGH: Final = int(os.environ.get("TOUCHBASE_CASES", "0")) > 0
PATIENCE: Final = 120.0  #: seconds that a worker may take to its end
CELLS: Final = [
    (point, kind)
    for number, point in enumerate(POINTS)
    for place, kind in enumerate(KINDS)
    if THOROUGH or (place == number % len(KINDS) and number % 2)
]


class Trial:
    """One small run, sent again and again."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder
        furnish(folder)
        (folder / "campaigns" / "policy.yaml").write_text(POLICY_FILE + "gate_group: 3\n", encoding="utf-8")
        with connected(url) as connection:
            pharmacies(connection, 10)
            house = House(connection, folder)
            self.channels = dict(house.channels)
            self.run: RunId = house.start().run_id
        self.fired = 0

    def reset(self) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("DELETE FROM attempt")
            connection.execute(
                "UPDATE touch SET state = 'ready', attempt = 0, owner = NULL, lease_until = NULL, gated_at = NULL,"
                " touched_at = NULL, next_try = NULL, reason = NULL WHERE channel = 'email'"
            )

    def work(self, relay: FaultRelay) -> None:
        """Be one worker, from its first look to its last; whatever happens to it, its successor sees."""
        emails = Emails(desk(self.folder), relay=Relay("127.0.0.1", relay.port, connections=2))
        channels: Any = {**self.channels, "email": emails}
        with (
            suppress(Exception),
            connected(self.url) as connection,
            journal(self.folder / "journals") as kept,
        ):
            drain(
                connection,
                self.run,
                channels,
                worker=kept.worker,
                clock=lambda: NOW,
                needs_permit=False,
                pepper=PEPPER,
                journal=kept,
            )
        with suppress(Exception):
            emails.close()

    def finish(self, relay: FaultRelay) -> None:
        """Be its successors: leases end, waiting times are over, until nothing is left to do."""
        for _ in range(6):
            with psycopg.connect(self.url, autocommit=True) as connection:
                connection.execute("UPDATE touch SET next_try = NULL WHERE state = 'ready'")
                with connected(self.url) as ours:
                    reconcile(ours, self.channels, journals=self.folder / "journals", now=NOW)
                connection.execute(
                    "UPDATE touch SET lease_until = now() - interval '1 s' WHERE state = 'gated'"
                )
                with connected(self.url) as ours:
                    reconcile(ours, self.channels, journals=self.folder / "journals", now=NOW)
                left = connection.execute(
                    "SELECT count(*) FROM touch WHERE channel = 'email' AND state IN ('ready','gated')"
                ).fetchone()
            if left == (0,):
                return
            self.work(relay)

    def strike(self, kind: str, relay: FaultRelay, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let one thing go wrong, here and now."""
        self.fired += 1
        match kind:
            case "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            case "asleep past its lease":
                really = handover.awake
                with psycopg.connect(
                    self.url, autocommit=True
                ) as others:  # its lease ends; others judge what became of it
                    others.execute("SET lock_timeout = '300ms'")
                    with suppress(psycopg.errors.LockNotAvailable):
                        others.execute(
                            "UPDATE touch SET lease_until = now() - interval '1 s' WHERE state = 'gated'"
                        )
                        with connected(self.url) as other:
                            ledger.reap(other, ["visit", "mailing"], NOW)
                for room in (handover, gating_ahead):
                    monkeypatch.setattr(room, "awake", lambda: really() + 3600)
            case "an exception":
                raise RuntimeError("something that nobody thought of")
            case "database cut":
                with psycopg.connect(self.url, autocommit=True) as others:
                    others.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                        " AND pid <> pg_backend_pid() AND application_name LIKE 'touchbase%'"
                    )
            case "relay cut":
                relay.hang_up()


@pytest.fixture(scope="module")
def trial(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    yield Trial(module_database_url, tmp_path_factory.mktemp("crash"))


def armed(point: Point, nth: int, strike: Callable[[], None]) -> Callable[..., Any]:
    """Return the call with the n-th of it going wrong."""
    really, calls = getattr(point.owner, point.name), 0

    def call(*given: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        strikes = calls == nth
        if strikes and not point.is_after:
            strike()
        result = really(*given, **named)
        if strikes and point.is_after:
            strike()
        return result

    return call


def ended(trial: Trial, relay: FaultRelay) -> int:
    """Be one worker in a process of its own; return how it ended, a signal below 0.

    The relay's threads are not in the fork: a lock that one of them held would be held for ever, so the wait has an end.
    """
    child = os.fork()
    if not child:
        try:
            trial.work(relay)
        finally:  # whatever happens, no second pytest goes on from here
            os._exit(1)
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    raise AssertionError(f"the worker did not end within {PATIENCE:.0f} s")


@pytest.mark.parametrize(("point", "kind"), CELLS, ids=lambda value: getattr(value, "said", value))
def test_nobody_is_reached_twice_and_nobody_is_lost(
    trial: Trial, point: Point, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for nth in range(1 if THOROUGH else point.often, point.often + 1):
        trial.reset()
        with FaultRelay(tmp_path / f"{nth}.ledger") as relay, monkeypatch.context() as patch:
            strike = lambda: trial.strike(kind, relay, patch)  # noqa: E731
            patch.setattr(point.owner, point.name, armed(point, nth, strike))
            if kind == "killed":
                assert ended(trial, relay) == -signal.SIGKILL, "the point was never reached"
            else:
                before = trial.fired
                trial.work(relay)
                assert trial.fired > before, "the point was never reached"
            patch.undo()
            trial.finish(relay)
            book = [Delivered(one.message_id, one.recipient) for one in entries(relay.ledger)]

        verdict = audit(trial.url, trial.run, book, bound=3)
        assert verdict.faults == {} and verdict.accepted + verdict.unknown == 10 - held_out(trial)


def held_out(trial: Trial) -> int:
    with psycopg.connect(trial.url) as connection:
        row = connection.execute("SELECT 10 - count(*) FROM touch WHERE channel = 'email'").fetchone()
    assert row is not None
    return int(row[0])
