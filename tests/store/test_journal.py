"""What a killed worker's journal proves: what never left goes out, what was taken is taken, the rest is unknown."""

import signal
import subprocess
import sys
from pathlib import Path

import psutil

from engine.actions.journal import Journal, journal, left_behind, worker_is_gone
from engine.actions.reconcile import recover
from engine.contract import Addressee, Ending, Receipt
from engine.store import ledger
from engine.store.database import Connection
from tests.store.ledgers import NOW, Prepared, gate, ready, states
from tests.store.workers import killed, recovered


def held(database: Connection, folder: Path, count: int) -> tuple[Prepared, Journal, tuple[Addressee, ...]]:
    prepared, kept = ready(database, count), killed(folder)
    group = gate(database, prepared.run, worker=kept.worker).addressees
    kept.hold(group)
    return prepared, kept, group


def test_what_never_left_is_ready_again_at_once(database: Connection, tmp_path: Path) -> None:
    held(database, tmp_path, 5)

    assert recovered(database, tmp_path) == {"ready": 5}


def test_only_what_may_have_left_is_unknown(database: Connection, tmp_path: Path) -> None:
    _, kept, group = held(database, tmp_path, 5)
    kept.may_leave(group[0].touch)

    assert recovered(database, tmp_path) == {"unknown": 1, "ready": 4}


def test_a_reply_that_was_read_counts_although_the_ledger_never_heard_it(
    database: Connection, tmp_path: Path
) -> None:
    _, kept, group = held(database, tmp_path, 3)
    for one, ending in zip(group, (Ending.ACCEPTED, Ending.REFUSED, Ending.LATER), strict=True):
        kept.may_leave(one.touch)
        kept.answered(Receipt(one.touch, ending))

    assert recovered(database, tmp_path) == {"accepted": 1, "refused": 1, "ready": 1}


def test_a_worker_killed_before_it_took_its_group_up_sent_nothing(
    database: Connection, tmp_path: Path
) -> None:
    prepared, kept = ready(database, 4), killed(tmp_path)
    gate(database, prepared.run, worker=kept.worker)

    assert recovered(database, tmp_path) == {"ready": 4}


def test_recovering_twice_changes_nothing(database: Connection, tmp_path: Path) -> None:
    _, kept, group = held(database, tmp_path, 3)
    kept.may_leave(group[0].touch)
    left = next(iter(left_behind(tmp_path)))
    recover(database, left, now=NOW)
    accepted_since = gate(database, ready_run(database)).addressees
    recover(database, left, now=NOW)

    assert (len(accepted_since), states(database)) == (2, {"unknown": 1, "gated": 2})


def ready_run(database: Connection) -> ledger.RunId:
    row = database.execute("SELECT run_id FROM run").fetchone()
    assert row is not None
    return ledger.RunId(row[0])


def test_a_group_of_before_is_forgotten_when_the_next_is_held(database: Connection, tmp_path: Path) -> None:
    prepared, kept = ready(database, 4), killed(tmp_path)
    first = gate(database, prepared.run, worker=kept.worker, limit=2).addressees
    kept.hold(first)
    kept.may_leave(first[0].touch)
    ledger.settle(
        database, first, [Receipt(one.touch, Ending.ACCEPTED) for one in first], worker=kept.worker, now=NOW
    )
    kept.hold(gate(database, prepared.run, worker=kept.worker, limit=2).addressees)

    assert recovered(database, tmp_path) == {"accepted": 2, "ready": 2}


def test_three_kills_do_not_park_what_never_left(database: Connection, tmp_path: Path) -> None:
    prepared, kept = ready(database, 2), killed(tmp_path)
    for _ in range(4):
        kept.hold(gate(database, prepared.run, worker=kept.worker).addressees)
        for left in left_behind(tmp_path):
            recover(database, left, now=NOW)
        kept = killed(tmp_path)

    assert states(database) == {"ready": 2}


def test_the_journal_of_a_worker_that_lives_is_left_alone(tmp_path: Path) -> None:
    with journal(tmp_path):
        assert list(left_behind(tmp_path)) == []


def test_a_journal_that_ended_well_is_gone(tmp_path: Path) -> None:
    with journal(tmp_path):
        pass

    assert list(tmp_path.iterdir()) == []


def test_a_process_that_was_killed_leaves_its_marks(tmp_path: Path) -> None:
    """A real process, a real SIGKILL: what it marked is on the page, and it is known to be gone."""
    code = (
        "import sys, time; from pathlib import Path; from engine.actions.journal import journal;"
        "from engine.contract import Addressee, Customer; import datetime as dt\n"
        "with journal(Path(sys.argv[1])) as kept:\n"
        "    kept.hold([Addressee(n, Customer(n, 'person'), None, dt.datetime.now(dt.UTC)) for n in (1, 2)])\n"
        "    kept.may_leave(2); print('marked', flush=True); time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stdout.readline() == b"marked\n"
    assert list(left_behind(tmp_path)) == []

    process.send_signal(signal.SIGKILL)
    process.wait()

    (left,) = left_behind(tmp_path)
    assert {touch: mark.name for touch, (_, mark) in left.marks.items()} == {1: "HELD", 2: "MAY_HAVE_LEFT"}


def test_of_a_worker_on_another_machine_nothing_is_sure() -> None:
    assert not worker_is_gone(f"another-machine~{psutil.Process().pid}~1~1")
