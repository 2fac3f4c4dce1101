"""While one group leaves, the next is gated and the last one settled: by a second hand, over a connection of its own.

The relay and PostgreSQL take about as long as each other for a group; in turn, each would wait for the other half of
the time. A commit waits for the disk, so the gate of the next group and the settlement of the last one share theirs.
When a group that was gated ahead is taken up, the group before the last one is therefore settled: two places in the
journal are enough, and none is written over before what it remembers stands in the ledger.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeAlias

from engine.actions.handover import awake, put_back
from engine.contract import Addressee, Receipt
from engine.store.database import Connection, beside
from engine.store.ledger import Group

Gate: TypeAlias = Callable[[Connection], Group]
Settle: TypeAlias = Callable[[Connection, Sequence[Addressee], list[Receipt]], object]
Told: TypeAlias = tuple[Sequence[Addressee], list[Receipt]]


@dataclass(frozen=True, slots=True)
class Gated:
    """A group that was gated, at once or ahead."""

    group: Group
    since: float  #: `awake()` before its gate
    is_ahead: bool


class Ahead:
    """The gates and settlements of one worker's step. Leaving it, all is settled, and what was gated ahead is put back."""

    def __init__(self, connection: Connection, gate: Gate, settle: Settle) -> None:
        self._connection, self._gate, self._settle = connection, gate, settle
        self._held = ExitStack()
        self._hand: ThreadPoolExecutor | None = None
        self._second: Connection | None = None
        self._coming: Future[Gated] | None = None
        self._told: list[Told] = []  #: not settled, or not known to be

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._held:
            try:
                if self._coming is not None:
                    group = self.take().group.addressees
                    self._told.append((group, [put_back(one.touch) for one in group]))
            finally:  # a gate that failed took the settlement with it that it shared a commit with
                self.settled()

    def take(self) -> Gated:
        """Return the next group: the one that was gated ahead, or one that is gated now."""
        coming, self._coming = self._coming, None
        if coming is not None:
            gated = coming.result()
            del self._told[:-1]  # of these it shared the commit; the last one came after it was fetched
            return gated
        self.settled()
        since = awake()
        return Gated(self._gate(self._connection), since, is_ahead=False)

    def fetch(self) -> None:
        """Let the next group be gated, and what was told be settled, while the one that was taken leaves."""
        if self._hand is None:
            self._second = self._held.enter_context(beside(self._connection))
            # It says the same things again and again: each is planned once, not anew for its first ten times.
            self._second.prepare_threshold = 0
            self._second.execute("SET plan_cache_mode = force_generic_plan")
            self._hand = self._held.enter_context(ThreadPoolExecutor(1, "second hand"))
        assert self._second is not None
        self._coming = self._hand.submit(self._gated_and_settled, self._second, tuple(self._told))

    def settle(self, group: Sequence[Addressee], receipts: list[Receipt]) -> None:
        """Record what became of a group: now, or together with the next gate where that is fetched ahead."""
        self._told.append((group, receipts))
        if self._coming is None:
            self.settled()

    def settled(self) -> None:
        """Settle what was told."""
        while self._told:
            self._settle(self._connection, *self._told[0])
            self._told.pop(0)

    def _gated_and_settled(self, second: Connection, told: tuple[Told, ...]) -> Gated:
        since = awake()
        with second.transaction():
            group = self._gate(second)  # first: locks are taken in one order everywhere, touches last
            for one in told:
                self._settle(second, *one)
        return Gated(group, since, is_ahead=True)
