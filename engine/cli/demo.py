"""The demo: a made-up base, the example campaigns over every channel in a few moments of a year, their reports."""

import datetime as dt
import math
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from engine.app import App, open_app, prefect_environment
from engine.cli import console, processes
from engine.cli.clock import HOME
from engine.cli.console import count, in_words, progress, say
from engine.model.campaign import AnyCampaign
from engine.problems import FilesError, Say, UsageError
from engine.rules.schedule import Slot, earliest, slots_between

ENDS: Final = (33, 62)
"""Days after its start at which a campaign is looked at once more: its visits are over; so is the time that its goals count."""

LEFT_AT: Final = ENDS[0]
"""The day at which the last campaign is left, still running: its reps have visits to make, and 'touchbase up' goes on."""

SEED_OF_ANSWERS: Final = 7
"""Another seed, other customers answer."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One look at one campaign; moments are ordered in time."""

    at: dt.datetime
    campaign: str
    slot: Slot


def demo(*, customers: int = 20_000, seed: int = 2026) -> None:
    """Make a base of customers who do not exist and drive the project's campaigns through it, in about a minute.

    Sixty days pass by a clock of its own. Nothing reaches the real world. Run again, it goes on where it was.

    Args:
        customers: How many to make, where the base is still empty.
        seed: Another seed, another base.
    """
    app = open_app()
    _only_here(app)
    began = time.monotonic()
    if app.project.problems:
        raise FilesError(app.project.problems)
    moments = _moments(app)
    with _prefect(app):
        _base(app, customers, seed, moments[0].at)
        for name in sorted({moment.campaign for moment in moments}):
            _plan(app, next(moment for moment in moments if moment.campaign == name))
        _drive(app, moments)
    _end(app, moments, time.monotonic() - began)


def _only_here(app: App) -> None:
    if app.settings.is_real_world:
        raise UsageError(
            Say(
                "The demo does not send to the real world. Nothing was started.",
                "La démonstration n'envoie rien dans le monde réel. Rien n'a été lancé.",
            ),
            Say("Run it without TOUCHBASE_SMTP_URL.", "Lancez-la sans TOUCHBASE_SMTP_URL."),
        )
    with app.database("demo") as connection:
        row = connection.execute(
            "SELECT EXISTS (SELECT FROM customer WHERE source IS DISTINCT FROM 'generated')"
        ).fetchone()
    if row == (True,):
        raise UsageError(
            Say(
                "This database holds customers of your own. The demo makes up its own; nothing was changed.",
                "Cette base contient vos propres clients. La démonstration crée les siens ; rien n'a été modifié.",
            ),
            Say(
                "Give it an empty one by TOUCHBASE_DATABASE_URL or TOUCHBASE_FOLDER.",
                "Donnez-lui une base vide par TOUCHBASE_DATABASE_URL ou TOUCHBASE_FOLDER.",
            ),
        )


def _moments(app: App) -> list[Moment]:
    """Return when to look at which campaign, each at the first slot of its schedule."""
    found: list[Moment] = []
    for name, campaign in app.project.campaigns.items():
        start = campaign.schedule.start or app.now().replace(tzinfo=None)
        before = start.replace(tzinfo=HOME) - dt.timedelta(days=2)
        slot = next(slots_between(campaign.schedule, before, before + dt.timedelta(days=400)), None)
        if slot is not None:
            found += [
                Moment(slot.at + dt.timedelta(days=day, minutes=30 if day else 0), name, slot)
                for day in sorted({0, *_days(campaign, slot.at), *ENDS})
            ]
    if not found:
        raise UsageError(
            Say(
                "No campaign of this project has a slot to run.",
                "Aucune campagne de ce projet n'a de départ.",
            )
        )
    found.sort(key=lambda moment: moment.at)
    last = max(found, key=lambda moment: moment.slot.at)
    until = last.slot.at + dt.timedelta(days=LEFT_AT + 1)
    return [moment for moment in found if moment.campaign != last.campaign or moment.at < until]


def _days(campaign: AnyCampaign, start: dt.datetime) -> Iterator[int]:
    """Give the days after its start on which a step of a campaign comes due for the first of its members."""
    for step in campaign.steps:
        yield math.ceil((earliest(campaign, step, start) - start) / dt.timedelta(days=1))


@contextmanager
def _prefect(app: App) -> Iterator[None]:
    """Start a Prefect server beside the first steps, which do not need it yet; stop it in the end."""
    folder = app.settings.folder
    if app.settings.prefect_api_url is not None or processes.prefect_address(folder) is not None:
        yield
        return
    port = processes.any_free_port()
    address = f"http://127.0.0.1:{port}/api"
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    server = processes.start(
        folder,
        processes.PREFECT,
        command,
        prefect_environment(app.settings, api_url=address),
        app.settings.root,
    )
    processes.remember_address(folder, address)
    try:
        yield
    finally:
        processes.stop(folder, server)


