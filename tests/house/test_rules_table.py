"""docs/rules.md says which rules of conduct are shown by which tests; here it is held to that."""

import re

import pytest

from tests.house.named_tests import ROOT, functions, named

IDS = [
    *(f"C-{number:02}" for last in ((1, 13), (20, 26), (30, 39), (40, 50), (60, 64), (70, 71), (80, 83)) for number in range(last[0], last[1] + 1)),
    "U-01", "U-02", "U-03",
]  # fmt: skip
"""Every rule of the domain reference, section 5."""


def rows() -> dict[str, str]:
    """Return what stands beside each id; an id that stands twice is kept once, and counted below."""
    return dict(_rows())


def _rows() -> list[tuple[str, str]]:
    text = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    return re.findall(r"^\| ([CU]-\d\d) \| .+? \| (.+) \|$", text, re.MULTILINE)


def test_every_rule_stands_in_the_table_once_and_in_order() -> None:
    assert [rule for rule, _ in _rows()] == IDS


@pytest.mark.parametrize("rule", IDS)
def test_a_rule_is_shown_by_a_test_that_exists_or_says_why_it_waits(rule: str) -> None:
    said = rows()[rule]
    tests = named(said)

    missing = [
        name for path, name in tests if not (ROOT / path).exists() or name not in functions(ROOT / path)
    ]
    assert missing == [] and bool(tests) != bool(re.match(r"waits: \w.{10,}", said))


def test_no_rule_waits_that_a_test_already_names() -> None:
    found = {
        f"C-{number}"
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in functions(path)
        for number in re.findall(r"(?:^test_|_)c(\d\d)(?=_)", name)
    }
    waiting = {rule for rule, said in rows().items() if said.startswith("waits")}

    assert len(found) > 15 and found & waiting == set()
