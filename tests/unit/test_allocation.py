"""Draws: stable, monotone, and as even as chance allows."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from engine.rules.allocation import cell_of, digits, edge, is_held_out

SHARES = st.integers(0, 100).map(lambda percent: Decimal(percent) / 100)


@given(st.integers(1, 10**9), SHARES, SHARES)
def test_a_larger_share_never_lets_anybody_out_of_the_holdout(
    customer: int, one: Decimal, other: Decimal
) -> None:
    small, large = sorted([one, other])

    assert is_held_out("hivernax-2026", large, customer) or not is_held_out("hivernax-2026", small, customer)


@given(st.integers(1, 10**9))
def test_everybody_falls_into_a_cell(customer: int) -> None:
    assert cell_of("dermapharm", {"a": Decimal("0.5"), "b": Decimal("0.5")}, customer) in ("a", "b")


def test_the_holdout_says_nothing_about_the_cell() -> None:
    held = [number for number in range(20_000) if is_held_out("k", Decimal("0.2"), number)]
    in_a = sum(cell_of("k", {"a": Decimal("0.5"), "b": Decimal("0.5")}, number) == "a" for number in held)

    assert abs(in_a / len(held) - 0.5) < 0.03


def test_a_share_holds_out_about_that_share() -> None:
    held = sum(is_held_out("hivernax-2026", Decimal("0.15"), number) for number in range(50_000))

    assert abs(held / 50_000 - 0.15) < 0.01


def test_two_campaigns_draw_apart() -> None:
    assert digits("hivernax-2026", "holdout", 1) != digits("dermapharm-direct-2026", "holdout", 1)


def test_nobody_is_held_out_at_zero_and_everybody_at_one() -> None:
    assert (is_held_out("k", Decimal(0), 7), is_held_out("k", Decimal(1), 7), edge(Decimal(1))) == (
        False,
        True,
        "g",
    )
