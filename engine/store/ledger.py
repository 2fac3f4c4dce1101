"""The ledger: runs opened once, touches claimed and gated in groups, settled by what was answered.

The statements stand in `sql/ledger.sql`; here they get their arguments and their names in Python.
"""

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, LiteralString

from engine.contract import Addressee, Customer, Ending, Receipt, Rep
from engine.model.campaign import AnyCampaign
from engine.model.policy import FeedGate, Throttle
from engine.model.written import CustomerId, RunId, TouchId
from engine.rules.schedule import Slot
from engine.store import pace, sources
from engine.store.database import Connection, run
from engine.store.statements import statement

LEASE: Final = dt.timedelta(minutes=15)
MOST_CRASHES: Final = 3  #: claims that ended in a crash before a touch is parked


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run as the ledger knows it."""

    run_id: RunId
    campaign: str
    slot: str
    slot_at: dt.datetime
    definition_sha: str
    frozen_at: dt.datetime | None
    closed_at: dt.datetime | None
    state: str  #: running paused cancelled
    because: str | None


def keep_definition(connection: Connection, sha: str, campaign: str, files: Mapping[str, str]) -> None:
    """Keep what a run is told to do, for ever, under its hash."""
    run(
        connection,
        statement("ledger", "keep_definition"),
        {"sha": sha, "campaign": campaign, "files": json.dumps(dict(files), ensure_ascii=False)},
    )


def definition(connection: Connection, sha: str) -> dict[str, str]:
    """Return the files of a kept definition."""
    row = run(connection, statement("ledger", "definition"), {"sha": sha}).fetchone()
    if row is None:
        raise KeyError(sha)
    return dict(row[0])


def open_run(
    connection: Connection,
    campaign: AnyCampaign,
    slot: Slot,
    sha: str,
    plan: str | None = None,
    *,
    priority: int = 50,
) -> tuple[RunId, bool]:
    """Return the run of a campaign's slot and whether it is new; the second comer finds the first one's."""
    row = run(
        connection,
        statement("ledger", "open_run"),
        {
            "campaign": campaign.campaign,
            "program": campaign.program,
            "brand": campaign.brand,
            "purpose": campaign.purpose,
            "slot": slot.name,
            "slot_at": slot.at,
            "sha": sha,
            "plan": plan,
            "priority": priority,
        },
    ).fetchone()
    is_new = row is not None
    if row is None:
        row = run(
            connection, statement("ledger", "run_of_slot"), {"campaign": campaign.campaign, "slot": slot.name}
        ).fetchone()
    assert row is not None
    run(connection, statement("ledger", "open_switch"), {"run": row[0]})
    return RunId(row[0]), is_new


def locked(connection: Connection, run_id: RunId) -> RunRow:
    """Return a run, held until the transaction ends.

    Raises:
        KeyError: there is no such run.
    """
    row = run(connection, statement("ledger", "lock_run"), {"run": run_id}).fetchone()
    if row is None:
        raise KeyError(run_id)
    return RunRow(*row)


def one_run(connection: Connection, run_id: RunId) -> RunRow:
    """Return a run as it stands, without holding it.

    Raises:
        KeyError: there is no such run.
    """
    row = run(connection, statement("ledger", "one_run"), {"run": run_id}).fetchone()
    if row is None:
        raise KeyError(run_id)
    return RunRow(*row)


def runs(connection: Connection, campaign: str | None = None) -> list[RunRow]:
    """Return the runs of a campaign, or all, oldest slot first."""
    return [
        RunRow(*row)
        for row in run(connection, statement("ledger", "runs_of_campaign"), {"campaign": campaign})
    ]


def open_runs(connection: Connection) -> list[RunId]:
    """Return the frozen runs that are not closed."""
    return [RunId(row[0]) for row in run(connection, statement("ledger", "open_runs"))]


def last_slot(connection: Connection, campaign: str) -> dt.datetime | None:
    """Return the latest slot of a campaign that has a run."""
    row = run(connection, statement("ledger", "last_slot"), {"campaign": campaign}).fetchone()
    return None if row is None else row[0]


def mark_frozen(connection: Connection, run_id: RunId, now: dt.datetime) -> None:
    run(connection, statement("ledger", "frozen"), {"run": run_id, "now": now})


def switch(connection: Connection, run_id: RunId, state: str, *, by: str, because: str | None = None) -> bool:
    """Pause, resume or cancel a run; return whether it changed. A cancelled run stays cancelled."""
    before = {"paused": ["running"], "running": ["paused"], "cancelled": ["running", "paused"]}[state]
    changed = run(
        connection,
        statement("ledger", "switch"),
        {"run": run_id, "state": state, "because": because, "by": by, "from": before},
    ).rowcount
    return changed == 1


def cancel_open(connection: Connection, run_id: RunId) -> int:
    """Cancel what did not leave of a run; a statement of its own, after the switch has committed."""
    return run(connection, statement("ledger", "cancel_open"), {"run": run_id}).rowcount


def cancel_put_back(connection: Connection, touches: Sequence[int]) -> None:
    """Cancel those of some touches that were made ready in a run that is cancelled."""
    if touches:
        run(connection, statement("ledger", "cancel_put_back"), {"touches": list(touches)})


@dataclass(frozen=True, slots=True)
class Group:
    """Touches that may leave now: gated, in one commit, for one worker."""

    addressees: tuple[Addressee, ...]
    stopped: str | None = None  #: why nothing was gated: paused, cancelled, disarmed, not durable, stale


def gate(
    connection: Connection,
    run_id: RunId,
    step: str,
    *,
    law: Mapping[str, Any],
    worker: str,
    limit: int,
    now: dt.datetime,
    wants_phone: bool = False,
    permit: bool = True,
    throttles: Sequence[Throttle] = (),
    feeds: Sequence[FeedGate] = (),
) -> Group:
    """Claim and gate a group of touches in one transaction of its own; nothing may leave before it returned.

    `law` is what `journey.judged_parameters` says of the step; what may have changed is asked again, and whether the
    base can still be trusted today (`feeds`): if not, what is ready waits.
    """
    with connection.transaction():
        row = run(
            connection, statement("ledger", "hold_switch"), {"run": run_id, "worker": worker}
        ).fetchone()
        if row is None or row[0] != "running":
            return Group((), "paused" if row is None else str(row[0]))
        if not row[1]:
            return Group((), "not durable")
        if permit and run(connection, statement("ledger", "hold_permit")).fetchone() is None:
            return Group((), "disarmed")
        if sources.stale(connection, feeds, now):
            return Group((), "stale")
        room = pace.room(connection, throttles, limit, now.date())
        if room.most == 0:
            return Group(())
        parameters = {
            **law,
            "run": run_id,
            "step": step,
            "now": now,
            "limit": room.most,
            "full": room.full,
            "pace": room.as_json(),
            "worker": worker,
            "lease": LEASE,
            "most": MOST_CRASHES,
            "wants_phone": wants_phone,
        }
        text = _gating("gate").replace("/*opens*/", statement("journey", "opens"))
        rows = run(connection, text, parameters).fetchall()
        if late := [row for row in rows if row[-1] in ("late", "closed")]:
            rows += _gated_late(connection, late, parameters)
        gated = tuple(_addressee(row) for row in rows if row[-1] == "gated")
        pace.use(connection, throttles, room, gated)
    return Group(gated)


def _gating(name: str) -> LiteralString:
    text = statement("ledger", name).replace("/*move*/", statement("ledger", "move"))
    return text.replace("/*addressees*/", statement("ledger", "addressees"))


def _gated_late(
    connection: Connection, late: Sequence[Sequence[Any]], parameters: Mapping[str, Any]
) -> list[Any]:
    """Gate those of a group that were not on time and whom no cap or gap holds back by now; return their rows."""
    run(connection, statement("ledger", "take_late_turn"))
    more = {
        "touches": [row[0] for row in late],
        "opens": [row[3] if row[-1] == "closed" else None for row in late],
    }
    return run(connection, _gating("gate_late"), {**parameters, **more}).fetchall()


def to_compose(
    connection: Connection,
    run_id: RunId,
    step: str,
    *,
    contact_point: str | None,
    now: dt.datetime,
    wants_phone: bool = False,
    group: int = 2000,
) -> Iterator[tuple[Addressee, ...]]:
    """Yield the planned touches of a step in groups, in the order of their keys, without taking them."""
    text = statement("ledger", "to_compose").replace("/*addressees*/", statement("ledger", "addressees"))
    after = 0
    while True:
        rows = run(
            connection,
            text,
            {
                "run": run_id,
                "step": step,
                "after": after,
                "limit": group,
                "now": now,
                "contact_point": contact_point,
                "wants_phone": wants_phone,
            },
        ).fetchall()
        if not rows:
            return
        after = rows[-1][0]
        yield tuple(_addressee(row) for row in rows)


def to_show(
    connection: Connection, touch: TouchId, contact_point: str | None, now: dt.datetime
) -> Addressee | None:
    """Return whom a touch that has left went to, or `None`: it has not left, or was erased."""
    text = statement("ledger", "to_show").replace("/*addressees*/", statement("ledger", "addressees"))
    parameters = {"touch": touch, "contact_point": contact_point, "now": now, "wants_phone": False}
    row = run(connection, text, parameters).fetchone()
    return None if row is None else _addressee(row)


def with_history(
    connection: Connection, addressees: Sequence[Addressee], now: dt.datetime
) -> tuple[Addressee, ...]:
    """Return the addressees with their customers' last touches and responses, newest first."""
    customers = [addressee.customer.customer_id for addressee in addressees]
    history: dict[int, list[dict[str, Any]]] = {}
    arguments = {"customers": customers, "now": now}
    for customer, at, channel, campaign, step, outcome in run(
        connection, statement("ledger", "last_touches"), arguments
    ):
        history.setdefault(customer, []).append(
            {
                "at": at,
                "channel": channel,
                "campaign": campaign,
                "step": step,
                "outcome": outcome,
                "response": None,
            }
        )
    for customer, at, kind, campaign, step in run(
        connection, statement("ledger", "last_responses"), arguments
    ):
        history.setdefault(customer, []).append(
            {"at": at, "channel": None, "campaign": campaign, "step": step, "outcome": None, "response": kind}
        )
    return tuple(
        replace(
            addressee,
            customer=replace(
                addressee.customer,
                history=tuple(
                    sorted(
                        history.get(addressee.customer.customer_id, []),
                        key=lambda entry: entry["at"],
                        reverse=True,
                    )
                ),
            ),
        )
        for addressee in addressees
    )


