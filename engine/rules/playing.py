"""A campaign played in memory for one made-up customer: the plain meaning of steps, without a database.

It is to journeys what `membership` is to segments: slow, plainly right, and what authors test their files with. What a
base knows (consents, addresses, materials) is not asked here; the example says which channels are withheld.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from zoneinfo import ZoneInfo

from engine.model.campaign import AnyCampaign, Deed
from engine.model.policy import Policy
from engine.model.segment import Library, RunScope
from engine.rules.calendar import add_working_days, region_of
from engine.rules.counterfactual import Past, held_by
from engine.rules.hours import opening, season_opening
from engine.rules.membership import (
    Asking,
    CustomerKnown,
    PastLine,
    PastMembership,
    PastOrder,
    PastResponse,
    PastTouch,
    belongs,
    holds,
)
from engine.rules.schedule import PATIENCE, Fixed, Moment, due, instant, latest, moment

RUN = 1  #: the one run of the play


@dataclass(frozen=True, slots=True)
class Played:
    """What became of one step: touched at a moment, or withheld with a word."""

    step: str
    at: dt.datetime
    reason: str | None = None


@dataclass(slots=True)
class _Scene:
    campaign: AnyCampaign
    library: Library
    policy: Policy
    enrolled: dt.datetime
    known: CustomerKnown
    withheld: Mapping[str, str]
    department: str | None

    @property
    def zone(self) -> str:
        return self.campaign.schedule.timezone

    def asking(self, now: dt.datetime) -> Asking:
        scope = RunScope(RUN, self.campaign.campaign, tuple(self.campaign.steps), self.zone)
        return Asking(self.library, now, ZoneInfo(self.zone), scope)

    def done(self, step: str) -> PastTouch | None:
        return next((touch for touch in self.known.touches if touch.run == RUN and touch.step == step), None)

    def when(self, written: Moment) -> dt.datetime | None:
        """Return a moment of this customer; `None` while the step that it counts from has not come."""
        if isinstance(written, Fixed):
            return written.at
        before = self.done(written.step)
        if before is None:
            return None
        local = (before.touched_at or before.due_at).astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)
        if written.working_days:
            day = add_working_days(local.date(), written.delay.days, region_of(self.department))
            local = dt.datetime.combine(day, local.time())
        else:
            local += written.delay
        return instant(local, self.zone)


def is_wanted(campaign: AnyCampaign, known: CustomerKnown, library: Library, on: dt.datetime) -> bool:
    """Return whether a customer is in the campaign's segment, and in none that it takes out."""
    audience = campaign.audience
    return belongs(audience.segment, known, library, on) is True and not any(
        belongs(name, known, library, on) is True for name in audience.except_
    )


def play(
    campaign: AnyCampaign,
    library: Library,
    policy: Policy,
    known: CustomerKnown,
    enrolled: dt.datetime,
    *,
    withheld: Mapping[str, str],
    cell: str | None,
    deeds: Sequence[Deed],
    days: int = 90,
) -> tuple[list[Played], list[Deed]]:
    """Return what becomes of each step within some days of enrolment, and the deeds that answer a step that never came.

    Steps are asked at each moment at which one comes due or the customer does something, and once a day.
    """
    member = PastMembership(RUN, campaign.campaign, enrolled, campaign.brand, cell=cell)
    department = known.facts.get("department")
    scene = _Scene(
        campaign, library, policy, enrolled,
        replace(known, memberships=(*known.memberships, member)), withheld,
        department if isinstance(department, str) else None,
    )  # fmt: skip
    zone = ZoneInfo(scene.zone)
    start = enrolled.astimezone(zone)
    noon = [
        (
            instant(dt.datetime.combine(start.date() + dt.timedelta(days=deed.day), dt.time(12)), scene.zone),
            deed,
        )
        for deed in deeds
    ]
    daily = [
        instant(start.replace(tzinfo=None) + dt.timedelta(days=number), scene.zone)
        for number in range(days + 1)
    ]
    moments = {*daily, *(at for at, _ in noon)}
    ends = latest(campaign, enrolled)
    played: list[Played] = []
    unheard: list[Deed] = []
    end, now = daily[-1], enrolled
    while moments:
        now = min(moments)
        moments.discard(now)
        if now > end:
            break
        for at, deed in noon:
            if at == now and not _happens(scene, deed, at):
                unheard.append(deed)
        if campaign.exit is not None and holds(campaign.exit, scene.known, scene.asking(now)) is True:
            break
        for name in campaign.steps:
            if scene.done(name) is None and now <= ends[name]:
                outcome = _asked(scene, name, now, moments)
                if outcome is not None:
                    played.append(outcome)
    return played, unheard


