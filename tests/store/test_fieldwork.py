"""What reps report and what the post brings back, in the shared history."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from psycopg import connect

from channels.mailing import channel as letters_channel
from channels.visit import channel as visits_channel
from engine.actions.fieldwork import Recorded, export_tasks, load_visit_reports, record_visit_reports
from engine.actions.returns import Returned, returns
from engine.contract import Parcel
from engine.problems import UsageError
from engine.store.database import Connection
from engine.store.fieldwork import VisitReport, tasks_for_export
from tests.channels.rounds import LETTER, ON, VISIT, Rounds, desk, rounds

LATER = ON + dt.timedelta(days=10)


@pytest.fixture
def world(database: Connection, tmp_path: Path) -> Rounds:
    """Three tasks in the inbox of a rep, three letters at the post."""
    world = rounds(database)
    steps = (
        ("visit", VISIT, visits_channel(desk(tmp_path))),
        ("letter", LETTER, letters_channel(desk(tmp_path))),
    )
    for name, step, channel in steps:
        wave = world.wave(name, step)
        compose = channel.prepare(wave)
        made = [compose(world.addressee(name, place)) for place in range(3)]
        with database.transaction():
            list(channel.deliver(wave, [one for one in made if isinstance(one, Parcel)], database))
    database.execute("UPDATE touch SET state = 'accepted', touched_at = %s", [ON])
    return world


def value(world: Rounds, text: Any, *values: Any) -> Any:
    row = world.connection.execute(text, values).fetchone()
    return None if row is None else row[0] if len(row) == 1 else row


def report(world: Rounds, outcome: str, place: int = 0, *, day: int = 20, id: str = "r1") -> Recorded:
    visited = dt.datetime(2026, 10, day, 9, tzinfo=dt.UTC)
    task = f"TB-hivernax-2026-{world.run}-visit-{world.customers[place]}"
    return record_visit_reports(
        world.connection, [VisitReport(id, "PCR-01", outcome, visited, task)], source="web", now=LATER
    )


def fate(world: Rounds, place: int = 0) -> Any:
    return value(
        world,
        "SELECT v.status, v.dismissed_because, t.outcome FROM visit_task v JOIN touch t USING (touch_id)"
        " WHERE v.touch_id = %s",
        world.touches["visit"][place],
    )


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        ("seen", ("done", None, "done")),
        ("refused", ("dismissed", "refused", "not_done")),
        ("left_site", ("dismissed", "left_site", "not_done")),
        ("not_seen_other", ("dismissed", "not_seen_other", "not_done")),
        ("absent", ("open", None, None)),
        ("rescheduled", ("scheduled", None, None)),
    ],
)
def test_a_report_settles_the_task_and_the_touch(
    world: Rounds, outcome: str, expected: tuple[Any, ...]
) -> None:
    report(world, outcome)

    assert fate(world) == expected


def test_a_report_is_a_response_of_the_touch_that_asked(world: Rounds) -> None:
    report(world, "seen")

    assert value(world, "SELECT touch_id, type, label FROM response") == (
        world.touches["visit"][0], "visit_outcome", "seen",
    )  # fmt: skip


def test_the_same_report_again_changes_nothing(world: Rounds) -> None:
    report(world, "seen")
    before = value(
        world, "SELECT sequence, changed_at FROM visit_task WHERE touch_id = %s", world.touches["visit"][0]
    )
    again = report(world, "seen")

    assert (again.new, again.known) == (0, 1)
    assert value(world, "SELECT count(*) FROM response") == 1
    assert before == value(
        world, "SELECT sequence, changed_at FROM visit_task WHERE touch_id = %s", world.touches["visit"][0]
    )


def test_absent_first_and_seen_later_is_done(world: Rounds) -> None:
    report(world, "absent", day=19, id="r1")
    report(world, "seen", day=21, id="r2")

    assert fate(world) == ("done", None, "done")


def test_a_late_report_of_absence_does_not_undo_a_visit(world: Rounds) -> None:
    report(world, "seen", day=19, id="r1")
    report(world, "refused", day=21, id="r2")

    assert fate(world) == ("done", None, "done")


def test_a_visit_that_nobody_asked_for_is_a_touch_of_its_own(world: Rounds) -> None:
    world.connection.execute(
        "INSERT INTO identifier (scheme, value, customer_id, source) VALUES ('RPPS', '10000000000', %s, 'test')",
        [world.customers[1]],
    )
    said = VisitReport("r9", "PCR-01", "seen", LATER, None, ("RPPS", "10000000000"), {"brand": "CARDIANE"})
    record_visit_reports(world.connection, [said], source="sfa", now=LATER)

    assert value(
        world, "SELECT customer_id, channel, brand, state, outcome FROM touch WHERE run_id IS NULL"
    ) == (world.customers[1], "visit", "CARDIANE", "accepted", "done")


def days_after_the_last(world: Rounds, days: int) -> dt.datetime:
    last = value(world, "SELECT max(due_on) FROM visit_task")
    return dt.datetime.combine(last + dt.timedelta(days=days), dt.time(14), dt.UTC)


def test_a_task_that_is_late_stays_for_two_weeks(world: Rounds, tmp_path: Path) -> None:
    export_tasks(world.connection, tmp_path, now=days_after_the_last(world, 14))

    assert fate(world) == ("open", None, None)


def test_a_task_that_is_long_overdue_expires_and_leaves_the_reps_list(world: Rounds, tmp_path: Path) -> None:
    exported = export_tasks(world.connection, tmp_path, now=days_after_the_last(world, 16))

    assert fate(world) == ("expired", None, "not_done") and exported.tasks == 0
    assert b"STATUS:CANCELLED" in next((tmp_path / "visits").glob("PCR-01.ics")).read_bytes()


def test_of_two_exports_at_once_the_second_waits_and_writes_what_is_true_by_then(
    world: Rounds, tmp_path: Path, database_url: str
) -> None:
    def second() -> int:
        with connect(database_url, autocommit=True) as connection:
            return export_tasks(connection, tmp_path, now=LATER).tasks

    with ThreadPoolExecutor(1) as pool:
        with world.connection.transaction():
            tasks_for_export(world.connection, LATER)  # the first one has read, and goes on writing
            coming = pool.submit(second)
            while not value(
                world, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            ):
                assert not coming.done(), "nobody waited"
            world.connection.execute(
                "UPDATE visit_task SET status = 'done' WHERE touch_id = (SELECT min(touch_id) FROM visit_task)"
            )
        assert coming.result() == 2


def test_a_report_of_a_visit_that_comes_after_its_task_expired_still_counts(
    world: Rounds, tmp_path: Path
) -> None:
    export_tasks(world.connection, tmp_path, now=days_after_the_last(world, 16))

    report(world, "seen")

    assert fate(world) == ("done", None, "done")


def test_a_file_of_reports_keeps_the_good_lines_and_says_why_not_the_others(
    world: Rounds, tmp_path: Path
) -> None:
    task = f"TB-hivernax-2026-{world.run}-visit-{world.customers[0]}"
    file = tmp_path / "visits.csv"
    file.write_text(
        "source_id;rep;task_id;visited_at;outcome;duration\n"
        f"a1;PCR-01;{task};2026-10-20T10:00;seen;25\n"
        f"a2;PCR-99;{task};2026-10-20;seen;\n"
        f"a3;PCR-01;TB-nobody;2026-10-20;seen;\n"
        f"a4;PCR-01;{task};20/10/2026;seen;\n"
        f"a5;PCR-01;{task};2026-10-20;sen;\n"
        f";PCR-01;{task};2026-10-20;seen;\n"
    )
    done = load_visit_reports(world.connection, file, now=LATER)

    assert (done.lines, done.new) == (6, 1)
    assert [(reject.line, reject.column) for reject in done.rejected] == [
        (3, "rep"), (4, "task_id"), (5, "visited_at"), (6, "outcome"), (7, "source_id"),
    ]  # fmt: skip
    assert value(world, "SELECT count(*) FROM reject") == 5
    assert value(world, "SELECT detail ->> 'duration' FROM visit_report") == "25"


def test_a_file_without_its_columns_is_refused_whole(world: Rounds, tmp_path: Path) -> None:
    file = tmp_path / "visits.csv"
    file.write_text("task;when\n1;2\n")

    with pytest.raises(UsageError, match="no column 'source_id'"):
        load_visit_reports(world.connection, file, now=LATER)


def pieces(world: Rounds) -> list[str]:
    return [
        value(world, "SELECT piece_id FROM piece WHERE touch_id = %s", touch)
        for touch in world.touches["letter"]
    ]


def scanned(world: Rounds, folder: Path, *lines: str) -> Returned:
    file = folder / "npai.csv"
    file.write_text("piece_id;scan_date;reason\n" + "".join(f"{line}\n" for line in lines))
    return returns(world.connection, file, now=LATER)


def address(world: Rounds, place: int) -> Any:
    return value(
        world,
        "SELECT status, status_reason FROM contact_point WHERE customer_id = %s",
        world.customers[place],
    )


def test_a_returned_letter_leaves_the_delivered(world: Rounds, tmp_path: Path) -> None:
    scanned(world, tmp_path, f"{pieces(world)[0]};2026-10-20;BOITE_ABSENTE")

    assert (
        value(world, "SELECT outcome FROM touch WHERE touch_id = %s", world.touches["letter"][0])
        == "returned"
    )
    assert address(world, 0) == ("valid", None)


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        ("NPAI", "invalid"),
        ("INCONNUE", "invalid"),
        ("npai", "invalid"),
        ("ADRESSE_INSUFFISANTE", "unverified"),
    ],
)
def test_who_does_not_live_there_has_no_valid_address(
    world: Rounds, tmp_path: Path, reason: str, status: str
) -> None:
    scanned(world, tmp_path, f"{pieces(world)[0]};2026-10-20;{reason}")

    assert address(world, 0) == (status, f"return:{reason.upper()}")


def test_an_address_changed_since_keeps_its_status(world: Rounds, tmp_path: Path) -> None:
    world.connection.execute("UPDATE contact_point SET source_date = '2026-12-01'")
    world.connection.execute("UPDATE print_batch SET sealed_at = %s", [ON])
    scanned(world, tmp_path, f"{pieces(world)[0]};2026-10-20;NPAI")

    assert address(world, 0) == ("valid", None)


def test_who_sends_a_letter_back_gets_no_more(world: Rounds, tmp_path: Path) -> None:
    world.connection.execute(
        "UPDATE touch SET state = 'ready', touched_at = NULL WHERE touch_id = %s",
        [world.touches["letter"][1]],
    )
    world.connection.execute(
        "UPDATE touch SET customer_id = %s, step = 'second' WHERE touch_id = %s",
        [world.customers[0], world.touches["letter"][1]],
    )
    done = scanned(world, tmp_path, f"{pieces(world)[0]};2026-10-20;REFUSE")

    assert done.refused == 1
    assert value(world, "SELECT blocked FROM contact_guard WHERE customer_id = %s", world.customers[0]) == [
        "mailing"
    ]
    assert value(world, "SELECT opt, has_proof FROM consent WHERE channel = 'mailing'") == ("opt_out", True)
    assert (
        value(world, "SELECT state FROM touch WHERE touch_id = %s", world.touches["letter"][1]) == "excluded"
    )


def test_nobody_is_declared_dead_by_an_envelope(world: Rounds, tmp_path: Path) -> None:
    scanned(world, tmp_path, f"{pieces(world)[0]};2026-10-20;DECEDE")

    assert value(world, "SELECT status FROM customer WHERE customer_id = %s", world.customers[0]) == "unknown"


def test_scans_are_idempotent_and_unknown_pieces_rejected(world: Rounds, tmp_path: Path) -> None:
    lines = [
        f"{pieces(world)[0]};2026-10-20;NPAI",
        f"{pieces(world)[0].replace('-', '').lower()};2026-10-21;REFUSE",  # the same piece, scanned again
        "0000-0000-0000;2026-10-20;NPAI",
        f"{pieces(world)[1]};2026-10-20;PARTI",
    ]
    first = scanned(world, tmp_path, *lines)
    again = scanned(world, tmp_path, *lines)

    assert (first.touches, first.known, first.refused) == (1, 1, 0)
    assert [(reject.line, reject.column) for reject in first.rejected] == [(4, "piece_id"), (5, "reason")]
    assert (again.touches, again.addresses, again.known) == (0, 0, 2)
    assert value(world, "SELECT return_reason FROM piece WHERE returned_at IS NOT NULL") == "NPAI"
    assert value(world, "SELECT count(*) FROM consent_event") == 0


def test_a_return_for_a_merged_customer_reaches_whom_it_was_merged_into(
    world: Rounds, tmp_path: Path
) -> None:
    merged, kept = world.customers[0], world.customers[1]
    world.connection.execute(
        "UPDATE customer SET status = 'merged', merged_into = %s WHERE customer_id = %s", [kept, merged]
    )
    scanned(world, tmp_path, f"{pieces(world)[0]};2026-10-20;REFUSE")

    assert value(world, "SELECT blocked FROM contact_guard WHERE customer_id = %s", kept) == ["mailing"]
