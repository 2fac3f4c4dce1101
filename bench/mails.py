"""The mail that the e-mail lines are about: the shipped announcement, to made-up customers."""

import datetime as dt
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from channels.email.step import EmailStep
from engine.contract import Addressee, Customer, Desk, Rep, Wave
from engine.model.campaign import Offer
from engine.model.policy import Sender
from engine.model.written import CustomerId, RunId, TouchId

ROOT = Path(__file__).parents[1]
DUE = dt.datetime(2026, 3, 3, 8, 30, tzinfo=dt.UTC)
TOWNS = ("Nantes", "Angers", "La Roche-sur-Yon", "Orléans", "Évreux", "Saint-Brieuc", "Albi")
JULIE = Rep(7, "PH07", "Julie", "Lefèvre", "julie.lefevre@armorial.example.org", "+33 1 99 00 12 34")


def desk(smtp_url: str | None = None) -> Desk:
    sender = Sender(name="Armorial Officine", address="officine@armorial.example.org")
    return Desk(
        Path(".touchbase/bench"),
        "https://touchbase.example",
        b"a secret of the bench, 32 bytes long",
        smtp_url=smtp_url,
        senders={"officine": sender},
        default_sender="officine",
    )


def wave() -> Wave:
    files = {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
        for path in (ROOT / "templates").rglob("*")
        if path.suffix in (".mjml", ".yaml")
    }
    step = EmailStep.model_validate(
        {
            "channel": "email",
            "template": "dermapharm/announce",
            "subject": "{{ customer.name }}, votre offre directe",
        }
    )
    campaign: Any = SimpleNamespace(campaign="bench", title="Bench", brand="DERMAPHARM")
    return Wave(
        RunId(1),
        campaign,
        "announce",
        step,
        {"discount": Offer(code="DPD26-A", label="10 % de remise")},
        files,
        DUE,
        "bench",
    )


def addressee(number: int) -> Addressee:
    town = TOWNS[number % len(TOWNS)]
    customer = Customer(
        CustomerId(number),
        "organisation",
        kinds=("pharmacy",),
        org_name=f"Pharmacie de l'Église n° {number}",
        address=f"officine{number}@example.org",
        town=town,
        rep=JULIE,
        may_track=number % 2 == 0,
    )
    return Addressee(TouchId(number), customer, "discount", DUE)
