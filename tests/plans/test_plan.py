"""A plan says what a run will do, of every step, and changes nothing."""

import pytest

from engine.actions.run import known_plan
from engine.cli.showing import show_plan
from engine.model.plan import StepPlan
from engine.problems import GuardStopped
from engine.store import ledger
from tests.plans.house import CAMPAIGN, DAY, NOW, POLICY_FILE, House


def step(house: House, name: str) -> StepPlan:
    return next(one for one in house.plan().steps if one.step == name)


def test_a_plan_leaves_no_run_behind(house: House) -> None:
    house.plan()

    assert house.runs() == 0


def test_the_same_base_planned_twice_is_the_same_plan(house: House) -> None:
    assert house.plan().plan_id == house.plan().plan_id


def test_a_plan_of_another_base_is_another_plan(house: House) -> None:
    first = house.plan()
    house.connection.execute(
        "DELETE FROM contact_point WHERE customer_id = (SELECT min(customer_id) FROM customer)"
    )

    assert house.plan().plan_id != first.plan_id


def test_a_run_of_an_unchanged_base_touches_exactly_whom_the_plan_named(house: House) -> None:
    made = house.plan()
    house.start(made.plan_id)

    row = house.connection.execute(
        "SELECT members FROM plan_part WHERE plan_id = %s AND part = 'step:announce'", [made.plan_id]
    ).fetchone()
    assert row is not None and set(row[0]) == house.touched("announce") != set()


