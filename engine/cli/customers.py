"""Commands about the customer base."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from engine.app import open_app
from engine.cli.clock import HOME, moment
from engine.cli.console import count, in_words, progress, say, table
from engine.problems import DeliveryError, Say, UsageError

if TYPE_CHECKING:
    from engine.actions.load import LoadReport

WORDS: Final = {
    "created": Say("new", "nouveaux"),
    "changed": Say("changed", "modifiés"),
    "unchanged": Say("unchanged", "inchangés"),
    "repeated": Say("lines that a later line of the file says again", "lignes qu'une ligne suivante du fichier redit"),
    "rejected": Say("lines left out", "lignes écartées"),
    "values_left_out": Say("values left out", "valeurs écartées"),
    "finess_repaired": Say("FINESS whose leading zero was put back", "FINESS dont le zéro initial a été remis"),
    "phones_repaired": Say("telephone numbers whose leading zero was put back", "téléphones dont le zéro initial a été remis"),
    "postcodes_repaired": Say("postcodes whose leading zero was put back", "codes postaux dont le zéro initial a été remis"),
    "marks_removed": Say("lines from whose names and streets invisible characters were taken out",
                         "lignes dont des caractères invisibles ont été retirés des noms et des voies"),
    "suspect": Say("identifiers kept although their key is wrong", "identifiants gardés malgré une clé fausse"),
    "orders_new": Say("orders new", "commandes nouvelles"),
    "orders_changed": Say("orders changed", "commandes modifiées"),
    "kept_status": Say("orders further on than this file says; left as they are", "commandes plus avancées que ne le dit ce fichier ; laissées telles quelles"),
    "cips_completed": Say("CIP7 completed to CIP13", "CIP7 complétés en CIP13"),
    "touches_new": Say("touches", "contacts"),
    "responses_new": Say("responses", "réponses"),
    "customers_who_said_no": Say("customers who unsubscribed or complained there, and get no more of it here",
                                 "clients désinscrits ou plaignants là-bas, à qui ce canal est fermé ici"),
    "yeses": Say("yeses", "oui"),
    "noes": Say("noes", "non"),
    "noes_taken_back": Say("noes taken back by a later, proven yes of the same system", "non levés par un oui ultérieur et prouvé du même système"),
    "kept_strict": Say("addresses that we know to be worse than this file says; left as they are",
                       "adresses que nous savons pires que ne le dit ce fichier ; laissées telles quelles"),
    "territories_new": Say("territories made for it", "secteurs créés au passage"),
    "assignments_new": Say("territories given to a rep", "secteurs confiés à un délégué"),
    "addresses_doubted": Say("addresses that are not used any more, or to be corrected", "adresses qui ne servent plus, ou à corriger"),
    "to_check": Say("customers said to have died; nobody writes to them until somebody has looked",
                    "clients dits décédés ; on ne leur écrit plus avant vérification"),
    "unresolved": Say("lines whose town is not known under its postcode", "lignes dont la commune est inconnue sous ce code postal"),
}  # fmt: skip

YES: Final = Say("yes", "oui")
SHOWN: Final = 20  #: problems in the terminal; the rejects file has them all


def load(
    file: Path | None = None,
    *,
    as_: Annotated[str | None, Parameter(name="--as")] = None,
    from_: Annotated[str | None, Parameter(name="--from")] = None,
    plan: bool = False,
    columns: str | None = None,
) -> int:
    """Bring a delivered file into the base: checked, merged by its natural key, what is left out told by line.

    Args:
        file: The file as it came; .gz too.
        as_: What it holds: customers, pharmacies, hospitals, towns, contacts, consents, orders, reps, alignments, history,
            visits, returned-letters.
        from_: The system whose ids it carries; the feed's name if not given.
        plan: Say what would happen, and change nothing.
        columns: Show the columns of a feed instead.
    """
    if columns is not None:
        _show_columns(columns)
        return 0
    if file is None or as_ is None:
        raise UsageError(
            Say("Say what to load.", "Dites quoi charger."),
            Say("touchbase load FILE --as orders, or touchbase load --columns orders.",
                "touchbase load FICHIER --as orders, ou touchbase load --columns orders."),
        )  # fmt: skip
    from engine.actions.exchange import deliver

    app = open_app()
    with app.database("load") as connection:
        report = deliver(
            connection,
            file,
            as_,
            on=app.now().astimezone(HOME).date(),
            now=app.now(),
            rejects_folder=app.settings.folder / "rejects",
            source=from_,
            plan=plan,
            language=app.settings.language,
        )
    _show(report)
    if report.lines and report.counts["rejected"] >= report.lines:
        say(Say("No line of it could be loaded.", "Aucune ligne n'a pu être chargée."))
        return DeliveryError.exit_code
    return 0


def _show_columns(feed: str) -> None:
    from engine.actions.columns import columns
    from engine.store.base.columns import FEEDS_SAY

    rows = [
        (one.name, YES if one.needed == "yes" else one.needed, ", ".join(one.also), one.means)
        for one in columns(feed)
    ]
    say(FEEDS_SAY[feed])
    table([Say("column", "colonne"), Say("must be there", "exigée"), Say("also understood", "aussi compris"), Say("means", "sens")], rows)  # fmt: skip


def _show(report: "LoadReport") -> None:
    lines = count(report.lines)
    say(
        Say(f"{report.file}: {lines} lines. Nothing was changed; this would happen:",
            f"{report.file} : {lines} lignes. Rien n'a été modifié ; voici ce qui se passerait :")
        if report.planned
        else Say(f"{report.file}: {lines} lines.", f"{report.file} : {lines} lignes.")
    )  # fmt: skip
    if not report.lines:
        say(Say("  It holds no line below its header: nothing happened, says whoever sent it. If that cannot be, ask for the file again.",
                "  Elle ne contient aucune ligne sous l'en-tête : rien ne s'est passé, dit l'expéditeur. Si c'est impossible, redemandez le fichier."))  # fmt: skip
    always = ("created", "changed", "rejected")
    for name, number in report.counts.items():
        if number or name in always:
            say(Say(f"  {count(number)} {WORDS[name].en}", f"  {count(number)} {WORDS[name].fr}"))
    if report.ignored:
        names = ", ".join(report.ignored)
        say(Say(f"  columns not used: {names}", f"  colonnes non utilisées : {names}"))
    if report.towns:
        some = ", ".join(f"{code} {town}" for code, town in report.towns[:SHOWN])
        say(Say(f"  towns: {some}", f"  communes : {some}"))
    if report.rejected:
        table(
            [Say("line", "ligne"), Say("column", "colonne"), Say("what is wrong", "problème"), Say("what to do", "que faire")],
            [(one.line, one.column or "", one.what, one.remedy) for one in report.rejected[:SHOWN]],
        )  # fmt: skip
    if report.rejects_file:
        say(Say(f"All of them: {report.rejects_file}", f"Tous : {report.rejects_file}"))
    if report.batch is not None:
        say(Say(f"Delivery {report.batch}. Take it back: touchbase undo {report.batch}",
                f"Livraison {report.batch}. Pour la reprendre : touchbase undo {report.batch}"))  # fmt: skip


def generate(*, customers: int = 20_000, seed: int = 2026, as_of: str | None = None) -> None:
    """Fill an empty base with made-up customers, as real bases are: doubles, opt-outs, bad keys, long addresses.

    Names and addresses do not exist and say so. The same number, seed and day make the same base everywhere.

    Args:
        customers: How many.
        seed: Another seed, another base.
        as_of: The day on which the 24 months of history end; today if not given.
    """
    from engine.actions.generate import generate as made

    app = open_app(as_of=moment(as_of))
    started = time.monotonic()
    with app.database("generate") as connection, progress() as told:
        found = made(
            connection,
            customers,
            seed,
            on=app.now().astimezone(HOME).date(),
            say=lambda what, rows: told(in_words(what), rows),
        )
    seconds = time.monotonic() - started
    say(
        Say(
            f"{count(found.customers)} customers ({count(found.persons)} persons), {count(found.contact_points)} contact points, "
            f"{count(found.touches)} touches, {count(found.orders)} orders, {found.reps} reps in {seconds:.1f} s.",
            f"{count(found.customers)} clients ({count(found.persons)} personnes), {count(found.contact_points)} points de contact, "
            f"{count(found.touches)} contacts, {count(found.orders)} commandes, {found.reps} délégués en {seconds:.1f} s.",
        )
    )
