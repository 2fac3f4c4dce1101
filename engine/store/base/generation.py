"""A base of made-up customers, written set by set: the statements of sql/generation.sql in their order."""

import datetime as dt
from collections.abc import Callable
from typing import Any, Final

from psycopg.types.numeric import Int4, Int8

from engine.store.base import consents, french
from engine.store.base.bulk import bare
from engine.store.base.envelopes import lay_out
from engine.store.database import Connection, run
from engine.store.statements import statement

TABLES: Final = (
    "customer", "identifier", "contact_guard", "affiliation", "contact_point", "consent_event", "consent", "alignment",
    "rep_calendar", "touch", "response", "orders", "order_line",
)  # fmt: skip

LARGEST: Final = 6_000_000  #: FINESS of the fictional range have six free digits


def fill(
    connection: Connection,
    *,
    customers: int,
    seed: int,
    months: int,
    on: dt.date,
    touches: int,
    responses: float,
    say: Callable[[str], None],
) -> tuple[int, ...]:
    """Fill an empty base, in one transaction; return the counts that the statement `counted` names."""
    pharmacies, hospitals = max(customers * 13 // 100, 1), max(customers * 22 // 1000, 1)
    organisations = pharmacies + hospitals + customers * 6 // 1000
    each = responses / touches if touches else 0.0
    most = max(int(-(-each // 1)), 1)
    given: dict[str, Any] = {
        "customers": Int8(customers), "seed": Int8(seed * 1000), "months": Int4(months), "on": on,
        "touches": Int4(touches), "most": Int4(most), "per_million": Int4(round(each / most * 1_000_000)),
        "pharmacies_n": Int4(pharmacies), "hospitals_n": Int4(hospitals), "organisations_n": Int4(organisations),
        "adjoints_n": Int4(pharmacies // 4),
        "women": french.WOMEN, "men": french.MEN, "families": [_spaced(name) for name in french.FAMILIES],
        "streets": french.STREETS, "pharmacies": french.PHARMACIES, "hospitals": french.HOSPITALS,
        "postcodes": [town[0] for town in french.TOWNS], "towns": [_spaced(town[1]) for town in french.TOWNS],
        "departments": [town[2] for town in french.TOWNS], "weights": [town[3] for town in french.TOWNS],
        "codes": [skill[0] for skill in french.SPECIALTIES], "groups": [skill[1] for skill in french.SPECIALTIES],
        "shares": [skill[2] for skill in french.SPECIALTIES],
    }  # fmt: skip

    def do(*names: str) -> None:
        for name in names:
            run(connection, statement("generation", name), given)

    with connection.transaction():
        connection.execute("SET LOCAL work_mem = '256MB'")
        with bare(connection, TABLES):
            say("people and places")
            do("words", "places", "skills")
            connection.execute("ANALYZE word, place, skill")
            do("made")
            connection.execute("ANALYZE made")
            do("customers", "identifiers", "guards", "affiliations")
            say("addresses")
            do("addressees")
            lay_out(connection)
            do("mailboxes", "telephones", "letterboxes", "sharing")
            say("consents")
            connection.execute("ANALYZE contact_point")
            do("consent_events")
            consents.resolve(connection, None, now=dt.datetime.combine(on, dt.time(12), dt.UTC))
            say("territories and reps")
            do("sectors", "territories", "reps", "assignments", "alignments", "calendars")
            say("products and orders")
            do(
                "products",
                "product_list",
                "presentations",
                "order_heads",
                "lines_made",
                "orders",
                "order_lines",
            )
            say("contact history")
            do("touches", "responses", "sequences")
            connection.execute("DROP TABLE made")
            say("indexes")
    say("statistics")
    connection.execute("ANALYZE")
    row = run(connection, statement("generation", "counted")).fetchone()
    assert row is not None
    return tuple(int(count) for count in row)


def _spaced(name: str) -> str:
    """Return a town or family name as it is written: the lists have '-' where an article stands apart.

    >>> _spaced("Le-Havre"), _spaced("Saint-Denis"), _spaced("Da-Silva")
    ('Le Havre', 'Saint-Denis', 'Da Silva')
    """
    for article in ("Le-", "La-", "Les-", "Da-", "de-La-"):
        if name.startswith(article):
            return article.replace("-", " ") + name[len(article) :]
    return name