def may_go_on(connection: Connection, run_id: RunId, *, permit: bool) -> bool:
    """Return whether a run still runs and this system is still armed; holds nothing."""
    row = run(connection, statement("ledger", "may_go_on"), {"run": run_id, "permit": permit}).fetchone()
    return row is not None and bool(row[0])


def settle(
    connection: Connection,
    group: Sequence[Addressee],
    receipts: Sequence[Receipt],
    *,
    worker: str,
    now: dt.datetime,
) -> int:
    """Record what became of touches of a group, in the caller's transaction; return how many moved."""
    epochs = {addressee.touch: addressee.epoch for addressee in group}
    return settle_claims(connection, epochs, receipts, worker=worker, now=now)


def settle_claims(
    connection: Connection,
    epochs: Mapping[TouchId, int],
    receipts: Sequence[Receipt],
    *,
    worker: str,
    now: dt.datetime,
) -> int:
    """The same, of claims known by touch and epoch alone: what a journal remembers."""
    if not receipts:
        return 0
    said = json.dumps(
        [
            {
                "touch_id": receipt.touch,
                "epoch": epochs[receipt.touch],
                "ending": receipt.ending.value,
                "reason": receipt.reason,
                "reply": receipt.reply,
                "enhanced": receipt.enhanced,
                "seconds": receipt.retry_in.total_seconds(),
                "cost": receipt.cost,
            }
            for receipt in receipts
        ]
    )
    moved = run(
        connection, statement("ledger", "settle"), {"said": said, "worker": worker, "now": now}
    ).rowcount
    cancel_put_back(connection, [one.touch for one in receipts if one.ending is Ending.LATER])
    return moved


