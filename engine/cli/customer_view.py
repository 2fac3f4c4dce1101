"""`touchbase customer`: one customer from all sides, in the terminal."""

import datetime as dt
import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final

from cyclopts import Parameter

from engine.app import open_app
from engine.cli.clock import HOME, moment
from engine.cli.console import heading, in_words, say, table
from engine.problems import Say, UsageError

if TYPE_CHECKING:
    from engine.actions.view_customer import CustomerView

OPTS: Final = {
    "opt_in": Say("yes", "oui"),
    "opt_out": Say("no", "non"),
    "never": Say("never", "jamais"),
    "opt_in_pending": Say("not confirmed", "non confirmé"),
}
TITLES: Final = {
    "identifiers": (Say("Identifiers", "Identifiants"), ("scheme|schéma", "value|valeur", "key doubtful|clé douteuse", "source|source")),
    "contact_points": (Say("How reached", "Comment le joindre"),
                       ("type|type", "address|adresse", "usage|usage", "status|statut", "why|pourquoi", "since|depuis", "main|principal", "shared by|partagé par",
                        "told on|informé le", "source|source", "of|du")),
    "consents": (Say("What is allowed, and how it is proven", "Ce qui est permis, et la preuve"),
                 ("channel|canal", "purpose|finalité", "scope|portée", "address|adresse", "answer|réponse", "until|jusqu'au", "proven|prouvé", "said on|dit le",
                  "source|source", "proof|preuve", "reference|référence", "text|texte", "cause|cause")),
    "stops": (Say("Stops", "Blocages"), ("what|quoi",)),
    "affiliations": (Say("Where", "Où"), ("role|rôle", "id|id", "name|nom", "town|commune", "main|principal")),
    "field": (Say("Whose", "À qui"), ("reps|délégués", "territory|secteur", "name|nom", "because|motif", "rep|délégué", "name|nom", "role|rôle")),
    "tasks": (Say("Open visit tasks", "Tâches de visite ouvertes"), ("task|tâche", "type|type", "due|échéance", "status|statut", "rep|délégué")),
    "touches": (Say("Last touches", "Derniers contacts"),
                ("when|quand", "channel|canal", "campaign|campagne", "step|étape", "brand|marque", "state|état", "reason|motif", "outcome|suite", "source|source")),
    "responses": (Say("Last responses", "Dernières réponses"),
                  ("when|quand", "what|quoi", "channel|canal", "campaign|campagne", "label|libellé", "value|valeur", "source|source")),
    "orders": (Say("Last orders", "Dernières commandes"),
               ("when|quand", "number|numéro", "origin|origine", "status|statut", "code|code", "brands|marques", "amount|montant", "source|source")),
    "year": (Say("Ordered within twelve months", "Commandé en douze mois"), ("brand|marque", "units|unités", "amount|montant", "orders|commandes")),
}  # fmt: skip
"""In the order in which they are shown: title, and the columns in both languages."""


def customer(
    who: str | None = None,
    *,
    name: Annotated[bool, Parameter(negative="")] = False,
    json_: Annotated[bool, Parameter(name="--json", negative="")] = False,
    as_of: str | None = None,
) -> None:
    """Show one customer from all sides: identity, addresses, consents with proof, territory, touches, orders, and why not.

    Args:
        who: An id, RPPS, FINESS, SIRET, or the id of a system.
        name: Ask for the beginning of a name and list who has it. The name is read from the keyboard, so that it stands in no history of
            commands, no list of processes and no log.
        json_: Print everything as JSON.
        as_of: Pretend that it is that moment.
    """
    from engine.actions.view_customer import find, view_customer
    from engine.store.customer_view import by_name

    app = open_app(as_of=moment(as_of))
    if name:
        said = _asked()
        with app.database("customer") as connection:
            _list(by_name(connection, said))
        return
    if who is None:
        raise UsageError(
            Say("Say which customer.", "Dites quel client."),
            Say("touchbase customer 42, or an RPPS or FINESS; 'touchbase customer --name' asks for a name.",
                "touchbase customer 42, ou un RPPS ou FINESS ; « touchbase customer --name » demande un nom."),
        )  # fmt: skip
    project = app.project if (app.settings.root / "campaigns" / "policy.yaml").exists() else None
    with app.database("customer") as connection:
        view = view_customer(
            connection,
            find(connection, who),
            project=project,
            channels=app.channels,
            pepper=app.pepper,
            now=app.now(),
        )
    if json_:
        say(_as_json(view))
    else:
        _show(view)


