"""The contact policy of the company, and the rules of a country: what no campaign may loosen."""

import datetime as dt
import re
from decimal import Decimal
from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema, model_validator

from engine.model.approval import ApprovalRule
from engine.model.campaign import AnyCampaign, Purpose
from engine.model.written import Duration, Name, Share, Written
from engine.problems import Refused, Say

PROMOTIONAL: tuple[Purpose, ...] = ("promo_rx", "promo_otc", "commercial", "event")
"""What `purposes: promo` means in a cap."""


OwnAddress: TypeAlias = Annotated[str, Field(max_length=254, examples=["name@company.example"])]
"""An address of the company's own; `check` holds it to the rule of a mail's header."""


class Sender(Written):
    """Who an e-mail is from."""

    name: str
    address: OwnAddress
    reply_to: OwnAddress | None = None


class Cap(Written):
    """At most `max` touches of a customer in a window that rolls; planned touches count."""

    name: Name
    max: int = Field(ge=1)
    per: Duration
    channels: list[str] = Field(min_length=1)
    purposes: list[Purpose] | Literal["promo", "all"] = "promo"
    brands: Literal["all", "same"] = "all"
    source: str = Field(description="where the number comes from: a decision, a charter, a law")

    @property
    def counted(self) -> list[Purpose] | None:
        """Return the purposes that count, or `None` for all."""
        if self.purposes == "all":
            return None
        return list(PROMOTIONAL) if self.purposes == "promo" else list(self.purposes)


class Gap(Written):
    """No touch by one channel within a time after a touch by another, planned ones included."""

    name: Name
    no: str = Field(description="the channel that waits")
    within: Duration
    after: str = Field(description="the channel that was there first")
    purposes: list[Purpose] | Literal["promo", "all"] = "promo"
    source: str

    @property
    def counted(self) -> list[Purpose] | None:
        if self.purposes == "all":
            return None
        return list(PROMOTIONAL) if self.purposes == "promo" else list(self.purposes)


_SPAN: Final = re.compile(r"^\s*(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})\s*$")


class Between(Written):
    """A part of a day on the customer's own clock: from its first minute up to, not including, its last."""

    first: dt.time
    last: dt.time


def _span(text: object) -> object:
    if isinstance(text, Between):
        return text
    match = _SPAN.match(text) if isinstance(text, str) else None
    if (
        match is not None
        and int(match[1]) < 24
        and int(match[3]) < 24
        and max(int(match[2]), int(match[4])) < 60
    ):
        first, last = dt.time(int(match[1]), int(match[2])), dt.time(int(match[3]), int(match[4]))
        if first < last:
            return Between(first=first, last=last)
    raise Refused(
        Say(f"'{text}' is not a part of a day", f"« {text} » n'est pas une partie de journée"),
        Say(
            "Write 07:00-20:00, the earlier hour first.", "Écrivez 07:00-20:00, l'heure la plus tôt d'abord."
        ),
    )


Span: TypeAlias = Annotated[
    Between,
    BeforeValidator(_span),
    PlainSerializer(lambda span: f"{span.first:%H:%M}-{span.last:%H:%M}", return_type=str),
    WithJsonSchema({"type": "string", "pattern": _SPAN.pattern, "examples": ["07:00-20:00"]}),
]


class Hours(Written):
    """When customers may be reached, on their own clock and calendar; what comes due outside waits."""

    name: Name
    channels: list[str] = Field(min_length=1)
    purposes: list[Purpose] | Literal["promo", "all"] = "promo"
    between: list[Span] = Field(min_length=1, description="parts of the day: 07:00-20:00")
    days: Literal["working", "weekdays", "all"] = Field(
        "working", description="working: no weekends, no public holidays of the customer's region"
    )
    source: str

    def concern(self, channel: str, purpose: Purpose) -> bool:
        return channel in self.channels and _counts(self.purposes, purpose)


class Season(Written):
    """When a brand may be spoken of, and where: before it opens touches wait, outside of it they are withheld."""

    name: Name
    brands: list[str] = Field(min_length=1)
    purposes: list[Purpose] | Literal["promo", "all"] = "promo"
    departments: list[str] | None = Field(None, description="only these; all if absent")
    except_departments: list[str] = Field([], alias="except", description="all but these")
    opens: dt.date
    closes: dt.date = Field(description="its last day")
    source: str

    def concerns(self, brand: str | None, purpose: Purpose) -> bool:
        return brand in self.brands and _counts(self.purposes, purpose)

    def covers(self, department: str | None) -> bool:
        """Return whether it is the season of a département; where the department is unknown, that of all others."""
        return (self.departments is None or department in self.departments) and (
            department not in self.except_departments
        )


