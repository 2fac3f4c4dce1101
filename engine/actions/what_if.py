"""What if: another policy over the past, one plan beside another, and whom several campaigns want."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.loading.project import Project
from engine.model.policy import Policy
from engine.problems import FilesError, Say, UsageError
from engine.rules.arbitration import rank
from engine.rules.counterfactual import Held, Past, longest, replay
from engine.store import audience, plans, sql_segments
from engine.store.database import Connection, run
from engine.store.statements import statement


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What another policy would have held back in a period."""

    since: dt.datetime
    until: dt.datetime
    touches: int  #: that went out in the period
    held: Mapping[tuple[str, str], Held]  #: by campaign and rule


def policy_over_the_past(
    connection: Connection, policy: Policy, *, now: dt.datetime, over: dt.timedelta
) -> WhatIf:
    """Play the touches of a period again under another policy; nothing is changed.

    They come from the database customer by customer, in one pass, so that a year of millions needs no memory.
    """
    since, seen = now - over, 0

    def past() -> Iterator[Past]:
        nonlocal seen
        with connection.transaction(), connection.cursor(name="what_if") as rows:
            rows.itersize = 20_000
            rows.execute(
                statement("what_if", "touches_of_period"),
                {"since": since - longest(policy), "until": now},
            )
            for row in rows:
                touch = Past(*row)
                seen += touch.at >= since
                yield touch

    held = replay(past(), policy, since)
    return WhatIf(since, now, seen, held)


@dataclass(frozen=True, slots=True)
class Compared:
    """One number of two plans."""

    what: Say
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """One plan beside an earlier one: its numbers, and who moved from where to where."""

    before: str
    after: str
    numbers: Sequence[Compared]
    moved: Sequence[tuple[str, str, int]]  #: part before, part after ('': not in the universe), customers


def compare(connection: Connection, before: str, after: str) -> Comparison:
    """Return how two kept plans differ.

    Raises:
        UsageError: there is no plan of that id.
    """
    documents = []
    for plan_id in (before, after):
        kept = plans.kept(connection, plan_id)
        if kept is None:
            raise UsageError(
                Say(f"There is no plan '{plan_id}'.", f"Il n'y a pas de plan « {plan_id} »."),
                Say(
                    "Plans print their id on their last line.", "Un plan imprime son id à sa dernière ligne."
                ),
            )
        documents.append(kept.document)
    arguments = {"before": before, "after": after}
    moved = [
        (str(was), str(now), int(count))
        for was, now, count in run(connection, statement("what_if", "moved_between_plans"), arguments)
    ]
    return Comparison(before, after, tuple(_numbers(*documents)), tuple(moved))


def _numbers(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Compared]:
    yield Compared(Say("universe", "univers"), int(before["universe"]), int(after["universe"]))
    for key, what in (("excluded", Say("excluded", "exclus")), ("enrolled", Say("enrolled", "inscrits"))):
        one, two = before[key], after[key]
        for word in sorted({*one, *two}):
            yield Compared(
                Say(f"{what.en} {word}".strip(), f"{what.fr} {word}".strip()),
                int(one.get(word, 0)),
                int(two.get(word, 0)),
            )
    yield Compared(Say("held out", "témoins"), int(before["held_out"]), int(after["held_out"]))
    steps = [{step["step"]: step for step in document["steps"]} for document in (before, after)]
    for name in [*steps[0], *(name for name in steps[1] if name not in steps[0])]:
        one, two = (found.get(name, {}) for found in steps)
        yield Compared(
            Say(f"touched by {name}", f"touchés par {name}"),
            int(one.get("touched", 0)),
            int(two.get("touched", 0)),
        )
        for word in sorted({*one.get("excluded", {}), *two.get("excluded", {})}):
            yield Compared(
                Say(f"{name}: {word}", f"{name} : {word}"),
                int(one.get("excluded", {}).get(word, 0)),
                int(two.get("excluded", {}).get(word, 0)),
            )


@dataclass(frozen=True, slots=True)
class Overlap:
    """Customers whom the same campaigns want; the first of them chooses first."""

    campaigns: Sequence[str]
    customers: int


def overlap(
    connection: Connection, project: Project, names: Sequence[str], *, now: dt.datetime
) -> list[Overlap]:
    """Return whom several campaigns want, most customers first: by their segments, before any rule is asked.

    Raises:
        FilesError: the project's files are wrong.
        UsageError: no campaign of that name, or fewer than two.
    """
    if project.problems or project.policy is None:
        raise FilesError(project.problems)
    wanted = list(dict.fromkeys(names)) or list(project.campaigns)
    specs = {name: project.campaign(name) for name in wanted}
    if len(specs) < 2:
        raise UsageError(
            Say("It takes two campaigns to overlap.", "Il faut deux campagnes pour se recouper."),
            Say("Name two or more, or none for all.", "Nommez-en deux ou plus, ou aucune pour toutes."),
        )
    parts: list[str] = []
    parameters: dict[str, Any] = {}
    for number, (name, spec) in enumerate(specs.items()):
        segments = [spec.audience.segment, *spec.audience.except_]
        sql_segments.answer(connection, project.library, segments, on=now)
        texts = []
        for place, segment in enumerate(segments):
            text, more = audience.as_sql(
                audience.members(segment, project.library, on=now), prefix=f"o{number}_{place}_"
            )
            texts.append(f"({text})")
            parameters |= more
        parameters[f"name_{number}"] = name
        parts.append(
            f"SELECT %(name_{number})s::text AS campaign, customer_id FROM ({' EXCEPT '.join(texts)}) AS w{number}"
        )
    query = statement("what_if", "overlap").replace("/*wanted*/", " UNION ALL ".join(parts))
    policy = project.policy
    order = {
        name: rank(policy.priority_of(spec), spec.policy.value, name, "") for name, spec in specs.items()
    }
    return [
        Overlap(sorted(campaigns, key=lambda name: order[name]), int(count))
        for campaigns, count in run(connection, query, parameters)
    ]
