"""What each delivery's columns are: what `touchbase load --columns` shows, and the manual's tables."""

from dataclasses import dataclass
from typing import Final

from engine.actions import fieldwork, returns
from engine.problems import Language, Say, UsageError, did_you_mean
from engine.store.base.columns import FEEDS_SAY, meaning
from engine.store.base.feeds import FEEDS

EXCHANGES: Final = {
    "visits": (fieldwork.COLUMNS, ("task_id", "scheme", "number")),
    "returned-letters": (returns.COLUMNS, ()),
}
"""Deliveries that tell of our own tasks and pieces: columns that must be there, and others."""

FEED_NAMES: Final = (*FEEDS, *EXCHANGES)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a delivery."""

    name: str
    also: tuple[str, ...]  #: other headers that are understood
    needed: str  #: 'yes', or the columns of which one must be there; empty: may be absent
    means: Say


def columns(feed: str) -> list[Column]:
    """Return the columns of a feed, those that must be there first.

    Raises:
        UsageError: there is no such feed.
    """
    if feed in EXCHANGES:
        needed, others = EXCHANGES[feed]
        return [
            *(Column(name, (), "yes", meaning(feed, name)) for name in needed),
            *(Column(name, (), "", meaning(feed, name)) for name in others),
        ]
    if feed not in FEEDS:
        raise UsageError(
            Say(f"There is no delivery '{feed}'. Nothing was loaded.", f"Il n'y a pas de livraison « {feed} ». Rien n'a été chargé."), did_you_mean(feed, FEED_NAMES)
        )  # fmt: skip
    kind = FEEDS[feed]
    groups = {name: group for group in kind.needs for name in group}
    found = [
        Column(
            name,
            spellings,
            "" if name not in groups else "yes" if len(groups[name]) == 1 else " / ".join(groups[name]),
            meaning(feed, name),
        )
        for name, spellings in kind.columns.items()
    ]
    return sorted(found, key=lambda column: not column.needed)


def as_markdown(language: Language = "en") -> str:
    """Return the manual's part about columns: one table a feed."""
    parts = []
    for feed in FEED_NAMES:
        lines = [f"### `--as {feed}`", "", FEEDS_SAY[feed].in_(language), "", "| column | must be there | also understood | means |", "|---|---|---|---|"]  # fmt: skip
        for column in columns(feed):
            also = ", ".join(column.also)
            means = column.means.in_(language).replace("|", "\\|")
            lines.append(f"| `{column.name}` | {column.needed} | {also} | {means} |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"
