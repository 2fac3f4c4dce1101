"""PostgreSQL and Python give the same members: for any predicate, any small base, any moment.

`TOUCHBASE_CASES` says how many cases (`make chaos` asks for 10,000). The moments lie on the edges of
the windows, on leap days and on the nights in which clocks change: that is where two readings differ.
"""

import datetime as dt
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from engine.model.facts import BUILT_IN, Catalogue, Fact, Type
from engine.model.predicate import read_who
from engine.model.segment import Library, RunScope, Segment
from engine.problems import Say
from engine.rules.membership import (
    Asking,
    CustomerKnown,
    PastLine,
    PastMembership,
    PastOrder,
    PastResponse,
    PastTouch,
    belongs,
    holds,
)
from engine.store import audience
from engine.store import database as store
from engine.store.database import Connection

CASES = int(os.environ.get("TOUCHBASE_CASES", "300"))
# Shrinking asks the database thousands of times; a first look is quicker without it.
PHASES = [
    phase
    for phase in Phase
    if phase is not Phase.explain and not (phase is Phase.shrink and "TOUCHBASE_NO_SHRINK" in os.environ)
]

BRANDS = ("HIVERNAX", "DERMAPHARM")
CAMPAIGNS = ("hivernax-2025", "dermapharm-direct-2026")
STEPS = ("announce", "visit")
CHANNELS = ("email", "visit", "call", "mailing")
TOWNS = ("NANTES", "Nantes", "SAINT-MALO", "100% SUD", "L_ORIENT", "É", "")
COMPANY = {
    fact.name: fact
    for fact in (
        Fact("potential", Say("", ""), Type.NUMBER, company=True),
        Fact("last_congress", Say("", ""), Type.DATE, company=True),
        Fact("network", Say("", ""), company=True),
        Fact("is_key_account", Say("", ""), Type.BOOLEAN, company=True),
    )
}
CATALOGUE = Catalogue({**BUILT_IN, **COMPANY})

ONS = (
    dt.datetime(2026, 3, 29, 1, 0, tzinfo=dt.UTC),  # the hour that Paris leaps over
    dt.datetime(2026, 10, 25, 0, 30, tzinfo=dt.UTC),  # the hour that Paris has twice
    dt.datetime(2028, 2, 29, 23, 30, tzinfo=dt.UTC),  # a leap day, already over in Paris
    dt.datetime(2026, 3, 3, 8, 30, tzinfo=dt.UTC),
)
WITHIN = (dt.timedelta(days=14), dt.timedelta(days=365), dt.timedelta(hours=1))
DAYS = (
    dt.date(2026, 3, 29),
    dt.date(2026, 10, 25),
    dt.date(2028, 2, 29),
    dt.date(2025, 3, 3),
    dt.date(2026, 2, 17),
)
ZONES = ("Europe/Paris", "Indian/Reunion", "America/Martinique")
TICK = dt.timedelta(microseconds=1)


def midnights() -> list[dt.datetime]:
    from zoneinfo import ZoneInfo

    return [
        dt.datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(dt.UTC)
        for day in DAYS
        for zone in ZONES
    ]


EDGES = [*ONS, *(on - length for on in ONS for length in WITHIN), *midnights()]


def moments() -> st.SearchStrategy[dt.datetime]:
    return st.builds(
        lambda edge, tick: edge + tick * TICK, st.sampled_from(EDGES), st.sampled_from([-1, 0, 0, 1])
    )


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


