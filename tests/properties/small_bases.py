"""Small bases for property tests: customers drawn from seeds, known to Python, stored in PostgreSQL.

A base is a list of seeds, and each customer a plain function of one: Hypothesis spends its time on
the predicates, and shrinks a base by leaving customers out. Moments lie on the edges of windows, on
leap days and on the nights in which clocks change: that is where two readings differ.
"""

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from random import Random
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from engine.model.facts import BUILT_IN, Catalogue, Fact, Type
from engine.problems import Say
from engine.rules.membership import (
    CustomerKnown,
    PastLine,
    PastMembership,
    PastOrder,
    PastResponse,
    PastTouch,
)
from engine.store.database import Connection

T = TypeVar("T")

BRANDS: Final = ("HIVERNAX", "DERMAPHARM")
CAMPAIGNS: Final = ("hivernax-2025", "dermapharm-direct-2026")
STEPS: Final = ("announce", "visit")
CHANNELS: Final = ("email", "visit", "call", "mailing")
TOWNS: Final = ("NANTES", "Nantes", "SAINT-MALO", "100% SUD", "L_ORIENT", "É", "")
RUNS: Final = {1: ("hivernax-2025", "HIVERNAX"), 2: ("dermapharm-direct-2026", "DERMAPHARM")}
HOSPITAL: Final = 10_000_000  #: where everybody with a role has it
COMPANY: Final = {
    fact.name: fact
    for fact in (
        Fact("potential", Say("", ""), Type.NUMBER, company=True),
        Fact("last_congress", Say("", ""), Type.DATE, company=True),
        Fact("network", Say("", ""), values=("GIROPHARM", "", "PHARMACTIV"), company=True),
        Fact("rfm_tier", Say("", ""), Type.NUMBER, values=(Decimal(1), Decimal(2), Decimal(3)), company=True),
        Fact("is_key_account", Say("", ""), Type.BOOLEAN, company=True),
    )
}
CATALOGUE: Final = Catalogue({**BUILT_IN, **COMPANY})

ONS: Final = (
    dt.datetime(2026, 3, 29, 1, 0, tzinfo=dt.UTC),  # the hour that Paris leaps over
    dt.datetime(2026, 10, 25, 0, 30, tzinfo=dt.UTC),  # the hour that Paris has twice
    dt.datetime(2028, 2, 29, 23, 30, tzinfo=dt.UTC),  # a leap day, already over in Paris
    dt.datetime(2026, 3, 3, 8, 30, tzinfo=dt.UTC),
)
WITHIN: Final = (dt.timedelta(days=14), dt.timedelta(days=365), dt.timedelta(hours=1))
DAYS: Final = (dt.date(2026, 3, 29), dt.date(2026, 10, 25), dt.date(2028, 2, 29), dt.date(2025, 3, 3), dt.date(2026, 2, 17))  # fmt: skip
ZONES: Final = ("Europe/Paris", "Indian/Reunion", "America/Martinique")
TICK: Final = dt.timedelta(microseconds=1)


def _edges(on: dt.datetime) -> list[list[dt.datetime]]:
    """Return the moments at which something begins or ends for a question asked at `on`, each sort as likely."""
    midnights = [
        dt.datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(dt.UTC)
        for day in (*DAYS, on.date())
        for zone in ZONES
    ]
    return [[on], *([on - length for length in WITHIN] for _ in range(3)), midnights]


EDGES: Final = {on: _edges(on) for on in ONS}


@dataclass(frozen=True)
class Stored:
    known: CustomerKnown
    points: tuple[tuple[str, str], ...]  #: type and status of each address


class Chance:
    """Draws what one customer is and did; `on` is the moment of asking, around which its moments lie."""

    def __init__(self, seed: int, edges: list[list[dt.datetime]]) -> None:
        self._random, self._edges = Random(seed), edges

    def one(self, words: Iterable[T]) -> T:
        return self._random.choice(tuple(words))

    def maybe(self, words: Iterable[T]) -> T | None:
        return None if self._random.random() < 0.4 else self.one(words)

    def some(self, words: Iterable[T], most: int) -> tuple[T, ...]:
        kept = list(words)
        return tuple(self._random.sample(kept, self._random.randint(0, min(most, len(kept)))))

    def flag(self) -> bool:
        return self._random.random() < 0.5

    def times(self, most: int) -> range:
        return range(self._random.randint(0, most))

    def moment(self) -> dt.datetime:
        return self.one(self.one(self._edges)) + self.one((-1, 0, 0, 0, 1)) * TICK


