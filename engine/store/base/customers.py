"""Customers of a delivery merged into the base: the statements of sql/load_customers.sql in their order."""

import datetime as dt
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, Final, LiteralString

from psycopg.types.numeric import Int8

from engine.problems import Say
from engine.store.base.bulk import bare
from engine.store.base.envelopes import lay_out
from engine.store.base.feeds import Feed
from engine.store.base.staging import Rejected, Staged
from engine.store.database import Connection, run
from engine.store.statements import statement

FROM_NOTHING: Final = 20_000
"""New customers from which on indexes are built at once, if the base holds fewer than these."""

TABLES: Final = ("customer", "identifier", "contact_guard", "contact_point")

_SETTINGS: Final[tuple[LiteralString, ...]] = (
    "SET LOCAL work_mem = '64MB'",  # a hash of a million identifiers, in memory
    "SET LOCAL enable_mergejoin = off",  # it would sort a million texts first
    "SET LOCAL parallel_tuple_cost = 0",  # cleaning a line costs far more than handing it on
    "SET LOCAL parallel_setup_cost = 0",
)
"""For the transaction of a merge."""

_LOOK: Final = Say("Check it at the source; the next delivery corrects it.", "Vérifiez-le à la source ; la prochaine livraison le corrigera.")  # fmt: skip

FAULTS: Final[Mapping[str, tuple[str | None, Say, Say]]] = {
    "two_customers": (None, Say("its identifiers belong to two customers", "ses identifiants appartiennent à deux clients"),
        Say("Merge the two, or correct the identifiers.", "Fusionnez les deux fiches ou corrigez les identifiants.")),
    "same_identifier": (None, Say("an identifier that an earlier line has", "un identifiant déjà pris par une ligne précédente"),
        Say("Give each customer its own.", "Donnez à chaque client le sien.")),
    "unknown_kind": ("kind", Say("no kind that we know", "type de client inconnu"),
        Say("Write prescriber, pharmacist, pharmacy, hospital, distributor, wholesaler, authority, expert, patient, press or paramedical.",
            "Écrivez médecin, pharmacien, pharmacie, hôpital, répartiteur, tutelle, expert, patient, presse ou paramedical.")),
    "bad_rpps": ("rpps", Say("not the 11 digits of an RPPS", "pas les 11 chiffres d'un RPPS"),
        Say("Copy it as text; a spreadsheet may have changed it.", "Copiez-le en texte ; un tableur a pu le modifier.")),
    "bad_finess": ("finess", Say("not the 9 characters of a FINESS", "pas les 9 caractères d'un FINESS"),
        Say("Copy it as text; a spreadsheet may have changed it.", "Copiez-le en texte ; un tableur a pu le modifier.")),
    "bad_siret": ("siret", Say("not the 14 digits of a SIRET", "pas les 14 chiffres d'un SIRET"),
        Say("Copy it as text; a spreadsheet may have changed it.", "Copiez-le en texte ; un tableur a pu le modifier.")),
    "odd_rpps": ("rpps", Say("an RPPS whose key is wrong; kept", "un RPPS dont la clé est fausse ; gardé"), _LOOK),
    "odd_finess": ("finess", Say("a FINESS whose key is wrong; kept", "un FINESS dont la clé est fausse ; gardé"), _LOOK),
    "odd_siret": ("siret", Say("a SIRET whose key is wrong; kept", "un SIRET dont la clé est fausse ; gardé"), _LOOK),
    "no_identifier": (None, Say("no identifier", "aucun identifiant"),
        Say("Give an id, RPPS, FINESS or SIRET: without one, the next delivery would make the customer again.",
            "Donnez un id, un RPPS, un FINESS ou un SIRET : sans lui, la livraison suivante recréerait le client.")),
    "no_name": (None, Say("no name", "aucun nom"), Say("Give last_name or org_name.", "Donnez last_name ou org_name.")),
    "bad_email": ("email", Say("not an e-mail address", "pas une adresse e-mail"), Say("Correct it at the source.", "Corrigez-la à la source.")),
    "bad_phone": ("phone", Say("not a telephone number", "pas un numéro de téléphone"), Say("Correct it at the source.", "Corrigez-le à la source.")),
    "bad_mobile": ("mobile", Say("not a telephone number", "pas un numéro de téléphone"), Say("Correct it at the source.", "Corrigez-le à la source.")),
    "bad_postcode": ("postcode", Say("not the 5 digits of a postcode", "pas les 5 chiffres d'un code postal"),
        Say("Correct it, or say the country.", "Corrigez-le, ou indiquez le pays.")),
    "bad_place": ("latitude", Say("not a place on earth", "pas un point sur la terre"), Say("Write degrees: 48.8375.", "Écrivez des degrés : 48.8375.")),
    "bad_date": ("source_date", Say("not a date", "pas une date"), Say("Write 2026-03-31 or 31/03/2026.", "Écrivez 2026-03-31 ou 31/03/2026.")),
}  # fmt: skip
"""What is wrong with a line or a value: its column, the words, the way out."""


@dataclass(frozen=True, slots=True)
class Merged:
    """What a delivery did to the base."""

    created: int
    changed: int
    unchanged: int
    repeated: int  #: lines about a customer of a later line
    finess_repaired: int = 0  #: leading zeros put back
    phones_repaired: int = 0
    postcodes_repaired: int = 0
    marks_removed: int = 0  #: lines with invisible characters in a name or street
    suspect: int = 0  #: identifiers kept although their key is wrong
    unresolved: int = 0  #: lines whose town is not known under that postcode
    towns: tuple[tuple[str, str], ...] = ()  #: those towns
    rejected: list[Rejected] = field(default_factory=list)


