"""Freezing an audience of a million persons, beside the bare INSERT ... SELECT of the same rows.

Both sides are whole transactions that are taken back, on a table that holds a frozen audience already.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeAlias

from bench import base
from engine.loading import segments as segment_files
from engine.loading.project import packs
from engine.model.campaign import AnyCampaign, Campaign, Step
from engine.model.policy import Policy
from engine.model.segment import Library
from engine.model.written import RunId
from engine.rules.schedule import slot
from engine.store import enrolment, ledger
from engine.store.database import Connection

Sides: TypeAlias = tuple[Callable[[], object], Callable[[], object]]

SEGMENT: Final = "segment: persons\ntitle: Toutes les personnes\nof: person\nwho:\n  - kind: [prescriber, pharmacist, paramedical]\n"
INSERT: Final = (
    "INSERT INTO member (run_id, customer_id, cell, held_out, reason, reasons, stratum, enrolled_at)"
    " SELECT %s, customer_id, cell, held_out, reason, reasons, stratum, enrolled_at FROM bench_rows"
)
POLICY: Final = Policy.model_validate(
    {
        "policy": "bench",
        "company": "Laboratoires Armorial",
        "default_sender": "marketing",
        "senders": {"marketing": {"name": "Armorial", "address": "contact@armorial.example.org"}},
    }
)


def campaign(name: str) -> AnyCampaign:
    return Campaign[Step].model_validate(
        {
            "campaign": name,
            "title": "Bench",
            "owner": "bench",
            "purpose": "promo_otc",
            "schedule": {"start": "2026-03-03T09:30:00"},
            "audience": {"segment": "persons"},
            "holdout": {"share": "10%", "key": "bench"},  # one draw, whatever the name
            "cells": {"a": {"share": "50%"}, "b": {"share": "50%"}},
            "steps": {"announce": {"channel": "email"}},
            "goals": {"clicks": {"response": "click"}},
        }
    )


@contextmanager
def line() -> Iterator[Sides]:
    """Give both sides, for an audience of BENCH_CUSTOMERS persons (a million if not said)."""
    with base.standing(
        base.size() * 5 // 4, history=False
    ) as connection:  # four customers of five are persons
        library = persons()
        keep_rows(connection, library)

        def ours() -> None:
            with connection.transaction(force_rollback=True):
                freeze(connection, "bench", library)

        def reference() -> None:
            with connection.transaction(force_rollback=True):
                connection.execute(INSERT, [opened(connection, "bench")])

        yield ours, reference


def persons() -> Library:
    library, problems = segment_files.from_texts({"segments/persons.yaml": SEGMENT})
    assert not problems
    return library


def keep_rows(connection: Connection, library: Library) -> None:
    """Freeze the audience once for good: its rows are what the reference inserts."""
    row = connection.execute("SELECT to_regclass('bench_rows')").fetchone()
    if row is not None and row[0] is not None:
        return
    connection.execute("ALTER TABLE member SET (autovacuum_enabled = off)")  # each try leaves dead rows
    with connection.transaction():
        run = freeze(connection, "kept", library)
        connection.execute(
            "CREATE TABLE bench_rows AS SELECT * FROM member WHERE run_id = %s ORDER BY customer_id", [run]
        )
    connection.execute("VACUUM (ANALYZE) bench_rows, member")


def freeze(connection: Connection, name: str, library: Library) -> RunId:
    run = opened(connection, name)
    enrolment.freeze(connection, run, campaign(name), library, POLICY, packs()["FR"], base.NOW)
    return run


def opened(connection: Connection, name: str) -> RunId:
    ledger.keep_definition(connection, "bench", name, {})
    run, _ = ledger.open_run(
        connection, campaign(name), slot(base.NOW.replace(tzinfo=None), "Europe/Paris"), "bench"
    )
    return run
