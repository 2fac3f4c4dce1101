"""The commands, in the order in which one needs them: name, where it stands, what it is for.

They are named as texts, so that no module is imported before its command is called.
"""

from dataclasses import dataclass
from typing import Final

from engine.problems import Say


@dataclass(frozen=True, slots=True)
class Command:
    name: str  #: one word, or two where several belong together: 'segment count'
    where: str  #: module:function
    help: str


@dataclass(frozen=True, slots=True)
class Group:
    title: Say
    commands: tuple[Command, ...]


GROUPS: Final = (
    Group(
        Say("Files", "Fichiers"),
        (
            Command(
                "check", "engine.cli.files:check", "Show everything that is wrong with all files, offline."
            ),
            Command(
                "schema", "engine.cli.files:schema", "Write the JSON Schemas that editors complete from."
            ),
        ),
    ),
)


def overview() -> str:
    """Return what `touchbase --help` shows."""
    from engine.cli.console import in_words

    lines = ["Usage: touchbase COMMAND [--help]", ""]
    width = max(len(command.name) for group in GROUPS for command in group.commands)
    for group in GROUPS:
        lines.append(in_words(group.title))
        lines += [f"  {command.name:<{width}}  {command.help}" for command in group.commands]
        lines.append("")
    lines.append(
        "Exit codes: 0 fine, 1 a bug, 2 usage, 10 files, 11 database, 12 channel, 13 a guard stopped. TOUCHBASE_LANG: en, fr."
    )
    return "\n".join(lines)
