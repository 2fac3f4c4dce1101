"""What a campaign changed: treated against held out, with the honesty that small numbers need.

The formulas are short and exact, so they stand here in closed form; importing statsmodels would cost
each report and each plan two seconds. The tests hold every one of them against statsmodels or a
published figure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import sqrt
from statistics import NormalDist

from engine.problems import Language, Say
from engine.rules.figures import euros, number, percent, points


@dataclass(frozen=True, slots=True)
class Cell:
    """Customers treated alike, and how many of them responded."""

    customers: int
    responded: int

    @property
    def rate(self) -> float:
        """Return the share that responded; 0 of an empty cell."""
        return self.responded / self.customers if self.customers else 0.0


@dataclass(frozen=True, slots=True)
class Value:
    """What a cell was worth: over all its customers, those without an order count as 0."""

    customers: int
    total: float  #: euros
    squares: float  #: sum of the squares of each customer's euros

    @property
    def mean(self) -> float:
        return self.total / self.customers if self.customers else 0.0

    @property
    def variance(self) -> float:
        if self.customers < 2:
            return 0.0
        return max(0.0, (self.squares - self.total**2 / self.customers) / (self.customers - 1))


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and the range in which the truth lies, with the confidence that was asked for."""

    estimate: float
    low: float
    high: float

    @property
    def shows_effect(self) -> bool:
        """Return whether the range leaves out 0: the difference is more than chance would do."""
        return self.low > 0 or self.high < 0


def wilson(cell: Cell, *, confidence: float = 0.95) -> Interval:
    """Return the range in which a cell's true response rate lies.

    Raises:
        ValueError: the cell is empty.

    Source: Wilson (1927), JASA 22:209. Sound for small cells and rates near 0.

    >>> rate = wilson(Cell(customers=300, responded=0))
    >>> f"{rate.low:.3f} to {rate.high:.3f}"
    '0.000 to 0.013'
    """
    if cell.customers <= 0:
        raise ValueError("an empty cell has no rate")
    n, p, z = cell.customers, cell.rate, NormalDist().inv_cdf(0.5 + confidence / 2)
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    reach = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return Interval(p, max(0.0, min(p, middle - reach)), min(1.0, max(p, middle + reach)))


def lift(touched: Cell, holdout: Cell, *, confidence: float = 0.95) -> Interval:
    """Return the range in which the campaign's own effect on the response rate lies.

    The unit is a difference of rates: 0.02 is two responses more among a hundred customers. An
    interval that contains 0 means: no effect shown.

    Everybody who was *meant* to be touched belongs in `touched`, also those whom a channel
    refused; leaving them out would compare reachable customers with all customers.

    Args:
        confidence: How often such an interval covers the truth, 0 to 1.

    Raises:
        ValueError: a cell is empty; there is nothing to compare.

    Source: Newcombe (1998), Statistics in Medicine 17:873, method 10. It stays sound for small
    cells and rates near 0, where the textbook formula does not.

    >>> effect = lift(Cell(customers=70, responded=56), Cell(customers=80, responded=48))
    >>> f"{effect.low:.4f} to {effect.high:.4f}"
    '0.0524 to 0.3339'
    """
    if not touched.customers or not holdout.customers:
        raise ValueError("a cell is empty; there is nothing to compare")
    with_it, without = wilson(touched, confidence=confidence), wilson(holdout, confidence=confidence)
    difference = with_it.estimate - without.estimate
    below = sqrt((with_it.estimate - with_it.low) ** 2 + (without.high - without.estimate) ** 2)
    above = sqrt((with_it.high - with_it.estimate) ** 2 + (without.estimate - without.low) ** 2)
    return Interval(difference, difference - below, difference + above)


def z_score(touched: Cell, holdout: Cell) -> float:
    """Return by how many standard errors two rates differ, were there no effect; 0 if nobody or all responded.

    Beyond 1.96 either way is significant at 5 %. The report words its verdict by `lift`; this figure
    is for those who want to check it by hand.

    >>> round(z_score(Cell(2700, 243), Cell(300, 18)), 2)
    1.75
    """
    pooled = (touched.responded + holdout.responded) / (touched.customers + holdout.customers)
    spread = sqrt(pooled * (1 - pooled) * (1 / touched.customers + 1 / holdout.customers))
    return (touched.rate - holdout.rate) / spread if spread else 0.0