def test_who_is_where_stands_in_a_file_with_a_line_for_everybody_of_the_universe(house: House) -> None:
    made = house.plan()

    lines = (house.folder / "plans" / f"{made.plan_id}.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1 + made.universe
    assert sum(",held out," in line for line in lines) == made.held_out


def test_the_plan_of_a_slot_that_has_run_says_what_its_steps_did(house: House) -> None:
    before = step(house, "announce")
    house.drain(house.start().run_id)

    after = step(house, "announce")

    assert (after.touched, after.excluded) == (before.touched, before.excluded)


def test_a_later_step_is_asked_its_condition_on_its_own_day(house: House) -> None:
    letter = step(house, "letter")
    enrolled = house.plan().members - house.plan().held_out

    assert 0 < letter.touched < letter.at_most == enrolled
    assert letter.due == NOW + 12 * DAY


def test_a_later_step_counts_what_the_steps_before_it_will_have_sent(house: House) -> None:
    house.write(
        "campaigns/policy.yaml",
        (house.root / "campaigns/policy.yaml").read_text()
        + "gaps:\n  - {name: mail-then-letter, no: mailing, within: 30 days, after: visit, purposes: promo, source: essai}\n",
    )

    assert step(house, "letter").excluded.keys() == {"min_gap"}


def test_a_hold_that_stands_on_the_day_of_a_later_step_withholds_that_step_only(house: House) -> None:
    house.connection.execute(
        "INSERT INTO customer_hold (customer_id, kind, from_at, to_at, source) SELECT customer_id, 'stock', %s, %s, 'logistique' FROM customer",
        [NOW + 5 * DAY, NOW + 10 * DAY],
    )

    made = {one.step: one for one in house.plan().steps}
    assert made["announce"].excluded.keys() == {"no_contact_point"}
    assert made["visit"].excluded.keys() == {"stock_hold"}


def test_a_template_that_fails_for_one_member_of_a_later_step_is_found_by_the_plan(house: House) -> None:
    house.change(
        "templates/dermapharm/points.md",
        "- Faire le point",
        "- {% if customer.town is defined and customer.town == 'NOWHERE' %}{{ customer.first_name }}{% endif %}Faire le point",
    )
    house.connection.execute(
        "UPDATE customer SET town = 'NOWHERE' WHERE customer_id = (SELECT max(customer_id) FROM customer JOIN contact_point USING (customer_id))"
    )

    assert step(house, "visit").does_not_compose == 1


def test_the_plan_says_how_many_tasks_each_rep_would_get(house: House) -> None:
    visit, announce = step(house, "visit"), step(house, "announce")

    assert [(load.code, load.taken) for load in visit.reps] == [("PHARMA-01", visit.touched)]
    assert announce.reps == ()


def test_the_plan_says_what_its_holdout_can_show(house: House) -> None:
    power = house.plan().power

    assert power is not None and "in 8 of 10 such campaigns" in power.en and "8 campagnes sur 10" in power.fr


def test_two_plans_that_differ_only_in_who_is_reached_have_different_ids(house: House) -> None:
    """The audience is the same; a cap that another campaign has used up since is not."""
    house.write(
        "campaigns/policy.yaml",
        (house.root / "campaigns/policy.yaml").read_text()
        + "caps:\n  - {name: one, max: 1, per: 7 days, channels: [email], source: essai}\n",
    )
    first = house.plan()
    house.connection.execute(
        "INSERT INTO touch (customer_id, channel, purpose, state, due_at, touched_at, source, source_id)"
        " SELECT customer_id, 'email', 'commercial', 'accepted', %s, %s, 'history', customer_id::text FROM customer",
        [NOW - DAY, NOW - DAY],
    )
    second = house.plan()

    assert second.audience_digest == first.audience_digest and second.plan_id != first.plan_id


def test_a_plan_warns_where_it_asks_more_of_a_rep_than_they_can_do(house: House) -> None:
    house.connection.execute("UPDATE rep SET daily_capacity = 1")

    made = house.plan()

    (visit,) = [step for step in made.steps if step.step == "visit"]
    (load,) = visit.reps
    assert load.taken == load.capacity < load.asked and visit.touched == load.taken
    assert any("PHARMA-01" in str(warning) for warning in made.warnings)


def letter_of_one(house: House, change: str) -> None:
    """Change the customer of one of the plan's letters."""
    who = (house.folder / "plans" / f"{house.plan().plan_id}.csv").read_text(encoding="utf-8").splitlines()
    house.connection.execute(
        f"UPDATE customer SET {change} WHERE customer_id = (SELECT min(id) FROM unnest(%s::bigint[]) AS id"  # type: ignore[arg-type]
        " WHERE NOT EXISTS (SELECT FROM contact_point WHERE customer_id = id AND type = 'email'))",
        [[int(line.split(",")[0]) for line in who if ",enrolled," in line]],
    )


def test_the_plan_finds_the_one_letter_that_no_font_can_print(house: House) -> None:
    letter_of_one(house, "town = 'Nantes 王'")

    assert step(house, "letter").does_not_compose == 1


def test_the_plan_finds_the_one_letter_for_which_its_template_fails(house: House) -> None:
    tier = '#piece.customer.greeting, #int(piece.customer.facts.at("rfm_tier", default: "4"))'
    house.change("templates/dermapharm/letter.typ", "#piece.customer.greeting,", tier)
    letter_of_one(house, """facts = '{"rfm_tier": "?"}'""")

    assert step(house, "letter").does_not_compose == 1


def odd_name(house: House) -> int:
    """Put a character that turns the reading direction into the name of one whom the announcement would reach."""
    row = house.connection.execute(
        "SELECT min(customer_id) FROM contact_point WHERE type = 'email'"
        " AND customer_id = ANY ((SELECT members FROM plan_part WHERE plan_id = %s AND part = 'step:announce')::bigint[])",
        [house.plan().plan_id],
    ).fetchone()
    assert row is not None
    house.connection.execute(
        "UPDATE customer SET org_name = U&'Pharmacie \\202Edu Port' WHERE customer_id = %s", [row[0]]
    )
    return int(row[0])


def test_the_plan_says_for_whom_a_mail_does_not_compose_and_what_it_fails_at(house: House) -> None:
    customer = odd_name(house)

    made = house.plan()

    assert [str(stop) for stop in made.stops] == [
        f"1 parcel of step 'announce' does not compose: #{customer}, customer.org_name: U+202E."
    ]


def test_the_plans_table_says_what_does_not_compose(house: House) -> None:
    customer = odd_name(house)

    made = house.plan()

    lines = (house.folder / "plans" / f"{made.plan_id}.csv").read_text(encoding="utf-8").splitlines()
    (line,) = [line for line in lines if line.startswith(f"{customer},")]
    assert line.endswith(",announce: customer.org_name: U+202E")


def test_a_plan_with_a_broken_parcel_never_says_that_all_were_composed(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    customer = odd_name(house)

    show_plan(house.plan())

    said = capsys.readouterr().out
    assert "All " not in said and "Run it" not in said
    assert f"  announce: #{customer}: customer.org_name: U+202E" in said and "touchbase customer" in said


def test_a_plan_that_does_not_compose_makes_no_run(house: House) -> None:
    odd_name(house)
    made = house.plan()

    with pytest.raises(
        GuardStopped, match=r"does not compose: #\d+.*\n?Nothing was sent and nothing is kept"
    ):
        house.start(made.plan_id)

    assert house.runs() == 0


@pytest.mark.parametrize(("most", "state"), [(1, "running"), (0, "paused")])
def test_each_step_is_counted_for_itself_in_the_plan_and_in_the_run(
    house: House, most: int, state: str
) -> None:
    """Two first steps with one bad parcel each: what the plan lets pass, the run does not stop."""
    file, points = f"campaigns/{CAMPAIGN}.yaml", "templates/dermapharm/points.md"
    house.change(
        file, "after: announce + 8 days\n    until: announce + 20 days", "at: day 0 09:30\n    until: day 20"
    )
    house.change(
        points,
        "- Faire",
        "- {% if customer.town is defined and customer.town == 'NOWHERE' and customer.town > 3 %}?{% endif %}Faire",
    )
    house.write("campaigns/policy.yaml", POLICY_FILE + f"max_render_errors: {most}\n")
    customer = odd_name(house)
    house.connection.execute("UPDATE customer SET town = 'NOWHERE' WHERE customer_id = %s", [customer])

    made = house.plan()
    run = house.start().run_id

    assert {one.step: one.does_not_compose for one in made.steps if one.is_exact} == {
        "announce": 1,
        "visit": 1,
    }
    assert (not made.stops, ledger.one_run(house.connection, run).state) == (state == "running", state)


def test_a_plan_made_again_once_the_name_is_mended_runs(house: House) -> None:
    """The same members are the same plan: what it shows is what its latest look saw."""
    customer = odd_name(house)
    broken = house.plan()
    house.connection.execute(
        "UPDATE customer SET org_name = 'Pharmacie du Port' WHERE customer_id = %s", [customer]
    )

    again = house.plan()

    assert again.plan_id == broken.plan_id and house.start(again.plan_id).is_new


def test_a_plan_that_was_run_goes_on_showing_what_it_showed(house: House) -> None:
    """A second look at the same slot sees a run; its members, and so its id, are those of the plan."""
    house.change(f"campaigns/{CAMPAIGN}.yaml", "at: day 0 09:30", "at: day 0 11:30")
    made = house.plan()
    house.start(made.plan_id)
    before = known_plan(house.connection, made.plan_id)
    house.connection.execute("UPDATE customer SET org_name = U&'Pharmacie \\202Edu Port'")

    again = house.plan()

    assert again.plan_id == made.plan_id and again.document() != made.document()
    assert known_plan(house.connection, made.plan_id) == before


def test_a_plan_before_its_steps_hour_shows_what_all_steps_would_cost(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    house.change(f"campaigns/{CAMPAIGN}.yaml", "at: day 0 09:30", "at: day 0 11:30")

    made = house.plan()
    show_plan(made)

    assert made.cost == 0 and "No step is due at the moment of this plan" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("state", "words"),
    [("cancelled", "is cancelled (essai), for good"), ("paused", "It goes on with: touchbase resume")],
)
def test_a_slot_that_has_its_run_already_is_told_so(
    house: House, state: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run = house.start().run_id
    ledger.switch(house.connection, run, state, by="claire", because="essai")
    ledger.cancel_open(house.connection, run)

    made = house.plan()
    show_plan(made)

    said = capsys.readouterr().out
    assert f"run {run} is {state} (essai)" in said and words in said and "Run it" not in said
