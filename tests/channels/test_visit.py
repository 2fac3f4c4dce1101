"""Visits: the contract, the task, and what the rep's calendar shows."""

import datetime as dt
from pathlib import Path
from typing import Any

import icalendar
import pytest

from channels.visit import channel
from channels.visit.step import Priority, VisitStep
from channels.visit.task import Task, reason
from channels.visit.visits import Visits
from engine.actions.fieldwork import export_tasks
from engine.contract import Addressee, Ending, Failure, Parcel, Refusal
from engine.model.campaign import Offer
from engine.problems import Fault
from engine.testing.examination import examine
from tests.channels.rounds import FILES, ON, VISIT, Rounds, desk

D = dt.date


@pytest.fixture
def visits(tmp_path: Path) -> Visits:
    return channel(desk(tmp_path))


def task(visits: Visits, world: Rounds, **changes: Any) -> Task:
    made = visits.prepare(world.wave("visit", VISIT))(world.addressee("visit", **changes))
    assert isinstance(made, Parcel)
    assert isinstance(made.content, Task)
    return made.content


def handed_over(visits: Visits, world: Rounds, count: int = 3) -> None:
    compose = visits.prepare(world.wave("visit", VISIT))
    made = [compose(world.addressee("visit", place)) for place in range(count)]
    with world.connection.transaction():
        list(
            visits.deliver(
                world.wave("visit", VISIT), [one for one in made if isinstance(one, Parcel)], world.connection
            )
        )


def calendar(world: Rounds, folder: Path) -> list[Any]:
    export_tasks(world.connection, folder, now=ON, link="https://touchbase.example/r/")
    return list(icalendar.Calendar.from_ical((folder / "visits/PCR-01.ics").read_bytes()).walk("VEVENT"))


def test_visits_keep_the_contract(visits: Visits, world: Rounds) -> None:
    with world.connection.transaction():
        receipts = examine(
            visits,
            world.wave("visit", VISIT),
            reachable=world.addressee("visit"),
            unreachable=world.addressee("visit", rep=None),
            transaction=world.connection,
        )

    assert [receipt.ending for receipt in receipts] == [Ending.ACCEPTED] * 2


def test_without_a_rep_there_is_no_visit(visits: Visits, world: Rounds) -> None:
    made = visits.prepare(world.wave("visit", VISIT))(world.addressee("visit", rep=None))

    assert isinstance(made, Failure) and made.reason is Refusal.NO_REP


def test_the_same_visit_handed_over_twice_is_one_task(visits: Visits, world: Rounds) -> None:
    handed_over(visits, world)
    handed_over(visits, world)

    assert world.connection.execute("SELECT count(*) FROM visit_task").fetchone() == (3,)


def test_a_task_is_called_as_outside_systems_will_call_it(visits: Visits, world: Rounds) -> None:
    assert task(visits, world).task_id == f"TB-hivernax-2026-{world.run}-visit-{world.customers[0]}"


def at(day: int, month: int = 10, **entry: Any) -> dict[str, Any]:
    return {"at": dt.datetime(2026, month, day, 9, tzinfo=dt.UTC), "channel": None, "response": None, **entry}


@pytest.mark.parametrize(
    ("history", "said"),
    [
        (
            [at(12, response="click"), at(11, channel="email"), at(15, 6, channel="visit", outcome="done")],
            "a cliqué l'e-mail du 12/10 ; non vu depuis 120 j",
        ),
        ([at(11, channel="email")], "a reçu l'e-mail du 11/10, sans réponse ; aucune visite connue"),
        ([at(11, response="order")], "a commandé le 11/10 ; aucune visite connue"),
        ([at(13, response="visit_outcome")], "vu aujourd'hui"),
        ([at(12, channel="visit", outcome="not_done")], "aucune visite connue"),
        ([], "HIVERNAX ; premier contact"),
    ],
)
def test_the_reason_says_what_happened_last_and_when_the_customer_was_seen(
    history: list[dict[str, Any]], said: str
) -> None:
    assert reason(history, D(2026, 10, 13), "HIVERNAX") == said


