"""Commands about what came of a campaign."""

from engine.app import open_app
from engine.cli.clock import moment
from engine.cli.console import language, say
from engine.problems import Say


def report(
    campaign: str, *, run: int | None = None, as_of: str | None = None, html: bool = False, json: bool = False
) -> None:
    """Show what a campaign did and what it changed, against those who were left alone.

    Args:
        campaign: Its name.
        run: The id of one of its runs; the latest if not given.
        as_of: As it stands at this moment.
        html: Write the page only, and say where.
        json: All figures, for other programs.
    """
    from engine.actions.publish import publish, report_of
    from engine.model.written import RunId

    app = open_app(as_of=moment(as_of))
    with app.database("report") as connection:
        found = report_of(
            connection, campaign, app.channels, now=app.now(), run=None if run is None else RunId(run)
        )
    if json:
        say(found.as_json())
        return
    page = publish(found, app.settings.folder, language())
    if not html:
        from rich.console import Console

        from engine.actions.report_tables import tables

        console = Console()
        for part in tables(found, language()):
            console.print(part)
        say()
    say(Say(f"The page: {page}", f"La page : {page}"))


def collect(*, as_of: str | None = None) -> None:
    """Turn what came back, orders and visit reports, into responses; again changes nothing.

    Args:
        as_of: Pretend that it is this moment.
    """
    from engine.actions.collect import collect as collected
    from engine.actions.pinned import pinned

    app = open_app(as_of=moment(as_of))
    with app.database("collect") as connection:
        found = collected(
            connection, lambda sha, name: pinned(connection, sha, name, app.channels).campaign, now=app.now()
        )
    say(
        Say(
            f"{found.orders} orders found their campaign, {found.changed_orders} changed, {found.visit_reports} visit reports.",
            f"{found.orders} commandes rattachées, {found.changed_orders} modifiées, {found.visit_reports} comptes rendus de visite.",
        )
    )


def reconcile(*, as_of: str | None = None) -> None:
    """Take back the touches of workers that are gone: ready where a repeat is safe, unknown where it is not.

    Args:
        as_of: Pretend that it is this moment.
    """
    from engine.actions.reconcile import reconcile as reconciled

    app = open_app(as_of=moment(as_of))
    with app.database("reconcile") as connection:
        found = reconciled(connection, app.channels, journals=app.journals, now=app.now())
    say(
        Say(
            f"{found.given_up} touches of workers that are gone. Of {found.unknown} in open runs nobody knows whether they left; "
            "they are not sent again.",
            f"{found.given_up} contacts de processus disparus. Pour {found.unknown} des exécutions ouvertes, nul ne sait s'ils sont partis ; "
            "ils ne repartent pas.",
        )
    )
