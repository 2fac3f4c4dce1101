"""Plans as the database keeps them: what was shown, who was where, and who has moved since."""

import datetime as dt
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString

from psycopg import sql

from engine.model.campaign import AnyCampaign
from engine.model.plan import Moved, Plan, plan_sha
from engine.rules.schedule import due
from engine.store import journey
from engine.store.database import Connection, run
from engine.store.statements import statement


@dataclass(frozen=True, slots=True)
class KeptPlan:
    """A plan that was made before."""

    plan_id: str
    campaign: str
    slot: str
    definition_sha: str
    audience_digest: str
    made_by: str
    made_at: dt.datetime
    document: Mapping[str, Any]


def parts(connection: Connection, run_id: int) -> dict[str, str]:
    """Return who is where in a frozen run, by part; each part is the text of an array of ids, ascending."""
    return {
        str(part): str(members)
        for part, members in run(connection, _placed(statement("plans", "parts")), {"run": run_id})
    }


def keep(
    connection: Connection, plan: Plan, who: Mapping[str, str], made_by: str, *, renews: bool = True
) -> bool:
    """Keep a plan with its members; return whether it is new. The same plan made again is the same row.

    Args:
        renews: What the row shows is from now on what this look saw, unless a run came of it.
    """
    row = run(
        connection,
        statement("plans", "keep_plan"),
        {
            "plan": plan.plan_id,
            "campaign": plan.campaign,
            "slot": plan.slot,
            "sha": plan.definition_sha,
            "digest": plan.audience_digest,
            "document": json.dumps(plan.document()),
            "by": made_by,
            "renews": renews,
        },
    ).fetchone()
    assert row is not None
    if not row[0]:
        return False
    for part, members in who.items():
        run(
            connection,
            statement("plans", "keep_part"),
            {"plan": plan.plan_id, "part": part, "members": members},
        )
    return True


def bind(connection: Connection, run_id: int, plan_id: str) -> None:
    """Let a run say by which plan it goes."""
    run(connection, statement("plans", "bind"), {"run": run_id, "plan": plan_id})


def kept(connection: Connection, plan_id: str) -> KeptPlan | None:
    """Return a plan that was made before, or `None`: there is none of that id."""
    row = run(connection, statement("plans", "plan"), {"plan": plan_id}).fetchone()
    return None if row is None else KeptPlan(*row)


def whole_sha(connection: Connection, plan: KeptPlan) -> str:
    """Return the hash of a kept plan, made anew of all that it says: what is signed, and what a change would show in."""
    who = {
        str(part): str(members)
        for part, members in run(connection, statement("plans", "kept_parts"), {"plan": plan.plan_id})
    }
    return plan_sha(plan.definition_sha, plan.slot, plan.audience_digest, who)


def moved(connection: Connection, run_id: int, plan_id: str, later: Collection[str] = ()) -> list[Moved]:
    """Return who stands elsewhere in a frozen and planned run than in a plan, by id.

    Args:
        later: Steps that were not due when the plan was made: that they came due since moved nobody.
    """
    given = {"run": run_id, "plan": plan_id, "later": [f"step:{step}" for step in later]}
    rows = run(connection, _placed(statement("plans", "moved")), given)
    return [Moved(int(customer), tuple(was), tuple(now), reason) for customer, was, now, reason in rows]


def excluded(connection: Connection, run_id: int, step: str) -> dict[str, int]:
    """Return how many a step withheld, by primary reason, most first."""
    rows = run(connection, statement("plans", "excluded_of_step"), {"run": run_id, "step": step})
    return {str(reason): int(count) for reason, count in rows}


def reached(connection: Connection, run_id: int, step: str) -> int:
    """Return how many a step has reached, or still will."""
    row = run(connection, statement("plans", "reached_by_step"), {"run": run_id, "step": step}).fetchone()
    assert row is not None
    return int(row[0])


def planned(connection: Connection, run_id: int, step: str) -> int:
    """Return for how many a step is planned."""
    row = run(connection, statement("plans", "planned_of_step"), {"run": run_id, "step": step}).fetchone()
    assert row is not None
    return int(row[0])


def paused_by_guard(connection: Connection, campaign: str, slot: str) -> bool:
    """Return whether the run of a slot is paused, and not by a person."""
    return bool(
        run(
            connection, statement("plans", "paused_by_guard"), {"campaign": campaign, "slot": slot}
        ).fetchone()
    )


def under_way(connection: Connection, run_id: int) -> int:
    """Return how many enrolled members of a run have not left it."""
    row = run(connection, statement("plans", "under_way"), {"run": run_id}).fetchone()
    assert row is not None
    return int(row[0])


def as_if_sent(connection: Connection, run_id: int, step: str, *, surely: bool) -> None:
    """In a rehearsal, let a step have taken place when it was due; `surely`: caps and gaps count it."""
    state = "accepted" if surely else "expired"
    run(connection, statement("plans", "as_if_sent"), {"run": run_id, "step": step, "state": state})


def last_due(
    connection: Connection, run_id: int, campaign: AnyCampaign, step: str, enrolled: dt.datetime
) -> dt.datetime | None:
    """Return when a step has come due for everybody whose moment is known; `None`: it is known for nobody."""
    zone = campaign.schedule.timezone
    parameters: dict[str, Any] = {"run": run_id}
    bases: list[str] = []
    due_at = journey.moment_as_sql(
        due(campaign.steps[step], enrolled, zone), "b", bases, parameters, zone, enrolled
    )
    text = statement("plans", "last_due")
    text = text.replace("/*due_at*/", due_at).replace("/*bases*/", " ".join(bases))
    row = run(connection, text, parameters).fetchone()
    return None if row is None else row[0]


def write_members(connection: Connection, run_id: int, path: Path) -> None:
    """Write everybody of a frozen run's universe to a CSV file: ids, places, reasons."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = sql.SQL(statement("plans", "members_as_csv")).format(run=sql.Literal(int(run_id)))
    with path.open("wb") as out, connection.cursor().copy(text) as rows:
        for block in rows:
            out.write(block)


def _placed(text: LiteralString) -> LiteralString:
    return text.replace("/*places*/", statement("plans", "places"))