def some(words: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    return st.sampled_from(words) | st.lists(st.sampled_from(words), min_size=1, max_size=3)


# What people write.

NUMBERS = st.sampled_from([0, 1, 2, 3, 5, 2.5, -1])
BOUNDS = st.sampled_from(
    [{"at_least": 1}, {"at_least": 30}, {"at_most": 30}, {"at_most": 0}, {"above": 0}, {"below": 1}, {"at_least": 10, "below": 40}, {"above": 120.5}]
)  # fmt: skip
TIMES = st.sampled_from(
    [{}, {}, {"at_least": 1}, {"at_least": 2}, {"at_most": 0}, {"at_most": 1}, {"at_least": 1, "at_most": 1}]
)


def facts() -> st.SearchStrategy[dict[str, Any]]:
    return st.one_of(
        _fact("kind", some(("prescriber", "pharmacist", "expert"))),
        _fact("specialty_group", some(("GP", "CARDIO"))),
        _fact("department", some(("44", 1, "2A"))),
        _fact("restricted_brand", some(BRANDS), missing=False),
        _fact("network", some(("GIROPHARM", "")), missing=True),
        _fact("potential", NUMBERS | st.lists(NUMBERS, min_size=1, max_size=2), compare=("at_least", "at_most", "above", "below"), limits=NUMBERS),
        _fact("last_congress", some((dt.date(2026, 3, 3), dt.date(2028, 2, 29), "today")), compare=("before", "after", "at_least", "at_most"),
              limits=st.sampled_from([dt.date(2026, 3, 29), dt.date(2028, 2, 29), "today", "today - 14 days", "today + 1 days"])),
        _fact("is_key_account", st.booleans()),
        _fact("do_not_call", st.booleans(), missing=False),
        _fact("has_email", st.booleans() | st.just([True, False]), missing=False),
        _fact("role", some(("titulaire", "adjoint")), missing=False),
        _fact("territory", some(("FR-PL-01", "FR-BR-02")), missing=False),
        _fact("town", some(TOWNS), compare=("like",), limits=st.sampled_from(["NAN*", "saint-????", "100%*", "l_*", "*", "?", "é", "*s"])),
    )  # fmt: skip


def _fact(
    name: str,
    values: st.SearchStrategy[Any],
    *,
    missing: bool = True,
    compare: tuple[str, ...] = (),
    limits: st.SearchStrategy[Any] | None = None,
) -> st.SearchStrategy[dict[str, Any]]:
    forms = [values, st.builds(lambda value: {"not_in": value}, values)]
    if missing:
        forms.append(st.builds(lambda flag: {"missing": flag}, st.booleans()))
    if compare and limits is not None:
        forms.append(st.builds(lambda op, limit: {op: limit}, st.sampled_from(compare), limits))
    return st.builds(lambda form: {name: form}, st.one_of(*forms))


def windows(steps: bool) -> st.SearchStrategy[dict[str, Any]]:
    days: st.SearchStrategy[Any] = st.sampled_from(DAYS)
    if steps:
        days = days | st.sampled_from(STEPS)
    return st.one_of(
        st.just({}),
        st.builds(
            lambda length: {"within": f"{int(length.total_seconds() // 3600)} h"}, st.sampled_from(WITHIN)
        ),
        st.builds(lambda day: {"since": day}, days),
        st.builds(lambda day: {"before": day}, days),
    )


@st.composite
def happenings(draw: st.DrawFn, steps: bool) -> dict[str, Any]:
    verb = draw(
        st.sampled_from(
            ["touched", "visited", "called", "responded", "no_response", "ordered", "excluded", "enrolled"]
        )
    )
    names = CAMPAIGNS + (STEPS if steps else ())
    to = "to" if verb in ("responded", "no_response") else "campaign"
    written: dict[str, Any] = dict(draw(windows(steps)))
    if verb != "no_response":
        written |= draw(TIMES)
    elif draw(st.booleans()):
        written["with"] = draw(some(("click", "open", "open_machine")))
    if verb == "ordered":
        if draw(st.booleans()):
            written["units"] = draw(BOUNDS)
        if draw(st.booleans()):
            written["amount"] = draw(BOUNDS)
    elif verb == "no_response" or draw(st.booleans()):
        written[to] = draw(some(names))
    if verb == "responded":
        if draw(st.booleans()):
            written["with"] = draw(some(("click", "open", "unsubscribe")))
        if draw(st.booleans()):
            written["amount"] = draw(BOUNDS)
    if verb == "excluded" and draw(st.booleans()):
        written["because"] = draw(some(("no_consent", "opted_out")))
    if verb == "enrolled" and draw(st.booleans()):
        written["cell"] = draw(some(("discount", "free_goods")))
    if verb not in ("ordered", "visited", "called", "enrolled") and draw(st.booleans()):
        written["channel"] = draw(some(CHANNELS))
    if draw(st.booleans()):
        written["brand"] = draw(some(BRANDS))
    if verb not in ("ordered", "enrolled") and to in written and not steps and draw(st.booleans()):
        written["step"] = draw(some(STEPS))
    return {verb: written}


def predicates(
    *, steps: bool = False, nested: tuple[str, ...] = ()
) -> st.SearchStrategy[list[dict[str, Any]]]:
    leaf: st.SearchStrategy[dict[str, Any]] = facts() | happenings(steps)
    if nested:
        leaf = leaf | st.builds(
            lambda key, name: {key: name}, st.sampled_from(["in", "not_in"]), some(nested)
        )

    def combined(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
        return st.builds(
            lambda key, parts: {key: parts},
            st.sampled_from(["all", "any", "not"]),
            st.lists(inner, min_size=1, max_size=3),
        )

    return st.lists(st.recursive(leaf, combined, max_leaves=5), min_size=1, max_size=3)


# Small bases.


@dataclass(frozen=True)
class Stored:
    known: CustomerKnown
    points: tuple[tuple[str, str], ...]


@st.composite
def customers(draw: st.DrawFn) -> Stored:
    known: dict[str, Any] = {
        "status": draw(st.sampled_from(["active", "active", "active", "erased"])),
        "kind": tuple(
            draw(st.lists(st.sampled_from(["prescriber", "pharmacist", "expert"]), max_size=2, unique=True))
        ),
        "restricted_brand": tuple(draw(st.lists(st.sampled_from(BRANDS), max_size=2, unique=True))),
        "do_not_call": draw(st.booleans()),
        "specialty_group": draw(maybe(st.sampled_from(["GP", "CARDIO", "SM15"]))),
        "department": draw(maybe(st.sampled_from(["44", "01", "2A", "75"]))),
        "town": draw(maybe(st.sampled_from(TOWNS))),
        "potential": draw(maybe(NUMBERS.map(lambda number: Decimal(str(number))))),
        "last_congress": draw(
            maybe(
                st.sampled_from(
                    [dt.date(2026, 3, 3), dt.date(2026, 3, 29), dt.date(2028, 2, 29), dt.date(2028, 3, 1)]
                )
            )
        ),
        "network": draw(maybe(st.sampled_from(["GIROPHARM", "", "PHARMACTIV"]))),
        "is_key_account": draw(maybe(st.booleans())),
        "role": tuple(draw(st.lists(st.sampled_from(["titulaire", "adjoint"]), max_size=2, unique=True))),
        "territory": tuple(draw(st.lists(st.sampled_from(["FR-PL-01", "FR-BR-02"]), max_size=1))),
    }
    points = tuple(draw(st.lists(st.tuples(st.sampled_from(["email", "postal"]), st.sampled_from(["valid", "invalid"])), max_size=2,
                                 unique_by=lambda point: point[0])))  # fmt: skip
    known["has_email"] = ("email", "valid") in points
    known["has_postal"] = ("postal", "valid") in points
    known["has_phone"] = False
    return Stored(
        CustomerKnown(
            draw(st.sampled_from(["person", "person", "person", "organisation"])),
            {name: value for name, value in known.items() if value is not None},
            tuple(draw(st.lists(touches(), max_size=4, unique_by=lambda touch: (touch.run, touch.step, touch.channel) if touch.run else id(touch)))),
            tuple(draw(st.lists(responses(), max_size=4))),
            tuple(draw(st.lists(orders(), max_size=3))),
            tuple(draw(st.lists(memberships(), max_size=2, unique_by=lambda member: member.run))),
        ),
        points,
    )  # fmt: skip


RUNS = {1: ("hivernax-2025", "HIVERNAX"), 2: ("dermapharm-direct-2026", "DERMAPHARM")}


@st.composite
def touches(draw: st.DrawFn) -> PastTouch:
    state = draw(
        st.sampled_from(
            [
                "accepted",
                "accepted",
                "accepted",
                "excluded",
                "gated",
                "unknown",
                "planned",
                "refused",
                "expired",
            ]
        )
    )
    run = draw(maybe(st.sampled_from(sorted(RUNS))))
    campaign, brand = (
        RUNS[run] if run else (draw(maybe(st.sampled_from(CAMPAIGNS))), draw(maybe(st.sampled_from(BRANDS))))
    )
    outcome = draw(maybe(st.sampled_from(["done", "withdrawn", "not_done"])))
    return PastTouch(
        draw(st.sampled_from(CHANNELS)), state, draw(moments()),
        draw(moments()) if state == "accepted" else draw(maybe(moments())) if state in ("gated", "unknown") else None,
        campaign, draw(st.sampled_from(STEPS)) if run else None, run, brand,
        draw(st.sampled_from(["no_consent", "opted_out"])) if state in ("excluded", "refused") else None,
        outcome, draw(maybe(moments())) if outcome else None, draw(st.sampled_from(["out", "out", "out", "in"])),
    )  # fmt: skip


@st.composite
def responses(draw: st.DrawFn) -> PastResponse:
    run = draw(maybe(st.sampled_from(sorted(RUNS))))
    campaign, brand = (
        RUNS[run] if run else (draw(maybe(st.sampled_from(CAMPAIGNS))), draw(maybe(st.sampled_from(BRANDS))))
    )
    return PastResponse(
        draw(st.sampled_from(["click", "open", "open_machine", "unsubscribe", "order"])), draw(moments()), campaign,
        draw(maybe(st.sampled_from(STEPS))), run, draw(maybe(st.sampled_from(CHANNELS))), brand,
        draw(maybe(st.sampled_from([Decimal("0"), Decimal("30"), Decimal("120.50")]))),
    )  # fmt: skip


@st.composite
def orders(draw: st.DrawFn) -> PastOrder:
    lines = draw(
        st.lists(
            st.builds(PastLine, maybe(st.sampled_from(BRANDS)), st.sampled_from([0, 1, 10, 30]), st.sampled_from([Decimal("0"), Decimal("30"), Decimal("120.50")])),
            max_size=2,
        )
    )  # fmt: skip
    return PastOrder(
        draw(st.sampled_from(["shipped", "submitted", "cancelled", "draft"])), draw(moments()), tuple(lines)
    )


@st.composite
def memberships(draw: st.DrawFn) -> PastMembership:
    run = draw(st.sampled_from(sorted(RUNS)))
    reason = draw(maybe(st.sampled_from(["no_consent", "opted_out"])))
    held_out = reason is None and draw(st.booleans())
    return PastMembership(
        run,
        RUNS[run][0],
        draw(moments()),
        RUNS[run][1],
        held_out,
        reason,
        draw(maybe(st.sampled_from(["discount", "free_goods"]))),
    )


# The database.


@pytest.fixture(scope="module")
def database(module_database_url: str) -> Iterator[Connection]:
    with store.connected(module_database_url, purpose="test") as connection:
        connection.execute("INSERT INTO definition (sha, campaign, files) VALUES ('d', 'x', '{}')")
        for run, (campaign, brand) in RUNS.items():
            connection.execute(
                "INSERT INTO run (run_id, campaign, brand, purpose, slot, slot_at, definition_sha) OVERRIDING SYSTEM VALUE"
                " VALUES (%s, %s, %s, 'commercial', 's', now(), 'd')",
                [run, campaign, brand],
            )
        connection.execute(
            "INSERT INTO territory (territory, name) VALUES ('FR-PL-01', 'Nantes'), ('FR-BR-02', 'Rennes')"
        )
        connection.execute(
            "INSERT INTO customer (customer_id, of, kinds, sort_name, source) OVERRIDING SYSTEM VALUE"
            " VALUES (1000000, 'organisation', '{hospital}', 'CHU', 'finess')"
        )
        yield connection


def _in_file(value: Any) -> Any:
    return (
        (float(value) if value % 1 else int(value))
        if isinstance(value, Decimal)
        else str(value)
        if isinstance(value, dt.date)
        else value
    )


def stored(connection: Connection, base: list[Stored]) -> None:
    rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in INSERTS}
    order_id = 0
    for number, one in enumerate(base, 1):
        known, facts = one.known, one.known.facts
        own = {name: _in_file(facts[name]) for name in COMPANY if name in facts}
        rows["customer"].append(
            (number, known.of, list(facts["kind"]), facts["status"], facts.get("specialty_group"), facts.get("department"), facts.get("town"),  # type: ignore[arg-type]
             facts["do_not_call"], list(facts["restricted_brand"]), json.dumps(own))  # type: ignore[arg-type]
        )  # fmt: skip
        rows["point"] += [(number, kind, f"{number}-{kind}", status) for kind, status in one.points]
        rows["affiliation"] += [(number, role) for role in facts["role"]]  # type: ignore[union-attr]
        rows["alignment"] += [(number, territory) for territory in facts["territory"]]  # type: ignore[union-attr]
        rows["touch"] += [
            (number, t.run, t.campaign, t.step, t.channel, t.direction, t.brand, t.state, t.reason, t.outcome, t.outcome_at, t.due_at, t.touched_at)
            for t in known.touches
        ]  # fmt: skip
        rows["response"] += [
            (number, r.run, r.campaign, r.step, r.channel, r.brand, r.type, r.at, r.value, f"{number}-{index}") for index, r in enumerate(known.responses)
        ]  # fmt: skip
        for order in known.orders:
            order_id += 1
            rows["order"].append(
                (
                    order_id,
                    str(order_id),
                    number,
                    order.ordered_at,
                    order.status,
                    sum((line.amount for line in order.lines), Decimal(0)),
                )
            )
            rows["line"] += [
                (order_id, index, line.brand, line.units, line.amount)
                for index, line in enumerate(order.lines)
            ]
        rows["member"] += [
            (m.run, number, m.cell, m.held_out, m.reason, m.enrolled_at) for m in known.memberships
        ]
    for name, into in INSERTS.items():
        if rows[name]:
            whole = [(*row, *MORE.get(name, ())) for row in rows[name]]
            marks = ", ".join(["(" + ", ".join(["%s"] * len(whole[0])) + ")"] * len(whole))
            connection.execute(
                f"INSERT INTO {into} VALUES {marks}", [value for row in whole for value in row], prepare=False
            )  # type: ignore[arg-type]


INSERTS = {
    "customer": "customer (customer_id, of, kinds, status, specialty_group, department, town, do_not_call, restricted_brands, facts, sort_name,"
    " source) OVERRIDING SYSTEM VALUE",
    "point": "contact_point (customer_id, type, value_norm, status, source)",
    "affiliation": "affiliation (person_id, role, organisation_id, source)",
    "alignment": "alignment (customer_id, territory, rep_type)",
    "touch": "touch (customer_id, run_id, campaign, step, channel, direction, brand, state, reason, outcome, outcome_at, due_at, touched_at)",
    "response": "response (customer_id, run_id, campaign, step, channel, brand, type, at, value, source_id, attribution, source)",
    "order": "orders (order_id, order_no, customer_id, ordered_at, status, amount_ht, source, origin) OVERRIDING SYSTEM VALUE",
    "line": "order_line (order_id, line_no, brand, units, amount_ht)",
    "member": "member (run_id, customer_id, cell, held_out, reason, enrolled_at)",
}
MORE: dict[str, tuple[Any, ...]] = {
    "customer": ("MOREL", "rpps"),
    "point": ("rpps",),
    "affiliation": (1000000, "rpps"),
    "alignment": ("PCR",),
    "response": ("none", "web"),
    "order": ("erp", "web"),
}


def by_sql(connection: Connection, query: audience.Members) -> set[int]:
    text, values = audience.as_sql(query)
    return {int(row[0]) for row in connection.execute(text, values, prepare=False)} - {1000000}


def library_of(written: list[dict[str, Any]], inner: list[dict[str, Any]], zone: str) -> Library:
    def segment(name: str, who: list[dict[str, Any]]) -> Segment:
        return Segment.model_validate(
            {"segment": name, "title": name, "of": "person", "timezone": zone, "who": who}
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
@given(
    written=predicates(nested=("high-potential",)), inner=predicates(), base=st.lists(customers(), min_size=1, max_size=6),
    on=st.sampled_from(ONS), zone=st.sampled_from(ZONES),
)  # fmt: skip
def test_sql_and_python_give_the_same_members(
    database: Connection,
    written: list[dict[str, Any]],
    inner: list[dict[str, Any]],
    base: list[Stored],
    on: dt.datetime,
    zone: str,
) -> None:
    library = library_of(written, inner, zone)
    expected = {
        name: {number for number, one in enumerate(base, 1) if belongs(name, one.known, library, on) is True}
        for name in ("asked", "opposite")
    }

    with database.transaction(force_rollback=True):
        stored(database, base)
        found = {
            name: by_sql(database, audience.members(name, library, on=on)) for name in ("asked", "opposite")
        }

    assert found == expected


@relaxed
@given(
    written=predicates(steps=True),
    base=st.lists(customers(), min_size=1, max_size=6),
    on=st.sampled_from(ONS),
)
def test_a_condition_of_a_run_holds_for_the_same_members_in_sql_and_python(
    database: Connection, written: list[dict[str, Any]], base: list[Stored], on: dt.datetime
) -> None:
    from zoneinfo import ZoneInfo

    scope = RunScope(2, "dermapharm-direct-2026", STEPS)
    library, who = Library({}, CATALOGUE), read_who(written)
    asking = Asking(library, on, ZoneInfo(scope.timezone), scope)
    expected = {number for number, one in enumerate(base, 1) if holds(who, one.known, asking) is True}

    with database.transaction(force_rollback=True):
        stored(database, base)
        found = by_sql(database, audience.matching(who, library, scope, on=on))

    assert found == expected
