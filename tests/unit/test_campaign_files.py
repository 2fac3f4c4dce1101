"""What `touchbase check` says of a campaign whose names mean nothing, or whose time never comes."""

import datetime as dt

import pytest

from engine.loading.campaign_meaning import past_remark, time_remarks
from tests.shipped import FILE, House

NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
WRONG = {
    "a brand nobody sells": ("brand: DERMAFARM", "\nbrand: DERMAPHARM", "\nbrand: DERMAFARM", "unknown brand 'DERMAFARM'"),
    "a goal of such a brand": ("orders:", "orders: {response: order, brand: DERMAPHARM", "orders: {response: order, brand: DERMAFARM", "unknown brand 'DERMAFARM'"),
    "an end before the start": ("end: 2026-02-15", "end: 2026-05-15", "end: 2026-02-15", "the campaign ends on 2026-02-15, before it starts"),
    "a step over before it comes": ("until: announce + 3 days", "until: announce + 12 days", "until: announce + 3 days", "the step may no longer leave when it comes due: nobody gets it"),
    "a first step over before it comes": ("until: day 3", "at: day 0 09:30", "at: day 4 09:30", "the step may no longer leave when it comes due: nobody gets it"),
    "working days that outlast the limit": ("until: announce + 12 days", "after: announce + 8 days", "after: announce + 13 working days", "the step may no longer leave when it comes due: nobody gets it"),
    "a step after the end": ("after: announce + 8 days", "end: 2026-05-15", "end: 2026-03-10", "the step comes due after the campaign's end (2026-03-10): nobody gets it"),
    "a start that never comes": ("every:", "start: 2026-03-03 09:30", "start: 2026-03-03 09:30\n  every: '30 9 1 1 *'", "'30 9 1 1 *' never comes in the campaign's time"),
    "a year of another time": ("start:", "start: 2026-03-03 09:30", "start: 0206-03-03 09:30", "the year 206 is a slip"),
    "a fact that is none": ("priority:", "{by: potential}", "{by: potental}", "unknown fact 'potental'"),
    "persons taken out of organisations": ("except:", "except: [pharmacies-in-dunning]", "except: [gp-metro]", "'gp-metro' is a segment of persons, the audience is of organisations: it takes nobody out"),
    "two cells with one code": ("free_goods:", "code: DPD26-B", "code: DPD26-A", "the cell 'discount' has the code 'DPD26-A' already: an order would not tell which offer it answers"),
    "everybody held out": ("holdout:", "share: 20%", "share: 100%", "everybody is held out: the campaign reaches nobody"),
}  # fmt: skip


@pytest.mark.parametrize("slip", WRONG)
def test_a_campaign_is_refused_for(house: House, slip: str) -> None:
    line, old, new, said = WRONG[slip]
    house.change(FILE, old, new)

    found = [problem for problem in house.read().problems if problem.what.en == said]

    assert found[0].span.file == FILE and line in (found[0].excerpt or "")


def test_a_wrong_cron_expression_is_told_in_french_too(house: House) -> None:
    house.change(FILE, "start: 2026-03-03 09:30", "every: '30 9 * * TEU'")

    (problem,) = house.read().problems

    assert problem.what.en.endswith("the day of the week is none")
    assert problem.what.fr.endswith("le jour de la semaine n'en est pas un")


@pytest.mark.parametrize(
    "address",
    [
        "contact@armorial",
        "contact@-armorial.example.org",
        ".contact@armorial.example.org",
        "é@armorial.example.org",
    ],
)
def test_an_address_of_the_policy_that_no_mail_can_have_is_told_where_it_stands(
    house: House, address: str
) -> None:
    policy = "campaigns/policy.yaml"
    house.change(policy, "contact@armorial.example.org}", f"{address}, reply_to: '{address}'}}")
    house.change(
        policy,
        "default_sender:",
        f"seeds: ['{address}']\nproof_addresses: [proof@armorial.example.org, '{address}']\ndefault_sender:",
    )

    told = [problem.what.en for problem in house.read().problems if problem.span.file == policy]

    assert told == [f"'{address}' is not an address"] * 4


