"""A material's card becomes limits that the plan and each advance ask of everybody."""

import datetime as dt

import pytest

from engine.actions.pinned import material_limits
from engine.model.material import Material
from engine.store.journey import MaterialLimits

CARD = {
    "material": "hivernax-announce",
    "title": "HIVERNAX, ouverture de la saison",
    "reference": "26/09/HIV/PM/014",
    "version": 1,
    "brand": "HIVERNAX",
    "author": "marketing-vaccins",
    "promo_type": "promotional",
    "visa": {"type": "PM", "granted": dt.date(2026, 9, 29), "expires": dt.date(2028, 9, 28)},
    "audience": {"kinds": ["prescriber"], "specialty_groups": ["GP"]},
    "revised_on": dt.date(2026, 9, 15),
}


def test_c30_c36_a_card_limits_the_days_and_the_audience() -> None:
    limits = material_limits(Material.model_validate(CARD))

    assert (limits.kinds, limits.specialties, limits.countries) == (("prescriber",), ("GP",), ("FR",))
    assert (limits.valid_from, limits.valid_to) == (dt.date(2026, 9, 29), dt.date(2028, 9, 28))


@pytest.mark.parametrize("day", [dt.date(2026, 11, 2), dt.date(2026, 9, 30)])
def test_c37_the_day_before_a_withdrawal_is_the_last(day: dt.date) -> None:
    withdrawn = Material.model_validate({**CARD, "withdrawn": day})

    assert material_limits(withdrawn).valid_to == day - dt.timedelta(days=1)


def test_a_step_without_a_card_has_no_limits() -> None:
    assert material_limits(None) == MaterialLimits()
