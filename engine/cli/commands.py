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
                "test", "engine.cli.files:play", "Play 90 days of a campaign with its own examples, offline."
            ),
            Command(
                "schema", "engine.cli.files:schema", "Write the JSON Schemas that editors complete from."
            ),
        ),
    ),
    Group(
        Say("Customers", "Clients"),
        (
            Command(
                "generate", "engine.cli.customers:generate", "Fill an empty base with made-up customers."
            ),
            Command(
                "load",
                "engine.cli.customers:load",
                "Bring a delivered file into the base, checked and merged.",
            ),
            Command(
                "undo", "engine.cli.deliveries:undo", "Take a delivery back, and tell what stays and why."
            ),
            Command(
                "customer",
                "engine.cli.customer_view:customer",
                "Show one customer from all sides, and why not, by channel.",
            ),
            Command("demo", "engine.cli.demo:demo", "A made-up base, and every campaign driven through it."),
        ),
    ),
    Group(
        Say("Segments", "Segments"),
        (
            Command("segment count", "engine.cli.segments:count", "Say how many belong to a segment."),
            Command(
                "segment sample",
                "engine.cli.segments:sample",
                "Show some of a segment, with what it asks for.",
            ),
            Command(
                "segment explain",
                "engine.cli.segments:explain",
                "Say clause by clause why a customer is in or out.",
            ),
            Command(
                "segment diff",
                "engine.cli.segments:diff",
                "Say who joined and who left since a moment, and why.",
            ),
            Command("segment overlap", "engine.cli.segments:overlap", "Say how many two segments share."),
            Command("segment sql", "engine.cli.segments:sql", "Print the statement that answers a segment."),
        ),
    ),
    Group(
        Say("Campaigns", "Campagnes"),
        (
            Command(
                "plan",
                "engine.cli.runs:plan",
                "Show whom a campaign would reach, whom not and why, and what it costs.",
            ),
            Command(
                "overlap",
                "engine.cli.comparing:overlap",
                "Count the customers whom several campaigns want, and say who chooses first.",
            ),
            Command(
                "preview",
                "engine.cli.proofs:preview",
                "Show a step as real customers would get it, in the browser.",
            ),
            Command(
                "proof",
                "engine.cli.proofs:proof",
                "Send a step, as customers would get it, to addresses of the policy.",
            ),
            Command("key", "engine.cli.approvals:key", "Make the key with which a person signs."),
            Command(
                "approve",
                "engine.cli.approvals:approve",
                "Agree to a plan, or to a campaign for all its slots, by a signature.",
            ),
            Command(
                "approvals", "engine.cli.approvals:approvals", "Show who agreed to what, and what stands."
            ),
            Command(
                "withdraw",
                "engine.cli.approvals:withdraw",
                "Withdraw a material: what is in flight of it is held.",
            ),
            Command(
                "run", "engine.cli.runs:run", "Carry out a plan, or a campaign's slot, as far as it is due."
            ),
            Command(
                "advance",
                "engine.cli.runs:advance",
                "Start what is due, plan and send what came due in every run.",
            ),
            Command("status", "engine.cli.runs:status", "Show where the touches of every run stand."),
            Command(
                "reconcile", "engine.cli.reports:reconcile", "Take back what workers held that are gone."
            ),
            Command(
                "unknown",
                "engine.cli.unknown:unknown",
                "List touches of which nobody knows whether they left, or settle one.",
            ),
            Command("pause", "engine.cli.runs:pause", "Pause a run: nothing of it leaves any more."),
            Command("resume", "engine.cli.runs:resume", "Let a paused run go on."),
            Command("cancel", "engine.cli.runs:cancel", "Cancel a run for good."),
            Command(
                "collect",
                "engine.cli.reports:collect",
                "Turn orders and visit reports that came back into responses.",
            ),
            Command(
                "bounces", "engine.cli.reports:bounces", "Take in mails that came back: bounces, complaints."
            ),
            Command("report", "engine.cli.reports:report", "Show what a campaign did and what it changed."),
            Command("explain", "engine.cli.runs:explain", "Say why a customer was reached or not, in words."),
        ),
    ),
    Group(
        Say("The house", "La maison"),
        (
            Command(
                "up",
                "engine.cli.house:up",
                "Start database, Prefect server, worker and pages; Ctrl-C stops them.",
            ),
            Command("down", "engine.cli.house:down", "Stop everything that still runs."),
            Command("deploy", "engine.cli.house:deploy", "Bring Prefect's schedules in line with the files."),
            Command(
                "doctor", "engine.cli.house:doctor", "Tell whether machine, files and database are well."
            ),
            Command("arm", "engine.cli.house:arm", "Allow this database to send to the real world."),
            Command("disarm", "engine.cli.house:disarm", "Forbid it, from this moment on."),
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
        "Exit codes: 0 fine, 1 a bug, 2 usage, 10 files, 11 database, 12 channel or Prefect, 13 a guard stopped. TOUCHBASE_LANG: en, fr."
    )
    return "\n".join(lines)
