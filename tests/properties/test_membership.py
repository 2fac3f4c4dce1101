"""PostgreSQL and Python give the same members: for any predicate, any small base, any moment.

`TOUCHBASE_CASES` says how many cases (`make chaos` asks for 10,000).
"""

import datetime as dt
import os
from collections.abc import Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.model.predicate import read_who
from engine.model.segment import Library, RunScope, Segment
from engine.rules.membership import Asking, belongs, holds
from engine.store import audience
from engine.store import database as store
from engine.store.database import Connection
from tests.properties import small_bases
from tests.properties.small_bases import CATALOGUE, HOSPITAL, ONS, STEPS, ZONES
from tests.properties.written_predicates import PHASES, predicates

CASES = int(os.environ.get("TOUCHBASE_CASES", "300"))
OF = st.sampled_from(("person", "person", "organisation"))
SEEDS = st.lists(st.integers(0, 2**32 - 1), min_size=4, max_size=12)
PLAIN, NESTED, OF_A_RUN = predicates(), predicates(nested=("high-potential",)), predicates(steps=True)


@pytest.fixture(scope="module")
def database(module_database_url: str) -> Iterator[Connection]:
    with store.connected(module_database_url, purpose="test") as connection:
        small_bases.prepare(connection)
        yield connection


def by_sql(
    connection: Connection,
    base: Mapping[int, small_bases.Stored],
    questions: Mapping[str, audience.Members],
) -> dict[str, set[int]]:
    """Return who answers each question, asked of a base that is gone again: one statement, one round trip."""
    together = sa.union_all(
        *(
            sa.select(sa.literal(name, sa.Text), query.subquery(f"q{index}").c.customer_id)
            for index, (name, query) in enumerate(questions.items())
        )
    )
    text, values = audience.as_sql(together)
    found: dict[str, set[int]] = {name: set() for name in questions}
    with connection.pipeline(), connection.transaction(force_rollback=True):
        small_bases.store(connection, base)
        for name, customer in connection.execute(text, values, prepare=False):
            found[name].add(customer)
    return {name: customers - {HOSPITAL} for name, customers in found.items()}


def library_of(
    written: list[dict[str, Any]], inner: list[dict[str, Any]], zone: str, of: str = "person"
) -> Library:
    def segment(name: str, who: list[dict[str, Any]]) -> Segment:
        return Segment.model_validate(
            {"segment": name, "title": name, "of": of, "timezone": zone, "who": who}
        )

    return Library(
        {
            "asked": segment("asked", written),
            "opposite": segment("opposite", [{"not": written}]),
            "high-potential": segment("high-potential", inner),
        },
        CATALOGUE,
    )


relaxed = settings(
    phases=PHASES,
    max_examples=CASES, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
)  # fmt: skip


@relaxed
@given(written=NESTED, inner=PLAIN, seeds=SEEDS, on=st.sampled_from(ONS), zone=st.sampled_from(ZONES), of=OF)
def test_sql_and_python_give_the_same_members(
    database: Connection,
    written: list[dict[str, Any]],
    inner: list[dict[str, Any]],
    seeds: list[int],
    on: dt.datetime,
    zone: str,
    of: str,
) -> None:
    library = library_of(written, inner, zone, of)
    base = {number: small_bases.customer(seed, on) for number, seed in enumerate(seeds, 1)}
    expected = {
        name: {number for number, one in base.items() if belongs(name, one.known, library, on) is True}
        for name in library.segments
    }

    some = [number for number in base if number % 2]  # a sample asks the past of its candidates only
    questions = {name: audience.members(name, library, on=on) for name in expected}
    questions["some"] = audience.members("asked", library, on=on, among=some)

    found = by_sql(database, base, questions)

    assert found == {**expected, "some": expected["asked"] & set(some)}


@relaxed
@given(written=OF_A_RUN, seeds=SEEDS, on=st.sampled_from(ONS))
def test_a_condition_of_a_run_holds_for_the_same_members_in_sql_and_python(
    database: Connection, written: list[dict[str, Any]], seeds: list[int], on: dt.datetime
) -> None:
    scope = RunScope(2, "dermapharm-direct-2026", STEPS)
    library, who = Library({}, CATALOGUE), read_who(written)
    base = {number: small_bases.customer(seed, on) for number, seed in enumerate(seeds, 1)}
    asking = Asking(library, on, ZoneInfo(scope.timezone), scope)
    expected = {number for number, one in base.items() if holds(who, one.known, asking) is True}

    found = by_sql(database, base, {"asked": audience.matching(who, library, scope, on=on)})

    assert found == {"asked": expected}
