"""Workers that are slow, and workers that were killed."""

import datetime as dt
import os
import socket
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from engine.actions.journal import Journal, left_behind
from engine.actions.reconcile import recover
from engine.contract import Addressee, Ending, Parcel, Receipt
from engine.model.written import TouchId
from engine.store.database import Connection
from tests.store.ledgers import NOW, states


class Slow:
    """A channel that takes one parcel after the other, and lets something happen in between."""

    def __init__(self, meanwhile: Callable[[int], None]) -> None:
        self.meanwhile = meanwhile
        self.left: list[TouchId] = []

    def deliver(
        self,
        wave: object,
        parcels: Iterable[Parcel],
        transaction: object,
        may_leave: Callable[[TouchId], bool],
    ) -> Iterator[Receipt]:
        for parcel in parcels:
            self.meanwhile(len(self.left))
            if not may_leave(parcel.touch):
                yield Receipt(parcel.touch, Ending.LATER, retry_in=dt.timedelta(0))
                continue
            self.left.append(parcel.touch)
            yield Receipt(parcel.touch, Ending.ACCEPTED, reply="250 ok")


def plain(one: Addressee) -> Parcel:
    return Parcel(one.touch, "claire.morel@example.org", b"")


def killed(folder: Path) -> Journal:
    """Return the journal of a worker that will be taken for dead: a process of that number ended long ago."""
    return Journal(folder / f"{socket.gethostname()}~{os.getpid()}~1~1.journal")


def recovered(database: Connection, folder: Path) -> dict[str, int]:
    for left in left_behind(folder):
        recover(database, left, now=NOW)
    return states(database)
