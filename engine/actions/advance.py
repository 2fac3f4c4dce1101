"""Advance: what came due in a run is planned, composed once, and made ready; nothing leaves here."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from engine.actions import guards
from engine.actions.pinned import Definition, pinned
from engine.contract import Channel, Failure, Parcel, Refusal, SetTogether
from engine.model.plan import Broken
from engine.model.written import RunId, TouchId
from engine.problems import GuardStopped, Say
from engine.rules.schedule import latest
from engine.store import conservation, journey, ledger, sources
from engine.store.database import Connection, run
from engine.store.statements import statement

MANY: Final = 500
"""New touches after which the planner's picture of the history is worth a sample."""

SHOWN: Final = 20
"""So many parcels that do not compose are told one by one; the history has all."""

Progress = Callable[[str, int], None]
"""Told what is under way and how many are done."""


def silent(what: str, done: int) -> None:
    """Show nothing."""


@dataclass(frozen=True, slots=True)
class Advanced:
    """What one advance did: new touches by step and state, members who left, parcels that do not compose."""

    run_id: RunId
    new: dict[str, dict[str, int]] = field(default_factory=dict)
    left: int = 0
    failed: int = 0
    is_over: bool = False  #: no step can come due any more
    paused_because: str | None = None


def advance(
    connection: Connection,
    run_id: RunId,
    channels: Mapping[str, Channel],
    *,
    pepper: str,
    now: dt.datetime,
    progress: Progress = silent,
) -> Advanced:
    """Plan what is due in one run. A second call, at the same time or later, finds nothing left to do."""
    with connection.transaction():
        row = ledger.locked(connection, run_id)
        if row.frozen_at is not None and row.closed_at is None and row.state == "cancelled":
            ledger.cancel_open(connection, run_id)  # what was put back in the moment of the cancel
            return Advanced(run_id, is_over=True, paused_because=row.because)
        if row.frozen_at is None or row.closed_at is not None or row.state != "running":
            return Advanced(run_id, is_over=row.closed_at is not None, paused_because=row.because)
        definition = pinned(connection, row.definition_sha, row.campaign, channels)
        hold_feeds(
            connection,
            definition,
            now,
            Say("Nothing new was planned.", "Rien de nouveau n'a été prévu."),
        )
        due = plan_due(
            connection, run_id, definition, channels, pepper=pepper, enrolled=row.frozen_at, now=now
        )
    return release(connection, run_id, definition, due, channels, now=now, progress=progress)


def hold_feeds(connection: Connection, definition: Definition, now: dt.datetime, left: Say) -> None:
    """Stop a run whose policy asks for a younger or a larger base than there is; `left` says what was not done.

    Raises:
        GuardStopped: a delivery is too old, shrank too much, or never came.
    """
    if stale := sources.stale(connection, definition.policy.feeds, now):
        raise GuardStopped(
            Say("\n".join(each.en for each in stale), "\n".join(each.fr for each in stale)),
            Say(
                f"{left.en} Load the delivery; the run goes on at the next look.",
                f"{left.fr} Chargez la livraison ; l'exécution reprendra au prochain passage.",
            ),
        )


def told_of_feeds(
    connection: Connection, run_id: RunId, channels: Mapping[str, Channel], now: dt.datetime
) -> None:
    """Say for which delivery the touches of a run wait that are ready, where its sending was stopped for one.

    Raises:
        GuardStopped: they wait; nothing was lost.
    """
    row = ledger.one_run(connection, run_id)
    counts = ledger.counts(connection, run_id).values()
    ready = sum(states.get("ready", 0) for states in counts)
    hold_feeds(
        connection,
        pinned(connection, row.definition_sha, row.campaign, channels),
        now,
        Say(
            f"Run {run_id}: {ready:,} touches are held back and wait.",
            f"Exécution {run_id} : {ready:,} contacts sont retenus et attendent.",
        ),
    )


def release(
    connection: Connection,
    run_id: RunId,
    definition: Definition,
    due: tuple[dict[str, dict[str, int]], int, bool],
    channels: Mapping[str, Channel],
    *,
    now: dt.datetime,
    progress: Progress = silent,
) -> Advanced:
    """Make ready what was planned: within the budget, and only once all of it was composed."""
    new, left, is_over = due
    over = guards.of_cost(definition.campaign, committed(connection, run_id, definition)) if new else []
    if over and ledger.switch(connection, run_id, "paused", by="engine", because=str(over[0])):
        return Advanced(run_id, new, left, 0, is_over, str(over[0]))
    failed = 0
    for step_name in definition.campaign.steps:
        made = compose_all(connection, run_id, definition, step_name, channels, now=now, progress=progress)
        failed += made.failed
        if broken := guards.of_composing(step_name, made.failed, made.broken, definition.policy):
            because = str(broken[0]).removesuffix(".")
            ledger.switch(connection, run_id, "paused", by="engine", because=because)
            return Advanced(run_id, new, left, failed, is_over, because)
        make_ready(connection, run_id, step_name)
    return Advanced(run_id, new, left, failed, is_over)


