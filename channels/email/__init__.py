"""The e-mail channel: a mail is written once for all and filled for each, and leaves over SMTP."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Final

from channels.email.bounces import news
from channels.email.composer import composer, faults, remarks
from channels.email.delivery import Delivery
from channels.email.identity import Identity
from channels.email.outbox import Outbox
from channels.email.relay import Relay
from channels.email.relay_log import read
from channels.email.step import EmailStep
from engine.content.links import Links
from engine.contract import (
    Channel,
    Composer,
    Desk,
    Evidence,
    News,
    Parcel,
    Receipt,
    Transaction,
    Wave,
    untold,
)
from engine.model.campaign import Step
from engine.model.policy import Policy
from engine.model.written import TouchId
from engine.problems import Fault, Problem

GROUP: Final[int] = Policy.model_fields["gate_group"].default
"""Mails that go together where there is no policy to say so: in benches and the contract's examination. A run asks its policy."""


class Emails:
    """E-mail over an SMTP relay, or into the local outbox where no relay is set."""

    name = "email"
    step: type[Step] = EmailStep
    contact_point: str | None = "email"
    batch = GROUP
    repeat_is_safe = False  # the relay's 250 is the boundary, and SMTP knows no key
    wants_history = False

    def __init__(self, desk: Desk, *, relay: Relay | None = None) -> None:
        self._desk = desk
        self._links = Links(desk.base_url, desk.secret)
        self._identity = Identity(desk.secret)
        self._relay = relay
        self._delivery: Delivery | None = None
        self._composers: dict[tuple[str, str, str], Composer] = {}

    def check(self, step: EmailStep, files: Mapping[str, str]) -> Iterable[Fault | Problem]:
        return faults(step, files)

    def remarks(self, step: EmailStep, files: Mapping[str, str]) -> Iterable[Fault | Problem]:
        return remarks(step, files)

    def prepare(self, wave: Wave) -> Composer:
        key = (wave.definition_sha, wave.step_name, f"{wave.on:%Y-%m-%d}")
        made = self._composers.get(key) if wave.definition_sha else None
        if made is None:
            made = composer(wave, self._desk, self._links, self._identity)
            if wave.definition_sha:
                self._composers = {key: made}
        return made

    def marked(self, wave: Wave, mark: str) -> Wave:
        """Return the wave whose subjects start with a mark: for proofs."""
        return replace(wave, step=wave.step.marked(mark), definition_sha="")

    def shown(self, parcel: Parcel) -> tuple[str, str]:
        """Return subject and text part, as a mail program reads them."""
        parsed = _parsed(parcel)
        text = parsed.get_body(("plain",))
        return str(parsed["subject"]), "" if text is None else str(text.get_content())

    def html(self, parcel: Parcel) -> str:
        """Return the HTML part, as a mail program reads it: for a preview."""
        part = _parsed(parcel).get_body(("html",))
        return "" if part is None else str(part.get_content())

    def deliver(
        self,
        wave: Wave,
        parcels: Iterable[Parcel],
        transaction: Transaction,
        may_leave: Callable[[TouchId], bool] = untold,
    ) -> Iterator[Receipt]:
        """Hand mails to the relay. Their boundary is its 250, so `transaction` is left alone."""
        return self.post(parcels, may_leave)

    def post(self, parcels: Iterable[Parcel], mark: Callable[[TouchId], bool] = untold) -> Iterator[Receipt]:
        """Hand mails to the relay; `mark` is asked of each touch before the bytes of its dot go out."""
        if self._delivery is None:
            self._delivery = Delivery(*([self._relay] if self._relay else self._configured()))
        self._delivery.mark = mark
        return self._delivery.deliver(parcels)

    def evidence(self, log: Iterable[str], *, now: dt.datetime, zone: dt.tzinfo = dt.UTC) -> Evidence:
        """Return what a Postfix relay's log shows of our mails; a Message-ID that we did not sign is none of ours."""
        seen = read(log, now=now, zone=zone)
        known = self._identity.touch_of
        accepted = {touch: queue for name, queue in seen.taken.items() if (touch := known(name)) is not None}
        refused = {touch: queue for name, queue in seen.refused.items() if (touch := known(name)) is not None}
        return Evidence(accepted, refused, seen.since, seen.until)

    def news(self, raw: bytes) -> News | None:
        """Return what a mail that came back says of a touch of ours, or `None`."""
        return news(raw, self._identity)

    def close(self) -> None:
        if self._delivery is not None:
            self._delivery.close()
            self._delivery = None

    def _configured(self) -> tuple[Relay, ...]:
        if self._desk.smtp_url is not None:
            return Relay.from_urls(self._desk.smtp_url)
        return (Outbox(self._desk.folder / "outbox").relay(),)


def _parsed(parcel: Parcel) -> EmailMessage:
    parsed = message_from_bytes(parcel.content.data, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def channel(desk: Desk) -> Channel:
    """Return the e-mail channel of an installation.

    Raises:
        UsageError: TOUCHBASE_SMTP_URL is no address of a relay.
    """
    if desk.smtp_url is not None:
        Relay.from_urls(desk.smtp_url)  # a slip is told at the start, not at the first mail
    return Emails(desk)
