"""What comes back: hits of the public pages, a customer's no or yes, orders, visit reports."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from engine.model.written import CustomerId, RunId, TouchId
from engine.store.base import consents
from engine.store.database import Connection, run
from engine.store.statements import statement

VOID: Final = ["draft", "rejected", "cancelled", "returned"]
"""Statuses of an order that is none: it counts nowhere while it stands in one."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One use of a link of a mail."""

    touch: TouchId
    customer: CustomerId
    type: str  #: open open_machine click click_suspect
    at: dt.datetime  #: aware
    label: str | None = None  #: which link

    @property
    def source_id(self) -> str:
        """Return the hit's own name: the same link again within a minute is the same hit."""
        return f"{self.type}:{self.touch}:{self.label or ''}:{int(self.at.timestamp()) // 60}"


@dataclass(frozen=True, slots=True)
class TouchOfToken:
    """The touch behind a link."""

    touch: TouchId
    customer: CustomerId
    run: RunId | None
    campaign: str | None
    step: str | None
    channel: str
    purpose: str | None
    definition_sha: str | None
    cell: str | None = None


@dataclass(frozen=True, slots=True)
class OrderRule:
    """How an order is known to answer a run: by its code, or (without one) by a touch before it."""

    run: RunId
    rank: int  #: the first rule that fits wins
    code: str | None
    brand: str | None
    within: dt.timedelta


def record_hits(connection: Connection, hits: Sequence[Hit], now: dt.datetime) -> int:
    """Keep clicks and opens in one transaction; return how many are new."""
    if not hits:
        return 0
    with connection.transaction():
        kept = run(
            connection,
            statement("responses", "record_hits"),
            {
                "touches": [hit.touch for hit in hits],
                "customers": [hit.customer for hit in hits],
                "types": [hit.type for hit in hits],
                "labels": [hit.label for hit in hits],
                "ats": [hit.at for hit in hits],
                "ids": [hit.source_id for hit in hits],
            },
        ).rowcount
        touches = sorted({hit.touch for hit in hits})
        run(connection, statement("responses", "settle_by_evidence"), {"touches": touches, "now": now})
    return kept


def record_bounces(connection: Connection, bounces: Sequence[tuple[TouchId, dt.datetime]]) -> int:
    """Let the touches of mails that came back say so, and doubt their addresses; return how many are new."""
    if not bounces:
        return 0
    parameters = {"touches": [touch for touch, _ in bounces], "ats": [at for _, at in bounces]}
    row = run(connection, statement("responses", "record_bounces"), parameters).fetchone()
    return 0 if row is None else int(row[0])


def touches_of_tokens(
    connection: Connection, tokens: Sequence[tuple[TouchId, CustomerId]]
) -> dict[TouchId, TouchOfToken]:
    """Return the touches that tokens name; those that were erased are left out."""
    parameters = {
        "touches": [touch for touch, _ in tokens],
        "customers": [customer for _, customer in tokens],
    }
    rows = run(connection, statement("responses", "touches_of_tokens"), parameters)
    return {row[0]: TouchOfToken(*row) for row in rows}


def touch_of_token(connection: Connection, touch: TouchId, customer: CustomerId) -> TouchOfToken | None:
    """Return the touch that a token names, or `None` if it was erased."""
    return touches_of_tokens(connection, [(touch, customer)]).get(touch)


def touch_by_id(connection: Connection, touch: TouchId) -> TouchOfToken | None:
    """Return a touch that a letter's signed code names."""
    row = run(connection, statement("responses", "touch_by_id"), {"touch": touch}).fetchone()
    return None if row is None else TouchOfToken(*row)


def stop_contact(
    connection: Connection, touch: TouchOfToken, purposes: Sequence[str], *, at: dt.datetime, proof: str
) -> bool:
    """Carry out a customer's no to a channel for some purposes; return whether it was news.

    One transaction, effective when it commits: the event with its proof, the resolved consent, the
    guard that the gate looks at, and every touch that has not passed the gate. Said again it changes
    nothing; said again after a later yes it counts again. A no that others hold already is kept too:
    theirs may be taken back, this one is the customer's own.
    """
    with connection.transaction():
        _locked_guard(connection, touch.customer)
        own = _own_words(connection, touch)
        news = [purpose for purpose in purposes if own.get(purpose) != "opt_out"]
        if news:
            _say(connection, touch, news, "opt_out", at, proof)
        excluded = {"customer": touch.customer, "channel": touch.channel, "purposes": list(purposes)}
        run(connection, statement("responses", "exclude_open_touches"), excluded)
        if news:
            _answer(connection, touch.touch, "unsubscribe", ",".join(news), at)
        evidence = {"touches": [touch.touch], "now": at}
        run(connection, statement("responses", "settle_by_evidence"), evidence)
    return bool(news)


