"""A tick: campaigns of the same moment choose by priority, value and a stable hash; the loser is told by whom."""

import random

import pytest

from engine.actions.explain import explain
from engine.actions.tick import Ticked, tick
from engine.model.written import RunId
from engine.problems import GuardStopped
from tests.plans.house import CAMPAIGN_FILE, DAY, NOW, PEPPER, House

CAPPED = """\
caps:
  - {name: one-mail-a-week, max: 1, per: 7 days, channels: [email], purposes: all, source: "MK-2026-02"}
priorities: {commercial: 60}
"""


@pytest.fixture
def capped(house: House) -> House:
    """Two campaigns that want the same pharmacies at the same moment, and a cap of one mail."""
    (house.root / "campaigns/dermapharm-test.yaml").unlink()
    house.change("campaigns/policy.yaml", "default_sender: officine\n", "default_sender: officine\n" + CAPPED)
    return house


def wants(house: House, name: str, own: str = "", *, file: str | None = None) -> None:
    """Write a campaign; `own` is what its policy says."""
    text = CAMPAIGN_FILE.replace("campaign: dermapharm-test", f"campaign: {name}").replace(
        "holdout: {share: 20%}", "holdout: {share: 0%, because: essai}"
    )
    if own:
        text += f"policy: {{{own}}}\n"
    house.write(f"campaigns/{file or name}.yaml", text)


def ticked(house: House, now=NOW) -> Ticked:  # type: ignore[no-untyped-def]
    return tick(house.connection, house.project, house.channels, pepper=PEPPER, now=now)


def winners(house: House) -> set[str]:
    return {
        str(row[0])
        for row in house.connection.execute("SELECT DISTINCT campaign FROM touch WHERE state = 'ready'")
    }


def test_the_higher_priority_chooses_first_whatever_the_files_are_called(capped: House) -> None:
    wants(capped, "restock", "priority: 80", file="z")
    wants(capped, "spring-offer", file="a")

    ticked(capped)

    assert winners(capped) == {"restock"}


def test_between_equal_priorities_the_higher_value_chooses_first(capped: House) -> None:
    wants(capped, "restock", "value: 350 EUR", file="z")
    wants(capped, "spring-offer", "priority: 60, value: 349.99 EUR", file="a")

    ticked(capped)

    assert winners(capped) == {"restock"}


def test_between_equals_a_hash_decides_and_names_of_files_do_not(capped: House) -> None:
    names = ["restock", "spring-offer", "new-range"]
    chosen = set()
    for files in (names, names[::-1]):
        for name, file in zip(names, random.Random(1).sample(files, 3), strict=True):
            wants(capped, name, file=f"file-{file}")
        with capped.connection.transaction(force_rollback=True):
            ticked(capped)
            chosen |= winners(capped)

    assert len(chosen) == 1


def test_a_later_step_of_the_more_important_run_chooses_before_a_new_run(capped: House) -> None:
    wants(capped, "restock", "priority: 80")
    wants(capped, "spring-offer")
    capped.change("campaigns/restock.yaml", "at: day 0 09:30", "at: day 5 09:30")
    capped.change("campaigns/restock.yaml", "until: day 3", "until: day 8")
    capped.change("campaigns/spring-offer.yaml", "start: 2026-03-03 09:30", "start: 2026-03-08 09:30")
    ticked(capped)

    ticked(capped, NOW + 5 * DAY)

    assert winners(capped) == {"restock"}


def test_the_loser_is_told_the_winner_its_priority_and_the_rule(capped: House) -> None:
    wants(capped, "restock", "priority: 80")
    wants(capped, "spring-offer")
    ticked(capped)
    row = capped.connection.execute(
        "SELECT min(customer_id) FROM touch WHERE campaign = 'spring-offer' AND reason = 'frequency_cap'"
    ).fetchone()
    assert row is not None

    story = [str(line) for line in explain(capped.connection, "spring-offer", row[0])]

    assert any("kept back for restock, priority 80 [one-mail-a-week]" in line for line in story), story


def test_a_guard_that_stops_one_campaign_stops_no_other(capped: House) -> None:
    wants(capped, "restock", "priority: 80")
    capped.change(
        "campaigns/restock.yaml", "  segment: pharmacies\n", "  segment: pharmacies\n  expect: 1..2\n"
    )
    wants(capped, "spring-offer")

    done = ticked(capped)

    assert (winners(capped), [type(error) for error in done.stopped.values()]) == (
        {"spring-offer"},
        [GuardStopped],
    )


def test_wrong_files_keep_new_runs_from_starting_and_no_open_run_from_going_on(capped: House) -> None:
    wants(capped, "restock", "priority: 80")
    ticked(capped)
    capped.write("campaigns/slip.yaml", "campaign: slip\n")

    done = ticked(capped, NOW + DAY)

    assert ([int(one.run_id) for one in done.advanced], list(done.stopped)) == ([RunId(1)], ["files"])


def test_a_second_tick_at_the_same_moment_changes_nothing(capped: House) -> None:
    wants(capped, "restock", "priority: 80")
    wants(capped, "spring-offer")
    ticked(capped)

    assert [one.new for one in ticked(capped).advanced] == [{}, {}]
