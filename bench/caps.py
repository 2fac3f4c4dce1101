"""What the contact policy says of everybody for one e-mail, beside the bare anti-joins by hand.

All customers of the base are due at once, over its whole history: caps of one e-mail a month and two a quarter,
a gap after visits, consent, guards, holds, suppressions, addresses. Ours says for each customer every reason in its
order, which rule it was, and by which campaign; the hand only counts who may be reached. Both must agree on that.
The hand asks the history by the same windows as ours, so that it finds its months on disk as fast.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, LiteralString, TypeAlias

from bench import base
from engine.loading.project import packs
from engine.model.campaign import Campaign, Step
from engine.model.policy import Policy
from engine.store import journey
from engine.store.database import Connection
from engine.store.journey import Reach

Sides: TypeAlias = tuple[Callable[[], object], Callable[[], object]]

POLICY: Final = Policy.model_validate(
    {
        "policy": "bench",
        "company": "Laboratoires Armorial",
        "default_sender": "marketing",
        "senders": {"marketing": {"name": "Armorial", "address": "contact@armorial.example.org"}},
        "caps": [
            {"name": "one-a-month", "max": 1, "per": "30 days", "channels": ["email"], "source": "bench"},
            {"name": "two-a-quarter", "max": 2, "per": "90 days", "channels": ["email"], "source": "bench"},
        ],
        "gaps": [
            {"name": "after-a-visit", "no": "email", "within": "14 days", "after": "visit", "source": "bench"}
        ],
    }
)
CAMPAIGN: Final = Campaign[Step].model_validate(
    {
        "campaign": "bench",
        "title": "Bench",
        "owner": "bench",
        "purpose": "promo_otc",
        "schedule": {"start": "2026-03-03T09:30:00"},
        "audience": {"segment": "persons"},
        "holdout": {"share": "0%", "because": "a bench"},
        "steps": {"announce": {"channel": "email"}},
        "goals": {"clicks": {"response": "click"}},
    }
)
OURS: Final = """
WITH due AS MATERIALIZED (
    SELECT customer_id, NULL AS cell, %(now)s::timestamptz AS due_at, NULL::timestamptz AS not_after, false AS out_of_season FROM customer),
judged AS (/*judged*/)
SELECT count(*) FILTER (WHERE cardinality(reasons) = 0) FROM judged
"""
OPEN: Final = "t.state IN ('planned','ready','claimed','gated','accepted','unknown','parked') AND t.direction = 'out' AND t.outcome IS DISTINCT FROM 'withdrawn'"
PURPOSES: Final = "t.purpose IN ('promo_rx','promo_otc','commercial','event')"

VISITED: Final = (
    "coalesce(CASE WHEN t.outcome IS DISTINCT FROM 'not_done' THEN t.outcome_at END, t.touched_at)"
)
"""When a visit was made; of one that nobody made there is no report in this base."""


def _mails(within: str, most: int) -> str:
    """Return who was mailed so often: all of this history is settled, so the moment is `touched_at`."""
    return f"""SELECT t.customer_id FROM touch t WHERE t.channel = 'email' AND {OPEN} AND {PURPOSES}
                 AND t.touched_at > %(now)s::timestamptz - interval '{within}' AND t.touched_at < %(now)s::timestamptz + interval '{within}'
               GROUP BY t.customer_id HAVING count(*) >= {most}"""


BY_HAND: Final = f"""
SELECT count(*)
  FROM customer c
  JOIN contact_point p ON p.customer_id = c.customer_id AND p.type = 'email' AND p.is_main AND p.status NOT IN ('invalid','refused','blocked')
  JOIN contact_guard g ON g.customer_id = c.customer_id AND NOT g.blocked && '{{*,email,email:promo_otc}}'
 WHERE c.status IN ('active','unknown') AND c.kinds && %(kinds)s::text[]
   AND EXISTS (SELECT FROM consent k WHERE k.customer_id = c.customer_id AND k.channel = 'email' AND k.purpose IN ('promo_otc','*')
                  AND k.scope = 'all' AND k.opt = 'opt_in' AND k.has_proof AND (k.effective_to IS NULL OR k.effective_to > %(now)s))
   AND NOT EXISTS (SELECT FROM consent k WHERE k.customer_id = c.customer_id AND k.channel = 'email' AND k.purpose IN ('promo_otc','*')
                      AND k.scope = 'all' AND k.opt IN ('opt_out','never'))
   AND NOT EXISTS (SELECT FROM customer_hold h WHERE h.customer_id = c.customer_id AND h.kind IN ('legal','stock'))
   AND NOT EXISTS (SELECT FROM suppression s WHERE s.fingerprint = fingerprint('a pepper', p.type, p.value_norm) AND s.scope IN ('*', 'email')
                      AND s.from_at <= %(now)s AND (s.to_at IS NULL OR s.to_at > %(now)s))
   AND NOT EXISTS (SELECT FROM ({_mails("30 days", 1)} UNION ALL {_mails("90 days", 2)}) AS x WHERE x.customer_id = c.customer_id)
   AND NOT EXISTS (SELECT FROM touch t WHERE t.customer_id = c.customer_id AND t.channel = 'visit' AND {OPEN} AND {PURPOSES}
                      AND {VISITED} > %(now)s::timestamptz - interval '14 days' AND {VISITED} <= %(now)s::timestamptz)
"""


@contextmanager
def line() -> Iterator[Sides]:
    """Give both sides, for all BENCH_CUSTOMERS customers at once (a million if not said)."""
    with base.standing(base.size()) as connection:
        rules = packs()["FR"]
        nothing_more = {
            "out_of_stock": False,
            "universal_key": "",
            "universal_edge": "",
            "run": 0,
            "step": "",
        }
        parameters = nothing_more | journey.judged_parameters(
            CAMPAIGN, CAMPAIGN.steps["announce"], Reach("email", "a pepper"), POLICY, rules, base.NOW
        )
        text = OURS.replace("/*judged*/", journey.judged())
        hand = {"now": base.NOW, "kinds": rules.allowed_kinds("promo_otc", base.NOW.date())}

        def ours() -> int:
            return _number(connection, text, parameters)

        def reference() -> int:
            return _number(connection, BY_HAND, hand)

        assert (found := ours()) == reference(), "the two sides differ"
        assert found > 0
        yield ours, reference


def _number(connection: Connection, text: LiteralString, parameters: dict[str, object]) -> int:
    row = connection.execute(text, parameters, prepare=False).fetchone()
    assert row is not None
    return int(row[0])
