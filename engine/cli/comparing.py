"""Commands that put things side by side: plans, campaigns, the past under another policy."""

from pathlib import Path

from engine.app import App, open_app
from engine.cli import console
from engine.cli.clock import moment
from engine.cli.console import count, say, table
from engine.problems import FilesError, Say, UsageError


def overlap(*campaigns: str, as_of: str | None = None) -> None:
    """Count the customers whom several campaigns want, and say who chooses first.

    Asked of their segments, before any rule, holdout or cap.

    Args:
        campaigns: Names from campaigns/; without any: all.
        as_of: Pretend that it is this moment: 2026-03-10 or 2026-03-10T09:30.
    """
    from engine.actions.what_if import overlap as found

    app = open_app(as_of=moment(as_of))
    with app.database("overlap") as connection:
        several = found(connection, app.project, campaigns, now=app.now())
    if not several:
        say(Say("No customer is wanted by two of them.", "Aucun client n'est voulu par deux d'entre elles."))
        return
    table(
        [
            Say("customers", "clients"),
            Say("wanted by, the first chooses first", "voulus par, la première choisit d'abord"),
        ],
        [[one.customers, ", ".join(one.campaigns)] for one in several],
    )


def another_policy(campaign: str, file: str, over: str, as_of: str | None) -> int:
    """Show what another policy would have held back of the past, by campaign and rule; return the exit code."""
    from engine.actions.what_if import policy_over_the_past
    from engine.loading.project import policy_in
    from engine.model.written import duration

    app = open_app(as_of=moment(as_of))
    app.project.campaign(campaign)
    path = Path(file).resolve()
    if not path.is_file():
        raise UsageError(Say(f"There is no file {file}.", f"Il n'y a pas de fichier {file}."))
    policy, problems = policy_in(path.parent, path.name)
    if policy is None:
        raise FilesError(problems)
    try:
        length = duration(over)
    except ValueError as error:
        raise UsageError(Say(f"--over: {error}", f"--over : {error}")) from None
    with app.database("what if") as connection:
        found = policy_over_the_past(connection, policy, now=app.now(), over=length)
    held = sum(one.touches for one in found.held.values())
    say(
        Say(
            f"From {found.since:%Y-%m-%d} to {found.until:%Y-%m-%d} {count(found.touches)} touches went out; under {file} "
            f"{count(held)} of them would have been held back.",
            f"Du {found.since:%d/%m/%Y} au {found.until:%d/%m/%Y}, {count(found.touches)} contacts sont partis ; avec {file}, "
            f"{count(held)} auraient été retenus.",
        )
    )
    if not held:
        return 0
    rows = sorted(found.held.items(), key=lambda item: (item[0][0] != campaign, -item[1].touches, item[0]))
    table(
        [
            Say("campaign", "campagne"),
            Say("rule", "règle"),
            Say("touches", "contacts"),
            Say("customers", "clients"),
            Say("responses to them", "réponses à ceux-ci"),
            Say("worth EUR", "valeur EUR"),
        ],
        [
            [name, rule, one.touches, len(one.customers), one.responses, f"{one.value:,.2f}"]
            for (name, rule), one in rows
        ],
    )
    say(
        Say(
            "Some of these responses would have come without the touch; a holdout tells how many.",
            "Une partie de ces réponses serait venue sans le contact ; un groupe témoin dit combien.",
        )
    )
    return 0


def beside(app: App, before: str, after: str) -> None:
    """Show how a plan differs from an earlier one."""
    from engine.actions.what_if import compare

    with app.database("compare") as connection:
        found = compare(connection, before, after)
    say()
    say(Say(f"Beside plan {before}:", f"À côté du plan {before} :"))
    numbers = [
        [console.in_words(one.what), one.before, one.after, one.after - one.before]
        for one in found.numbers
        if one.before != one.after
    ]
    if numbers:
        table(
            [Say("", ""), Say("then", "alors"), Say("now", "maintenant"), Say("difference", "différence")],
            numbers,
        )
    for was, now, number in found.moved:
        gone = Say("not in the universe", "hors de l'univers")
        say(
            Say(
                f"  {count(number)}: {was or gone.en} → {now or gone.en}",
                f"  {count(number)} : {was or gone.fr} → {now or gone.fr}",
            )
        )
    if not found.moved and not numbers:
        say(Say("Nothing differs.", "Rien ne diffère."))
