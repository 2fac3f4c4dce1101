"""How a command drives a flow: in the Prefect that is up, or in one that lives as long as the command."""

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Final

from engine.app import App, prepare_prefect
from engine.cli import processes
from engine.problems import PrefectUnavailable, Say

_AGAIN: Final = Say(
    "Run the same command again; it goes on from there. A busy machine may need longer:"
    " PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS=600.",
    "Relancez la même commande ; elle reprend de là. Une machine chargée peut demander plus de temps :"
    " PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS=600.",
)


@contextmanager
def driven(app: App) -> Iterator[ModuleType]:
    """Give the flows, ready to be called; what they tell of their progress is shown."""
    prepare_prefect(app.settings, api_url=processes.prefect_address(app.settings.folder))
    from httpx import HTTPError
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

    _serve()

    from engine import flows

    log = logging.getLogger("engine.flows")
    shown = _Shown()
    log.addHandler(shown)
    try:
        # Its thread sleeps in steps of a second, and the flow waits for it: a second for each flow run.
        # Neither environment nor file can turn it off.
        with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
            yield flows
    except (HTTPError, RuntimeError) as error:  # only Prefect's client speaks HTTP in a flow
        if isinstance(error, RuntimeError) and "Failed to reach API" not in str(error):
            raise
        raise PrefectUnavailable(
            Say(
                f"Prefect's server does not answer ({type(error).__name__}). What was committed is kept.",
                f"Le serveur de Prefect ne répond pas ({type(error).__name__}). Ce qui était validé est gardé.",
            ),
            _AGAIN,
        ) from None
    finally:
        shown.end()
        log.removeHandler(shown)
        # What flows said goes to the server by a thread of its own; where the server stops before it is
        # through, the end of the process waits more than a minute for it.
        from prefect.logging.handlers import APILogWorker

        APILogWorker.drain_all(timeout=10)


def _serve() -> None:
    """Start the Prefect server that lives as long as this process, unless one is known that answers.

    Raises:
        PrefectUnavailable: it did not start in its time. Nothing was sent: no flow has begun.
    """
    from httpx import HTTPError
    from prefect.server.api.server import SubprocessASGIServer
    from prefect.settings import (
        PREFECT_API_URL,
        PREFECT_SERVER_EPHEMERAL_ENABLED,
        PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS,
    )

    if PREFECT_API_URL.value() or not PREFECT_SERVER_EPHEMERAL_ENABLED.value():
        return
    patience = int(PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS.value())
    end = time.monotonic() + patience
    while True:
        server = SubprocessASGIServer()  # the same that Prefect's clients will ask for
        try:
            server.start(timeout=max(1, round(end - time.monotonic())))
            return
        except HTTPError:  # too busy to answer within five seconds; Prefect would give up here
            server.stop()
            if time.monotonic() < end:
                continue
        except RuntimeError:
            server.stop()
        raise PrefectUnavailable(
            Say(
                f"Prefect's server did not start within {patience} s. Nothing was sent.",
                f"Le serveur de Prefect n'a pas démarré en {patience} s. Rien n'est parti.",
            ),
            _AGAIN,
        )


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
