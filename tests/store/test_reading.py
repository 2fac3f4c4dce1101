"""The report's figures against a run of twelve pharmacies that was counted by hand."""

import datetime as dt
from decimal import Decimal

import pytest

from engine.actions.report import Report, report
from engine.problems import UsageError
from engine.rules.measurement import Cell
from engine.store.database import Connection
from engine.testing.small_run import CAMPAIGN, START, SmallRun, definition

LATER = START + dt.timedelta(days=70)


@pytest.fixture
def small(database: Connection) -> SmallRun:
    return SmallRun(database)


@pytest.fixture
def told(database: Connection, small: SmallRun) -> Report:
    return report(database, CAMPAIGN.campaign, definition, now=LATER)


def test_the_waterfall_accounts_for_everybody(told: Report) -> None:
    fall = told.waterfall

    assert (fall.universe, fall.held_out, fall.enrolled, fall.touched) == (12, 3, 7, 6)
    assert sum(count for _, count in fall.excluded) + fall.held_out + fall.enrolled == fall.universe


def test_each_cell_shows_enrolled_and_touched(told: Report) -> None:
    assert told.waterfall.cells == (("discount", 4, 3), ("free_goods", 3, 3))


def test_a_step_says_what_became_of_each_touch(told: Report) -> None:
    announce = told.steps[0]

    assert (announce.due, announce.touched, announce.unknown, announce.waiting) == (7, 4, 1, 0)
    assert announce.excluded == (("no_notice", 1),)
    assert announce.refused == (("bad_mailbox", 1),)
    assert announce.outcomes == (("bounced_hard", 1),)


@pytest.mark.parametrize("index", [0, 1, 2])
def test_each_step_accounts_for_everybody_who_was_due(told: Report, index: int) -> None:
    step = told.steps[index]

    withheld = sum(count for _, count in (*step.excluded, *step.refused))
    assert step.due == step.touched + step.unknown + step.waiting + step.expired + step.cancelled + withheld


def test_two_clicks_of_one_customer_are_one_reaction(told: Report) -> None:
    assert dict(told.steps[0].reactions) == {"click": 1, "open_machine": 1}


def test_the_goal_counts_all_enrolled_and_all_held_out(told: Report) -> None:
    orders = told.goals[0]

    assert orders.treated == Cell(7, 2)
    assert orders.held_out == Cell(3, 1)


def test_cancelled_late_and_earlier_orders_do_not_count(told: Report) -> None:
    value = told.goals[0].treated_value

    assert value is not None and value.total == 550.0


def test_the_cells_are_measured_apart(told: Report) -> None:
    assert [(cell.name, cell.cell) for cell in told.goals[0].cells] == [
        ("discount", Cell(4, 2)),
        ("free_goods", Cell(3, 0)),
    ]


def test_the_curve_rises_on_the_days_of_the_orders(told: Report) -> None:
    curve = told.goals[0].treated_curve

    assert (curve[2], curve[3], curve[9], curve[10]) == (0, 1 / 7, 1 / 7, 2 / 7)


def test_clicks_are_not_compared_with_those_who_got_no_mail(told: Report) -> None:
    clicks = told.goals[1]

    assert clicks.effect is None
    assert "not what the campaign changed" in clicks.sentence.en


def test_ten_pharmacies_show_no_effect(told: Report) -> None:
    assert "Aucun effet démontré" in told.goals[0].sentence.fr


def test_costs_are_those_of_the_touches(told: Report) -> None:
    assert told.cost == Decimal("56.0000")
    assert [(channel, touched) for channel, touched, _ in told.costs] == [
        ("email", 5),
        ("visit", 1),
        ("mailing", 1),
    ]


def test_a_goal_whose_window_is_open_says_so(database: Connection, small: SmallRun) -> None:
    early = report(database, CAMPAIGN.campaign, definition, now=START + dt.timedelta(days=4))

    assert not early.goals[0].is_over
    assert early.goals[0].treated == Cell(7, 1)


def test_a_campaign_that_never_ran_has_no_report(database: Connection) -> None:
    with pytest.raises(UsageError, match="no run"):
        report(database, CAMPAIGN.campaign, definition, now=LATER)


def test_the_report_reads_as_json(told: Report) -> None:
    import json

    assert json.loads(told.as_json())["goals"][0]["treated"] == {"customers": 7, "responded": 2}