def customer(seed: int, on: dt.datetime, edges: list[list[dt.datetime]] | None = None) -> Stored:
    """Return the customer that a seed means: unknown facts, edges of windows and all."""
    chance = Chance(seed, EDGES[on] if edges is None else edges)
    known: dict[str, Any] = {
        "status": chance.one(("active", "active", "active", "erased")),
        "kind": chance.some(("prescriber", "pharmacist", "expert"), 2),
        "restricted_brand": chance.some(BRANDS, 2),
        "do_not_call": chance.flag(),
        "specialty_group": chance.maybe(("GP", "CARDIO", "SM15")),
        "department": chance.maybe(("44", "01", "2A", "75")),
        "town": chance.maybe(TOWNS),
        "potential": chance.maybe((Decimal(0), Decimal(1), Decimal(2), Decimal(3), Decimal("2.5"), Decimal(-1))),
        "last_congress": chance.maybe((dt.date(2026, 3, 3), dt.date(2026, 3, 29), dt.date(2028, 2, 29), dt.date(2028, 3, 1))),
        "network": chance.maybe(("GIROPHARM", "", "PHARMACTIV")),
        "is_key_account": chance.maybe((True, False)),
        "rfm_tier": chance.maybe((Decimal(1), Decimal(2), Decimal(3))),
        "role": chance.some(("titulaire", "adjoint"), 2),
        "territory": chance.some(("FR-PL-01", "FR-BR-02"), 1),
    }  # fmt: skip
    points = tuple((kind, chance.one(("valid", "invalid"))) for kind in chance.some(("email", "postal"), 2))
    known["has_email"] = ("email", "valid") in points
    known["has_postal"] = ("postal", "valid") in points
    known["has_phone"] = False
    touches = {}
    for number in chance.times(4):
        touch = _touch(chance)
        touches[(touch.run, touch.step, touch.channel) if touch.run else number] = touch
    memberships = {member.run: member for member in (_membership(chance) for _ in chance.times(2))}
    return Stored(
        CustomerKnown(
            chance.one(("person", "person", "person", "organisation")),
            {name: value for name, value in known.items() if value is not None},
            tuple(touches.values()),
            tuple(_response(chance) for _ in chance.times(4)),
            tuple(_order(chance) for _ in chance.times(3)),
            tuple(memberships.values()),
        ),
        points,
    )


def _run(chance: Chance) -> tuple[int | None, str | None, str | None]:
    run = chance.maybe(sorted(RUNS))
    return (run, *RUNS[run]) if run else (None, chance.maybe(CAMPAIGNS), chance.maybe(BRANDS))


STATES: Final = ("accepted", "accepted", "accepted", "excluded", "gated", "unknown", "planned", "refused", "expired")  # fmt: skip


def _touch(chance: Chance) -> PastTouch:
    state = chance.one(STATES)
    run, campaign, brand = _run(chance)
    outcome = chance.maybe(("done", "withdrawn", "not_done"))
    left = state == "accepted" or (state in ("gated", "unknown") and chance.flag())
    return PastTouch(
        chance.one(CHANNELS), state, chance.moment(), chance.moment() if left else None,
        campaign, chance.one(STEPS) if run else None, run, brand,
        chance.one(("no_consent", "opted_out")) if state in ("excluded", "refused") else None,
        outcome, chance.moment() if outcome and chance.flag() else None, chance.one(("out", "out", "out", "in")),
    )  # fmt: skip


def _response(chance: Chance) -> PastResponse:
    run, campaign, brand = _run(chance)
    return PastResponse(
        chance.one(("click", "open", "open_machine", "unsubscribe", "order")), chance.moment(), campaign, chance.maybe(STEPS), run,
        chance.maybe(CHANNELS), brand, chance.maybe((Decimal("0"), Decimal("30"), Decimal("120.50"))),
    )  # fmt: skip


def _order(chance: Chance) -> PastOrder:
    lines = tuple(
        PastLine(chance.maybe(BRANDS), chance.one((0, 1, 10, 30)), chance.one((Decimal("0"), Decimal("30"), Decimal("120.50"))))
        for _ in chance.times(2)
    )  # fmt: skip
    return PastOrder(chance.one(("shipped", "submitted", "cancelled", "draft")), chance.moment(), lines)


