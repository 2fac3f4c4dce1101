"""A group that is gated while another one leaves: nothing of it is lost, doubled or out after a stop."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from engine.actions import gating_ahead as ahead_room
from engine.actions.gating_ahead import Ahead
from engine.actions.handover import Handover, awake
from engine.contract import Addressee, Ending, Receipt
from engine.store import ledger
from engine.store.database import Connection
from engine.store.ledger import Group
from tests.store.ledgers import NOW, Prepared, gate, ready, states
from tests.store.workers import Slow, killed, plain, recovered


def settle(hand: Connection, group: Sequence[Addressee], receipts: list[Receipt]) -> None:
    ledger.settle(hand, group, receipts, worker="w1", now=NOW)


def accepted(group: Sequence[Addressee]) -> list[Receipt]:
    return [Receipt(one.touch, Ending.ACCEPTED, reply="250 ok") for one in group]


def working(database: Connection, prepared: Prepared) -> Ahead:
    return Ahead(database, lambda hand: gate(hand, prepared.run, limit=2), settle)


def test_the_last_group_is_settled_together_with_the_gate_of_the_next(database: Connection) -> None:
    prepared = ready(database, 6)
    with working(database, prepared) as line:
        first = line.take().group.addressees
        line.fetch()
        line.settle(first, accepted(first))
        second = line.take().group.addressees
        before = states(database)
        line.fetch()
        line.take()
        after = states(database)
        line.settle(second, accepted(second))

    assert (before, after) == ({"gated": 4, "ready": 2}, {"accepted": 2, "gated": 4})


def test_what_was_gated_ahead_is_ready_again_when_the_work_ends_early(database: Connection) -> None:
    prepared = ready(database, 4)
    with pytest.raises(ConnectionError), working(database, prepared) as line:
        first = line.take().group.addressees
        line.fetch()
        line.settle(first, accepted(first))
        raise ConnectionError

    assert states(database) == {"accepted": 2, "ready": 2}


def test_a_settlement_whose_shared_commit_failed_is_written_all_the_same(database: Connection) -> None:
    prepared = ready(database, 6)
    gates = iter([True, True, False])

    def failing(hand: Connection) -> Group:
        if not next(gates):
            raise ConnectionError
        return gate(hand, prepared.run, limit=2)

    with pytest.raises(ConnectionError), Ahead(database, failing, settle) as line:
        first = line.take().group.addressees
        line.fetch()
        line.settle(first, accepted(first))
        second = line.take().group.addressees
        line.fetch()
        line.settle(second, accepted(second))
        line.take()

    assert states(database) == {"accepted": 4, "ready": 2}


def test_a_group_that_was_gated_ahead_does_not_leave_once_the_run_is_paused(database: Connection) -> None:
    """So the bound after a pause stays one group a worker."""
    prepared = ready(database, 4)
    channel = Slow(lambda sent: None)
    with working(database, prepared) as line:
        first = line.take().group.addressees
        line.fetch()
        line.settle(first, accepted(first))
        second = line.take()
        ledger.switch(database, prepared.run, "paused", by="marketing")

        def settled(receipts: list[Receipt]) -> list[Receipt]:
            line.settle(second.group.addressees, receipts)
            return receipts

        group = second.group.addressees
        one = Handover(database, prepared.run, group, plain, False, awake(), second.is_ahead)
        one.delivered(channel, None, settled)  # type: ignore[arg-type]

    assert (channel.left, states(database)) == ([], {"accepted": 2, "ready": 2})


def test_a_journal_remembers_the_group_before_while_the_next_one_leaves(
    database: Connection, tmp_path: Path
) -> None:
    """It may not be settled yet: forgotten, its mails would be taken for such as never left, and sent twice."""
    prepared, kept = ready(database, 4), killed(tmp_path)
    first = gate(database, prepared.run, worker=kept.worker, limit=2).addressees
    kept.hold(first)
    kept.may_leave(first[0].touch)
    kept.answered(Receipt(first[0].touch, Ending.ACCEPTED))
    second = gate(database, prepared.run, worker=kept.worker, limit=2).addressees
    kept.hold(second)
    kept.may_leave(second[0].touch)

    assert recovered(database, tmp_path) == {"accepted": 1, "ready": 2, "unknown": 1}


def test_of_a_touch_that_was_gated_twice_the_journal_says_how_far_it_came_the_second_time(
    database: Connection, tmp_path: Path
) -> None:
    prepared, kept = ready(database, 1), killed(tmp_path)
    first = gate(database, prepared.run, worker=kept.worker).addressees
    kept.hold(first)
    settle(database, first, [ahead_room.put_back(first[0].touch)])
    second = gate(database, prepared.run, worker=kept.worker).addressees
    kept.hold(second)
    kept.may_leave(second[0].touch)

    assert recovered(database, tmp_path) == {"unknown": 1}


def test_what_was_gated_ahead_of_a_cancel_is_cancelled_when_it_is_put_back(database: Connection) -> None:
    prepared = ready(database, 4)
    with working(database, prepared) as line:
        first = line.take().group.addressees
        line.fetch()
        line.settle(first, accepted(first))
        second = line.take().group.addressees
        ledger.switch(database, prepared.run, "cancelled", by="marketing")
        ledger.cancel_open(database, prepared.run)
        line.settle(second, [ahead_room.put_back(one.touch) for one in second])

    assert states(database) == {"accepted": 2, "cancelled": 2}
    assert ledger.close(database, prepared.run, NOW)


def test_what_a_killed_worker_never_sent_of_a_cancelled_run_is_cancelled(
    database: Connection, tmp_path: Path
) -> None:
    prepared, kept = ready(database, 2), killed(tmp_path)
    kept.hold(gate(database, prepared.run, worker=kept.worker).addressees)
    ledger.switch(database, prepared.run, "cancelled", by="marketing")
    ledger.cancel_open(database, prepared.run)

    assert recovered(database, tmp_path) == {"cancelled": 2}


def test_what_a_killed_worker_may_repeat_of_a_cancelled_run_is_cancelled(database: Connection) -> None:
    prepared = ready(database, 2)
    gate(database, prepared.run)
    ledger.switch(database, prepared.run, "cancelled", by="marketing")
    database.execute("UPDATE touch SET lease_until = now() - interval '1 minute'")

    ledger.reap(database, ["email"], NOW)

    assert states(database) == {"cancelled": 2}
