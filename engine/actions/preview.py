"""Preview: a step as real customers would get it, on one page that a browser opens.

The run is rehearsed and rolled back, as a plan is. `worst` picks the customers for whom a text most
easily goes wrong: nothing filled in, the longest names, one of each cell and language.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import Final

from engine.actions.advance import plan_due
from engine.actions.pinned import Definition, understood
from engine.content.card import card
from engine.contract import Addressee, Channel, Failure, Parcel, Wave
from engine.loading.project import Project
from engine.model.written import CustomerId
from engine.problems import Say, UsageError, did_you_mean
from engine.rules.schedule import Slot
from engine.store import enrolment, ledger
from engine.store.database import Connection


@dataclass(frozen=True, slots=True)
class Preview:
    """One parcel as one customer would get it."""

    customer_id: CustomerId
    cell: str | None
    because: str  #: why this customer was picked
    title: str
    text: str
    html: str | None = None  #: of a mail
    failed: str | None = None  #: why it does not compose


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """A step of a run that was rehearsed and rolled back, and some whom it would reach, each with why it was picked."""

    sha: str
    definition: Definition
    channel: Channel
    wave: Wave
    chosen: Sequence[tuple[str, Addressee]]


Length = Callable[[Addressee], float]

_AWKWARD: Final[tuple[tuple[str, Length], ...]] = (
    ("no first name", lambda one: not one.customer.first_name),
    ("no town", lambda one: not one.customer.town),
    ("no rep", lambda one: one.customer.rep is None),
    ("no consent to tracking", lambda one: not one.customer.may_track),
    ("the longest name", lambda one: len(one.customer.name)),
    ("the longest town", lambda one: len(one.customer.town or "")),
    ("the longest greeting", lambda one: len(one.customer.greeting)),
    (
        "signs that mean something to HTML",
        lambda one: sum(one.customer.name.count(sign) for sign in "&<>\"'"),
    ),
)


def awkward(addressees: Iterable[Addressee]) -> list[tuple[str, Addressee]]:
    """Return the customers for whom a text most easily goes wrong, each once, and why."""
    best: dict[str, tuple[float, Addressee]] = {}
    for one in addressees:
        marks = [(why, float(measure(one))) for why, measure in _AWKWARD]
        marks.append((f"cell {one.cell or 'none'}, language {one.customer.language}", 1.0))
        for why, mark in marks:
            if mark > 0 and (why not in best or mark > best[why][0]):
                best[why] = (mark, one)
    picked: dict[CustomerId, tuple[list[str], Addressee]] = {}
    for why, (_, one) in best.items():
        picked.setdefault(one.customer.customer_id, ([], one))[0].append(why)
    return [("; ".join(reasons), one) for reasons, one in picked.values()]


def shown(made: Rehearsed) -> list[Preview]:
    """Return a rehearsed step as customers would get it."""
    compose = made.channel.prepare(made.wave)
    return [_shown(made.channel, compose(one), one, why) for why, one in made.chosen]


def as_if_approved(files: Mapping[str, str]) -> dict[str, str]:
    """Return files whose cards nobody approved yet as approved: whoever is to approve a material must see it first."""
    taken = dict(files)
    for path, text in files.items():
        name = path.removeprefix("templates/").removesuffix(".yaml")
        found = card(files, name) if path == f"templates/{name}.yaml" else None
        if found is not None and found.approved is None and "\napproved:" not in text:
            taken[path] = f"{text.rstrip()}\napproved: {{by: preview, on: {found.revised_on}}}\n"
    return taken


def rehearsed(
    connection: Connection,
    project: Project,
    campaign: str,
    step: str,
    slot: Slot,
    channels: Mapping[str, Channel],
    *,
    pepper: str,
    now: dt.datetime,
    customer: CustomerId | None = None,
    cell: str | None = None,
    worst: bool = False,
    most: int | None = 5,
) -> Rehearsed:
    """Return a step, and some whom it would reach, of a run that was carried out and rolled back.

    A later step is shown to those whom the first step that needs the same kind of address would reach.

    Args:
        most: Show it to the first so many; `None`: to the first one of each cell.

    Raises:
        FilesError: the project's files are wrong.
        UsageError: no such step or cell, or nobody to show it to.
    """
    sha, files = project.definition(campaign)
    definition = understood(sha, files, campaign, tuple(channel.step for channel in channels.values()))
    definition = replace(definition, sha="", files=as_if_approved(files))
    cells = definition.campaign.cells
    if cell is not None and cell not in cells:
        raise UsageError(
            Say(f"'{campaign}' has no cell '{cell}'.", f"« {campaign} » n'a pas de cellule « {cell} »."),
            did_you_mean(cell, cells),
        )
    if step not in definition.campaign.steps:
        raise UsageError(
            Say(f"'{campaign}' has no step '{step}'.", f"« {campaign} » n'a pas d'étape « {step} »."),
            did_you_mean(step, definition.campaign.steps),
        )
    now = max(now, slot.at)
    channel = channels[definition.campaign.steps[step].channel]
    with connection.transaction(force_rollback=True):
        ledger.keep_definition(connection, sha, campaign, files)
        run_id, _ = ledger.open_run(connection, definition.campaign, slot, sha)
        row = ledger.locked(connection, run_id)
        if row.frozen_at is None:
            enrolment.freeze(
                connection,
                run_id,
                definition.campaign,
                definition.library,
                definition.policy,
                definition.rules,
                now,
            )
        plan_due(
            connection,
            run_id,
            definition,
            channels,
            pepper=pepper,
            enrolled=row.frozen_at or now,
            now=now,
            takes_turn=False,
        )
        everybody = (
            one
            for name in _steps_like(definition, step, channels)
            for group in ledger.to_compose(
                connection, run_id, name, contact_point=channel.contact_point, now=now
            )
            for one in group
        )
        among = (one for one in everybody if cell is None or one.cell == cell)
        wanted: list[str | None] = [*cells] or [None]
        chosen = (
            _of_each_cell(among, [cell] if cell is not None else wanted)
            if most is None and customer is None and not worst
            else _chosen(among, customer, worst, most or 1)
        )
        if channel.wants_history and chosen:
            told = ledger.with_history(connection, [one for _, one in chosen], now)
            chosen = [(why, one) for (why, _), one in zip(chosen, told, strict=True)]
        wave = definition.wave(run_id, step, now)
    if not chosen:
        raise UsageError(
            Say(
                f"There is nobody to show '{campaign}' / '{step}' to.",
                f"Il n'y a personne à qui montrer « {campaign} » / « {step} ».",
            ),
            Say(
                f"'touchbase plan {campaign}' shows whom it would reach; 'touchbase explain' why somebody is not among them.",
                f"« touchbase plan {campaign} » montre qui serait touché ; « touchbase explain », pourquoi quelqu'un ne l'est pas.",
            ),
        )
    return Rehearsed(sha, definition, channel, wave, chosen)


def _steps_like(definition: Definition, step: str, channels: Mapping[str, Channel]) -> Sequence[str]:
    """Return the step itself, then the others that need the same kind of address."""
    steps = definition.campaign.steps
    needs = channels[steps[step].channel].contact_point
    others = [name for name in steps if name != step and channels[steps[name].channel].contact_point == needs]
    return [step, *others]


def _chosen(
    everybody: Iterable[Addressee], customer: CustomerId | None, worst: bool, most: int
) -> list[tuple[str, Addressee]]:
    if customer is not None:
        found = next((one for one in everybody if one.customer.customer_id == customer), None)
        return [] if found is None else [("asked for", found)]
    if worst:
        return awkward(everybody)
    chosen: list[tuple[str, Addressee]] = []
    for one in everybody:
        chosen.append(("one of the first", one))
        if len(chosen) == most:
            break
    return chosen


def _of_each_cell(everybody: Iterable[Addressee], cells: Sequence[str | None]) -> list[tuple[str, Addressee]]:
    first: dict[str | None, Addressee] = {}
    for one in everybody:
        first.setdefault(one.cell, one)
        if first.keys() >= set(cells):
            break
    return [("the first of its cell", one) for one in first.values()]


def _shown(channel: Channel, made: Parcel | Failure, one: Addressee, why: str) -> Preview:
    number = one.customer.customer_id
    if isinstance(made, Failure):
        return Preview(number, one.cell, why, "", "", failed=f"{made.reason}: {made.detail}".rstrip(": "))
    title, text = channel.shown(made)
    as_html: Callable[[Parcel], str] | None = getattr(channel, "html", None)  # of channels that send pages
    return Preview(number, one.cell, why, title, text, None if as_html is None else as_html(made))


def page(previews: Sequence[Preview], title: str) -> str:
    """Return previews as one HTML page; each mail in a frame that may run nothing and load nothing of ours."""
    shown = []
    for one in previews:
        said = f"customer {one.customer_id}, cell {one.cell or 'none'}: {one.because}"
        body = f"<pre>{escape(one.text)}</pre>"
        if one.failed is not None:
            body = f'<p class="failed">does not compose: {escape(one.failed)}</p>'
        elif one.html is not None:
            frame = f'<iframe sandbox="" srcdoc="{escape(one.html)}" title="{escape(one.title)}"></iframe>'
            body = f"{frame}<details><summary>Text part</summary>{body}</details>"
        shown.append(f"<section><h2>{escape(one.title)}</h2><p>{escape(said)}</p>{body}</section>")
    return _PAGE.format(title=escape(title), body="\n".join(shown))


_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src https:">
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 760px; color: #223; background: #f4f5f7; }}
section {{ background: #fff; border: 1px solid #dde; border-radius: 8px; padding: 1rem 1.5rem; margin: 1.5rem 0; }}
h2 {{ font-size: 1.1rem; margin: 0; }} p {{ color: #667; margin: .25rem 0 1rem; }}
iframe {{ width: 100%; height: 70vh; border: 1px solid #dde; border-radius: 4px; }}
pre {{ white-space: pre-wrap; }} .failed {{ color: #a00; }}
</style></head><body><h1>{title}</h1>
{body}
</body></html>
"""


def kept(previews: Sequence[Preview], folder: Path, campaign: str, step: str) -> Path:
    """Write previews as a page into `folder`, readable for its owner alone; return where it stands."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{campaign}-{step}.html"
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(page(previews, f"{campaign}: {step}"), encoding="utf-8")
    return path
