"""The alarm: a run that goes wrong pauses by itself, says why, and waits for somebody to look.

What is watched while it leaves: refusals by the relay, as a share of what was tried; and refusals that are
about us (5.7.x: policy, reputation, authentication), of which a few in a row are enough, since each further
one makes it worse. What comes back later (bounces, complaints) is watched where it is collected.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from engine.contract import Ending, Receipt
from engine.model.policy import Stops
from engine.model.written import RunId
from engine.store import ledger
from engine.store.database import Connection

ABOUT_US: Final = "policy_refused"
BY_RELAY: Final = (ABOUT_US, "address_refused", "mail_refused")


@dataclass(slots=True)
class Alarm:
    """What one drain has seen of one run."""

    stops: Stops
    tried: int = 0
    refused: int = 0
    about_us: int = 0  #: one after the other: an accepted mail in between says that we are welcome

    def heard(self, receipts: Iterable[Receipt]) -> str | None:
        """Take in what was answered; return why the run should pause, or `None`."""
        for receipt in receipts:
            self.tried += receipt.ending in (Ending.ACCEPTED, Ending.REFUSED)
            self.refused += receipt.ending is Ending.REFUSED and receipt.reason in BY_RELAY
            if receipt.ending is Ending.ACCEPTED:
                self.about_us = 0
            elif receipt.reason == ABOUT_US:
                self.about_us += 1
                if self.about_us >= self.stops.sender_refusals:
                    return f"the relay refuses us: {receipt.enhanced or '5.7'}, {self.about_us} times one after the other"
        if self.tried >= self.stops.after and self.refused > self.tried * float(self.stops.errors):
            return f"{self.refused} of {self.tried} mails were refused"
        return None


def pause(connection: Connection, run_id: RunId, because: str) -> bool:
    """Pause a run by the engine's own hand, in the audit trail; return whether it was running."""
    with connection.transaction():
        changed = ledger.switch(connection, run_id, "paused", by="engine", because=because)
        if changed:
            ledger.audit(connection, "engine", "pause", f"run {run_id}", {"because": because})
    return changed
