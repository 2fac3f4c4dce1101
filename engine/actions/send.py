"""Send: claim and gate a group, compose, hand over, settle; again until the run is dry (how they overlap: `ahead`).

Any number of these may work side by side, in any number of processes: the ledger keeps them apart.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from engine.actions.advance import Progress, silent
from engine.actions.alarm import Alarm, pause
from engine.actions.copies import seed
from engine.actions.ahead import Ahead, Gated, Settle
from engine.actions.handover import Handover
from engine.actions.journal import Journal, left_behind
from engine.actions.pinned import Definition, pinned
from engine.actions.reconcile import recover
from engine.actions.withdraw import is_held
from engine.contract import Addressee, Channel, Composer, Copied, Ending, Failure, Parcel, Receipt, Wave
from engine.model.written import RunId
from engine.problems import SenderRefused
from engine.store import conservation, journey, ledger, places
from engine.store.database import Connection
from engine.store.ledger import Group

Clock: TypeAlias = Callable[[], dt.datetime]


@dataclass(frozen=True, slots=True)
class Sent:
    """What one drain did, by step and ending."""

    endings: dict[tuple[str, str], int] = field(default_factory=dict)
    stopped: str | None = None  #: paused, cancelled, disarmed, not durable
    waiting: int = 0  #: ready, but for a later try

    @property
    def settled(self) -> int:
        return sum(self.endings.values())


def drain(
    connection: Connection,
    run_id: RunId,
    channels: Mapping[str, Channel],
    *,
    worker: str,
    clock: Clock,
    needs_permit: bool,
    pepper: str,
    progress: Progress = silent,
    most: int | None = None,
    journal: Journal | None = None,
) -> Sent:
    """Send what is ready in a run until nothing is, or until `most` touches were settled.

    With a journal (whose name is then the worker's), a killed process leaves at most one touch an open
    connection of which nobody knows; without one, its whole group.

    Raises:
        ChannelUnavailable: a channel cannot take parcels now; what had no receipt is ready again.
    """
    if journal is not None:  # what a killed worker of this machine held goes on at once
        for left in left_behind(journal.folder):
            recover(connection, left, now=clock())
    row = ledger.one_run(connection, run_id)
    definition = pinned(connection, row.definition_sha, row.campaign, channels)
    alarm = Alarm(definition.policy.stops)
    endings: dict[tuple[str, str], int] = {}
    later = 0
    for step_name, step in definition.campaign.steps.items():
        channel = channels[step.channel]
        ready, _ = ledger.waiting(connection, run_id, step_name, clock())
        if not ready or is_held(connection, run_id, definition, step_name, clock()):
            continue
        wave = definition.wave(run_id, step_name, clock())
        compose = channel.prepare(wave)
        has_hours = places.have_hours(definition.campaign, step, definition.policy)
        where = places.of_ready(connection, run_id, step_name) if has_hours else ()
        seeded: set[str | None] = set()  # cells whose seeds this drain has seen to
        reach = definition.reach(step_name, channel, pepper)
        cost = float(definition.policy.costs.get(channel.name, 0))
        limit = channel.batch if channel.repeat_is_safe else definition.policy.gate_group
        left = ready

        def gate(hand: Connection) -> Group:
            return ledger.gate(
                hand,
                run_id,
                step_name,
                law=journey.judged_parameters(
                    definition.campaign, step, reach, definition.policy, definition.rules, clock(), where
                ),
                worker=worker,
                limit=limit,
                now=clock(),
                permit=needs_permit,
                throttles=definition.policy.throttles if channel.contact_point == "email" else (),
            )

        def settle(hand: Connection, group: Sequence[Addressee], receipts: list[Receipt]) -> None:
            ledger.settle(hand, group, receipts, worker=worker, now=clock())

        with Ahead(connection, gate, settle) as ahead:
            while most is None or sum(endings.values()) < most:
                gated = ahead.take()
                group = gated.group
                if group.stopped is not None:
                    return Sent(endings, group.stopped)
                if not group.addressees:
                    # All of it was stopped or postponed; or nothing is left that others do not hold.
                    ahead.settled()
                    before, (ready, _) = ready, ledger.waiting(connection, run_id, step_name, clock())
                    left = ready
                    if not 0 < ready < before:
                        break
                    continue
                left -= limit
                if left > 0 and most is None and not channel.repeat_is_safe:
                    ahead.fetch()
                try:
                    receipts = _hand_over(
                        connection,
                        channel,
                        wave,
                        compose,
                        gated,
                        ahead,
                        settle,
                        cost,
                        journal,
                        needs_permit,
                    )
                except SenderRefused as error:
                    pause(connection, run_id, error.what.in_("en"))
                    raise
                for receipt in receipts:
                    key = (step_name, receipt.ending.value)
                    endings[key] = endings.get(key, 0) + 1
                progress(step_name, sum(count for (name, _), count in endings.items() if name == step_name))
                because = alarm.heard(receipts)
                if because is not None and pause(connection, run_id, because):
                    return Sent(endings, "paused")
                if definition.policy.seeds and isinstance(channel, Copied):
                    taken = {receipt.touch for receipt in receipts if receipt.ending is Ending.ACCEPTED}
                    fresh = [one for one in group.addressees if one.touch in taken and one.cell not in seeded]
                    if fresh:
                        seed(
                            connection,
                            definition,
                            channel,
                            wave,
                            compose,
                            fresh,
                            worker=worker,
                            permit=needs_permit,
                        )
                        seeded |= {one.cell for one in fresh}
        later += ledger.waiting(connection, run_id, step_name, clock())[1]
    if endings and (most is None or sum(endings.values()) < most):  # it has run dry
        conservation.conserved(connection, run_id)
    return Sent(endings, None, later)


def _hand_over(
    connection: Connection,
    channel: Channel,
    wave: Wave,
    compose: Composer,
    gated: Gated,
    ahead: Ahead,
    settle: Settle,
    cost: float,
    journal: Journal | None,
    needs_permit: bool,
) -> list[Receipt]:
    """Deliver one gated group and settle it; what has no receipt afterwards is unknown, or safe to repeat."""
    group = gated.group.addressees
    if channel.wants_history:
        group = ledger.with_history(connection, group, wave.on)

    def priced(receipts: list[Receipt]) -> list[Receipt]:
        if not cost:
            return receipts
        return [
            replace(receipt, cost=cost) if receipt.ending is Ending.ACCEPTED and not receipt.cost else receipt
            for receipt in receipts
        ]

    if channel.repeat_is_safe:
        made = {addressee.touch: compose(addressee) for addressee in group}
        refused = [
            Receipt(touch, Ending.REFUSED, parcel.reason.value)
            for touch, parcel in made.items()
            if isinstance(parcel, Failure)
        ]
        parcels = [parcel for parcel in made.values() if isinstance(parcel, Parcel)]
        # Its boundary is our own database: rows, receipts and moves are one transaction, so done is done once.
        with connection.transaction():
            receipts = list(channel.deliver(wave, parcels, connection)) if parcels else []
            settle(connection, group, told := priced(refused + receipts))
        return told

    def settled(receipts: list[Receipt]) -> list[Receipt]:
        ahead.settle(group, told := priced(receipts))
        return told

    handover = Handover(
        connection, wave.run_id, group, compose, needs_permit, gated.since, gated.is_ahead, journal
    )
    return handover.delivered(channel, wave, settled)
