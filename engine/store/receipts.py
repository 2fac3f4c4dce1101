"""Receipts: later news of mails that left, kept once each, and what follows from them."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.contract import News
from engine.model.written import RunId
from engine.store.database import Connection, run
from engine.store.statements import statement

SOFT_LIMIT = 5  #: soft bounces after which an address is shown as doubtful; it is never lost by them


@dataclass(frozen=True, slots=True)
class Tally:
    """How a run fares: what its alarm looks at."""

    run_id: RunId
    campaign: str
    definition_sha: str
    accepted: int
    bounced: int
    complained: int
    about_us: int


def record(connection: Connection, news: Sequence[News], *, pepper: str) -> tuple[int, list[RunId]]:
    """Keep news and let touches, addresses and suppressions follow; return how many are new, and of which runs."""
    if not news:
        return 0, []
    rows = run(
        connection,
        statement("receipts", "record"),
        {
            "touches": [one.touch for one in news],
            "kinds": [one.kind for one in news],
            "statuses": [one.status for one in news],
            "said": [one.said for one in news],
            "addresses": [one.address for one in news],
            "ats": [one.at for one in news],
            "ids": [one.source_id for one in news],
            "pepper": pepper,
            "limit": SOFT_LIMIT,
        },
    ).fetchall()
    return sum(int(row[1]) for row in rows), [RunId(row[0]) for row in rows if row[0] is not None]


def tallies(connection: Connection, runs: Sequence[RunId]) -> list[Tally]:
    """Return how some runs fare that are not closed or paused."""
    return [
        Tally(*row) for row in run(connection, statement("receipts", "tallies"), {"runs": sorted(set(runs))})
    ]
