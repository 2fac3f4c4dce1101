"""The schema comes up once, and only once."""

from engine.model.facts import REGIONS
from engine.store.database import Connection, bring_up_to_date


def test_a_database_that_is_up_to_date_stays_as_it_is(database: Connection) -> None:
    assert bring_up_to_date(database) == []


def test_the_regions_that_segments_may_name_are_those_of_the_departements(database: Connection) -> None:
    rows = database.execute("SELECT DISTINCT region FROM department").fetchall()

    assert {str(row[0]) for row in rows} == set(REGIONS)