def test_what_a_policy_names_must_exist(house: House) -> None:
    policy = "campaigns/policy.yaml"
    house.change(policy, "{name: flu, brands: [HIVERNAX]", "{name: flu, brands: [HIVERNAXE]")
    house.change(policy, 'departments: ["974", "976"]', 'departments: ["974", "9760"]')
    house.change(policy, "{name: four-visits-a-year, max: 4, per: 365 days, channels: [visit]", "{name: four-visits-a-year, max: 4, per: 365 days, channels: [visits]")  # fmt: skip

    said = [said.split(": ", 1)[1] for said in house.said()]

    assert said == ["unknown channel 'visits'", "unknown brand 'HIVERNAXE'", "unknown department '9760'"]


def test_where_no_brands_are_declared_any_may_be_named(house: House) -> None:
    house.change("segments/facts.yaml", "brands: [HIVERNAX, DERMAPHARM, CARDIANE]", "brands: []")
    house.change(FILE, "\nbrand: DERMAPHARM", "\nbrand: DERMAFARM")

    assert house.said() == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("until: announce + 12 days", "until: announce + 8 working days"),
        ("until: day 3", "until: day 1"),
        ("start: 2026-03-03 09:30", "every: '30 9 * * TUE'"),
    ],
)
def test_a_step_that_may_leave_is_left_alone(house: House, old: str, new: str) -> None:
    house.change(FILE, old, new)

    assert house.said() == []


@pytest.mark.parametrize(
    ("written", "what", "remedy"),
    [
        ("start: 2026-03-29 02:30", "02:30 does not exist on 2026-03-29", "starts at 03:30"),
        ("start: 2026-10-25 02:30", "02:30 comes twice on 2026-10-25", "the first time"),
        ("every: '* * * * *'", "starts 1,440 times a day", "minute hour day month weekday"),
    ],
)
def test_a_calendar_that_may_not_be_meant_is_remarked_upon(
    house: House, written: str, what: str, remedy: str
) -> None:
    house.change(FILE, "start: 2026-03-03 09:30", written)
    house.change(FILE, "end: 2026-05-15", "end: 2026-12-31")

    (remark,) = time_remarks(house.read().campaigns["dermapharm-direct-2026"])

    assert what in remark.what.en and remedy in remark.remedy.en


def test_a_start_many_years_away_is_remarked_upon(house: House) -> None:
    def said(now: dt.datetime) -> str:
        return str(past_remark(house.read().campaigns["dermapharm-direct-2026"], now))

    assert said(NOW) == "None" and "five years past" in said(NOW.replace(year=2036))
    assert "five years ahead" in said(NOW.replace(year=2016))


SEGMENT = "segment: asked\ntitle: T\nof: organisation\nwho:\n  - kind: pharmacy\n  - "


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("enrolled: {cell: nosuchcell}", "there is no cell 'nosuchcell' in dermapharm-direct-2026, hivernax-2026, hivernax-officine-2026"),
        ("enrolled: {campaign: dermapharm-direct-2026, cell: discunt}", "there is no cell 'discunt' in dermapharm-direct-2026"),
        ("touched: {campaign: hivernax-2026, step: nosuchstep}", "there is no step 'nosuchstep' in hivernax-2026"),
    ],
)  # fmt: skip
def test_a_segment_may_not_ask_for_a_step_or_cell_that_a_campaign_has_not(
    house: House, written: str, said: str
) -> None:
    (house.root / "segments" / "asked.yaml").write_text(f"{SEGMENT}{written}\n", encoding="utf-8")

    assert [problem.what.en for problem in house.read().problems] == [said]


@pytest.mark.parametrize(
    "written",
    [
        "enrolled: {cell: discount}",
        "touched: {campaign: hivernax-2026, step: announce}",
        "touched: {campaign: hivernax-2025, step: of-then}",
        "enrolled: {campaign: dermapharm-2025, cell: of-then}",
    ],
)
def test_of_a_campaign_without_a_file_any_step_or_cell_may_be_named(house: House, written: str) -> None:
    (house.root / "segments" / "asked.yaml").write_text(f"{SEGMENT}{written}\n", encoding="utf-8")

    assert house.said() == []
