"""Hand over one gated group to a channel for which a repeat is not safe, so that the doubt stays small.

Parcels are composed as the channel takes them. While they leave, the run's switch is looked at every
second: after a pause, a cancel or a disarming no further one is given out, and those not given out are
ready again. The same holds once most of the lease is over: a worker that slept (SIGSTOP, a virtual
machine moved) must not write a dot when others may already have judged what became of its group.
"""

import datetime as dt
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

import psycopg

from engine.actions.journal import Journal
from engine.contract import Addressee, Channel, Composer, Ending, Failure, Parcel, Receipt, Wave
from engine.model.written import RunId, TouchId
from engine.problems import ChannelUnavailable
from engine.store import ledger
from engine.store.database import Connection

LOOK_EVERY: Final = 1.0  #: seconds between two looks at the switch: with what is under way, a pause takes two
SHARE_OF_LEASE: Final = 0.6  #: after so much of it nothing of the group leaves any more

NOW: Final = dt.timedelta(0)
LATER: Final = dt.timedelta(minutes=5)
_PUT_BACK: Final = "not handed over"


def awake() -> float:
    """Return seconds that also pass while the machine sleeps, where it can tell."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


def put_back(touch: TouchId, wait: dt.timedelta = NOW) -> Receipt:
    """Return the receipt of a touch that was gated and not handed over."""
    return Receipt(touch, Ending.LATER, reply=_PUT_BACK, retry_in=wait)


@dataclass(slots=True)
class Handover:
    """One group on its way."""

    connection: Connection
    run_id: RunId
    group: tuple[Addressee, ...]
    compose: Composer
    permit: bool
    since: float  #: `awake()` before its gate
    is_ahead: bool = False  #: gated while another one left: the switch is looked at before the first parcel
    journal: Journal | None = None
    refused: list[Receipt] = field(default_factory=list)
    _taken: set[TouchId] = field(default_factory=set)
    _ends: float = field(init=False)
    _look: float = field(init=False)

    def __post_init__(self) -> None:
        self._ends = self.since + ledger.LEASE.total_seconds() * SHARE_OF_LEASE
        self._look = 0.0 if self.is_ahead else self.since + LOOK_EVERY

    def delivered(
        self, channel: Channel, wave: Wave, settled: Callable[[list[Receipt]], list[Receipt]]
    ) -> list[Receipt]:
        """Deliver the group; return what `settled` makes of the receipts. No receipt means: nobody knows.

        Raises:
            ChannelUnavailable: it cannot take parcels now; what had no receipt is ready again.
        """
        receipts: list[Receipt] = []
        if self.journal is not None:
            self.journal.hold(self.group)
        try:
            for receipt in channel.deliver(wave, self._parcels(), self.connection, self._may_leave):
                if self.journal is not None:
                    self.journal.answered(receipt)
                receipts.append(receipt)
        except ChannelUnavailable:
            known = {receipt.touch for receipt in receipts}
            back = [put_back(touch, LATER) for touch in self._taken - known]
            settled(self.refused + receipts + back + self._not_taken(LATER))
            raise
        except BaseException:
            settled(self.refused + receipts + self._not_taken(NOW))
            raise  # of those that were taken nobody knows; the journal tells, or their lease ends
        known = {receipt.touch for receipt in receipts}
        unsure = [Receipt(touch, Ending.UNKNOWN) for touch in self._taken - known]
        return settled(self.refused + receipts + unsure + self._not_taken(NOW))

    def _parcels(self) -> Iterator[Parcel]:
        for one in self.group:
            if not self._may_go_on():
                return
            made = self.compose(one)
            if isinstance(made, Failure):
                self.refused.append(Receipt(one.touch, Ending.REFUSED, made.reason.value))
            else:
                self._taken.add(one.touch)
                yield made

    def _not_taken(self, wait: dt.timedelta) -> list[Receipt]:
        seen = self._taken | {receipt.touch for receipt in self.refused}
        left = [one.touch for one in self.group if one.touch not in seen]
        return [put_back(touch, wait) for touch in left]

    def _may_go_on(self) -> bool:
        now = awake()
        if now >= self._ends:
            return False
        if now < self._look:
            return True
        self._look = now + LOOK_EVERY
        return self._is_on()

    def _is_on(self) -> bool:
        try:
            return ledger.may_go_on(self.connection, self.run_id, permit=self.permit)
        except psycopg.Error:
            return False  # what is under way comes to its end; the settling says that the database is gone

    def _may_leave(self, touch: TouchId) -> bool:
        # A group of one is for those who want the narrowest window: the switch is looked at behind the 354, too.
        if awake() >= self._ends or (len(self.group) == 1 and not self._is_on()):
            return False
        return self.journal is None or self.journal.may_leave(touch)
