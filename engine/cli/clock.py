"""Moments as people type them: 2026-03-10 or 2026-03-10T09:30, local to Paris unless they say a zone."""

import datetime as dt
from typing import Final
from zoneinfo import ZoneInfo

from engine.problems import Say, UsageError

HOME: Final = ZoneInfo("Europe/Paris")


def moment(text: str | None) -> dt.datetime | None:
    """Return the aware moment that was typed, or `None` where nothing was.

    Raises:
        UsageError: it is not a moment.

    >>> moment("2026-03-10").isoformat()
    '2026-03-10T00:00:00+01:00'
    """
    if text is None:
        return None
    try:
        said = dt.datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            Say(f"'{text}' is not a date.", f"« {text} » n'est pas une date."),
            Say("Write 2026-03-10 or 2026-03-10T09:30.", "Écrivez 2026-03-10 ou 2026-03-10T09:30."),
        ) from None
    return said if said.tzinfo is not None else said.replace(tzinfo=HOME)