class FeedGate(Written):
    """How old a delivery may be, and how much smaller than the one before it; beyond, campaigns do not run."""

    feed: str = Field(description="as 'touchbase load --as' calls it: consents, pharmacies ...")
    at_most: Duration | None = Field(None, description="how old the latest delivery may be: 36 h")
    shrunk_by: Share | None = Field(None, description="how much smaller than the one before it may be")
    source: str

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.at_most is None and self.shrunk_by is None:
            raise Refused(
                Say(
                    f"the gate on '{self.feed}' asks nothing", f"la barrière sur « {self.feed} » n'exige rien"
                ),
                Say(
                    "Write 'at_most: 36 h' or 'shrunk_by: 20%'.",
                    "Écrivez « at_most: 36 h » ou « shrunk_by: 20% ».",
                ),
                "feed",
            )
        return self


def _counts(purposes: list[Purpose] | Literal["promo", "all"], purpose: Purpose) -> bool:
    if purpose == "safety":  # a safety letter waits for no office hour and no season (C-39)
        return False
    return purposes == "all" or purpose in (PROMOTIONAL if purposes == "promo" else purposes)


class WarmUp(Written):
    """How a new sender's domain or relay is made known: a little on the first day, more on each that follows."""

    from_: dt.date = Field(alias="from", description="the first day")
    start: int = Field(ge=1, description="how many on the first day's windows")
    grows: float = Field(1.5, gt=1, le=4, description="times so many on each following day, until `max`")


class Throttle(Written):
    """At most `max` mails in a time, by all workers together: what mailbox providers and relays ask of a sender."""

    name: Name
    max: int = Field(ge=1)
    per: Duration
    domains: list[str] = Field([], description="of recipients: [orange.fr, wanadoo.fr]; without: all mails")
    warm_up: WarmUp | None = None
    source: str

    def allowed(self, on: dt.date) -> int:
        """Return how many may leave in one window of a day.

        >>> warm = WarmUp.model_validate({"from": dt.date(2026, 3, 1), "start": 100, "grows": 2})
        >>> slow = Throttle(name="relay", max=1000, per=dt.timedelta(hours=1), warm_up=warm, source="doc")
        >>> [slow.allowed(dt.date(2026, 3, day)) for day in (1, 2, 4, 5)]
        [100, 200, 800, 1000]
        """
        if self.warm_up is None:
            return self.max
        days = max(0, (on - self.warm_up.from_).days)
        return min(self.max, int(self.warm_up.start * self.warm_up.grows ** min(days, 60)))


class Stops(Written):
    """When a run pauses by itself, for somebody to look."""

    after: int = Field(100, ge=1, description="how many must have been tried before a share says anything")
    errors: Share = Field(Decimal("0.1"), description="refused by the relay, of those tried")
    bounces: Share = Field(Decimal("0.05"), description="came back for good, of those accepted")
    complaints: Share = Field(Decimal("0.003"), description="complained of, of those accepted")
    sender_refusals: int = Field(
        3, ge=1, description="replies that refuse us and not the customer (5.7.x), one after the other"
    )


def _money(text: object) -> object:
    if isinstance(text, str) and text.endswith(" EUR"):
        return Decimal(text.removesuffix(" EUR").strip())
    if isinstance(text, Decimal):
        return text
    raise Refused(
        Say(f"'{text}' is not an amount", f"« {text} » n'est pas un montant"),
        Say("Write 0.90 EUR.", "Écrivez 0.90 EUR."),
    )


Money: TypeAlias = Annotated[
    Decimal, BeforeValidator(_money), WithJsonSchema({"type": "string", "examples": ["0.90 EUR"]})
]


