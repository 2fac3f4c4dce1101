"""Deliveries of the field: reps, their territories, and who belongs to whom."""

from pathlib import Path
from typing import Any

import pytest

from engine.actions.load import LoadReport
from engine.store.database import Connection
from tests.store.deliveries import CLAIRE, JEAN, base, delivered, done, faults

REPS = "login;nom;prenom;email;type;marques;capacite;secteur;nom secteur;role secteur;depuis;fin\n"
ANNE = "pharma-07;Roux;Anne;Anne.Roux@Example.org;officine;HIVERNAX, Dermapharm;8;FR-PHARMA-44;Nantes;;;\n"
ALIGNED = "RPPS;reseau;secteur;motif\n"


@pytest.fixture
def ids(database: Connection) -> dict[str, int]:
    return base(database)


def reps(connection: Connection, folder: Path, text: str, **more: Any) -> LoadReport:
    return delivered(connection, folder, "reps", REPS + text, **more)


def aligned(connection: Connection, folder: Path, text: str) -> LoadReport:
    return delivered(connection, folder, "alignments", ALIGNED + text)


def test_a_rep_comes_with_brands_and_territory(
    database: Connection, ids: dict[str, int], tmp_path: Path
) -> None:
    report = reps(database, tmp_path, ANNE)

    assert (done(report), report.counts["territories_new"]) == ((1, 0, 0), 1)
    kept = database.execute(
        "SELECT code, email, rep_type, brands, daily_capacity, territory, role, t.name, t.sales_force FROM rep JOIN rep_assignment USING (rep_id)"
        " JOIN territory t USING (territory)"
    ).fetchone()
    assert kept == ("PHARMA-07", "anne.roux@example.org", "PHARMA", ["DERMAPHARM", "HIVERNAX"], 8, "FR-PHARMA-44", "owner", "Nantes", "PHARMA")  # fmt: skip


def test_a_second_load_of_reps_changes_nothing(
    database: Connection, ids: dict[str, int], tmp_path: Path
) -> None:
    text = ANNE + ANNE.replace("FR-PHARMA-44", "FR-PHARMA-49").replace(
        "Nantes;;", "Angers;interim;2026-01-01"
    )
    reps(database, tmp_path, text)

    second = reps(database, tmp_path, text)

    assert (done(second), second.counts["assignments_new"]) == ((0, 0, 0), 0)


def test_a_rep_who_leaves_a_territory_is_changed(
    database: Connection, ids: dict[str, int], tmp_path: Path
) -> None:
    reps(database, tmp_path, ANNE)

    report = reps(database, tmp_path, ANNE.replace(";;;\n", ";;;2026-12-31\n"))

    assert report.counts["changed"] == 1
    assert database.execute("SELECT valid_to::text FROM rep_assignment").fetchone() == ("2026-12-31",)


def test_what_a_delivery_of_reps_does_not_say_stays(
    database: Connection, ids: dict[str, int], tmp_path: Path
) -> None:
    reps(database, tmp_path, ANNE)

    delivered(
        database,
        tmp_path,
        "reps",
        "login;nom;email;type\npharma-07;Roux-Petit;anne.roux@example.org;officine\n",
    )

    kept = database.execute(
        "SELECT last_name, brands, daily_capacity FROM rep WHERE code = 'PHARMA-07'"
    ).fetchone()
    assert kept == ("Roux-Petit", ["DERMAPHARM", "HIVERNAX"], 8)


def test_a_scientific_liaison_does_not_promote(
    database: Connection, ids: dict[str, int], tmp_path: Path
) -> None:
    reps(database, tmp_path, ANNE.replace("officine", "MSL"))

    assert database.execute("SELECT promotional FROM rep WHERE code = 'PHARMA-07'").fetchone() == (False,)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (ANNE.replace("Dermapharm", "Autre"), ("brands", "names a brand that is not ours")),
        (ANNE.replace("officine", "facteur"), ("rep_type", "no kind of rep that we know")),
        (ANNE.replace("@", " at "), ("email", "not an e-mail address")),
        (ANNE.replace("Nantes;;", "Nantes;reine;"), ("role", "no role that we know")),
        (ANNE.replace(";;;\n", ";;2026-06-01;2026-01-01\n"), ("valid_from", "no period of time")),
        (ANNE.replace(";8;", ";beaucoup;"), ("daily_capacity", "not a number of visits")),
    ],
)
def test_a_slip_of_a_reps_line_is_told(
    database: Connection, ids: dict[str, int], tmp_path: Path, line: str, fault: tuple[str, str]
) -> None:
    assert faults(reps(database, tmp_path, line)) == [(2, *fault)]


def test_a_customer_belongs_to_one_territory_of_a_sales_force(
    database: Connection, ids: dict[str, int], tmp_path: Path
) -> None:
    first = aligned(database, tmp_path, f"{CLAIRE};ville;FR-PCR-44;\n{JEAN};ville;FR-PCR-44;geo\n")
    moved = aligned(database, tmp_path, f"{CLAIRE};ville;FR-PCR-49;explicite\n{JEAN};ville;FR-PCR-44;\n")

    assert (done(first), done(moved), moved.counts["unchanged"]) == ((2, 0, 0), (0, 1, 0), 1)
    kept = database.execute(
        "SELECT customer_id, territory, reason FROM alignment ORDER BY customer_id"
    ).fetchall()
    assert kept == [(ids[CLAIRE], "FR-PCR-49", "explicit"), (ids[JEAN], "FR-PCR-44", "geo")]


def test_a_second_load_of_alignments_changes_nothing(
    database: Connection, ids: dict[str, int], tmp_path: Path
) -> None:
    text = f"{CLAIRE};ville;FR-PCR-44;geo\n"
    aligned(database, tmp_path, text)

    assert done(aligned(database, tmp_path, text)) == (0, 0, 0)


def test_slips_of_an_alignment_are_told(database: Connection, ids: dict[str, int], tmp_path: Path) -> None:
    report = aligned(
        database,
        tmp_path,
        f"{CLAIRE};facteur;FR-PCR-44;\n{CLAIRE};ville;;\n99700000039;ville;FR-PCR-44;\n{JEAN};ville;FR-PCR-44;parce que\n",
    )

    assert faults(report) == [
        (2, "rep_type", "no kind of rep that we know"), (3, "territory", "no territory"), (4, None, "no customer with this identifier"),
        (5, "reason", "no reason that we know"),
    ]  # fmt: skip