def more_value(touched: Value, holdout: Value, *, confidence: float = 0.95) -> Interval:
    """Return the range in which the euros lie that the campaign added per treated customer.

    The means of few customers with few large orders vary more than this range says; below some
    thirty orders a side read it as an order of magnitude.

    Raises:
        ValueError: a cell is empty.

    Source: the normal interval of Welch (1947), Biometrika 34:28, for unequal variances.
    """
    if not touched.customers or not holdout.customers:
        raise ValueError("a cell is empty; there is nothing to compare")
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    reach = z * sqrt(touched.variance / touched.customers + holdout.variance / holdout.customers)
    difference = touched.mean - holdout.mean
    return Interval(difference, difference - reach, difference + reach)


def return_on_cost(
    added: Interval, *, customers: int, cost: float, margin: float | None = None
) -> Interval | None:
    """Return what each euro of cost brought: added value of all treated customers over the cost.

    With `margin` (share of the turnover that stays, 0 to 1) it is added margin per euro spent, and 1
    means: it paid for itself. Without, it is added turnover per euro.

    Args:
        added: Euros per treated customer, as `more_value` returns them.

    Returns:
        `None` if the campaign cost nothing.
    """
    if cost <= 0:
        return None
    factor = customers * (1.0 if margin is None else margin) / cost
    return Interval(added.estimate * factor, added.low * factor, added.high * factor)


def detectable(
    treated: int, held_out: int, base: float, *, power: float = 0.8, confidence: float = 0.95
) -> float | None:
    """Return the smallest rise of the response rate that the report will probably show.

    Args:
        base: The rate without the campaign, 0 to 1: last year's, or a guess.
        power: How often such a rise would be shown, 0 to 1.

    Returns:
        A difference of rates, or `None` if no rise at all would be shown that often.

    Source: Fleiss, Levin, Paik (2003), Statistical Methods for Rates and Proportions, §4.3 (pooled
    variance under no effect). Counted out over all outcomes of 2,700 against 300, a rise of this
    size is shown by `lift` in 80 % of campaigns, as promised; the shorter formula, which takes one
    variance for both, promises 80 % and gives 68 %.

    >>> round(detectable(2700, 300, base=0.068), 3)
    0.051
    """
    if treated <= 0 or held_out <= 0 or not 0 <= base < 1:
        return None
    doubt, surety = NormalDist().inv_cdf(0.5 + confidence / 2), NormalDist().inv_cdf(power)

    def is_shown(rise: float) -> bool:
        raised = base + rise
        pooled = (treated * raised + held_out * base) / (treated + held_out)
        under_none = sqrt(pooled * (1 - pooled) * (1 / treated + 1 / held_out))
        under_rise = sqrt(raised * (1 - raised) / treated + base * (1 - base) / held_out)
        return rise >= doubt * under_none + surety * under_rise

    low, high = 0.0, 1.0 - base
    if not is_shown(high):
        return None
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if is_shown(middle) else (middle, high)
    return high


def response_curve(days_to_response: Sequence[int | None], horizon: int) -> list[float]:
    """Return the share of touched customers who had responded by each day.

    Args:
        days_to_response: One entry per touched customer: whole days from the touch to the
            response, or `None` for none yet.

    Returns:
        `horizon + 1` shares between 0 and 1, never falling; the first is the touch's own day.

    >>> response_curve([0, 2, None, None], horizon=3)
    [0.25, 0.25, 0.5, 0.5]
    """
    by_day: dict[int, int] = {}
    for days in days_to_response:
        if days is not None:
            by_day[days] = by_day.get(days, 0) + 1
    return curve_of_counts(by_day, len(days_to_response), horizon)


def curve_of_counts(first_responses: Mapping[int, int], customers: int, horizon: int) -> list[float]:
    """Return the same curve from how many customers responded for the first time on each day."""
    by_day = (first_responses.get(day, 0) for day in range(horizon + 1))
    return [count / customers if customers else 0.0 for count in accumulate(by_day)]


