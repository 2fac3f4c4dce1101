"""The figures of a report against published ones and against statsmodels."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.rules.measurement import (
    Cell,
    Interval,
    Value,
    curve_of_counts,
    detectable,
    effect_in_words,
    lift,
    more_value,
    power_in_words,
    response_curve,
    return_in_words,
    return_on_cost,
    wilson,
    z_score,
)


@st.composite
def cells(draw: st.DrawFn) -> Cell:
    customers = draw(st.integers(1, 5000))
    return Cell(customers, draw(st.integers(0, customers)))


def test_newcombes_own_example_comes_out_as_published() -> None:
    effect = lift(Cell(70, 56), Cell(80, 48))

    assert (round(effect.low, 4), round(effect.high, 4)) == (0.0524, 0.3339)


@settings(deadline=None)  # the first call imports statsmodels
@given(touched=cells(), holdout=cells())
def test_the_interval_is_that_of_statsmodels(touched: Cell, holdout: Cell) -> None:
    from statsmodels.stats.proportion import confint_proportions_2indep

    low, high = confint_proportions_2indep(
        touched.responded, touched.customers, holdout.responded, holdout.customers, method="newcomb"
    )

    assert lift(touched, holdout).low == pytest.approx(low, abs=1e-9)
    assert lift(touched, holdout).high == pytest.approx(high, abs=1e-9)


@settings(deadline=None)  # the first call imports statsmodels
@given(cell=cells())
def test_the_range_of_a_rate_is_that_of_statsmodels(cell: Cell) -> None:
    from statsmodels.stats.proportion import proportion_confint

    low, high = proportion_confint(cell.responded, cell.customers, method="wilson")

    assert (wilson(cell).low, wilson(cell).high) == (
        pytest.approx(low, abs=1e-9),
        pytest.approx(high, abs=1e-9),
    )


def test_nine_percent_of_2700_against_six_of_300_is_no_effect() -> None:
    touched, holdout = Cell(2700, 243), Cell(300, 18)

    assert round(z_score(touched, holdout), 2) == 1.75
    assert not lift(touched, holdout).shows_effect


def test_twelve_percent_of_3600_against_eight_of_900_is_an_effect() -> None:
    touched, holdout = Cell(3600, 432), Cell(900, 72)

    assert round(z_score(touched, holdout), 2) == 3.40
    assert lift(touched, holdout).shows_effect


def test_no_effect_is_said_in_words() -> None:
    touched, holdout = Cell(2700, 243), Cell(300, 18)

    said = effect_in_words(touched, holdout, lift(touched, holdout))

    assert "No effect shown" in said.en and "between −0.4 and +5.5 points" in said.en
    assert "Aucun effet démontré" in said.fr and "entre −0,4 et +5,5 points" in said.fr


def test_an_effect_is_said_with_its_range_and_its_responses() -> None:
    touched, holdout = Cell(3600, 432), Cell(900, 72)

    said = effect_in_words(touched, holdout, lift(touched, holdout))

    assert "raised the rate by 4.0 points (between +1.8 and +5.9, 95% sure): about 144 responses" in said.en


def test_a_campaign_that_harms_is_said_to_harm() -> None:
    touched, holdout = Cell(3600, 72), Cell(900, 90)

    assert "lowered the rate" in effect_in_words(touched, holdout, lift(touched, holdout)).en


def test_an_empty_holdout_compares_with_nobody() -> None:
    with pytest.raises(ValueError, match="empty"):
        lift(Cell(100, 3), Cell(0, 0))


def test_the_plan_says_what_the_holdout_can_show() -> None:
    said = power_in_words(2700, 300, base=0.068)

    assert said.en == (
        "With 2,700 treated against 300 left alone you will see a difference of 5.1 points or more "
        "in 8 of 10 such campaigns (if 6.8% respond without it)."
    )


def test_ten_customers_can_show_nothing_and_are_told_so() -> None:
    assert detectable(3, 1, base=0.3) is None
    assert "too few" in power_in_words(3, 1, base=0.3).en


@pytest.mark.parametrize(("treated", "held_out", "base"), [(2700, 300, 0.06), (900, 225, 0.08)])
def test_a_detectable_rise_is_shown_in_eight_of_ten_campaigns(
    treated: int, held_out: int, base: float
) -> None:
    import numpy
    from scipy.stats import binom

    rise = detectable(treated, held_out, base)
    assert rise is not None
    many, few = numpy.arange(treated + 1), numpy.arange(held_out + 1)
    chance_of_many, chance_of_few = binom.pmf(many, treated, base + rise), binom.pmf(few, held_out, base)
    likely_many, likely_few = many[chance_of_many > 1e-5], few[chance_of_few > 1e-5]

    shown = sum(
        chance_of_many[k] * chance_of_few[m]
        for k in likely_many
        for m in likely_few
        if lift(Cell(treated, int(k)), Cell(held_out, int(m))).low > 0
    )

    assert 0.78 < shown < 0.83


def test_the_curve_never_falls_and_ends_at_the_share_that_responded() -> None:
    assert response_curve([0, 2, 2, None], horizon=4) == [0.25, 0.25, 0.75, 0.75, 0.75]


def test_a_curve_of_counts_is_the_curve_of_its_customers() -> None:
    assert curve_of_counts({0: 1, 2: 2}, 4, 4) == response_curve([0, 2, 2, None], 4)


def _value(orders: list[float]) -> Value:
    return Value(len(orders), sum(orders), sum(order * order for order in orders))


def test_added_value_is_the_welch_interval_of_statsmodels() -> None:
    from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

    with_it, without = [0.0, 0, 350, 0, 420, 0, 0, 980], [0.0, 0, 0, 310, 0]
    low, high = CompareMeans(DescrStatsW(with_it), DescrStatsW(without)).zconfint_diff(usevar="unequal")

    added = more_value(_value(with_it), _value(without))

    assert (added.low, added.high) == (pytest.approx(low), pytest.approx(high))


def test_the_return_scales_added_value_to_all_treated_customers() -> None:
    added = Interval(10.0, 4.0, 16.0)

    assert return_on_cost(added, customers=200, cost=500.0, margin=0.5) == Interval(2.0, 0.8, 3.2)


def test_a_campaign_without_cost_has_no_return() -> None:
    assert return_on_cost(Interval(1, 0, 2), customers=10, cost=0) is None
    assert "no recorded cost" in return_in_words(None, of_margin=False).en


def test_a_return_that_may_be_a_loss_is_not_praised() -> None:
    said = return_in_words(Interval(1.2, -0.4, 2.8), of_margin=True)

    assert said.en == "No added margin shown: per euro spent between −€0.40 and €2.80."