def allow_contact(
    connection: Connection, touch: TouchOfToken, purposes: Sequence[str], *, at: dt.datetime, proof: str
) -> bool:
    """Carry out a customer's yes to a channel for some purposes; return whether it was news.

    It takes back what the customer said on these pages, never what law, finance or an erasure blocked,
    nor a no that another system holds: across sources the least permissive word counts (C-07).
    """
    with connection.transaction():
        blocked = _locked_guard(connection, touch.customer)
        own = _own_words(connection, touch)
        news = [
            purpose
            for purpose in purposes
            if own.get(purpose) == "opt_out"
            or (f"{touch.channel}:{purpose}" in blocked and own.get(purpose) != "opt_in")
        ]
        if news:
            _say(connection, touch, news, "opt_in", at, proof)
            _answer(connection, touch.touch, "form", "preferences", at)
    return bool(news)


def blocked_purposes(connection: Connection, customer: CustomerId, channel: str) -> set[str]:
    """Return the purposes for which a customer said no to a channel; `*` for all of them."""
    row = connection.execute(
        "SELECT blocked FROM contact_guard WHERE customer_id = %(customer)s", {"customer": customer}
    ).fetchone()
    blocked = set(row[0]) if row else set()
    if blocked & {"*", channel}:
        return {"*"}
    return {entry.split(":", 1)[1] for entry in blocked if entry.startswith(f"{channel}:")}


def _locked_guard(connection: Connection, customer: CustomerId) -> set[str]:
    row = run(connection, statement("responses", "lock_guard"), {"customer": customer}).fetchone()
    assert row is not None  # the statement inserts the row if there is none
    return set(row[0])


def _own_words(connection: Connection, touch: TouchOfToken) -> dict[str, str]:
    whose = {"customer": touch.customer, "channel": touch.channel}
    return {
        str(purpose): str(opt) for purpose, opt in run(connection, statement("responses", "own_words"), whose)
    }


def _say(
    connection: Connection,
    touch: TouchOfToken,
    purposes: Sequence[str],
    opt: str,
    at: dt.datetime,
    proof: str,
) -> None:
    parameters = {
        "customer": touch.customer,
        "channel": touch.channel,
        "purposes": list(purposes),
        "address": None,
        "opt": opt,
        "cause": "unsubscribed" if opt == "opt_out" else None,
        "at": at,
        "text_version": "web-1",
        "proof": proof,
        "source_id": f"{opt}:{touch.touch}:{at.timestamp():.6f}",
    }
    run(connection, statement("responses", "add_consent_events"), parameters)
    consents.resolve(connection, [touch.customer], now=at)


def _answer(connection: Connection, touch: TouchId, type_: str, label: str, at: dt.datetime) -> None:
    parameters = {
        "touch": touch,
        "type": type_,
        "label": label,
        "at": at,
        "source_id": f"{type_}:{touch}:{at.timestamp():.6f}",
    }
    run(connection, statement("responses", "record_answer"), parameters)


def measured_runs(
    connection: Connection, now: dt.datetime, window: dt.timedelta
) -> list[tuple[RunId, str, str]]:
    """Return the runs whose responses may still come: id, campaign, definition."""
    rows = run(connection, statement("responses", "measured_runs"), {"now": now, "window": window})
    return [(RunId(row[0]), str(row[1]), str(row[2])) for row in rows]


def attribute_orders(connection: Connection, rules: Sequence[OrderRule], now: dt.datetime) -> int:
    """Give orders to the runs they answer; return how many found theirs."""
    if not rules:
        return 0
    parameters = {
        "runs": [rule.run for rule in rules],
        "ranks": [rule.rank for rule in rules],
        "codes": [rule.code for rule in rules],
        "brands": [rule.brand for rule in rules],
        "withins": [rule.within for rule in rules],
        "void": VOID,
        "now": now,
    }
    return run(connection, statement("responses", "attribute_orders"), parameters).rowcount


def follow_orders(connection: Connection, runs: Sequence[RunId], campaigns: Sequence[str]) -> int:
    """Let responses follow their orders: cancelled, restored, corrected; return how many changed."""
    parameters = {"runs": list(runs), "campaigns": list(campaigns), "void": VOID}
    return run(connection, statement("responses", "follow_orders"), parameters).rowcount


def collect_visit_reports(connection: Connection, now: dt.datetime) -> int:
    """Turn visit reports into responses of their touches; return how many are new."""
    return run(connection, statement("responses", "collect_visit_reports"), {"now": now}).rowcount
