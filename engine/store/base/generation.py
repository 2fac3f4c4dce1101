"""A base of made-up customers, written set by set: the statements of sql/generation.sql in their order.

Two connections work side by side: one writes people and what hangs on them, the other the contact
history, which points at nobody by a key. What both read stands in a schema of its own, `making`,
that is gone in the end; one that a killed process left is removed by the next.
"""

import datetime as dt
import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

from psycopg import sql
from psycopg.types.json import Jsonb
from psycopg.types.numeric import Int4, Int8

from engine.problems import Say
from engine.rules.calendar import Region, is_working_day
from engine.rules.postal import WIDTH, Parts, address_block, shortened
from engine.rules.postal_words import folded
from engine.store.base import french
from engine.store.base.bulk import bare
from engine.store.database import Connection, beside, run
from engine.store.statements import statement

PEOPLE: Final = (
    "customer", "customer_version", "identifier", "contact_guard", "affiliation", "contact_point", "consent_event", "consent",
    "alignment", "rep_calendar", "orders", "order_line",
)  # fmt: skip
HISTORY: Final = ("touch", "response")
SAMPLED_WITH_HISTORY: Final = ("orders", "order_line", "consent", "consent_event", "alignment")
SMALL: Final = ("territory", "rep", "rep_assignment", "brand", "product", "presentation")

Tell: TypeAlias = Callable[[Say, int], None]
"""Told what is being made, and how many rows stand already."""

PLACES: Final = Say("people and places", "personnes et lieux")
CUSTOMERS: Final = Say("customers", "clients")
ADDRESSES: Final = Say("addresses", "adresses")
CONSENTS: Final = Say("consents", "consentements")
FIELD: Final = Say("territories and reps", "secteurs et délégués")
ORDERS: Final = Say("products and orders", "produits et commandes")
KEYS: Final = Say("keys and indexes", "clés et index")
SAMPLES: Final = Say("statistics", "statistiques")
CONTACTS: Final = Say("contact history", "historique des contacts")

PEOPLE_STEPS: Final = (
    (CUSTOMERS, ("customers", "versions", "identifiers", "affiliations")),
    (ADDRESSES, ("contact_points",)),
    (CONSENTS, ("consent_events", "consents", "guards")),
    (FIELD, ("sectors", "territories", "reps", "assignments", "alignments", "calendars")),
    (ORDERS, ("products", "product_list", "presentations", "orders", "people_numbered")),
)

LARGEST: Final = 6_000_000  #: FINESS of the fictional range have six free digits
_REGIONS: Final[tuple[Region, ...]] = ("FR", "FR-AM", "FR-971", "FR-972", "FR-973", "FR-974", "FR-976")
_TOO_LONG: Final = ", résidence des Jardins de l'Ancienne Abbaye, bâtiment C"


def fill(
    connection: Connection,
    *,
    customers: int,
    seed: int,
    months: int,
    on: dt.date,
    touches: int,
    responses: float,
    say: Tell,
) -> dict[str, int]:
    """Fill an empty base; return how many rows each statement wrote, and how many `persons` and `orders` there are.

    Call outside a transaction. All of it is there in the end, or nothing; only the power going out
    between two commits, one after the other, could leave a history without its customers.
    """
    given = _given(customers, seed, months, on)
    with beside(connection) as second, ThreadPoolExecutor(2) as other, _scratch(connection):
        say(PLACES, 0)
        days = other.submit(_days, on, months)
        _make(connection, second, other, given)
        given |= _given_history(days.result(), touches, responses)
        with connection.transaction(), second.transaction():
            history = other.submit(_write_history, second, given)
            try:
                written = _write_people(connection, given, say)
                say(CONTACTS, sum(written.values()))
                written |= history.result()
            except BaseException:
                second.cancel()  # the error leaves only when the other has stopped
                raise
        say(SAMPLES, sum(written.values()))
        sampled = other.submit(_sample, second, [*HISTORY, *SAMPLED_WITH_HISTORY], customers)
        _sample(
            connection, [name for name in (*PEOPLE, *SMALL) if name not in SAMPLED_WITH_HISTORY], customers
        )
        sampled.result()
        row = run(connection, statement("generation", "counted")).fetchone()
    assert row is not None
    return written | {"persons": int(row[0]), "orders": int(row[1])}


