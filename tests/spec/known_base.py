"""The ten customers of the manual's page on segments, and what happened to them."""

import datetime as dt
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from zoneinfo import ZoneInfo

from engine.loading.segments import from_texts, load
from engine.model.segment import Library
from engine.problems import Problem
from engine.rules.membership import (
    CustomerKnown,
    PastLine,
    PastMembership,
    PastOrder,
    PastResponse,
    PastTouch,
)
from tests.properties.small_bases import Stored

PARIS: Final = ZoneInfo("Europe/Paris")


def paris(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=PARIS).astimezone(dt.UTC)


ON: Final = paris("2026-03-03T10:30")

LIBRARY_FILES: Final = {
    "segments/facts.yaml": """\
brands: [HIVERNAX, DERMAPHARM]
past_campaigns: [hivernax-2025, dermapharm-direct-2026]
facts:
  potential: {label: {fr: Potentiel, en: Potential}, type: number, source: ventes agrégées, fresh: 180 days, legal_class: aggregated}
  last_congress: {label: {fr: Dernier congrès, en: Last congress}, type: date, source: inscriptions, legal_class: commercial}
  rfm_tier: {label: {fr: Classe RFM, en: RFM tier}, type: number, values: [1, 2, 3, 4], source: commandes, legal_class: commercial}
  network: {label: {fr: Groupement, en: Network}, type: text, values: [GIROPHARM, PHARMACTIV], source: CRM, legal_class: commercial}
  is_key_account: {label: {fr: Compte clé, en: Key account}, type: boolean, source: CRM, legal_class: internal}
  rx_decile: {label: {fr: Décile de prescription, en: Prescription decile}, type: number, source: panel, legal_class: rx_individual}
  promise: {label: {fr: Promesse, en: Promise}, type: number, source: score, legal_class: internal, derived_from: [rx_decile]}
""",
    "segments/cardiologists.yaml": """\
segment: cardiologists
title: Cardiologues
of: person
who:
  - kind: prescriber
  - specialty_group: CARDIO
""",
    "segments/mainland.yaml": """\
segment: mainland
title: Clients de métropole
of: person
who:
  - department: {not_in: [971, 972, 973, 974, 976]}
""",
    "segments/two-orders.sql": """\
-- segment: two-orders
-- of: organisation
-- title: Ceux qui ont commandé deux fois
SELECT customer_id FROM v_order
 WHERE status NOT IN ('draft', 'rejected', 'cancelled', 'returned')
 GROUP BY customer_id HAVING count(*) >= 2
""",
}
SQL_ANSWERS: Final = {"two-orders": {"Du Port", "Sainte-Anne"}}


def checked(text: str) -> list[Problem]:
    """Return what `touchbase check` says of a segment beside those of this base."""
    with TemporaryDirectory() as kept:
        folder = Path(kept) / "segments"
        folder.mkdir()
        for name, written in {**LIBRARY_FILES, "segments/asked.yaml": text}.items():
            (folder.parent / name).write_text(written, encoding="utf-8")
        return load(folder, campaigns=frozenset({"hivernax-2026"}))[1]


def library() -> Library:
    found, problems = from_texts(LIBRARY_FILES)
    assert problems == [], [problem.show() for problem in problems]
    return found


def _customer(of: str, kind: str, facts: dict[str, Any], **past: Any) -> CustomerKnown:
    return CustomerKnown(
        of,
        {
            "status": "active", "kind": tuple(kind.split()), "restricted_brand": (), "do_not_call": False, "role": (), "territory": (),
            "has_email": False, "has_postal": False, "has_phone": False, "credit_status": "ok", **facts,
        },
        **past,
    )  # fmt: skip


def _mail(at: str, **more: Any) -> PastTouch:
    given = {
        "channel": "email",
        "state": "accepted",
        "campaign": "hivernax-2025",
        "brand": "HIVERNAX",
        **more,
    }
    left = paris(at) if given["state"] in ("accepted", "unknown") else None
    return PastTouch(due_at=paris(at), touched_at=left, **given)


def _order(at: str, brand: str, units: int, amount: int, status: str = "shipped") -> PastOrder:
    return PastOrder(status, paris(at), (PastLine(brand, units, Decimal(amount)),))


def _member(**more: Any) -> PastMembership:
    return PastMembership(2, "dermapharm-direct-2026", paris("2026-02-02T09:30"), "DERMAPHARM", **more)


_ANNOUNCE: Final = {"run": 2, "step": "announce", "campaign": "dermapharm-direct-2026", "brand": "DERMAPHARM"}