def test_a_window_opens_and_closes_on_working_days(visits: Visits, world: Rounds) -> None:
    sunday = world.wave(
        "visit", VISIT, on=dt.datetime(2026, 10, 31, 9, tzinfo=dt.UTC)
    )  # a Saturday; then All Saints
    addressee = world.addressee("visit")
    last = Addressee(
        addressee.touch, addressee.customer, None, ON, dt.datetime(2026, 11, 11, 12, tzinfo=dt.UTC)
    )
    made = visits.prepare(sunday)(last)
    assert isinstance(made, Parcel)

    assert (made.content.not_before, made.content.due_on) == (D(2026, 11, 2), D(2026, 11, 10))


def test_a_step_without_until_leaves_the_rep_its_own_time(visits: Visits, world: Rounds) -> None:
    assert task(visits, world).due_on == D(2026, 10, 27)


@pytest.mark.parametrize(
    ("value", "priority"), [(5, 100), (4, 80), (1, 20), (0, 1), (9, 100), ("A", 100), ("c", 30), (None, 50)]
)
def test_the_highest_value_of_a_fact_makes_the_highest_priority(value: object, priority: int) -> None:
    assert Priority(by="potential").of(value) == priority


def test_the_points_are_filled_for_the_customer(visits: Visits, world: Rounds) -> None:
    assert "Dr Claire Morel" in task(visits, world).content["points"][0]


def test_the_offer_of_the_cell_is_on_the_task(visits: Visits, world: Rounds) -> None:
    wave = world.wave("visit", VISIT)
    offer = Offer.model_validate({"code": "DPD26-A", "discount": "10%", "label": "10 % de remise"})
    addressee = world.addressee("visit")
    made = visits.prepare(type(wave)(wave.run_id, wave.campaign, "visit", VISIT, {"a": offer}, FILES, ON))(
        Addressee(addressee.touch, addressee.customer, "a", ON)
    )
    assert isinstance(made, Parcel)

    assert made.content.content["offer"] == {
        "code": "DPD26-A",
        "discount": "10\xa0%",
        "label": "10 % de remise",
    }


def test_a_known_phone_is_not_asked_for(visits: Visits, world: Rounds) -> None:
    asked = task(visits, world).content["missing"], task(visits, world, phone=None).content["missing"]

    assert ["phone" in words for words in asked] == [False, True]


def test_points_that_do_not_exist_are_a_fault_at_their_place(visits: Visits) -> None:
    step = VisitStep.model_validate(
        {"channel": "visit", "task": {"reps": "PCR", "talking_points": "hivernax/point"}}
    )

    [fault] = visits.check(step, FILES)

    assert (
        isinstance(fault, Fault)
        and fault.path == ("task", "talking_points")
        and "hivernax/points" in fault.remedy.en
    )


def test_nothing_may_stand_behind_drop(visits: Visits) -> None:
    step = VisitStep.model_validate(
        {
            "channel": "visit",
            "task": {"reps": "PCR", "talking_points": "hivernax/points", "overflow": ["drop", "defer"]},
        }
    )

    [fault] = visits.check(step, FILES)

    assert isinstance(fault, Fault) and fault.path == ("task", "overflow", 1)


def test_an_unscheduled_task_is_an_event_of_the_day_it_is_due(
    visits: Visits, world: Rounds, tmp_path: Path
) -> None:
    handed_over(visits, world, 1)
    [event] = calendar(world, tmp_path)

    assert (event["DTSTART"].dt, event["TRANSP"], event["STATUS"]) == (
        D(2026, 10, 27),
        "TRANSPARENT",
        "CONFIRMED",
    )
    assert event["UID"] == f"TB-hivernax-2026-{world.run}-visit-{world.customers[0]}"


def test_a_scheduled_task_is_an_event_at_its_hour_in_paris(
    visits: Visits, world: Rounds, tmp_path: Path
) -> None:
    handed_over(visits, world, 1)
    world.connection.execute(
        "UPDATE visit_task SET status = 'scheduled', scheduled_at = '2026-10-20 12:30+00', sequence = 1"
    )
    [event] = calendar(world, tmp_path)

    assert event.to_ical().decode().count("DTSTART;TZID=Europe/Paris:20261020T143000") == 1
    assert "BEGIN:VTIMEZONE" in (tmp_path / "visits/PCR-01.ics").read_text()


