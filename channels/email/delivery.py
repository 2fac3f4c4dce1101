"""Mails to a relay, over a few connections that stay open, in one loop.

Each connection takes its next mail as soon as it can write one; receipts come out as replies are
read. A connection that breaks gives back the mails whose dot it never wrote; they go by another one,
up to three times. The loop never waits longer for an answer to a dot than a server may take.

Of several relays the first that can be reached is used; one that failed is left alone for a minute. A
mail goes by another relay only if its dot was never written: that cannot double it.
"""

import os
import selectors
import ssl
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from time import monotonic
from typing import Final

from channels.email.dialogue import Dialogue, Posting
from channels.email.relay import Opened, Relay, opened
from channels.email.replies import Garbage
from engine.contract import Ending, Parcel, Receipt, untold
from engine.model.written import TouchId
from engine.problems import ChannelUnavailable, Say, SenderRefused

TRIES: Final = 3
REST_SECONDS: Final = 60.0  #: for which a relay that failed is not asked again, where there is another
_CHUNK: Final = 262_144

Open = Callable[[Relay], Opened]


class _Line:
    """A socket and the talk over it."""

    def __init__(self, connection: Opened, dialogue: Dialogue, relay: Relay) -> None:
        self.relay = relay
        self.socket = connection.socket
        self.dialogue = dialogue
        self.is_encrypted = isinstance(connection.socket, ssl.SSLSocket)
        self.waits_to_write = False
        self.since = monotonic()  #: when it last moved
        self._pending = memoryview(b"")

    def write(self) -> None:
        """Write what can be written now; `waits_to_write` says whether something is left.

        Raises:
            OSError: the connection is gone.
            Garbage: the other side talks nonsense.
        """
        dialogue = self.dialogue
        if dialogue.outgoing:
            self._pending = memoryview(b"".join([self._pending, *dialogue.outgoing]))
            dialogue.outgoing.clear()
        while self._pending:
            try:
                # What `send` did not take is not out; of TLS, a record that is not whole cannot be read.
                sent = self.socket.send(self._pending[:_CHUNK])
            except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
                self.waits_to_write = True
                return
            dialogue.left += sent
            self._pending = self._pending[sent:]
            self.since = monotonic()
            if self._pending:
                self.read()  # a body so long that the other side may have answered in the middle of it
                if dialogue.is_broken:
                    return
        self.waits_to_write = False

    def read(self) -> None:
        """Take in what can be read now.

        Raises:
            OSError: the connection is gone.
            Garbage: the other side talks nonsense.
        """
        while True:
            try:
                data = self.socket.recv(65_536)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return
            if not data:
                raise ConnectionResetError("the connection was closed")
            self.since = monotonic()
            self.dialogue.received(data)
            if self.dialogue.is_broken or not self.is_encrypted:
                return

    def close(self) -> None:
        """Take leave; whatever the other side says to that, nothing depends on it."""
        with suppress(OSError, ValueError):
            if self.dialogue.is_idle and not self._pending:
                self.socket.send(b"QUIT\r\n")
        with suppress(OSError):
            self.socket.close()


