"""A value that not every customer has needs a default: told by `check`, before a run stops at the first who lacks it."""

from decimal import Decimal

import pytest

from engine.content import placeholders
from engine.content.fill import compile_text
from engine.content.lacking import needs
from engine.content.mail import compile_body
from tests.channels.email.world import FILES
from tests.shipped import FILE, House


def test_a_subject_that_needs_a_town_is_refused(house: House) -> None:
    house.change(
        FILE, '"{{ customer.name }}, votre offre directe"', '"À {{ customer.town }}, votre offre directe"'
    )

    (problem,) = house.told()

    assert (
        problem.span.file == FILE
        and problem.what.en == "not every customer has 'customer.town', and it has no default"
    )
    assert '{{ customer.town | default("…") }}' in problem.remedy.en and "par défaut" in problem.what.fr


def test_a_template_that_needs_a_town_is_refused_at_its_place(house: House) -> None:
    mail = "templates/dermapharm/reminder.mjml"
    house.change(mail, "{{ customer.name }}", "{{ customer.name }} à {{ customer.town }}")

    (problem,) = house.told()

    line = (house.root / mail).read_text(encoding="utf-8").splitlines()[problem.span.line - 1]
    assert problem.span.file == mail and line[problem.span.column - 1 :].startswith("customer.town }}")


@pytest.mark.parametrize(
    "text",
    [
        '{{ customer.town | default("chez vous") }}',
        "{% if customer.town is defined %}{{ customer.town }}{% endif %}",
        "{{ customer.name }} {{ customer.greeting }} {{ today | date }} {{ offer.discount | percent }}",
        "{% if customer.town is undefined %}chez vous{% else %}{{ customer.town }}{% endif %}",
        "{% if not customer.town is defined %}chez vous{% else %}{{ customer.town }}{% endif %}",
        "{% if customer.town is defined and customer.town == 'Paris' %}à {{ customer.town }}{% endif %}",
        "{% if customer.town is undefined or customer.town == 'Paris' %}à Paris{% endif %}",
        "{% if customer.town is undefined %}a{% elif customer.town == 'Paris' %}b{% else %}{{ customer.town }}{% endif %}",
        "{% if customer.town | default('') %}à {{ customer.town }}{% endif %}",
        "{{ 'à ' if customer.town is defined else '' }}{{ customer.town if customer.town is defined else '' }}",
    ],
)
def test_what_every_customer_has_or_a_default_covers_is_left_alone(text: str) -> None:
    assert needs(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "{% if customer.language == 'fr' %}{{ customer.town }}{% endif %}",
        "{% if customer.language == 'fr' %}a{% else %}{{ customer.town }}{% endif %}",
        "{% if customer.language == 'fr' %}a{% elif customer.language == 'en' %}{{ customer.town }}{% endif %}",
        "{% if customer.town is undefined %}{{ customer.town }}{% endif %}",
        "{% if customer.title is defined or customer.town is defined %}{{ customer.town }}{% endif %}",
        "{% if customer.town is defined or customer.town == 'Paris' %}a{% endif %}",
        "{{ customer.town if customer.language == 'fr' else 'vous' }}",
        "{{ customer.town | upper | default('VOUS') }}",
        "{% if customer.town | default('') != 'Paris' %}{{ customer.town }}{% endif %}",
        "{% if customer.town | default('vous') %}{{ customer.town }}{% endif %}",
        "{{ customer.title | default(customer.town) }}",
    ],
)
def test_a_value_that_some_branch_needs_is_told(text: str) -> None:
    assert "customer.town" in needs(text)


def test_a_fact_that_is_shown_as_a_day_needs_a_default_like_any_other() -> None:
    assert needs("{{ customer.facts.last | date }}") == ["customer.facts.last"]


def test_what_can_be_no_day_is_told_by_check_where_it_is_shown_as_one() -> None:
    said = [
        problem.what.en
        for problem in placeholders.problems(
            "{{ customer.town | date }} {{ customer.facts.last | date }} {{ today | date }}",
            placeholders.names(),
            "x",
        )
    ]

    assert said == ["'customer.town' is no day"]


@pytest.mark.parametrize("value", ["never", 20260302, Decimal("1.5")])
def test_a_fact_that_is_no_day_does_not_compose_and_is_not_quoted(value: object) -> None:
    text = "Vu le {{ customer.facts.last | date }}."

    for fill in (
        compile_text(text, placeholders.names()).fill,
        compile_body("dermapharm/announce", FILES, subject=text).fill,
    ):
        with pytest.raises(ValueError, match="TypeError in a placeholder") as told:
            fill({"customer.facts.last": value, "customer__facts__last": value})
        assert str(value) not in str(told.value)


def test_a_fact_that_is_no_text_is_no_telephone_number() -> None:
    note = compile_text("Tél. {{ customer.facts.tier | phone }}", placeholders.names())

    with pytest.raises(ValueError, match="TypeError in a placeholder"):
        note.fill({"customer.facts.tier": 3})


def test_a_fact_that_says_a_day_is_shown_as_one() -> None:
    note = compile_text("Vu le {{ customer.facts.last | date }}.", placeholders.names())

    assert note.fill({"customer.facts.last": "2026-03-01"}) == "Vu le 1er mars 2026."


def test_a_rep_is_there_only_where_the_mail_is_the_reps() -> None:
    text = "{{ rep.name }} {{ rep.phone }}"

    assert needs(text) == ["rep.name", "rep.phone"]
    assert needs(text, has_rep=True) == ["rep.phone"]


def test_all_that_lacks_is_told_at_once() -> None:
    assert needs("{% if customer.title == 'DR' %}a{% endif %}{{ customer.town }}") == [
        "customer.title",
        "customer.town",
    ]


def test_a_wrong_placeholder_is_told_with_its_column() -> None:
    (problem,) = placeholders.problems(
        "<mj-text>Bonjour {{ custmer.name }}</mj-text>", placeholders.names(), "x"
    )

    assert (problem.span.line, problem.span.column) == (1, 21)