@contextmanager
def _scratch(connection: Connection) -> Iterator[None]:
    connection.execute("DROP SCHEMA IF EXISTS making CASCADE")
    connection.execute("CREATE SCHEMA making")
    try:
        yield
    finally:
        connection.execute("DROP SCHEMA making CASCADE")


def _make(
    connection: Connection, second: Connection, other: ThreadPoolExecutor, given: dict[str, Any]
) -> None:
    """Draw everybody, half by one connection and half by the other."""
    middle = int(given["customers"]) // 2
    made = sql.SQL(statement("generation", "made"))
    low = {**given, "first": Int8(1), "last": Int8(middle)}
    high = {**given, "first": Int8(middle + 1), "last": given["customers"]}
    half = other.submit(second.execute, made.format(part=sql.Identifier("high")), high)
    try:
        connection.execute(made.format(part=sql.Identifier("low")), low)
        half.result()
    except BaseException:
        second.cancel()
        raise
    run(connection, statement("generation", "everybody"))
    connection.execute(
        "CREATE UNLOGGED TABLE making.letterhead (organisation text, alone text, over_person text)"
    )
    names = [str(row[0]) for row in run(connection, statement("generation", "letterheads"))]
    with connection.cursor().copy("COPY making.letterhead FROM STDIN") as copy:
        for name in names:
            copy.write_row((name, *_letterhead(name)))
    with connection.transaction():
        connection.execute("SET LOCAL default_statistics_target = 10")
        connection.execute(
            "ANALYZE making.low (n, organisation), making.high (n, organisation), making.letterhead"
        )


def _write_people(connection: Connection, given: dict[str, Any], say: Tell) -> dict[str, int]:
    """Write customers and what hangs on them; return how many rows each statement wrote."""
    _prepare(connection)
    written: dict[str, int] = {}
    with bare(connection, PEOPLE, whole=True):
        for what, names in PEOPLE_STEPS:
            for name in names:
                say(what, sum(written.values()))
                written[name] = run(connection, statement("generation", name), given).rowcount
        say(KEYS, sum(written.values()))
        # the history is the smaller half: a core is free by now
        connection.execute("SET LOCAL min_parallel_table_scan_size = '1MB'")
    return written


def _write_history(connection: Connection, given: dict[str, Any]) -> dict[str, int]:
    _prepare(connection)
    with bare(connection, HISTORY, whole=True):
        return {
            name: run(connection, statement("generation", name), given).rowcount
            for name in ("touches", "responses", "history_numbered")
        }


def _prepare(connection: Connection) -> None:
    connection.execute("SET LOCAL work_mem = '256MB'")
    # The two would wait for each other for ever, were there one day a table that points at both their tables.
    connection.execute("SET LOCAL lock_timeout = '20s'")


