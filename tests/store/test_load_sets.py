"""What a delivery does as sets is what the rules say of each line: envelopes, shared mailboxes, keys built again."""

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.actions.load import LoadReport, load
from engine.rules.postal import Parts, address_block, delivery_line
from engine.store.base import customers
from engine.store.database import Connection

ON = dt.date(2026, 11, 25)
HEADER = "id;kind;title;last_name;first_name;org_name;complement;street;box;postcode;town;email;phone\n"
WORDS = st.sampled_from(["12", "7", "bis", "ter", "quater", "B", "à", "a", "et", "et14", "rue", "av", "avenue", "Quai", "d'Armes", "l'Île", "12-14",
                         "Saint-Michel", "8", "Mai", "1945", "1455", "12B", "Grande", "bis-rue", "étang", "Cœur", "quinquies"])  # fmt: skip
ENVELOPES = [
    ("Dr", "Morel", "Claire", "", "", "12 bis rue de l'Église", "", "44000", "Nantes"),
    ("", "Petit", "Jean", "Pharmacie du Marché", "", "4 à 8 quai Nord", "", "20200", "Bastia"),
    ("", "", "", "Clinique du Parc & Fils", "Bâtiment B", "12, place d'Armes", "BP 12", "69003", "Lyon 3e arrondissement"),
    ("Pr", "Lefèvre", "Zoé", "Centre Hospitalier Universitaire de la Grande Démonstration", "", "rue du 8 Mai 1945", "", "35099", "Rennes Cedex 9"),
    ("", "", "", "Pharmacie J.P. Roux", "", "", "", "75012", "Paris"),
    ("", "Roux", "Ana", "Pharmacie Roux", "", "", "", "75012", "Paris"),
    ("", "Cœur", "Élodie", "", "Escalier 3", "5 B rue Haute", "", "97400", "Saint-Denis"),
]  # fmt: skip


def loaded(connection: Connection, tmp_path: Path, lines: str) -> LoadReport:
    path = tmp_path / "clients.csv"
    path.write_text(HEADER + lines, encoding="utf-8")
    return load(connection, path, "customers", on=ON, rejects_folder=tmp_path / "rejects")


def line(number: int, name: str = "Morel", *, email: str = "", phone: str = "") -> str:
    return f"{number};prescriber;;{name};Claire;;;3 rue Haute;;44000;Nantes;{email};{phone}\n"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(WORDS, min_size=1, max_size=5).map(" ".join), min_size=1, max_size=40))
def test_a_street_that_needs_no_rules_gets_the_line_that_the_rules_give(
    database: Connection, streets: list[str]
) -> None:
    rows = database.execute(
        "SELECT v, simple_delivery_line(folded_simple(v)) FROM unnest(%s::text[]) AS t(v) WHERE is_simple_name(v)",
        [streets],
    )
    assert [
        (street, printed) for street, printed in rows if printed not in (None, delivery_line(street))
    ] == []


def test_the_usual_street_needs_no_rules(database: Connection) -> None:
    usual = ["12 rue de l'Église", "7 bis avenue Foch", "Grande Rue", "3 BD SAINT-MICHEL"]

    rows = database.execute("SELECT simple_delivery_line(folded_simple(v)) FROM unnest(%s::text[]) AS t(v)", [usual])  # fmt: skip

    assert [row[0] for row in rows] == [delivery_line(street) for street in usual]


@pytest.mark.parametrize("envelope", ENVELOPES)
def test_an_envelope_is_laid_out_as_the_rules_of_post_do(
    database: Connection, tmp_path: Path, envelope: tuple[str, ...]
) -> None:
    title, last, first, organisation, complement, street, box, postcode, town = envelope
    kind = "prescriber" if last else "pharmacy"
    loaded(database, tmp_path, f"1;{kind};{title};{last};{first};{organisation};{complement};{street};{box};{postcode};{town};;\n")  # fmt: skip

    person = " ".join(part for part in (title, first, last) if part)
    ruled = address_block(Parts(organisation, person, complement, "", street, "", box, postcode, town)).value
    assert database.execute("SELECT value_norm FROM contact_point WHERE type = 'postal'").fetchall() == [
        (ruled,)
    ]


@given(number=st.from_regex(r"0[1-9][0-9]{8}", fullmatch=True))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_ten_digits_are_read_as_the_long_way_reads_them(database: Connection, number: str) -> None:
    pairs = " ".join(number[at : at + 2] for at in range(0, 10, 2))

    row = database.execute("SELECT phone_e164(%(n)s), phone_e164(%(p)s), with_country(bare_number(%(n)s))", {"n": number, "p": pairs}).fetchone()  # fmt: skip

    assert row is not None and row[0] == row[1] == row[2]


def test_a_mailbox_that_a_later_delivery_shares_says_so_on_the_earlier_customer(
    database: Connection, tmp_path: Path
) -> None:
    loaded(database, tmp_path, line(1, email="cabinet@example.org") + line(2, phone="0199001234"))
    loaded(database, tmp_path, line(3, email="cabinet@example.org") + line(4, phone="0199001234") + line(5))

    shared = database.execute("SELECT shared_with FROM contact_point WHERE type <> 'postal'").fetchall()
    assert shared == [(2,)] * 4


def test_who_was_erased_gets_no_address_from_a_delivery(database: Connection, tmp_path: Path) -> None:
    loaded(database, tmp_path, line(1, email="claire@example.org"))
    database.execute("DELETE FROM contact_point")
    database.execute("UPDATE customer SET status = 'erased'")

    loaded(database, tmp_path, line(1, email="claire@example.org"))

    assert database.execute("SELECT count(*) FROM contact_point").fetchone() == (0,)


def test_a_day_that_is_not_in_the_calendar_is_told(database: Connection, tmp_path: Path) -> None:
    path = tmp_path / "clients.csv"
    path.write_text(
        "id;kind;last_name;source_date\n1;prescriber;Morel;2026-02-30\n2;prescriber;Roux;2026-02-28\n"
    )

    report = load(database, path, "customers", on=ON, rejects_folder=tmp_path)

    assert [(slip.line, slip.what.en) for slip in report.rejected] == [(2, "not a date")]
    assert database.execute("SELECT source_date FROM customer ORDER BY 1").fetchall() == [
        (dt.date(2026, 2, 28),),
        (ON,),
    ]


def test_keys_and_indexes_stand_again_after_a_base_was_filled_from_nothing(
    database: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(customers, "FROM_NOTHING", 1)
    standing = (
        "SELECT (SELECT array_agg(indexdef ORDER BY indexdef) FROM pg_indexes WHERE schemaname = 'public'),"
        " (SELECT array_agg(conrelid::regclass || pg_get_constraintdef(oid) || convalidated ORDER BY conname) FROM pg_constraint"
        "   WHERE contype IN ('p', 'u', 'f') AND connamespace = 'public'::regnamespace)"
    )
    before = database.execute(standing).fetchone()

    report = loaded(database, tmp_path, line(1, email="a@example.org") + line(2, email="a@example.org"))

    assert report.counts["created"] == 2
    assert database.execute(standing).fetchone() == before


def test_two_lines_of_a_fresh_file_with_the_same_identifier_are_one_customer_also_when_filled_from_nothing(
    database: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(customers, "FROM_NOTHING", 1)

    report = loaded(database, tmp_path, line(1) + line(2) + line(1, "Roux"))

    assert (report.counts["created"], report.counts["repeated"]) == (2, 1)
    assert database.execute("SELECT last_name FROM customer ORDER BY 1").fetchall() == [("Morel",), ("Roux",)]
