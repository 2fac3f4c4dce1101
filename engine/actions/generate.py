"""Make a base of customers who do not exist, as French bases are: for demos, tests of load, and benches."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from engine.problems import Say, UsageError
from engine.store.base import generation
from engine.store.database import Connection


@dataclass(frozen=True, slots=True)
class Generated:
    """How much was made."""

    customers: int
    persons: int
    contact_points: int
    consent_events: int
    touches: int
    responses: int
    orders: int
    reps: int


def generate(
    connection: Connection,
    customers: int,
    seed: int,
    *,
    on: dt.date,
    months: int = 24,
    touches_per_customer: int = 5,
    responses_per_customer: float = 2.0,
    say: generation.Tell = lambda what, rows: None,
) -> Generated:
    """Fill an empty base with `customers` customers of all kinds and `months` of history that ends on a day.

    Call outside a transaction: two connections work side by side. The same arguments make the same base, on every machine. Names and addresses are made up and say so:
    mail at example.org, telephone numbers kept for fiction, RPPS 997..., FINESS 99....

    Args:
        customers: At least 100; about one in six is an organisation.
        touches_per_customer: At most; customers of little potential (4 and 5) have half as many.
        say: Told what is being made and how many rows stand already, for a progress line.

    Raises:
        UsageError: the base has customers already, or the number does not fit.
    """
    if not 100 <= customers <= generation.LARGEST or months < 12 or touches_per_customer < 0:
        raise UsageError(
            Say(
                f"A base of {customers} customers and {months} months cannot be made.",
                f"Une base de {customers} clients et de {months} mois ne peut être créée.",
            ),
            Say(
                f"Ask for 100 to {generation.LARGEST} customers and for 12 months or more.",
                f"Demandez de 100 à {generation.LARGEST} clients et 12 mois ou plus.",
            ),
        )
    with _alone(connection):
        _refuse_a_base_in_use(connection)
        written = generation.fill(
            connection,
            customers=customers,
            seed=seed,
            months=months,
            on=on,
            touches=touches_per_customer,
            responses=responses_per_customer,
            say=say,
        )
    return Generated(
        customers=written["customers"],
        persons=written["persons"],
        contact_points=written["contact_points"],
        consent_events=written["consent_events"],
        touches=written["touches"],
        responses=written["responses"],
        orders=written["orders"],
        reps=written["reps"],
    )


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """Keep a second one out: it would take away what the first is building on."""
    if connection.execute("SELECT pg_try_advisory_lock(hashtext('touchbase generate'))").fetchone() != (
        True,
    ):
        raise UsageError(
            Say(
                "Another `touchbase generate` is filling this base. Nothing was changed.",
                "Un autre `touchbase generate` remplit cette base. Rien n'a été modifié.",
            ),
            Say("Wait for it.", "Attendez qu'il ait fini."),
        )
    try:
        yield
    finally:
        connection.execute("SELECT pg_advisory_unlock(hashtext('touchbase generate'))")


def _refuse_a_base_in_use(connection: Connection) -> None:
    if connection.execute(
        "SELECT EXISTS (SELECT FROM customer) OR EXISTS (SELECT FROM touch) OR EXISTS (SELECT FROM rep) OR EXISTS (SELECT FROM territory)"
    ).fetchone() == (True,):
        raise UsageError(
            Say(
                "The base has customers already; made-up ones are not mixed with them. Nothing was changed.",
                "La base contient déjà des clients ; on n'y mêle pas de clients fictifs. Rien n'a été modifié.",
            ),
            Say(
                "Use an empty database: `make clean` for the embedded one, or another TOUCHBASE_DATABASE_URL.",
                "Prenez une base vide : `make clean` pour celle embarquée, ou une autre TOUCHBASE_DATABASE_URL.",
            ),
        )
