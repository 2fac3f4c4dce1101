"""Touchbase up: what a campaign's schedule says happens when its time comes, untouched by hand."""

import datetime as dt
import re
import signal
import time
from pathlib import Path
from zoneinfo import ZoneInfo

import psutil
import pytest

from engine.cli import processes
from tests import shipped
from tests.e2e.conftest import Site

CAMPAIGN = "dermapharm-direct-2026"
PATIENCE = 420.0


@pytest.fixture
def due_soon(tmp_path: Path, database_url: str, prefect: str) -> Site:
    """A project whose one campaign starts at the next minute that leaves time to come up."""
    root = shipped.copied(tmp_path)
    start = dt.datetime.now(ZoneInfo("Europe/Paris")) + dt.timedelta(seconds=80)
    campaigns = root / "campaigns"
    for other in ("hivernax-2026", "hivernax-officine-2026"):
        (campaigns / f"{other}.yaml").unlink()
    file = campaigns / f"{CAMPAIGN}.yaml"
    text = file.read_text().replace("2026-03-03 09:30", f"{start:%Y-%m-%d %H:%M}")
    text = text.replace("end: 2026-05-15", f"end: {start + dt.timedelta(days=73):%Y-%m-%d}")
    file.write_text(text.replace("at: day 0 09:30", f"at: day 0 {start:%H:%M}"))
    policy = campaigns / "policy.yaml"  # which keeps mails to the day; this test may run by night
    policy.write_text(re.sub(r"^hours:\n(  - .*\n)+", "", policy.read_text(), flags=re.MULTILINE))
    ports = {f"TOUCHBASE_{what}_PORT": str(processes.any_free_port()) for what in ("WEB", "PREFECT")}
    site = Site(root, {"TOUCHBASE_DATABASE_URL": database_url, "PREFECT_API_URL": prefect, **ports})
    said = site.call("generate", "--customers", "1000", "--as-of", f"{start:%Y-%m-%d}")
    assert said.code == 0, said.err
    return site


def test_a_campaign_that_comes_due_runs_by_itself_and_nothing_is_left_when_up_ends(due_soon: Site) -> None:
    up = due_soon.start("up")
    try:
        deadline = time.monotonic() + PATIENCE
        while not sent(due_soon) and up.poll() is None and time.monotonic() < deadline:
            time.sleep(1)
        assert up.poll() is None, up.communicate()
        assert sent(due_soon) > 0
        family = psutil.Process(up.pid).children(recursive=True)
    finally:
        up.send_signal(signal.SIGTERM)
        out, _ = up.communicate(timeout=90)

    assert "Stopped. Everything is kept" in out and family
    assert not [one for one in family if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


def sent(site: Site) -> int:
    return len(list((site.folder / "outbox").glob("*.eml")))
