"""The project as it is shipped: opened where it stands, or copied into a folder to be changed."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from channels.email.step import EmailStep
from channels.mailing.step import MailingStep
from channels.visit.step import VisitStep
from engine.app import App, open_app
from engine.loading.project import Project, load
from engine.problems import Problem

ROOT = Path(__file__).parents[1]
FOLDERS = ("campaigns", "segments", "templates")
FILE = "campaigns/dermapharm-direct-2026.yaml"  #: the campaign that slips are written into


def opened(root: Path = ROOT) -> App:
    """Return the engine over a project's files."""
    return open_app(root=root, environment={"TOUCHBASE_SECRET": "of this test, long enough"})


def copied(root: Path) -> Path:
    """Copy the shipped files into a folder: what a marketer has after the first day."""
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, root / folder)
    return root


@dataclass(frozen=True)
class House:
    """The shipped files in a folder of their own."""

    root: Path

    def change(self, file: str, old: str, new: str) -> None:
        path = self.root / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, (file, old)
        path.write_text(text.replace(old, new), encoding="utf-8")

    def read(self) -> Project:
        """Return what the files mean, before channels look into templates."""
        return load(self.root, [EmailStep, MailingStep, VisitStep])

    def said(self) -> list[str]:
        return [f"{problem.span}: {problem.what.en}" for problem in self.read().problems]

    def told(self) -> list[Problem]:
        """Return all that `touchbase check` finds."""
        return list(opened(self.root).project.problems)
