"""What a step declares about mails of which nobody knows whether they left (promises §9, E5)."""

import pytest

from engine.actions.reconcile import reconcile
from engine.actions.unknown import decide
from engine.model.written import RunId, TouchId
from engine.problems import UsageError
from engine.store import evidence, ledger, unknown
from engine.store.database import Connection
from tests.plans.house import CAMPAIGN, NOW, POLICY_FILE, House

FILE = f"campaigns/{CAMPAIGN}.yaml"


def unsure(house: House, declared: str, *, hours: int = 73) -> tuple[RunId, TouchId]:
    """Return a run that sent all its mails, and one touch of it of which nobody has known for so many hours."""
    house.change(FILE, "purpose: commercial", "purpose: service")
    house.change(FILE, "    from: officine\n", f"    from: officine\n    unknown: {declared}\n")
    run = house.start().run_id
    house.drain(run)
    row = house.connection.execute(
        "UPDATE touch SET state = 'unknown', gated_at = clock_timestamp() - make_interval(hours => %s)"
        " WHERE touch_id = (SELECT min(touch_id) FROM touch WHERE state = 'accepted') RETURNING touch_id",
        [hours],
    ).fetchone()
    assert row is not None
    return run, TouchId(row[0])


def reconciled(house: House) -> int:
    return reconcile(house.connection, house.channels, journals=house.folder / "journals", now=NOW).resent


def state(house: House, touch: TouchId) -> str:
    row = house.connection.execute("SELECT state FROM touch WHERE touch_id = %s", [touch]).fetchone()
    assert row is not None
    return str(row[0])


def copies(house: House, touch: TouchId) -> int:
    names = [dict(mail.headers)["Message-ID"] for mail in house.mails()]
    return sum(name.startswith(f"<{touch}.") for name in names)


def test_a_mail_of_which_nobody_knows_is_not_sent_again(house: House) -> None:
    run, touch = unsure(house, "assume_sent")

    reconciled(house)
    house.drain(run)

    assert (state(house, touch), copies(house, touch)) == ("unknown", 1)


def test_a_must_arrive_mail_is_sent_a_second_time_under_its_own_name(house: House) -> None:
    run, touch = unsure(house, "resend_once")

    assert reconciled(house) == 1
    house.drain(run)

    assert (state(house, touch), copies(house, touch)) == ("accepted", 2)


def test_a_second_copy_is_never_followed_by_a_third(house: House) -> None:
    run, touch = unsure(house, "resend_once")
    reconciled(house)
    house.drain(run)
    house.connection.execute(
        "UPDATE touch SET state = 'unknown', gated_at = now() - interval '9 days' WHERE touch_id = %s",
        [touch],
    )

    assert (reconciled(house), state(house, touch)) == (0, "unknown")


def test_before_seventy_two_hours_evidence_is_waited_for(house: House) -> None:
    _, touch = unsure(house, "resend_once", hours=71)

    assert (reconciled(house), state(house, touch)) == (0, "unknown")


def test_a_second_copy_stands_in_the_trail_and_in_the_audit(house: House) -> None:
    _, touch = unsure(house, "resend_once")

    reconciled(house)

    trail = house.connection.execute(
        "SELECT reply FROM attempt WHERE touch_id = %s AND phase = 'resend'", [touch]
    )
    audit = house.connection.execute("SELECT detail -> 'touches' FROM audit WHERE act = 'resend'")
    assert (trail.fetchall(), audit.fetchall()) == ([("declared policy: resend_once",)], [([touch],)])


def test_a_run_that_was_closed_opens_again_for_its_second_copy(house: House) -> None:
    run, _ = unsure(house, "resend_once")
    house.connection.execute("UPDATE run SET closed_at = %s WHERE run_id = %s", [NOW, run])

    reconciled(house)

    assert house.connection.execute("SELECT closed_at FROM run").fetchall() == [(None,)]


def test_a_promotional_mail_must_not_declare_a_second_copy(house: House) -> None:
    house.change(FILE, "    from: officine\n", "    from: officine\n    unknown: resend_once\n")

    (problem,) = house.project.problems

    assert "must not arrive twice" in problem.what.en and problem.span.line == 20


def test_a_named_person_settles_what_is_left_to_people(house: House) -> None:
    _, touch = unsure(house, "manual")

    decide(house.connection, touch, "accepted", house.channels, by="yann", because="asked the reader")

    audit = house.connection.execute("SELECT actor, about, detail FROM audit WHERE act = 'decide'").fetchall()
    assert state(house, touch) == "accepted"
    assert audit == [("yann", f"touch {touch}", {"as": "accepted", "because": "asked the reader"})]


def test_nobody_settles_what_is_not_left_to_people(house: House) -> None:
    _, touch = unsure(house, "assume_sent")

    with pytest.raises(UsageError, match="not left to people"):
        decide(house.connection, touch, "ready", house.channels, by="yann", because="I want it out")

    assert state(house, touch) == "unknown"


def test_a_decision_without_a_reason_is_none(house: House) -> None:
    _, touch = unsure(house, "manual")

    with pytest.raises(UsageError):
        decide(house.connection, touch, "ready", house.channels, by="yann", because=" ")

    assert state(house, touch) == "unknown"


def test_a_group_is_as_large_as_the_policy_says(house: House) -> None:
    house.write("campaigns/policy.yaml", POLICY_FILE + "gate_group: 7\n")

    house.drain(house.start().run_id)

    # What was settled together left its trail in one transaction.
    settled = house.connection.execute(
        "SELECT count(*) FROM attempt GROUP BY xmin::text ORDER BY 1 DESC"
    ).fetchall()
    assert [count for (count,) in settled][:2] == [7, 7]


def test_nothing_of_a_cancelled_run_is_decided(house: House) -> None:
    run, touch = unsure(house, "manual")
    ledger.switch(house.connection, run, "cancelled", by="yann")

    with pytest.raises(UsageError, match="cancelled"):
        decide(house.connection, touch, "ready", house.channels, by="yann", because="the reader has none")

    assert state(house, touch) == "unknown"


def test_a_cancel_that_came_first_leaves_nothing_ready_by_a_decision(house: House) -> None:
    run, touch = unsure(house, "manual")
    ledger.switch(house.connection, run, "cancelled", by="yann")

    assert not unknown.decide(house.connection, touch, "ready", because="the reader has none")

    assert state(house, touch) == "unknown"


def test_who_decides_too_late_is_told_so(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The relay's log is read between the look at a touch and the decision about it."""
    _, touch = unsure(house, "manual")
    look = unknown.one

    def overtaken(connection: Connection, one: TouchId) -> unknown.One | None:
        found = look(connection, one)
        evidence.settle_by_log(connection, {one: "4F1C02"}, "accepted")
        return found

    monkeypatch.setattr(unknown, "one", overtaken)

    with pytest.raises(UsageError, match="none of which nobody knows"):
        decide(house.connection, touch, "refused", house.channels, by="yann", because="asked the reader")

    assert state(house, touch) == "accepted"
