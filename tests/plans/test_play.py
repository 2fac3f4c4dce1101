"""A campaign's own examples, played in memory; and the same days played by the database."""

import time
from pathlib import Path

import pytest

from engine.actions.check import read_project
from engine.actions.play import Shown, play_examples
from engine.loading.project import Project
from engine.problems import FilesError, UsageError
from tests.plans.house import CAMPAIGN, CAMPAIGN_FILE, DAY, NOW, House, furnish, pharmacies

EXAMPLE = """\
examples:
  - title: essai
    customer: {kind: pharmacy}
    expect: {announce: day 0 09:30, visit: day 8}
"""
SHIPPED = Path(__file__).parents[2]


@pytest.fixture
def site(tmp_path: Path) -> House:
    """A project without a database."""
    furnish(tmp_path)
    return House(None, tmp_path)  # type: ignore[arg-type]


def played(site: House, example: str = EXAMPLE) -> Shown:
    site.write(f"campaigns/{CAMPAIGN}.yaml", CAMPAIGN_FILE + example)
    (shown,) = play_examples(site.project, CAMPAIGN)
    return shown


def came(shown: Shown) -> dict[str, str]:
    return {one.step: shown.said(one) for one in shown.played}


def test_an_example_says_who_gets_what_when(site: House) -> None:
    shown = played(site)

    assert came(shown) == {"announce": "day 0 09:30", "visit": "day 8 09:30"} and shown.problems == ()


def test_what_comes_otherwise_is_told_at_its_place(site: House) -> None:
    shown = played(site, EXAMPLE.replace("visit: day 8", "visit: day 9"))

    (problem,) = shown.problems
    assert str(problem.what) == "'visit': expected day 9, came day 8 09:30"
    assert problem.span.line == CAMPAIGN_FILE.count("\n") + 4


def test_a_step_that_nobody_expected_is_told(site: House) -> None:
    shown = played(site, EXAMPLE.replace(", visit: day 8", ""))

    assert [str(problem.what) for problem in shown.problems] == [
        "'visit': expected nothing, came day 8 09:30"
    ]


def test_a_step_that_was_expected_and_never_came_is_told(site: House) -> None:
    shown = played(site, EXAMPLE.replace("visit: day 8", "visit: day 8, letter: day 12"))

    assert [str(problem.what) for problem in shown.problems] == ["'letter': expected day 12, came nothing"]


def test_a_withheld_mail_opens_the_way_to_the_letter(site: House) -> None:
    example = EXAMPLE.replace("customer:", "withheld: {email: no_contact_point}\n    customer:").replace(
        "{announce: day 0 09:30, visit: day 8}", "{announce: no_contact_point, visit: day 8, letter: day 12}"
    )

    assert played(site, example).problems == ()


def test_an_exit_ends_all(site: House) -> None:
    site.change("campaigns/policy.yaml", "costs:", "costs:")
    with_exit = EXAMPLE.replace("visit: day 8", "visit: no").replace(
        "    expect:", "    then: [{day: 3, order: DERMAPHARM}]\n    expect:"
    )
    shown = played(site, "exit: [{ordered: {since: announce}}]\n" + with_exit)

    assert shown.problems == ()


def test_hours_and_caps_of_the_policy_are_kept(site: House) -> None:
    site.change(
        "campaigns/policy.yaml",
        "costs:",
        'hours: [{name: late, channels: [email], purposes: all, between: ["11:00-12:00"], source: s}]\n'
        "caps: [{name: none, max: 1, per: 30 days, channels: [visit], purposes: all, source: s}]\ncosts:",
    )
    shown = played(site, EXAMPLE.replace("{kind: pharmacy}", "{kind: pharmacy, visited: {days_ago: 5}}"))

    assert came(shown) == {"announce": "day 0 11:00", "visit": "visit_cap"}


