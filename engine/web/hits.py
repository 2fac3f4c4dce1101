"""Clicks and opens: each is in the database before its answer goes out, many in one transaction."""

import asyncio
import datetime as dt
import logging
import re
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Final

from engine.content.tokens import Purpose, Token
from engine.store import responses
from engine.store.database import Connection
from engine.store.responses import Hit, TouchOfToken

Target = tuple[str, str]  #: the link's label, and where it leads
Targets = Callable[[Connection, TouchOfToken], Sequence[Target]]
log = logging.getLogger("touchbase.web")

_GROUP: Final = 500
_MACHINES: Final = re.compile(
    r"bot\b|crawl|spider|scan|preview|proxy|safelinks|barracuda|mimecast|proofpoint|symantec|curl|wget|python|"
    r"java/|go-http|okhttp|headless|^mozilla/5\.0$|^$",
    re.IGNORECASE,
)


class NotRecorded(Exception):
    """A hit did not reach the database; its link can be used again."""


@dataclass(frozen=True, slots=True)
class Used:
    """A link that somebody or something used."""

    token: Token
    is_machine: bool
    done: "asyncio.Future[str | None]"  #: where to lead; `None`: the link leads nowhere (any more)
    loop: asyncio.AbstractEventLoop


def is_machine(agent: str, method: str) -> bool:
    """Return whether a request looks like a mail scanner, a picture proxy or a program, not like a reader.

    >>> is_machine("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Firefox/140.0", "GET")
    False
    """
    return method != "GET" or bool(_MACHINES.search(agent))


class Recorder:
    """Writes hits in groups: whatever came while one transaction ran goes into the next."""

    def __init__(
        self,
        connection: Callable[[], AbstractContextManager[Connection]],
        clock: Callable[[], dt.datetime],
        targets: Targets,
    ) -> None:
        self._connection, self._clock, self._targets = connection, clock, targets
        self._queue: SimpleQueue[Used | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="hits", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Write what is left and end."""
        self._queue.put(None)
        self._thread.join(timeout=15)

    async def keep(self, token: Token, *, is_machine: bool) -> str | None:
        """Record a hit and return where its link leads, once that is committed."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[str | None] = loop.create_future()
        self._queue.put(Used(token, is_machine, done, loop))
        return await done

    def _work(self) -> None:
        is_over = False
        while not is_over:
            group: list[Used] = []
            used = self._queue.get()
            try:
                while used is not None and len(group) < _GROUP:
                    group.append(used)
                    used = self._queue.get_nowait()
            except Empty:
                pass
            else:
                is_over = used is None
            if group:
                self._write(group)

    def _write(self, group: Sequence[Used]) -> None:
        led: dict[int, str | None] | None = None
        try:
            with self._connection() as connection:
                led = self._recorded(connection, group)
        except Exception as error:  # whatever it was, each reader gets an answer and the next group its turn
            log.error("%d hits were not recorded: %s", len(group), type(error).__name__)
        for place, used in enumerate(group):
            used.loop.call_soon_threadsafe(_answer, used.done, led, place)

    def _recorded(self, connection: Connection, group: Sequence[Used]) -> dict[int, str | None]:
        pairs = [(used.token.touch, used.token.customer) for used in group]
        touches = responses.touches_of_tokens(connection, pairs)
        now = self._clock()
        hits: list[Hit] = []
        led: dict[int, str | None] = {}
        for place, used in enumerate(group):
            touch = touches.get(used.token.touch)
            if touch is None:
                continue
            kind = "open" if used.token.purpose is Purpose.OPEN else "click"
            label = None
            if kind == "click":
                targets = self._targets(connection, touch)
                if used.token.link >= len(targets):
                    continue
                label, led[place] = targets[used.token.link]
            if used.is_machine:
                kind = "open_machine" if kind == "open" else "click_suspect"
            hits.append(Hit(touch.touch, touch.customer, kind, now, label))
        responses.record_hits(connection, hits, now)
        return led


def _answer(done: "asyncio.Future[str | None]", led: dict[int, str | None] | None, place: int) -> None:
    if done.done():  # the reader has gone
        return
    if led is None:
        done.set_exception(NotRecorded())
    else:
        done.set_result(led.get(place))
