"""The whole road by commands: plan, run through Prefect, later steps, report; again, and killed in the middle."""

import re
import time
from collections import Counter
from pathlib import Path

import psycopg
import pytest

from engine.testing.relay import FaultRelay, Faults, entries, twice
from tests.e2e.conftest import Site, ended, kill

CAMPAIGN = "dermapharm-direct-2026"
START, REMINDED, LATER = "2026-03-03T09:30", "2026-03-12T10:00", "2026-03-16T10:00"


@pytest.fixture(scope="module")
def after_the_run(site: Site) -> Site:
    planned = site.call("plan", CAMPAIGN, "--as-of", START)
    assert planned.code == 0, planned.err
    plan = re.findall(r"touchbase run (\w+)", planned.out)[-1]
    # Two at once, as two people or a person and a clock do: both end well, and everybody is reached once.
    both = ended(*(site.start("run", plan, "--as-of", START) for _ in range(2)))
    assert [said.code for said in both] == [0, 0], [said.err for said in both]
    return site


def states(site: Site) -> Counter[tuple[str, str]]:
    with psycopg.connect(site.settings["TOUCHBASE_DATABASE_URL"]) as connection:
        rows = connection.execute(
            "SELECT step, state, count(*) FROM touch WHERE run_id IS NOT NULL GROUP BY 1, 2"
        )
        return Counter({(step, state): number for step, state, number in rows})


def mails(site: Site) -> int:
    return len(list((site.folder / "outbox").glob("*.eml")))


def test_a_slot_run_twice_at_once_sends_one_mail_for_each_touch(after_the_run: Site) -> None:
    reached = states(after_the_run)

    assert mails(after_the_run) == reached["announce", "accepted"] > 0


def test_everybody_of_the_universe_is_enrolled_held_out_or_excluded(after_the_run: Site) -> None:
    with psycopg.connect(after_the_run.settings["TOUCHBASE_DATABASE_URL"]) as connection:
        row = connection.execute(
            "SELECT count(*), count(*) FILTER (WHERE reason IS NOT NULL), count(*) FILTER (WHERE held_out),"
            " count(*) FILTER (WHERE reason IS NULL AND NOT held_out) FROM member"
        ).fetchone()
    assert row is not None
    universe, excluded, held_out, enrolled = row

    assert universe == excluded + held_out + enrolled and min(excluded, held_out, enrolled) > 0


def test_the_same_slot_run_by_two_processes_at_once_changes_nothing(after_the_run: Site) -> None:
    before = states(after_the_run), mails(after_the_run)

    words = ("run", CAMPAIGN, "--slot", START, "--as-of", START)
    both = ended(*(after_the_run.start(*words) for _ in range(2)))

    assert [said.code for said in both] == [0, 0] and (states(after_the_run), mails(after_the_run)) == before


def test_later_steps_come_by_a_later_clock_on_every_channel(after_the_run: Site) -> None:
    for moment in (REMINDED, LATER):
        said = after_the_run.call("advance", "--as-of", moment)
        assert said.code == 0, said.err

    reached = states(after_the_run)
    assert all(reached[step, "accepted"] > 0 for step in ("reminder", "visit", "letter"))
    assert list((after_the_run.folder / "visits").glob("*.ics"))
    assert list((after_the_run.folder / "post").glob("*/letters.pdf"))


def test_the_report_is_one_page_of_its_own(after_the_run: Site) -> None:
    said = after_the_run.call("report", CAMPAIGN, "--html", "--as-of", LATER)

    page = Path(said.out.strip().rsplit(": ", 1)[-1])
    text = page.read_text(encoding="utf-8")
    assert said.code == 0 and "Dermapharm en direct" in text
    assert not re.search(r'(src|href)="https?://', text)


def test_a_run_killed_in_the_middle_and_run_again_reaches_everybody_exactly_once(
    tmp_path: Path, database_url: str, site: Site, prefect: str
) -> None:
    """Over a real relay, whose own ledger is the auditor. What nobody knows is not sent again.

    The first run is in the Prefect that is up, the second in one that lives as long as the command.
    """
    with FaultRelay(tmp_path / "relay.ledger", faults=Faults(slow=1.0, slow_seconds=0.02)) as relay:
        other = Site(
            site.root,
            {
                "TOUCHBASE_DATABASE_URL": database_url,
                "TOUCHBASE_SMTP_URL": relay.url,
                "TOUCHBASE_FOLDER": str(tmp_path / "made"),
            },
        )
        assert other.call("generate", "--customers", "4000", "--as-of", "2026-03-01").code == 0
        assert other.call("arm").code == 0
        killed = other.start("run", CAMPAIGN, "--as-of", START, PREFECT_API_URL=prefect)
        try:
            _until_some_left(relay)
        finally:
            kill(killed)
        cut = len(entries(relay.ledger))
        _as_if_its_lease_had_ended(database_url)

        assert other.call("reconcile").code == 0
        again = other.call("run", CAMPAIGN, "--as-of", START)

        assert again.code == 0, again.err
        found = states(other)
        sent = {entry.message_id for entry in entries(relay.ledger)}
        assert twice(relay.ledger) == {} and cut < len(sent)
        assert {state for _, state in found} <= {"accepted", "unknown", "excluded"}
        assert (
            found["announce", "accepted"]
            <= len(sent)
            <= found["announce", "accepted"] + found["announce", "unknown"]
        )


def _until_some_left(relay: FaultRelay) -> None:
    for _ in range(3600):
        if relay.ledger.exists() and len(entries(relay.ledger)) >= 20:
            return
        time.sleep(0.05)
    raise AssertionError("nothing left within three minutes")


def _as_if_its_lease_had_ended(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "UPDATE touch SET lease_until = now() - interval '1 second' WHERE state IN ('gated', 'claimed')"
        )
