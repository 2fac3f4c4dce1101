"""A run with touches of letters and visits, for the tests of what reps and postmen carry."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from channels.mailing.step import MailingStep
from channels.visit.step import VisitStep
from engine.contract import Addressee, Customer, Desk, Rep, Wave
from engine.model.campaign import Campaign, Step
from engine.model.written import CustomerId, RunId, TouchId
from engine.store.database import Connection

ON = dt.datetime(2026, 10, 13, 8, tzinfo=dt.UTC)
ROOT = Path(__file__).parents[2]
FILES: Mapping[str, str] = {
    path.relative_to(ROOT).as_posix(): path.read_text()
    for path in (ROOT / "templates").rglob("*")
    if path.suffix in (".typ", ".yaml", ".md")
}
LETTER = MailingStep.model_validate({"channel": "mailing", "template": "hivernax/letter"})
VISIT = VisitStep.model_validate(
    {
        "channel": "visit",
        "task": {
            "type": "visit_f2f",
            "reps": "PCR",
            "talking_points": "hivernax/points",
            "priority": {"by": "potential"},
            "overflow": ["defer", {"switch_to": "call"}],
        },
    }
)
CAMPAIGN: Campaign[Any] = Campaign[Step].model_validate(
    {
        "campaign": "hivernax-2026",
        "title": "HIVERNAX, saison grippe 2026",
        "owner": "marketing-vaccins",
        "brand": "HIVERNAX",
        "purpose": "promo_rx",
        "schedule": {"start": "2026-10-13T09:00:00"},
        "audience": {"segment": "gp-metro"},
        "steps": {"visit": {"channel": "visit"}, "letter": {"channel": "mailing"}},
        "goals": {"engaged": {"response": "click"}},
    }
)


@dataclass
class Rounds:
    """A run in the database, with as many touches a step as asked for."""

    connection: Connection
    run: RunId
    rep: Rep
    customers: list[int]
    touches: dict[str, list[int]]

    def wave(self, step_name: str, step: Any, *, on: dt.datetime = ON, **files: str) -> Wave:
        return Wave(self.run, CAMPAIGN, step_name, step, {}, {**FILES, **files}, on, "5" * 64)

    def addressee(self, step: str, place: int = 0, **changes: Any) -> Addressee:
        customer = Customer(
            CustomerId(self.customers[place]), "person", ("prescriber",), "MME", "DR", "Morel", "Claire",
            address="Dr Claire Morel|Cabinet du Port|12 RUE DES LILAS|35000 RENNES", street="12 rue des Lilas",
            postcode="35000", town="Rennes", department="35", specialty_group="GP", phone="+33199000042",
            rep=self.rep, facts={"potential": 4},
        )  # fmt: skip
        return Addressee(TouchId(self.touches[step][place]), replace(customer, **changes), None, ON)


def rounds(connection: Connection, count: int = 3) -> Rounds:
    """Write a run, a rep, and `count` customers with a touch for each step."""

    def one(text: Any, *values: Any) -> Any:
        row = connection.execute(text, values).fetchone()
        assert row is not None
        return row[0]

    one("INSERT INTO definition VALUES (%s, 'hivernax-2026', '{}') RETURNING 1", "5" * 64)
    run = one(
        "INSERT INTO run (campaign, brand, purpose, slot, slot_at, definition_sha, frozen_at)"
        " VALUES ('hivernax-2026', 'HIVERNAX', 'promo_rx', '2026-10-13T09:00[Europe/Paris]', %s, %s, %s)"
        " RETURNING run_id",
        *(ON, "5" * 64, ON),
    )
    rep = one(
        "INSERT INTO rep (code, first_name, last_name, email, phone, rep_type) VALUES ('PCR-01', 'Paul', 'Petit',"
        " 'paul.petit@example.org', '+33199000001', 'PCR') RETURNING rep_id"
    )
    customers = [
        one(
            "INSERT INTO customer (of, kinds, title, first_name, last_name, sort_name, source)"
            " VALUES ('person', '{prescriber}', 'DR', 'Claire', %s, %s, 'test') RETURNING customer_id",
            *(f"Morel {number}", f"MOREL {number}"),
        )
        for number in range(count)
    ]
    connection.execute("INSERT INTO contact_guard (customer_id) SELECT unnest(%s::bigint[])", [customers])
    connection.execute(
        "INSERT INTO contact_point (customer_id, type, value_norm, status, source)"
        " SELECT unnest(%s::bigint[]), 'postal', 'DR CLAIRE MOREL|12 RUE DES LILAS|35000 RENNES', 'valid', 'test'",
        [customers],
    )
    touches: dict[str, list[int]] = {
        step: [
            one(
                "INSERT INTO touch (customer_id, run_id, campaign, step, channel, brand, purpose, state, due_at)"
                " VALUES (%s, %s, 'hivernax-2026', %s, %s, 'HIVERNAX', 'promo_rx', 'gated', %s) RETURNING touch_id",
                *(customer, run, step, channel, ON),
            )
            for customer in customers
        ]
        for step, channel in (("visit", "visit"), ("letter", "mailing"))
    }
    who = Rep(rep, "PCR-01", "Paul", "Petit", "paul.petit@example.org", "+33199000001")
    return Rounds(connection, RunId(run), who, customers, touches)


def desk(folder: Path) -> Desk:
    return Desk(folder, "https://touchbase.example", b"a secret of sixteen bytes or more")
