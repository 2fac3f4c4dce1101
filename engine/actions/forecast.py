"""Forecast: what each step of a run would do on the day it comes due, in a transaction that will be rolled back.

The first steps are due now and exact. The later ones are judged in the order in which they come due, each on its own
day: consents may have run out by then, a visa may have ended, and the touches of the steps before count in the caps,
as if all of them had gone out and nobody had answered.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from engine.actions.advance import SHOWN, Progress, compose_all
from engine.actions.pinned import Definition
from engine.contract import Channel
from engine.model.plan import RepLoad, StepPlan
from engine.model.written import RunId
from engine.store import journey, plans, workload
from engine.store.database import Connection


def first_step(
    connection: Connection,
    run_id: RunId,
    definition: Definition,
    step: str,
    channels: Mapping[str, Channel],
    now: dt.datetime,
    progress: Progress,
) -> StepPlan:
    """Return what a step does that has just been planned, and let it have gone out."""
    composition = compose_all(connection, run_id, definition, step, channels, now=now, progress=progress)
    made = replace(
        step_as_planned(connection, run_id, definition, step, now),
        does_not_compose=composition.failed,
        broken=composition.broken,
        due=now,
    )
    plans.as_if_sent(connection, run_id, step, surely=True)
    return made


def step_as_planned(
    connection: Connection, run_id: RunId, definition: Definition, step: str, now: dt.datetime
) -> StepPlan:
    """Return what a step does that has just been planned."""
    touched = plans.planned(connection, run_id, step)
    return StepPlan(
        step,
        definition.campaign.steps[step].channel,
        True,
        touched,
        touched,
        plans.excluded(connection, run_id, step),
        definition.price(step) * touched,
        reps=_tasks(connection, run_id, definition, step, now),
    )


def step_as_it_went(connection: Connection, run_id: RunId, definition: Definition, step: str) -> StepPlan:
    """Return what a step of a run did that came due before."""
    touched = plans.reached(connection, run_id, step)
    return StepPlan(
        step,
        definition.campaign.steps[step].channel,
        True,
        touched,
        touched,
        plans.excluded(connection, run_id, step),
        definition.price(step) * touched,
    )


def later_steps(
    connection: Connection,
    run_id: RunId,
    definition: Definition,
    steps: Sequence[str],
    channels: Mapping[str, Channel],
    *,
    pepper: str,
    enrolled: dt.datetime,
    progress: Progress,
) -> list[StepPlan]:
    """Return what steps would do that are not due yet, in the order in which they come due."""
    made: list[StepPlan] = []
    waiting = list(steps)
    while waiting:
        moments = {
            step: plans.last_due(connection, run_id, definition.campaign, step, enrolled) for step in waiting
        }
        known = {step: moment for step, moment in moments.items() if moment is not None}
        if not known:  # they wait for steps that reach nobody
            return made + [_nobody(definition, step) for step in waiting]
        step = min(known, key=lambda name: (known[name], waiting.index(name)))
        waiting.remove(step)
        made.append(
            _later(connection, run_id, definition, step, channels, pepper, enrolled, known[step], progress)
        )
    return made


def _later(
    connection: Connection,
    run_id: RunId,
    definition: Definition,
    step: str,
    channels: Mapping[str, Channel],
    pepper: str,
    enrolled: dt.datetime,
    on: dt.datetime,
    progress: Progress,
) -> StepPlan:
    channel = channels[definition.campaign.steps[step].channel]
    reach = definition.reach(step, channel, pepper)

    def come_due(*, whatever_if: bool) -> None:
        journey.come_due(
            connection,
            run_id,
            definition.campaign,
            step,
            reach,
            definition.library,
            definition.policy,
            definition.rules,
            enrolled,
            on,
            whatever_if=whatever_if,
        )

    come_due(whatever_if=False)
    sure = compose_all(connection, run_id, definition, step, channels, now=on, progress=progress)
    touched = plans.planned(connection, run_id, step)
    excluded = plans.excluded(connection, run_id, step)
    reps = _tasks(connection, run_id, definition, step, on)
    plans.as_if_sent(connection, run_id, step, surely=True)
    come_due(whatever_if=True)
    other = compose_all(connection, run_id, definition, step, channels, now=on, progress=progress)
    more = plans.planned(connection, run_id, step)
    plans.as_if_sent(connection, run_id, step, surely=False)
    return StepPlan(
        step,
        channel.name,
        False,
        touched,
        touched + more,
        excluded,
        definition.price(step) * touched,
        sure.failed + other.failed,
        on,
        reps,
        (*sure.broken, *other.broken)[:SHOWN],
    )


def _tasks(
    connection: Connection, run_id: RunId, definition: Definition, step: str, on: dt.datetime
) -> Sequence[RepLoad]:
    """Return what a planned step asks of each rep; nothing, where it asks nothing of reps."""
    spec = definition.campaign.steps[step]
    if getattr(spec, "task", None) is None:
        return ()
    return workload.loads(connection, run_id, step, spec, definition.campaign.schedule.timezone, on)


def _nobody(definition: Definition, step: str) -> StepPlan:
    return StepPlan(step, definition.campaign.steps[step].channel, False, 0, 0, {}, Decimal(0))
