"""Deliveries of orders: every cent, every refusal, and what a second or a late file may do."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.actions.load import LoadReport
from engine.store.database import Connection
from tests.store.deliveries import CLAIRE, PORT, base, delivered, done, faults

HEADER = "FINESS;commande;ligne;origine;date commande;statut;CIP;marque;quantité;prix unitaire;remise;montant;code promo\n"
ORDER = (
    HEADER
    + f"{PORT};A-1;1;web;2026-11-20;soumise;3400900000174;;10;8,90;10%;80,10;dpd26-a\n"
    + f"{PORT};A-1;2;web;2026-11-20;soumise;;DERMAPHARM;4;;;1 029,60;DPD26-A\n"
)


@pytest.fixture
def small(database: Connection) -> Connection:
    base(database)
    return database


def loaded(connection: Connection, folder: Path, text: str, **more: Any) -> LoadReport:
    return delivered(connection, folder, "orders", text, **more)


def test_amounts_are_exact_and_the_order_is_their_sum(small: Connection, tmp_path: Path) -> None:
    loaded(small, tmp_path, ORDER)

    assert small.execute("SELECT order_no, amount_ht, promo_code, status, ordered_at::text FROM orders").fetchall() == [
        ("A-1", Decimal("1109.70"), "DPD26-A", "submitted", "2026-11-20 11:00:00+00")
    ]  # fmt: skip
    lines = small.execute("SELECT line_no, brand, units, unit_price_ht, discount, amount_ht FROM order_line ORDER BY 1").fetchall()  # fmt: skip
    assert lines == [
        (1, "HIVERNAX", 10, Decimal("8.9000"), Decimal("0.1000"), Decimal("80.10")),
        (2, "DERMAPHARM", 4, None, None, Decimal("1029.60")),
    ]


def test_a_second_load_creates_and_changes_nothing(small: Connection, tmp_path: Path) -> None:
    first = loaded(small, tmp_path, ORDER)
    second = loaded(small, tmp_path, ORDER)

    assert (done(first), done(second), second.counts["unchanged"]) == ((2, 0, 0), (0, 0, 0), 2)


def test_a_plan_changes_nothing(small: Connection, tmp_path: Path) -> None:
    report = loaded(small, tmp_path, ORDER, plan=True)

    left = "SELECT (SELECT count(*) FROM orders) + (SELECT count(*) FROM import_batch) + (SELECT count(*) FROM import_made)"
    assert done(report) == (2, 0, 0) and small.execute(left).fetchone() == (0,)


def test_a_new_status_is_a_change_of_the_order(small: Connection, tmp_path: Path) -> None:
    loaded(small, tmp_path, ORDER)

    report = loaded(small, tmp_path, ORDER.replace("soumise", "expédiée"))

    assert (report.counts["orders_changed"], report.counts["created"]) == (1, 0)
    assert small.execute("SELECT status FROM orders").fetchone() == ("shipped",)


def test_a_late_file_does_not_take_an_order_back(small: Connection, tmp_path: Path) -> None:
    loaded(small, tmp_path, ORDER.replace("soumise", "facturée"))

    report = loaded(small, tmp_path, ORDER)

    assert (report.counts["kept_status"], report.counts["changed"]) == (1, 0)
    assert small.execute("SELECT status FROM orders").fetchone() == ("invoiced",)


def test_a_corrected_amount_moves_the_sum_of_its_order(small: Connection, tmp_path: Path) -> None:
    loaded(small, tmp_path, ORDER)

    report = loaded(small, tmp_path, ORDER.replace("80,10", "79,10"))

    assert report.counts["changed"] == 1
    assert small.execute("SELECT amount_ht FROM orders").fetchone() == (Decimal("1108.70"),)


def test_a_price_and_a_discount_make_the_amount_where_the_file_has_none(
    small: Connection, tmp_path: Path
) -> None:
    loaded(small, tmp_path, HEADER + f"{PORT};A-2;;edi;2026-11-20;;0000017;;3;8.905;0,1;;\n")

    assert small.execute("SELECT cip13, amount_ht FROM order_line").fetchall() == [
        ("3400900000174", Decimal("24.04"))
    ]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("990000028;A-3;1;web;2026-11-20;;3400900000174;;1;1;;;", (None, "no customer with this identifier")),
        (";A-3;1;web;2026-11-20;;3400900000174;;1;1;;;", (None, "says nobody")),
        (f"{PORT};;1;web;2026-11-20;;3400900000174;;1;1;;;", ("order_no", "no order number")),
        (f"{PORT};A-3;1;web;2026-02-30;;3400900000174;;1;1;;;", ("ordered_at", "not a date")),
        (f"{PORT};A-3;1;web;2027-11-20;;3400900000174;;1;1;;;", ("ordered_at", "lies in the future")),
        (f"{PORT};A-3;1;pigeon;2026-11-20;;3400900000174;;1;1;;;", ("origin", "no origin that we know")),
        (f"{PORT};A-3;1;web;2026-11-20;perdue;3400900000174;;1;1;;;", ("status", "no status of an order that we know")),
        (f"{PORT};A-3;1;web;2026-11-20;;3400900000175;;1;1;;;", ("cip13", "not a CIP13: its key is wrong")),
        (f"{PORT};A-3;1;web;2026-11-20;;3400900000235;;1;1;;;", ("cip13", "no product of ours")),
        (f"{PORT};A-3;1;web;2026-11-20;;;AUTRE;1;1;;;", ("brand", "no brand of ours")),
        (f"{PORT};A-3;1;web;2026-11-20;;3400900000174;DERMAPHARM;1;1;;;", ("brand", "the product belongs to another brand")),
        (f"{PORT};A-3;1;web;2026-11-20;;;;1;1;;;", ("cip13", "says no product")),
        (f"{PORT};A-3;1;web;2026-11-20;;;HIVERNAX;une;1;;;", ("units", "not a number of units")),
        (f"{PORT};A-3;1;web;2026-11-20;;;HIVERNAX;1;1;;1.029,60;", ("amount_ht", "not an amount")),
        (f"{PORT};A-3;1;web;2026-11-20;;;HIVERNAX;1;1;;10.005;", ("amount_ht", "not an amount")),
        (f"{PORT};A-3;1;web;2026-11-20;;;HIVERNAX;1;;;;", ("amount_ht", "no amount, and no price to compute it from")),
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_right_is_told_and_the_others_are_loaded(
    small: Connection, tmp_path: Path, line: str, fault: tuple[str | None, str]
) -> None:
    report = loaded(small, tmp_path, ORDER + line + "\n")

    assert (faults(report), report.counts["created"]) == ([(4, *fault)], 2)


def test_one_bad_line_mended_loads_exactly_one(small: Connection, tmp_path: Path) -> None:
    loaded(small, tmp_path, ORDER.replace("3400900000174", "3400900000175"))

    report = loaded(small, tmp_path, ORDER)

    assert (report.counts["created"], report.counts["unchanged"]) == (1, 1)
    assert small.execute("SELECT amount_ht FROM orders").fetchone() == (Decimal("1109.70"),)


def test_a_bad_value_leaves_its_line_in(small: Connection, tmp_path: Path) -> None:
    report = loaded(small, tmp_path, ORDER.replace("10%", "110%"))

    assert (faults(report), report.counts["created"]) == ([(2, "discount", "not a discount")], 2)


def test_an_order_belongs_to_one_customer(small: Connection, tmp_path: Path) -> None:
    text = ORDER.replace("FINESS", "id").replace(PORT, "C-10", 1).replace(PORT, "C-13")

    within = loaded(small, tmp_path, text)
    later = loaded(small, tmp_path, ORDER.replace("FINESS", "RPPS").replace(PORT, CLAIRE))

    assert faults(within) == [(3, "order_no", "its order names another customer or code on an earlier line")]
    assert {fault[2] for fault in faults(later)} == {"the number of another customer's order"}


def test_the_same_number_of_two_systems_is_two_orders(small: Connection, tmp_path: Path) -> None:
    for system in ("erp-nord", "erp-sud"):
        loaded(small, tmp_path, ORDER, source=system)

    assert small.execute("SELECT source, order_no FROM orders ORDER BY 1").fetchall() == [
        ("erp-nord", "A-1"),
        ("erp-sud", "A-1"),
    ]


def test_a_line_that_stands_twice_counts_as_its_last(small: Connection, tmp_path: Path) -> None:
    report = loaded(
        small, tmp_path, ORDER + f"{PORT};A-1;2;web;2026-11-20;soumise;;DERMAPHARM;5;;;1 287,00;\n"
    )

    assert report.counts["repeated"] == 1
    assert small.execute("SELECT amount_ht FROM orders").fetchone() == (Decimal("1367.10"),)


def test_orders_of_a_merged_customer_go_to_whom_they_were_merged_into(
    small: Connection, tmp_path: Path
) -> None:
    small.execute("UPDATE customer SET status = 'merged', merged_into = (SELECT customer_id FROM identifier WHERE value = %s)"
                  " WHERE customer_id = (SELECT customer_id FROM identifier WHERE value = %s)", [CLAIRE, PORT])  # fmt: skip

    loaded(small, tmp_path, ORDER)

    assert small.execute(
        "SELECT i.value FROM orders JOIN identifier i USING (customer_id) WHERE scheme = 'RPPS'"
    ).fetchone() == (CLAIRE,)


def test_all_that_is_wrong_with_a_line_is_told_at_once(small: Connection, tmp_path: Path) -> None:
    """A steward who mends one fault a day would send the same line four times."""
    report = loaded(
        small, tmp_path, HEADER + "999999999;A-1;x;web;1er mars;soumise;;HIVERNAXE;dix;8,90;dix;80,10;\n"
    )

    assert faults(report) == [
        (2, None, "no customer with this identifier"),
        (2, "ordered_at", "not a date"),
        (2, "line_no", "not the number of a line"),
        (2, "units", "not a number of units"),
        (2, "brand", "no brand of ours"),
        (2, "discount", "not a discount"),
    ]
    assert (done(report), report.counts["values_left_out"]) == ((0, 0, 1), 0)
