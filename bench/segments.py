"""Ten segments of growing difficulty, beside the best SQL that we can write by hand for the same question.

Both sides run on one connection, on the same tables and indexes. Before they are timed, both must
name the same customers. The hand may know what the compiler cannot: which column is never NULL here.
"""

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

from bench import base
from engine.loading import segments as segment_files
from engine.model.segment import Library
from engine.store import audience
from engine.store.database import Connection

Sides: TypeAlias = tuple[Callable[[], object], Callable[[], object]]

FILES: Final[Mapping[str, str]] = {
    "segments/facts.yaml": """
brands: [HIVERNAX, DERMAPHARM, CARDIANE]
past_campaigns: [hivernax-2024, hivernax-2025, hivernax-2026, dermapharm-2024, dermapharm-2025, dermapharm-2026, cardiane-2025]
facts:
  potential: {label: {fr: Potentiel, en: Potential}, type: number, source: Ventes, legal_class: aggregated}
  rfm_tier: {label: {fr: Classe RFM, en: RFM tier}, type: number, source: Commandes, legal_class: commercial}
""",
    "segments/pharmacies-metro.yaml": """
segment: pharmacies-metro
title: Officines de métropole
of: organisation
who:
  - kind: pharmacy
  - status: active
  - department: {not_in: [971, 972, 973, 974, 975, 976, 977, 978, 984, 986, 987, 988]}
""",
    "segments/in-dunning.yaml": """
segment: in-dunning
title: En relance ou bloqués par la finance
of: organisation
who:
  - credit_status: [dunning, blocked]
""",
    "segments/segment-01.yaml": """
segment: segment-01
title: Médecins généralistes
of: person
who:
  - kind: prescriber
  - status: active
  - specialty_group: GP
""",
    "segments/segment-02.yaml": """
segment: segment-02
title: Généralistes libéraux de métropole, à potentiel
of: person
who:
  - kind: prescriber
  - status: active
  - specialty_group: [GP, PEDIA]
  - practice_mode: L
  - department: {not_in: [971, 972, 973, 974, 975, 976, 977, 978, 984, 986, 987, 988]}
  - potential: {at_least: 3}
""",
    "segments/segment-03.yaml": """
segment: segment-03
title: Officines joignables par e-mail, de bonne classe ou de classe inconnue
of: organisation
who:
  - in: pharmacies-metro
  - not_in: in-dunning
  - has_email: yes
  - any:
      - rfm_tier: [1, 2]
      - potential: {missing: true}
""",
    "segments/segment-04.yaml": """
segment: segment-04
title: Généralistes à qui un e-mail est parti depuis trois mois
of: person
who:
  - kind: prescriber
  - specialty_group: GP
  - touched: {channel: email, within: 90 days}
""",
    "segments/segment-05.yaml": """
segment: segment-05
title: Cardiologues sans visite depuis six mois, ni e-mail depuis quinze jours
of: person
who:
  - kind: prescriber
  - specialty_group: CARDIO
  - not: {visited: {within: 180 days}}
  - not: {touched: {channel: email, within: 14 days}}
""",
    "segments/segment-06.yaml": """
segment: segment-06
title: Prescripteurs qui ont ouvert deux fois en trois mois
of: person
who:
  - kind: prescriber
  - responded: {with: open, within: 90 days, at_least: 2}
""",
    "segments/segment-07.yaml": """
segment: segment-07
title: Officines clientes de DERMAPHARM pour 500 € en douze mois
of: organisation
who:
  - in: pharmacies-metro
  - ordered: {brand: DERMAPHARM, within: 12 months, amount: {at_least: 500}}
""",
    "segments/segment-08.yaml": """
segment: segment-08
title: Généralistes qui ont cliqué deux fois ou reçu un délégué, sans e-mail depuis quinze jours
of: person
who:
  - kind: prescriber
  - specialty_group: GP
  - not: {touched: {channel: email, within: 14 days}}
  - any:
      - responded: {with: click, within: 90 days, at_least: 2}
      - visited: {within: 60 days}
""",
    "segments/segment-09.yaml": """
segment: segment-09
title: Deux e-mails au plus en deux mois, membres d'HIVERNAX 2025, sans réponse à lui
of: person
who:
  - kind: [prescriber, pharmacist]
  - enrolled: {campaign: hivernax-2025}
  - touched: {channel: email, within: 60 days, at_most: 2}
  - no_response: {to: hivernax-2025}
""",
    "segments/segment-10.yaml": """
segment: segment-10
title: Jamais touchés par visite, deux ouvertures en trois mois, 500 € de DERMAPHARM en douze mois, d'ici et pas de là
of: organisation
who:
  - not: {touched: {channel: visit}}
  - responded: {with: open, within: 90 days, at_least: 2}
  - ordered: {brand: DERMAPHARM, within: 12 months, amount: {at_least: 500}}
  - in: pharmacies-metro
  - not_in: in-dunning
""",
}  # fmt: skip

