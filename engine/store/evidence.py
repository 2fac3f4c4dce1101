"""What a relay's own log says of mails of which nobody knew whether they left."""

import datetime as dt
from collections.abc import Mapping, Sequence

from engine.model.written import TouchId
from engine.store import ledger
from engine.store.database import Connection, run
from engine.store.statements import statement


def settle_by_log(connection: Connection, found: Mapping[TouchId, str], ending: str) -> int:
    """Settle unknown touches by what the relay's log shows, under the relay's own name; return how many moved."""
    return run(
        connection,
        statement("evidence", "settle_by_log"),
        {"touches": list(found), "names": list(found.values()), "ending": ending},
    ).rowcount


def accepted_but_not_seen(
    connection: Connection, seen: Sequence[TouchId], since: dt.datetime, until: dt.datetime
) -> int:
    """Return how many mails whose 250 was read between two moments are not among `seen`."""
    row = run(
        connection,
        statement("evidence", "accepted_but_not_seen"),
        {"seen": list(seen), "since": since, "until": until},
    ).fetchone()
    return 0 if row is None else int(row[0])


def release_unseen(
    connection: Connection, seen: Sequence[TouchId], since: dt.datetime, until: dt.datetime
) -> int:
    """Make unknown mails ready again that were gated between two moments and never came; return how many."""
    freed = run(
        connection,
        statement("evidence", "release_unseen"),
        {"seen": list(seen), "since": since, "until": until},
    ).fetchall()
    ledger.cancel_put_back(connection, [touch for (touch,) in freed])
    return len(freed)


def unknown_mails(connection: Connection) -> int:
    """Return of how many mails nobody knows."""
    row = run(connection, statement("evidence", "unknown_mails")).fetchone()
    return 0 if row is None else int(row[0])