def wait_for_gate(connection: Connection, worker: str) -> None:
    """Wait until no gate of a worker is on its way to its commit: the server may still work for a client that is gone.

    Without it such a group would be seen by nobody until its lease ends, and then be unknown: a matter of liveness.

    Raises:
        psycopg.errors.LockNotAvailable: it takes longer than a second; another time.
    """
    run(connection, statement("ledger", "wait_for_gate"), {"worker": worker})


def held_by(connection: Connection, worker: str) -> dict[TouchId, int]:
    """Return what a worker still holds, with the epoch of its claim."""
    return {
        TouchId(touch): int(epoch)
        for touch, epoch in run(connection, statement("ledger", "held_by"), {"worker": worker})
    }


def release(connection: Connection, epochs: Mapping[TouchId, int], *, worker: str) -> int:
    """Make touches ready again of which it is proven that nothing left; return how many moved."""
    freed = run(
        connection,
        statement("ledger", "release"),
        {"touch": list(epochs), "epoch": list(epochs.values()), "worker": worker},
    ).fetchall()
    cancel_put_back(connection, [touch for (touch,) in freed])
    return len(freed)


def reap(connection: Connection, safe: Sequence[str], now: dt.datetime, run_id: RunId | None = None) -> int:
    """Move on touches whose worker is gone; `safe` are the channels for which a repeat is harmless."""
    reaped = run(
        connection, statement("ledger", "reap"), {"safe": list(safe), "now": now, "run": run_id}
    ).fetchall()
    cancel_put_back(connection, [touch for (touch,) in reaped])
    return len(reaped)


