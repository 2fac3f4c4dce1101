"""What reps can do: their room for tasks, by working day, and what a step asks of them."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final, get_args
from zoneinfo import ZoneInfo

from engine.model.campaign import Step
from engine.model.plan import RepLoad
from engine.model.segment import Library
from engine.rules.calendar import Region, is_working_day
from engine.store import audience
from engine.store.database import Connection, run
from engine.store.statements import statement

HORIZON: Final = 120
"""Days that a rep's diary is looked ahead; windows that end later are taken to end then."""


def parameters(step: Step, now: dt.datetime, zone: str, until: dt.date | None = None) -> dict[str, Any]:
    """Return the working days that reps have from now on, for each set of holidays, and whether the step defers."""
    first = now.astimezone(ZoneInfo(zone)).date()
    last = first + dt.timedelta(days=HORIZON)
    days = [first + dt.timedelta(days=number) for number in range(HORIZON + 1)]
    regions: tuple[Region, ...] = get_args(Region)
    return {
        "defers": "defer" in overflow(step),
        "reps": None,
        "work_zone": zone,
        "work_first": first,
        "work_last": last if until is None else min(until, last),
        "work_days": days * len(regions),
        "work_regions": [region for region in regions for _ in days],
        "works": [is_working_day(day, region) for region in regions for day in days],
    }


def overflow(step: Step) -> Sequence[object]:
    """Return what happens where the reps have no room, in the words of the step."""
    return getattr(getattr(step, "task", None), "overflow", ("defer",))


def importance(step: Step, library: Library) -> str:
    """Return as SQL by what fact of the customer `c` tasks are ordered; what is no number orders nobody."""
    by = getattr(getattr(getattr(step, "task", None), "priority", None), "by", None)
    return (
        audience.fact_as_number(by, library) if by is not None and library.has_fact(by) else "NULL::numeric"
    )


def loads(
    connection: Connection, run_id: int, step_name: str, step: Step, zone: str, on: dt.datetime
) -> list[RepLoad]:
    """Return what a step that was planned asks of each rep, most first, within the window that begins `on`."""
    row = connection.execute(
        "SELECT (max(not_after) AT TIME ZONE %s)::date FROM touch WHERE run_id = %s AND step = %s",
        [zone, run_id, step_name],
    ).fetchone()
    given = parameters(step, on, zone, None if row is None else row[0])
    return [
        RepLoad(str(code), int(asked), int(taken), int(capacity), int(already))
        for code, asked, taken, capacity, already in run(
            connection, statement("journey", "rep_load"), given | {"run": run_id, "step": step_name}
        )
    ]
