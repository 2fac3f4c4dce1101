"""The schema comes up once, and only once."""

from engine.store.database import Connection, bring_up_to_date


def test_a_database_that_is_up_to_date_stays_as_it_is(database: Connection) -> None:
    assert bring_up_to_date(database) == []
