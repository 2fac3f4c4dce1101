"""A small base written by hand, and campaigns about it: what enrolment and journeys are tested on."""

from collections.abc import Mapping
from decimal import Decimal

from engine.loading import segments as segment_files
from engine.loading.project import packs
from engine.model.campaign import AnyCampaign, Campaign, Step
from engine.model.policy import Policy, RulePack
from engine.model.segment import Library
from engine.store.database import Connection

SEGMENTS: Mapping[str, str] = {
    "segments/facts.yaml": "facts:\n  potential:\n    label: {fr: Potentiel, en: Potential}\n    type: number\n"
    "    values: [1, 2, 3, 4, 5]\n    source: essai\n    legal_class: aggregated\n",
    "segments/prescribers.yaml": "segment: prescribers\ntitle: Tous les prescripteurs\nof: person\nwho:\n  - kind: prescriber\n",
    "segments/pharmacists.yaml": "segment: pharmacists\ntitle: Pharmaciens\nof: person\nwho:\n  - kind: pharmacist\n",
    "segments/in-nantes.yaml": "segment: in-nantes\ntitle: À Nantes\nof: person\nwho:\n  - town: NANTES\n",
    "segments/pharmacies.yaml": "segment: pharmacies\ntitle: Pharmacies\nof: organisation\nwho:\n  - kind: pharmacy\n",
}


def library() -> Library:
    found, problems = segment_files.from_texts(SEGMENTS)
    assert problems == []
    return found


def rules() -> RulePack:
    return packs()["FR"]


def policy(**more: object) -> Policy:
    return Policy.model_validate(
        {
            "policy": "armorial",
            "company": "Laboratoires Armorial",
            "default_sender": "marketing",
            "senders": {"marketing": {"name": "Armorial", "address": "contact@armorial.example.org"}},
            **more,
        }
    )


def campaign(**more: object) -> AnyCampaign:
    """Return a campaign to prescribers with one e-mail, and whatever `more` says."""
    return Campaign[Step].model_validate(
        {
            "campaign": "hivernax-2026",
            "title": "HIVERNAX",
            "owner": "marketing",
            "purpose": "promo_rx",
            "brand": "HIVERNAX",
            "schedule": {"start": "2026-03-03T09:30:00"},
            "audience": {"segment": "prescribers"},
            "holdout": {"share": "0%", "because": "tests of the others"},
            "steps": {"announce": {"channel": "email", "at": "day 0", "until": "day 3"}},
            "goals": {"clicks": {"response": "click"}},
            **more,
        }
    )


def add(connection: Connection, count: int = 1, *, consent: bool = True, **columns: object) -> list[int]:
    """Add prescribers with an e-mail address, a guard row and (by default) a proven opt-in; return their ids."""
    values: dict[str, object] = {
        "of": "person",
        "kinds": ["prescriber"],
        "title": "DR",
        "first_name": "Claire",
        "last_name": "Morel",
        "sort_name": "MOREL CLAIRE",
        "source": "test",
        **columns,
    }
    names = ", ".join(values)
    marks = ", ".join(f"%({name})s" for name in values)
    rows = connection.execute(
        f"INSERT INTO customer ({names}) SELECT {marks} FROM generate_series(1, %(count)s) RETURNING customer_id",  # type: ignore[arg-type]
        {**values, "count": count},
    ).fetchall()
    ids = [int(row[0]) for row in rows]
    connection.execute("INSERT INTO contact_guard (customer_id) SELECT unnest(%s::bigint[])", [ids])
    connection.execute(
        """INSERT INTO contact_point (customer_id, type, value_norm, source)
           SELECT id, 'email', 'claire.morel.' || id || '@example.org', 'test' FROM unnest(%s::bigint[]) AS id""",
        [ids],
    )
    if consent:
        give_consent(connection, ids)
    return ids


def give_consent(
    connection: Connection,
    ids: list[int],
    *,
    opt: str = "opt_in",
    proof: bool = True,
    until: object = None,
    purpose: str = "promo_rx",
    channel: str = "email",
    address: str = "",
) -> None:
    connection.execute(
        """INSERT INTO consent (customer_id, channel, purpose, scope, address, opt, has_proof, effective_to, consent_event_id)
           SELECT id, %s, %s, 'all', %s, %s, %s, %s, 0 FROM unnest(%s::bigint[]) AS id""",
        [channel, purpose, address, opt, proof, until, ids],
    )


def share(percent: int) -> Decimal:
    return Decimal(percent) / 100
