"""What is wrong with a file is said in French to a French reader, and says what to do: never a library's own English."""

import re

import pytest

from engine.content import letter, placeholders
from tests.shipped import FILE, House

ENGLISH = re.compile(
    r"\b(should|input|valid|found|expected|character|dictionary|after validation|Write it as shown|See 'touchbase)\b", re.IGNORECASE
)  # fmt: skip
SLIPS = {
    "nobody at the top": ("  one_per: site", "  one_per: site\n  top: {n: 0, by: potential}", "il faut plus de 0"),
    "a weight beyond 100": ("{priority: 60}", "{priority: 160}", "il faut au plus 100"),
    "a name with a blank": ("  reminder:", "  bad step:", "n'est pas un nom"),
    "a tab": ("owner: marketing-officine", "owner: marketing-officine\n\tbrand: X", "tabulation"),
    "an unknown channel": ("channel: visit", "channel: visite", "canal inconnu « visite »"),
    "a share of nothing": ("holdout: {share: 20%", "holdout: {share: much", "n'est pas une part"),
    "a window of nothing": ("within: 60 days, target", "within: soon, target", "n'est pas une durée"),
    "a placeholder left open": ("{{ customer.name }}, votre", "{{ customer.name, votre", "un champ est mal écrit"),
    "an exit of nothing": ("exit:\n  - ordered: {brand: DERMAPHARM, since: announce}", "exit: []", "la liste de conditions est vide"),
}  # fmt: skip


@pytest.mark.parametrize("slip", SLIPS)
def test_it_is_said_in_french(house: House, slip: str) -> None:
    old, new, said = SLIPS[slip]
    house.change(FILE, old, new)

    problems = house.told()

    assert any(said in problem.what.fr for problem in problems), [problem.what.fr for problem in problems]
    assert not [text for problem in problems for text in (problem.what.fr, problem.remedy.fr) if ENGLISH.search(text)]  # fmt: skip


def test_a_campaign_without_steps_is_told_by_the_name_of_its_key(house: House) -> None:
    text = (house.root / FILE).read_text(encoding="utf-8")
    start, end = text.index("steps:\n"), text.index("exit:\n")
    (house.root / FILE).write_text(f"{text[:start]}steps: {{}}\n{text[end:]}", encoding="utf-8")

    said = [(problem.what.en, problem.what.fr) for problem in house.told()]

    assert ("'steps' is empty", "« steps » est vide") in said


def test_a_letter_that_lacks_a_value_is_told_in_french() -> None:
    text = "#let paper = (margin: 20mm)\n#let letter(piece) = [ #piece.customer.town ]\n"

    (problem,) = letter.check("x/y", {"templates/x/y.typ": text})

    assert problem.what.fr == "la lettre ne sort pas : « town » manque à certains clients"
    assert "veut un défaut" in problem.remedy.fr


def test_a_letter_without_its_function_is_told_which_name_it_lacks() -> None:
    text = "#let paper = (margin: 20mm)\n#let lettre(piece) = [ Bonjour ]\n"

    (problem,) = letter.check("x/y", {"templates/x/y.typ": text})

    assert (
        problem.what.en == "the letter does not define 'letter'" and "#let letter(piece)" in problem.remedy.fr
    )


def test_a_mail_template_named_for_a_letter_is_told_to_be_one(house: House) -> None:
    house.change(FILE, "template: dermapharm/letter", "template: dermapharm/reminder")

    (problem,) = house.told()

    assert (
        problem.what.en == "there is no letter 'dermapharm/reminder'"
        and "the template of a mail" in problem.remedy.en
    )


def test_jinja_says_nothing_in_english_to_a_french_reader() -> None:
    (problem,) = placeholders.problems("{{ customer.name ", placeholders.names(), "x")

    assert problem.what.fr == "un champ est mal écrit"
