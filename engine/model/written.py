"""What people write in files: frozen, closed, and with words of its own for durations and shares.

A model here is three texts in one: the JSON Schema that editors complete from, the validation, and
the meaning that the manual prints.
"""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any, Final, NewType, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, WithJsonSchema

from engine.problems import Refused, Say

CustomerId = NewType("CustomerId", int)
RunId = NewType("RunId", int)
TouchId = NewType("TouchId", int)


class Written(BaseModel):
    """A piece of a file. Unknown keys are refused; nothing changes after it was read."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


_UNITS: Final = {
    "min": timedelta(minutes=1),
    "minute": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    "month": timedelta(days=30),
    "year": timedelta(days=365),
}
_DURATION: Final = re.compile(r"^\s*([0-9]{1,6})\s*(min|minute|h|hour|day|week|month|year)s?\s*$")
_LONGEST: Final = timedelta(days=36500)


def duration(text: object) -> timedelta:
    """Return a length of time from a number and a unit; a month is 30 days, a year 365.

    Raises:
        Refused: not a number and a unit. A bare number is refused: of what?

    >>> duration("2 weeks")
    datetime.timedelta(days=14)
    """
    if isinstance(text, timedelta):
        return text
    match = _DURATION.match(text) if isinstance(text, str) else None
    if match is None:
        raise Refused(
            Say(f"'{text}' is not a duration", f"« {text} » n'est pas une durée"),
            Say("Write a number and a unit: 10 days, 2 h, 1 week.", "Écrivez un nombre et une unité : 10 days, 2 h, 1 week."),
        )  # fmt: skip
    length = int(match[1]) * _UNITS[match[2]]
    if length > _LONGEST:  # added to a day, it would leave the calendar
        raise Refused(
            Say(f"'{text}' is more than a hundred years", f"« {text} » fait plus de cent ans"),
            Say("Write a shorter duration.", "Écrivez une durée plus courte."),
        )
    return length


def spoken(length: timedelta) -> str:
    """Return a duration as a file writes it: `14 days`, `90 min`."""
    for unit, name in (
        (timedelta(days=1), "days"),
        (timedelta(hours=1), "h"),
        (timedelta(minutes=1), "min"),
    ):
        if length % unit == timedelta(0):
            count = length // unit
            return f"{count} {name if count != 1 else name.rstrip('s')}"
    return f"{length.total_seconds():.0f} s"


Duration: TypeAlias = Annotated[
    timedelta,
    BeforeValidator(duration),
    PlainSerializer(spoken, return_type=str),
    WithJsonSchema({"type": "string", "pattern": _DURATION.pattern, "examples": ["10 days", "2 h"]}),
]

_SHARE: Final = re.compile(r"^\s*(\d{1,3}(?:\.\d{1,3})?)\s*%\s*$")


def share(text: object) -> Decimal:
    """Return a share between 0 and 1 from a percentage.

    Raises:
        Refused: not a percentage between 0 % and 100 %.

    >>> share("12.5%")
    Decimal('0.125')
    """
    if isinstance(text, Decimal):
        return text
    match = _SHARE.match(text) if isinstance(text, str) else None
    if match is None or Decimal(match[1]) > 100:
        raise Refused(
            Say(f"'{text}' is not a share", f"« {text} » n'est pas une part"),
            Say("Write a percentage: 10%.", "Écrivez un pourcentage : 10%."),
        )
    return Decimal(match[1]) / 100


Share: TypeAlias = Annotated[
    Decimal,
    BeforeValidator(share),
    PlainSerializer(lambda value: f"{(value * 100).normalize():f}%", return_type=str),
    WithJsonSchema({"type": "string", "pattern": _SHARE.pattern, "examples": ["10%"]}),
]

NAME: Final = r"^[a-z0-9][a-z0-9_-]{0,79}$"
"""What a campaign, segment, step or cell may be called: it becomes a file name, a key, a word in a URL."""

Name: TypeAlias = Annotated[
    str, WithJsonSchema({"type": "string", "pattern": NAME}), BeforeValidator(lambda text: _named(text))
]


def _named(text: Any) -> str:
    if not isinstance(text, str) or not re.fullmatch(NAME, text):  # '$' alone would let a line end pass
        raise Refused(
            Say(f"'{text}' is not a name", f"« {text} » n'est pas un nom"),
            Say("Use small letters, digits, '-' and '_', at most 80.", "Utilisez minuscules, chiffres, « - » et « _ », 80 au plus."),
        )  # fmt: skip
    return text
