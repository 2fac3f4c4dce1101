"""All that a channel may know, and all that is asked of it.

A channel has three endings, told apart by type: *this customer never* (a `Refusal`, or a refused
`Receipt`), *all of it later* (`ChannelUnavailable`: nothing without a receipt went out), *nobody
knows* (any other exception, or no receipt). Adding a channel is adding a folder below `channels/`
whose `__init__` has a function `channel(desk: Desk) -> Channel`; no list is edited.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar, runtime_checkable

from engine.model.campaign import AnyCampaign, Offer, Step
from engine.model.policy import Sender
from engine.model.written import CustomerId, RunId, TouchId
from engine.problems import Fault, Problem

if TYPE_CHECKING:  # a quarter of a second, which `touchbase check` need not wait for
    import psycopg
    from psycopg.rows import TupleRow

Transaction: TypeAlias = "psycopg.Connection[TupleRow]"


@dataclass(frozen=True, slots=True)
class Rep:
    """The representative to whom a customer is aligned."""

    rep_id: int
    code: str
    first_name: str
    last_name: str
    email: str
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class Customer:
    """What a channel may know of one customer when it composes; nothing is looked up later."""

    customer_id: CustomerId
    of: str  #: person | organisation
    kinds: tuple[str, ...] = ()
    civility: str | None = None  #: M | MME
    title: str | None = None  #: DR | PR
    last_name: str | None = None
    first_name: str | None = None
    org_name: str | None = None
    language: str = "fr"
    address: str | None = None  #: of the channel's kind: e-mail address, or postal lines joined by '|'
    street: str | None = None
    postcode: str | None = None
    town: str | None = None
    country: str = "FR"
    department: str | None = None
    specialty_group: str | None = None
    phone: str | None = None
    rep: Rep | None = None
    may_track: bool = False  #: consented to be recognised when a link is used
    opens_count: bool = False  #: consented to exactly this: that opening a mail is measured (C-08)
    facts: Mapping[str, Any] = field(default_factory=dict)  #: the company's own facts
    history: tuple[
        Mapping[str, Any], ...
    ] = ()  #: the last touches, newest first: {at, channel, campaign, step, outcome}; only for channels that ask

    @property
    def name(self) -> str:
        """Return how the customer is written on an envelope: 'Dr Claire Morel', 'Pharmacie Centrale'."""
        if self.of == "organisation":
            return self.org_name or ""
        titles = {"DR": "Dr", "PR": "Pr"}
        civilities = {"M": "M.", "MME": "Mme"}
        front = titles.get(self.title or "") or civilities.get(self.civility or "")
        return " ".join(part for part in (front, self.first_name, self.last_name) if part)

    @property
    def greeting(self) -> str:
        """Return how a letter opens: 'Docteur Morel', 'Madame Petit', 'Madame, Monsieur'."""
        front = {"DR": "Docteur", "PR": "Professeur"}.get(self.title or "")
        front = front or {"M": "Monsieur", "MME": "Madame"}.get(self.civility or "")
        if self.of == "organisation" or not front or not self.last_name:
            return "Madame, Monsieur"
        return f"{front} {self.last_name}"


S = TypeVar("S", bound=Step)
S_contra = TypeVar("S_contra", bound=Step, contravariant=True)


@dataclass(frozen=True, slots=True)
class Wave:
    """One step of one run, the same for all its members."""

    run_id: RunId
    campaign: AnyCampaign
    step_name: str
    step: Any  #: the channel's own step model
    offers: Mapping[str, Offer]  #: by cell
    files: Mapping[str, str]  #: the run's pinned definition: path -> text (templates, cards, policy)
    on: dt.datetime  #: the campaign's clock, aware
    definition_sha: str = ""


@dataclass(frozen=True, slots=True)
class Addressee:
    """One claimed touch and whom it is for."""

    touch: TouchId
    customer: Customer
    cell: str | None
    due: dt.datetime  #: aware
    not_after: dt.datetime | None = None
    epoch: int = 0


class Refusal(StrEnum):
    """Why a customer can never get this parcel; the word stands in the contact history and in reports."""

    NO_ADDRESS = "no_contact_point"
    BAD_ADDRESS = "invalid_contact_point"
    ADDRESS_TOO_LONG = "address_too_long"
    NO_REP = "no_rep"
    NOT_RENDERED = "render_failed"


@dataclass(frozen=True, slots=True)
class Failure:
    """A parcel that does not compose, and why, in words without the customer's data."""

    reason: Refusal
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is handed over for one touch: frozen, complete, the same at every attempt."""

    touch: TouchId
    address: str
    content: Any  #: the channel's own: bytes of a mail, a task, a piece
    rep_id: int | None = None


class Ending(StrEnum):
    ACCEPTED = "accepted"
    REFUSED = "refused"
    LATER = "ready"  #: a definite no for now: put back, with `retry_in`
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one parcel, as far as the channel knows."""

    touch: TouchId
    ending: Ending
    reason: str | None = None  #: of a refusal: a word of the history
    reply: str | None = None  #: the other side's words, without personal data
    enhanced: str | None = None  #: 5.1.1
    retry_in: dt.timedelta = dt.timedelta(minutes=5)
    cost: float = 0.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """Later news of an accepted touch: bounce, return, visit done."""

    touch: TouchId
    outcome: str
    at: dt.datetime
    source: str
    source_id: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the other side's own log shows of our touches, and the time that it covers."""

    accepted: Mapping[TouchId, str]  #: touch -> under which name the other side has it
    refused: Mapping[TouchId, str]
    since: dt.datetime | None  #: aware; `None`: it shows nothing
    until: dt.datetime | None


