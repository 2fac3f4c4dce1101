"""Commands about plans and runs."""

from dataclasses import dataclass, replace

from engine.app import App, open_app
from engine.cli import console
from engine.cli.clock import moment
from engine.problems import GuardStopped, Say, UsageError


def plan(
    campaign: str,
    *,
    slot: str | None = None,
    as_of: str | None = None,
    samples: int = 3,
    compare: str | None = None,
    policy: str | None = None,
    over: str = "90 days",
    against_running: bool = False,
) -> int:
    """Show whom a campaign would reach, whom not and why, what it costs, and a few parcels as they would leave.

    Everything is carried out for real and rolled back: what is shown is what will run, and every parcel of every
    step is composed. The plan is kept under the id that is printed last, and as two files in .touchbase/plans:
    what is shown here, and who is where. 'touchbase run PLAN' refuses to run if anything has changed since.
    Exit code 13: a guard would stop the run.

    Args:
        campaign: A name from campaigns/.
        slot: The start to plan, local time: 2026-03-03T09:30. Without it: the latest that has come, else the next.
        as_of: Pretend that it is this moment: 2026-03-10 or 2026-03-10T09:30.
        samples: How many parcels of each first step to show.
        compare: The id of an earlier plan; shows what differs.
        policy: Another policy's file. Makes no plan: shows what its caps and gaps would have held back of the past.
        over: How far back to look with --policy: 90 days.
        against_running: Makes no plan: shows what differs between the files and the runs that are under way.
    """
    if against_running:
        from engine.cli.showing import show_unlike

        return show_unlike(open_app(), campaign)
    if policy is not None:
        from engine.cli.comparing import another_policy

        return another_policy(campaign, policy, over, as_of)
    from contextlib import redirect_stdout

    from engine.actions.plan import file_of, named_slot, slot_for
    from engine.actions.plan import plan as made
    from engine.cli.showing import show_plan

    app = open_app(as_of=moment(as_of))
    now = app.now()
    chosen = named_slot(app.project, campaign, slot) if slot else slot_for(app.project, campaign, now)
    with app.database("plan") as connection, console.progress() as told:
        shown = made(
            connection,
            app.project,
            campaign,
            chosen,
            app.channels,
            pepper=app.pepper,
            made_by=app.settings.actor,
            now=now,
            samples=samples,
            folder=app.settings.folder,
            progress=told,
        )
    page = file_of(app.settings.folder, shown.plan_id, ".txt")
    with page.open("w", encoding="utf-8") as out, redirect_stdout(out):
        show_plan(replace(shown, samples=()), with_files=True)  # a kept file names no customer
    show_plan(shown)
    console.say(
        Say(
            f"Kept as {page} and, who is where, {page.with_suffix('.csv')}",
            f"Gardé dans {page} et, qui est où, {page.with_suffix('.csv')}",
        )
    )
    if compare is not None:
        from engine.cli.comparing import beside

        beside(app, compare, shown.plan_id)
    return GuardStopped.exit_code if shown.stops else 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person meant to run."""

    campaign: str
    slot: str
    plan: str | None


def run(what: str, *, slot: str | None = None, as_of: str | None = None) -> int:
    """Carry out a plan, or a campaign's slot without one, as a Prefect flow; as far as it is due.

    The same slot again changes nothing: whoever was touched is not touched twice, and what is left goes on.
    Later steps come due by themselves where 'touchbase up' runs, or by 'touchbase advance'.
    Exit code 13: a guard stopped it, or has paused the run.

    Args:
        what: The id of a plan, or the name of a campaign.
        slot: The start to run, local time: 2026-03-03T09:30. Without it: the latest that has come, else the next.
        as_of: Pretend that it is this moment: 2026-03-10 or 2026-03-10T09:30.
    """
    from engine.actions.binding import Drifted
    from engine.cli.driving import driven
    from engine.cli.showing import show_moved, show_run
    from engine.store import plans

    at = moment(as_of)
    app = open_app(as_of=at)
    wanted = _wanted(app, what, slot)
    try:
        opened = _start(app, wanted)
    except Drifted as error:
        show_moved(app.settings.folder / "plans" / f"{wanted.plan}-moved.csv", error.moved)
        raise
    with driven(app) as flows:
        moment_of_it = None if at is None else at.isoformat()
        flows.run_slot(wanted.campaign, wanted.slot, wanted.plan, moment_of_it, opened)
    with app.database("status") as connection:
        show_run(connection, wanted.campaign, wanted.slot)
        stopped = plans.paused_by_guard(connection, wanted.campaign, wanted.slot)
    return GuardStopped.exit_code if stopped else 0


def _start(app: App, wanted: Wanted) -> int:
    """Open, freeze and plan the run, before Prefect is started: what a guard refuses is refused in seconds.

    Returns the run's id; the flow sends it. Whatever stops in between leaves a run that the same command takes up.
    """
    from engine.actions.plan import named_slot
    from engine.actions.run import start

    with app.database("run") as connection, console.progress() as told:
        begun = start(
            connection,
            app.project,
            wanted.campaign,
            named_slot(app.project, wanted.campaign, wanted.slot),
            app.channels,
            pepper=app.pepper,
            now=app.now(),
            plan_id=wanted.plan,
            keys=app.keys,
            progress=told,
        )
    return int(begun.run_id)


def _wanted(app: App, what: str, slot: str | None) -> Wanted:
    from engine.actions.plan import named_slot, slot_for
    from engine.store import plans

    if what in app.project.campaigns or app.project.problems:
        chosen = named_slot(app.project, what, slot) if slot else slot_for(app.project, what, app.now())
        wanted = Wanted(what, chosen.name, None)
    else:
        with app.database("run") as connection:
            kept = plans.kept(connection, what)
        if kept is None:
            app.project.campaign(what)  # tells which campaigns there are
            raise UsageError(Say(f"There is no plan '{what}'.", f"Il n'y a pas de plan « {what} »."))
        chosen = named_slot(app.project, kept.campaign, kept.slot)
        wanted = Wanted(kept.campaign, chosen.name, what)
    if chosen.at > app.now():
        raise UsageError(
            Say(
                f"The slot {chosen} of '{wanted.campaign}' has not come yet. Nothing was started.",
                f"Le départ {chosen} de « {wanted.campaign} » n'est pas encore venu. Rien n'a été lancé.",
            ),
            Say(
                "Wait ('touchbase up' starts it when its time comes), or rehearse it with --as-of.",
                "Attendez (« touchbase up » le lance à l'heure dite), ou répétez-le avec --as-of.",
            ),
        )
    return wanted


def advance(*, as_of: str | None = None) -> None:
    """Start what is due, plan what came due in every open run, and send it, as a Prefect flow.

    Args:
        as_of: Pretend that it is this moment: a campaign of sixty days is driven through by moving it on.
    """
    from engine.cli.driving import driven
    from engine.cli.showing import show_runs

    at = moment(as_of)
    app = open_app(as_of=at)
    with driven(app) as flows:
        flows.advance(as_of=None if at is None else at.isoformat())
    with app.database("status") as connection:
        show_runs(connection, None)


def status(campaign: str | None = None) -> None:
    """Show the runs: what each step reached, what waits, what was withheld."""
    from engine.cli.showing import show_runs

    app = open_app()
    if campaign is not None:
        _known(app, campaign)
    with app.database("status") as connection:
        show_runs(connection, campaign)


def pause(run: int, *, because: str | None = None) -> None:
    """Pause a run: nothing of it leaves after this command has answered."""
    _switch(run, "paused", because)


def resume(run: int) -> None:
    """Let a paused run go on."""
    _switch(run, "running", None)


def cancel(run: int, *, because: str | None = None) -> None:
    """Cancel a run for good: what has not left stays."""
    _switch(run, "cancelled", because)


def _switch(run: int, state: str, because: str | None) -> None:
    from engine.model.written import RunId
    from engine.store import ledger

    app = open_app()
    with app.database("switch") as connection:
        if not any(row.run_id == run for row in ledger.runs(connection)):
            raise UsageError(
                Say(f"There is no run {run}.", f"Il n'y a pas d'exécution {run}."),
                Say("See 'touchbase status'.", "Voyez « touchbase status »."),
            )
        changed = ledger.switch(connection, RunId(run), state, by=app.settings.actor, because=because)
        cancelled = ledger.cancel_open(connection, RunId(run)) if changed and state == "cancelled" else 0
    words = {
        "paused": ("paused", "en pause"),
        "running": ("going on", "reprise"),
        "cancelled": ("cancelled", "annulée"),
    }[state]
    if not changed:
        console.say(Say(f"Run {run} stays as it was.", f"L'exécution {run} reste comme elle était."))
        return
    console.say(Say(f"Run {run} is {words[0]}.", f"L'exécution {run} est {words[1]}."))
    if cancelled:
        console.say(Say(f"{cancelled} touches will not leave.", f"{cancelled} contacts ne partiront pas."))


def _known(app: App, campaign: str) -> None:
    """Tell of a slip in a name; a campaign whose file is gone may still have runs."""
    from engine.store import ledger

    with app.database("status") as connection:
        if not ledger.runs(connection, campaign):
            app.project.campaign(campaign)


def explain(campaign: str, customer: int, *, as_of: str | None = None) -> None:
    """Say why a customer was reached in a campaign or not, in words.

    Args:
        as_of: Tell the story up to this moment only: 2026-03-10 or 2026-03-10T09:30.
    """
    from engine.actions.explain import explain as story

    with open_app().database("explain") as connection:
        for sentence in story(connection, campaign, customer, until=moment(as_of)):
            console.say(sentence)