def plan_due(
    connection: Connection,
    run_id: RunId,
    definition: Definition,
    channels: Mapping[str, Channel],
    *,
    pepper: str,
    enrolled: dt.datetime,
    now: dt.datetime,
    takes_turn: bool = True,
) -> tuple[dict[str, dict[str, int]], int, bool]:
    """Plan, in the caller's transaction, what is due; return new touches by step and state, who left, whether all is over.

    A rehearsal that will be rolled back takes no turn: it reserves nothing, and need not keep others waiting.
    """
    campaign = definition.campaign
    if takes_turn:
        journey.take_turn(connection)
    journey.expire(connection, run_id, now)
    left = journey.leave(connection, run_id, campaign, definition.library, now)
    ends = latest(campaign, enrolled)
    new: dict[str, dict[str, int]] = {}
    for step_name, step in campaign.steps.items():
        if now > ends[step_name] and _was_evaluated_after(connection, run_id, step_name, ends[step_name]):
            continue
        reach = definition.reach(step_name, channels[step.channel], pepper)
        counts = journey.come_due(
            connection,
            run_id,
            campaign,
            step_name,
            reach,
            definition.library,
            definition.policy,
            definition.rules,
            enrolled,
            now,
        )
        if counts:
            new[step_name] = counts
    if new or left:
        conservation.conserved(connection, run_id)
    if sum(sum(counts.values()) for counts in new.values()) >= MANY:
        # Or the next step's questions are planned for an empty table. Skipped where another run's plan holds
        # it: nobody waits for a picture.
        run(connection, "ANALYZE (SKIP_LOCKED) touch (run_id, step, channel, state, is_over, customer_id)")
    return new, left, now > max(ends.values())


@dataclass(frozen=True, slots=True)
class Composition:
    """What came of composing every parcel of a step."""

    failed: int
    broken: tuple[Broken, ...]  #: the first of them


def compose_all(
    connection: Connection,
    run_id: RunId,
    definition: Definition,
    step_name: str,
    channels: Mapping[str, Channel],
    *,
    now: dt.datetime,
    progress: Progress = silent,
) -> Composition:
    """Compose every planned parcel of a step once, so that a bad one is found before the first one leaves.

    Those that do not compose are marked, with what they fail at. What a customer simply lacks (an
    address that fits, a rep) is a refusal to be, not an error, and is left to the delivery.
    """
    step = definition.campaign.steps[step_name]
    channel = channels[step.channel]
    compose = failing = None
    failed = done = 0
    shown: list[Broken] = []
    for group in ledger.to_compose(
        connection, run_id, step_name, contact_point=channel.contact_point, now=now
    ):
        wave = definition.wave(run_id, step_name, now)
        compose = compose or channel.prepare(wave)
        if isinstance(channel, SetTogether):
            failing = failing or channel.failing(wave)
        failures: dict[TouchId, Failure] = {}
        # What is told one by one is let go at once: with its attachments a mail is large.
        together: list[Parcel] = []
        for addressee in group:
            made = compose(addressee)
            if isinstance(made, Failure):
                failures[addressee.touch] = made
            elif failing is not None:
                together.append(made)
        if failing is not None:
            failures |= failing(together)
        broken = {
            touch: one.detail[:200] or "?"
            for touch, one in failures.items()
            if one.reason is Refusal.NOT_RENDERED
        }
        if broken:
            run(
                connection,
                statement("journey", "fail"),
                {"touches": list(broken), "because": list(broken.values())},
            )
            shown += [
                Broken(int(addressee.customer.customer_id), broken[addressee.touch])
                for addressee in group
                if addressee.touch in broken
            ][: SHOWN - len(shown)]
            failed += len(broken)
        done += len(group)
        progress(f"{step_name}: composing", done)
    return Composition(failed, tuple(shown))


def make_ready(connection: Connection, run_id: RunId, step_name: str) -> None:
    """Let the touches of a step that compose be claimed."""
    run(connection, statement("journey", "make_ready"), {"run": run_id, "step": step_name, "last": 2**62})


def committed(connection: Connection, run_id: RunId, definition: Definition) -> Decimal:
    """Return what a run has cost, and will have cost once all has left that was planned, in euros."""
    found = Decimal(0)
    for step, spent, waiting in run(connection, statement("plans", "cost_by_step"), {"run": run_id}):
        found += spent + definition.price(step) * waiting
    return found


def _was_evaluated_after(connection: Connection, run_id: RunId, step: str, moment: dt.datetime) -> bool:
    row = connection.execute(
        "SELECT evaluated_at FROM step_progress WHERE run_id = %s AND step = %s", [run_id, step]
    ).fetchone()
    return row is not None and row[0] >= moment
