"""Check: everything that is wrong with all files, offline."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from engine.contract import Channel, Remarking
from engine.loading.campaign_meaning import time_remarks
from engine.loading.project import Project, load
from engine.loading.segment_remarks import window_remarks
from engine.loading.source import Source, parse
from engine.model.campaign import Step
from engine.model.segment import Segment
from engine.problems import Fault, Problem


def read_project(root: Path, channels: Mapping[str, Channel]) -> Project:
    """Return the project under `root` with every problem, those that only the channels can see included."""
    project = load(root, [channel.step for channel in channels.values()])
    problems: list[Problem] = list(project.problems)
    for source, name, step in _steps(project):
        _add(problems, channels[step.channel].check(step, project.files), source, name)
    return replace(project, problems=tuple(sorted(problems, key=lambda problem: problem.span)))


def remarks(project: Project, channels: Mapping[str, Channel], now: dt.datetime) -> list[Problem]:
    """Return what is not wrong with a project's files and should be looked at.

    It reads each mail as its reader would: for who asks, not for every command that needs the files.
    """
    found: list[Problem] = [*_of_segments(project, now)]
    for campaign, spec in project.campaigns.items():
        source = project.sources[campaign]
        found += [source.problem(fault) for fault in time_remarks(spec)]
    for source, name, step in _steps(project):
        channel = channels[step.channel]
        if isinstance(channel, Remarking):
            _add(found, channel.remarks(step, project.files), source, name)
    return sorted(found, key=lambda remark: remark.span)


def _of_segments(project: Project, now: dt.datetime) -> Iterator[Problem]:
    for name, text in project.files.items():
        source = parse(text, name)[0] if name.startswith("segments/") and name.endswith(".yaml") else None
        named = None if source is None or source.root is None else source.root.get("segment")
        segment = project.library.segments.get(str(named))
        if source is not None and isinstance(segment, Segment):
            yield from (source.problem(fault) for fault in window_remarks(segment, now))


def _steps(project: Project) -> Iterator[tuple[Source, str, Step]]:
    for campaign, spec in project.campaigns.items():
        for name, step in spec.steps.items():
            yield project.sources[campaign], name, step


def _add(to: list[Problem], found: Iterable[Fault | Problem], source: Source, step: str) -> None:
    """Add what a channel said of a step, with its place in the campaign's file."""
    for fault in found:
        if isinstance(fault, Fault):
            fault = source.problem(
                Fault(("steps", step, *fault.path), fault.what, fault.remedy, fault.of_key)
            )
        if fault not in to:  # two steps may share a material
            to.append(fault)
