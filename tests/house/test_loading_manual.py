"""The manual of deliveries says what the engine understands: its tables are made of the feeds themselves."""

import re
from pathlib import Path

import pytest

from engine.actions.columns import FEED_NAMES, as_markdown, columns

MANUAL = Path(__file__).parents[2] / "docs" / "manual" / "loading.md"
BETWEEN = re.compile(r"(<!-- columns: .*? -->\n)(.*?)(<!-- end of columns -->)", re.DOTALL)


def test_the_manuals_columns_are_those_that_the_engine_understands() -> None:
    """Write them again: python -m tests.house.test_loading_manual"""
    found = BETWEEN.search(MANUAL.read_text(encoding="utf-8"))

    assert found is not None and found[2] == as_markdown()


@pytest.mark.parametrize("feed", FEED_NAMES)
def test_every_column_says_what_it_means(feed: str) -> None:
    assert all(column.means.en and column.means.fr for column in columns(feed))


if __name__ == "__main__":
    text = MANUAL.read_text(encoding="utf-8")
    MANUAL.write_text(BETWEEN.sub(lambda found: found[1] + as_markdown() + found[3], text), encoding="utf-8")
