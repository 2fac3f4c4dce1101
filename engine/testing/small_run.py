"""A run of one campaign over twelve pharmacies, small enough to be counted by hand.

in the universe 12 = 2 excluded + 3 held out + 7 enrolled (4 discount, 3 free goods)

pharmacy   cell        announce              visit     letter     what came back
1          discount    accepted                                   clicked twice; ordered 350 € with the code, day 3
2          discount    accepted              done                 ordered 200 € (and 100 € of another brand), day 10
3          discount    excluded no_notice              accepted
4          discount    refused bad mailbox                        had ordered the day before enrolment
5          free goods  accepted, bounced     ready                ordered on day 61: too late
6          free goods  unknown
7          free goods  accepted                                   a machine opened it; ordered, then cancelled
8, 9, 10   held out                                               8 ordered 80 €, day 5
11, 12     excluded: inactive, in_excepted_segment
"""

import datetime as dt
from typing import Any, Final

import psycopg
from psycopg.types.json import Jsonb

from engine.model.campaign import AnyCampaign, Campaign, Step

START: Final = dt.datetime(2026, 3, 3, 8, 30, tzinfo=dt.UTC)
SHA: Final = "5" * 64
CODES: Final = {"discount": "DPD26-A", "free_goods": "DPD26-B"}

CAMPAIGN: Final[AnyCampaign] = Campaign[Step].model_validate(
    {
        "campaign": "dermapharm-direct-2026",
        "title": "Dermapharm en direct",
        "program": "officine-2026",
        "owner": "marketing-officine",
        "brand": "DERMAPHARM",
        "purpose": "commercial",
        "schedule": {"start": "2026-03-03T09:30:00"},
        "audience": {"segment": "pharmacies-24m"},
        "holdout": {"share": "20%"},
        "cells": {
            "discount": {"share": "50%", "offer": {"code": "DPD26-A"}},
            "free_goods": {"share": "50%", "offer": {"code": "DPD26-B"}},
        },
        "steps": {
            "announce": {"channel": "email", "at": "day 0 09:30"},
            "visit": {"channel": "visit", "after": "announce + 7 days"},
            "letter": {"channel": "mailing", "after": "announce + 12 days"},
        },
        "goals": {
            "orders": {
                "response": "order",
                "brand": "DERMAPHARM",
                "within": "60 days",
                "target": "15%",
                "value": "amount",
            },
            "clicks": {"response": "click", "within": "30 days"},
        },
        "responses": [{"order": "offer_code"}, {"order": "brand", "within": "60 days"}],
        "budget": {"max": "500 EUR"},
    }
)


FILES: Final = {
    "campaigns/dermapharm-direct-2026.yaml": """\
campaign: dermapharm-direct-2026
title: Dermapharm en direct
program: officine-2026
owner: marketing-officine
brand: DERMAPHARM
purpose: commercial
schedule: {start: 2026-03-03 09:30}
audience: {segment: pharmacies-24m}
holdout: {share: 20%}
cells:
  discount: {share: 50%, offer: {code: DPD26-A, discount: 10%}}
  free_goods: {share: 50%, offer: {code: DPD26-B, free_goods: 10+1}}
steps:
  announce: {channel: email, at: day 0 09:30, template: dermapharm/announce, subject: Votre offre directe}
  letter: {channel: mailing, after: announce + 12 days, template: dermapharm/letter}
goals:
  orders: {response: order, brand: DERMAPHARM, within: 60 days, target: 15%, value: amount}
responses: [{order: offer_code}, {order: brand, within: 60 days}]
""",
    "campaigns/policy.yaml": """\
policy: armorial
company: Laboratoires Armorial
senders: {officine: {name: Armorial Officine, address: officine@armorial.example.org}}
default_sender: officine
""",
    "segments/pharmacies-24m.yaml": """\
segment: pharmacies-24m
title: Officines clientes
of: organisation
who: [{kind: pharmacy}]
""",
    "templates/dermapharm/announce.mjml": """\
<mjml lang="fr"><mj-head><mj-title>Votre offre directe</mj-title></mj-head><mj-body><mj-section><mj-column>
<mj-text>Bonjour {{ customer.name }}, <a href="{{ links.order }}">commandez</a> ou <a href="{{ links.range }}">voyez la gamme</a>.</mj-text>
<mj-text>Réf. {{ material.reference }} <a href="{{ unsubscribe_url }}">Se désinscrire</a></mj-text>
</mj-column></mj-section></mj-body></mjml>
""",
    "templates/dermapharm/announce.yaml": """\
material: dermapharm-announce
title: Dermapharm, offre directe
reference: 26/02/DPH/003
version: 1
brand: DERMAPHARM
author: marketing-officine
promo_type: promotional
links:
  order: {url: "https://commande.armorial.example.org/dermapharm", label: Bon de commande}
  range: {url: "https://armorial.example.org/gamme", label: La gamme}
revised_on: 2026-02-10
approved: {by: pharmacien-responsable, on: 2026-02-20}
""",
}
"""What the run is pinned to, as far as the pages ask for it."""


