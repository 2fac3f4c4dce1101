"""The auditor: holds the contact history against the relay's own ledger. Shares no code with the product.

It reads tables with its own SQL, and knows of a Message-ID only that it begins with the touch's number.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import psycopg


@dataclass(frozen=True, slots=True)
class Delivered:
    """One mail that the other side truly took."""

    message_id: str
    recipient: str

    @property
    def touch(self) -> int:
        return int(self.message_id.partition(".")[0])


_HEADER_READ = re.compile(r"/cleanup\[\d+\]: (\w+): message-id=<([^>]+)>")
_QUEUED = re.compile(r"/qmgr\[\d+\]: (\w+): from=")
_FOR = re.compile(r"/(?:smtp|error|qmgr)\[\d+\]: (\w+): to=<([^>]+)>")


def taken_by_postfix(log: Path) -> list[Delivered]:
    """Return what a Postfix put into its queue: one entry a queue id. What it hands on twice is not ours to count."""
    names: dict[str, str] = {}
    taken: dict[str, Delivered] = {}
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        if named := _HEADER_READ.search(line):
            names[named[1]] = named[2]
        elif (queued := _QUEUED.search(line)) and queued[1] in names:
            taken.setdefault(queued[1], Delivered(names[queued[1]], ""))
        elif (told := _FOR.search(line)) and told[1] in taken:
            taken[told[1]] = Delivered(taken[told[1]].message_id, told[2])
    return list(taken.values())


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the auditor found. All but the last three are faults and must be 0."""

    duplicates: int  #: mails that were taken more than once
    unaccounted: int  #: members without exactly one touch, or touches that are in no final state
    false_accepted: int  #: accepted in the history, and never taken
    refused_but_delivered: int  #: taken, and in the history anything but accepted or unknown
    wrong_address: int  #: taken for somebody else's address
    untold: int  #: accepted without exactly one line in the trail
    unknown_beyond_bound: int
    accepted: int
    unknown: int
    unknown_delivered: int  #: of those: what a blind second try would have doubled

    @property
    def faults(self) -> dict[str, int]:
        names = [field.name for field in fields(self)][:7]
        return {name: getattr(self, name) for name in names if getattr(self, name)}


_FINAL = ("accepted", "refused", "unknown", "excluded", "expired", "cancelled", "render_failed")


def audit(url: str, run: int, delivered: Sequence[Delivered], bound: int) -> Verdict:
    """Return the verdict over one run whose workers have all ended."""
    with psycopg.connect(url) as connection:
        states = {
            int(touch): (str(state), str(address))
            for touch, state, address in connection.execute(
                "SELECT t.touch_id, t.state, p.value_norm FROM touch t JOIN contact_point p USING (customer_id)"
                " WHERE t.run_id = %s AND p.type = 'email'",
                [run],
            )
        }
        (members,) = connection.execute(
            "SELECT count(*) FROM (SELECT m.customer_id FROM member m"
            "   LEFT JOIN touch t ON t.run_id = m.run_id AND t.customer_id = m.customer_id"
            "  WHERE m.run_id = %s GROUP BY m.customer_id, m.held_out, m.reason"
            " HAVING count(t.touch_id) <> CASE WHEN m.held_out OR m.reason IS NOT NULL THEN 0 ELSE 1 END) AS odd",
            [run],
        ).fetchone() or (1,)
        (untold,) = connection.execute(
            "SELECT count(*) FROM touch t WHERE run_id = %s AND state = 'accepted' AND"
            " (SELECT count(*) FROM attempt a WHERE a.touch_id = t.touch_id AND a.phase = 'accepted') <> 1",
            [run],
        ).fetchone() or (1,)
    counted = Counter(mail.message_id for mail in delivered)
    taken = {mail.touch: mail.recipient for mail in delivered}
    by_state = Counter(state for state, _ in states.values())
    unknown = {touch for touch, (state, _) in states.items() if state == "unknown"}
    return Verdict(
        duplicates=sum(1 for count in counted.values() if count > 1),
        unaccounted=int(members) + sum(1 for state, _ in states.values() if state not in _FINAL),
        false_accepted=sum(
            1 for touch, (state, _) in states.items() if state == "accepted" and touch not in taken
        ),
        refused_but_delivered=sum(
            1 for touch in taken if touch not in states or states[touch][0] not in ("accepted", "unknown")
        ),
        wrong_address=sum(
            1 for touch, recipient in taken.items() if touch in states and states[touch][1] != recipient
        ),
        untold=int(untold),
        unknown_beyond_bound=max(0, len(unknown) - bound),
        accepted=by_state["accepted"],
        unknown=len(unknown),
        unknown_delivered=len(unknown & taken.keys()),
    )