OVERSEAS: Final = "('971','972','973','974','975','976','977','978','984','986','987','988')"
HERE: Final = "c.status NOT IN ('merged','erased')"
TOUCHED: Final = (
    "t.state IN ('accepted','gated','unknown') AND t.direction = 'out' AND t.touched_at <= %(now)s"
    " AND (t.outcome IS DISTINCT FROM 'withdrawn' OR t.outcome_at > %(now)s)"
)
EMAILED_LATELY: Final = (
    f"EXISTS (SELECT FROM touch t WHERE t.customer_id = c.customer_id AND t.channel = 'email'"
    f" AND t.touched_at > %(now)s - interval '14 days' AND {TOUCHED})"
)
VISITED: Final = (
    "t.channel = 'visit' AND t.outcome = 'done' AND coalesce(t.outcome_at, t.touched_at) <= %(now)s"
)
OPENED_TWICE: Final = (
    "SELECT customer_id FROM response WHERE type = 'open' AND at > %(now)s - interval '90 days' AND at <= %(now)s"
    " GROUP BY customer_id HAVING count(*) >= 2"
)
BOUGHT: Final = (
    "SELECT o.customer_id FROM orders o JOIN order_line l USING (order_id)"
    " WHERE l.brand = 'DERMAPHARM' AND o.status NOT IN ('draft','rejected','cancelled','returned')"
    " AND o.ordered_at > %(now)s - interval '360 days' AND o.ordered_at <= %(now)s"
    " GROUP BY o.customer_id HAVING sum(l.amount_ht) >= 500"
)
PHARMACY: Final = f"c.of = 'organisation' AND c.kinds @> '{{pharmacy}}' AND c.status = 'active' AND c.department NOT IN {OVERSEAS}"

