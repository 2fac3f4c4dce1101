"""The whole story of one customer in one campaign, in words, oldest first."""

import datetime as dt

import pytest

from engine.actions.explain import explain
from engine.model.reasons import OF_ITS_OWN, SENTENCES, as_clause
from engine.problems import UsageError
from tests.plans.house import CAMPAIGN, DAY, NOW, House


def story(house: House, customer: int, until: dt.datetime | None = None) -> str:
    return "\n".join(map(str, explain(house.connection, CAMPAIGN, customer, until=until)))


def somebody(house: House, where: str) -> int:
    row = house.connection.execute(
        f"SELECT min(customer_id) FROM member m JOIN customer USING (customer_id) WHERE {where}"  # type: ignore[arg-type]
    ).fetchone()
    assert row is not None and row[0] is not None
    return int(row[0])


def somebody_with_mail(house: House) -> int:
    """Return a customer whom the announcement would reach."""
    house.plan()
    row = house.connection.execute("SELECT members[1] FROM plan_part WHERE part = 'step:announce'").fetchone()
    assert row is not None
    return int(row[0])


@pytest.fixture
def running(house: House) -> House:
    """Nine days into a run: mails have left, tasks are with the reps."""
    house.connection.execute(
        "UPDATE customer SET status = 'inactive' WHERE customer_id = (SELECT max(customer_id) FROM customer)"
    )
    made = house.plan()
    run = house.start(made.plan_id).run_id
    house.drain(run)
    house.advance(run, NOW + 9 * DAY)
    house.drain(run, NOW + 9 * DAY)
    return house


def test_who_was_reached_is_told_of_every_step_and_of_what_may_still_come(running: House) -> None:
    customer = min(running.touched("announce"))
    running.connection.execute(
        "INSERT INTO response (customer_id, run_id, campaign, step, channel, brand, type, at, attribution, source, source_id)"
        " SELECT customer_id, run_id, campaign, step, channel, brand, 'click', %s, 'token', 'web', '1' FROM touch"
        " WHERE customer_id = %s AND step = 'announce'",
        [NOW + DAY, customer],
    )

    told = story(running, customer).splitlines()

    assert "enrolled in cell '" in told[0] and "By plan " in told[1]
    order = [
        "email 'announce' went out",
        "response 'click'",
        "visit 'visit' went out",
        "mailing 'letter' has not come due",
    ]
    places = [next(number for number, line in enumerate(told) if words in line) for words in order]
    assert places == sorted(places)


def test_who_was_held_out_is_told_so(running: House) -> None:
    assert "held out by the draw" in story(running, somebody(running, "held_out"))


def test_who_was_excluded_is_told_the_reason(running: House) -> None:
    assert "left out at enrolment, because this customer is no longer active" in story(
        running, somebody(running, "m.reason IS NOT NULL")
    )


def test_before_a_run_who_would_be_excluded_is_told_the_reason(house: House) -> None:
    house.connection.execute(
        "UPDATE customer SET status = 'inactive' WHERE customer_id = (SELECT max(customer_id) FROM customer)"
    )
    house.plan()
    row = house.connection.execute("SELECT max(customer_id) FROM customer").fetchone()
    assert row is not None

    assert "would be left out at enrolment, because this customer is no longer active [inactive]." in story(
        house, int(row[0])
    )


def test_whose_mail_was_withheld_is_told_the_reason(running: House) -> None:
    customer = somebody(
        running, "customer_id IN (SELECT customer_id FROM touch WHERE reason = 'no_contact_point')"
    )

    assert "email 'announce' was withheld, because this customer has no address" in story(running, customer)


def test_a_reason_with_a_subject_of_its_own_gets_no_second_one(running: House) -> None:
    customer = min(running.touched("announce"))
    running.connection.execute(
        "UPDATE touch SET state = 'excluded', reason = 'no_rep', reasons = '{no_rep}' WHERE step = 'visit' AND customer_id = %s",
        [customer],
    )

    told = explain(running.connection, CAMPAIGN, customer)

    assert any("withheld, because no representative covers this customer." in say.en for say in told)
    assert any("retenue, car aucun délégué ne couvre ce client." in say.fr for say in told)


def test_every_reason_says_its_subject_once() -> None:
    """A sentence with a subject begins with an article, 'another', 'no' or 'there'; one without, with a verb."""
    begins = ("the ", "no ", "another ", "there ")
    alone = {reason for reason, words in SENTENCES.items() if words.en.startswith(begins)}

    assert alone == OF_ITS_OWN
    assert all(as_clause(reason).en.startswith((*begins, "this customer ")) for reason in SENTENCES)


