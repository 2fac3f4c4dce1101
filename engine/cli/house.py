"""Commands about the house itself: what runs, what is deployed, whether it may send, whether it is well."""

import signal
import sys
import time
from pathlib import Path
from types import FrameType

from engine.app import App, open_app, prefect_environment, prepare_prefect
from engine.cli import processes
from engine.cli.console import say, table
from engine.problems import EngineError, Say, UsageError


def up() -> None:
    """Start database, Prefect server, worker and pages in this terminal; Ctrl-C stops them all.

    While it is up, each campaign runs when the schedule in its file says so, and later steps when they come due.
    """
    app = open_app()
    folder = app.settings.folder
    if processes.running(folder):
        raise UsageError(
            Say(
                "Touchbase is up already, in another terminal. Nothing was started.",
                "Touchbase tourne déjà, dans un autre terminal. Rien n'a été démarré.",
            ),
            Say(
                "Use it there, or stop it: touchbase down.", "Utilisez-le là, ou arrêtez-le : touchbase down."
            ),
        )
    if app.project.problems:
        from engine.problems import FilesError

        raise FilesError(app.project.problems)
    processes.free(app.settings.web_port, "TOUCHBASE_WEB_PORT")
    if app.settings.prefect_api_url is None:
        processes.free(app.settings.prefect_port, "TOUCHBASE_PREFECT_PORT")
    had_database = _embedded_runs(app)
    for ending in (signal.SIGTERM, signal.SIGHUP):  # asked to end, or its terminal closed: stop as for Ctrl-C
        signal.signal(ending, _interrupt)
    try:
        children = _start(app)
        _watch(children)
    except KeyboardInterrupt:
        say()
    finally:
        say(Say("Stopping ...", "Arrêt ..."))
        processes.stop_all(folder)
        if not had_database:
            _stop_database(app)
        say(
            Say(
                "Stopped. Everything is kept; 'touchbase up' goes on from here.",
                "Arrêté. Tout est gardé ; « touchbase up » reprend de là.",
            )
        )


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _start(app: App) -> list[processes.Child]:
    folder, root = app.settings.folder, app.settings.root
    with app.database("up"):
        say(Say("database    ready", "base        prête"))
    address = app.settings.prefect_api_url or f"http://127.0.0.1:{app.settings.prefect_port}/api"
    environment = prefect_environment(app.settings, api_url=address)
    children: list[processes.Child] = []
    if app.settings.prefect_api_url is None:
        server = processes.start(
            folder,
            processes.PREFECT,
            [
                *_python(),
                "prefect",
                "server",
                "start",
                "--host",
                "127.0.0.1",
                "--port",
                str(app.settings.prefect_port),
            ],
            environment,
            root,
        )
        children.append(server)
        processes.remember_address(folder, address)
    pages = processes.start(
        folder,
        "pages",
        [
            *_python(),
            "uvicorn",
            "--factory",
            "engine.web.site:site",
            "--host",
            "127.0.0.1",
            "--port",
            str(app.settings.web_port),
            "--log-level",
            "warning",
        ],
        environment,
        root,
    )
    children.append(pages)
    if app.settings.prefect_api_url is None:
        processes.wait_for(children[0], f"{address}/health", folder)
    say(Say(f"schedules   {address.removesuffix('/api')}", f"calendriers {address.removesuffix('/api')}"))
    prepare_prefect(app.settings, api_url=address)
    _deploy(app)
    children.append(
        processes.start(
            folder,
            "worker",
            [*_python(), "prefect", "worker", "start", "--pool", "touchbase", "--type", "process"],
            environment,
            root,
        )
    )
    processes.wait_for(pages, f"http://127.0.0.1:{app.settings.web_port}/health", folder)
    say(
        Say(
            f"pages       http://127.0.0.1:{app.settings.web_port}/",
            f"pages       http://127.0.0.1:{app.settings.web_port}/",
        )
    )
    say(Say("Touchbase is up. Ctrl-C stops it.", "Touchbase tourne. Ctrl-C l'arrête."))
    return children


