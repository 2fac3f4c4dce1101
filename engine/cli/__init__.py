"""The command `touchbase`: parse, one call, show; the exit code says what kind of thing went wrong.

0 fine · 1 a bug of ours · 2 usage · 10 files · 11 database · 12 channel or Prefect · 13 a guard stopped · 130 interrupted.
Heavy libraries are imported by the commands that need them: `--help` and `check` answer at once.
"""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from engine.problems import EngineError, Mishap, Say

if TYPE_CHECKING:
    from cyclopts import App


def main() -> NoReturn:
    """Run one command and end with its exit code."""
    sys.exit(outcome(sys.argv[1:]))


def outcome(words: Sequence[str]) -> int:
    """Run one command; return its exit code, having said what went wrong."""
    from engine.cli import console
    from engine.cli.commands import overview

    if list(words) in ([], ["--help"], ["-h"], ["help"]):
        console.say(overview())
        return 0
    try:
        return _call(words)
    except EngineError as error:
        console.complain(error.show(console.language()))
        return error.exit_code
    except KeyboardInterrupt:
        console.complain(
            Say(
                "Interrupted. What was committed is kept; the same command goes on from there.",
                "Interrompu. Ce qui était validé est gardé ; la même commande reprend de là.",
            )
        )
        return 130
    except BrokenPipeError:  # `touchbase ... | head`: the reader has seen enough
        sys.stderr.close()
        return 0
    except Exception as error:
        console.complain(Mishap(error).show(console.language()))
        return 1


def application() -> "App":
    """Return the parser with every command; none of their modules is imported yet."""
    from importlib.metadata import version

    from cyclopts import App

    from engine.cli.commands import GROUPS

    app = App(
        name="touchbase",
        help="Campaigns as files.",
        version=version("touchbase"),
        version_flags=["--version"],
    )
    families: dict[str, App] = {}
    for group in GROUPS:
        for command in group.commands:
            first, *rest = command.name.split()
            if not rest:
                app.command(command.where, name=first, help=command.help)
                continue
            if first not in families:
                families[first] = App(name=first, help=group.title.en)
                app.command(families[first])
            families[first].command(command.where, name=rest[0], help=command.help)
    return app


def _call(words: Sequence[str]) -> int:
    from cyclopts import CycloptsError

    try:
        code = application()(words, exit_on_error=False, result_action="return_value")
    except CycloptsError:  # said already, with what was probably meant
        return 2
    return code if isinstance(code, int) else 0
