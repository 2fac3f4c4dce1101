"""While one group leaves, the next is gated and the last one settled: by a second hand, over a connection of its own.

The relay and PostgreSQL take about as long as each other for a group; in turn, each would wait for the other half of the
time. The second hand does one thing after the other, in the order in which it was told. So when a group that was
gated ahead is taken up, the group before the last one is settled: two places in the journal are enough, and no place is
written over before what it remembers stands in the ledger.
"""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self, TypeAlias

from engine.actions.handover import awake, put_back
from engine.contract import Addressee, Receipt
from engine.store.database import Connection, beside
from engine.store.ledger import Group

Gate: TypeAlias = Callable[[Connection], Group]
Settle: TypeAlias = Callable[[Connection, Sequence[Addressee], list[Receipt]], object]


@dataclass(frozen=True, slots=True)
class Gated:
    """A group that was gated, at once or ahead."""

    group: Group
    since: float  #: `awake()` before its gate
    is_ahead: bool = False


class Ahead:
    """The gates and settlements of one worker's step. Leaving it, all is settled, and what was gated ahead is put back."""

    def __init__(self, connection: Connection, gate: Gate, settle: Settle) -> None:
        self._connection, self._gate, self._settle = connection, gate, settle
        self._held = ExitStack()
        self._hand: ThreadPoolExecutor | None = None
        self._second: Connection | None = None
        self._coming: Future[Gated] | None = None
        self._settling: deque[Future[object]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._held:
            coming, self._coming = self._coming, None
            if coming is not None:
                group = coming.result().group.addressees
                self.settle(group, [put_back(one.touch) for one in group])
            self.settled()

    def take(self) -> Gated:
        """Return the next group: the one that was gated ahead, or one that is gated now."""
        coming, self._coming = self._coming, None
        gated = self._gated(self._connection) if coming is None else coming.result()
        while len(self._settling) > 1:
            self._settling.popleft().result()
        return gated if coming is None else replace(gated, is_ahead=True)

    def fetch(self) -> None:
        """Let the next group be gated while the one that was taken leaves."""
        if self._hand is None:
            self._second = self._held.enter_context(beside(self._connection))
            # It says the same three things again and again: each is planned once, not anew for its first ten times.
            self._second.prepare_threshold = 0
            self._second.execute("SET plan_cache_mode = force_generic_plan")
            self._hand = self._held.enter_context(ThreadPoolExecutor(1, "second hand"))
        assert self._second is not None
        self._coming = self._hand.submit(self._gated, self._second)

    def _gated(self, connection: Connection) -> Gated:
        since = awake()
        return Gated(self._gate(connection), since)

    def settle(self, group: Sequence[Addressee], receipts: list[Receipt]) -> None:
        """Record what became of a group: at once, or, where there is a second hand, as the next thing it does."""
        if self._hand is None or self._second is None:
            self._settle(self._connection, group, receipts)
        else:
            self._settling.append(self._hand.submit(self._settle, self._second, group, receipts))

    def settled(self) -> None:
        """Wait until everything is settled that was told."""
        while self._settling:
            self._settling.popleft().result()