def test_a_withdrawn_task_is_cancelled_under_the_same_name(
    visits: Visits, world: Rounds, tmp_path: Path
) -> None:
    handed_over(visits, world, 1)
    [before] = calendar(world, tmp_path)
    world.connection.execute(
        "UPDATE visit_task SET status = 'withdrawn', sequence = sequence + 1, changed_at = %s", [ON]
    )
    [after] = calendar(world, tmp_path)

    assert (after["UID"], after["STATUS"]) == (before["UID"], "CANCELLED")
    assert after["SEQUENCE"] > before["SEQUENCE"]


def test_a_second_export_is_the_same_file(visits: Visits, world: Rounds, tmp_path: Path) -> None:
    handed_over(visits, world)
    calendar(world, tmp_path)
    first = {path.name: path.read_bytes() for path in (tmp_path / "visits").iterdir()}
    calendar(world, tmp_path)

    assert {path.name: path.read_bytes() for path in (tmp_path / "visits").iterdir()} == first


def test_the_reps_table_shows_open_tasks_only(visits: Visits, world: Rounds, tmp_path: Path) -> None:
    handed_over(visits, world)
    world.connection.execute(
        "UPDATE visit_task SET status = 'withdrawn', changed_at = %s WHERE customer_id = %s",
        [ON, world.customers[0]],
    )
    export_tasks(world.connection, tmp_path, now=ON)
    lines = (tmp_path / "visits/PCR-01.csv").read_text("utf-8-sig").splitlines()

    assert len(lines) == 3 and '"01 99 00 00 42"' in lines[1]


def test_a_rep_who_has_nothing_gets_no_file(visits: Visits, world: Rounds, tmp_path: Path) -> None:
    """A calendar without entries is none (RFC 5545)."""
    world.connection.execute(
        "INSERT INTO rep (code, first_name, last_name, email, rep_type) VALUES ('PCR-02', 'Ana', 'Roux', 'ana@example.org', 'PCR')"
    )
    handed_over(visits, world)
    export_tasks(world.connection, tmp_path, now=ON)

    assert sorted(path.name for path in (tmp_path / "visits").glob("[!.]*")) == ["PCR-01.csv", "PCR-01.ics"]


def test_the_files_of_a_rep_whose_tasks_are_all_over_go(
    visits: Visits, world: Rounds, tmp_path: Path
) -> None:
    handed_over(visits, world)
    export_tasks(world.connection, tmp_path, now=ON)
    world.connection.execute("UPDATE visit_task SET status = 'done', changed_at = %s", [ON])
    exported = export_tasks(world.connection, tmp_path, now=ON)

    assert (exported.reps, list((tmp_path / "visits").iterdir())) == (0, [])


def test_what_a_rep_is_to_find_out_stands_in_french_in_table_and_calendar(
    visits: Visits, world: Rounds, tmp_path: Path
) -> None:
    handed_over(visits, world, 1)
    world.connection.execute(
        """UPDATE visit_task SET content = content || '{"missing": ["interlocutor", "hours"],'
           '"last_touches": [{"at": "2026-10-12T09:00", "what": "mailing"}]}'"""
    )
    [entry] = calendar(world, tmp_path)
    table = (tmp_path / "visits/PCR-01.csv").read_text("utf-8-sig")

    assert "À compléter : interlocuteur, horaires" in entry["DESCRIPTION"]
    assert "interlocuteur, horaires" in table and "2026-10-12 courrier" in table


def test_a_rep_code_is_no_path(visits: Visits, world: Rounds, tmp_path: Path) -> None:
    handed_over(visits, world)
    world.connection.execute("UPDATE rep SET code = '../PCR-01'")
    export_tasks(world.connection, tmp_path / "out", now=ON)

    assert sorted(path.name for path in tmp_path.rglob("*.csv")) == ["___PCR-01.csv"]
