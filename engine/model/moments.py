"""When a step comes due, as campaigns write it: a day of the run, or a while after another step."""

import datetime as dt
import re
from typing import Annotated, Final, TypeAlias

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from engine.model.written import Written, duration, spoken
from engine.problems import Refused, Say


class DayAndTime(Written):
    """A day counted from enrolment, and a time of that day in the campaign's zone."""

    day: int
    time: dt.time | None = None


class Delay(Written):
    """A while after another step of the same run touched the member."""

    step: str
    delay: dt.timedelta
    working_days: bool = False


_DAY: Final = re.compile(r"^day\s+(\d{1,3})(?:\s+(\d{1,2}):(\d{2}))?$")
_AFTER: Final = re.compile(r"^([a-z0-9][a-z0-9_-]*)\s*(?:\+\s*(\d+)\s+(working\s+days?|[a-z]+))?$")


def day_and_time(text: object) -> DayAndTime:
    """Return the moment that `day 3 09:30` says.

    >>> day_and_time("day 3").day
    3
    """
    if isinstance(text, DayAndTime):
        return text
    match = _DAY.match(text.strip()) if isinstance(text, str) else None
    if match is None or (match[2] and (int(match[2]) > 23 or int(match[3]) > 59)):
        raise Refused(
            Say(
                f"'{text}' is not a moment of the campaign", f"« {text} » n'est pas un moment de la campagne"
            ),
            Say("Write 'day 0 09:30' or 'day 12'.", "Écrivez « day 0 09:30 » ou « day 12 »."),
        )
    time = dt.time(int(match[2]), int(match[3])) if match[2] else None
    return DayAndTime(day=int(match[1]), time=time)


def delay_after(text: object) -> Delay:
    """Return the delay that `announce + 5 days` says."""
    if isinstance(text, Delay):
        return text
    match = _AFTER.match(text.strip()) if isinstance(text, str) else None
    if match is not None:
        if match[2] is None:
            return Delay(step=match[1], delay=dt.timedelta(0))
        if match[3].startswith("working"):
            return Delay(step=match[1], delay=dt.timedelta(days=int(match[2])), working_days=True)
        try:
            return Delay(step=match[1], delay=duration(f"{match[2]} {match[3]}"))
        except ValueError:
            pass
    raise Refused(
        Say(f"'{text}' is not a step and a delay", f"« {text} » n'est pas une étape et un délai"),
        Say(
            "Write 'announce + 5 days' or 'announce + 3 working days'.",
            "Écrivez « announce + 5 days » ou « announce + 3 working days ».",
        ),
    )


def _until(text: object) -> DayAndTime | Delay:
    if isinstance(text, DayAndTime | Delay):
        return text
    return day_and_time(text) if isinstance(text, str) and text.startswith("day ") else delay_after(text)


def _said(value: DayAndTime | Delay) -> str:
    if isinstance(value, DayAndTime):
        return f"day {value.day}" + ("" if value.time is None else f" {value.time:%H:%M}")
    if not value.delay:
        return value.step
    if value.working_days:
        return f"{value.step} + {value.delay.days} working days"
    return f"{value.step} + {spoken(value.delay)}"


At: TypeAlias = Annotated[
    DayAndTime,
    BeforeValidator(day_and_time),
    PlainSerializer(_said),
    WithJsonSchema({"type": "string", "pattern": _DAY.pattern, "examples": ["day 0 09:30"]}),
]
After: TypeAlias = Annotated[
    Delay,
    BeforeValidator(delay_after),
    PlainSerializer(_said),
    WithJsonSchema({"type": "string", "examples": ["announce + 5 days"]}),
]
Until: TypeAlias = Annotated[
    DayAndTime | Delay,
    BeforeValidator(_until),
    PlainSerializer(_said),
    WithJsonSchema({"type": "string", "examples": ["day 3", "announce + 21 days"]}),
]
