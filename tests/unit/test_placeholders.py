"""T5, SEC19 to SEC21: what a template can neither say nor cost."""

import datetime as dt
import time
from decimal import Decimal
from typing import Any

import pytest

from engine.content import placeholders, wire
from engine.content.placeholders import date, mangled, money, names, percent, plain, problems, used

KNOWN = names(["order"])


def wrong(text: str) -> list[str]:
    return [str(problem.what) for problem in problems(text, KNOWN, "templates/x/y.mjml")]


def filled(text: str, **values: Any) -> str:
    assert wrong(text) == []
    return wire.as_html(text)({mangled(name.replace("_0_", ".")): value for name, value in values.items()})


@pytest.mark.parametrize(
    "attack",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ customer.__class__ }}",
        "{{ customer.name.__class__ }}",
        "{{ customer.facts.__init__ }}",
        "{{ customer['name'] }}",
        "{{ customer.name.upper() }}",
        "{{ self }}",
        "{{ config }}",
        "{{ request.environ }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ lipsum }}",
        "{{ customer|attr('name') }}",
        "{{ [customer.name]|map('upper') }}",
        "{{ customer.name|safe }}",
        "{{ customer.name|xmlattr }}",
        "{{ '%s'|format(customer.name) }}",
        "{{ customer.name|tojson }}",
        "{{ customer.name ~ customer.town }}",
        "{% set x = 1 %}",
        "{% include 'x' %}",
        "{% import 'x' as y %}",
        "{% extends 'x' %}",
        "{% block a %}{% endblock %}",
        "{% macro m() %}{% endmacro %}",
        "{% call x() %}{% endcall %}",
        "{% filter upper %}a{% endfilter %}",
        "{% autoescape false %}{{ customer.name }}{% endautoescape %}",
        "{{ customer.name is callable }}",
        "{{ customer.name|default(customer.name.__class__) }}",
    ],
)
def test_an_escape_from_the_placeholder_language_is_found_at_check(attack: str) -> None:  # SEC19
    assert wrong(attack) != []


@pytest.mark.parametrize(
    "attack",
    [
        "{{ 'x' * 1000000000 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ '%1000000000d'|format(1) }}",
        "{{ 'a'.center(1000000000) }}",
        "{{ 'a'|center(1000000000) }}",
        "{{ 'a'|indent(1000000000) }}",
        "{{ 'a,'|replace('a', 'aaaaaaaa') }}",
        "{% for a in range(100000) %}{% for b in range(100000) %}x{% endfor %}{% endfor %}",
        "{{ range(1000000000)|list }}",
        "{{ 1 + 1 }}",
        "{{ (" * 3000,
        "{{ " + "(" * 100 + "1" + ")" * 100 + " }}",
        "{% if customer.name %}" * 60 + "{% endif %}" * 60,
        "{{ customer.name" + "|upper" * 60 + " }}",
        "{{ '" + "x" * 5000 + "' }}",
        "x" * 400_000,
    ],
)
def test_what_would_cost_cannot_be_written_and_is_found_quickly(attack: str) -> None:  # T5, SEC20
    started = time.perf_counter()

    found = wrong(attack)

    assert found != []
    assert time.perf_counter() - started < 2


def test_the_dearest_template_that_is_allowed_fills_quickly() -> None:  # SEC20: the proof by the worst case
    body = "{{ customer.name|upper|upper|upper|upper }}" * 6_500
    assert wrong(body) == []
    fill = wire.on_wire(body, escape=True)
    started = time.perf_counter()

    made = fill({mangled("customer.name"): "é" * 50})

    assert time.perf_counter() - started < 2
    assert len(made) < 50 * 6 * 6_500 * 2


def test_a_value_longer_than_any_name_does_not_compose() -> None:
    with pytest.raises(ValueError, match="too long"):
        plain("x" * 4_001)


def test_every_problem_names_its_line() -> None:
    text = "Bonjour\n{{ customer.nam }}\n{{ 1 + 1 }}\n"

    assert [str(problem.span) for problem in problems(text, KNOWN, "a.mjml")] == ["a.mjml:2:4", "a.mjml:3:1"]


def test_a_slip_is_answered_with_the_word_that_was_meant() -> None:
    (problem,) = problems("{{ customer.nam }}", KNOWN, "a.mjml")

    assert "customer.name" in str(problem.remedy)


@pytest.mark.parametrize(
    "data",
    ["<script>alert(1)</script>", '"><img onerror=x>', "{{ 7*7 }}", "{% raw %}", "<mj-text>", "&amp;", "'"],
)
def test_markup_in_data_is_inert(data: str) -> None:  # SEC21
    made = filled('<p title="{{ customer.name }}">{{ customer.name }}</p>', customer_0_name=data)

    assert made.count("<") == 2
    assert "49" not in made
    assert not any(mark in made[len('<p title="') : -4].replace("><", "") for mark in ('"><i', "<s", "<m"))


def test_a_missing_value_without_a_default_is_an_error() -> None:
    from jinja2 import UndefinedError

    with pytest.raises(UndefinedError):
        filled("{{ customer.first_name }}")


def test_a_missing_value_with_a_default_is_its_default() -> None:
    assert filled("{{ customer.first_name|default('cher confrère') }}") == "cher confrère"


def test_the_names_a_text_uses_are_known_without_filling_it() -> None:
    text = "{% if offer.code is defined %}{{ customer.facts.tier|default(customer.town) }}{% endif %}"

    assert used(text) == {"offer.code", "customer.facts.tier", "customer.town"}


def test_facts_of_the_company_are_the_only_ones_known_where_they_are_declared() -> None:
    declared = placeholders.names(facts=["rfm_tier"])

    assert [str(one.what) for one in problems("{{ customer.facts.rfm_tir }}", declared, "x")] == [
        "unknown name 'customer.facts.rfm_tir'"
    ]


def test_numbers_and_days_are_written_as_in_a_letter() -> None:
    assert (date(dt.date(2026, 3, 2)), money(Decimal("1234.5")), percent(Decimal("0.1"))) == (
        "2 mars 2026",
        "1\u202f234,50\u00a0€",
        "10\u00a0%",
    )
