"""What binds segments to each other and to the editor: circles, names across files, the schema of this company."""

from pathlib import Path
from typing import Any

import pytest

from engine.loading.segments import json_schema, load
from engine.model.segment import Library
from engine.problems import Problem


def loaded(tmp_path: Path, **files: str) -> tuple[Library, list[Problem]]:
    folder = tmp_path / "segments"
    folder.mkdir()
    for name, text in files.items():
        (folder / f"{name.replace('_', '-')}.yaml").write_text(text, encoding="utf-8")
    return load(folder, campaigns=frozenset({"hivernax-2026"}))


def segment(name: str, *entries: str) -> str:
    return f"segment: {name}\ntitle: T\nof: person\nwho:\n  - kind: prescriber\n" + "".join(f"  - {entry}\n" for entry in entries)  # fmt: skip


def test_a_circle_is_told_to_each_segment_of_it_with_the_whole_way(tmp_path: Path) -> None:
    _, problems = loaded(
        tmp_path, a=segment("a", "in: b"), b=segment("b", "not: {in: c}"), c=segment("c", "any: [{not_in: a}]"), d=segment("d", "in: a")
    )  # fmt: skip

    assert [(problem.span.file, problem.what.en) for problem in problems] == [
        ("segments/a.yaml", "the segment asks itself: a → b → c → a"),
        ("segments/b.yaml", "the segment asks itself: b → c → a → b"),
        ("segments/c.yaml", "the segment asks itself: c → a → b → c"),
    ]


def test_a_segment_has_no_edge_because_of_the_one_that_it_names(tmp_path: Path) -> None:
    silent = "segment: silent\ntitle: T\nof: person\nwho:\n  - not: {responded: {within: 90 days}}\n"
    named = "segment: named\ntitle: T\nof: person\nwho:\n  - in: silent\n"

    _, problems = loaded(tmp_path, silent=silent, named=named)

    assert {problem.span.file for problem in problems} >= {"segments/silent.yaml"}
    assert all("no edge" in problem.what.en for problem in problems)


@pytest.mark.parametrize(
    "entry",
    ["department: {not_in: [974]}", "not: {kind: pharmacist}", "has_email: yes", "not: {status: active}"],
)
def test_that_a_fact_is_known_and_otherwise_than_stored_of_everybody_is_an_edge(
    tmp_path: Path, entry: str
) -> None:
    alone = f"segment: alone\ntitle: T\nof: person\nwho:\n  - {entry}\n  - not: {{visited: yes}}\n"

    _, problems = loaded(tmp_path, alone=alone)

    assert problems == []


def test_a_name_is_given_once(tmp_path: Path) -> None:
    _, problems = loaded(tmp_path, one=segment("gp"), two=segment("gp"))

    assert [str(problem.what) for problem in problems] == ["the segment 'gp' is already in segments/one.yaml"]


def test_all_problems_of_all_files_are_told_at_once_in_their_order(tmp_path: Path) -> None:
    _, problems = loaded(
        tmp_path, b=segment("b", "departement: 44", "potential: 3"), a=segment("a", "in: c", "touched: {within: 0 days}")
    )  # fmt: skip

    assert [str(problem.span) for problem in problems] == ["segments/a.yaml:7:23", "segments/b.yaml:6:5", "segments/b.yaml:7:5"]  # fmt: skip


TIERS = """\
facts:
  tier: {label: {fr: Rang, en: Tier}, type: number, values: [1, 2, 3, 4], source: CRM, legal_class: commercial}
"""


@pytest.mark.parametrize(
    "entry",
    [
        "not: {tier: {at_least: 9}}",
        "not: {kind: pharmacy}",
        "any: [{tier: {at_least: 9}}, {town: PARIS}]",
        "any: [{kind: pharmacy}, {kind: pharmacist}]",
        "kind: [pharmacy, pharmacist]",
    ],
)
def test_what_somebody_fits_is_not_refused_as_what_nobody_does(tmp_path: Path, entry: str) -> None:
    _, problems = loaded(tmp_path, facts=TIERS, a=segment("a", entry))

    assert problems == []


@pytest.mark.parametrize(
    ("entry", "places"),
    [
        ("any: [{tier: {at_least: 9}}, {kind: pharmacy}]", [(6, 29), (6, 41)]),
        ("tier: {at_least: 3}\n  - tier: {below: 2}", [(6, 22)]),
        ("kind: [pharmacy, hospital]", [(6, 12), (6, 22)]),
        ("all: [{not: {town: PARIS}}, {kind: pharmacy}]", [(6, 40)]),
    ],
)
def test_what_nobody_can_ever_fit_is_told_at_its_place(
    tmp_path: Path, entry: str, places: list[tuple[int, int]]
) -> None:
    _, problems = loaded(tmp_path, facts=TIERS, a=segment("a", entry))

    assert all("nobody fits" in problem.what.en for problem in problems)
    assert [(problem.span.line, problem.span.column) for problem in problems] == places


FACTS = """\
brands: [HIVERNAX]
facts:
  network: {label: {fr: Groupement, en: Network}, type: text, values: [GIROPHARM, PHARMACTIV], source: CRM, legal_class: commercial}
"""


