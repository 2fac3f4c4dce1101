"""The trial's world: pharmacies, one campaign of one mail, a run whose audience is frozen and whose touches are ready.

Put there by plain SQL, so that what is audited later was not written by what is audited.
"""

import datetime as dt
import json
from collections.abc import Mapping
from typing import Final

import psycopg

CAMPAIGN: Final = "dermapharm-direct-2026"
SHA: Final = "c4a05" + "0" * 59
DOMAINS: Final = ("example.org", "example.net", "example.com", "orange.example", "poste.example")

FILES: Final = {
    "campaigns/dermapharm-direct-2026.yaml": """\
campaign: dermapharm-direct-2026
title: Dermapharm en direct
owner: marketing-officine
brand: DERMAPHARM
purpose: commercial
schedule: {start: 2026-03-03 09:30}
audience: {segment: pharmacies}
holdout: {share: 20%}
steps:
  announce: {channel: email, at: day 0, template: dermapharm/announce, subject: "{{ customer.name }}, votre offre directe", until: day 3}
goals:
  clicks: {response: click, within: 30 days}
""",
    "campaigns/policy.yaml": """\
policy: armorial
company: Laboratoires Armorial
senders: {officine: {name: Armorial Officine, address: officine@armorial.example.org}}
default_sender: officine
""",
    "segments/pharmacies.yaml": "segment: pharmacies\ntitle: Officines\nof: organisation\nwho: [{kind: pharmacy}]\n",
    "templates/dermapharm/announce.mjml": """\
<mjml lang="fr"><mj-head><mj-title>Votre offre directe</mj-title></mj-head><mj-body><mj-section><mj-column>
<mj-text>Bonjour {{ customer.name }}, <a href="{{ links.order }}">commandez</a> avant la fin du mois.</mj-text>
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
revised_on: 2026-02-10
approved: {by: pharmacien-responsable, on: 2026-02-20}
""",
}


SLOT: Final = "2026-03-03T09:30[Europe/Paris]"


def build(
    url: str, mails: int, *, files: Mapping[str, str] = FILES, slot: str = SLOT, cell: str | None = None
) -> int:
    """Write the world for `mails` mails, a tenth more held out and a twentieth excluded; return the run's id.

    Another slot is another run, to customers of its own.
    """
    now = dt.datetime.now(dt.UTC)
    held_out, excluded = mails // 10, mails // 20
    universe = mails + held_out + excluded
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO customer (of, kinds, org_name, sort_name, town, source)"
            " SELECT 'organisation', '{pharmacy}', 'Pharmacie de l''Église n° ' || n, 'PHARMACIE ' || n, 'NANTES', 'chaos'"
            " FROM generate_series(1, %s) AS n",
            [universe],
        )
        new = "customer_id NOT IN (SELECT customer_id FROM contact_guard)"
        connection.execute(f"CREATE TEMP TABLE these AS SELECT customer_id FROM customer WHERE {new}")
        connection.execute("INSERT INTO contact_guard (customer_id) SELECT customer_id FROM these")
        connection.execute(
            "INSERT INTO contact_point (customer_id, type, value_norm, usage, source, notice_given_at)"
            " SELECT customer_id, 'email', 'officine' || customer_id || '@' || (%s::text[])[1 + customer_id %% 5], 'org', 'chaos',"
            "        CURRENT_DATE - 100"
            " FROM these",
            [list(DOMAINS)],
        )
        connection.execute(
            "INSERT INTO definition (sha, campaign, files) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            [SHA, CAMPAIGN, json.dumps(dict(files))],
        )
        row = connection.execute(
            "INSERT INTO run (campaign, brand, purpose, slot, slot_at, definition_sha, frozen_at, universe)"
            " VALUES (%s, 'DERMAPHARM', 'commercial', %s, %s, %s, %s, %s) RETURNING run_id",
            [CAMPAIGN, slot, now, SHA, now, universe],
        ).fetchone()
        assert row is not None
        run = int(row[0])
        connection.execute("INSERT INTO run_switch (run_id) VALUES (%s)", [run])
        connection.execute(
            "INSERT INTO member (run_id, customer_id, held_out, reason, reasons, enrolled_at)"
            " SELECT %(run)s, customer_id, n > %(mails)s AND n <= %(mails)s + %(held_out)s,"
            "        CASE WHEN n > %(mails)s + %(held_out)s THEN 'inactive' END,"
            "        CASE WHEN n > %(mails)s + %(held_out)s THEN ARRAY['inactive'] END, %(now)s"
            "   FROM (SELECT customer_id, row_number() OVER (ORDER BY customer_id) AS n FROM these) AS numbered",
            {"run": run, "mails": mails, "held_out": held_out, "now": now},
        )
        connection.execute(
            "INSERT INTO step_progress (run_id, step, evaluated_at, due) VALUES (%s, 'announce', %s, %s)",
            [run, now, mails],
        )
        connection.execute(
            "INSERT INTO touch (customer_id, run_id, campaign, step, channel, brand, purpose, cell, state, due_at, not_after)"
            " SELECT customer_id, run_id, %s, 'announce', 'email', 'DERMAPHARM', 'commercial', %s, 'ready', %s, %s"
            "   FROM member WHERE run_id = %s AND reason IS NULL AND NOT held_out ORDER BY customer_id",
            [CAMPAIGN, cell, now - dt.timedelta(seconds=1), now + dt.timedelta(days=3), run],
        )
    return run
