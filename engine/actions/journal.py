"""A worker's journal: which parcels of its group may have left, known even after the worker was killed.

One memory-mapped file a worker, one entry a parcel: *may leave* is marked before the bytes of its dot go
out, what was answered after the reply. It remembers the last two groups, because one may be settled while
the next one leaves. A killed process leaves its pages in the page cache; once it is
surely gone, whoever finds its journal can tell the parcels that never left (they are ready again) from
the one or two of which nobody knows. Where the journal is lost with its machine, the group is unknown.
"""

import mmap
import os
import socket
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import IntEnum
from itertools import count
from pathlib import Path
from typing import Final

import psutil

from engine.contract import Addressee, Ending, Receipt
from engine.model.written import TouchId

LARGEST: Final = 5_000  #: entries: more than any channel takes at once
_OVER: Final = "~over"
_COUNT: Final = struct.Struct("<q")
_ENTRY: Final = struct.Struct("<qiB")  # touch, epoch, mark
_PLACE: Final = _COUNT.size + LARGEST * _ENTRY.size  #: bytes of one group
GROUPS: Final = 2
_numbers = count(1)


class Mark(IntEnum):
    """How far a parcel came."""

    HELD = 0  #: not a byte of its dot was written
    MAY_HAVE_LEFT = 1
    ACCEPTED = 2
    LATER = 3
    REFUSED = 4


_OF_ENDING: Final = {Ending.ACCEPTED: Mark.ACCEPTED, Ending.LATER: Mark.LATER, Ending.REFUSED: Mark.REFUSED}


class Journal:
    """The journal of one worker that lives."""

    def __init__(self, path: Path) -> None:
        self.worker = path.stem
        self.folder = path.parent
        self._path = path
        self._places: dict[int, int] = {}
        self._turn = 0
        with path.open("wb+") as file:
            file.truncate(GROUPS * _PLACE)
            self._map = mmap.mmap(file.fileno(), 0)

    def hold(self, group: Sequence[Addressee]) -> None:
        """Take up a group that was gated; nothing of it has left. The group before the last one must be settled."""
        start = self._turn * _PLACE
        self._turn = (self._turn + 1) % GROUPS
        first = start + _COUNT.size
        self._map[start:first] = _COUNT.pack(
            0
        )  # a kill between these lines leaves no group, never half a one
        entries = b"".join([_ENTRY.pack(one.touch, one.epoch, Mark.HELD) for one in group])
        self._map[first : first + len(entries)] = entries
        mark = first + _ENTRY.size - 1
        self._places = {one.touch: mark + number * _ENTRY.size for number, one in enumerate(group)}
        self._map[start:first] = _COUNT.pack(len(group))

    def may_leave(self, touch: TouchId) -> bool:
        """Mark a parcel before the bytes of its dot go out."""
        self._map[self._places[touch]] = Mark.MAY_HAVE_LEFT
        return True

    def answered(self, receipt: Receipt) -> None:
        """Mark what was answered."""
        if receipt.ending in _OF_ENDING:
            self._map[self._places[receipt.touch]] = _OF_ENDING[receipt.ending]

    def close(self) -> None:
        """End a journal whose groups are all settled."""
        self._map.close()
        self._path.unlink(missing_ok=True)

    def hand_on(self) -> None:
        """End a journal whose last group could not be settled: whoever drains next reads it, as of a dead worker.

        Nothing may leave on its account any more.
        """
        self._map.close()
        with suppress(FileNotFoundError):
            self._path.rename(self._path.with_name(f"{self.worker}{_OVER}.journal"))


@contextmanager
def journal(folder: Path) -> Iterator[Journal]:
    """Give this process a journal of its own below `folder`; kept for recovery if the work or the process does not end well."""
    folder.mkdir(parents=True, exist_ok=True)
    started = psutil.Process().create_time()
    kept = Journal(folder / f"{socket.gethostname()}~{os.getpid()}~{started:.0f}~{next(_numbers)}.journal")
    try:
        yield kept
    except BaseException:
        kept.hand_on()  # such as a database that went away with the outcomes still to be written
        raise
    kept.close()


@dataclass(frozen=True, slots=True)
class Left:
    """What a worker that is gone left behind."""

    worker: str
    path: Path
    marks: Mapping[TouchId, tuple[int, Mark]]  #: touch -> epoch, mark


def left_behind(folder: Path, is_gone: Callable[[str], bool] | None = None) -> Iterator[Left]:
    """Yield the journals below `folder` whose workers are surely gone."""
    gone = is_gone or worker_is_gone
    for path in sorted(folder.glob("*.journal")):
        worker = path.stem.removesuffix(_OVER)
        if worker != path.stem or gone(worker):
            with suppress(FileNotFoundError):  # another process recovered it meanwhile
                yield Left(worker, path, _read(path))


def worker_is_gone(worker: str) -> bool:
    """Return whether a worker of this machine has surely ended; of other machines nothing is sure."""
    try:
        host, pid, started, _ = worker.split("~")
        if host != socket.gethostname():
            return False
        process = psutil.Process(int(pid))
        return process.status() == psutil.STATUS_ZOMBIE or abs(process.create_time() - float(started)) > 2
    except psutil.NoSuchProcess:
        return True
    except (ValueError, psutil.Error):
        return False


def _read(path: Path) -> dict[TouchId, tuple[int, Mark]]:
    raw = path.read_bytes()
    found: dict[TouchId, tuple[int, Mark]] = {}
    if len(raw) < GROUPS * _PLACE:
        return found  # killed before it had its size, and so before its first gate
    for start in range(0, GROUPS * _PLACE, _PLACE):
        (number,) = _COUNT.unpack_from(raw, start)
        first = start + _COUNT.size
        entries = raw[first : first + min(number, LARGEST) * _ENTRY.size]
        for touch, epoch, mark in _ENTRY.iter_unpack(entries):
            if (
                epoch >= found.get(touch, (0, Mark.HELD))[0]
            ):  # put back and gated again: the later claim counts
                found[TouchId(touch)] = epoch, Mark(mark)
    return found
