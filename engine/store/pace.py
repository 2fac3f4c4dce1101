"""The pace: how many mails may still leave in this minute, hour or day, reserved together with their gate.

Mailbox providers and relays keep trusting a sender who is slow and steady. The reservation stands in the
transaction of the gate, so any number of workers on any number of machines keep to it together. Windows
follow the database's clock: this is about the real world, not about the campaign's.
"""

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from engine.contract import Addressee
from engine.model.policy import Throttle
from engine.store.database import Connection, run
from engine.store.statements import statement


@dataclass(frozen=True, slots=True)
class Room:
    """What may leave now, for one gate. Without throttles: everything."""

    most: int  #: mails in all
    left: dict[str, int] = field(default_factory=dict)  #: throttle -> mails that may still leave
    of_domain: dict[str, str] = field(default_factory=dict)  #: domain -> its throttle

    @property
    def full(self) -> list[str]:
        """Return the domains to which nothing may leave now."""
        return sorted(domain for domain, name in self.of_domain.items() if self.left[name] <= 0)

    def as_json(self) -> str:
        """Return the room of each domain, as the gate's statement reads it."""
        return json.dumps(
            {domain: {"name": name, "left": self.left[name]} for domain, name in self.of_domain.items()}
        )


def room(connection: Connection, throttles: Sequence[Throttle], limit: int, on: dt.date) -> Room:
    """Return what may leave now, and hold it until the gate's transaction ends."""
    if not throttles:
        return Room(limit)
    rows = run(
        connection,
        statement("pace", "hold"),
        {
            "names": [one.name for one in throttles],
            "windows": [one.per for one in throttles],
        },
    )
    used = {str(name): int(count) for name, count in rows}
    left = {one.name: max(0, one.allowed(on) - used[one.name]) for one in throttles}
    whole = [left[one.name] for one in throttles if not one.domains]
    return Room(min([limit, *whole]), left, {domain: one.name for one in throttles for domain in one.domains})


def use(
    connection: Connection, throttles: Sequence[Throttle], room_: Room, gated: Iterable[Addressee]
) -> None:
    """Count what was gated, in the gate's transaction."""
    if not throttles:
        return
    counted: Counter[str] = Counter()
    for one in gated:
        counted.update(each.name for each in throttles if not each.domains)
        domain = (one.customer.address or "").rpartition("@")[2].lower()
        if domain in room_.of_domain:
            counted[room_.of_domain[domain]] += 1
    run(
        connection,
        statement("pace", "use"),
        {"names": list(counted), "counts": list(counted.values())},
    )
