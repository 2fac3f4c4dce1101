"""The same file and the same moment give the same customers, whatever came in, was corrected or taken out since."""

import datetime as dt
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.model.segment import Library, Segment
from engine.rules.membership import belongs
from engine.store import audience
from engine.store import database as store
from engine.store.database import Connection
from tests.properties import small_bases
from tests.properties.small_bases import CATALOGUE, Stored
from tests.properties.written_predicates import PHASES, predicates

CASES = max(1, int(os.environ.get("TOUCHBASE_CASES", "300")) // 10)  # each asks five segments of two moments
SEGMENTS = st.lists(predicates(), min_size=5, max_size=5)
_numbers = count(1)


@pytest.fixture(scope="module")
def database(module_database_url: str) -> Iterator[Connection]:
    with store.connected(module_database_url, purpose="test") as connection:
        small_bases.prepare(connection)
        yield connection


def now(connection: Connection) -> dt.datetime:
    row = connection.execute("SELECT clock_timestamp()").fetchone()
    assert row is not None
    moment: dt.datetime = row[0]
    return moment


def asked(connection: Connection, library: Library, ids: set[int], **moments: Any) -> dict[str, set[int]]:
    together = sa.union_all(
        *(
            sa.select(
                sa.literal(name, sa.Text), audience.members(name, library, **moments).subquery().c.customer_id
            )
            for name in library.segments
        )
    )
    text, values = audience.as_sql(together)
    found: dict[str, set[int]] = {name: set() for name in library.segments}
    for name, customer in connection.execute(text, values, prepare=False):
        found[name] |= {customer} & ids
    return found


def change(
    connection: Connection, before: dict[int, Stored], after: dict[int, Stored], chance: Random
) -> None:
    """Make the base another one: facts, addresses, roles, orders; correct what had happened, and add what came late."""
    for number, old in before.items():
        new = after[number]
        facts = new.known.facts
        own = {name: small_bases.in_file(facts[name]) for name in small_bases.COMPANY if name in facts}
        connection.execute(
            "UPDATE customer SET of = %s, kinds = %s, status = %s, specialty_group = %s, department = %s, town = %s, do_not_call = %s,"
            " restricted_brands = %s, facts = %s WHERE customer_id = %s",
            [new.known.of, list(facts["kind"]), "inactive" if facts["status"] == "erased" else facts["status"],  # type: ignore[call-overload]
             facts.get("specialty_group"), facts.get("department"), facts.get("town"), facts["do_not_call"],
             list(facts["restricted_brand"]), json.dumps(own), number],  # type: ignore[call-overload]
        )  # fmt: skip
        for kind, _ in old.points:
            if kind not in dict(new.points):
                connection.execute(
                    "DELETE FROM contact_point WHERE customer_id = %s AND type = %s", [number, kind]
                )
        for kind, status in new.points:
            connection.execute(
                "INSERT INTO contact_point (customer_id, type, value_norm, status, source) VALUES (%s, %s, %s, %s, 'rpps')"
                " ON CONFLICT (customer_id, type, value_norm) DO UPDATE SET status = excluded.status",
                [number, kind, f"{number}-{kind}", status],
            )
        connection.execute("DELETE FROM affiliation WHERE person_id = %s AND role <> ALL (%s::text[])", [number, list(facts["role"])])  # type: ignore[call-overload]  # fmt: skip
        connection.execute("DELETE FROM alignment WHERE customer_id = %s", [number])
        change_past(connection, number, chance)
    late = {
        number + 50: replace(
            one,
            known=replace(
                one.known,
                memberships=(),
                touches=tuple(touch for touch in one.known.touches if touch.run is None),
            ),
        )
        for number, one in after.items()
    }
    small_bases.store(connection, late)
    for table in ("touch", "response", "orders"):  # what came late is told of the customers of before
        connection.execute(
            f"UPDATE {table} SET customer_id = customer_id - 50 WHERE customer_id = ANY (%s)",  # type: ignore[arg-type]
            [list(late)],
        )


def change_past(connection: Connection, number: int, chance: Random) -> None:
    moved = chance.choice(
        [
            "UPDATE touch SET state = 'excluded', reason = 'opted_out', touched_at = NULL WHERE customer_id = %s AND state = 'planned'",
            "UPDATE touch SET state = 'refused', reason = 'x', touched_at = NULL WHERE customer_id = %s AND state = 'unknown'",
            "UPDATE touch SET outcome = 'not_done' WHERE customer_id = %s AND outcome IS NOT NULL",
            "UPDATE touch SET outcome = 'withdrawn', outcome_at = now() WHERE customer_id = %s AND outcome IS NOT NULL",
            "DELETE FROM touch WHERE customer_id = %s",
        ]
    )
    connection.execute(moved, [number])
    connection.execute(
        chance.choice(
            [
                "UPDATE response SET type = 'unsubscribe', value = 0 WHERE customer_id = %s",
                "DELETE FROM response WHERE customer_id = %s",
            ]
        ),
        [number],
    )
    lines = "order_id IN (SELECT order_id FROM orders WHERE customer_id = %s)"
    connection.execute(
        chance.choice(
            [
                f"UPDATE order_line SET units = units + 100, amount_ht = amount_ht * 3 WHERE {lines}",
                f"UPDATE order_line SET brand = 'CARDIANE' WHERE {lines}",
                f"DELETE FROM order_line WHERE {lines}",
            ]
        ),  # type: ignore[arg-type]
        [number],
    )
    connection.execute(
        chance.choice(
            [
                "UPDATE orders SET status = 'cancelled' WHERE customer_id = %s",
                "UPDATE orders SET ordered_at = ordered_at - interval '400 days', amount_ht = 1 WHERE customer_id = %s",
            ]
        ),
        [number],
    )


@settings(
    phases=PHASES,
    max_examples=CASES,
    deadline=None,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.function_scoped_fixture,
    ],
)
@given(written=SEGMENTS, seeds=st.lists(st.integers(0, 2**32 - 1), min_size=4, max_size=8))
def test_a_past_moment_has_the_same_members_after_everything_has_changed(
    database: Connection, written: list[list[dict[str, Any]]], seeds: list[int]
) -> None:
    library = Library(
        {
            f"asked-{at}": Segment.model_validate(
                {"segment": f"asked-{at}", "title": "", "of": "person", "who": who}
            )
            for at, who in enumerate(written)
        },
        CATALOGUE,
    )
    first, start = next(_numbers) * 100, now(database)
    edges = [[start - dt.timedelta(days=days, seconds=1)] for days in (0, 0, 13, 15, 300, 400)]
    before, after = (
        {
            first + at: small_bases.customer(seed + turn, small_bases.ONS[0], edges)
            for at, seed in enumerate(seeds)
        }
        for turn in (0, 1)
    )
    with database.pipeline(), database.transaction():
        small_bases.store(database, before)
    moment, ids = now(database), set(before)
    expected = {
        name: {number for number, one in before.items() if belongs(name, one.known, library, moment) is True}
        for name in library.segments
    }
    then = asked(database, library, ids, on=moment)

    with database.pipeline(), database.transaction():
        change(database, before, after, Random(seeds[0]))

    assert then == expected
    assert asked(database, library, ids, on=now(database), as_of=moment) == expected
