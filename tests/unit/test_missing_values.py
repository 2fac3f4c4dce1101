"""A value that not every customer has needs a default: told by `check`, before a run stops at the first who lacks it."""

from pathlib import Path

import pytest

from engine.app import open_app
from engine.content import placeholders
from engine.problems import Problem
from tests.unit.test_campaign_files import FILE, House, house

__all__ = ["house"]


def told(root: Path) -> list[Problem]:
    return list(
        open_app(root=root, environment={"TOUCHBASE_SECRET": "of this test, long enough"}).project.problems
    )


def test_a_subject_that_needs_a_town_is_refused(house: House) -> None:
    house.change(
        FILE, '"{{ customer.name }}, votre offre directe"', '"À {{ customer.town }}, votre offre directe"'
    )

    (problem,) = told(house.root)

    assert (
        problem.span.file == FILE
        and problem.what.en == "not every customer has 'customer.town', and it has no default"
    )
    assert '{{ customer.town | default("…") }}' in problem.remedy.en and "par défaut" in problem.what.fr


def test_a_template_that_needs_a_town_is_refused_at_its_place(house: House) -> None:
    mail = "templates/dermapharm/reminder.mjml"
    house.change(mail, "{{ customer.name }}", "{{ customer.name }} à {{ customer.town }}")

    (problem,) = told(house.root)

    line = (house.root / mail).read_text(encoding="utf-8").splitlines()[problem.span.line - 1]
    assert problem.span.file == mail and line[problem.span.column - 1 :].startswith("customer.town }}")


@pytest.mark.parametrize(
    "text",
    [
        '{{ customer.town | default("chez vous") }}',
        "{% if customer.town is defined %}{{ customer.town }}{% endif %}",
        "{{ customer.name }} {{ customer.greeting }} {{ today | date }} {{ offer.discount | percent }}",
    ],
)
def test_what_every_customer_has_or_a_default_covers_is_left_alone(text: str) -> None:
    assert placeholders.lacking(text) == []


def test_a_rep_is_there_only_where_the_mail_is_the_reps() -> None:
    text = "{{ rep.name }} {{ rep.phone }}"

    assert placeholders.lacking(text) == ["rep.name", "rep.phone"]
    assert placeholders.lacking(text, has_rep=True) == ["rep.phone"]


def test_all_that_lacks_is_told_at_once() -> None:
    assert placeholders.lacking("{% if customer.title == 'DR' %}a{% endif %}{{ customer.town }}") == [
        "customer.title",
        "customer.town",
    ]


def test_a_wrong_placeholder_is_told_with_its_column() -> None:
    (problem,) = placeholders.problems(
        "<mj-text>Bonjour {{ custmer.name }}</mj-text>", placeholders.names(), "x"
    )

    assert (problem.span.line, problem.span.column) == (1, 21)
