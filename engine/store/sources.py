"""Whether the base can be trusted today: deliveries that are too old, or that lost too much, stop campaigns."""

import datetime as dt
from collections.abc import Sequence

from engine.model.facts import Fact
from engine.model.policy import FeedGate, Policy
from engine.model.written import spoken
from engine.problems import Say
from engine.store.database import Connection, run
from engine.store.statements import statement


def stale(connection: Connection, feeds: Sequence[FeedGate], now: dt.datetime) -> list[Say]:
    """Return what the policy's `feeds` hold against the latest deliveries: none at all, too old, or shrunk."""
    if not feeds:
        return []
    names = sorted({gate.feed for gate in feeds})
    rows = {row[0]: row[1:] for row in run(connection, statement("plans", "deliveries"), {"feeds": names})}
    found: list[Say] = []
    for gate in feeds:
        if gate.feed not in rows:
            found.append(
                Say(
                    f"The feed '{gate.feed}' was never delivered; the policy asks for it.",
                    f"Le flux « {gate.feed} » n'a jamais été livré ; la politique l'exige.",
                )
            )
            continue
        at, lines, before = rows[gate.feed]
        age = now - at
        if gate.at_most is not None and age > gate.at_most:
            hours, most = f"{age.total_seconds() / 3600:,.0f} h", spoken(gate.at_most)
            found.append(
                Say(
                    f"The latest delivery of '{gate.feed}' is {hours} old; the policy allows {most}.",
                    f"La dernière livraison de « {gate.feed} » date de {hours} ; la politique permet {most}.",
                )
            )
        if (
            gate.shrunk_by is not None
            and before
            and lines is not None
            and lines < before * (1 - gate.shrunk_by)
        ):
            found.append(
                Say(
                    f"The latest delivery of '{gate.feed}' has {lines:,} lines, the one before had {before:,}; "
                    f"the policy allows {gate.shrunk_by:.0%} less.",
                    f"La dernière livraison de « {gate.feed} » a {lines:,} lignes, la précédente {before:,} ; "
                    f"la politique permet {gate.shrunk_by:.0%} de moins.",
                )
            )
    return found


def old_facts(connection: Connection, facts: Sequence[Fact], now: dt.datetime) -> list[Say]:
    """Return which facts came last longer ago than `fresh:` says they can be relied on.

    Of a fact that no delivery ever brought, when it came is not known, and nothing is said.
    """
    limits = {fact.name: fact.fresh for fact in facts if fact.fresh is not None}
    if not limits:
        return []
    rows = run(connection, statement("plans", "facts_delivered"), {"facts": sorted(limits)}).fetchall()
    return [
        Say(
            f"The fact '{name}' was last delivered on {at:%Y-%m-%d}; segments/facts.yaml relies on it for {spoken(limits[name])}.",
            f"La donnée « {name} » a été livrée le {at:%Y-%m-%d} pour la dernière fois ; segments/facts.yaml s'y fie {spoken(limits[name])}.",
        )
        for name, at in sorted(rows)
        if now - at > limits[name]
    ]


def shrunk(connection: Connection, policy: Policy, run_id: int, universe: int) -> list[Say]:
    """Return what the policy holds against a universe that is smaller than that of the campaign's run before."""
    if policy.audience_shrunk_by is None:
        return []
    row = run(connection, statement("plans", "universe_before"), {"run": run_id}).fetchone()
    if row is None or universe >= row[0] * (1 - policy.audience_shrunk_by):
        return []
    return [
        Say(
            f"The segment names {universe:,} customers, in the run before {row[0]:,}; the policy allows "
            f"{policy.audience_shrunk_by:.0%} less.",
            f"Le segment désigne {universe:,} clients, {row[0]:,} à l'exécution précédente ; la politique permet "
            f"{policy.audience_shrunk_by:.0%} de moins.",
        )
    ]