def _base(app: App, customers: int, seed: int, on: dt.datetime) -> None:
    from engine.actions.generate import generate

    with app.database("demo") as connection:
        row = connection.execute("SELECT count(*) FROM customer").fetchone()
        assert row is not None
        if row[0]:
            say(
                Say(
                    f"base       {count(row[0])} made-up customers are there already",
                    f"base       {count(row[0])} clients fictifs sont déjà là",
                )
            )
            return
        with progress() as told:
            made = generate(
                connection,
                customers,
                seed,
                on=on.astimezone(HOME).date(),
                say=lambda what, rows: told(in_words(what), rows),
            )
    say(
        Say(
            f"base       {count(made.customers)} made-up customers, {count(made.touches)} touches and {count(made.orders)} orders of two years",
            f"base       {count(made.customers)} clients fictifs, {count(made.touches)} contacts et {count(made.orders)} commandes de deux ans",
        )
    )


def _plan(app: App, moment: Moment) -> None:
    from engine.actions.plan import plan

    with app.database("demo") as connection:
        made = plan(
            connection,
            app.project,
            moment.campaign,
            moment.slot,
            app.channels,
            pepper=app.pepper,
            made_by=app.settings.actor,
            now=moment.at,
            samples=0,
        )
    excluded = sum(made.excluded.values())
    say(
        Say(
            f"plan       {made.campaign}: {count(made.universe)} in the universe, {count(excluded)} excluded, "
            f"{count(made.held_out)} held out, {count(sum(made.enrolled.values()))} enrolled",
            f"plan       {made.campaign} : {count(made.universe)} dans l'univers, {count(excluded)} exclus, "
            f"{count(made.held_out)} témoins, {count(sum(made.enrolled.values()))} inscrits",
        )
    )


def _drive(app: App, moments: list[Moment]) -> None:
    """Carry the campaigns out moment by moment, all in one Prefect; what is done already costs little more than a look."""
    from engine.cli.driving import driven
    from engine.store import ledger

    address = processes.prefect_address(app.settings.folder)
    if address is not None:
        for child in processes.running(app.settings.folder):
            if child.name == processes.PREFECT:
                processes.wait_for(child, f"{address}/health", app.settings.folder)
    runs: dict[str, int] = {}
    with driven(app) as flows:
        for moment in moments:
            as_of = moment.at.isoformat()
            if moment.campaign not in runs:
                settled = flows.run_slot(moment.campaign, moment.slot.name, None, as_of)
                with app.database("demo") as connection:
                    runs[moment.campaign] = next(
                        row.run_id
                        for row in ledger.runs(connection, moment.campaign)
                        if row.slot == moment.slot.name
                    )
            else:
                _answer(app, runs[moment.campaign], moment.at)
                settled = sum(flows.advance(runs[moment.campaign], as_of).values())
            if settled:
                say(f"{moment.at.astimezone(HOME):%Y-%m-%d} {moment.campaign}: {count(settled)}")
        flows.collect(moments[-1].at.isoformat())


def _answer(app: App, run_id: int, now: dt.datetime) -> None:
    """Let the customers do what they have done by then: click, order, see the rep, say no."""
    from engine.actions.made_up_answers import answer
    from engine.model.written import RunId

    with app.database("demo") as connection:
        answer(connection, RunId(run_id), app.channels, seed=SEED_OF_ANSWERS, now=now)


def _end(app: App, moments: list[Moment], seconds: float) -> None:
    from engine.actions.publish import publish, report_of

    folder = app.settings.folder
    last = moments[-1].at
    pages = []
    with app.database("demo") as connection:
        for name in sorted({moment.campaign for moment in moments}):
            pages.append(
                publish(report_of(connection, name, app.channels, now=last), folder, console.language())
            )
    say()
    say(Say(f"Done in {seconds:.0f} s. Where to look:", f"Fait en {seconds:.0f} s. Où regarder :"))
    places = (
        (Say("reports", "bilans"), pages),
        (Say("mails that left", "e-mails partis"), [folder / "outbox"]),
        (
            Say("visit tasks of each rep (.csv, .ics)", "visites de chaque délégué (.csv, .ics)"),
            [folder / "visits"],
        ),
        (
            Say("print batches (PDF, CSV, manifest)", "lots d'impression (PDF, CSV, manifeste)"),
            sorted((folder / "post").glob("MAIL_*")),
        ),
    )
    for what, paths in places:
        say(what)
        for path in paths:
            say(f"  {path}")
    say(
        Say(
            f"All of it as pages: touchbase up, then {app.settings.base_url}. Start over: make clean.",
            f"Le tout en pages : touchbase up, puis {app.settings.base_url}. Recommencer : make clean.",
        )
    )
