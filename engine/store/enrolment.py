"""Freezing an audience: the universe of a run becomes rows, each enrolled, held out or excluded, once."""

import datetime as dt
from dataclasses import dataclass
from typing import Any, LiteralString

from engine.model.campaign import AnyCampaign
from engine.model.policy import Policy, RulePack
from engine.model.segment import Library
from engine.rules.allocation import cell_edges, edge
from engine.store import audience, sql_segments, universal_holdout
from engine.store.database import Connection, run
from engine.store.statements import statement

SINGLES: dict[str, LiteralString] = {
    "person": "NULL::text",
    "mailbox": "(SELECT p.value_norm FROM contact_point p WHERE p.customer_id = c.customer_id AND p.type = 'email' AND p.is_main)",
    "household": "(SELECT p.value_norm FROM contact_point p WHERE p.customer_id = c.customer_id AND p.type = 'postal' AND p.is_main)",
    "site": "coalesce((SELECT a.organisation_id FROM affiliation a WHERE a.person_id = c.customer_id"
    " ORDER BY a.is_primary DESC, a.organisation_id LIMIT 1), c.customer_id)::text",
}


@dataclass(frozen=True, slots=True)
class Waterfall:
    """How the universe of a run falls into parts; the parts add up to it."""

    universe: int
    excluded: dict[str, int]  #: by primary reason
    held_out: int
    enrolled: dict[str, int]  #: by cell; one cell called "all" where the campaign has none

    def __post_init__(self) -> None:
        parts = sum(self.excluded.values()) + self.held_out + sum(self.enrolled.values())
        if parts != self.universe:  # the conservation law: a slip here must never be shown as a plan
            raise AssertionError(f"{parts} members in parts, {self.universe} in the universe")


def freeze(
    connection: Connection,
    run_id: int,
    campaign: AnyCampaign,
    library: Library,
    policy: Policy,
    rules: RulePack,
    now: dt.datetime,
) -> int:
    """Give every member of the campaign's segment its row in one statement; return how many are new.

    A repeat finds the rows and adds none.
    """
    spec = campaign.audience
    sql_segments.answer(connection, library, [spec.segment, *spec.except_], on=now)
    universe, parameters = audience.as_sql(audience.customers(spec.segment, library, on=now), prefix="u")
    excepted: str = "SELECT NULL::bigint AS customer_id WHERE false"
    if spec.except_:
        parts = [
            audience.as_sql(audience.members(name, library, on=now), prefix=f"x{number}_")
            for number, name in enumerate(spec.except_)
        ]
        excepted = " UNION ".join(f"({text})" for text, _ in parts)
        for _, more in parts:
            parameters |= more
    some = spec.one_per != "person" or spec.top is not None
    strata = [audience.fact_as_text(fact, library) for fact in campaign.holdout.stratify]
    edges = cell_edges({name: cell.share for name, cell in campaign.cells.items()})
    cases = "".join(
        f" WHEN substr(digits, 9, 8) < %(cell_edge_{number})s THEN %(cell_{number})s"
        for number in range(len(edges))
    )
    text = statement("enrolment", "freeze")
    for marker, fragment in {
        "universe": universe,
        "excepted": excepted,
        "stratum": " || '|' || ".join(f"coalesce({part}, '?')" for part in strata) or "NULL::text",
        "single": SINGLES[spec.one_per],
        "rank": "NULL::numeric" if spec.top is None else audience.fact_as_number(spec.top.by, library),
        "sampled": statement("enrolment", "sampled_all" if spec.sample is None else "sampled_some"),
        "chosen": statement("enrolment", "chosen_some" if some else "chosen_all"),
        "drawn": statement("enrolment", "drawn_in_strata" if strata else "drawn_simply"),
        "cell": f"CASE{cases} END" if edges else "NULL",
    }.items():
        text = text.replace(f"/*{marker}*/", fragment)
    reentry = campaign.reentry
    parameters |= {
        "run": run_id,
        "now": now,
        "campaign": campaign.campaign,
        "brand": campaign.brand,
        "purpose": campaign.purpose,
        "key": campaign.holdout.key or campaign.campaign,
        "kinds": rules.allowed_kinds(campaign.purpose, now.date()),
        "reentry": reentry if isinstance(reentry, dt.timedelta) else None,
        "always": reentry == "always",
        "sample_edge": None if spec.sample is None else edge(spec.sample),
        "top": None if spec.top is None else spec.top.n,
        "holdout": float(policy.holdout_of(campaign)),
        "holdout_edge": edge(policy.holdout_of(campaign)),
        **universal_holdout.parameters(connection, campaign, policy, now),
    }
    for number, (name, last) in enumerate(edges.items()):
        parameters |= {f"cell_{number}": name, f"cell_edge_{number}": last}
    with connection.transaction():
        run(connection, statement("enrolment", "one_at_a_time"), {"run": run_id})
        begun = _one(connection, statement("enrolment", "begun"), run_id)
        text = text.replace("/*not_yet*/", statement("enrolment", "not_yet") if begun else "")
        count = run(connection, text, parameters).rowcount
        # The planner takes a table that was just filled for an empty one, and then asks row by row what it
        # should ask at once: 10.7 s for a step of 3,900 members, 1 s after this. A sample, whatever its size.
        run(connection, "ANALYZE (SKIP_LOCKED) member")
    return count


def waterfall(connection: Connection, run_id: int) -> Waterfall:
    """Return how a frozen run's universe falls into parts."""
    parts: dict[str, dict[str, int]] = {"excluded": {}, "held_out": {}, "enrolled": {}}
    for part, word, count in run(connection, statement("enrolment", "waterfall"), {"run": run_id}):
        parts[part][word or "all"] = count
    universe = _one(connection, "SELECT count(*) FROM member WHERE run_id = %(run)s", run_id)
    return Waterfall(universe, parts["excluded"], sum(parts["held_out"].values()), parts["enrolled"])


def digest(connection: Connection, run_id: int) -> str:
    """Return one hash over who is what in a frozen run."""
    row = run(connection, statement("enrolment", "digest"), {"run": run_id}).fetchone()
    assert row is not None
    return str(row[0])


def _one(connection: Connection, text: LiteralString, run_id: int) -> Any:
    row = run(connection, text, {"run": run_id}).fetchone()
    assert row is not None
    return row[0]
