"""What came in one delivery, and what became of it: the words that all merges share."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from engine.store.base.feeds import Feed
from engine.store.base.staging import Rejected, Staged

OURS: Final = ("web", "returns", "visits", "visit_report", "api", "engine", "generated")
"""Sources that are our own doors: no file may speak in their name, so that none takes back what was said there."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One staged file, on its way into the base."""

    feed: Feed
    staged: Staged
    batch: int
    source: str | None  #: the system it comes from, if somebody said so
    on: dt.date  #: how old a line is that does not say
    now: dt.datetime

    @property
    def system(self) -> str:
        """Return whose ids its lines carry: the feed's name where nobody said."""
        return self.source or self.feed.name


@dataclass(frozen=True, slots=True)
class Taken:
    """What a merge did."""

    counts: Mapping[str, int]  #: created, changed, unchanged, and whatever else the feed counts
    rejected: list[Rejected] = field(default_factory=list)
    towns: tuple[tuple[str, str], ...] = ()  #: postcode and town that do not belong together
