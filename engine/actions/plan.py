"""Plan: carry a run's first moment out, look at it, and roll it back. What was seen is what will run."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

from engine.actions import guards
from engine.actions.advance import Progress, plan_due, silent
from engine.actions.approve import roles_needed
from engine.actions.forecast import first_step, later_steps, step_as_it_went
from engine.actions.pinned import Definition, understood
from engine.contract import Channel, Parcel, Remarking
from engine.loading.campaign_meaning import past_remark, time_remarks
from engine.loading.project import Project
from engine.model.campaign import AnyCampaign
from engine.model.clauses import Compare, InSegment, Is, IsNot, walk
from engine.model.facts import Fact
from engine.model.plan import LENGTH_OF_ID, Plan, Sample, StepPlan, plan_sha
from engine.model.segment import Segment
from engine.model.written import RunId
from engine.problems import Say, UsageError
from engine.rules.measurement import power_in_words
from engine.rules.schedule import Slot, slots_between
from engine.store import enrolment, ledger, plans, sources
from engine.store.database import Connection


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
    folder: Path | None = None,
    progress: Progress = silent,
) -> Plan:
    """Return, and keep, the plan of a campaign at a slot; with a `folder`, its members too, as a file there.

    Everything is done for real in a transaction that is rolled back: the members frozen, the first steps
    planned, the later ones on the days they come due, every parcel of every step composed. `now` should be
    the moment of the slot, or later. Of a slot that has a run already, the plan says what its steps did.

    Raises:
        FilesError: the project's files are wrong.
    """
    sha, files = project.definition(campaign)
    definition = understood(sha, files, campaign, tuple(channel.step for channel in channels.values()))
    with connection.transaction(force_rollback=True):
        made, who = _rehearsed(
            connection,
            definition,
            slot,
            channels,
            pepper=pepper,
            now=max(now, slot.at),
            samples=samples,
            folder=folder,
            progress=progress,
        )
    with connection.transaction():
        ledger.keep_definition(connection, sha, campaign, files)
        plans.keep(connection, made, who, made_by)
    return made


def file_of(folder: Path, plan_id: str, suffix: str) -> Path:
    """Return where a plan stands as a file: `.txt` what was shown, `.csv` who is where."""
    return folder / "plans" / f"{plan_id}{suffix}"


def _rehearsed(
    connection: Connection,
    definition: Definition,
    slot: Slot,
    channels: Mapping[str, Channel],
    *,
    pepper: str,
    now: dt.datetime,
    samples: int,
    folder: Path | None,
    progress: Progress,
) -> tuple[Plan, dict[str, str]]:
    """Return the plan and who is where in it, in the caller's transaction."""
    campaign = definition.campaign
    ledger.keep_definition(connection, definition.sha, campaign.campaign, definition.files)
    run_id, _ = ledger.open_run(connection, campaign, slot, definition.sha)
    row = ledger.locked(connection, run_id)
    enrolled = row.frozen_at or now
    if row.frozen_at is None:
        progress("audience", 0)
        enrolment.freeze(
            connection, run_id, campaign, definition.library, definition.policy, definition.rules, now
        )
    fall = enrolment.waterfall(connection, run_id)
    progress("audience", fall.universe)
    digest = enrolment.digest(connection, run_id)
    is_over = row.closed_at is not None or row.state == "cancelled"
    new: Mapping[str, Mapping[str, int]] = {}
    if not is_over:
        new, _, _ = plan_due(
            connection,
            run_id,
            definition,
            channels,
            pepper=pepper,
            enrolled=enrolled,
            now=now,
            takes_turn=False,
        )
    who = plans.parts(connection, run_id)
    plan_id = plan_sha(definition.sha, slot.name, digest, who)[:LENGTH_OF_ID]
    shown: list[Sample] = []
    went = {name for name, _ in ledger.counts(connection, run_id)} if row.frozen_at else set()
    steps = [step_as_it_went(connection, run_id, definition, name) for name in went]
    for name in campaign.steps:
        if name in new and name not in went:
            shown += _samples(connection, run_id, definition, name, channels, now, samples)
            steps.append(first_step(connection, run_id, definition, name, channels, now, progress))
    later = [name for name in campaign.steps if name not in new and name not in went and not is_over]
    steps += later_steps(
        connection, run_id, definition, later, channels, pepper=pepper, enrolled=enrolled, progress=progress
    )
    if folder is not None:
        plans.write_members(connection, run_id, file_of(folder, plan_id, ".csv"))
    order = list(campaign.steps)
    steps.sort(key=lambda step: order.index(step.step))
    made = described(definition, plan_id, slot, fall, digest, steps)
    stops = [
        *made.stops,
        *sources.stale(connection, definition.policy.feeds, now),
        *sources.shrunk(connection, definition.policy, run_id, made.universe),
    ]
    warnings = (
        *made.warnings,
        *_of_its_time(campaign, now),
        *sources.old_facts(connection, _facts_asked(definition), now),
        *_remarks(definition, channels),
    )
    has_mails = any(channels[step.channel].contact_point == "email" for step in campaign.steps.values())
    bound = definition.policy.gate_group if has_mails else 0
    made = replace(made, samples=tuple(shown), stops=tuple(stops), warnings=warnings, after_a_stop=bound)
    return (made if row.frozen_at is None else replace(made, of_run=_of_run(row))), who