def definition(sha: str, campaign: str) -> AnyCampaign:
    """Return the campaign that the small run is pinned to."""
    assert (sha, campaign) == (SHA, CAMPAIGN.campaign)
    return CAMPAIGN


class SmallRun:
    """The run above, written into a database; the ids of what was written."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self.pharmacies = [self._pharmacy(number) for number in range(1, 13)]
        self._one(
            "INSERT INTO definition (sha, campaign, files, at) VALUES (%s, %s, %s, %s) RETURNING 1",
            *(SHA, CAMPAIGN.campaign, Jsonb(FILES), START),
        )
        self._one("INSERT INTO brand (brand, name) VALUES ('DERMAPHARM', 'Dermapharm') RETURNING 1")
        self.run = self._one(
            "INSERT INTO run (campaign, program, brand, purpose, slot, slot_at, definition_sha, frozen_at)"
            " VALUES (%s, 'officine-2026', 'DERMAPHARM', 'commercial', '2026-03-03T09:30[Europe/Paris]', %s, %s, %s)"
            " RETURNING run_id",
            *(CAMPAIGN.campaign, START, SHA, START),
        )
        self._one("INSERT INTO run_switch (run_id) VALUES (%s) RETURNING 1", self.run)
        for number in range(1, 13):
            self._member(number)
        self.touches: dict[tuple[int, str], int] = {}
        self._touches()
        self._responses()
        self.orders = self._orders()
        self.rep = self._rep()

    def _one(self, text: Any, *values: Any) -> Any:
        row = self._connection.execute(text, values).fetchone()
        assert row is not None
        return row[0]

    def customer(self, number: int) -> int:
        """Return the id of the pharmacy with a number of the table above."""
        return int(self.pharmacies[number - 1])

    def _pharmacy(self, number: int) -> int:
        customer = self._one(
            "INSERT INTO customer (of, kinds, org_name, sort_name, street, postcode, town, source)"
            " VALUES ('organisation', '{pharmacy}', %s, %s, '12 rue du Port', '44000', 'NANTES', 'test')"
            " RETURNING customer_id",
            *(f"Pharmacie du Port {number}", f"PHARMACIE DU PORT {number}"),
        )
        self._one(
            "INSERT INTO contact_point (customer_id, type, value_norm, usage, source)"
            " VALUES (%s, 'email', %s, 'org', 'test') RETURNING 1",
            *(customer, f"port{number}@example.org"),
        )
        self._one("INSERT INTO contact_guard (customer_id) VALUES (%s) RETURNING 1", customer)
        return int(customer)

    def cell(self, number: int) -> str | None:
        return None if number > 10 else "discount" if number in (1, 2, 3, 4, 8, 9) else "free_goods"

    def _member(self, number: int) -> None:
        reason = {11: "inactive", 12: "in_excepted_segment"}.get(number)
        self._one(
            "INSERT INTO member (run_id, customer_id, cell, held_out, reason, reasons, enrolled_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING 1",
            *(self.run, self.customer(number), self.cell(number), number in (8, 9, 10)),
            *(reason, [reason] if reason else None, START),
        )

    def _touches(self) -> None:
        at = START + dt.timedelta(minutes=10)
        self.touch(1, "announce", "email", "accepted", at)
        self.touch(2, "announce", "email", "accepted", at)
        self.touch(3, "announce", "email", "excluded", None, reason="no_notice")
        self.touch(4, "announce", "email", "refused", None, reason="bad_mailbox")
        self.touch(5, "announce", "email", "accepted", at, outcome="bounced_hard")
        self.touch(6, "announce", "email", "unknown", at)
        self.touch(7, "announce", "email", "accepted", at)
        self.touch(2, "visit", "visit", "accepted", START + dt.timedelta(days=8), outcome="done")
        self.touch(5, "visit", "visit", "ready", None)
        self.touch(3, "letter", "mailing", "accepted", START + dt.timedelta(days=12))

    def touch(
        self,
        number: int,
        step: str,
        channel: str,
        state: str,
        at: dt.datetime | None,
        *,
        reason: str | None = None,
        outcome: str | None = None,
    ) -> int:
        """Write one touch of a pharmacy and return its id."""
        cost = {"email": 0.02, "visit": 55, "mailing": 0.9}[channel] if at else 0
        touch = self._one(
            "INSERT INTO touch (customer_id, run_id, campaign, step, channel, brand, purpose, cell, state, reason,"
            " outcome, due_at, touched_at, cost) VALUES (%s, %s, %s, %s, %s, 'DERMAPHARM', 'commercial', %s, %s, %s,"
            " %s, %s, %s, %s) RETURNING touch_id",
            *(
                self.customer(number),
                self.run,
                CAMPAIGN.campaign,
                step,
                channel,
                self.cell(number),
                state,
                reason,
            ),
            *(outcome, at or START, at, cost),
        )
        self.touches[number, step] = touch
        return int(touch)

    def _responses(self) -> None:
        for number, kind, minutes in ((1, "click", 60), (1, "click", 90), (7, "open_machine", 11)):
            self._one(
                "INSERT INTO response (customer_id, touch_id, run_id, campaign, step, channel, brand, type, at,"
                " attribution, source, source_id) VALUES (%s, %s, %s, %s, 'announce', 'email', 'DERMAPHARM', %s, %s,"
                " 'token', 'web', %s) RETURNING 1",
                *(self.customer(number), self.touches[number, "announce"], self.run, CAMPAIGN.campaign, kind),
                *(START + dt.timedelta(minutes=minutes), f"{kind}:{number}:{minutes}"),
            )

    def _orders(self) -> dict[int, int]:
        orders = {
            1: self.order(1, 3, {"DERMAPHARM": 350}, code="DPD26-A"),
            2: self.order(2, 10, {"DERMAPHARM": 200, "CARDIANE": 100}),
            7: self.order(7, 6, {"DERMAPHARM": 500}, status="cancelled"),
            8: self.order(8, 5, {"DERMAPHARM": 80}),
        }
        self.order(4, -1, {"DERMAPHARM": 90})
        self.order(5, 61, {"DERMAPHARM": 90})
        return orders

    def order(
        self,
        number: int,
        day: int,
        brands: dict[str, int],
        *,
        code: str | None = None,
        status: str = "invoiced",
    ) -> int:
        """Write one order of a pharmacy, so many days after enrolment, and return its id."""
        order = self._one(
            "INSERT INTO orders (source, order_no, customer_id, origin, promo_code, ordered_at, status, amount_ht)"
            " VALUES ('erp', %s, %s, 'web', %s, %s, %s, %s) RETURNING order_id",
            *(
                f"{number}-{day}",
                self.customer(number),
                code,
                START + dt.timedelta(days=day, hours=2),
                status,
            ),
            sum(brands.values()),
        )
        for line, (brand, amount) in enumerate(brands.items(), 1):
            self._one(
                "INSERT INTO order_line (order_id, line_no, brand, units, amount_ht)"
                " VALUES (%s, %s, %s, 10, %s) RETURNING 1",
                *(order, line, brand, amount),
            )
        return int(order)

    def _rep(self) -> int:
        rep = self._one(
            "INSERT INTO rep (code, first_name, last_name, email, rep_type)"
            " VALUES ('PHARMA-01', 'Yann', 'Le Goff', 'y.legoff@armorial.example.org', 'PHARMA') RETURNING rep_id"
        )
        self._one(
            "INSERT INTO visit_task (touch_id, task_id, rep_id, customer_id, type, not_before, due_on, priority,"
            " reason, content) VALUES (%s, %s, %s, %s, 'order_taking', '2026-03-11', '2026-03-25', 70, %s, %s)"
            " RETURNING 1",
            *(self.touches[2, "visit"], f"TB-{CAMPAIGN.campaign}-{self.run}-visit-{self.customer(2)}", rep),
            *(self.customer(2), "A ouvert l'e-mail du 3 mars, n'a pas encore commandé.", Jsonb({})),
        )
        return int(rep)
