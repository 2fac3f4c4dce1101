"""Deliveries of what other systems did and heard: it counts in caps and segments like our own."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from engine.actions.load import LoadReport
from engine.model.predicate import Who
from engine.rules.schedule import slot
from engine.store import audience, enrolment, journey, ledger
from engine.store.database import Connection
from engine.store.journey import Reach
from tests.store.bases import campaign, library, policy, rules
from tests.store.deliveries import CLAIRE, NOW, PORT, base, delivered, done, faults

HEADER = "RPPS;FINESS;id evenement;canal;sens;marque;campagne;finalite;date;resultat;delegue;evenement;montant;libelle\n"
VISIT = f"{CLAIRE};;v-1;visite;out;HIVERNAX;;promo_rx;2026-11-20T14:30;vu;PCR-01;;;\n"
CLICK = f"{CLAIRE};;c-1;email;in;HIVERNAX;hivernax-2025;;20/11/2026 09:15;;;click;;rcp\n"


@pytest.fixture
def ids(database: Connection) -> dict[str, int]:
    return base(database)


def loaded(connection: Connection, folder: Path, text: str, **more: Any) -> LoadReport:
    return delivered(connection, folder, "history", HEADER + text, source="sfa", **more)


def test_what_went_out_is_a_touch_and_what_came_in_a_response(
    database: Connection, ids: dict[str, int], tmp_path: Path
) -> None:
    report = loaded(database, tmp_path, VISIT + CLICK)

    assert (done(report), report.counts["touches_new"], report.counts["responses_new"]) == ((2, 0, 0), 1, 1)
    touch = database.execute(
        "SELECT channel, brand, state, outcome, touched_at::text, rep_id IS NOT NULL FROM touch"
    ).fetchone()
    assert touch == ("visit", "HIVERNAX", "accepted", "done", "2026-11-20 13:30:00+00", True)
    heard = database.execute(
        "SELECT channel, campaign, type, at::text, label, attribution FROM response"
    ).fetchone()
    assert heard == ("email", "hivernax-2025", "click", "2026-11-20 08:15:00+00", "rcp", "none")


def test_a_second_load_creates_and_changes_nothing(
    database: Connection, ids: dict[str, int], tmp_path: Path
) -> None:
    text = VISIT + CLICK + f";{PORT};;appel;;;;;2026-10-01;fait;;;;\n"
    loaded(database, tmp_path, text)

    assert done(loaded(database, tmp_path, text)) == (0, 0, 0)


def test_an_outcome_that_was_corrected_is_a_change(
    database: Connection, ids: dict[str, int], tmp_path: Path
) -> None:
    loaded(database, tmp_path, VISIT)

    report = loaded(database, tmp_path, VISIT.replace(";vu;", ";absent;"))

    assert report.counts["changed"] == 1
    assert database.execute("SELECT outcome FROM touch").fetchone() == ("not_done",)


def test_an_imported_visit_counts_in_the_cap(
    database: Connection, ids: dict[str, int], tmp_path: Path
) -> None:
    loaded(database, tmp_path, VISIT)

    assert withheld(database, ids[CLAIRE]) == ["visit_cap"]


def test_a_visit_that_the_field_planned_counts_in_the_cap(
    database: Connection, ids: dict[str, int], tmp_path: Path
) -> None:
    loaded(database, tmp_path, VISIT.replace("2026-11-20", "2026-11-28").replace(";vu;", ";planned;"))

    assert withheld(database, ids[CLAIRE]) == ["visit_cap"]


def test_a_planned_visit_that_was_called_off_counts_no_more(
    database: Connection, ids: dict[str, int], tmp_path: Path
) -> None:
    planned = VISIT.replace("2026-11-20", "2026-11-28").replace(";vu;", ";planned;")
    loaded(database, tmp_path, planned)

    loaded(database, tmp_path, planned.replace("planned", "cancelled"))

    assert withheld(database, ids[CLAIRE]) == []


def withheld(connection: Connection, customer: int) -> list[str]:
    """Return why a visit that comes due today is withheld under a cap of one visit in thirty days."""
    spec = campaign(steps={"see": {"channel": "visit", "at": "day 0", "until": "day 3"}})
    cap = {
        "name": "visits",
        "max": 1,
        "per": "30 days",
        "channels": ["visit"],
        "purposes": "all",
        "source": "test",
    }
    house = policy(caps=[cap])
    ledger.keep_definition(connection, spec.campaign, spec.campaign, {})
    run, _ = ledger.open_run(connection, spec, slot(NOW.replace(tzinfo=None), "Europe/Paris"), spec.campaign)
    enrolment.freeze(connection, run, spec, library(), house, rules(), NOW)
    ledger.mark_frozen(connection, run, NOW)
    journey.come_due(connection, run, spec, "see", Reach(None, "pepper"), library(), house, rules(), NOW, NOW)
    row = connection.execute(
        "SELECT reasons FROM touch WHERE run_id = %s AND customer_id = %s", [run, customer]
    ).fetchone()
    assert row is not None
    return [str(reason) for reason in row[0] or () if "cap" in reason]


def test_a_segment_finds_them_like_our_own(database: Connection, ids: dict[str, int], tmp_path: Path) -> None:
    loaded(database, tmp_path, VISIT + CLICK)

    who = TypeAdapter(Who).validate_python(
        [
            {"visited": {"within": "30 days", "brand": "HIVERNAX"}},
            {"responded": {"to": "hivernax-2025", "with": "click"}},
        ]
    )
    text, parameters = audience.as_sql(audience.matching(who, library(), None, on=NOW), prefix="w")
    assert database.execute(text, parameters).fetchall() == [(ids[CLAIRE],)]  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (VISIT.replace("visite", "pigeon"), ("channel", "no channel that we know")),
        (VISIT.replace("2026-11-20T14:30", "2026-11-20T25:30"), ("at", "not a date")),
        (VISIT.replace("2026-11-20", "2027-11-20"), ("at", "lies in the future")),
        (VISIT.replace(";out;", ";vers le haut;"), ("direction", "neither in nor out")),
        (CLICK.replace(";click;", ";applaudissement;"), ("type", "no kind of response that we know")),
        (CLICK.replace(";click;", ";;"), ("type", "something came in, but not what")),
        (CLICK.replace(";click;", ";order;"), ("type", "an order is no line of a history")),
        (CLICK.replace(";in;", ";out;"), ("type", "what goes out is no response")),
    ],
)
def test_a_line_that_cannot_be_right_is_told(
    database: Connection, ids: dict[str, int], tmp_path: Path, line: str, fault: tuple[str, str]
) -> None:
    assert faults(loaded(database, tmp_path, line)) == [(2, *fault)]


def test_an_unknown_brand_costs_the_brand_not_the_touch(
    database: Connection, ids: dict[str, int], tmp_path: Path
) -> None:
    report = loaded(database, tmp_path, VISIT.replace("HIVERNAX", "AUTRE"))

    assert (report.counts["created"], report.rejected[0].column) == (1, "brand")


def test_an_id_stays_with_its_customer(database: Connection, ids: dict[str, int], tmp_path: Path) -> None:
    loaded(database, tmp_path, VISIT)

    report = loaded(database, tmp_path, VISIT.replace(f"{CLAIRE};", f";{PORT}", 1))

    assert faults(report) == [(2, "source_id", "an id that another customer's touch or response has")]


def test_who_unsubscribed_elsewhere_is_not_written_to_here(
    database: Connection, ids: dict[str, int], tmp_path: Path
) -> None:
    report = loaded(database, tmp_path, CLICK.replace(";click;", ";unsubscribe;"))

    assert report.counts["customers_who_said_no"] == 1
    assert database.execute(
        "SELECT blocked FROM contact_guard WHERE customer_id = %s", [ids[CLAIRE]]
    ).fetchone() == (["email"],)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-31", dt.datetime(2026, 3, 31, 10, tzinfo=dt.UTC)),
        ("31/03/2026", dt.datetime(2026, 3, 31, 10, tzinfo=dt.UTC)),
        ("2026-01-31T14:30", dt.datetime(2026, 1, 31, 13, 30, tzinfo=dt.UTC)),
        ("2026-01-31 14:30:05.250", dt.datetime(2026, 1, 31, 13, 30, 5, 250000, tzinfo=dt.UTC)),
        ("2026-01-31T14:30:00Z", dt.datetime(2026, 1, 31, 14, 30, tzinfo=dt.UTC)),
        ("2026-01-31T14:30-03:30", dt.datetime(2026, 1, 31, 18, 0, tzinfo=dt.UTC)),
        ("2026-01-31T14:30+0530", dt.datetime(2026, 1, 31, 9, 0, tzinfo=dt.UTC)),
        ("2028-02-29", dt.datetime(2028, 2, 29, 11, tzinfo=dt.UTC)),
        ("2026-02-29", None), ("2026-04-31", None), ("29/02/2100", None), ("2026-13-01", None), ("2026-03-31T14h30", None), ("mardi", None),
        ("2026-03-311", None), ("", None),
    ],
)  # fmt: skip
def test_dates_are_read_as_people_write_them(
    database: Connection, text: str, moment: dt.datetime | None
) -> None:
    assert database.execute("SELECT moment_of(%s)", [text]).fetchone() == (moment,)