def _asked(scene: _Scene, name: str, now: dt.datetime, moments: set[dt.datetime]) -> Played | None:
    step = scene.campaign.steps[name]
    when = scene.when(due(step, scene.enrolled, scene.zone))
    if when is None:
        return None
    if when > now:
        moments.add(when)
        return None
    until = (
        when + PATIENCE if step.until is None else scene.when(moment(step.until, scene.enrolled, scene.zone))
    )
    if until is None or until <= now:
        return None
    if step.if_ is not None and holds(step.if_, scene.known, scene.asking(now)) is not True:
        return None
    at, reason = _let_through(scene, step.channel, when, until, now)
    touch = PastTouch(
        step.channel, "accepted" if reason is None else "excluded", when, at if reason is None else None,
        scene.campaign.campaign, name, RUN, scene.campaign.brand, reason,
    )  # fmt: skip
    scene.known = replace(scene.known, touches=(*scene.known.touches, touch))
    return Played(name, at, reason)


def _let_through(
    scene: _Scene, channel: str, when: dt.datetime, until: dt.datetime, now: dt.datetime
) -> tuple[dt.datetime, str | None]:
    """Return when a touch leaves, or why it is withheld, in the order in which reasons come first."""
    campaign, policy = scene.campaign, scene.policy
    if channel in scene.withheld:
        return when, scene.withheld[channel]
    seasons = [season for season in policy.seasons if season.concerns(campaign.brand, campaign.purpose)]
    hours = [rule for rule in policy.hours if rule.concern(channel, campaign.purpose)]
    at: dt.datetime | None = max(when, now)
    if seasons and at is not None:
        at = season_opening(at, scene.zone, scene.department, seasons)
        if at is None or at >= until:
            return when, "calendar_gate"
    at = None if at is None else opening(at, scene.zone, scene.department, hours)
    if at is None or at >= until:
        return when, "expired"
    if campaign.purpose != "safety":
        touch = Past(0, at, channel, campaign.purpose, campaign.brand, campaign.campaign)
        before = [
            Past(0, each.touched_at, each.channel, campaign.purpose, each.brand, each.campaign)
            for each in scene.known.touches
            if each.touched_at is not None and each.state == "accepted"
        ]
        rule = next(held_by(touch, before, policy), None)
        if rule is not None:
            caps = {cap.name for cap in policy.caps}
            return when, (
                "visit_cap" if channel == "visit" else "frequency_cap"
            ) if rule in caps else "min_gap"
    return at, None


def _happens(scene: _Scene, deed: Deed, at: dt.datetime) -> bool:
    """Let a customer do something; return whether there was something to do it to."""
    ((what, about),) = deed.deeds().items()
    known, campaign = scene.known, scene.campaign
    if what == "order":
        line = PastLine(about, deed.units, deed.amount)
        response = PastResponse("order", at, campaign.campaign, None, RUN, None, about, deed.amount)
        scene.known = replace(
            known,
            orders=(*known.orders, PastOrder("accepted", at, (line,))),
            responses=(*known.responses, response),
        )
        return True
    if what == "form":
        response = PastResponse("form", at, campaign.campaign, None, RUN, None, campaign.brand, Decimal(0))
        scene.known = replace(known, responses=(*known.responses, response))
        return True
    touch = scene.done(about)
    if touch is None or touch.touched_at is None or touch.touched_at > at:
        return False
    kind = "visit_outcome" if what == "visited" else what
    response = PastResponse(
        kind, at, campaign.campaign, about, RUN, touch.channel, campaign.brand, Decimal(0)
    )
    touches = known.touches
    if what == "visited":
        touches = tuple(
            replace(each, outcome="done", outcome_at=at) if each is touch else each for each in touches
        )
    scene.known = replace(known, touches=touches, responses=(*known.responses, response))
    return True