def _sample(connection: Connection, tables: Sequence[str], customers: int) -> None:
    """Let the planner know what the tables hold; of a small base a smaller sample says as much."""
    target = max(20, min(100, customers // 5_000))
    with connection.transaction():
        connection.execute(sql.SQL("SET LOCAL default_statistics_target = {}").format(sql.Literal(target)))
        connection.execute(sql.SQL("ANALYZE {}").format(sql.SQL(", ").join(map(sql.Identifier, tables))))


def _given_history(days: list[dt.date], touches: int, responses: float) -> dict[str, Any]:
    """Return what the statements of the contact history are bound to, beside the rest."""
    each = responses / touches if touches else 0.0
    most = max(math.ceil(each), 1)
    period = max(len(days) // max(touches, 1), 1)
    return {
        "touches": Int4(touches), "most": Int4(most), "per_million": Int4(round(each / most * 1_000_000)),
        # two touches of a customer are three weeks apart where that leaves room, and four visits fit a year
        "days": [dt.datetime.combine(day, dt.time(), dt.UTC) for day in days], "years": [Int4(day.year) for day in days],
        "seasons": [Int4(_is_season(day) + 2 * _is_season(day, south=True)) for day in days],
        "days_n": Int4(len(days)), "period": Int4(period), "part_of_period": Int4(max(period - 15, 1)), "visit_every": Int4(-(-85 // period)),
    }  # fmt: skip


def _given(customers: int, seed: int, months: int, on: dt.date) -> dict[str, Any]:
    """Return what the statements are bound to."""
    pharmacies, hospitals = max(customers * 13 // 100, 1), max(customers * 22 // 1000, 1)
    organisations = pharmacies + hospitals + customers * 6 // 1000
    weights = [town[3] for town in french.TOWNS]
    return {
        "customers": Int8(customers), "seed": Int8(seed * 1000), "months": Int4(months), "on": on,
        "day_of_year": Int4(on.timetuple().tm_yday),
        "known": dt.datetime.combine(on, dt.time(), dt.UTC) - dt.timedelta(days=max(months * 31, 731) + 60),
        "pharmacies_n": Int8(pharmacies), "hospitals_n": Int8(hospitals), "organisations_n": Int8(organisations),
        "adjoints_n": Int8(pharmacies // 4), "named_n": Int8(organisations + pharmacies + pharmacies // 4 + hospitals),
        "women": french.WOMEN, "men": french.MEN, "families": [_spaced(name) for name in french.FAMILIES],
        "streets": french.STREETS, "too_long": _TOO_LONG,
        "long_streets": [shortened(folded(street + _TOO_LONG)) for street in french.STREETS],
        "pharmacies": french.PHARMACIES, "hospitals": french.HOSPITALS,
        "postcodes": [town[0] for town in french.TOWNS], "towns": [_spaced(town[1]) for town in french.TOWNS],
        "departments": [town[2] for town in french.TOWNS],
        "general": _drawn_from([weight + 12 for weight in weights]),
        "special": _drawn_from([round(weight * math.sqrt(weight) / 6) for weight in weights]),
        "codes": [skill[0] for skill in french.SPECIALTIES], "groups": [skill[1] for skill in french.SPECIALTIES],
        "skills": _drawn_from([skill[2] for skill in french.SPECIALTIES]),
        "facts": [Jsonb({"potential": potential} | ({"rfm_tier": tier} if tier < 5 else {}))
                  for potential in range(1, 6) for tier in range(1, 6)],
    }  # fmt: skip


def _days(on: dt.date, months: int) -> list[dt.date]:
    """Return the days of `months` months before a day on which everybody works; the last answers have come in."""
    last = on - dt.timedelta(days=10)
    days = [last - dt.timedelta(days=back) for back in range(months * 30 - 10, -1, -1)]
    return [day for day in days if all(is_working_day(day, region) for region in _REGIONS)]


def _is_season(day: dt.date, *, south: bool = False) -> bool:
    """Return whether a vaccine against influenza may be spoken of: from the national start on; in the south, May to October (C-71)."""
    of_year = (day.month, day.day)
    return (5, 12) <= of_year <= (10, 31) if south else not (1, 31) < of_year < (10, 14)


def _drawn_from(weights: list[int]) -> list[Int4]:
    """Return each place, counted from 1, as often as its weight says: drawing from them is drawing by weight.

    >>> [int(place) for place in _drawn_from([2, 0, 1])]
    [1, 1, 3]
    """
    return [Int4(place) for place, weight in enumerate(weights, 1) for _ in range(weight)]


def _letterhead(organisation: str) -> tuple[str, str]:
    """Return the lines of an organisation's name, alone and above a person's, as they stand on an envelope."""
    if len(organisation) <= WIDTH:
        return folded(organisation), organisation
    alone = address_block(
        Parts(organisation=organisation, street="1 rue Basse", postcode="44000", town="Nantes")
    )
    person = address_block(
        Parts(
            organisation=organisation,
            person="Dr Anne Roy",
            street="1 rue Basse",
            postcode="44000",
            town="Nantes",
        )
    )
    return "|".join(alone.lines[:-2]), "|".join(person.lines[:-3])


def _spaced(name: str) -> str:
    """Return a town or family name as it is written: the lists have '-' where an article stands apart.

    >>> _spaced("Le-Havre"), _spaced("Saint-Denis"), _spaced("Da-Silva")
    ('Le Havre', 'Saint-Denis', 'Da Silva')
    """
    for article in ("Le-", "La-", "Les-", "Da-", "de-La-"):
        if name.startswith(article):
            return article.replace("-", " ") + name[len(article) :]
    return name
