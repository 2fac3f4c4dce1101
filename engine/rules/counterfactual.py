"""What if the policy had been another: recorded touches, played again under its caps and gaps."""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby

from engine.model.policy import Cap, Gap, Policy


@dataclass(frozen=True, slots=True)
class Past:
    """A touch that went out, and what came back to it."""

    customer: int
    at: dt.datetime
    channel: str
    purpose: str | None
    brand: str | None
    campaign: str | None  #: None: a contact made elsewhere, which no policy of ours could have held back
    responses: int = 0
    value: Decimal = Decimal(0)


@dataclass(slots=True)
class Held:
    """What one rule would have held back of one campaign."""

    touches: int = 0
    customers: set[int] = field(default_factory=set)
    responses: int = 0  #: that followed these touches; some would have come anyway
    value: Decimal = Decimal(0)


def replay(touches: Iterable[Past], policy: Policy, since: dt.datetime) -> dict[tuple[str, str], Held]:
    """Return by campaign and rule what another policy would have held back since a moment.

    What it holds back makes room for what came later, so touches are played one after the other; what went out
    before `since` stands, and counts. `touches` are grouped by customer and in order of time.

    >>> day = [dt.datetime(2026, 3, n, 9, tzinfo=dt.UTC) for n in (1, 3, 9)]
    >>> mails = [Past(1, at, "email", "promo_rx", "HIVERNAX", "hivernax") for at in day]
    >>> policy = Policy.model_validate({
    ...     "policy": "p", "company": "c", "default_sender": "m", "senders": {"m": {"name": "M", "address": "m@example.org"}},
    ...     "caps": [{"name": "weekly", "max": 1, "per": "7 days", "channels": ["email"], "source": "s"}]})
    >>> {key: held.touches for key, held in replay(mails, policy, day[0]).items()}
    {('hivernax', 'weekly'): 1}
    """
    found: dict[tuple[str, str], Held] = {}
    for _, group in groupby(touches, key=lambda touch: touch.customer):
        kept: list[Past] = []
        for touch in group:
            rule = None
            if touch.at >= since and touch.campaign is not None and touch.purpose != "safety":
                rule = next(held_by(touch, kept, policy), None)
            if rule is None:
                kept.append(touch)
                continue
            held = found.setdefault((touch.campaign or "", rule), Held())
            held.touches += 1
            held.customers.add(touch.customer)
            held.responses += touch.responses
            held.value += touch.value
    return found


def longest(policy: Policy) -> dt.timedelta:
    """Return how far back a rule of the policy looks."""
    windows = [*(cap.per for cap in policy.caps), *(gap.within for gap in policy.gaps)]
    return max(windows, default=dt.timedelta(0))


def held_by(touch: Past, kept: list[Past], policy: Policy) -> Iterator[str]:
    """Yield the rules that hold a touch back, given what went out before it."""
    for cap in policy.caps:
        if _concerns(cap, touch) and touch.channel in cap.channels:
            before = sum(
                each.at > touch.at - cap.per
                and each.channel in cap.channels
                and _concerns(cap, each)
                and (cap.brands == "all" or each.brand == touch.brand)
                for each in kept
            )
            if before >= cap.max:
                yield cap.name
    for gap in policy.gaps:
        waits = touch.channel == gap.no and _concerns(gap, touch)
        if waits and any(
            each.channel == gap.after and _concerns(gap, each) and each.at > touch.at - gap.within
            for each in kept
        ):
            yield gap.name


def _concerns(rule: Cap | Gap, touch: Past) -> bool:
    return rule.counted is None or touch.purpose in rule.counted
