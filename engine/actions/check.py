"""Check: everything that is wrong with all files, offline."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from engine.contract import Channel
from engine.loading.project import Project, load
from engine.problems import Fault, Problem


def read_project(root: Path, channels: Mapping[str, Channel]) -> Project:
    """Return the project under `root` with every problem, those that only the channels can see included."""
    project = load(root, [channel.step for channel in channels.values()])
    problems: list[Problem] = list(project.problems)
    for name, campaign in project.campaigns.items():
        source = project.sources[name]
        for step_name, step in campaign.steps.items():
            for fault in channels[step.channel].check(step, project.files):
                if isinstance(fault, Fault):
                    fault = source.problem(
                        Fault(("steps", step_name, *fault.path), fault.what, fault.remedy, fault.of_key)
                    )
                if fault not in problems:  # two steps may share a material
                    problems.append(fault)
    return replace(project, problems=tuple(sorted(problems, key=lambda problem: problem.span)))
