"""docs/never-here.md says which test prevents which pain of other tools; here it is held to that."""

import re

import pytest

from tests.house.named_tests import ROOT, functions, named

ROWS = re.findall(
    r"^\| (NH\d+) \| (.+?) \| (.+) \|$",
    (ROOT / "docs" / "never-here.md").read_text(encoding="utf-8"),
    re.MULTILINE,
)


def test_each_of_the_25_stands_in_the_table_once_and_in_order() -> None:
    assert [number for number, _, _ in ROWS] == [f"NH{number}" for number in range(1, 26)]


@pytest.mark.parametrize(("number", "said"), [(number, said) for number, _, said in ROWS])
def test_a_pain_is_prevented_by_tests_that_exist_or_says_why_it_waits(number: str, said: str) -> None:
    tests = named(said)

    missing = [
        name for path, name in tests if not (ROOT / path).exists() or name not in functions(ROOT / path)
    ]
    assert missing == [] and bool(tests) != bool(re.match(r"waits: \w.{10,}", said))