class Policy(Written):
    """`campaigns/policy.yaml`: one for the whole company."""

    policy: Name
    company: str
    senders: dict[Name, Sender] = Field(min_length=1)
    default_sender: Name
    holdout: Share = Decimal("0.1")
    universal_holdout: Share = Field(
        Decimal(0), description="share of all customers whom no promotional campaign reaches in a period"
    )
    universal_rotation: Literal["quarter", "half-year", "year"] = Field(
        "quarter", description="how long the same customers are in the universal holdout"
    )
    caps: list[Cap] = []
    gaps: list[Gap] = []
    hours: list[Hours] = []
    seasons: list[Season] = []
    feeds: list[FeedGate] = []
    audience_shrunk_by: Share | None = Field(
        None, description="how much smaller than that of its run before a campaign's audience may be"
    )
    costs: dict[str, Money] = Field({}, description="cost of one touch by channel")
    priorities: dict[Purpose, int] = Field({}, description="weight of a purpose in arbitration, 0 to 100")
    seeds: list[OwnAddress] = Field(
        [], max_length=20, description="addresses of colleagues that receive each mailing, once for each cell"
    )
    proof_addresses: list[OwnAddress] = Field(
        [],
        max_length=20,
        description="addresses of colleagues to which 'touchbase proof' may write, and no other",
    )
    max_render_errors: int = Field(
        0, ge=0, description="parcels of one step that may fail to compose; where more do, none of it is sent"
    )
    throttles: list[Throttle] = []
    stops: Stops = Stops()
    gate_group: int = Field(
        256,
        ge=1,
        le=1024,
        description="mails gated together: so many may still leave after a stop, and are unsure if a machine dies",
    )
    approval: ApprovalRule | None = Field(None, description="who has to agree before a campaign may run")

    def holdout_of(self, campaign: AnyCampaign) -> Decimal:
        """Return the share of a campaign's members who are left alone: its own word, else the company's."""
        said = "holdout" in campaign.model_fields_set and "share" in campaign.holdout.model_fields_set
        return campaign.holdout.share if said else self.holdout

    def priority_of(self, campaign: AnyCampaign) -> int:
        """Return a campaign's weight in arbitration: its own word, else its purpose's, else 50."""
        own = campaign.policy.priority
        return self.priorities.get(campaign.purpose, 50) if own is None else own

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.default_sender not in self.senders:
            raise Refused(
                Say(
                    f"the default sender '{self.default_sender}' is none of the senders",
                    f"l'expéditeur par défaut « {self.default_sender} » n'est pas parmi les expéditeurs",
                ),
                Say(f"Known here: {', '.join(self.senders)}.", f"Connus ici : {', '.join(self.senders)}."),
                "default_sender",
            )
        names = [
            rule.name
            for rules in (self.caps, self.gaps, self.hours, self.seasons, self.throttles)
            for rule in rules
        ]
        for name in names:
            if names.count(name) > 1:
                raise Refused(
                    Say(f"two rules are called '{name}'", f"deux règles s'appellent « {name} »"),
                    Say(
                        "Give each its own name: the history quotes it.",
                        "Donnez à chacune son nom : l'historique le cite.",
                    ),
                    "caps",
                )
        domains = [domain for throttle in self.throttles for domain in throttle.domains]
        for domain in domains:
            if domains.count(domain) > 1:
                raise Refused(
                    Say(f"two throttles name '{domain}'", f"deux débits nomment « {domain} »"),
                    Say("Keep one of them.", "N'en gardez qu'un."),
                    "throttles",
                )
        if self.holdout == 0:
            raise Refused(
                Say("the company holds nobody out", "l'entreprise ne met personne de côté"),
                Say(
                    "Write a share above 0%; a campaign may say 'share: 0%' and 'because:'.",
                    "Écrivez une part au-dessus de 0% ; une campagne peut dire « share: 0% » et « because: ».",
                ),
                "holdout",
            )
        if self.holdout == 1:
            raise Refused(
                Say("the company holds everybody out", "l'entreprise met tout le monde de côté"),
                Say(
                    "Write a share below 100%; 10% is usual.", "Écrivez une part sous 100% ; 10% est l'usage."
                ),
                "holdout",
            )
        for season in self.seasons:
            if season.closes < season.opens:
                raise Refused(
                    Say(
                        f"the season '{season.name}' closes before it opens",
                        f"la saison « {season.name} » ferme avant d'ouvrir",
                    ),
                    Say("Put the earlier day into 'opens'.", "Mettez le jour le plus tôt dans « opens »."),
                    "seasons",
                )
        return self


class ConsentRule(Written):
    """What it means that a customer said nothing, for some channels and purposes."""

    id: str
    channels: list[str]
    purposes: list[Purpose] | Literal["all"]
    none_means: Literal["no", "yes_with_notice", "yes"]
    personal_needs_opt_in: bool = True
    source: str
    valid_from: dt.date
    valid_to: dt.date | None = None


class KindRule(Written):
    """Which kinds of customer a purpose may address."""

    id: str
    purpose: Purpose
    kinds: list[str]
    source: str
    valid_from: dt.date
    valid_to: dt.date | None = None


class RulePack(Written):
    """The rules of one country: dated, sourced, as files; never constants in code."""

    country: str
    version: str
    kinds: list[KindRule]
    consent: list[ConsentRule]

    def allowed_kinds(self, purpose: Purpose, on: dt.date) -> list[str]:
        """Return the kinds that `purpose` may address on a day; empty if no rule allows any."""
        return [
            kind for rule in self.kinds if rule.purpose == purpose and _holds(rule, on) for kind in rule.kinds
        ]

    def consent_for(self, channel: str, purpose: Purpose, on: dt.date) -> ConsentRule | None:
        """Return the first rule for a channel and purpose on a day; `None` means: nobody may be reached."""
        for rule in self.consent:
            fits = rule.purposes == "all" or purpose in rule.purposes
            if fits and channel in rule.channels and _holds(rule, on):
                return rule
        return None


def _holds(rule: KindRule | ConsentRule, on: dt.date) -> bool:
    return rule.valid_from <= on and (rule.valid_to is None or on <= rule.valid_to)