def test_an_answer_to_what_never_came_is_a_slip_of_the_example(site: House) -> None:
    shown = played(site, EXAMPLE.replace("    expect:", "    then: [{day: 2, visited: visit}]\n    expect:"))

    assert [str(problem.what) for problem in shown.problems] == [
        "on day 2 'visited' answers 'visit', which has not reached them"
    ]


def test_a_customer_outside_the_audience_is_told(site: House) -> None:
    shown = played(site, EXAMPLE.replace("kind: pharmacy", "kind: hospital"))

    assert [str(problem.what) for problem in shown.problems] == [
        "this customer is not in the audience of 'dermapharm-test'"
    ]


def test_a_campaign_without_examples_says_how_to_write_one(site: House) -> None:
    with pytest.raises(UsageError, match="no examples to play"):
        play_examples(site.project, CAMPAIGN)


def test_an_expectation_that_says_nothing_is_refused_with_its_place(site: House) -> None:
    site.write(f"campaigns/{CAMPAIGN}.yaml", CAMPAIGN_FILE + EXAMPLE.replace("day 8", "next week"))

    with pytest.raises(FilesError) as wrong:
        play_examples(site.project, CAMPAIGN)

    assert "says neither a day nor a reason" in wrong.value.show()


@pytest.fixture(scope="module")
def shipped() -> Project:
    site = House(None, SHIPPED)  # type: ignore[arg-type]
    return read_project(SHIPPED, site.channels)


@pytest.mark.parametrize("name", ["dermapharm-direct-2026", "hivernax-2026"])
def test_the_shipped_campaigns_pass_their_own_examples_in_under_a_second(shipped: Project, name: str) -> None:
    began = time.process_time()
    shown = play_examples(shipped, name)

    assert [str(problem.what) for one in shown for problem in one.problems] == []
    assert len(shown) >= 3 and time.process_time() - began < 1


def test_the_database_does_what_the_play_says(house: House) -> None:
    """Ninety days of two customers: one who can be written to, one without an address."""
    expected = {
        "announce": {"announce": "2026-03-03", "visit": "2026-03-11"},
        "letter": {"visit": "2026-03-11", "letter": "2026-03-15"},
    }
    house.connection.execute("DELETE FROM contact_point; DELETE FROM alignment; UPDATE customer SET status = 'retired'")  # fmt: skip
    house.change(
        f"campaigns/{CAMPAIGN}.yaml", "holdout: {share: 20%}", "holdout: {share: 0%, because: essai}"
    )
    (written,), (unwritten,) = pharmacies(house.connection, 1), pharmacies(house.connection, 1, mail=False)
    run = house.start().run_id
    for day in (0, 8, 12, 20, 31):
        house.advance(run, NOW + day * DAY)
        house.connection.execute(
            "UPDATE touch SET state = 'accepted', touched_at = due_at WHERE state IN ('planned','ready')"
        )

    found: dict[int, dict[str, str]] = {written: {}, unwritten: {}}
    for customer, step, at in house.connection.execute(
        "SELECT customer_id, step, (touched_at AT TIME ZONE 'Europe/Paris')::date::text FROM touch WHERE state = 'accepted'"
    ):
        found[int(customer)][str(step)] = str(at)
    assert (found[written], found[unwritten]) == (expected["announce"], expected["letter"])


OVERFLOW = "overflow: [defer, {switch_to: mailing}]"


@pytest.mark.parametrize(("channel", "problems"), [("mailing", 0), ("call", 1)])
def test_a_full_diary_leads_to_a_step_that_takes_over(site: House, channel: str, problems: int) -> None:
    text = CAMPAIGN_FILE.replace(
        "talking_points: dermapharm/points}", f"talking_points: dermapharm/points, {OVERFLOW}}}"
    )
    site.write(f"campaigns/{CAMPAIGN}.yaml", text.replace("switch_to: mailing", f"switch_to: {channel}"))

    found = [str(one.what) for one in site.project.problems]

    assert found == ["no step of the campaign takes over by 'call'"] * problems
