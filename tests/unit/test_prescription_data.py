"""What one prescriber prescribes decides and shows nothing about French prescribers, wherever a file hides it (C-22)."""

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.loading.project import load as load_project
from engine.loading.segments import load
from engine.problems import Problem
from tests import shipped

FACTS = """
  rx_decile: {label: {fr: Décile, en: Decile}, type: number, source: panel, legal_class: rx_individual}
  growth: {label: {fr: Croissance, en: Growth}, type: number, source: score, legal_class: internal, derived_from: [rx_decile]}
  promise: {label: {fr: Promesse, en: Promise}, type: number, source: score, legal_class: internal, derived_from: [potential, growth]}
"""
Checked = Callable[[str, str], list[Problem]]


@pytest.fixture
def checked(tmp_path: Path) -> Checked:
    """Return what `touchbase check` says of the shipped project with such facts, once a file of it says something else."""
    shipped.copied(tmp_path)
    facts = tmp_path / "segments" / "facts.yaml"
    facts.write_text(facts.read_text(encoding="utf-8") + FACTS, encoding="utf-8")

    def check(old: str, new: str) -> list[Problem]:
        path = tmp_path / "campaigns" / "hivernax-2026.yaml"
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1
        path.write_text(text.replace(old, new), encoding="utf-8")
        app = shipped.opened(tmp_path)
        return list(load_project(tmp_path, [channel.step for channel in app.channels.values()]).problems)

    return check


def test_a_project_that_only_knows_such_facts_is_in_order(checked: Checked) -> None:
    assert checked("stratify: [region]", "stratify: [department]") == []


HIDDEN = {
    "the cut": ("  one_per: person", "  one_per: person\n  top: {n: 400, by: promise}"),
    "the strata": ("stratify: [region]", "stratify: [region, growth]"),
    "the order of visits": ("priority: {by: potential}", "priority: {by: rx_decile}"),
    "a condition": ("no_consent}\n      - potential: {at_least: 4}", "no_consent}\n      - promise: {at_least: 4}"),
    "a condition within another": ("          - potential: {at_least: 4}", "          - not: {rx_decile: {missing: true}}"),
    "an exit": ("goals:\n  engaged", "exit: [{growth: {below: 1}}]\ngoals:\n  engaged"),
    "a subject": ("{{ customer.greeting }}, la", "{{ customer.facts.promise }}, la"),
}  # fmt: skip


@pytest.mark.parametrize("hidden", HIDDEN)
def test_it_is_refused_in(checked: Checked, hidden: str) -> None:
    problems = checked(*HIDDEN[hidden])

    assert [problem.what.en for problem in problems if "individual prescription data" in problem.what.en]
    assert {problem.span.file for problem in problems} == {"campaigns/hivernax-2026.yaml"}


@pytest.mark.parametrize("file", ["hivernax/announce.mjml", "hivernax/header.mjml", "hivernax/letter.typ", "hivernax/points.md", "shared/footer.mjml"])  # fmt: skip
def test_it_is_refused_in_a_template_and_in_what_that_includes(
    checked: Checked, tmp_path: Path, file: str
) -> None:
    template = tmp_path / "templates" / file
    template.write_text(
        template.read_text(encoding="utf-8") + "\n{{ customer.facts.growth }}\n", encoding="utf-8"
    )

    problems = checked("stratify: [region]", "stratify: [department]")

    assert [problem for problem in problems if "'growth' is individual prescription data" in problem.what.en and problem.span.file == "campaigns/hivernax-2026.yaml"]  # fmt: skip


def test_where_no_prescriber_is_meant_it_may_decide(checked: Checked, tmp_path: Path) -> None:
    (tmp_path / "segments" / "gp-metro.yaml").write_text(
        "segment: gp-metro\ntitle: Les pharmaciens\nof: person\nwho:\n  - kind: {not_in: [prescriber]}\n  - promise: {at_least: 2}\n", encoding="utf-8"
    )  # fmt: skip

    problems = checked("stratify: [region]", "stratify: [growth]")

    assert [problem.what.en for problem in problems if "prescription" in problem.what.en] == []


def segments(tmp_path: Path, **files: str) -> list[Problem]:
    folder = tmp_path / "segments"
    folder.mkdir()
    (folder / "facts.yaml").write_text(
        "facts:\n  potential: {label: {fr: P, en: P}, type: number, source: s, legal_class: aggregated}" + FACTS, encoding="utf-8"
    )  # fmt: skip
    for name, text in files.items():
        path = folder / name.replace("_yaml", ".yaml").replace("_sql", ".sql")
        path.write_text(text, encoding="utf-8")
    return load(folder)[1]


def test_an_alias_does_not_hide_it(tmp_path: Path) -> None:
    text = "segment: alias\ntitle: A\nof: person\nwho:\n  - kind: prescriber\n  - promise: {at_least: 8}\n"

    (problem,) = segments(tmp_path, alias_yaml=text)

    assert problem.what.en == "'promise' is individual prescription data (promise ← growth ← rx_decile)"


def test_a_segment_in_sql_does_not_hide_it(tmp_path: Path) -> None:
    text = "-- segment: hidden\n-- of: person\n-- title: H\nSELECT customer_id FROM v_customer WHERE facts ->> 'growth' = '9'\n"

    (problem,) = segments(tmp_path, hidden_sql=text)

    assert (problem.span.line, problem.what.en) == (
        4,
        "'growth' is individual prescription data (growth ← rx_decile)",
    )


def test_a_segment_that_is_only_excepted_does_not_hide_it(tmp_path: Path) -> None:
    high = "segment: high\ntitle: H\nof: person\nwho:\n  - rx_decile: {at_least: 8}\n"
    rest = "segment: rest\ntitle: R\nof: person\nwho:\n  - kind: prescriber\n  - not_in: high\n"

    problems = segments(tmp_path, high_yaml=high, rest_yaml=rest)

    assert [problem.span.file for problem in problems] == ["segments/high.yaml"]


def test_asking_only_whether_it_is_missing_is_using_it(tmp_path: Path) -> None:
    text = (
        "segment: alias\ntitle: A\nof: person\nwho:\n  - kind: prescriber\n  - rx_decile: {missing: false}\n"
    )

    assert len(segments(tmp_path, alias_yaml=text)) == 1
