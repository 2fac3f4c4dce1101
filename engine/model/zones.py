"""The time zones there are."""

from functools import cache
from zoneinfo import available_timezones


@cache
def zones() -> frozenset[str]:
    """Return their names ('Europe/Paris'); asked once, for it walks through the machine's files."""
    return frozenset(available_timezones())
