"""The kinds of customers that a delivery may say are those that segments know."""

import re

from engine.model.facts import KINDS, ORGANISATIONS, PERSONS
from engine.store.statements import statements

INCOMING = str(statements("load_customers")["incoming"])


def quoted(pattern: str) -> list[str]:
    found = re.search(pattern, INCOMING, re.DOTALL)
    assert found is not None
    return re.findall(r"'([a-z]+)'", found[1])


def test_a_load_takes_for_an_organisation_what_a_segment_does() -> None:
    organisations = set(quoted(r"CASE WHEN kind IN \(([^)]*)\) THEN 'organisation'"))

    assert organisations >= ORGANISATIONS
    assert not organisations & PERSONS


def test_a_load_knows_all_kinds_that_a_segment_may_ask_for_and_no_others() -> None:
    as_they_are = quoted(r"WHEN s\.kind IN \(([^)]*)\) THEN s\.kind")
    in_words = quoted(r"CASE folded\(s\.kind\)(.*?) END END END\) AS kind")

    assert set(as_they_are) | set(in_words) == set(KINDS)


def test_a_kind_belongs_to_persons_to_organisations_or_to_either() -> None:
    assert set(KINDS) - PERSONS - ORGANISATIONS == {"press", "authority"}