def merge(
    connection: Connection, feed: Feed, staged: Staged, *, source: str, on: dt.date, batch: int
) -> Merged:
    """Take up `load_stage`; call inside a transaction."""
    connection.execute("LOCK TABLE customer IN SHARE ROW EXCLUSIVE MODE")  # who makes customers takes turns
    reserved = run(connection, _statement("reserve"), {"lines": Int8(staged.lines)}).fetchone()
    assert reserved is not None
    given: dict[str, Any] = {
        "base": Int8(reserved[0]), "kind": feed.fixed.get("kind"), "sector": feed.fixed.get("sector"),
        "category": feed.fixed.get("category"), "ext_scheme": f"ext:{source}", "source": source, "on": on,
        "batch": Int8(batch), "lines": Int8(staged.lines),
    }  # fmt: skip

    def do(*names: str) -> int:
        rows = 0
        for name in names:
            rows = run(connection, _statement(name), given).rowcount
        return rows

    for setting in _SETTINGS:
        connection.execute(setting)
    connection.execute("ANALYZE load_stage (line)")
    do("places", "days")
    connection.execute("ANALYZE load_place (raw), load_day (raw)")
    run(connection, _composed(_statement("incoming"), feed, staged), given)
    connection.execute("ANALYZE load_incoming (customer_id, found, fault)")
    repeated = 0
    new, known, twice = _lines(connection)
    if twice:
        repeated = do("repeats")
        do("clashes")
    given["has_known"] = known > 0
    do("addressees")
    lay_out(connection)
    do("points")
    connection.execute("ANALYZE load_point (customer_id)")
    do("alike", "customers_changed", "customers_before", "made")
    with bare(connection, TABLES) if _fills(connection, new) else nullcontext():
        if new:
            do("customers_new", "identifiers_new", "guards_new")
        do("sharing")
        if new:
            do("points_new")
    if known:
        do(
            "customers_updated",
            "identifiers_more",
            "points_more",
            "notices",
            "not_main",
            "mains_off",
            "mains_on",
        )
    counts = run(connection, _statement("counted")).fetchone()
    assert counts is not None
    created, changed, known, finess, phones, postcodes, marks, suspect, unresolved = map(int, counts)
    rejected = [
        Rejected(int(line), *FAULTS[fault], whole_line=bool(whole), is_kept=fault.startswith("odd_"))
        for line, fault, whole in run(connection, _statement("faults"))
    ]
    towns = tuple((str(code), str(town)) for code, town in run(connection, _statement("unresolved")))
    connection.execute("DROP VIEW addressee")
    connection.execute(
        "DROP TABLE load_place, load_day, load_incoming, load_point, load_alike, load_changed, laid_out"
    )
    connection.execute("DROP TABLE IF EXISTS best")
    return Merged(
        created,
        changed,
        known - changed,
        repeated,
        finess,
        phones,
        postcodes,
        marks,
        suspect,
        unresolved,
        towns,
        rejected,
    )


def _lines(connection: Connection) -> tuple[int, int, bool]:
    """Return how many lines are about new and about known customers, and whether two may be about the same."""
    row = run(connection, _statement("lines")).fetchone()
    assert row is not None
    return int(row[0]), int(row[1]), bool(row[2])


def _fills(connection: Connection, new: int) -> bool:
    """Return whether the base is so small beside what comes that its indexes are better built again."""
    row = connection.execute("SELECT count(*) FROM customer").fetchone()
    assert row is not None
    return new >= FROM_NOTHING and new > int(row[0])


def _statement(name: str) -> LiteralString:
    return statement("load_customers", name)


def _composed(text: LiteralString, feed: Feed, staged: Staged) -> LiteralString:
    """Return the statement with the file's own columns in it.

    A column that the file lacks is written as NULL, so that the planner drops whatever is computed of it.
    Facts: numbers as numbers, the rest as words.
    """
    facts = [name for name in {*feed.columns, *staged.facts} if name.startswith("fact:")]
    present = [name for name in sorted(facts) if name in staged.columns]
    parts = []
    for name in present:
        column = "s." + _quoted(name)
        key = name.removeprefix("fact:").replace("'", "''")
        parts.append(
            f"'{key}', CASE WHEN translate({column}, '0123456789', '') = '' AND length({column}) BETWEEN 1 AND 15 THEN to_jsonb({column}::bigint)"
            f" WHEN {column} ~ '^ *-?\\d{{1,15}}(\\.\\d+)? *$' THEN to_jsonb({column}::numeric)"
            f" ELSE to_jsonb(tidy({column})) END".replace("%", "%%")
        )
    if "hours_html" in staged.columns:
        parts.append(
            "'opening_hours', to_jsonb(regexp_replace(regexp_replace(substring(s.hours_html FROM '<div class=\"horaires\">(.*?)</div>'),"
            " '</li>\\s*<li>', '; ', 'g'), '<[^>]+>', '', 'g'))"
        )
    columns = ", ".join(
        _quoted(name) if name in staged.columns else f"NULL::text AS {_quoted(name)}"
        for name in (*feed.columns, *(name for name in facts if name not in feed.columns))
    )
    return text.replace(
        "/*facts*/", f"jsonb_strip_nulls(jsonb_build_object({', '.join(parts)}))" if parts else "'{}'::jsonb"
    ).replace("/*stage*/", f"(SELECT line, {columns.replace('%', '%%')} FROM load_stage)")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
