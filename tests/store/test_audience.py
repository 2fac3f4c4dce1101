"""Segments answered by PostgreSQL, one claim each; that they agree with Python is held by tests/properties."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from engine.loading.segments import load
from engine.model.clauses import All
from engine.model.predicate import read_who
from engine.model.segment import Library, RunScope
from engine.store import audience
from engine.store.database import Connection

ON = dt.datetime(2026, 3, 3, 9, 30, tzinfo=dt.UTC)
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def library() -> Library:
    library, problems = load(ROOT / "segments")
    assert problems == []
    return library


def customer(database: Connection, of: str, kind: str, **columns: Any) -> int:
    given = {"of": of, "kinds": [kind], "sort_name": "MOREL CLAIRE", "source": "rpps", **columns}
    names, marks = ", ".join(given), ", ".join(f"%({key})s" for key in given)
    row = database.execute(
        f"INSERT INTO customer ({names}) VALUES ({marks}) RETURNING customer_id", given
    ).fetchone()  # type: ignore[arg-type]
    assert row is not None
    return int(row[0])


def pharmacy(database: Connection, **columns: Any) -> int:
    return customer(database, "organisation", "pharmacy", **{"department": "44", **columns})


def ordered(database: Connection, customer_id: int, days_ago: int, status: str = "shipped") -> None:
    database.execute(
        "INSERT INTO orders (source, order_no, customer_id, origin, ordered_at, status, amount_ht)"
        " VALUES ('erp', %s, %s, 'web', %s, %s, 120)",
        [f"{customer_id}-{days_ago}-{status}", customer_id, ON - dt.timedelta(days=days_ago), status],
    )


def touched(database: Connection, customer_id: int, **columns: Any) -> None:
    given = {
        "customer_id": customer_id,
        "channel": "email",
        "state": "accepted",
        "due_at": ON,
        "touched_at": ON,
        **columns,
    }
    names, marks = ", ".join(given), ", ".join(f"%({key})s" for key in given)
    database.execute(f"INSERT INTO touch ({names}) VALUES ({marks})", given)  # type: ignore[arg-type]


def answered(database: Connection, query: audience.Members) -> list[int]:
    text, values = audience.as_sql(query)
    return sorted(row[0] for row in database.execute(text, values))


def condition(
    database: Connection, library: Library, written: list[dict[str, Any]], scope: RunScope | None = None
) -> list[int]:
    who = read_who(written)
    assert isinstance(who, All)
    return answered(database, audience.matching(who, library, scope, on=ON))


def test_a_pharmacy_whose_only_order_was_cancelled_has_not_ordered(
    database: Connection, library: Library
) -> None:
    client, cancelled = pharmacy(database), pharmacy(database)
    ordered(database, client, 30)
    ordered(database, cancelled, 30, "cancelled")

    found = answered(database, audience.members("pharmacies-24m", library, on=ON))

    assert found == [client]


def test_a_merged_record_is_of_no_segment(database: Connection, library: Library) -> None:
    kept = pharmacy(database)
    pharmacy(database, status="merged", merged_into=kept)

    assert answered(database, audience.members("pharmacies-metro", library, on=ON)) == [kept]


def test_an_unknown_department_is_not_outside_the_listed_ones(database: Connection, library: Library) -> None:
    pharmacy(database, department=None)

    assert answered(database, audience.members("pharmacies-metro", library, on=ON)) == []


def test_a_fact_of_the_wrong_type_is_unknown_and_stops_nobody(database: Connection, library: Library) -> None:
    known = customer(database, "person", "prescriber", facts='{"potential": 5}')
    customer(database, "person", "prescriber", facts='{"potential": "cinq"}')

    assert answered(database, audience.members("high-potential", library, on=ON)) == [known]


@pytest.fixture
def run_id(database: Connection) -> int:
    database.execute(
        "INSERT INTO definition (sha, campaign, files) VALUES ('d', 'dermapharm-direct-2026', '{}')"
    )
    row = database.execute(
        "INSERT INTO run (campaign, purpose, slot, slot_at, definition_sha)"
        " VALUES ('dermapharm-direct-2026', 'commercial', '2026-03-03T09:30[Europe/Paris]', %s, 'd') RETURNING run_id",
        [ON],
    ).fetchone()
    assert row is not None
    return int(row[0])


def test_an_order_before_the_step_is_no_order_since_the_step(
    database: Connection, library: Library, run_id: int
) -> None:
    before, after = pharmacy(database), pharmacy(database)
    for one in (before, after):
        touched(database, one, run_id=run_id, campaign="dermapharm-direct-2026", step="announce",
                due_at=ON - dt.timedelta(days=5), touched_at=ON - dt.timedelta(days=5))  # fmt: skip
    ordered(database, before, 6)
    ordered(database, after, 4)
    scope = RunScope(run_id, "dermapharm-direct-2026", ("announce", "reminder"))

    assert condition(database, library, [{"ordered": {"since": "announce"}}], scope) == [after]


def test_a_step_of_another_run_does_not_answer_for_this_one(
    database: Connection, library: Library, run_id: int
) -> None:
    reached, other = pharmacy(database), pharmacy(database)
    touched(database, reached, run_id=run_id, campaign="dermapharm-direct-2026", step="announce")
    touched(database, other, campaign="dermapharm-direct-2026")
    scope = RunScope(run_id, "dermapharm-direct-2026", ("announce",))

    assert condition(database, library, [{"no_response": {"to": "announce"}}], scope) == [reached]


def test_each_entry_of_exit_lets_people_go(database: Connection, library: Library, run_id: int) -> None:
    buyer, blocked, neither = (
        pharmacy(database),
        pharmacy(database, credit_status="blocked"),
        pharmacy(database),
    )
    ordered(database, buyer, 1)
    who = read_who([{"ordered": {"within": "10 days"}}, {"credit_status": "blocked"}])
    assert isinstance(who, All)

    gone = answered(
        database, audience.leaving(who, library, RunScope(run_id, "dermapharm-direct-2026"), on=ON)
    )

    assert gone == [buyer, blocked]
    assert neither not in gone