BY_HAND: Final[Mapping[str, str]] = {
    "segment-01": "SELECT c.customer_id FROM customer c WHERE c.of = 'person' AND c.kinds @> '{prescriber}' AND c.status = 'active'"
    " AND c.specialty_group = 'GP'",
    "segment-02": "SELECT c.customer_id FROM customer c WHERE c.of = 'person' AND c.kinds @> '{prescriber}' AND c.status = 'active'"
    " AND c.specialty_group IN ('GP','PEDIA') AND c.practice_mode = 'L'"
    f" AND c.department NOT IN {OVERSEAS} AND (c.facts->>'potential')::numeric >= 3",
    "segment-03": f"SELECT c.customer_id FROM customer c WHERE {PHARMACY} AND c.credit_status NOT IN ('dunning','blocked')"
    " AND EXISTS (SELECT FROM contact_point p WHERE p.customer_id = c.customer_id AND p.type = 'email' AND p.is_main"
    "   AND p.status NOT IN ('invalid','refused','blocked'))"
    " AND (c.facts->>'rfm_tier' IN ('1','2') OR c.facts->>'potential' IS NULL)",
    "segment-04": f"SELECT c.customer_id FROM customer c WHERE c.of = 'person' AND {HERE} AND c.kinds @> '{{prescriber}}' AND c.specialty_group = 'GP'"
    f" AND EXISTS (SELECT FROM touch t WHERE t.customer_id = c.customer_id AND t.channel = 'email'"
    f"   AND t.touched_at > %(now)s - interval '90 days' AND {TOUCHED})",
    "segment-05": f"SELECT c.customer_id FROM customer c WHERE c.of = 'person' AND {HERE} AND c.kinds @> '{{prescriber}}'"
    " AND c.specialty_group = 'CARDIO'"
    f" AND NOT EXISTS (SELECT FROM touch t WHERE t.customer_id = c.customer_id AND {VISITED}"
    "   AND coalesce(t.outcome_at, t.touched_at) > %(now)s - interval '180 days')"
    f" AND NOT {EMAILED_LATELY}",
    "segment-06": f"SELECT c.customer_id FROM customer c WHERE c.of = 'person' AND {HERE} AND c.kinds @> '{{prescriber}}'"
    f" AND c.customer_id IN ({OPENED_TWICE})",
    "segment-07": f"SELECT c.customer_id FROM customer c WHERE {PHARMACY} AND c.customer_id IN ({BOUGHT})",
    "segment-08": f"SELECT c.customer_id FROM customer c WHERE c.of = 'person' AND {HERE} AND c.kinds @> '{{prescriber}}' AND c.specialty_group = 'GP'"
    " AND c.customer_id IN ("
    "   SELECT customer_id FROM response WHERE type = 'click' AND at > %(now)s - interval '90 days' AND at <= %(now)s"
    "    GROUP BY customer_id HAVING count(*) >= 2"
    f"   UNION SELECT t.customer_id FROM touch t WHERE {VISITED} AND coalesce(t.outcome_at, t.touched_at) > %(now)s - interval '60 days')"
    f" AND NOT {EMAILED_LATELY}",
    "segment-09": f"SELECT c.customer_id FROM customer c WHERE c.of = 'person' AND {HERE} AND c.kinds && '{{prescriber,pharmacist}}'"
    " AND EXISTS (SELECT FROM member m JOIN run r USING (run_id) WHERE m.customer_id = c.customer_id AND r.campaign = 'hivernax-2025'"
    "   AND m.reason IS NULL AND NOT m.held_out AND m.enrolled_at <= %(now)s)"
    " AND NOT EXISTS (SELECT FROM (SELECT t.customer_id FROM touch t WHERE t.channel = 'email' AND t.touched_at > %(now)s - interval '60 days'"
    f"   AND {TOUCHED} GROUP BY t.customer_id HAVING count(*) > 2) AS many WHERE many.customer_id = c.customer_id)"
    f" AND EXISTS (SELECT FROM touch t WHERE t.customer_id = c.customer_id AND t.campaign = 'hivernax-2025' AND {TOUCHED})"
    " AND NOT EXISTS (SELECT FROM response r WHERE r.customer_id = c.customer_id AND r.campaign = 'hivernax-2025'"
    "   AND r.type NOT IN ('open_machine','click_suspect') AND r.at <= %(now)s)",
    "segment-10": f"SELECT c.customer_id FROM customer c WHERE {PHARMACY} AND c.credit_status NOT IN ('dunning','blocked')"
    f" AND c.customer_id IN ({OPENED_TWICE}) AND c.customer_id IN ({BOUGHT})"
    f" AND NOT EXISTS (SELECT FROM touch t WHERE t.customer_id = c.customer_id AND t.channel = 'visit' AND {TOUCHED})",
}  # fmt: skip


def library() -> Library:
    """Return the ten segments, and those that they name."""
    found, problems = segment_files.from_texts({name: text.lstrip() for name, text in FILES.items()})
    assert not problems, problems
    return found


@contextmanager
def lines() -> Iterator[Mapping[str, Sides]]:
    """Give both sides of each segment: counted, and as the members' rows."""
    asked = library()
    with base.standing(base.size()) as connection:
        sides: dict[str, Sides] = {}
        for name, hand in BY_HAND.items():
            text, values = audience.as_sql(audience.members(name, asked, on=base.NOW))
            ours = (text, values)
            reference = (re.sub(r"\s+", " ", hand), {"now": base.NOW})
            members = _members(connection, *ours)
            assert members == _members(connection, *reference), f"{name}: the two sides differ"
            print(f"  {name}: {len(members):,} members", file=sys.stderr)
            key = name.replace("-", "_")
            sides[key] = (_counting(connection, *ours), _counting(connection, *reference))
            sides[f"{key}_rows"] = (_reading(connection, *ours), _reading(connection, *reference))
        yield sides


def _members(connection: Connection, text: str, values: Mapping[str, Any]) -> frozenset[int]:
    found = connection.execute(text, values, prepare=False).fetchall()
    members = frozenset(int(row[0]) for row in found)
    assert len(members) == len(found), "a customer comes twice"
    return members


def _counting(connection: Connection, text: str, values: Mapping[str, Any]) -> Callable[[], object]:
    whole = f"SELECT count(*) FROM ({text}) AS members"
    return lambda: connection.execute(whole, values, prepare=False).fetchone()


def _reading(connection: Connection, text: str, values: Mapping[str, Any]) -> Callable[[], object]:
    return lambda: connection.execute(text, values, prepare=False, binary=True).rowcount
