"""A campaign as its author writes it: whom, when, by what steps, toward what goal."""

import datetime as dt
import re
from decimal import Decimal
from typing import Annotated, Any, Final, Generic, Literal, Self, TypeAlias, TypeVar

from pydantic import (
    BeforeValidator,
    Field,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from engine.model.clauses import YEARS
from engine.model.moments import After, At, Until
from engine.model.predicate import Who
from engine.model.written import Duration, Name, Share, Written
from engine.model.zones import zones
from engine.problems import Refused, Say, did_you_mean

Purpose: TypeAlias = Literal[
    "promo_rx",
    "promo_otc",
    "commercial",
    "medical_info",
    "safety",
    "event",
    "service",
    "survey",
    "institutional",
]


class Step(Written):
    """One touch per member at most, by one channel. Each channel adds its own keys."""

    channel: str
    at: At | None = Field(None, description="day of enrolment and time: 'day 0 09:30'")
    after: After | None = Field(None, description="a while after another step: 'announce + 5 days'")
    until: Until | None = Field(None, description="not out by then: expired, never late")
    if_: Who | None = Field(
        None, alias="if", description="who of the members; all of these must hold when the step is due"
    )

    @model_validator(mode="after")
    def _one_moment(self) -> Self:
        if self.at is not None and self.after is not None:
            raise Refused(
                Say("a step has both 'at' and 'after'", "une étape a à la fois « at » et « after »"),
                Say("Keep one of the two.", "Gardez l'un des deux."),
                "after",
            )
        return self


_CRON_SLIPS: Final = {
    "Bad minute": Say("the minute is none", "la minute n'en est pas une"),
    "Bad hour": Say("the hour is none", "l'heure n'en est pas une"),
    "Bad day-of-month": Say("the day of the month is none", "le jour du mois n'en est pas un"),
    "Bad month": Say("the month is none", "le mois n'en est pas un"),
    "Bad day-of-week": Say("the day of the week is none", "le jour de la semaine n'en est pas un"),
    "Wrong number of fields": Say("it has not five fields", "il n'a pas cinq champs"),
}
"""By cronsim's own words."""


class Schedule(Written):
    """When the campaign runs: once, or each time its calendar says so."""

    start: dt.datetime | None = Field(
        None, description="once: 2026-03-03 09:30; or, with 'every', not before"
    )
    every: str | None = Field(None, description="cron in the campaign's zone: '30 9 * * TUE'")
    end: dt.date | None = Field(None, description="no slot, and no step, after this day")
    timezone: str = "Europe/Paris"
    late: str = Field(
        "skip after 2 h", description="what a missed slot does: skip after 2 h | run latest | run all"
    )

    @field_validator("start", mode="before")
    @classmethod
    def _local(cls, value: object) -> object:
        if isinstance(value, dt.datetime):
            return value.replace(tzinfo=None)  # local to the schedule's zone, a key beside it
        if isinstance(value, dt.date):
            return dt.datetime(value.year, value.month, value.day)  # noqa: DTZ001 - local by meaning
        return value

    @model_validator(mode="after")
    def _sound(self) -> Self:
        from zoneinfo import ZoneInfo

        if self.start is None and self.every is None:
            raise Refused(
                Say(
                    "the schedule says neither 'start' nor 'every'",
                    "le calendrier ne dit ni « start » ni « every »",
                ),
                Say(
                    "Write 'start: 2026-03-03 09:30' or \"every: '30 9 * * TUE'\".",
                    "Écrivez « start: 2026-03-03 09:30 » ou « every: '30 9 * * TUE' ».",
                ),
            )
        for key, day in (("start", self.start), ("end", self.end)):
            if day is not None and day.year not in YEARS:
                raise Refused(
                    Say(f"the year {day.year} is a slip", f"l'année {day.year} est une erreur de frappe"),
                    Say("Write a day of our time: 2026-03-03.", "Écrivez un jour de notre temps : 2026-03-03."),
                    key,
                )  # fmt: skip
        if self.timezone not in zones():
            raise Refused(
                Say(f"unknown time zone '{self.timezone}'", f"fuseau inconnu « {self.timezone} »"),
                did_you_mean(self.timezone, ["Europe/Paris", "Indian/Reunion", "America/Martinique", "UTC"]),
                "timezone",
            )
        if self.every is not None:
            from cronsim import CronSim, CronSimError

            try:
                CronSim(self.every, dt.datetime(2026, 1, 1, tzinfo=ZoneInfo(self.timezone)))
            except CronSimError as error:
                why = _CRON_SLIPS.get(str(error), _CRON_SLIPS["Wrong number of fields"])
                raise Refused(
                    Say(
                        f"'{self.every}' is not a cron expression: {why.en}",
                        f"« {self.every} » n'est pas une expression cron : {why.fr}",
                    ),
                    Say(
                        "Write minute hour day month weekday: '30 9 * * TUE'.",
                        "Écrivez minute heure jour mois jour-de-semaine : « 30 9 * * TUE ».",
                    ),
                    "every",
                ) from None
        if not re.match(r"^(skip( after \d+ \w+)?|run latest|run all)$", self.late):
            raise Refused(
                Say(
                    f"'{self.late}' is not a rule for missed slots",
                    f"« {self.late} » n'est pas une règle pour les départs manqués",
                ),
                Say(
                    "Write 'skip after 2 h', 'run latest' or 'run all'.",
                    "Écrivez « skip after 2 h », « run latest » ou « run all ».",
                ),
                "late",
            )
        return self


class Top(Written):
    n: int = Field(gt=0)
    by: str


class Expectation(Written):
    """How many members the author expects; outside, the run stops before anything is sent."""

    low: int
    high: int


def _expected(text: object) -> object:
    match = re.match(r"^\s*(\d+)\s*\.\.\s*(\d+)\s*$", text) if isinstance(text, str) else None
    if match is None or int(match[1]) > int(match[2]):
        if isinstance(text, Expectation | dict):
            return text
        raise Refused(
            Say(f"'{text}' is not a range", f"« {text} » n'est pas un intervalle"),
            Say(
                "Write the smallest and the largest size: 3000..4500.",
                "Écrivez la plus petite et la plus grande taille : 3000..4500.",
            ),
        )
    return Expectation(low=int(match[1]), high=int(match[2]))


class Audience(Written):
    """Whom the campaign is about."""

    segment: Name
    except_: list[Name] = Field([], alias="except", description="segments that are taken out")
    top: Top | None = Field(None, description="only the n highest by a fact")
    sample: Share | None = Field(None, description="only a share, by stable hash")
    expect: (
        Annotated[
            Expectation,
            BeforeValidator(_expected),
            WithJsonSchema({"type": "string", "examples": ["3000..4500"]}),
        ]
        | None
    ) = None
    max: int | None = Field(None, gt=0, description="never more members; above it nothing is sent")
    drift: Share = Field(
        Decimal(0), description="share of the plan's members who may have joined or left when it runs"
    )
    one_per: Literal["person", "mailbox", "site", "household"] = "person"


class Holdout(Written):
    """Who is left alone, so that the report can say what the campaign changed."""

    share: Share = Decimal("0.1")
    stratify: list[str] = Field([], description="facts whose values are all split alike")
    key: str | None = Field(None, description="random key; the campaign's name if absent")
    because: str | None = Field(None, description="why nobody is left alone; needed with share 0%")

    @model_validator(mode="after")
    def _honest(self) -> Self:
        if self.share == 0 and not self.because:
            raise Refused(
                Say(
                    "nobody is held out, and nothing says why",
                    "personne n'est mis de côté, et rien ne dit pourquoi",
                ),
                Say(
                    "Write 'because:', or a share above 0%.",
                    "Écrivez « because: », ou une part au-dessus de 0%.",
                ),
                "share",
            )
        if self.share == 1:
            raise Refused(
                Say("everybody is held out: the campaign reaches nobody", "tout le monde est mis de côté : la campagne n'atteint personne"),
                Say("Write a share below 100%; 10% is usual.", "Écrivez une part sous 100% ; 10% est l'usage."),
                "share",
            )  # fmt: skip
        return self


class Offer(Written):
    code: str | None = None
    discount: Share | None = None
    free_goods: str | None = Field(None, description="bought+free: 10+1")
    label: str | None = None


class Cell(Written):
    """A part of the enrolled that is treated alike."""

    share: Share
    offer: Offer | None = None


class Goal(Written):
    """What the campaign is for, measured on treated and held out alike."""

    response: Literal[
        "click",
        "open",
        "order",
        "form",
        "registration",
        "attendance",
        "reply",
        "visit_outcome",
        "call_outcome",
        "coupon",
    ]
    brand: str | None = None
    within: Duration = dt.timedelta(days=60)
    target: Share | None = None
    value: Literal["amount"] | None = None
    at_least: Decimal | None = Field(None, description="smallest amount that counts")


class ResponseRule(Written):
    """How something that comes back is known to belong to this campaign; the first rule that fits wins."""

    order: Literal["offer_code", "brand"] | None = None
    form: str | None = None
    within: Duration = dt.timedelta(days=60)


class Budget(Written):
    max: Annotated[
        Decimal,
        WithJsonSchema({"type": "string", "examples": ["12000 EUR"]}),
        BeforeValidator(lambda text: _euros(text)),
    ]


def _euros(text: object) -> object:
    match = re.match(r"^\s*(\d+(?:\.\d{1,2})?)\s*EUR\s*$", text) if isinstance(text, str) else None
    if match is None:
        if isinstance(text, Decimal):
            return text
        raise Refused(
            Say(f"'{text}' is not an amount", f"« {text} » n'est pas un montant"),
            Say("Write 12000 EUR.", "Écrivez 12000 EUR."),
        )
    return Decimal(match[1])


_ON: Final = re.compile(r"^day\s+(\d{1,3})(?:\s+(\d{1,2}:\d{2}))?$")


class Deed(Written):
    """What a made-up customer does: on a day, one thing."""

    day: int = Field(ge=0, description="counted from the day of enrolment; it happens at noon")
    click: str | None = Field(None, description="on a link of a step that reached them")
    open: str | None = None
    reply: str | None = None
    form: str | None = Field(None, description="a form of the campaign")
    registration: str | None = None
    visited: str | None = Field(None, description="the rep saw them, for a step's visit")
    order: str | None = Field(None, description="of a brand")
    units: int = 1
    amount: Decimal = Decimal(0)

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        if len(self.deeds()) != 1:
            raise Refused(
                Say("a customer does one thing at a time", "un client fait une chose à la fois"),
                Say("Write {day: 3, click: announce}.", "Écrivez {day: 3, click: announce}."),
                "day",
            )
        return self

    def deeds(self) -> dict[str, str]:
        """Return the one thing that is done, and to what."""
        words = ("click", "open", "reply", "form", "registration", "visited", "order")
        return {word: str(getattr(self, word)) for word in words if getattr(self, word) is not None}


class CampaignExample(Written):
    """The author's own test of a campaign: a made-up customer, what they do, and who gets what when."""

    title: str
    customer: dict[str, Any] = Field(description="facts and past, as in a segment's examples")
    cell: Name | None = Field(None, description="the cell they were drawn for; the first if absent")
    withheld: dict[str, str] = Field(
        {}, description="channels that must not reach them, and why: {email: no_consent}"
    )
    then: list[Deed] = []
    expect: dict[Name, str] = Field(
        description="by step: 'day 0', 'day 12 09:30', or the word of why not; steps not named never come due"
    )

    @field_validator("expect")
    @classmethod
    def _spoken(cls, value: dict[str, str]) -> dict[str, str]:
        for step, said in value.items():
            if not _ON.match(said) and not re.match(r"^[a-z][a-z_]+$", said):
                raise Refused(
                    Say(f"'{said}' says neither a day nor a reason", f"« {said} » ne dit ni un jour ni un motif"),
                    Say("Write 'day 12', 'day 12 09:30' or a word such as no_consent.", "Écrivez « day 12 », « day 12 09:30 » ou un mot tel que no_consent."),
                    step,
                )  # fmt: skip
        return value


class Utm(Written):
    """What the web's statistics read behind each link of a mail: the same for everybody, so it names nobody."""

    source: str = Field(pattern=r"^[a-z0-9][a-z0-9_.-]*$", max_length=60, description="utm_source: armorial")
    medium: str = Field("email", pattern=r"^[a-z0-9][a-z0-9_.-]*$", max_length=60)
    campaign: str | None = Field(
        None,
        pattern=r"^[a-z0-9][a-z0-9_.-]*$",
        max_length=80,
        description="utm_campaign; the campaign's name if absent. utm_content is the step",
    )


class CampaignPolicy(Written):
    """What the campaign says of itself where others want the same customers."""

    priority: int | None = Field(
        None, ge=0, le=100, description="weight in arbitration; absent: that of its purpose in the policy"
    )
    value: Annotated[
        Decimal,
        WithJsonSchema({"type": "string", "examples": ["350 EUR"]}),
        BeforeValidator(lambda text: _euros(text)),
    ] = Field(Decimal(0), description="what one response is worth: decides between equal priorities")


S = TypeVar("S")


class Campaign(Written, Generic[S]):
    """One file of `campaigns/`. `S` is the union of the steps that the installed channels know."""

    campaign: Name
    title: str
    program: Name | None = None
    owner: str
    country: Literal["FR"] = "FR"
    brand: str | None = None
    purpose: Purpose
    schedule: Schedule
    reentry: (
        Annotated[Duration, Field(description="how soon a customer may be enrolled again")]
        | Literal["never", "always"]
    ) = "never"
    audience: Audience
    holdout: Holdout = Holdout(share=Decimal("0.1"))
    cells: dict[Name, Cell] = {}
    steps: dict[Name, S] = Field(min_length=1)
    exit: Who | None = Field(
        None, description="asked before every step: whoever it holds for leaves the campaign"
    )
    goals: dict[Name, Goal] = Field(min_length=1)
    responses: list[ResponseRule] = []
    budget: Budget | None = None
    policy: CampaignPolicy = CampaignPolicy()
    utm: Utm | None = Field(None, description="parameters behind the links of its mails")
    examples: list[CampaignExample] = Field([], description="played by 'touchbase test', without a database")

    @field_validator("reentry", mode="before")
    @classmethod
    def _again(cls, value: object) -> object:
        return value.removeprefix("after ") if isinstance(value, str) else value

    @model_validator(mode="after")
    def _cells_are_whole(self) -> Self:
        total = sum((cell.share for cell in self.cells.values()), Decimal(0))
        if self.cells and total != 1:
            raise Refused(
                Say(
                    f"the cells share {total * 100:f}% of the enrolled",
                    f"les cellules se partagent {total * 100:f}% des inscrits",
                ),
                Say("Let their shares add up to 100%.", "Faites que leurs parts fassent 100%."),
                "cells",
            )
        return self


AnyCampaign: TypeAlias = Campaign[Any]
