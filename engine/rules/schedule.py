"""When things come due: slots of a campaign, moments of its steps. Local times meet the zone here, once."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from cronsim import CronSim

from engine.model.campaign import AnyCampaign, Schedule, Step
from engine.model.moments import DayAndTime, Delay
from engine.model.written import duration

PATIENCE: Final = dt.timedelta(days=7)
"""How long after it came due a step may still leave, where its author says no `until`."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One logical start of a campaign: nominal local time and zone, never "now"."""

    name: str  #: 2026-11-21T09:00[Europe/Paris]
    at: dt.datetime  #: aware, UTC

    def __str__(self) -> str:
        return self.name


def slot(local: dt.datetime, zone: str) -> Slot:
    """Return the slot of a local time.

    A time that does not exist (spring forward) takes place as much later as the clock jumped; a time
    that exists twice (fall back) takes place the first time. Each is one slot.

    >>> slot(dt.datetime(2026, 3, 29, 2, 30), "Europe/Paris").at.isoformat()
    '2026-03-29T01:30:00+00:00'
    """
    return Slot(f"{local:%Y-%m-%dT%H:%M}[{zone}]", instant(local, zone))


def instant(local: dt.datetime, zone: str) -> dt.datetime:
    """Return the moment of a local time in a zone, in UTC."""
    return local.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(dt.UTC)


def slots_between(schedule: Schedule, after: dt.datetime, until: dt.datetime) -> Iterator[Slot]:
    """Yield the slots with after < slot <= until, both aware, oldest first."""
    zone = ZoneInfo(schedule.timezone)
    last = None if schedule.end is None else dt.datetime.combine(schedule.end, dt.time.max)
    if schedule.every is None:
        assert schedule.start is not None
        only = slot(schedule.start, schedule.timezone)
        if after < only.at <= until:
            yield only
        return
    start = after.astimezone(zone).replace(tzinfo=None) - dt.timedelta(hours=2)
    if schedule.start is not None:
        start = max(start, schedule.start - dt.timedelta(minutes=1))
    # Naive on purpose: cron speaks of wall-clock times, and each of them is one slot.
    for local in CronSim(schedule.every, start):
        due = slot(local, schedule.timezone)
        if due.at > until or (last is not None and local > last):
            return
        if due.at > after:
            yield due


def due_slots(schedule: Schedule, last: dt.datetime | None, now: dt.datetime) -> list[Slot]:
    """Return the slots to start now, given the last one that ran; what was missed follows `late`."""
    horizon = last or now - dt.timedelta(days=400)
    waiting = list(slots_between(schedule, horizon, now))
    if schedule.late == "run all":
        return waiting
    if schedule.late == "run latest":
        return waiting[-1:]
    patience = dt.timedelta(minutes=10)
    if schedule.late.startswith("skip after"):
        patience = duration(schedule.late.removeprefix("skip after"))
    return [due for due in waiting if now - due.at <= patience][-1:]


@dataclass(frozen=True, slots=True)
class Fixed:
    """A moment that is the same for all members."""

    at: dt.datetime  #: aware


@dataclass(frozen=True, slots=True)
class Relative:
    """A moment counted from a member's own touch by another step; withheld touches count from when they were due."""

    step: str
    delay: dt.timedelta
    working_days: bool


Moment: TypeAlias = Fixed | Relative


def moment(written: DayAndTime | Delay, enrolled: dt.datetime, zone: str) -> Moment:
    """Return when a step comes due; days count from the local day of enrolment.

    A day without a time means the time of enrolment on that day.
    """
    if isinstance(written, Delay):
        return Relative(written.step, written.delay, written.working_days)
    local = enrolled.astimezone(ZoneInfo(zone))
    time = written.time or local.time().replace(tzinfo=None)
    return Fixed(instant(dt.datetime.combine(local.date() + dt.timedelta(days=written.day), time), zone))


def due(step: Step, enrolled: dt.datetime, zone: str) -> Moment:
    """Return when a step comes due; a step that says nothing comes due at enrolment."""
    return moment(step.at or step.after or DayAndTime(day=0), enrolled, zone)


def earliest(campaign: AnyCampaign, step: str, enrolled: dt.datetime) -> dt.datetime:
    """Return a moment before which a step comes due for nobody; where steps count from each other in a ring, enrolment."""
    delays, seen = dt.timedelta(0), [step]
    while isinstance(when := due(campaign.steps[seen[-1]], enrolled, campaign.schedule.timezone), Relative):
        if when.step in seen:
            return enrolled
        delays += when.delay - dt.timedelta(hours=2)  # a day on which the clock jumps ahead is shorter
        seen.append(when.step)
    return when.at + delays


def latest(campaign: AnyCampaign, enrolled: dt.datetime) -> dict[str, dt.datetime]:
    """Return for each step the last moment at which it can leave for anybody; the run is over after the last."""
    zone = campaign.schedule.timezone
    ends: dict[str, dt.datetime] = {}

    def end_of(name: str, seen: tuple[str, ...] = ()) -> dt.datetime:
        if name in ends or name in seen:
            return ends.get(name, enrolled)
        step: Step = campaign.steps[name]
        until = None if step.until is None else moment(step.until, enrolled, zone)
        when = due(step, enrolled, zone)
        match until or when:
            case Fixed(at=at):
                end = at if until else at + PATIENCE
            case Relative(step=before, delay=delay, working_days=working):
                # working days: a week has five, and no run of holidays in France takes more than a week
                reach = delay * 7 / 5 + dt.timedelta(days=9) if working else delay
                end = end_of(before, (*seen, name)) + reach + (dt.timedelta(0) if until else PATIENCE)
        if campaign.schedule.end is not None:
            day_after = dt.datetime.combine(campaign.schedule.end + dt.timedelta(days=1), dt.time())
            end = min(end, instant(day_after, zone))
        ends[name] = end
        return end

    return {name: end_of(name) for name in campaign.steps}