def counts(connection: Connection, run_id: RunId) -> dict[tuple[str, str], dict[str, int]]:
    """Return how many touches of a run stand in each state, by step and channel."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    for step, channel, state, count in run(connection, statement("ledger", "counts"), {"run": run_id}):
        found.setdefault((step, channel), {})[state] = count
    return found


def close(connection: Connection, run_id: RunId, now: dt.datetime) -> bool:
    """Close a run if nothing of it is open; return whether it is closed by this call."""
    return run(connection, statement("ledger", "close"), {"run": run_id, "now": now}).rowcount == 1


def waiting(connection: Connection, run_id: RunId, step: str, now: dt.datetime) -> tuple[int, int]:
    """Return how many touches of a step could leave now, and how many are ready at all."""
    row = run(
        connection, statement("ledger", "waiting"), {"run": run_id, "step": step, "now": now}
    ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


def is_armed(connection: Connection) -> bool:
    """Return whether this very database system was armed for sending."""
    row = run(connection, statement("ledger", "permit")).fetchone()
    return row is not None and bool(row[0])


def arm(connection: Connection, by: str) -> None:
    """Allow this database system to send; a named person's act."""
    with connection.transaction():
        run(connection, statement("ledger", "arm"), {"by": by})
        audit(connection, by, "arm", "send_permit")


def disarm(connection: Connection, by: str) -> None:
    """Take the permission back; final for every gate after it."""
    with connection.transaction():
        run(connection, statement("ledger", "disarm"), {"by": by})
        audit(connection, by, "disarm", "send_permit")


def audit(
    connection: Connection, actor: str, act: str, about: str, detail: Mapping[str, Any] | None = None
) -> None:
    """Add an act to the chained audit trail. `about` and `detail` hold ids and counts, never a person."""
    connection.execute("SELECT pg_advisory_xact_lock(hashtext('touchbase audit'))")  # one chain, one tail
    run(
        connection,
        statement("ledger", "audit"),
        {"actor": actor, "act": act, "about": about, "detail": json.dumps(dict(detail or {}))},
    )


def _addressee(row: Sequence[Any]) -> Addressee:
    (
        touch,
        epoch,
        cell,
        due,
        not_after,
        customer,
        of,
        kinds,
        civility,
        title,
        last,
        first,
        org,
        language,
        address,
        street,
        postcode,
        town,
        country,
        department,
        specialty,
        phone,
        facts,
        rep_id,
        code,
        rep_first,
        rep_last,
        rep_email,
        rep_phone,
        may_track,
        opens_count,
        _,
    ) = row
    rep = None if rep_id is None else Rep(rep_id, code, rep_first, rep_last, rep_email, rep_phone)
    return Addressee(
        TouchId(touch),
        Customer(
            customer_id=CustomerId(customer),
            of=of,
            kinds=tuple(kinds),
            civility=civility,
            title=title,
            last_name=last,
            first_name=first,
            org_name=org,
            language=language,
            address=address,
            street=street,
            postcode=postcode,
            town=town,
            country=country,
            department=department,
            specialty_group=specialty,
            phone=phone,
            rep=rep,
            may_track=bool(may_track),
            opens_count=bool(opens_count),
            facts=facts or {},
        ),
        cell,
        due,
        not_after,
        epoch,
    )
