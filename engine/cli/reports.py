"""Commands about what came of a campaign."""

from pathlib import Path

from engine.app import App, open_app
from engine.cli.clock import moment
from engine.cli.console import language, say
from engine.problems import Say, UsageError


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


def reconcile(
    *, relay_log: list[Path] | None = None, zone: str = "Europe/Paris", as_of: str | None = None
) -> None:
    """Take back the touches of workers that are gone: ready where a repeat is safe, unknown where it is not.

    With the logs of all relays that may have had our mails, unknown ones are settled by what those show.

    Args:
        relay_log: A Postfix relay's log; once for each relay.
        zone: Of the times in the log that do not say theirs.
        as_of: Pretend that it is this moment.
    """
    from engine.actions.reconcile import reconcile as reconciled

    app = open_app(as_of=moment(as_of))
    with app.database("reconcile") as connection:
        found = reconciled(connection, app.channels, journals=app.journals, now=app.now())
    if found.resent:
        say(
            Say(
                f"{found.resent} mails of which nobody knew leave once more, as their step declares.",
                f"{found.resent} e-mails incertains repartent une fois, comme leur étape le déclare.",
            )
        )
    if relay_log:
        _by_logs(app, relay_log, zone)
        return
    say(
        Say(
            f"{found.given_up} touches of workers that are gone. Of {found.unknown} in open runs nobody knows whether they left; "
            "they are not sent again.",
            f"{found.given_up} contacts de processus disparus. Pour {found.unknown} des exécutions ouvertes, nul ne sait s'ils sont partis ; "
            "ils ne repartent pas.",
        )
    )


def bounces(place: Path) -> None:
    """Take in mails that came back to our senders: bounces, complaints, replies; again changes nothing.

    What does not carry our signature moves nothing. An address is lost only when its server says that it does not exist.

    Args:
        place: A Maildir, a folder of mails, an mbox file; or - for one mail from a pipe.
    """
    import sys

    from engine.actions.bounces import bounces as returned
    from engine.actions.bounces import read
    from engine.actions.pinned import pinned
    from engine.contract import Returning

    app = open_app()
    channel = app.channels["email"]
    assert isinstance(channel, Returning)
    with app.database("bounces") as connection:
        found = returned(
            connection,
            read(place, sys.stdin.buffer),
            channel,
            lambda sha, name: pinned(connection, sha, name, app.channels).policy,
            pepper=app.pepper,
        )
    kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(found.kinds.items())) or "-"
    say(
        Say(
            f"{found.mails} mails, {found.new} news: {kinds}; {found.not_ours} are none of ours.",
            f"{found.mails} e-mails, {found.new} nouvelles : {kinds} ; {found.not_ours} ne nous concernent pas.",
        )
    )
    for run, because in found.paused.items():
        say(Say(f"Run {run} is paused: {because}.", f"L'exécution {run} est en pause : {because}."))


def _by_logs(app: App, logs: list[Path], zone: str) -> None:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    from engine.actions.evidence import judge
    from engine.contract import Witnessed

    channel = app.channels["email"]
    assert isinstance(channel, Witnessed)
    try:
        read = []
        for path in logs:
            with path.open(encoding="utf-8", errors="replace") as lines:
                read.append(channel.evidence(lines, now=app.now(), zone=ZoneInfo(zone)))
    except (OSError, ZoneInfoNotFoundError, ValueError) as error:
        raise UsageError(
            Say(
                f"The relay's log cannot be read ({type(error).__name__}). Nothing was settled.",
                f"Le journal du relais est illisible ({type(error).__name__}). Rien n'a été réglé.",
            ),
            Say("Give its path and its time zone.", "Donnez son chemin et son fuseau horaire."),
        ) from None
    with app.database("reconcile") as connection:
        judged = judge(connection, read)
    say(
        Say(
            f"By the relay's log: {judged.accepted} accepted, {judged.refused} refused, {judged.ready} proven not to have left "
            f"and ready again; of {judged.still_unknown} nobody knows.",
            f"D'après le journal du relais : {judged.accepted} acceptés, {judged.refused} refusés, {judged.ready} jamais partis "
            f"et de nouveau prêts ; pour {judged.still_unknown}, nul ne sait.",
        )
    )
    if judged.missing:
        say(
            Say(
                f"{judged.missing} mails that the relay accepted are not in its log: it has a gap, or mails were lost. "
                "So nothing was made ready again.",
                f"{judged.missing} e-mails acceptés par le relais n'y figurent pas : il est incomplet, ou des e-mails sont perdus. "
                "Rien n'a donc été remis en attente.",
            )
        )
