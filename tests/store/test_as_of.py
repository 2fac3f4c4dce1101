"""The base as it stood: each thing that a segment asks keeps its old form when it changes, and what came late is not known."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest

from engine.model.predicate import read_who
from engine.model.segment import Library, Segment
from engine.store import audience, sql_segments
from engine.store import database as store
from engine.store.database import Connection
from engine.store.segment_role import SqlSegmentFailed


@pytest.fixture(scope="module")
def shared(module_database_url: str) -> Iterator[Connection]:
    """A base in which each test asks for a doctor of its own."""
    with store.connected(module_database_url, purpose="test") as connection:
        yield connection


def one(connection: Connection, statement: str, *values: object) -> Any:
    row = connection.execute(statement, values).fetchone()  # type: ignore[arg-type]
    assert row is not None
    return row[0]


def now(connection: Connection) -> dt.datetime:
    moment: dt.datetime = one(connection, "SELECT clock_timestamp()")
    return moment


def doctor(connection: Connection) -> int:
    """Add another Dr Morel with an address, a role, a territory, a mail that was answered, a visit that is planned, and an order."""
    number = int(one(connection, "INSERT INTO customer (of, kinds, department, sort_name, source) VALUES ('person', '{prescriber}', '44', 'MOREL', 'rpps')"
                                 " RETURNING customer_id"))  # fmt: skip
    hospital = one(
        connection,
        "INSERT INTO customer (of, kinds, sort_name, source) VALUES ('organisation', '{hospital}', 'CHU', 'finess') RETURNING customer_id",
    )
    connection.execute(
        "INSERT INTO territory (territory, name) VALUES ('FR-PL-01', 'Nantes'), ('FR-BR-02', 'Rennes') ON CONFLICT DO NOTHING"
    )
    connection.execute(
        "INSERT INTO contact_point (customer_id, type, value_norm, source) VALUES (%s, 'email', 'claire.morel@example.org', 'crm')",
        [number],
    )
    connection.execute(
        "INSERT INTO affiliation (person_id, organisation_id, role, source) VALUES (%s, %s, 'chef_de_service', 'rpps')",
        [number, hospital],
    )
    connection.execute(
        "INSERT INTO alignment (customer_id, rep_type, territory) VALUES (%s, 'PCR', 'FR-PL-01')", [number]
    )
    connection.execute("INSERT INTO touch (customer_id, channel, state, due_at, touched_at, outcome, outcome_at) VALUES"
                       " (%s, 'visit', 'accepted', now(), now(), 'done', now()), (%s, 'mailing', 'unknown', now(), now(), NULL, NULL)", [number, number])  # fmt: skip
    connection.execute(
        "INSERT INTO response (customer_id, type, at, attribution, source, source_id) VALUES (%s, 'click', now(), 'none', 'web', %s)",
        [number, str(number)],
    )
    order = one(connection, "INSERT INTO orders (source, order_no, customer_id, origin, ordered_at, status, amount_ht) VALUES ('erp', %s, %s, 'web', now(), 'shipped', 600)"
                            " RETURNING order_id", str(number), number)  # fmt: skip
    connection.execute(
        "INSERT INTO order_line (order_id, line_no, brand, units, amount_ht) VALUES (%s, 1, 'HIVERNAX', 40, 600)",
        [order],
    )
    return number


def members(
    connection: Connection, who: dict[str, Any], on: dt.datetime, as_of: dt.datetime | None = None
) -> list[int]:
    segment = Segment(segment="asked", title="", of="person", who=read_who([who]))
    text, values = audience.as_sql(audience.members("asked", Library({"asked": segment}), on=on, as_of=as_of))
    return [row[0] for row in connection.execute(text, values)]


CHANGES = {
    "the customer moves": ({"department": "44"}, "UPDATE customer SET department = '75'"),
    "the address bounces": ({"has_email": True}, "UPDATE contact_point SET status = 'invalid'"),
    "the address goes": ({"has_email": True}, "DELETE FROM contact_point"),
    "the role ends": ({"role": "chef_de_service"}, "DELETE FROM affiliation"),
    "another role": ({"role": "chef_de_service"}, "UPDATE affiliation SET role = 'praticien'"),
    "another territory": ({"territory": "FR-PL-01"}, "UPDATE alignment SET territory = 'FR-BR-02'"),
    "a cancelled order": ({"ordered": {}}, "UPDATE orders SET status = 'cancelled'"),
    "a corrected order": ({"ordered": {"units": {"at_least": 30}}}, "UPDATE order_line SET units = 4"),
    "an order taken back": ({"ordered": {}}, "DELETE FROM order_line; DELETE FROM orders"),
    "a corrected visit": ({"visited": {}}, "UPDATE touch SET outcome = 'not_done' WHERE channel = 'visit'"),
    "a letter that had not left": ({"touched": {"channel": "mailing"}}, "UPDATE touch SET state = 'refused', reason = 'x', touched_at = NULL WHERE state = 'unknown'"),
    "a delivery undone": ({"touched": {}}, "DELETE FROM touch"),
    "a corrected response": ({"responded": {"with": "click"}}, "UPDATE response SET type = 'open_machine'"),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_does_not_reach_the_moment_before_it(shared: Connection, change: str) -> None:
    number, (who, statement) = doctor(shared), CHANGES[change]
    moment = now(shared)
    assert number in members(shared, who, moment)

    shared.execute(statement)  # type: ignore[arg-type]

    assert number in members(shared, who, moment, as_of=moment)
    assert number not in members(shared, who, now(shared))


ARRIVALS: dict[str, tuple[dict[str, Any], str]] = {
    "an order": ({"ordered": {}}, "INSERT INTO orders (source, order_no, customer_id, origin, ordered_at, amount_ht) SELECT 'erp', 'x', customer_id, 'web', now() - interval '40 days', 1 FROM customer WHERE customer_id = %s"),
    "a visit": ({"visited": {}}, "INSERT INTO touch (customer_id, channel, state, due_at, touched_at, outcome, outcome_at)"
                " SELECT customer_id, 'visit', 'accepted', d, d, 'done', d FROM customer, (SELECT now() - interval '40 days') AS t (d) WHERE customer_id = %s"),
    "a response": ({"responded": {}}, "INSERT INTO response (customer_id, type, at, attribution, source, source_id)"
                   " SELECT customer_id, 'click', now() - interval '40 days', 'none', 'web', 'x' FROM customer WHERE customer_id = %s"),
    "an address": ({"has_email": True}, "INSERT INTO contact_point (customer_id, type, value_norm, source) SELECT customer_id, 'email', 'a@example.org', 'crm' FROM customer WHERE customer_id = %s"),
}  # fmt: skip


@pytest.mark.parametrize("arrival", ARRIVALS)
def test_what_was_delivered_late_was_not_known_before(shared: Connection, arrival: str) -> None:
    who, statement = ARRIVALS[arrival]
    number = int(
        one(
            shared,
            "INSERT INTO customer (of, kinds, sort_name, source) VALUES ('person', '{prescriber}', 'MOREL', 'rpps') RETURNING customer_id",
        )
    )
    moment = now(shared)

    shared.execute(statement, [number])  # type: ignore[arg-type]

    assert number in members(shared, who, now(shared))
    assert number not in members(shared, who, moment, as_of=moment)


def test_what_changed_twice_has_each_of_its_forms(database: Connection) -> None:
    number = doctor(database)
    first = now(database)
    database.execute("UPDATE alignment SET territory = 'FR-BR-02'")
    second = now(database)
    database.execute("UPDATE alignment SET territory = 'FR-PL-01'")

    held = [
        members(database, {"territory": "FR-BR-02"}, at, as_of=at) for at in (first, second, now(database))
    ]

    assert held == [[], [number], []]


def test_an_update_that_changes_nothing_leaves_no_version(database: Connection) -> None:
    doctor(database)

    database.execute(
        "UPDATE contact_point SET status = status; UPDATE orders SET status = status; UPDATE touch SET state = state"
    )

    kept = [
        one(database, f"SELECT count(*) FROM {table}")
        for table in ("contact_point_version", "order_version", "touch_version")
    ]
    assert kept == [0, 0, 0]


def test_a_touch_that_goes_its_usual_way_leaves_no_version(database: Connection) -> None:
    number = doctor(database)
    database.execute(
        "INSERT INTO touch (customer_id, channel, state, due_at) VALUES (%s, 'email', 'planned', now())",
        [number],
    )

    for state in ("ready", "claimed", "gated"):
        database.execute("UPDATE touch SET state = %s WHERE channel = 'email'", [state])
    database.execute("UPDATE touch SET state = 'accepted', touched_at = now() WHERE channel = 'email'")

    assert one(database, "SELECT count(*) FROM touch_version") == 0


def test_who_was_erased_is_of_no_past_either(database: Connection) -> None:
    number = doctor(database)
    database.execute("UPDATE contact_point SET status = 'invalid'")
    moment = now(database)

    database.execute("UPDATE customer SET status = 'erased' WHERE customer_id = %s", [number])

    assert members(database, {"kind": "prescriber"}, moment, as_of=moment) == []
    assert one(database, "SELECT count(*) FROM contact_point_version") == 0


def ask(connection: Connection, query: str, moment: dt.datetime) -> set[int]:
    return set(sql_segments.ask(connection, query, at=moment, of_the_past=True))


VIEWS: dict[str, tuple[str, str]] = {
    "v_alignment": ("SELECT customer_id FROM v_alignment WHERE territory = 'FR-PL-01'", "UPDATE alignment SET territory = 'FR-BR-02'"),
    "v_reachable": ("SELECT customer_id FROM v_reachable WHERE type = 'email'", "UPDATE contact_point SET status = 'invalid'"),
    "v_affiliation": ("SELECT person_id AS customer_id FROM v_affiliation", "DELETE FROM affiliation"),
    "v_order": ("SELECT customer_id FROM v_order WHERE status = 'shipped'", "UPDATE orders SET status = 'returned'"),
    "v_order_line": ("SELECT customer_id FROM v_order JOIN v_order_line USING (order_id) WHERE units = 40", "UPDATE order_line SET units = 2"),
    "v_touch": ("SELECT customer_id FROM v_touch WHERE outcome = 'done'", "UPDATE touch SET outcome = 'not_done' WHERE outcome = 'done'"),
    "v_response": ("SELECT customer_id FROM v_response WHERE type = 'click'", "DELETE FROM response"),
}  # fmt: skip


@pytest.mark.parametrize("view", VIEWS)
def test_a_segment_in_sql_reads_the_base_as_it_stood(shared: Connection, view: str) -> None:
    number, (query, statement) = doctor(shared), VIEWS[view]
    moment = now(shared)

    shared.execute(statement)  # type: ignore[arg-type]

    assert number in ask(shared, query, moment)


def test_consent_as_of_a_past_moment_is_refused_and_not_answered_with_that_of_today(
    database: Connection,
) -> None:
    doctor(database)

    with pytest.raises(SqlSegmentFailed, match="known as it is today only"):
        ask(database, "SELECT customer_id FROM v_consent", now(database))


def test_members_of_a_run_do_not_leave_it_before_they_did(database: Connection) -> None:
    number = doctor(database)
    database.execute("INSERT INTO definition (sha, campaign, files) VALUES ('d', 'x', '{}')")
    run = one(
        database,
        "INSERT INTO run (campaign, purpose, slot, slot_at, definition_sha) VALUES ('x', 'commercial', 's', now(), 'd') RETURNING run_id",
    )
    database.execute(
        "INSERT INTO member (run_id, customer_id, held_out, enrolled_at) VALUES (%s, %s, false, now())",
        [run, number],
    )
    moment = now(database)

    database.execute("UPDATE member SET left_at = clock_timestamp()")

    assert ask(database, "SELECT customer_id FROM v_member WHERE left_at IS NULL", moment) == {number}
