"""Made-up answers: the same each time, each at its moment, with an effect that the report finds."""

import datetime as dt

import pytest

from engine.actions.made_up_answers import Answered, answer
from engine.actions.report import report
from engine.app import App, Settings
from engine.contract import Channel
from engine.model.written import RunId
from engine.problems import UsageError
from engine.store.database import Connection
from engine.testing.small_run import CAMPAIGN, START, SmallRun, definition

DAY = dt.timedelta(days=1)


@pytest.fixture
def channels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Channel]:
    folder = tmp_path_factory.mktemp("project")
    settings = Settings(
        folder, folder, None, None, "http://127.0.0.1", "fr", "test", b"sixteen bytes and more"
    )
    return App(settings, lambda: START).channels


@pytest.fixture
def crowd(database: Connection) -> SmallRun:
    """The small run with 1,500 more pharmacies: 1,200 touched, 300 left alone."""
    small = SmallRun(database)
    database.execute("DELETE FROM orders WHERE false")
    database.execute(
        "WITH new AS (INSERT INTO customer (of, kinds, org_name, sort_name, source)"
        " SELECT 'organisation', '{pharmacy}', 'Pharmacie ' || n, 'PHARMACIE ' || n, 'test' FROM generate_series(1, 1500) n"
        " RETURNING customer_id),"
        " numbered AS (SELECT customer_id, row_number() OVER (ORDER BY customer_id) AS n FROM new),"
        " members AS (INSERT INTO member (run_id, customer_id, cell, held_out, enrolled_at)"
        " SELECT %(run)s, customer_id, 'discount', n > 1200, %(start)s FROM numbered)"
        " INSERT INTO touch (customer_id, run_id, campaign, step, channel, brand, purpose, cell, state, due_at, touched_at)"
        " SELECT customer_id, %(run)s, 'dermapharm-direct-2026', 'announce', 'email', 'DERMAPHARM', 'commercial',"
        " 'discount', 'accepted', %(start)s, %(start)s FROM numbered WHERE n <= 1200",
        {"run": small.run, "start": START},
    )
    database.execute(
        "WITH event AS (INSERT INTO consent_event (customer_id, channel, purpose, opt, captured_at, source, source_id)"
        " SELECT customer_id, 'web_tracking', '*', 'opt_in', %(start)s, 'test', customer_id::text FROM customer"
        " RETURNING customer_id, consent_event_id)"
        " INSERT INTO consent (customer_id, channel, purpose, opt, has_proof, consent_event_id)"
        " SELECT customer_id, 'web_tracking', '*', 'opt_in', true, consent_event_id FROM event",
        {"start": START},
    )
    return small


def test_answers_that_came_do_not_come_again(
    database: Connection, crowd: SmallRun, channels: dict[str, Channel]
) -> None:
    answer(database, RunId(crowd.run), channels, seed=1, now=START + 30 * DAY)

    again = answer(database, RunId(crowd.run), channels, seed=1, now=START + 30 * DAY)

    assert again == Answered(0, 0, 0, 0, 0, 0)


def test_some_click_some_bounce_some_say_no_and_some_order(
    database: Connection, crowd: SmallRun, channels: dict[str, Channel]
) -> None:
    played = answer(database, RunId(crowd.run), channels, seed=1, now=START + 30 * DAY)

    assert min(played.clicks, played.unsubscribed, played.bounced, played.orders) > 0
    assert played.visits <= 1


def test_played_day_by_day_it_comes_to_the_same(
    database: Connection, crowd: SmallRun, channels: dict[str, Channel]
) -> None:
    parts = [answer(database, RunId(crowd.run), channels, seed=1, now=START + n * DAY) for n in (1, 9, 60)]
    orders = database.execute(
        "SELECT order_no, ordered_at FROM orders WHERE source = 'demo' ORDER BY 1"
    ).fetchall()
    database.execute(
        "DELETE FROM order_line WHERE order_id IN (SELECT order_id FROM orders WHERE source = 'demo')"
    )
    database.execute("DELETE FROM orders WHERE source = 'demo'")

    answer(database, RunId(crowd.run), channels, seed=1, now=START + 60 * DAY)

    assert sum(part.orders for part in parts) == len(orders)
    assert (
        database.execute(
            "SELECT order_no, ordered_at FROM orders WHERE source = 'demo' ORDER BY 1"
        ).fetchall()
        == orders
    )


def test_the_touched_order_more_and_the_report_says_so(
    database: Connection, crowd: SmallRun, channels: dict[str, Channel]
) -> None:
    answer(database, RunId(crowd.run), channels, seed=3, now=START + 61 * DAY)

    orders = report(database, CAMPAIGN.campaign, definition, now=START + 61 * DAY).goals[0]

    assert orders.treated.rate > orders.held_out.rate
    assert orders.effect is not None and orders.effect.low < 0.05 < orders.effect.high


def test_a_run_that_is_not_there_is_answered_by_nobody(
    database: Connection, channels: dict[str, Channel]
) -> None:
    with pytest.raises(UsageError, match="no run 99"):
        answer(database, RunId(99), channels, seed=1, now=START)