def _watch(children: list[processes.Child]) -> None:
    """Return never; raise when one of the processes ended by itself.

    Raises:
        EngineError: one of them is over; what it left stands in its log.
    """
    while True:
        for child in children:
            if processes.ended(child):
                raise EngineError(
                    Say(
                        f"The {child.name} process ended by itself; the others are stopped too. Nothing is lost.",
                        f"Le processus « {child.name} » s'est arrêté de lui-même ; les autres aussi. Rien n'est perdu.",
                    ),
                    Say(
                        f"See .touchbase/up/{child.name}.log, then start again: touchbase up.",
                        f"Voyez .touchbase/up/{child.name}.log, puis relancez : touchbase up.",
                    ),
                )
        time.sleep(1)


def down() -> None:
    """Stop everything of this project that still runs: pages, worker, Prefect server, embedded database."""
    app = open_app()
    stopped = processes.stop_all(app.settings.folder)
    if _stop_database(app):
        stopped.append("database")
    if stopped:
        say(Say(f"Stopped: {', '.join(stopped)}.", f"Arrêtés : {', '.join(stopped)}."))
    else:
        say(Say("Nothing was running.", "Rien ne tournait."))


def deploy() -> None:
    """Bring Prefect's schedules in line with the files: one deployment for each campaign, and the standing flows."""
    app = open_app()
    address = app.settings.prefect_api_url or processes.prefect_address(app.settings.folder)
    if address is None:
        raise UsageError(
            Say(
                "No Prefect server is up. Schedules stay as they were.",
                "Aucun serveur Prefect ne tourne. Les calendriers restent comme ils étaient.",
            ),
            Say(
                "Start one with 'touchbase up', which deploys by itself, or point PREFECT_API_URL at yours.",
                "Démarrez-en un par « touchbase up », qui déploie de lui-même, ou donnez le vôtre par PREFECT_API_URL.",
            ),
        )
    prepare_prefect(app.settings, api_url=address)
    _deploy(app)


def _deploy(app: App) -> None:
    from engine.deployments import deploy as deployed
    from engine.problems import FilesError

    if app.project.problems:
        raise FilesError(app.project.problems)
    done = deployed(app.project.campaigns.values(), root=app.settings.root, now=app.now())
    table([Say("deployment", "déploiement"), Say("starts", "départ")], [[one.name, one.when] for one in done])


def arm() -> None:
    """Allow this database to send to the real world; a named person's act (TOUCHBASE_ACTOR).

    A fresh, restored or copied database is disarmed: it plans and reports, and sends nothing. Arm it only once
    it is sure that no other copy of it sends.
    """
    from engine.store import ledger

    app = open_app()
    with app.database("arm") as connection:
        ledger.arm(connection, app.settings.actor)
    say(Say(f"Armed by {app.settings.actor}.", f"Armé par {app.settings.actor}."))


def disarm() -> None:
    """Forbid this database to send to the real world, from this moment on."""
    from engine.store import ledger

    app = open_app()
    with app.database("arm") as connection:
        ledger.disarm(connection, app.settings.actor)
    say(
        Say(
            f"Disarmed by {app.settings.actor}. Nothing leaves.",
            f"Désarmé par {app.settings.actor}. Rien ne part.",
        )
    )


def doctor() -> int:
    """Tell whether machine, files and database are well; exit code 1 if one of them is not."""
    from engine.actions.doctor import examine

    app = open_app()
    findings = list(
        examine(
            app.settings.folder,
            app.database_url,
            problems=len(app.project.problems),
            is_real_world=app.settings.is_real_world,
        )
    )
    table(
        ["", Say("about", "sujet"), Say("found", "constat")],
        [["ok" if one.is_well else "!!", one.about, one.words] for one in findings],
    )
    return 0 if all(one.is_well for one in findings) else 1


def _python() -> list[str]:
    return [sys.executable, "-m"]


def _embedded_runs(app: App) -> bool:
    return app.settings.database_url is None and _lock(app).exists()


def _stop_database(app: App) -> bool:
    from engine.store import embedded

    return app.settings.database_url is None and embedded.stop(app.settings.folder)


def _lock(app: App) -> Path:
    return app.settings.folder / "postgres" / "postmaster.pid"
