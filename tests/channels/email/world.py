"""A small world for the e-mail channel's tests: one campaign, one template, a few customers."""

import datetime as dt
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from channels.email.composer import Mail
from channels.email.step import EmailStep
from engine.contract import Addressee, Customer, Desk, Parcel, Rep, Wave
from engine.model.campaign import Offer
from engine.model.policy import Sender
from engine.model.written import CustomerId, RunId, TouchId

SECRET = b"a secret of thirty-two bytes ok!"
DUE = dt.datetime(2026, 3, 3, 9, 30, tzinfo=dt.timezone(dt.timedelta(hours=1)))

TEMPLATE = """\
<mjml lang="fr">
  <mj-head><mj-title>Offre</mj-title></mj-head>
  <mj-body>
    <mj-section><mj-column>
      <mj-text>{{ customer.greeting }}, de {{ customer.town|default("chez vous") }} :
        {% if offer.label is defined %}{{ offer.label }}{% endif %}</mj-text>
      <mj-button href="{{ links.order }}">Commander</mj-button>
      <mj-text>Document {{ material.reference }}.
        <a href="{{ unsubscribe_url }}">Se désinscrire</a> <a href="{{ preferences_url }}">Préférences</a></mj-text>
    </mj-column></mj-section>
  </mj-body>
</mjml>
"""
CARD = """\
material: dermapharm-announce
title: Annonce
reference: 26/02/DMP/COM/007
version: 2
brand: DERMAPHARM
author: marketing-officine
promo_type: promotional
audience: {kinds: [pharmacist], countries: [FR]}
links:
  order: {url: "https://direct.armorial.example/commande", label: Commander}
revised_on: 2026-02-10
approved: {by: affaires-reglementaires, on: 2026-02-16}
"""
FILES = {"templates/dermapharm/announce.mjml": TEMPLATE, "templates/dermapharm/announce.yaml": CARD}

JULIE = Rep(7, "PH07", "Julie", "Lefèvre", "julie.lefevre@armorial.example.org", "+33 1 99 00 12 34")
CLAIRE = Customer(
    CustomerId(42),
    "person",
    kinds=("pharmacist",),
    civility="MME",
    title="DR",
    last_name="Morel",
    first_name="Claire",
    address="claire.morel@officine.example.org",
    town="Nantes",
    rep=JULIE,
    may_track=True,
)


def step(**more: Any) -> EmailStep:
    given = {
        "channel": "email",
        "template": "dermapharm/announce",
        "subject": "{{ customer.name }}, votre offre",
    }
    return EmailStep.model_validate({**given, **more})


def desk(folder: Path, **more: Any) -> Desk:
    senders = {"officine": Sender(name="Armorial Officine", address="officine@armorial.example.org")}
    return replace(
        Desk(folder, "https://touchbase.example", SECRET, senders=senders, default_sender="officine"), **more
    )


def wave(files: dict[str, str] | None = None, **more: Any) -> Wave:
    campaign: Any = SimpleNamespace(campaign="dermapharm-direct-2026", title="En direct", brand="DERMAPHARM")
    offers = {"discount": Offer(code="DPD26-A", label="10 % de remise")}
    return Wave(RunId(1), campaign, "announce", step(**more), offers, files or FILES, DUE)


def addressee(touch: int = 1, customer: Customer = CLAIRE, cell: str | None = "discount") -> Addressee:
    return Addressee(TouchId(touch), customer, cell, DUE)


def parcel(number: int) -> Parcel:
    """Return a mail that was composed, for whoever only delivers it."""
    data = f"Message-ID: <{number}@armorial.example.org>\r\nSubject: Offre\r\n\r\nBonjour {number}\r\n"
    content = Mail(f"b-{number}@armorial.example.org", data.encode("ascii"))
    return Parcel(TouchId(number), f"c{number}@officine.example.org", content)
