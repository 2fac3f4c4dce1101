"""The page on segments in SQL says what the grammar holds to."""

from tests.spec.sql_page import PAGE, page


def test_the_manual_lists_what_a_segment_in_sql_may_use() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.spec.sql_page"
