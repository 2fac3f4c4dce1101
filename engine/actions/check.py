"""Check: everything that is wrong with all files, offline."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from engine.contract import Channel, Remarking
from engine.loading.campaign_meaning import time_remarks
from engine.loading.project import Project, load
from engine.loading.source import Source
from engine.model.campaign import Step
from engine.problems import Fault, Problem


def read_project(root: Path, channels: Mapping[str, Channel]) -> Project:
    """Return the project under `root` with every problem, those that only the channels can see included."""
    project = load(root, [channel.step for channel in channels.values()])
    problems: list[Problem] = list(project.problems)
    for source, name, step in _steps(project):
        _add(problems, channels[step.channel].check(step, project.files), source, name)
    return replace(project, problems=tuple(sorted(problems, key=lambda problem: problem.span)))


def remarks(project: Project, channels: Mapping[str, Channel]) -> list[Problem]:
    """Return what is not wrong with a project's files and should be looked at.

    It reads each mail as its reader would: for who asks, not for every command that needs the files.
    """
    found: list[Problem] = []
    for campaign, spec in project.campaigns.items():
        source = project.sources[campaign]
        found += [source.problem(fault) for fault in time_remarks(spec)]
    for source, name, step in _steps(project):
        channel = channels[step.channel]
        if isinstance(channel, Remarking):
            _add(found, channel.remarks(step, project.files), source, name)
    return sorted(found, key=lambda remark: remark.span)


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
