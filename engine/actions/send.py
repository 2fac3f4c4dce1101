"""Send: claim and gate a group, compose, hand over, settle; again until the run is dry (how they overlap: `gating_ahead`).

Any number of these may work side by side, in any number of processes: the ledger keeps them apart.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from engine.actions.advance import Progress, silent
from engine.actions.alarm import Alarm, pause
from engine.actions.copies import seed
from engine.actions.gating_ahead import Ahead, Gated
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
    stopped: str | None = None  #: paused, cancelled, disarmed, not durable, stale
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
        sender = _Sender(
            connection,
            definition,
            wave,
            channel,
            compose,
            definition.reach(step_name, channel, pepper),
            where,
            worker,
            clock,
            needs_permit,
            journal,
        )
        unclaimed = ready
        with Ahead(connection, sender.gate, sender.settle) as ahead:
            while most is None or sum(endings.values()) < most:
                gated = ahead.take()
                group = gated.group
                if group.stopped is not None:
                    return Sent(endings, group.stopped)
                if not group.addressees:
                    # All of it was stopped or postponed; or nothing is left that others do not hold.
                    ahead.settled()
                    before, (ready, _) = ready, ledger.waiting(connection, run_id, step_name, clock())
                    unclaimed = ready
                    if not 0 < ready < before:
                        break
                    continue
                unclaimed -= sender.limit
                goes_on = unclaimed > 0 and (
                    most is None or sum(endings.values()) + len(group.addressees) < most
                )
                # A group of one is for who wants the shortest time between a gate and its mail.
                if goes_on and sender.limit > 1 and not channel.repeat_is_safe:
                    ahead.fetch()
                try:
                    receipts = sender.hand_over(gated, ahead)
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


@dataclass(frozen=True, slots=True)
class _Sender:
    """One step of a run on its way: how its groups are gated, handed over and settled."""

    connection: Connection
    definition: Definition
    wave: Wave
    channel: Channel
    compose: Composer
    reach: journey.Reach
    where: Sequence[places.Place]
    worker: str
    clock: Clock
    needs_permit: bool
    journal: Journal | None

    @property
    def limit(self) -> int:
        return self.channel.batch if self.channel.repeat_is_safe else self.definition.policy.gate_group

    def gate(self, hand: Connection) -> Group:
        policy, now = self.definition.policy, self.clock()
        return ledger.gate(
            hand,
            self.wave.run_id,
            self.wave.step_name,
            law=journey.judged_parameters(
                self.definition.campaign,
                self.wave.step,
                self.reach,
                policy,
                self.definition.rules,
                now,
                self.where,
            ),
            worker=self.worker,
            limit=self.limit,
            now=now,
            permit=self.needs_permit,
            throttles=policy.throttles if self.channel.contact_point == "email" else (),
            feeds=policy.feeds,
        )

    def settle(self, hand: Connection, group: Sequence[Addressee], receipts: list[Receipt]) -> None:
        ledger.settle(hand, group, receipts, worker=self.worker, now=self.clock())

    def hand_over(self, gated: Gated, ahead: Ahead) -> list[Receipt]:
        """Deliver one gated group and settle it; what has no receipt afterwards is unknown, or safe to repeat."""
        group = gated.group.addressees
        if self.channel.wants_history:
            group = ledger.with_history(self.connection, group, self.wave.on)
        if self.channel.repeat_is_safe:
            return self._delivered_here(group)

        def settled(receipts: list[Receipt]) -> list[Receipt]:
            ahead.settle(group, told := self._priced(receipts))
            return told

        handover = Handover(
            self.connection,
            self.wave.run_id,
            group,
            self.compose,
            self.needs_permit,
            gated.since,
            gated.is_ahead,
            self.journal,
        )
        return handover.delivered(self.channel, self.wave, settled)

    def _delivered_here(self, group: Sequence[Addressee]) -> list[Receipt]:
        """Deliver a group of a channel whose boundary is our own database: done is done once, in one transaction."""
        made = {addressee.touch: self.compose(addressee) for addressee in group}
        refused = [
            Receipt(touch, Ending.REFUSED, parcel.reason.value)
            for touch, parcel in made.items()
            if isinstance(parcel, Failure)
        ]
        parcels = [parcel for parcel in made.values() if isinstance(parcel, Parcel)]
        with self.connection.transaction():
            receipts = list(self.channel.deliver(self.wave, parcels, self.connection)) if parcels else []
            self.settle(self.connection, group, told := self._priced(refused + receipts))
        return told

    def _priced(self, receipts: list[Receipt]) -> list[Receipt]:
        cost = float(self.definition.policy.costs.get(self.channel.name, 0))
        if not cost:
            return receipts
        return [
            replace(receipt, cost=cost) if receipt.ending is Ending.ACCEPTED and not receipt.cost else receipt
            for receipt in receipts
        ]
