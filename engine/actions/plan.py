"""Plan: carry a run's first moment out, look at it, and roll it back. What was seen is what will run."""

import datetime as dt
import json
from collections.abc import Mapping
from decimal import Decimal
from hashlib import sha256

from engine.actions.advance import Progress, plan_due, prove, silent
from engine.actions.pinned import Definition, understood
from engine.contract import Channel, Parcel
from engine.loading.project import Project
from engine.model.plan import Plan, Sample, StepPlan
from engine.model.written import RunId
from engine.problems import GuardStopped, Say, UsageError
from engine.rules.measurement import power_in_words
from engine.rules.schedule import Slot, slots_between
from engine.store import enrolment, journey, ledger
from engine.store.database import Connection, run
from engine.store.statements import statement


def slot_for(project: Project, campaign: str, now: dt.datetime) -> Slot:
    """Return the slot that a person means who says no slot: the latest one that has come, else the next one.

    Raises:
        UsageError: the schedule has no slot.
    """
    schedule = project.campaign(campaign).schedule
    past = list(slots_between(schedule, now - dt.timedelta(days=400), now))
    if past:
        return past[-1]
    for coming in slots_between(schedule, now, now + dt.timedelta(days=400)):
        return coming
    raise UsageError(
        Say(
            f"The schedule of '{campaign}' has no slot within a year of now.",
            f"Le calendrier de « {campaign} » n'a aucun départ à moins d'un an.",
        ),
        Say("Look at 'start', 'every' and 'end'.", "Voyez « start », « every » et « end »."),
    )


def named_slot(project: Project, campaign: str, text: str) -> Slot:
    """Return the slot of a name: 2026-03-03T09:30, in the campaign's zone.

    Raises:
        UsageError: not a time.
    """
    from engine.rules.schedule import slot

    try:
        local = dt.datetime.fromisoformat(text.split("[")[0])
    except ValueError:
        raise UsageError(
            Say(f"'{text}' is not a slot.", f"« {text} » n'est pas un départ."),
            Say("Write a local time: 2026-03-03T09:30.", "Écrivez une heure locale : 2026-03-03T09:30."),
        ) from None
    return slot(local.replace(tzinfo=None), project.campaign(campaign).schedule.timezone)


def plan(
    connection: Connection,
    project: Project,
    campaign: str,
    slot: Slot,
    channels: Mapping[str, Channel],
    *,
    pepper: str,
    made_by: str,
    now: dt.datetime,
    samples: int = 3,
    progress: Progress = silent,
) -> Plan:
    """Return, and keep, the plan of a campaign at a slot.

    Everything is done for real in a transaction that is rolled back: the members frozen, the first steps
    planned, every parcel composed. `now` should be the moment of the slot, or later.

    Raises:
        FilesError: the project's files are wrong.
    """
    sha, files = project.definition(campaign)
    definition = understood(sha, files, campaign, tuple(channel.step for channel in channels.values()))
    with connection.transaction(force_rollback=True):
        made = _rehearsed(
            connection,
            definition,
            slot,
            channels,
            pepper=pepper,
            now=max(now, slot.at),
            samples=samples,
            progress=progress,
        )
    with connection.transaction():
        ledger.keep_definition(connection, sha, campaign, files)
        run(
            connection,
            statement("plans", "keep_plan"),
            {
                "plan": made.plan_id,
                "campaign": campaign,
                "slot": slot.name,
                "sha": sha,
                "digest": made.audience_digest,
                "document": json.dumps(made.document()),
                "by": made_by,
            },
        )
    return made


