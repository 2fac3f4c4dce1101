"""Commands that show a step before customers get it: on a page, or as a mail to colleagues."""

import sys
from typing import TYPE_CHECKING

from engine.app import App, open_app
from engine.cli import console
from engine.cli.clock import moment
from engine.problems import Say

if TYPE_CHECKING:
    from engine.actions.preview import Rehearsed
    from engine.store.database import Connection


def preview(
    campaign: str,
    step: str,
    *,
    customer: int | None = None,
    cell: str | None = None,
    worst: bool = False,
    slot: str | None = None,
    as_of: str | None = None,
) -> None:
    """Show a step as real customers would get it, on one page; on a terminal the browser opens it.

    Nothing is kept and nothing leaves: the run is rehearsed and rolled back. A material that nobody approved
    yet is shown too: whoever is to approve it must see it first.

    Args:
        campaign: A name from campaigns/.
        step: One of its steps.
        customer: The number of one customer; without it, the first few.
        cell: Only customers of this cell.
        worst: Those for whom a text most easily goes wrong: empty first name, longest name, each cell and language.
        slot: The start to rehearse, local time: 2026-03-03T09:30. Without it: the latest that has come, else the next.
        as_of: Pretend that it is this moment: 2026-03-10 or 2026-03-10T09:30.
    """
    from engine.actions.preview import kept, shown

    app = open_app(as_of=moment(as_of))
    with app.database("preview") as connection:
        previews = shown(_rehearsed(app, connection, campaign, step, customer, cell, worst, slot, 5))
    path = kept(previews, app.settings.folder / "previews", campaign, step)
    console.say(
        Say(f"{len(previews)} previews: {path.as_uri()}", f"{len(previews)} aperçus : {path.as_uri()}")
    )
    if sys.stdout.isatty():
        import webbrowser

        webbrowser.open(path.as_uri())


def proof(
    campaign: str,
    step: str,
    *,
    to: str | None = None,
    customer: int | None = None,
    cell: str | None = None,
    worst: bool = False,
    slot: str | None = None,
    as_of: str | None = None,
) -> None:
    """Send a step, as customers would get it, to the proof addresses of the policy; each subject is marked.

    The run is rehearsed and rolled back. A proof is no touch: no figure, cap or report counts it, and its links
    and bounces are nobody's.

    Args:
        campaign: A name from campaigns/.
        step: One of its steps.
        to: One of the policy's proof addresses; without it, all of them.
        customer: The number of one customer; without it, the first one of each cell or of the step.
        cell: Only a customer of this cell.
        worst: Those for whom a text most easily goes wrong.
        slot: The start to rehearse, local time: 2026-03-03T09:30. Without it: the latest that has come, else the next.
        as_of: Pretend that it is this moment: 2026-03-10 or 2026-03-10T09:30.
    """
    from engine.actions import copies

    app = open_app(as_of=moment(as_of))
    with app.database("proof") as connection:
        receipts = copies.proof(
            connection,
            _rehearsed(app, connection, campaign, step, customer, cell, worst, slot, None),
            [] if to is None else [to],
            by=app.settings.actor,
            permit=app.settings.is_real_world,
        )
    taken = sum(receipt.ending == "accepted" for receipt in receipts)
    console.say(Say(f"{taken} proofs left.", f"{taken} épreuves parties."))
    for receipt in receipts:
        if receipt.ending != "accepted":
            console.say(f"  {receipt.ending}: {receipt.reply or ''}")


def _rehearsed(
    app: App,
    connection: "Connection",
    campaign: str,
    step: str,
    customer: int | None,
    cell: str | None,
    worst: bool,
    slot: str | None,
    most: int | None,
) -> "Rehearsed":
    from engine.actions.plan import named_slot, slot_for
    from engine.actions.preview import rehearsed
    from engine.model.written import CustomerId

    now = app.now()
    chosen = named_slot(app.project, campaign, slot) if slot else slot_for(app.project, campaign, now)
    return rehearsed(
        connection,
        app.project,
        campaign,
        step,
        chosen,
        app.channels,
        pepper=app.pepper,
        now=now,
        customer=None if customer is None else CustomerId(customer),
        cell=cell,
        worst=worst,
        most=most,
    )