def _asked() -> str:
    if sys.stdin.isatty():
        print(in_words(Say("Name: ", "Nom : ")), end="", flush=True)
    return sys.stdin.readline().strip()


def _list(rows: Sequence[tuple[Any, ...]]) -> None:
    if not rows:
        say(Say("Nobody's name begins so.", "Aucun nom ne commence ainsi."))
        return
    table(["id", Say("name", "nom"), Say("kind", "type"), Say("town", "commune")], rows[:20])
    if len(rows) > 20:
        say(Say("And more: write more of the name.", "Et d'autres : donnez plus du nom."))


def _show(view: "CustomerView") -> None:
    who = view.identity
    heading(f"#{who['customer_id']} {who['name'] or who['org_name'] or ''}")
    place = " ".join(str(part) for part in (who["street"], who["postcode"], who["town"]) if part)
    facts = ", ".join(
        f"{key} {value}" for key, value in sorted(who["facts"].items()) if not isinstance(value, dict | list)
    )
    lines: list[tuple[Say, object]] = [
        (Say("kind", "type"), ", ".join(who["kinds"])),
        (Say("status", "statut"), who["status"]),
        (Say("organisation", "organisation"), who["org_name"] if who["name"] else who["trade_name"]),
        (
            Say("specialty", "spécialité"),
            " ".join(str(part) for part in (who["specialty"], who["specialty_group"]) if part),
        ),
        (
            Say("sector, category", "secteur, catégorie"),
            " ".join(str(part) for part in (who["sector"], who["category"]) if part),
        ),
        (Say("place", "lieu"), f"{place} ({who['department'] or '?'}, {who['region'] or '?'})"),
        (Say("language", "langue"), who["language"]),
        (Say("credit", "encours"), None if who["credit_status"] == "ok" else who["credit_status"]),
        (Say("no visits, no calls", "ni visite ni appel"), True if who["do_not_call"] else None),
        (Say("never speak of", "ne jamais parler de"), ", ".join(who["restricted_brands"])),
        (Say("facts", "faits"), facts),
        (Say("source", "source"), f"{who['source']}, {who['source_date'] or '?'}"),
    ]
    table(["", ""], [(label, value) for label, value in lines if value])
    _why_not(view)
    for part, (title, columns) in TITLES.items():
        rows = view.parts[part]
        if not rows:
            continue
        heading(title)
        shown = [[_shown(cell) for cell in row] for row in rows]
        kept = [place for place in range(len(columns)) if any(row[place] not in (None, "") for row in shown)]
        table(
            [Say(*columns[place].split("|")) for place in kept],
            [[row[place] for place in kept] for row in shown],
        )


def _why_not(view: "CustomerView") -> None:
    from engine.actions.explain import because

    heading(Say("Today, by channel", "Aujourd'hui, par canal"))
    if not view.verdicts:
        say(Say("Not known: there is no contact policy here. See 'touchbase check'.", "Inconnu : pas de politique de contact ici. Voyez « touchbase check »."))  # fmt: skip
        return
    table(
        [Say("channel", "canal"), Say("purpose", "finalité"), Say("may be reached", "joignable"), Say("why not", "pourquoi pas")],
        [(one.channel, one.purpose, not one.reasons, _because(because(one.reasons), one.rule)) for one in view.verdicts],
    )  # fmt: skip


def _because(words: Say, rule: str | None) -> Say:
    return words if rule is None else Say(f"{words.en} [{rule}]", f"{words.fr} [{rule}]")


def _shown(cell: object) -> object:
    if isinstance(cell, dt.datetime):
        return f"{cell.astimezone(HOME):%Y-%m-%d %H:%M}"
    if isinstance(cell, str):
        return OPTS.get(cell, cell.replace("|", ", "))
    return cell


def _as_json(view: "CustomerView") -> str:
    verdicts = [
        {"channel": one.channel, "purpose": one.purpose, "reasons": one.reasons, "rule": one.rule}
        for one in view.verdicts
    ]
    parts = {
        name: [[str(cell) if cell is not None else None for cell in row] for row in rows]
        for name, rows in view.parts.items()
    }
    return json.dumps(
        {"identity": view.identity, **parts, "today": verdicts}, default=str, ensure_ascii=False, indent=1
    )
