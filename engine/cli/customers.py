"""Commands about the customer base."""

import time

from engine.app import open_app
from engine.cli.clock import HOME, moment
from engine.cli.console import count, say
from engine.problems import Say


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
    with app.database("generate") as connection:
        found = made(connection, customers, seed, on=app.now().astimezone(HOME).date())
    seconds = time.monotonic() - started
    say(
        Say(
            f"{count(found.customers)} customers ({count(found.persons)} persons), {count(found.contact_points)} contact points, "
            f"{count(found.touches)} touches, {count(found.orders)} orders, {found.reps} reps in {seconds:.1f} s.",
            f"{count(found.customers)} clients ({count(found.persons)} personnes), {count(found.contact_points)} points de contact, "
            f"{count(found.touches)} contacts, {count(found.orders)} commandes, {found.reps} délégués en {seconds:.1f} s.",
        )
    )