def _rehearsed(
    connection: Connection,
    definition: Definition,
    slot: Slot,
    channels: Mapping[str, Channel],
    *,
    pepper: str,
    now: dt.datetime,
    samples: int,
    progress: Progress,
) -> Plan:
    campaign, policy = definition.campaign, definition.policy
    ledger.keep_definition(connection, definition.sha, campaign.campaign, definition.files)
    run_id, _ = ledger.open_run(connection, campaign, slot, definition.sha)
    row = ledger.locked(connection, run_id)
    enrolled = row.frozen_at or now
    if row.frozen_at is None:
        progress("audience", 0)
        enrolment.freeze(connection, run_id, campaign, definition.library, policy, definition.rules, now)
    fall = enrolment.waterfall(connection, run_id)
    progress("audience", fall.universe)
    digest = enrolment.digest(connection, run_id)
    plan_due(connection, run_id, definition, channels, pepper=pepper, enrolled=enrolled, now=now)
    states = ledger.counts(connection, run_id)
    steps: list[StepPlan] = []
    shown: list[Sample] = []
    warnings: list[str] = []
    for name, step in campaign.steps.items():
        channel = channels[step.channel]
        price = policy.costs.get(channel.name, Decimal(0))
        counts = states.get((name, channel.name))
        if counts is None:
            through = journey.forecast(
                connection,
                run_id,
                campaign,
                name,
                definition.reach(name, channel, pepper),
                policy,
                definition.rules,
                now,
            )
            touched = through.pop("", 0)
            steps.append(StepPlan(name, channel.name, False, touched, through, price * touched))
            continue
        broken = prove(connection, run_id, definition, name, channels, now=now, progress=progress)
        shown += _samples(connection, run_id, definition, name, channel, now, samples)
        excluded = {
            str(reason): int(count)
            for reason, count in run(
                connection, statement("plans", "excluded_of_step"), {"run": run_id, "step": name}
            )
        }
        touched = counts.get("planned", 0) - broken
        steps.append(StepPlan(name, channel.name, True, touched, excluded, price * touched, broken))
        if broken > policy.max_render_errors:
            warnings.append(
                f"{broken} parcels of step '{name}' do not compose: the run would stop with 0 sent."
            )
    expected = campaign.audience.expect
    size = fall.held_out + sum(fall.enrolled.values())
    if expected is not None and not expected.low <= size <= expected.high:
        warnings.append(
            f"The audience has {size:,} members, expected {expected.low:,} to {expected.high:,}: the run would stop before anything is sent."
        )
    cost = sum((step.cost for step in steps if step.is_exact), Decimal(0))
    most = sum((step.cost for step in steps), Decimal(0))
    budget = None if campaign.budget is None else campaign.budget.max
    if budget is not None and most > budget:
        warnings.append(
            f"If every later step reached all it may, it would cost {most:,.2f} EUR; the budget is {budget:,.2f} EUR."
        )
    targets = [float(goal.target) for goal in campaign.goals.values() if goal.target is not None]
    power = None
    if fall.held_out and fall.enrolled:
        power = str(
            power_in_words(sum(fall.enrolled.values()), fall.held_out, targets[0] if targets else 0.1)
        )
    plan_id = sha256(f"{definition.sha}:{slot.name}:{digest}".encode()).hexdigest()[:12]
    return Plan(
        plan_id,
        campaign.campaign,
        campaign.title,
        slot.name,
        definition.sha,
        digest,
        fall.universe,
        fall.excluded,
        fall.held_out,
        fall.enrolled,
        tuple(steps),
        cost,
        budget,
        tuple(warnings),
        tuple(shown),
        power,
    )


def _samples(
    connection: Connection,
    run_id: RunId,
    definition: Definition,
    step_name: str,
    channel: Channel,
    now: dt.datetime,
    most: int,
) -> list[Sample]:
    """Return a few parcels of a step as they would leave."""
    if not most:
        return []
    for group in ledger.to_prove(
        connection, run_id, step_name, contact_point=channel.contact_point, now=now, group=most
    ):
        compose = channel.prepare(definition.wave(run_id, step_name, now))
        if channel.wants_history:
            group = ledger.with_history(connection, group, now)
        made = [(addressee, compose(addressee)) for addressee in group]
        return [
            Sample(step_name, addressee.customer.customer_id, addressee.cell, *channel.shown(parcel))
            for addressee, parcel in made
            if isinstance(parcel, Parcel)
        ]
    return []


def kept_plan(connection: Connection, plan_id: str) -> tuple[str, str, str, str] | None:
    """Return campaign, slot, definition and audience digest of a plan that was made before."""
    row = run(connection, statement("plans", "plan"), {"plan": plan_id}).fetchone()
    return None if row is None else (str(row[0]), str(row[1]), str(row[2]), str(row[3]))


def hold_against(connection: Connection, run_id: RunId, digest: str) -> None:
    """Refuse a run whose audience is not the plan's.

    Raises:
        GuardStopped: somebody joined, left or changed cell since the plan was shown.
    """
    found = enrolment.digest(connection, run_id)
    if found != digest:
        raise GuardStopped(
            Say(
                "The audience is no longer the one that the plan showed. Nothing was sent and nothing is kept of this run.",
                "L'audience n'est plus celle que le plan a montrée. Rien n'est parti et rien n'est gardé de ce lancement.",
            ),
            Say(
                "Make a new plan, look at it, and run that one.",
                "Refaites un plan, regardez-le, et lancez celui-là.",
            ),
        )