@dataclass(frozen=True, slots=True)
class News:
    """What came back of one mail, understood; no address but the one that the other side names."""

    touch: TouchId
    kind: str  #: hard soft sender complaint delivered reply none
    status: str | None  #: 5.1.1
    said: str | None  #: the other side's words, without addresses
    address: str | None
    at: dt.datetime | None  #: aware
    source_id: str


@runtime_checkable
class Returning(Protocol):
    """A channel to which something comes back by mail."""

    def news(self, raw: bytes) -> News | None:
        """Return what a mail that came back says of a touch, or `None`: it is none of ours."""
        ...


@runtime_checkable
class Remarking(Protocol):
    """A channel that says of a step what is not wrong and should be looked at."""

    def remarks(self, step: Any, files: Mapping[str, str]) -> Iterable[Fault | Problem]:
        """Yield remarks, placed as `check` places faults. No network."""
        ...


@runtime_checkable
class Copied(Protocol):
    """A channel that can write to ourselves: proofs before a run, seeds with it."""

    def marked(self, wave: Wave, mark: str) -> Wave:
        """Return the wave whose parcels say in their first words that they are a proof."""
        ...


Failing: TypeAlias = Callable[[Sequence[Parcel]], Mapping[TouchId, Failure]]


@runtime_checkable
class SetTogether(Protocol):
    """A channel whose parcels take their last form only when they are handed over together."""

    def failing(self, wave: Wave) -> Failing:
        """Return what tells, of composed parcels, those that would not come out; no network, no effect."""
        ...


@runtime_checkable
class Witnessed(Protocol):
    """A channel whose other side keeps a log that can be read."""

    def evidence(self, log: Iterable[str], *, now: dt.datetime, zone: dt.tzinfo) -> Evidence:
        """Return what a log shows of touches that are surely ours."""
        ...


def untold(touch: TouchId) -> bool:
    """Keep no journal of what leaves, and let everything leave."""
    return True


Composer: TypeAlias = Callable[[Addressee], Parcel | Failure]


class Channel(Protocol):
    """One way to reach customers."""

    name: str
    step: type[Step]  #: what a campaign file may say about it; joins the campaign's JSON Schema
    contact_point: str | None  #: email | postal | phone | None: which address of the customer it needs
    batch: int  #: parcels per delivery; a crash leaves no more of them unsure
    repeat_is_safe: bool  #: the touch is the other side's key: handing it over twice is handing it over once
    wants_history: bool  #: compose needs the customer's last touches

    def check(self, step: Any, files: Mapping[str, str]) -> Iterable[Fault | Problem]:
        """Yield what is wrong with a step (faults; paths start inside it) and its material (problems). No network."""
        ...

    def prepare(self, wave: Wave) -> Composer:
        """Do once what is the same for all; return the pure function that composes for one customer.

        Raises:
            FilesError: the wave's material is wrong.
        """
        ...

    def shown(self, parcel: Parcel) -> tuple[str, str]:
        """Return a parcel's title and plain text: what an author looks at in a plan."""
        ...

    def deliver(
        self,
        wave: Wave,
        parcels: Iterable[Parcel],
        transaction: Transaction,
        may_leave: Callable[[TouchId], bool] = ...,
    ) -> Iterator[Receipt]:
        """Hand over; the one effect. One receipt per parcel, as soon as it is known.

        Parcels may be composed as they are taken; whoever takes one owes a receipt for it.

        `may_leave` is asked of each touch before anything of it can leave for good; after a no nothing of
        it may leave, and its receipt says so. A channel for which a repeat is safe need not ask.

        `transaction` is the open transaction in which the receipts are settled: a channel whose
        boundary is our own database writes its rows there; the others leave it alone.

        Raises:
            ChannelUnavailable: nothing without a receipt went out.
        """
        ...


@dataclass(frozen=True, slots=True)
class Desk:
    """What a channel is given when the engine starts: where things are, and the secrets it may use."""

    folder: Path  #: .touchbase: outputs of channels go into folders of their own below it
    base_url: str  #: where the public pages answer: https://touchbase.example
    secret: bytes  #: signs links
    smtp_url: str | None = None  #: None: the local outbox
    senders: Mapping[str, Sender] = field(default_factory=dict)  #: of the policy, by name
    default_sender: str | None = None