CUSTOMERS: Final[dict[str, CustomerKnown]] = {
    "Morel": _customer(
        "person", "prescriber",
        {"specialty_group": "GP", "department": "44", "town": "NANTES", "potential": Decimal(4), "last_congress": dt.date(2025, 11, 20),
         "has_email": True},
        touches=(
            _mail("2026-02-20T09:00"),
            PastTouch("visit", "accepted", paris("2026-01-10T11:00"), paris("2026-01-10T11:00"), brand="HIVERNAX", outcome="done",
                      outcome_at=paris("2026-01-10T11:00")),
        ),
        responses=(
            PastResponse("open", paris("2026-02-20T12:00"), "hivernax-2025", channel="email", brand="HIVERNAX"),
            PastResponse("click", paris("2026-02-20T12:01"), "hivernax-2025", channel="email", brand="HIVERNAX"),
            PastResponse("click", paris("2026-02-21T08:00"), "hivernax-2025", channel="email", brand="HIVERNAX"),
        ),
    ),
    "Nguyen": _customer(
        "person", "prescriber",
        {"specialty_group": "CARDIO", "department": "35", "town": "RENNES", "potential": Decimal(2), "last_congress": dt.date(2026, 3, 3),
         "do_not_call": True, "territory": ("FR-BR-02",), "has_email": True},
        touches=(
            _mail("2026-02-20T09:00"), _mail("2025-12-01T09:00"),
            PastTouch("call", "accepted", paris("2026-02-10T15:00"), paris("2026-02-10T15:00"), outcome="done",
                      outcome_at=paris("2026-02-10T15:00")),
        ),
    ),
    "Petit": _customer(
        "person", "prescriber",
        {"specialty_group": "GP", "department": "974", "town": "SAINT-DENIS", "potential": Decimal(5)},
        touches=(_mail("2026-02-20T09:00", state="excluded", reason="no_consent"),),
    ),
    "Garnier": _customer(
        "person", "prescriber",
        {"specialty_group": "PEDIA"},
        touches=(
            PastTouch("visit", "accepted", paris("2025-06-15T11:00"), paris("2025-06-15T11:00"), brand="HIVERNAX", outcome="done",
                      outcome_at=paris("2025-06-15T11:00")),
        ),
        responses=(PastResponse("form", paris("2025-07-01T10:00"), channel="web"),),
    ),
    "Lambert": _customer(
        "person", "pharmacist",
        {"department": "44", "town": "SAINT-NAZAIRE", "role": ("titulaire",), "has_postal": True},
        touches=(PastTouch("mailing", "unknown", paris("2026-02-25T08:00"), paris("2026-02-25T08:00"), brand="DERMAPHARM"),),
    ),
    "Roux": _customer(
        "person", "prescriber expert",
        {"status": "retired", "specialty_group": "CARDIO", "department": "2A", "town": "AJACCIO", "potential": Decimal(3),
         "restricted_brand": ("HIVERNAX",)},
        touches=(_mail("2026-02-17T10:30"),),
        responses=(PastResponse("unsubscribe", paris("2026-02-18T07:00"), "hivernax-2025", channel="email", brand="HIVERNAX"),),
    ),
    "Du Port": _customer(
        "organisation", "pharmacy",
        {"department": "44", "town": "SAINT-NAZAIRE", "network": "GIROPHARM", "rfm_tier": Decimal(1), "is_key_account": True,
         "has_email": True},
        touches=(_mail("2026-02-02T09:30", **_ANNOUNCE),),
        responses=(PastResponse("order", paris("2026-01-31T22:00"), "dermapharm-direct-2026", brand="HIVERNAX", value=Decimal(340)),),
        orders=(_order("2026-01-31T22:00", "HIVERNAX", 20, 340), _order("2025-09-15T10:00", "DERMAPHARM", 30, 620)),
        memberships=(_member(cell="discount"),),
    ),
    "Sainte-Anne": _customer(
        "organisation", "pharmacy",
        {"department": "35", "town": "RENNES", "network": "PHARMACTIV", "rfm_tier": Decimal(3), "is_key_account": False, "credit_status": "dunning"},
        touches=(_mail("2026-02-02T09:30", **_ANNOUNCE),),
        orders=(_order("2026-02-10T10:00", "HIVERNAX", 60, 990, "cancelled"), _order("2025-03-01T10:00", "DERMAPHARM", 50, 900),
                _order("2026-02-12T10:00", "DERMAPHARM", 10, 180)),
        memberships=(_member(cell="free_goods"),),
    ),
    "Des Alpes": _customer(
        "organisation", "pharmacy", {"department": "38", "town": "GRENOBLE"}, memberships=(_member(held_out=True),),
    ),
    "CHU": _customer(
        "organisation", "hospital", {"department": "44", "town": "NANTES", "is_key_account": True},
        memberships=(_member(reason="kind_not_allowed"),),
    ),
}  # fmt: skip

NUMBERS: Final = {name: number for number, name in enumerate(CUSTOMERS, 1)}


def stored() -> dict[int, Stored]:
    """Return the base as it is written to PostgreSQL."""
    points = {"has_email": "email", "has_postal": "postal"}
    return {
        NUMBERS[name]: Stored(
            known, tuple((kind, "valid") for fact, kind in points.items() if known.facts[fact])
        )
        for name, known in CUSTOMERS.items()
    }