def _membership(chance: Chance) -> PastMembership:
    run = chance.one(sorted(RUNS))
    reason = chance.maybe(("no_consent", "opted_out"))
    held_out = reason is None and chance.flag()
    cell = chance.maybe(("discount", "free_goods"))
    return PastMembership(run, RUNS[run][0], chance.moment(), RUNS[run][1], held_out, reason, cell)


# The database.


def prepare(connection: Connection) -> None:
    """Add what the customers of a base hang on: runs, territories, a hospital."""
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
        " VALUES (%s, 'organisation', '{hospital}', 'CHU', 'finess')",
        [HOSPITAL],
    )


def store(connection: Connection, base: Mapping[int, Stored]) -> None:
    """Write a base, customer by id; in one round trip if the caller opened a pipeline."""
    rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in _INSERTS}
    for number, one in base.items():
        known, facts = one.known, one.known.facts
        own = {name: in_file(facts[name]) for name in COMPANY if name in facts}
        rows["customer"].append(
            (number, known.of, list(_words(facts, "kind")), facts["status"], facts.get("specialty_group"), facts.get("department"),
             facts.get("town"), facts["do_not_call"], list(_words(facts, "restricted_brand")), json.dumps(own), "MOREL", "rpps")
        )  # fmt: skip
        rows["point"] += [(number, kind, f"{number}-{kind}", status, "rpps") for kind, status in one.points]
        rows["affiliation"] += [(number, role, HOSPITAL, "rpps") for role in _words(facts, "role")]
        rows["alignment"] += [(number, territory, "PCR") for territory in _words(facts, "territory")]
        rows["touch"] += [
            (number, t.run, t.campaign, t.step, t.channel, t.direction, t.brand, t.state, t.reason, t.outcome, t.outcome_at, t.due_at, t.touched_at)
            for t in known.touches
        ]  # fmt: skip
        rows["response"] += [
            (number, r.run, r.campaign, r.step, r.channel, r.brand, r.type, r.at, r.value, f"{number}-{index}", "none", "web")
            for index, r in enumerate(known.responses)
        ]  # fmt: skip
        for index, order in enumerate(known.orders):
            order_id = number * 10 + index
            amount = sum((line.amount for line in order.lines), Decimal(0))
            rows["order"].append((order_id, str(order_id), number, order.ordered_at, order.status, amount, "erp", "web"))  # fmt: skip
            rows["line"] += [
                (order_id, at, line.brand, line.units, line.amount) for at, line in enumerate(order.lines)
            ]
        rows["member"] += [
            (m.run, number, m.cell, m.held_out, m.reason, m.enrolled_at) for m in known.memberships
        ]
    for name, into in _INSERTS.items():
        if rows[name]:
            marks = ", ".join(["(" + ", ".join(["%s"] * len(rows[name][0])) + ")"] * len(rows[name]))
            connection.execute(
                f"INSERT INTO {into} VALUES {marks}",  # type: ignore[arg-type]
                [value for row in rows[name] for value in row],
                prepare=False,
            )


def without_history(one: Stored) -> Stored:
    """Return the customer as the base knows them before anything happened."""
    return replace(one, known=replace(one.known, touches=(), responses=(), orders=(), memberships=()))


def _words(facts: Mapping[str, Any], name: str) -> tuple[str, ...]:
    words: tuple[str, ...] = facts[name]
    return words


def in_file(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value) if value % 1 else int(value)
    return str(value) if isinstance(value, dt.date) else value


_INSERTS: Final = {
    "customer": "customer (customer_id, of, kinds, status, specialty_group, department, town, do_not_call, restricted_brands, facts,"
    " sort_name, source) OVERRIDING SYSTEM VALUE",
    "point": "contact_point (customer_id, type, value_norm, status, source)",
    "affiliation": "affiliation (person_id, role, organisation_id, source)",
    "alignment": "alignment (customer_id, territory, rep_type)",
    "touch": "touch (customer_id, run_id, campaign, step, channel, direction, brand, state, reason, outcome, outcome_at, due_at, touched_at)",
    "response": "response (customer_id, run_id, campaign, step, channel, brand, type, at, value, source_id, attribution, source)",
    "order": "orders (order_id, order_no, customer_id, ordered_at, status, amount_ht, source, origin) OVERRIDING SYSTEM VALUE",
    "line": "order_line (order_id, line_no, brand, units, amount_ht)",
    "member": "member (run_id, customer_id, cell, held_out, reason, enrolled_at)",
}