def _of_run(row: ledger.RunRow) -> Say:
    """Return what has become of the run of a slot, and what can still be done with it."""
    because = f" ({row.because})" if row.because else ""
    if row.state == "cancelled":
        state, remedy = (
            Say(f"is cancelled{because}, for good", f"est annulée{because}, pour de bon"),
            Say(
                "Nothing more of it leaves. Plan another slot: --slot 2026-03-03T09:30.",
                "Rien n'en partira plus. Planifiez un autre départ : --slot 2026-03-03T09:30.",
            ),
        )
    elif row.closed_at is not None:
        state, remedy = (
            Say("is over", "est terminée"),
            Say(
                "Plan another slot: --slot 2026-03-03T09:30.",
                "Planifiez un autre départ : --slot 2026-03-03T09:30.",
            ),
        )
    elif row.state == "paused":
        state, remedy = (
            Say(f"is paused{because}", f"est en pause{because}"),
            Say(
                f"It goes on with: touchbase resume {row.run_id}",
                f"Elle reprend avec : touchbase resume {row.run_id}",
            ),
        )
    else:
        state, remedy = (
            Say("is under way", "est en cours"),
            Say(
                "It goes on by itself, or with: touchbase advance",
                "Elle continue seule, ou avec : touchbase advance",
            ),
        )
    return Say(
        f"This slot has its run already: run {row.run_id} {state.en}. What its steps did is shown. {remedy.en}",
        f"Ce départ a déjà son exécution : {row.run_id}, qui {state.fr}. Ce que ses étapes ont fait est montré. {remedy.fr}",
    )


def _facts_asked(definition: Definition) -> list[Fact]:
    """Return the facts by which a campaign decides about anybody: in its segments, its conditions, its cut, its strata."""
    campaign, library = definition.campaign, definition.library
    conditions = [
        who for who in (campaign.exit, *(step.if_ for step in campaign.steps.values())) if who is not None
    ]
    asked = [part.segment for who in conditions for part in walk(who) if isinstance(part, InSegment)]
    segments = library.reached([campaign.audience.segment, *campaign.audience.except_, *asked])
    conditions += [segment.who for segment in segments if isinstance(segment, Segment)]
    names = {part.fact for who in conditions for part in walk(who) if isinstance(part, Is | IsNot | Compare)}
    names |= set(campaign.holdout.stratify) | (
        {campaign.audience.top.by} if campaign.audience.top is not None else set()
    )
    return [library.fact(name) for name in sorted(names) if library.has_fact(name)]


def _of_its_time(campaign: AnyCampaign, now: dt.datetime) -> list[Say]:
    """Return what about a campaign's calendar should be looked at."""
    found = [Say(f"{fault.what.en}.", f"{fault.what.fr}.") for fault in time_remarks(campaign)]
    past = past_remark(campaign, now)
    return found if past is None else [*found, past]


def _remarks(definition: Definition, channels: Mapping[str, Channel]) -> list[Say]:
    """Return what the channels say of the steps that is not wrong and should be looked at."""
    found = {
        (step_name, remark.what)
        for step_name, step in definition.campaign.steps.items()
        if isinstance(channel := channels[step.channel], Remarking)
        for remark in channel.remarks(step, definition.files)
    }
    return [
        Say(f"Step '{step}': {what.en}.", f"Étape « {step} » : {what.fr}.")
        for step, what in sorted(found, key=lambda one: (one[0], one[1].en))
    ]


def described(
    definition: Definition,
    plan_id: str,
    slot: Slot,
    fall: enrolment.Waterfall,
    digest: str,
    steps: Sequence[StepPlan],
) -> Plan:
    """Return the plan that says this of an audience and its steps, with what stands against it."""
    campaign = definition.campaign
    targets = [float(goal.target) for goal in campaign.goals.values() if goal.target is not None]
    power = None
    if fall.held_out and fall.enrolled:
        power = power_in_words(sum(fall.enrolled.values()), fall.held_out, targets[0] if targets else 0.1)
    made = Plan(
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
        sum((step.cost for step in steps if step.is_exact), Decimal(0)),
        None if campaign.budget is None else campaign.budget.max,
        power=power,
        drift=campaign.audience.drift,
        roles=roles_needed(definition.policy.approval, campaign.purpose),
        files={path: sha256(text.encode()).hexdigest() for path, text in definition.files.items()},
    )
    return guards.judged(made, campaign, definition.policy)


def _samples(
    connection: Connection,
    run_id: RunId,
    definition: Definition,
    step_name: str,
    channels: Mapping[str, Channel],
    now: dt.datetime,
    most: int,
) -> list[Sample]:
    """Return a few parcels of a step as they would leave."""
    if not most:
        return []
    channel = channels[definition.campaign.steps[step_name].channel]
    for group in ledger.to_compose(
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
