"""Freezing an audience, beside the bare INSERT ... SELECT of the same rows."""

import datetime as dt
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.actions.generate import generate
from engine.loading import segments as segment_files
from engine.loading.project import packs
from engine.model.campaign import AnyCampaign, Campaign, Step
from engine.model.policy import Policy
from engine.rules.schedule import slot
from engine.store import embedded, enrolment, ledger
from engine.store.database import Connection, bring_up_to_date, connected

NOW = dt.datetime(2026, 3, 3, 8, 30, tzinfo=dt.UTC)
SEGMENT = "segment: persons\ntitle: Toutes les personnes\nof: person\nwho:\n  - kind: [prescriber, pharmacist, paramedical]\n"
POLICY = Policy.model_validate(
    {
        "policy": "bench",
        "company": "Laboratoires Armorial",
        "default_sender": "marketing",
        "senders": {"marketing": {"name": "Armorial", "address": "contact@armorial.example.org"}},
    }
)


def campaign() -> AnyCampaign:
    return Campaign[Step].model_validate(
        {
            "campaign": "bench",
            "title": "Bench",
            "owner": "bench",
            "purpose": "promo_otc",
            "schedule": {"start": "2026-03-03T09:30:00"},
            "audience": {"segment": "persons"},
            "holdout": {"share": "10%"},
            "cells": {"a": {"share": "50%"}, "b": {"share": "50%"}},
            "steps": {"announce": {"channel": "email"}},
            "goals": {"clicks": {"response": "click"}},
        }
    )


@contextmanager
def line() -> Iterator[tuple[Callable[[], object], Callable[[], object]]]:
    """Give both sides, on a generated base of BENCH_CUSTOMERS customers (200,000 if not said)."""
    customers = int(os.environ.get("BENCH_CUSTOMERS", "200000"))
    library, problems = segment_files.from_texts({"segments/persons.yaml": SEGMENT})
    assert not problems
    spec, rules = campaign(), packs()["FR"]
    url = embedded.start(Path(".touchbase/bench").resolve())
    try:
        with connected(url, purpose="bench") as connection:
            bring_up_to_date(connection)
            row = connection.execute("SELECT count(*) FROM customer").fetchone()
            if row is None or row[0] < customers:
                connection.execute("TRUNCATE customer, rep, territory, brand CASCADE")
                generate(connection, customers=customers, seed=2026, on=NOW.date(), touches_per_customer=1)
            connection.execute("VACUUM (ANALYZE)")

            def frozen() -> int:
                ledger.keep_definition(connection, "bench", "bench", {})
                run, _ = ledger.open_run(
                    connection, spec, slot(NOW.replace(tzinfo=None), "Europe/Paris"), "bench"
                )
                enrolment.freeze(connection, run, spec, library, POLICY, rules, NOW)
                return int(run)

            with connection.transaction(force_rollback=True):
                run = frozen()
                connection.execute("DROP TABLE IF EXISTS bench_rows")
                rows = connection.execute("SELECT * FROM member WHERE run_id = %s", [run]).fetchall()
            _keep(connection, rows)

            def ours() -> None:
                with connection.transaction(force_rollback=True):
                    frozen()

            def reference() -> None:
                with connection.transaction(force_rollback=True):
                    ledger.keep_definition(connection, "bench", "bench", {})
                    bare, _ = ledger.open_run(
                        connection, spec, slot(NOW.replace(tzinfo=None), "Europe/Paris"), "bench"
                    )
                    connection.execute(
                        "INSERT INTO member SELECT %s, customer_id, cell, held_out, reason, reasons, stratum, enrolled_at, left_at"
                        " FROM bench_rows",
                        [bare],
                    )

            yield ours, reference
    finally:
        embedded.stop(Path(".touchbase/bench").resolve())


def _keep(connection: Connection, rows: list[tuple[object, ...]]) -> None:
    connection.execute("CREATE TABLE bench_rows (LIKE member)")
    with connection.cursor().copy("COPY bench_rows FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
    connection.execute("ANALYZE bench_rows")
