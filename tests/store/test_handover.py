"""What leaves no more: after a pause, after most of a lease, after a gate that nobody waited for."""

from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from engine.actions import handover
from engine.actions.handover import Handover, awake
from engine.actions.journal import journal, left_behind
from engine.actions.reconcile import recover
from engine.contract import Composer, Ending, Failure, Receipt, Refusal
from engine.problems import ChannelUnavailable, Say
from engine.store import ledger
from engine.store.database import Connection, connected
from tests.store.ledgers import NOW, Prepared, gate, ready, states
from tests.store.workers import Slow, plain


def handed_over(
    database: Connection,
    prepared: Prepared,
    channel: Slow,
    *,
    since: float | None = None,
    compose: Composer = plain,
) -> None:
    group = gate(database, prepared.run).addressees

    def settled(receipts: list[Receipt]) -> list[Receipt]:
        ledger.settle(database, group, receipts, worker="w1", now=NOW)
        return receipts

    start = awake() if since is None else since
    one = Handover(database, prepared.run, group, compose, False, start)
    one.delivered(channel, None, settled)  # type: ignore[arg-type]


def test_a_pause_in_the_middle_of_a_group_lets_no_further_parcel_leave(
    database: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handover, "LOOK_EVERY", 0.0)
    prepared = ready(database, 20)

    def pause(sent: int) -> None:
        if sent == 3:
            ledger.switch(database, prepared.run, "paused", by="marketing")

    handed_over(database, prepared, channel := Slow(pause))

    assert (len(channel.left), states(database)) == (4, {"accepted": 4, "ready": 16})


def test_a_group_of_one_looks_at_the_switch_before_its_body(database: Connection) -> None:
    prepared = ready(database, 1)

    handed_over(
        database,
        prepared,
        channel := Slow(
            lambda sent: ledger.switch(database, prepared.run, "paused", by="marketing") and None
        ),
    )

    assert (channel.left, states(database)) == ([], {"ready": 1})


def test_a_worker_that_slept_past_its_lease_writes_no_dot(database: Connection) -> None:
    prepared = ready(database, 5)

    handed_over(database, prepared, channel := Slow(lambda sent: None), since=awake() - 3600)

    assert (channel.left, states(database)) == ([], {"ready": 5})


def test_a_channel_that_takes_nothing_leaves_nothing_accepted(database: Connection) -> None:
    def away(sent: int) -> None:
        raise ChannelUnavailable(Say("away", "absent"))

    prepared = ready(database, 3)

    with pytest.raises(ChannelUnavailable):
        handed_over(database, prepared, Slow(away))

    assert states(database) == {"ready": 3}


def test_a_parcel_that_does_not_compose_is_refused_with_its_reason(database: Connection) -> None:
    prepared = ready(database, 2)

    handed_over(database, prepared, Slow(lambda sent: None), compose=lambda one: Failure(Refusal.BAD_ADDRESS))

    assert states(database) == {"refused": 2}
    assert database.execute("SELECT DISTINCT reason FROM touch").fetchall() == [("invalid_contact_point",)]


def test_a_connection_whose_commits_do_not_wait_for_the_disk_gates_nothing(database: Connection) -> None:
    prepared = ready(database, 3)
    database.execute("SET synchronous_commit = off")

    group = gate(database, prepared.run)

    assert (group.stopped, states(database)) == ("not durable", {"ready": 3})


def test_a_worker_asleep_in_its_gate_cannot_hold_up_a_pause(database: Connection, database_url: str) -> None:
    """Its transaction holds the switch; the server ends it after two seconds."""
    prepared = ready(database, 1)
    with connected(database_url) as asleep, suppress(psycopg.Error), asleep.transaction():
        statement = ledger.statement("ledger", "hold_switch")
        asleep.execute(statement, {"run": prepared.run, "worker": "w1"})
        began = awake()

        assert ledger.switch(database, prepared.run, "paused", by="marketing")

        assert awake() - began < 20


def test_a_recovery_that_fell_asleep_does_not_hold_up_the_next_one(
    database: Connection, database_url: str, tmp_path: Path
) -> None:
    prepared = ready(database, 2)
    with pytest.raises(ConnectionError), journal(tmp_path) as kept:
        gate(database, prepared.run, worker=kept.worker)
        raise ConnectionError
    with connected(database_url) as asleep, suppress(psycopg.Error), asleep.transaction():
        ledger.wait_for_gate(asleep, kept.worker)

        for _ in range(5):
            for left in left_behind(tmp_path):
                recover(database, left, now=NOW)

        assert states(database) == {"ready": 2}


def test_an_outcome_that_could_not_be_written_is_written_by_whoever_drains_next(
    database: Connection, tmp_path: Path
) -> None:
    """The database went away after the relay's 250: the worker lives, its journal is handed on."""
    prepared = ready(database, 2)
    with pytest.raises(ConnectionError), journal(tmp_path) as kept:
        group = gate(database, prepared.run, worker=kept.worker).addressees
        kept.hold(group)
        kept.may_leave(group[0].touch)
        kept.answered(Receipt(group[0].touch, Ending.ACCEPTED))
        raise ConnectionError

    for left in left_behind(tmp_path):
        recover(database, left, now=NOW)

    assert states(database) == {"accepted": 1, "ready": 1}
