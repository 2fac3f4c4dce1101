"""Individual prescription data in a campaign: refused for French prescribers wherever it would decide or show (C-22).

Conditions ask it themselves (`engine.loading.meaning`). Here is the rest of what a campaign says: the
fact by which `top` cuts, the strata of the holdout, the order of visits, and what a template, a
subject or talking points say of the customer.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from engine.loading.meaning import leaves_prescribers_out, rx_fault
from engine.model.campaign import AnyCampaign
from engine.model.clauses import Path
from engine.model.segment import Library, Segment
from engine.problems import Fault

_MAKERS = ("template", "talking_points")


def prescription_faults(campaign: AnyCampaign, library: Library, texts: Mapping[str, str]) -> list[Fault]:
    """Return where a campaign that may reach French prescribers uses what one of them prescribes.

    `texts` are the project's files by path.
    """
    if not library.catalogue.rx_facts() or not _may_reach_prescribers(campaign.audience.segment, library):
        return []
    return [*_of_facts(campaign, library), *_of_texts(campaign, library, texts)]


def _may_reach_prescribers(name: str, library: Library) -> bool:
    segment = library.segments.get(name)
    if segment is None or segment.of == "organisation":
        return False
    return not isinstance(segment, Segment) or not leaves_prescribers_out(segment.who, library.catalogue)


def _of_facts(campaign: AnyCampaign, library: Library) -> Iterator[Fault]:
    used: list[tuple[Path, str]] = [
        (("holdout", "stratify", index), fact) for index, fact in enumerate(campaign.holdout.stratify)
    ]
    if campaign.audience.top is not None:
        used.append((("audience", "top", "by"), campaign.audience.top.by))
    for name, step in campaign.steps.items():
        used += [(("steps", name, *path), fact) for path, fact in _sorted_by(step)]
    for path, fact in used:
        fault = rx_fault(fact, library.catalogue, path)
        if fault is not None:
            yield fault


def _sorted_by(node: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Give every `by:` below a step, whatever its channel calls what it orders."""
    for key in getattr(type(node), "model_fields", ()):
        value = getattr(node, key)
        if key == "by" and isinstance(value, str):
            yield (*path, key), value
        else:
            yield from _sorted_by(value, (*path, key))


def _of_texts(campaign: AnyCampaign, library: Library, texts: Mapping[str, str]) -> Iterator[Fault]:
    """Give the steps whose texts name such a fact, in a file that they are made from or in one that all share."""
    for name, step in campaign.steps.items():
        for path, value in _written(step):
            made_from = [value]
            if path[-1] in _MAKERS:  # whatever it includes lies beside it, or is shared by all
                folders = (f"templates/{value.rpartition('/')[0]}/", "templates/shared/")
                made_from = [text for file, text in texts.items() if file.startswith(folders)]
            for fact in sorted(library.catalogue.rx_facts()):
                if any(re.search(rf"(?<![\w-]){re.escape(fact)}(?![\w-])", text) for text in made_from):
                    fault = rx_fault(fact, library.catalogue, ("steps", name, *path))
                    if fault is not None:
                        yield fault


def _written(node: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Give every text below a step; names of other things are texts too, and no fact is called like them."""
    if isinstance(node, str):
        if path and path[-1] not in ("by", "channel"):
            yield path, node
        return
    for key in getattr(type(node), "model_fields", ()):
        yield from _written(getattr(node, key), (*path, key))
