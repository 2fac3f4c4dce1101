"""The law is asked again where a touch leaves: what changed since it was planned holds it back, with its word."""

import datetime as dt

import pytest

from engine.store.database import Connection
from tests.store.bases import give_consent
from tests.store.ledgers import NOW, gate, ready

SINCE_THEN = {
    "deceased": "UPDATE customer SET status = 'deceased' WHERE customer_id = %(id)s",
    "invalid_contact_point": "UPDATE contact_point SET status = 'invalid' WHERE customer_id = %(id)s",
    "kind_not_allowed": "UPDATE customer SET kinds = '{press}' WHERE customer_id = %(id)s",
    "no_consent": "UPDATE consent SET address = 'autre@example.org' WHERE customer_id = %(id)s",
    "consent_no_proof": "UPDATE consent SET has_proof = false WHERE customer_id = %(id)s",
    "mss_address": "UPDATE contact_point SET value_norm = 'claire.morel@hopital.mssante.fr' WHERE customer_id = %(id)s",
    "shared_mailbox": "UPDATE contact_point SET usage = 'professional_generic' WHERE customer_id = %(id)s",
    "no_contact_point": "DELETE FROM contact_point WHERE customer_id = %(id)s",
    "opted_out": "INSERT INTO suppression (fingerprint, reason, source, from_at) SELECT fingerprint('pepper', type, value_norm),"
    " 'objection', 'test', '2026-03-01' FROM contact_point WHERE customer_id = %(id)s",
}


def _first(connection: Connection) -> int:
    row = connection.execute("SELECT min(customer_id) FROM touch").fetchone()
    assert row is not None
    return int(row[0])


def _withheld(connection: Connection) -> list[tuple[str, list[str]]]:
    return connection.execute("SELECT reason, reasons FROM touch WHERE state = 'excluded'").fetchall()


@pytest.mark.parametrize("reason", SINCE_THEN)
def test_what_changed_since_the_plan_is_met_at_the_gate(database: Connection, reason: str) -> None:
    prepared = ready(database, 3)
    database.execute(SINCE_THEN[reason], {"id": _first(database)})  # type: ignore[call-overload]

    left = gate(database, prepared.run).addressees

    assert (len(left), _withheld(database)) == (2, [(reason, [reason])])


def test_a_brand_of_which_nothing_is_left_since_the_plan_is_met_at_the_gate(database: Connection) -> None:
    prepared = ready(database, 1)
    database.execute("INSERT INTO brand (brand, name) VALUES ('HIVERNAX', 'Hivernax')")
    database.execute(
        "INSERT INTO product (cis, brand, denomination) VALUES ('60000001', 'HIVERNAX', 'Hivernax')"
    )
    database.execute(
        "INSERT INTO presentation (cip13, cis, label, stock_status) VALUES ('3400900000017', '60000001', 'boîte de 1', 'out')"
    )

    gate(database, prepared.run)

    assert _withheld(database) == [("stock_hold", ["stock_hold"])]


@pytest.mark.parametrize(("seconds", "leaving"), [(0, 2), (1, 3)])
def test_c06_a_consent_that_ran_out_since_the_plan_ends_to_the_second(
    database: Connection, seconds: int, leaving: int
) -> None:
    prepared = ready(database, 3)
    database.execute(
        "UPDATE consent SET effective_to = %s WHERE customer_id = %s",
        [NOW + dt.timedelta(seconds=seconds), _first(database)],
    )

    assert len(gate(database, prepared.run).addressees) == leaving


def test_c03_a_refusal_since_the_plan_is_met_at_the_gate(database: Connection) -> None:
    prepared = ready(database, 3)
    give_consent(database, [_first(database)], opt="opt_out", purpose="*")

    gate(database, prepared.run)

    assert _withheld(database) == [("opted_out", ["opted_out"])]