def effect_in_words(touched: Cell, holdout: Cell, effect: Interval) -> Say:
    """Return what the comparison says, in a sentence that nobody can read as more than it is."""

    def numbers(language: Language) -> dict[str, str]:
        return {
            "treated": percent(touched.rate, language),
            "left": percent(holdout.rate, language),
            "n": number(touched.customers, language),
            "m": number(holdout.customers, language),
            "size": points(abs(effect.estimate), language, signed=False),
            "low": points(effect.low, language),
            "high": points(effect.high, language),
            "extra": number(abs(effect.estimate) * touched.customers, language),
        }

    en = "{treated} of {n} enrolled customers responded, against {left} of {m} left alone. "
    fr = "{treated} des {n} clients inscrits ont répondu, contre {left} des {m} témoins. "
    if not effect.shows_effect:
        en += "No effect shown: the difference lies between {low} and {high} points, and chance alone can do that."
        fr += "Aucun effet démontré : l'écart se situe entre {low} et {high} points, et le hasard seul suffit à l'expliquer."
    elif effect.estimate > 0:
        en += (
            "The campaign raised the rate by {size} points (between {low} and {high}, 95% sure): "
            "about {extra} responses that would not have come."
        )
        fr += (
            "La campagne a relevé le taux de {size} points (entre {low} et {high}, sûr à 95 %) : "
            "environ {extra} réponses qui ne seraient pas venues."
        )
    else:
        en += (
            "The campaign lowered the rate by {size} points (between {low} and {high}, 95% sure): "
            "about {extra} responses that would have come without it."
        )
        fr += (
            "La campagne a abaissé le taux de {size} points (entre {low} et {high}, sûr à 95 %) : "
            "environ {extra} réponses qui seraient venues sans elle."
        )
    return Say(en.format(**numbers("en")), fr.format(**numbers("fr")))


def power_in_words(treated: int, held_out: int, base: float, *, power: float = 0.8) -> Say:
    """Return what a holdout of this size will be able to show, for the plan."""
    rise = detectable(treated, held_out, base, power=power)
    en_sizes = f"With {number(treated, 'en')} treated against {number(held_out, 'en')} left alone"
    fr_sizes = f"Avec {number(treated, 'fr')} traités contre {number(held_out, 'fr')} témoins"
    if rise is None:
        return Say(
            f"{en_sizes}, no effect can be shown: too few customers.",
            f"{fr_sizes}, aucun effet ne pourra être démontré : trop peu de clients.",
        )
    often = round(power * 10)
    return Say(
        f"{en_sizes} you will see a difference of {points(rise, 'en', signed=False)} points or more "
        f"in {often} of 10 such campaigns (if {percent(base, 'en')} respond without it).",
        f"{fr_sizes}, un écart de {points(rise, 'fr', signed=False)} points ou plus se verra "
        f"dans {often} campagnes sur 10 (si {percent(base, 'fr')} répondent sans elle).",
    )


def return_in_words(ratio: Interval | None, *, of_margin: bool) -> Say:
    """Return what the money brought, in a sentence."""
    if ratio is None:
        return Say("The campaign has no recorded cost.", "La campagne n'a pas de coût enregistré.")
    what_en, what_fr = ("margin", "marge") if of_margin else ("turnover", "chiffre d'affaires")
    en = {key: euros(value, "en", 2) for key, value in _ends(ratio).items()}
    fr = {key: euros(value, "fr", 2) for key, value in _ends(ratio).items()}
    if not ratio.shows_effect:
        return Say(
            f"No added {what_en} shown: per euro spent between {en['low']} and {en['high']}.",
            f"Aucun supplément de {what_fr} démontré : par euro dépensé, entre {fr['low']} et {fr['high']}.",
        )
    return Say(
        f"Each euro spent brought {en['estimate']} of added {what_en} (between {en['low']} and {en['high']}).",
        f"Chaque euro dépensé a rapporté {fr['estimate']} de {what_fr} en plus (entre {fr['low']} et {fr['high']}).",
    )


def _ends(interval: Interval) -> dict[str, float]:
    return {"estimate": interval.estimate, "low": interval.low, "high": interval.high}
