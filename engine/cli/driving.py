"""How a command drives a flow: in the Prefect that is up, or in one that lives as long as the command."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from engine.app import App, prepare_prefect
from engine.cli import processes


@contextmanager
def driven(app: App) -> Iterator[ModuleType]:
    """Give the flows, ready to be called; what they tell of their progress is shown."""
    prepare_prefect(app.settings, api_url=processes.prefect_address(app.settings.folder))
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

    from engine import flows

    log = logging.getLogger("engine.flows")
    shown = _Shown()
    log.addHandler(shown)
    try:
        # Its thread sleeps in steps of a second, and the flow waits for it: a second for each flow run.
        # Neither environment nor file can turn it off.
        with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
            yield flows
    finally:
        shown.end()
        log.removeHandler(shown)
        # What flows said goes to the server by a thread of its own; where the server stops before it is
        # through, the end of the process waits more than a minute for it.
        from prefect.logging.handlers import APILogWorker

        APILogWorker.drain_all(timeout=10)


class _Shown(logging.Handler):
    """Progress on one line of a terminal, or a line each where nobody watches."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._what = ""

    def emit(self, record: logging.LogRecord) -> None:
        words = record.getMessage()
        what = words.rsplit(":", 1)[0]
        if not sys.stderr.isatty():
            return
        if self._what and what != self._what:
            sys.stderr.write("\n")
        self._what = what
        sys.stderr.write(f"\r\033[K  {words}")
        sys.stderr.flush()

    def end(self) -> None:
        if self._what:
            sys.stderr.write("\n")
            self._what = ""
