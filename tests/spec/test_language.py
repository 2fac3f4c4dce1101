"""Each row of the language's table holds on PostgreSQL and on the plain reference; the manual's page is this table."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engine.loading.source import parse, plain
from engine.model.clauses import All, Not
from engine.model.predicate import read_who
from engine.model.segment import Library, RunScope, Segment
from engine.rules.membership import Asking, belongs, holds
from engine.store import audience, sql_segments
from engine.store import database as store
from engine.store.database import Connection
from tests.properties import small_bases
from tests.spec import known_base
from tests.spec.known_base import CUSTOMERS, NUMBERS, ON
from tests.spec.language import CHAPTERS, SLIPS, Row, Slip
from tests.spec.page import page

ROOT = Path(__file__).parents[2]
ROWS = [row for chapter in CHAPTERS for row in chapter.rows]
SCOPE = RunScope(2, "dermapharm-direct-2026", ("announce", "visit"))


@pytest.fixture(scope="module")
def library() -> Library:
    return known_base.library()


@pytest.fixture(scope="module")
def base(module_database_url: str, library: Library) -> Iterator[Connection]:
    with store.connected(module_database_url, purpose="test") as connection:
        small_bases.prepare(connection)
        small_bases.store(connection, known_base.stored())
        connection.execute(
            "UPDATE customer SET credit_status = 'dunning' WHERE customer_id = %s", [NUMBERS["Sainte-Anne"]]
        )
        sql_segments.answer(connection, library, ["two-orders"], on=ON)
        yield connection


def names(text: str) -> set[str]:
    return {name.strip() for name in text.split(",") if name.strip()}


def who(row: Row) -> All:
    source, problems = parse(f"who:\n{_indented(row.written)}", "row")
    assert problems == [] and source is not None and source.root is not None
    return read_who(plain(source.root["who"]))


def _indented(written: str) -> str:
    lines = written.splitlines()
    if not lines[0].startswith("- "):
        lines = [f"- {lines[0]}", *(f"  {line}" for line in lines[1:])]
    return "\n".join(f"  {line}" for line in lines)


def with_asked(library: Library, row: Row) -> Library:
    def made(asked: All) -> Segment:
        return Segment(segment="asked", title="", of=row.of, who=asked, timezone=row.zone)  # type: ignore[arg-type]

    asked = who(row)
    return replace(
        library,
        segments={**library.segments, "asked": made(asked), "opposite": made(All((Not(asked),)))},
    )


def by_python(library: Library, row: Row) -> dict[bool | None, set[str]]:
    found: dict[bool | None, set[str]] = {True: set(), False: set(), None: set()}
    for name, known in CUSTOMERS.items():
        if known.of != row.of:
            continue
        known = replace(known, answers={"two-orders": name in known_base.SQL_ANSWERS["two-orders"]})
        if row.in_run:
            answer = holds(who(row), known, Asking(library, ON, ZoneInfo(row.zone), SCOPE))
        else:
            answer = belongs("asked", known, library, ON)
        found[answer].add(name)
    return found


def by_sql(connection: Connection, query: audience.Members, of: str) -> set[str]:
    text, values = audience.as_sql(query)
    found = {int(row[0]) for row in connection.execute(text, values)}
    return {name for name, number in NUMBERS.items() if number in found and CUSTOMERS[name].of == of}


@pytest.mark.parametrize("row", ROWS, ids=[" ".join(row.written.split()) for row in ROWS])
def test_who_is_in(base: Connection, library: Library, row: Row) -> None:
    whole = with_asked(library, row)
    expected: dict[Any, set[str]] = {True: names(row.inside), None: names(row.unknown)}
    expected[False] = (
        {name for name in CUSTOMERS if CUSTOMERS[name].of == row.of} - expected[True] - expected[None]
    )

    if row.in_run:
        inside = by_sql(base, audience.matching(who(row), library, SCOPE, on=ON), row.of)
        outside = by_sql(base, audience.matching(Not(who(row)), library, SCOPE, on=ON), row.of)
    else:
        inside = by_sql(base, audience.members("asked", whole, on=ON), row.of)
        outside = by_sql(base, audience.members("opposite", whole, on=ON), row.of)

    assert by_python(whole, row) == expected
    assert (inside, outside) == (expected[True], expected[False])


@pytest.mark.parametrize("slip", SLIPS, ids=[" ".join(slip.written.split()) for slip in SLIPS])
def test_what_is_refused_is_said_with_its_place_and_the_way_out(slip: Slip) -> None:
    text = f"segment: asked\ntitle: Demandés\nof: {slip.of}\nwho:\n{slip.written}\n"

    problems = known_base.checked(text)

    said = [
        (f"{problem.span.line}:{problem.span.column}: {problem.what.en}", problem.remedy.en)
        for problem in problems
    ]
    assert [what for what, _ in said] == [slip.said]
    assert said[0][1].startswith(slip.remedy)


def test_every_form_of_the_language_has_a_row() -> None:
    from engine.model.clauses import Verb
    from engine.model.predicate import FORMS, HISTORY_KEYS, NESTING

    text = "\n".join(row.written for row in ROWS)
    forms = {*map(str, Verb), *FORMS, *NESTING, *(key for keys in HISTORY_KEYS.values() for key in keys)}

    assert {form for form in forms if f"{form}:" not in text} == set()


def test_the_manual_says_what_the_table_says() -> None:
    kept = (ROOT / "docs" / "manual" / "segments.md").read_text(encoding="utf-8")

    assert kept == page(), "run: python -m tests.spec.page"
