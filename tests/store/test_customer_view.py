"""One customer from all sides: what every department knows, and why not, by channel."""

import io
import json
from pathlib import Path

import pytest

from engine.actions import view_customer
from engine.actions.check import read_project
from engine.app import open_app
from engine.cli import outcome
from engine.problems import UsageError
from engine.store.database import Connection
from tests import shipped
from tests.store.deliveries import CLAIRE, JEAN, NOW, PORT, base, delivered

ROOT = shipped.ROOT


@pytest.fixture
def ids(database: Connection, tmp_path: Path) -> dict[str, int]:
    """A base to which every feed has delivered something of Claire's."""
    found = base(database)
    delivered(database, tmp_path, "contacts", f"RPPS;type;valeur\n{CLAIRE};email;claire@example.org\n")
    delivered(database, tmp_path, "consents", f"RPPS;canal;finalite;choix;date;version texte;type preuve;preuve;event_id\n{CLAIRE};email;promo_rx;oui;2026-05-04;v2;signature;S-77;e1\n"
              f"{CLAIRE};mailing;*;non;2026-05-04;;;;e2\n", source="crm")  # fmt: skip
    delivered(
        database,
        tmp_path,
        "reps",
        "login;nom;prenom;email;type;secteur\nPCR-02;Roux;Anne;anne@example.org;ville;FR-PCR-44\n",
    )
    delivered(database, tmp_path, "alignments", f"RPPS;reseau;secteur\n{CLAIRE};ville;FR-PCR-44\n")
    delivered(
        database,
        tmp_path,
        "history",
        f"RPPS;id evenement;canal;sens;date;resultat;evenement\n{CLAIRE};v-1;visite;out;2026-11-20;vu;\n{CLAIRE};c-1;email;in;2026-11-21;;click\n",
    )
    delivered(
        database,
        tmp_path,
        "orders",
        f"FINESS;commande;date;marque;quantité;montant\n{PORT};A-1;2026-11-20;HIVERNAX;10;80,10\n{PORT};A-2;2024-11-20;HIVERNAX;1;8,10\n",
    )
    return found


def view(connection: Connection, customer: int) -> view_customer.CustomerView:
    app = open_app(root=ROOT, environment={"TOUCHBASE_SECRET": "s" * 32, "TOUCHBASE_FOLDER": "unused"})
    project = read_project(ROOT, app.channels)
    return view_customer.view_customer(
        connection, customer, project=project, channels=app.channels, pepper=app.pepper, now=NOW
    )


def test_all_sides_are_there(database: Connection, ids: dict[str, int]) -> None:
    found = view(database, ids[CLAIRE])

    assert found.identity["name"] == "DR Claire Morel"
    assert [row[:2] for row in found.parts["identifiers"]] == [("RPPS", CLAIRE), ("ext:crm", "C-13")]
    assert [row[:2] for row in found.parts["contact_points"]] == [("email", "claire@example.org")]
    assert [(row[0], row[4], row[9], row[10]) for row in found.parts["consents"]] == [
        ("email", "opt_in", "signature", "S-77"),
        ("mailing", "opt_out", None, None),
    ]
    assert [row[4:6] for row in found.parts["field"]] == [("PCR-02", "Anne Roux")]
    assert [(row[1], row[7]) for row in found.parts["touches"]] == [("visit", "done")]
    assert [row[1] for row in found.parts["responses"]] == ["click"]
    assert found.parts["stops"] == [("mailing",)]


def test_why_not_is_what_a_campaign_of_today_would_say(database: Connection, ids: dict[str, int]) -> None:
    verdicts = {(one.channel, one.purpose): one.reasons for one in view(database, ids[CLAIRE]).verdicts}

    assert set(verdicts["mailing", "promo_rx"]) >= {"opted_out", "no_contact_point"}
    assert "kind_not_allowed" in verdicts["email", "commercial"]
    assert not {"no_consent", "opted_out", "no_contact_point"} & set(verdicts["email", "promo_rx"])


def test_looking_leaves_no_trace(database: Connection, ids: dict[str, int]) -> None:
    counts = "SELECT (SELECT count(*) FROM run), (SELECT count(*) FROM touch), (SELECT count(*) FROM member), (SELECT count(*) FROM definition)"
    before = database.execute(counts).fetchone()

    view(database, ids[CLAIRE])

    assert database.execute(counts).fetchone() == before


def test_a_pharmacys_year_counts_what_stands_within_twelve_months(
    database: Connection, ids: dict[str, int]
) -> None:
    found = view(database, ids[PORT])

    assert [(row[0], row[1], row[3]) for row in found.parts["year"]] == [("HIVERNAX", 10, 1)]
    assert len(found.parts["orders"]) == 2


@pytest.mark.parametrize("number", [CLAIRE, "C-13", PORT, "1"])
def test_a_customer_is_found_by_any_number(database: Connection, ids: dict[str, int], number: str) -> None:
    expected = {CLAIRE: ids[CLAIRE], "C-13": ids[CLAIRE], PORT: ids[PORT], "1": 1}[number]

    assert view_customer.find(database, number) == expected


def test_who_was_merged_is_found_where_they_are_now(database: Connection, ids: dict[str, int]) -> None:
    database.execute(
        "UPDATE customer SET status = 'merged', merged_into = %s WHERE customer_id = %s",
        [ids[JEAN], ids[CLAIRE]],
    )

    assert view_customer.find(database, CLAIRE) == ids[JEAN]


def test_a_number_of_nobody_says_so(database: Connection, ids: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="no customer of this number"):
        view_customer.find(database, "99700000039")


@pytest.fixture
def command(
    ids: dict[str, int], database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, int]:
    shipped.copied(tmp_path / "project")
    monkeypatch.setenv("TOUCHBASE_DATABASE_URL", database_url)
    monkeypatch.chdir(tmp_path / "project")
    return ids


def test_the_command_shows_everything(command: dict[str, int], capsys: pytest.CaptureFixture[str]) -> None:
    assert outcome(["customer", CLAIRE, "--as-of", "2026-11-25T10:00"]) == 0

    shown = capsys.readouterr().out
    assert "DR Claire Morel" in shown and "S-77" in shown and "Anne Roux" in shown
    assert "may not" in shown or "purpose" in shown


def test_the_command_prints_json_for_other_programs(
    command: dict[str, int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert outcome(["customer", CLAIRE, "--json", "--as-of", "2026-11-25T10:00"]) == 0

    found = json.loads(capsys.readouterr().out)
    assert (found["identity"]["customer_id"], {one["channel"] for one in found["today"]}) == (
        command[CLAIRE],
        {"email", "mailing", "visit"},
    )


def test_a_name_is_asked_for_and_stands_in_no_statement(
    command: dict[str, int],
    database: Connection,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("mor\n"))

    assert outcome(["customer", "--name"]) == 0

    assert str(command[CLAIRE]) in capsys.readouterr().out
    seen = database.execute(
        "SELECT query FROM pg_stat_activity WHERE query ILIKE '%%mor%%' AND pid <> pg_backend_pid()".replace(
            "%%", "%"
        )
    ).fetchall()
    assert seen == []