class Delivery:
    """Delivers to a relay, or to those that step in for it; keeps connections between calls.

    For one thread of one process.
    """

    def __init__(self, *relays: Relay, open_line: Open = opened) -> None:
        self._relays, self._open = relays, open_line
        self._rests: dict[Relay, tuple[float, ChannelUnavailable]] = {}  #: until when, and why
        self._lines: list[_Line] = []
        self._selector = selectors.DefaultSelector()
        self._source: Iterator[Parcel] = iter(())
        self._again: deque[Posting] = deque()  #: looked at, or given back by a broken connection
        self._receipts: deque[Receipt] = deque()
        self._process = os.getpid()
        self.mark: Callable[[TouchId], bool] = untold

    def deliver(self, parcels: Iterable[Parcel]) -> Iterator[Receipt]:
        """Hand mails over; yield one receipt each, as soon as it is known.

        `parcels` may be composed as they are taken: the relay works on one mail while the next is
        written. One that was taken has a receipt, or `ChannelUnavailable` says that it did not go out.

        Raises:
            ChannelUnavailable: no connection is left and none can be opened, or the relay refuses
                our own name; nothing without a receipt went out.
        """
        self._begin(parcels)
        try:
            while self._has_work() or self._busy():
                self._start()
                yield from self._known()
                self._turn()
                yield from self._known()
        except ChannelUnavailable:
            yield from self._known()  # what is known comes first: an accepted mail must not be put back
            raise
        finally:
            # Whoever stops listening in the middle must not find old answers at the next call.
            for line in [line for line in self._lines if not line.dialogue.is_idle]:
                self._drop(line)
            self._source = iter(())
            self._again.clear()
            self._receipts.clear()

    def close(self) -> None:
        """Close all connections."""
        for line in list(self._lines):
            self._drop(line)

    def _begin(self, parcels: Iterable[Parcel]) -> None:
        if self._process != os.getpid():  # a fork: these connections are the parent's
            self._lines, self._selector, self._process = [], selectors.DefaultSelector(), os.getpid()
        self._source = iter(parcels)
        for line in list(self._lines):
            try:
                line.read()  # a relay that hung up meanwhile has said so
            except (OSError, Garbage):
                self._drop(line)

    def _known(self) -> Iterator[Receipt]:
        while self._receipts:
            yield self._receipts.popleft()

    def _start(self) -> None:
        """Give each idle connection a mail, and open connections while there are mails left for them."""
        for line in list(self._lines):
            line.dialogue.start()
            self._moved(line)
        while self._has_work() and len(self._lines) < self._relays[0].connections:
            try:
                connection, relay = self._connected()
            except ChannelUnavailable:
                if not self._lines:
                    raise
                return  # one that works is enough to go on
            dialogue = Dialogue(
                pipelining=connection.pipelining,
                take=self._next,
                report=self._receipts.append,
                mark=self._asked,  # the connection outlives the group whose mark it was opened under
            )
            line = _Line(connection, dialogue, relay)
            self._selector.register(connection.socket, selectors.EVENT_READ, line)
            self._lines.append(line)
            dialogue.start()
            self._moved(line)

    def _connected(self) -> tuple[Opened, Relay]:
        """Return a connection to the first relay that can be had.

        Raises:
            ChannelUnavailable: there is none.
        """
        now = monotonic()
        rested = [relay for relay in self._relays if self._rests.get(relay, (0.0,))[0] <= now]
        for relay in rested:
            try:
                return self._open(relay), relay
            except ChannelUnavailable as error:
                if len(self._relays) == 1:
                    raise
                self._rests[relay] = now + REST_SECONDS, error
        raise next(iter(self._rests.values()))[1]

    def _asked(self, touch: TouchId) -> bool:
        return self.mark(touch)

    def _busy(self) -> bool:
        return any(not line.dialogue.is_idle for line in self._lines)

    def _has_work(self) -> bool:
        if not self._again:
            parcel = next(self._source, None)
            if parcel is None:
                return False
            self._again.append(Posting(parcel))
        return True

    def _next(self) -> Posting | None:
        if not self._has_work():
            return None
        posting = self._again.popleft()
        posting.tries += 1
        return posting

    def _turn(self) -> None:
        """Wait for the next thing to happen on any connection, and deal with it."""
        busy = [line for line in self._lines if not line.dialogue.is_idle]
        if not busy:
            return
        now = monotonic()
        wait = min(max(line.since + line.dialogue.patience - now, 0.0) for line in busy)
        for key, events in self._selector.select(wait):
            line: _Line = key.data
            try:
                if events & selectors.EVENT_READ:
                    line.read()
            except (OSError, Garbage):
                self._drop(line)
                continue
            self._moved(line)
        now = monotonic()
        for line in busy:
            if (
                line in self._lines
                and not line.dialogue.is_idle
                and now >= line.since + line.dialogue.patience
            ):
                self._drop(line)

    def _moved(self, line: _Line) -> None:
        """Write what a connection has to say, drop it if it is done for, and listen for what it waits for."""
        dialogue = line.dialogue
        try:
            if not dialogue.is_broken:
                was_waiting = line.waits_to_write
                line.write()
                if line.waits_to_write != was_waiting:
                    wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if line.waits_to_write else 0)
                    self._selector.modify(line.socket, wanted, line)
        except (OSError, Garbage):
            dialogue.is_broken = True
        if dialogue.is_broken:
            self._drop(line)
        if dialogue.refuses_us is not None and dialogue.is_idle:
            self._drop(line)
            said = dialogue.refuses_us.text
            error = SenderRefused(
                Say(
                    f"The mail relay {line.relay} refuses our sender: {said}.",
                    f"Le relais {line.relay} refuse notre expéditeur : {said}.",
                ),
                Say(
                    "No address was marked. Set the relay or the sender of the policy right, then 'touchbase resume'.",
                    "Aucune adresse n'a été marquée. Corrigez le relais ou l'expéditeur de la politique, puis « touchbase resume ».",
                ),
            )
            self._rests[line.relay] = monotonic() + REST_SECONDS, error
            if not self._busy() and all(relay in self._rests for relay in self._relays):
                if len(self._relays) == 1:
                    self._rests.clear()
                raise error

    def _drop(self, line: _Line) -> None:
        if line not in self._lines:
            return
        self._lines.remove(line)
        with suppress(KeyError, ValueError):
            self._selector.unregister(line.socket)
        line.close()
        for posting in line.dialogue.lost():
            if posting.tries < TRIES:
                self._again.append(posting)
            else:
                self._receipts.append(
                    Receipt(posting.parcel.touch, Ending.LATER, "not_now", "connection lost before the dot")
                )
