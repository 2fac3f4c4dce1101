"""Commands about deliveries that were loaded: taking one back."""

from collections import Counter
from typing import TYPE_CHECKING, Final

from engine.app import open_app
from engine.cli.console import count, say, table
from engine.problems import Say

if TYPE_CHECKING:
    from engine.actions.undo import UndoReport
    from engine.store.base.undoing import Batch

THINGS: Final = {
    "customer": Say("customers", "clients"),
    "identifier": Say("identifiers", "identifiants"),
    "contact_point": Say("contact points", "points de contact"),
    "consent_event": Say("yeses", "oui"),
    "orders": Say("orders", "commandes"),
    "order_line": Say("order lines", "lignes de commande"),
    "touch": Say("touches", "contacts"),
    "response": Say("responses", "réponses"),
    "rep": Say("reps", "délégués"),
    "rep_assignment": Say("territories of reps", "secteurs de délégués"),
    "territory": Say("territories", "secteurs"),
    "alignment": Say("customers' territories", "secteurs de clients"),
}
SHOWN: Final = 20  #: of what stays, in the terminal; the file has all


def undo(batch: int | None = None, *, plan: bool = False) -> None:
    """Take a delivery back: what it made and changed, where nothing was built on it since; what stays is told why.

    Args:
        batch: Its number; without one, the last deliveries are listed.
        plan: Say what would happen, and change nothing.
    """
    from engine.actions.undo import undo as undone
    from engine.store.base import undoing

    app = open_app()
    with app.database("undo") as connection:
        if batch is None:
            _list(undoing.batches(connection))
            return
        report = undone(
            connection,
            batch,
            now=app.now(),
            folder=app.settings.folder / "rejects",
            plan=plan,
            language=app.settings.language,
        )
    _show(report)


def _list(batches: "list[Batch]") -> None:
    table(
        [Say("delivery", "livraison"), Say("feed", "flux"), Say("file", "fichier"), Say("loaded", "chargée"),
         Say("new", "nouveaux"), Say("changed", "modifiés"), Say("taken back", "reprise")],
        [
            (one.id, one.feed, one.file, f"{one.at:%Y-%m-%d %H:%M}", one.created, one.changed, f"{one.undone_at:%Y-%m-%d %H:%M}" if one.undone_at else "")
            for one in batches
        ],
    )  # fmt: skip


def _show(report: "UndoReport") -> None:
    from engine.actions.undo import WHY

    name, id = report.batch.file, report.batch.id
    say(
        Say(f"Delivery {id}, {name}. Nothing was changed; this would happen:", f"Livraison {id}, {name}. Rien n'a été modifié ; voici ce qui se passerait :")
        if report.planned
        else Say(f"Delivery {id}, {name}, is taken back.", f"Livraison {id}, {name} : reprise.")
        if report.done.removed or report.done.restored
        else Say(f"Nothing of delivery {id}, {name}, could be taken back.", f"Rien de la livraison {id}, {name}, n'a pu être repris.")
    )  # fmt: skip
    for what, number in report.done.removed.items():
        say(
            Say(
                f"  {count(number)} {THINGS[what].en} taken out",
                f"  {count(number)} {THINGS[what].fr} retirés",
            )
        )
    for what, number in report.done.restored.items():
        say(
            Say(
                f"  {count(number)} {THINGS[what].en} as before",
                f"  {count(number)} {THINGS[what].fr} comme avant",
            )
        )
    if not report.done.kept:
        return
    for (what, why), number in Counter((one.what, one.why) for one in report.done.kept).items():
        say(Say(f"  {THINGS[what].en}: {count(number)} stay; each {WHY[why].en}", f"  {THINGS[what].fr} : {count(number)} restent ; chaque fois : {WHY[why].fr}"))  # fmt: skip
    table(
        [
            Say("what", "quoi"),
            Say("id", "id"),
            Say("why", "pourquoi"),
            Say("later delivery", "livraison suivante"),
        ],
        [(THINGS[one.what], one.id or one.key, WHY[one.why], one.by) for one in report.done.kept[:SHOWN]],
    )
    if report.kept_file:
        say(Say(f"All of them: {report.kept_file}", f"Tous : {report.kept_file}"))
