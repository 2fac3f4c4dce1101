"""Check: everything that is wrong with all files, offline."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from engine.contract import Channel, Remarking
from engine.loading.campaign_meaning import time_remarks
from engine.loading.project import Project, load
from engine.loading.source import Source
from engine.problems import Fault, Problem


def read_project(root: Path, channels: Mapping[str, Channel]) -> Project:
    """Return the project under `root` with every problem, those that only the channels can see included."""
    project = load(root, [channel.step for channel in channels.values()])
    problems: list[Problem] = list(project.problems)
    remarks: list[Problem] = []
    for name, campaign in project.campaigns.items():
        source = project.sources[name]
        remarks += [source.problem(fault) for fault in time_remarks(campaign)]
        for step_name, step in campaign.steps.items():
            channel = channels[step.channel]
            _add(problems, channel.check(step, project.files), source, step_name)
            if isinstance(channel, Remarking):
                _add(remarks, channel.remarks(step, project.files), source, step_name)
    return replace(
        project,
        problems=tuple(sorted(problems, key=lambda problem: problem.span)),
        remarks=tuple(sorted(remarks, key=lambda remark: remark.span)),
    )


def _add(to: list[Problem], found: Iterable[Fault | Problem], source: Source, step: str) -> None:
    """Add what a channel said of a step, with its place in the campaign's file."""
    for fault in found:
        if isinstance(fault, Fault):
            fault = source.problem(
                Fault(("steps", step, *fault.path), fault.what, fault.remedy, fault.of_key)
            )
        if fault not in to:  # two steps may share a material
            to.append(fault)
