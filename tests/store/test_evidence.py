"""What a relay's log settles: what it has is accepted, what a complete log lacks is ready, everything else stays unknown."""

import datetime as dt

from engine.actions.evidence import judge
from engine.contract import Ending, Evidence, Receipt
from engine.model.written import TouchId
from engine.store import ledger, unknown
from engine.store.database import Connection
from tests.store.ledgers import NOW, gate, ready, states

HOUR = dt.timedelta(hours=1)


def unsure(database: Connection) -> list[TouchId]:
    """Return four touches: the first accepted by a 250 that was read, the others unknown, gated an hour ago."""
    prepared = ready(database, 4)
    group = gate(database, prepared.run).addressees
    receipts = [Receipt(one.touch, Ending.UNKNOWN) for one in group]
    receipts[0] = Receipt(group[0].touch, Ending.ACCEPTED, reply="250 ok")
    ledger.settle(database, group, receipts, worker="w1", now=NOW)
    database.execute("UPDATE touch SET gated_at = gated_at - interval '1 hour'")
    database.execute("UPDATE attempt SET at = at - interval '1 hour'")
    return [one.touch for one in group]


def log(
    *accepted: TouchId, refused: tuple[TouchId, ...] = (), ends_ago: dt.timedelta = dt.timedelta(0)
) -> Evidence:
    now = dt.datetime.now(dt.UTC)
    return Evidence(
        dict.fromkeys(accepted, "4F1C02"), dict.fromkeys(refused, "4F1C03"), now - 2 * HOUR, now - ends_ago
    )


def test_what_the_log_has_is_accepted_and_what_it_lacks_is_ready(database: Connection) -> None:
    told, seen, *_ = unsure(database)

    judged = judge(database, [log(told, seen)])

    assert states(database) == {"accepted": 2, "ready": 2}
    assert (judged.accepted, judged.ready, judged.still_unknown) == (1, 2, 0)


def test_a_log_without_a_mail_whose_250_was_read_proves_nothing_of_the_others(database: Connection) -> None:
    _, seen, *_ = unsure(database)

    judged = judge(database, [log(seen)])

    assert (judged.missing, states(database)) == (1, {"accepted": 2, "unknown": 2})


def test_a_log_that_ends_before_the_connection_must_be_closed_makes_nothing_ready(
    database: Connection,
) -> None:
    """The lease, then the relay's own patience: until then a worker that sleeps could still write its dot."""
    told, *_ = unsure(database)

    judge(database, [log(told, ends_ago=HOUR - ledger.LEASE - dt.timedelta(minutes=4))])

    assert states(database) == {"accepted": 1, "unknown": 3}


def test_of_two_relays_both_must_lack_a_mail(database: Connection) -> None:
    told, one, two, three = unsure(database)

    judge(database, [log(told, one), log(two, refused=(three,))])

    assert states(database) == {"accepted": 3, "refused": 1}


def test_judging_twice_changes_nothing(database: Connection) -> None:
    told, seen, *_ = unsure(database)
    judge(database, [log(told, seen)])
    trail = database.execute("SELECT count(*) FROM attempt").fetchone()

    judge(database, [log(told, seen)])

    assert database.execute("SELECT count(*) FROM attempt").fetchone() == trail


def test_a_decision_of_a_person_is_no_250_that_the_log_must_have(database: Connection) -> None:
    told, decided, *_ = unsure(database)
    assert unknown.decide(database, decided, "accepted", because="asked the reader")
    database.execute("UPDATE attempt SET at = at - interval '1 hour' WHERE touch_id = %s", [decided])

    judged = judge(database, [log(told)])

    assert (judged.missing, states(database)) == (0, {"accepted": 2, "ready": 2})


def test_what_a_log_lacks_of_a_cancelled_run_is_cancelled(database: Connection) -> None:
    told, *_ = unsure(database)
    database.execute("UPDATE run_switch SET state = 'cancelled'")

    judge(database, [log(told)])

    assert states(database) == {"accepted": 1, "cancelled": 3}
