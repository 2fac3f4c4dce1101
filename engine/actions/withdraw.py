"""Withdraw: a material must not go out any more; what is in flight is held, and tasks come back from the reps (C-37)."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from engine.actions.pinned import Definition, pinned
from engine.content.card import card
from engine.contract import Channel
from engine.loading.project import Project
from engine.model.written import RunId
from engine.problems import Say, UsageError, did_you_mean
from engine.store import ledger, withdrawals
from engine.store.database import Connection


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What a withdrawal held back."""

    reference: str
    is_new: bool
    runs: int  #: in which the material is used
    touches: int  #: that will not leave
    tasks: int  #: that were taken back from reps


def withdraw(
    connection: Connection,
    project: Project,
    material: str,
    channels: Mapping[str, Channel],
    *,
    by: str,
    because: str,
    now: dt.datetime,
) -> Withdrawn:
    """Withdraw a material under its reference, for good and for all its versions.

    No gate commits for it once this has returned: the law of the gate asks for withdrawals, and a gate that
    was under way has been waited for.

    Args:
        material: Its name, its template or its reference.

    Raises:
        UsageError: no such material.
    """
    definitions = {
        row.run_id: pinned(connection, row.definition_sha, row.campaign, channels)
        for row in ledger.runs(connection)
        if row.frozen_at is not None and row.closed_at is None
    }
    reference = _reference(project, list(definitions.values()), material)
    words = f"{reference}: {because}"
    touches = tasks = 0
    with connection.transaction():
        is_new = withdrawals.keep(connection, reference, by=by, because=because, now=now)
        uses = {
            run: [step for step in one.campaign.steps if reference in one.references(step)]
            for run, one in definitions.items()
        }
        concerned = [run for run, steps in uses.items() if steps]
        withdrawals.hold_switches(connection, concerned)
        for run in sorted(concerned):
            for step in uses[run]:
                touches += withdrawals.withhold(connection, run, step, "material_withdrawn", words)
                tasks += withdrawals.recall_tasks(connection, run, step, words, now)
        ledger.audit(
            connection,
            by,
            "withdraw",
            reference,
            {"because": because, "runs": len(concerned), "touches": touches, "tasks": tasks},
        )
    return Withdrawn(reference, is_new, len(concerned), touches, tasks)


def is_held(
    connection: Connection, run_id: RunId, definition: Definition, step: str, now: dt.datetime
) -> bool:
    """Return whether a step's material may not go out now; what is ready of it is then excluded, with the reason."""
    template = definition.template(step)
    material = None if template is None else card(definition.files, template)
    day = now.astimezone(ZoneInfo(definition.campaign.schedule.timezone)).date()
    reason = None if material is None else material.hindrance(day)
    because = None if material is None or reason is None else material.reference
    gone = withdrawals.withdrawn(connection, definition.references(step))
    if gone is not None:
        reason, because = "material_withdrawn", gone
    if reason is None:
        return False
    withdrawals.withhold(connection, run_id, step, reason, because)
    return True


def _reference(project: Project, running: list[Definition], material: str) -> str:
    """Return the reference that somebody means, in the files as they stand or as some run was told."""
    known: dict[str, str] = {}
    for files in [project.files, *(one.files for one in running)]:
        for path in files:
            if not path.startswith("templates/") or not path.endswith(".yaml"):
                continue
            template = path.removeprefix("templates/").removesuffix(".yaml")
            found = card(files, template)
            if found is not None:
                known |= dict.fromkeys((template, found.material, found.reference), found.reference)
    if material not in known:
        raise UsageError(
            Say(f"There is no material '{material}'.", f"Il n'y a pas de document « {material} »."),
            did_you_mean(material, set(known.values()) | {name for name in known if "/" in name}),
        )
    return known[material]
