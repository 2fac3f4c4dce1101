"""The life of a touch: one customer, one step of one run, one channel.

    planned --> ready --> claimed --> gated --> accepted
                  ^          |          |-----> refused
                  +----------+          +-----> unknown    the dot is written, no reply was read

What stands before the gate may be done again; what stands behind it, only after a reply that was
read and said no, or where the channel says that a repeat is safe. `unknown` is a state, not an
exception: a late reply, evidence or declared policy leads out of it.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class TouchState(StrEnum):
    PLANNED = "planned"  #: due and eligible; its parcel was not composed yet
    READY = "ready"  #: may be claimed
    CLAIMED = "claimed"  #: a worker holds it, until its lease ends
    GATED = "gated"  #: allowed to leave; the only state in which it may
    ACCEPTED = "accepted"  #: the boundary of the channel has it
    REFUSED = "refused"  #: the channel said: this customer never
    UNKNOWN = "unknown"  #: it may have left; nobody knows
    EXCLUDED = "excluded"  #: withheld, with its reason
    EXPIRED = "expired"  #: not out by `until`
    CANCELLED = "cancelled"  #: the run was cancelled, or the member left
    RENDER_FAILED = "render_failed"  #: its parcel does not compose
    PARKED = "parked"  #: crashed its worker three times; somebody must look


MOVES: Final[Mapping[TouchState, frozenset[TouchState]]] = {
    TouchState.PLANNED: frozenset(
        {
            TouchState.READY,
            TouchState.RENDER_FAILED,
            TouchState.EXCLUDED,
            TouchState.EXPIRED,
            TouchState.CANCELLED,
        }
    ),
    TouchState.READY: frozenset(
        {
            TouchState.CLAIMED,
            TouchState.GATED,
            TouchState.EXCLUDED,
            TouchState.EXPIRED,
            TouchState.CANCELLED,
            TouchState.PARKED,
        }
    ),
    TouchState.CLAIMED: frozenset(
        {
            TouchState.GATED,
            TouchState.READY,
            TouchState.REFUSED,
            TouchState.EXCLUDED,
            TouchState.EXPIRED,
            TouchState.CANCELLED,
        }
    ),
    TouchState.GATED: frozenset(
        {TouchState.ACCEPTED, TouchState.REFUSED, TouchState.READY, TouchState.UNKNOWN}
    ),
    TouchState.UNKNOWN: frozenset({TouchState.ACCEPTED, TouchState.READY, TouchState.REFUSED}),
    TouchState.PARKED: frozenset({TouchState.READY, TouchState.CANCELLED, TouchState.EXPIRED}),
    TouchState.ACCEPTED: frozenset(),
    TouchState.REFUSED: frozenset(),
    TouchState.EXCLUDED: frozenset(),
    TouchState.EXPIRED: frozenset(),
    TouchState.CANCELLED: frozenset(),
    TouchState.RENDER_FAILED: frozenset(),
}
"""From each state, the states that may follow it. READY goes straight to GATED where a group is
claimed and gated in one transaction."""

FINAL: Final = frozenset(state for state, after in MOVES.items() if not after)
"""The states that end a touch; a run closes when all its touches stand in one (or in `unknown`, by policy)."""


def leads_to(state: TouchState) -> frozenset[TouchState]:
    """Return the states from which `state` may be reached: what a move's WHERE must say.

    >>> sorted(map(str, leads_to(TouchState.ACCEPTED)))
    ['gated', 'unknown']
    """
    return frozenset(before for before, after in MOVES.items() if state in after)