def test_what_a_cancelled_run_kept_from_leaving_is_told_in_words(running: House) -> None:
    customer = min(running.touched("announce"))
    running.connection.execute(
        "UPDATE touch SET state = 'cancelled', reason = 'run_cancelled' WHERE step = 'visit' AND customer_id = %s",
        [customer],
    )

    assert "visit 'visit' was cancelled, because its run was cancelled." in story(running, customer)


def test_what_a_parcel_fails_at_is_told(house: House) -> None:
    customer = somebody_with_mail(house)
    house.connection.execute(
        "UPDATE customer SET org_name = U&'\\202EPort' WHERE customer_id = %s", [customer]
    )
    house.start()

    assert "does not compose for this customer: customer.org_name: U+202E." in story(house, customer)


def test_a_story_up_to_a_moment_knows_nothing_of_later(running: House) -> None:
    customer = min(running.touched("visit") & running.touched("announce"))
    then = story(running, customer, NOW + DAY)

    assert "email 'announce' went out" in then and "visit 'visit' has not come due" in then
    assert "visit 'visit' went out" in story(running, customer, NOW + 10 * DAY)


def tried_again(house: House, customer: int) -> dt.datetime:
    """Let a mail that was put off on the first day go out on the third; return when in the database's clock it was put off."""
    touch, first = house.connection.execute(
        "SELECT touch_id, r.created_at + interval '1 day' FROM touch JOIN run r USING (run_id)"
        " WHERE step = 'announce' AND customer_id = %s",
        [customer],
    ).fetchall()[0]
    house.connection.execute("DELETE FROM attempt WHERE touch_id = %s", [touch])
    house.connection.cursor().executemany(
        "INSERT INTO attempt (touch_id, epoch, phase, at, reply) VALUES (%s, %s, %s, %s, %s)",
        [(touch, 1, "ready", first, "busy"), (touch, 2, "accepted", first + 2 * DAY, "queued")],
    )
    house.connection.execute("UPDATE touch SET touched_at = %s WHERE touch_id = %s", [NOW + 3 * DAY, touch])
    assert isinstance(first, dt.datetime)
    return first


def test_a_story_up_to_a_moment_knows_no_later_attempt(running: House) -> None:
    customer = min(running.touched("announce"))
    tried_again(running, customer)

    then = story(running, customer, NOW + 2 * DAY)

    assert "busy" in then and "queued" not in then
    assert "queued" in story(running, customer, NOW + 4 * DAY)


def test_what_left_later_was_ready_at_the_moment(running: House) -> None:
    customer = min(running.touched("announce"))
    tried_again(running, customer)

    assert "email 'announce' is ready to leave." in story(running, customer, NOW + 2 * DAY)
    assert "email 'announce' went out." in story(running, customer, NOW + 4 * DAY)


def test_what_was_cancelled_later_was_planned_at_the_moment(running: House) -> None:
    customer = min(running.touched("visit"))
    running.connection.execute(
        "UPDATE touch SET state = 'cancelled', reason = 'left', touched_at = NULL WHERE step = 'visit' AND customer_id = %s",
        [customer],
    )
    running.connection.execute("DELETE FROM attempt")
    running.connection.execute(
        "UPDATE member SET left_at = %s WHERE customer_id = %s", [NOW + 12 * DAY, customer]
    )

    assert "visit 'visit' is planned." in story(running, customer, NOW + 10 * DAY)
    assert "visit 'visit' was cancelled" in story(running, customer, NOW + 13 * DAY)


def test_an_agreement_is_told_from_its_moment_until_it_was_withdrawn(running: House) -> None:
    customer = min(running.touched("announce"))
    running.connection.execute(
        "INSERT INTO approval (definition_sha, plan_id, role, by, at, signature, withdrawn_at)"
        " SELECT definition_sha, plan_id, 'medical', 'anne', %s, '', %s FROM run",
        [NOW + DAY, NOW + 3 * DAY],
    )

    told = ["approved by anne" in story(running, customer, NOW + days * DAY) for days in (0, 2, 4)]

    assert told == [False, True, False]
    assert "approved by anne" not in story(running, customer)


def test_before_the_run_the_plan_says_where_a_customer_would_stand(house: House) -> None:
    made = house.plan()
    row = house.connection.execute("SELECT members[1] FROM plan_part WHERE part = 'step:announce'").fetchone()
    assert row is not None

    told = story(house, row[0])
    assert f"By plan {made.plan_id}" in told and "reached at once by: announce" in told


def test_nobody_is_told_anything_of_a_campaign_that_was_never_planned(house: House) -> None:
    with pytest.raises(UsageError, match="has not run yet"):
        story(house, 1)
