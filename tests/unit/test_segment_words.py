"""A clause in words says what the clause asks, in both languages, and nothing else."""

import datetime as dt
from typing import Any

import pytest

from engine.model.facts import Catalogue
from engine.model.predicate import read_who
from engine.rules.wording import in_words

NOON: dt.datetime = dt.datetime(2026, 3, 2, 12, tzinfo=dt.timezone(dt.timedelta(hours=2)))


@pytest.mark.parametrize(
    ("written", "en", "fr"),
    [
        ({"territory": {"not": "FR-BR-02"}}, "sales territory is not FR-BR-02", "secteur commercial : pas FR-BR-02"),
        ({"department": {"not": 1}}, "department is known, and not 01", "département : connu, et pas 01"),
        ({"has_email": "no"}, "has an e-mail address: no", "a une adresse électronique : non"),
        ({"do_not_call": {"not": "yes"}}, "refuses reps: no", "refuse les délégués : non"),
        ({"touched": {"at_most": 1}}, "was touched at most 1 time", "a été touché au plus 1 fois"),
        ({"visited": {"at_least": 2, "at_most": 2}}, "was visited by a representative exactly 2 times", "a été visité par un délégué exactement 2 fois"),
        ({"ordered": {"units": {"at_least": 1}}}, "ordered at least 1 unit", "a commandé au moins 1 unité"),
        ({"ordered": {"within": "24 months"}}, "ordered in the last 24 months", "a commandé dans les 24 derniers mois"),
        ({"ordered": {"within": "1 week"}}, "ordered in the last week", "a commandé dans la dernière semaine"),
        ({"ordered": {"within": "90 min"}}, "ordered in the last 90 minutes", "a commandé dans les 90 dernières minutes"),
        ({"ordered": {"before": NOON}}, "ordered before 2026-03-02 12:00+02:00", "a commandé avant 2026-03-02 12:00+02:00"),
        ({"excluded": {"because": ["no_consent", "capacity"]}},
         "was left out because this customer has not consented or there is no room left",
         "a été écarté car ce client n'a pas consenti ou il n'y a plus de place"),
    ],
)  # fmt: skip
def test_a_clause_is_said_in_both_languages(written: dict[str, Any], en: str, fr: str) -> None:
    words = in_words(read_who([written]).parts[0], Catalogue())

    assert (words.en, words.fr) == (en, fr)
