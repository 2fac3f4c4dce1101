"""Tick: all that is due at one moment, in the order of arbitration, before anything of it leaves."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from engine.actions.advance import Advanced, Progress, advance, silent
from engine.actions.pinned import pinned
from engine.actions.run import NOBODYS, close_if_over, start
from engine.contract import Channel
from engine.loading.project import Project
from engine.model.approval import Keys
from engine.model.written import RunId
from engine.problems import EngineError, FilesError
from engine.rules.arbitration import Rank, rank
from engine.rules.schedule import due_slots
from engine.store import ledger
from engine.store.database import Connection


@dataclass(frozen=True, slots=True)
class Ticked:
    """What one tick did, in the order in which the runs chose; and what kept some from doing anything."""

    advanced: list[Advanced] = field(default_factory=list)
    stopped: dict[str, EngineError] = field(default_factory=dict)  #: by campaign, or run


def tick(
    connection: Connection,
    project: Project,
    channels: Mapping[str, Channel],
    *,
    pepper: str,
    now: dt.datetime,
    keys: Keys = NOBODYS,
    progress: Progress = silent,
) -> Ticked:
    """Start every slot that is due and plan what came due in every open run; the more important choose first.

    What one campaign reserves counts for the next, so the loser's touch is withheld and names the winner. Two
    processes at once keep the same order: each waits at the run that the other is planning. What stops one
    campaign (a guard, a wrong file) stops no other.
    """
    works: list[tuple[Rank, str, Callable[[], Advanced]]] = []
    done = Ticked()

    def begins(name: str, slot_name: str) -> Callable[[], Advanced]:
        due = next(slot for slot in slots[name] if slot.name == slot_name)
        return lambda: (
            start(
                connection,
                project,
                name,
                due,
                channels,
                pepper=pepper,
                now=now,
                keys=keys,
                progress=progress,
            ).advanced
        )

    def goes_on(run_id: RunId) -> Callable[[], Advanced]:
        return lambda: advance(connection, run_id, channels, pepper=pepper, now=now, progress=progress)

    slots = {}
    if project.problems:
        done.stopped["files"] = FilesError(project.problems)
    elif project.policy is not None:
        for name, spec in project.campaigns.items():
            slots[name] = due_slots(spec.schedule, ledger.last_slot(connection, name), now)
            weight = project.policy.priority_of(spec)
            for slot in slots[name]:
                place = rank(weight, spec.policy.value, name, slot.name)
                works.append((place, f"{name} {slot.name}", begins(name, slot.name)))
    for row in ledger.runs(connection):
        if row.frozen_at is None or row.closed_at is not None:
            continue
        try:
            definition = pinned(connection, row.definition_sha, row.campaign, channels)
        except EngineError as error:
            done.stopped[f"run {row.run_id}"] = error
            continue
        spec = definition.campaign
        place = rank(definition.policy.priority_of(spec), spec.policy.value, row.campaign, row.slot)
        works.append((place, f"run {row.run_id}", goes_on(row.run_id)))
    for _, name, act in sorted(works, key=lambda work: work[0]):
        try:
            advanced = act()
        except EngineError as error:
            done.stopped[name] = error
            continue
        close_if_over(connection, advanced.run_id, advanced, now)
        done.advanced.append(advanced)
    return done