@pytest.fixture
def schema(tmp_path: Path) -> dict[str, Any]:
    library, problems = loaded(tmp_path, facts=FACTS, high_potential=segment("high-potential"))
    assert problems == []
    return json_schema(library)


def words(node: Any) -> set[str]:
    """Return everything that an editor offers below a place of the schema."""
    if isinstance(node, dict):
        listed = {str(word) for key in ("enum", "examples") for word in node.get(key, [])}
        return listed.union(*(words(value) for value in node.values()), set())
    return set().union(*(words(value) for value in node)) if isinstance(node, list) else set()


@pytest.mark.parametrize(
    ("place", "word"),
    [
        ("network", "GIROPHARM"),
        ("specialty_group", "CARDIO"),
        ("in", "high-potential"),
        ("not_in", "high-potential"),
    ],
)
def test_an_editor_completes_the_values_of_a_fact_and_the_names_of_segments(
    schema: dict[str, Any], place: str, word: str
) -> None:
    assert word in words(schema["$defs"]["Condition"]["properties"][place])


@pytest.mark.parametrize(
    ("verb", "argument", "word"),
    [("touched", "campaign", "hivernax-2026"), ("responded", "to", "hivernax-2026"), ("ordered", "brand", "HIVERNAX"), ("touched", "channel", "mailing"),
     ("responded", "with", "click"), ("excluded", "because", "no_consent")],
)  # fmt: skip
def test_an_editor_completes_the_arguments_of_what_happened(
    schema: dict[str, Any], verb: str, argument: str, word: str
) -> None:
    assert word in words(schema["$defs"]["Condition"]["properties"][verb]["properties"][argument])


def test_an_editor_underlines_a_fact_that_this_company_does_not_have(schema: dict[str, Any]) -> None:
    condition = schema["$defs"]["Condition"]

    assert "network" in condition["properties"] and condition["additionalProperties"] is False


def test_an_editor_completes_segments_in_a_campaign(tmp_path: Path) -> None:
    from engine.loading.project import adapter
    from engine.loading.segments import campaign_schema
    from engine.model.campaign import Step

    library, _ = loaded(tmp_path, facts=FACTS, high_potential=segment("high-potential"))
    made = campaign_schema(adapter([Step]).json_schema(), library)
    (audience,) = [one for one in made["$defs"].values() if one.get("title") == "Audience"]

    assert "high-potential" in words(audience["properties"]["segment"]) & words(
        audience["properties"]["except"]
    )


SLIPS = """\
facts:
  tier: {label: {fr: Rang, en: Tier}, type: nombre, source: CRM, legal_class: commercial}
  rank: {label: {fr: Rang, en: Rank}, type: boolean, values: ["yes"], source: CRM, legal_class: commercial}
  network: {label: {fr: Groupement, en: Network}, type: text, values: [GIROPHARM], source: CRM, legal_class: commercial}
"""


def test_a_slip_in_the_declaration_of_a_fact_is_told_once_and_not_at_each_segment_that_asks_for_it(
    tmp_path: Path,
) -> None:
    asks = (
        segment("a", "tier: {at_least: 3}", "rank: yes", "network: GIROPHRM")
        + "examples:\n  - {kind: prescriber, tier: 4, belongs: no}\n"
    )

    _, problems = loaded(tmp_path, facts=SLIPS, a=asks)

    assert [(str(problem.span), problem.what.en) for problem in problems] == [
        ("segments/a.yaml:8:14", "'GIROPHRM' is no value of 'network'"),
        ("segments/facts.yaml:2:45", "'nombre' is not one of the known values"),
        ("segments/facts.yaml:3:54", "'rank' is a boolean: it needs no values"),
    ]


def test_an_empty_list_of_values_is_told_as_empty(tmp_path: Path) -> None:
    _, problems = loaded(tmp_path, facts=SLIPS.replace("nombre", "number, values: []"))

    assert "'values' is empty" in [problem.what.en for problem in problems]


def test_facts_that_are_derived_from_each_other_are_told_with_the_whole_way(tmp_path: Path) -> None:
    fact = "{label: {fr: R, en: T}, type: number, source: CRM, legal_class: commercial, derived_from: [%s]}"
    facts = f"facts:\n  tier: {fact % 'score'}\n  score: {fact % 'tier'}\n"

    _, problems = loaded(tmp_path, facts=facts)

    assert [(problem.span.line, problem.what.en) for problem in problems] == [
        (2, "the fact is derived from itself: tier → score → tier"),
        (3, "the fact is derived from itself: score → tier → score"),
    ]


def test_a_segment_whose_file_cannot_be_read_is_not_told_as_one_that_does_not_exist(tmp_path: Path) -> None:
    _, problems = loaded(
        tmp_path, base1=segment("base1").replace("title: T", "titel: T"), uses1=segment("uses1", "in: base1")
    )

    named = [problem for problem in problems if problem.span.file == "segments/uses1.yaml"]
    assert [(one.what.en, one.remedy.en) for one in named] == [
        ("the segment 'base1' cannot be read", "Correct what is wrong with segments/base1.yaml.")
    ]
