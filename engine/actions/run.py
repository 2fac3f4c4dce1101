"""Run: open a slot once, freeze its audience, plan what is due. Sending is `drain`, as often as it takes."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from engine.actions import binding, guards
from engine.actions.advance import Advanced, Progress, advance, committed, plan_due, release, silent
from engine.actions.approve import authority
from engine.actions.forecast import step_as_planned
from engine.actions.pinned import Definition, pinned
from engine.actions.plan import described
from engine.contract import Channel
from engine.loading.project import Project
from engine.model.approval import Keys
from engine.model.plan import LENGTH_OF_ID, plan_sha
from engine.model.written import RunId
from engine.problems import Say, UsageError
from engine.rules.schedule import Slot
from engine.store import conservation, enrolment, ledger, plans, sources
from engine.store.database import Connection
from engine.store.plans import KeptPlan

NOBODYS: Final[Keys] = {}
"""Where no key is known, nobody's agreement counts."""


@dataclass(frozen=True, slots=True)
class Started:
    """A slot's run: whether this call opened it, its audience, and what its first advance planned."""

    run_id: RunId
    is_new: bool
    waterfall: enrolment.Waterfall
    advanced: Advanced


def start(
    connection: Connection,
    project: Project,
    campaign: str,
    slot: Slot,
    channels: Mapping[str, Channel],
    *,
    pepper: str,
    now: dt.datetime,
    plan_id: str | None = None,
    keys: Keys = NOBODYS,
    progress: Progress = silent,
) -> Started:
    """Open, freeze and advance the run of a campaign's slot; the same slot again changes nothing.

    Opening, freezing, planning the first steps and holding all of it against approval, guards and plan are one
    transaction: whatever stops leaves no run behind. Without a plan, the one that was approved for the slot
    binds; where none was, the slot plans itself and what it planned is kept. A clock that strikes a little early
    means the slot's own moment.

    Raises:
        FilesError: the files are wrong.
        UsageError: there is no such plan.
        GuardStopped: nobody agreed, or audience or cost are not as allowed or planned; nothing was sent.
    """
    sha, files = project.definition(campaign)
    spec = project.campaign(campaign)
    now = max(now, slot.at)
    plan = None if plan_id is None else known_plan(connection, plan_id)
    due = None
    with connection.transaction():
        ledger.keep_definition(connection, sha, campaign, files)
        weight = 50 if project.policy is None else project.policy.priority_of(spec)
        run_id, is_new = ledger.open_run(connection, spec, slot, sha, priority=weight)
        row = ledger.locked(connection, run_id)
        definition = pinned(connection, row.definition_sha, campaign, channels)
        if row.frozen_at is None:
            if plan is not None:
                binding.hold_files(connection, plan, sha, files)
            plan = authority(connection, definition, slot.name, plan, keys)
            if plan is not None:
                binding.hold_composed(plan, definition.policy)
            due = _first(connection, run_id, definition, channels, plan, pepper=pepper, now=now)
            bound = plan.plan_id if plan is not None else _plan_itself(connection, run_id, definition, slot)
            plans.bind(connection, run_id, bound)
            ledger.mark_frozen(connection, run_id, now)
        fall = enrolment.waterfall(connection, run_id)
        progress("audience", fall.universe)
    if due is not None:
        advanced = release(connection, run_id, definition, due, channels, now=now, progress=progress)
    else:
        advanced = advance(connection, run_id, channels, pepper=pepper, now=now, progress=progress)
    return Started(run_id, is_new, fall, advanced)


def _first(
    connection: Connection,
    run_id: RunId,
    definition: Definition,
    channels: Mapping[str, Channel],
    plan: KeptPlan | None,
    *,
    pepper: str,
    now: dt.datetime,
) -> tuple[dict[str, dict[str, int]], int, bool]:
    """Freeze, plan what is due, and hold both against guards and plan, in the caller's transaction."""
    campaign = definition.campaign
    guards.hold(sources.stale(connection, definition.policy.feeds, now))
    enrolment.freeze(
        connection, run_id, campaign, definition.library, definition.policy, definition.rules, now
    )
    fall = enrolment.waterfall(connection, run_id)
    guards.hold(guards.of_size(campaign, fall.held_out + sum(fall.enrolled.values())))
    guards.hold(sources.shrunk(connection, definition.policy, run_id, fall.universe))
    due = plan_due(connection, run_id, definition, channels, pepper=pepper, enrolled=now, now=now)
    if plan is not None:
        binding.hold_members(connection, run_id, plan)
    guards.hold(guards.of_cost(campaign, committed(connection, run_id, definition)))
    conservation.conserved(connection, run_id)
    return due


def _plan_itself(connection: Connection, run_id: RunId, definition: Definition, slot: Slot) -> str:
    """Keep what a slot has just planned for itself, so that it can be looked at afterwards; return the plan's id."""
    fall, digest = enrolment.waterfall(connection, run_id), enrolment.digest(connection, run_id)
    who = plans.parts(connection, run_id)
    plan_id = plan_sha(definition.sha, slot.name, digest, who)[:LENGTH_OF_ID]
    steps = [
        step_as_planned(connection, run_id, definition, name, slot.at)
        for name in definition.campaign.steps
        if f"step:{name}" in who
    ]
    made = described(definition, plan_id, slot, fall, digest, steps)
    plans.keep(connection, made, who, "schedule", renews=False)
    return plan_id


def known_plan(connection: Connection, plan_id: str) -> KeptPlan:
    """Return a plan that was made before.

    Raises:
        UsageError: there is none of that id.
    """
    plan = plans.kept(connection, plan_id)
    if plan is None:
        raise UsageError(
            Say(f"There is no plan '{plan_id}'.", f"Il n'y a pas de plan « {plan_id} »."),
            Say("Make one: touchbase plan CAMPAIGN.", "Faites-en un : touchbase plan CAMPAGNE."),
        )
    return plan


def close_if_over(connection: Connection, run_id: RunId, advanced: Advanced, now: dt.datetime) -> bool:
    """Close a run of which no step can come due any more and nothing is open."""
    return advanced.is_over and ledger.close(connection, run_id, now)
