"""C-30, C-34, C-36, C-38: what a material card may say."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from engine.loading import materials
from engine.model.material import Material, last_day

CARD: dict[str, Any] = {
    "material": "hivernax-announce",
    "title": "Annonce",
    "reference": "26/09/HIV/PM/014",
    "version": 1,
    "brand": "HIVERNAX",
    "author": "marketing-vaccins",
    "promo_type": "promotional",
    "visa": {"type": "PM", "granted": "2026-09-29", "expires": "2028-09-29"},
    "audience": {"kinds": ["prescriber"], "specialty_groups": ["GP"]},
    "links": {"guide": {"url": "https://pro.armorial.example/guide", "label": "Guide"}},
    "revised_on": "2026-09-15",
    "approved": {"by": "pharmacien-responsable", "on": "2026-09-30"},
}


def card(**more: Any) -> Material:
    return Material.model_validate({**CARD, **more})


def test_a_visa_lasts_two_years_at_most() -> None:
    with pytest.raises(ValidationError, match="more than 2 years"):
        card(visa={"type": "PM", "granted": "2026-09-29", "expires": "2028-09-30"})


def test_a_visa_of_a_leap_day_ends_on_the_28th() -> None:
    assert last_day(dt.date(2024, 2, 29)) == dt.date(2026, 2, 28)


@pytest.mark.parametrize("day", [dt.date(2026, 9, 28), dt.date(2028, 9, 30)])
def test_outside_its_visa_a_material_may_not_go_out(day: dt.date) -> None:
    assert card().hindrance(day) == "material_expired"


def test_on_the_last_day_of_its_visa_a_material_may_go_out() -> None:
    assert card().hindrance(dt.date(2028, 9, 29)) is None


def test_a_withdrawn_material_may_not_go_out() -> None:
    assert card(withdrawn="2026-11-01").hindrance(dt.date(2026, 11, 1)) == "material_withdrawn"


def test_a_material_that_nobody_approved_may_not_go_out() -> None:
    assert card(approved=None).hindrance(dt.date(2026, 10, 13)) == "material_not_approved"


def test_an_author_does_not_approve_their_own_material() -> None:
    with pytest.raises(ValidationError, match="approves their own"):
        card(approved={"by": "marketing-vaccins", "on": "2026-09-30"})


@pytest.mark.parametrize(
    ("kinds", "group", "country", "suits"),
    [
        (("prescriber",), "GP", "FR", True),
        (("pharmacist",), "GP", "FR", False),
        (("prescriber",), "CARDIO", "FR", False),
        (("prescriber",), None, "FR", False),
        (("prescriber",), "GP", "BE", False),
        ((), "GP", "FR", False),
    ],
)
def test_a_material_suits_whom_its_card_allows(
    kinds: tuple[str, ...], group: str | None, country: str, suits: bool
) -> None:
    assert card().suits(kinds, group, country) is suits


@pytest.mark.parametrize(
    "url",
    [
        "http://pro.armorial.example/",
        "//evil.example/",
        "https:evil.example",
        "https://user@evil.example/",
        "https://pro.armorial.example@evil.example/",
        "https://pro.armorial.example\\@evil.example/",
        "https://прo.armorial.example/",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://pro.armorial.example/\r\nBcc: x",
        "https://pro.armorial.example/{{ customer.name }}",
        "/relative",
        "",
        "https://[bad/",
    ],
)
def test_a_link_that_is_not_plain_https_is_refused(url: str) -> None:  # SEC14, SEC25
    with pytest.raises(ValidationError):
        card(links={"guide": {"url": url, "label": "Guide"}})


@pytest.mark.parametrize(
    "url", ["https://pro.armorial.example/a?b=c#d", "mailto:info@armorial.example", "tel:+33199001234"]
)
def test_https_mailto_and_tel_are_links(url: str) -> None:
    assert card(links={"guide": {"url": url, "label": "Guide"}}).links["guide"].url == url


def test_the_same_reference_on_two_cards_is_a_problem_with_its_place(tmp_path: Path) -> None:
    text = (
        "material: a\ntitle: t\nreference: 26/01/X/COM/1\nversion: 1\nbrand: X\nauthor: m\n"
        "promo_type: promotional\nrevised_on: 2026-01-01\n"
    )
    folder = tmp_path / "templates" / "x"
    folder.mkdir(parents=True)
    (folder / "a.yaml").write_text(text, encoding="utf-8")
    (folder / "b.yaml").write_text(text, encoding="utf-8")

    cards, problems = materials.load(tmp_path)

    assert list(cards) == ["x/a"]
    assert [str(problem.span) for problem in problems] == ["templates/x/b.yaml:3:12"]
