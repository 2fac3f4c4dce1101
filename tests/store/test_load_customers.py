"""Deliveries of customers: real French registers where they are at hand, and files of our own with every slip."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from engine.actions.load import LoadReport, load
from engine.problems import DeliveryError
from engine.store.database import Connection

ON = dt.date(2026, 11, 25)
DATA = Path(__file__).parents[2].parent / "shared" / "data"
SIX = {("67200", "Wolfisheim"), ("24002", "Périgueux"), ("16330", "La Boixe"), ("29334", "Quimper"),
       ("22270", "Jugon-les-Lacs - Commune nouvelle"), ("14402", "Bayeux")}  # fmt: skip
HEADER = "id;type client;RPPS;Nom;Prénom;Ville;Code postal;Adresse;E-mail;Téléphone;fact:potential\n"
CLAIRE = "7;médecin;99700000013;Morel;Claire;Nantes;44000;12 bis rue de la Paix;dr.claire.morel@Example.fr;0199001234;4\n"


def given(path: str) -> Path:
    if not (DATA / path).exists():
        pytest.skip(f"../shared/data/{path} is not here")
    return DATA / path


def loaded(connection: Connection, path: Path, feed: str, tmp_path: Path, **more: Any) -> LoadReport:
    return load(connection, path, feed, on=ON, rejects_folder=tmp_path / "rejects", **more)


def written(tmp_path: Path, text: str, *, encoding: str = "utf-8") -> Path:
    path = tmp_path / "clients.csv"
    path.write_bytes(text.encode(encoding))
    return path


def one(connection: Connection, question: str) -> Any:
    row = connection.execute(question).fetchone()  # type: ignore[call-overload]  # questions of this file
    return row[0] if row is not None and len(row) == 1 else row


@pytest.fixture
def towns(database: Connection, tmp_path: Path) -> Connection:
    loaded(database, given("fr_geo_reference/laposte_hexasmal.latin1.csv"), "towns", tmp_path)
    loaded(database, given("fr_geo_reference/codes-postaux_4.1.2.json.gz"), "towns", tmp_path)
    return database


def pharmacies() -> Path:
    return given("fr_pharmacies_santefr/santefr-lieux-vaccination-grippe-pharmacie.csv")


def test_a_delivery_keeps_which_facts_of_the_company_it_brought(database: Connection, tmp_path: Path) -> None:
    loaded(database, written(tmp_path, HEADER + CLAIRE), "customers", tmp_path)

    assert one(database, "SELECT counts -> 'facts' FROM import_batch") == ["potential"]


def test_the_pharmacies_load_whole_and_a_second_time_change_nothing(
    towns: Connection, tmp_path: Path
) -> None:
    first = loaded(towns, pharmacies(), "pharmacies", tmp_path)
    second = loaded(towns, pharmacies(), "pharmacies", tmp_path)

    assert (first.counts["created"], first.counts["rejected"], set(first.towns)) == (3757, 0, SIX)
    assert (second.counts["created"], second.counts["changed"], second.counts["unchanged"]) == (0, 0, 3757)
    corsican = "SELECT count(*) FROM identifier WHERE scheme = 'FINESS' AND value ~ '^2[AB]'"
    assert one(towns, corsican) == 27


def test_what_nobody_sees_in_a_name_is_taken_out_and_counted(database: Connection, tmp_path: Path) -> None:
    lines = (
        CLAIRE.replace("Morel;Claire", "Mo\u202erel;Claire\u200b\x07")
        + "8"
        + CLAIRE[1:].replace("0013", "0021")
    )

    report = loaded(database, written(tmp_path, HEADER + lines), "customers", tmp_path)

    row = database.execute("SELECT last_name, first_name, sort_name FROM customer WHERE last_name ~ '^Mo'")
    assert row.fetchone() == ("Morel", "Claire", "MOREL CLAIRE")
    assert (report.counts["marks_removed"], report.counts["rejected"]) == (1, 0)


def test_a_booking_telephone_is_found_in_the_opening_hours(database: Connection, tmp_path: Path) -> None:
    loaded(database, pharmacies(), "pharmacies", tmp_path)

    assert (
        one(database, "SELECT count(*) FROM contact_point WHERE type LIKE 'phone%%'".replace("%%", "%"))
        > 2000
    )
    assert one(database, "SELECT facts->>'opening_hours' FROM customer JOIN identifier USING (customer_id) WHERE value = '750032955'").startswith("Lundi : 08h30-20h00; Mardi")  # fmt: skip


def test_the_hospitals_load_whole_with_their_leading_zeros(database: Connection, tmp_path: Path) -> None:
    report = loaded(database, given("fr_hospitals_eurostat/FR.csv"), "hospitals", tmp_path)

    assert (report.counts["created"], report.counts["finess_repaired"], report.counts["rejected"]) == (
        5368,
        324,
        0,
    )
    assert (
        one(database, "SELECT count(*) FROM identifier WHERE scheme = 'FINESS' AND length(value) = 9") == 5368
    )
    assert one(database, "SELECT count(*) FROM contact_point WHERE type = 'phone_fixed' AND value_norm ~ '^[+](33|590|594|596|262)[0-9]{9}$'") == 4810 - one(database, "SELECT count(*) FROM contact_point WHERE type = 'phone_mobile'")  # fmt: skip


def test_every_customer_has_a_guard_and_at_most_one_main_address_of_a_kind(
    database: Connection, tmp_path: Path
) -> None:
    loaded(database, pharmacies(), "pharmacies", tmp_path)

    assert (
        one(
            database,
            "SELECT count(*) FROM customer LEFT JOIN contact_guard g USING (customer_id) WHERE g.customer_id IS NULL",
        )
        == 0
    )
    assert one(database, "SELECT count(*) FROM (SELECT FROM contact_point WHERE is_main GROUP BY customer_id, type HAVING count(*) <> 1) AS x") == 0  # fmt: skip


def test_a_plan_says_what_would_happen_and_changes_nothing(database: Connection, tmp_path: Path) -> None:
    report = loaded(database, written(tmp_path, HEADER + CLAIRE), "customers", tmp_path, plan=True)

    assert (report.counts["created"], report.planned) == (1, True)
    assert one(database, "SELECT (SELECT count(*) FROM customer) + (SELECT count(*) FROM import_batch)") == 0


def test_a_customer_arrives_with_addresses_and_facts(database: Connection, tmp_path: Path) -> None:
    loaded(database, written(tmp_path, HEADER + CLAIRE), "customers", tmp_path)

    assert one(database, "SELECT kinds, sort_name, facts, department FROM customer") == (
        ["prescriber"],
        "MOREL CLAIRE",
        {"potential": 4},
        "44",
    )
    points = database.execute("SELECT type, value_norm FROM contact_point ORDER BY type").fetchall()
    assert points == [("email", "dr.claire.morel@example.fr"), ("phone_fixed", "+33199001234"), ("postal", "CLAIRE MOREL|12 B RUE DE LA PAIX|44000 NANTES")]  # fmt: skip


@pytest.mark.parametrize(
    ("encoding", "delimiter"),
    [("utf-8-sig", ";"), ("latin-1", ";"), ("utf-16", "\t"), ("utf-8", ","), ("utf-8", "|")],
)
def test_encoding_and_delimiter_are_found_out(
    database: Connection, tmp_path: Path, encoding: str, delimiter: str
) -> None:
    text = (HEADER + CLAIRE.replace("Morel", "Lefèvre")).replace(";", delimiter)

    loaded(database, written(tmp_path, text, encoding=encoding), "customers", tmp_path)

    assert one(database, "SELECT last_name, sort_name FROM customer") == ("Lefèvre", "LEFEVRE CLAIRE")


def test_a_wrong_key_is_kept_and_flagged(database: Connection, tmp_path: Path) -> None:
    report = loaded(
        database,
        written(tmp_path, HEADER + CLAIRE.replace("99700000013", "99700000014")),
        "customers",
        tmp_path,
    )

    assert report.counts["suspect"] == 1
    assert one(database, "SELECT checksum_suspect FROM identifier WHERE scheme = 'RPPS'") is True


def test_a_wrong_key_is_told_with_its_place_though_nothing_is_left_out(
    database: Connection, tmp_path: Path
) -> None:
    report = loaded(
        database,
        written(tmp_path, HEADER + CLAIRE.replace("99700000013", "99700000014")),
        "customers",
        tmp_path,
    )

    [odd] = report.rejected
    assert (odd.line, odd.column, odd.is_kept) == (2, "rpps", True)
    assert (report.counts["rejected"], report.counts["values_left_out"]) == (0, 0)


def test_a_file_with_control_characters_in_its_header_is_no_text_and_never_shown(
    database: Connection, tmp_path: Path
) -> None:
    path = tmp_path / "clients.csv"
    path.write_bytes(b"id;kind\x1b[31m;last_name\n1;prescriber;Morel\n")

    with pytest.raises(DeliveryError, match="not a text file") as refused:
        loaded(database, path, "customers", tmp_path)

    assert "\x1b" not in str(refused.value)


def test_a_column_that_stands_there_twice_is_told(database: Connection, tmp_path: Path) -> None:
    lines = CLAIRE.splitlines()[0]
    report = loaded(
        database,
        written(tmp_path, HEADER.rstrip("\n") + ";Last_Name\n" + lines + ";Other\n"),
        "customers",
        tmp_path,
    )

    assert report.ignored == ("Last_Name (×2)",)
    assert one(database, "SELECT last_name FROM customer") == "Morel"


def test_a_line_that_cannot_be_loaded_is_told_with_its_place_and_the_way_out(
    database: Connection, tmp_path: Path
) -> None:
    text = (
        HEADER
        + CLAIRE
        + "8;médecin;123;Petit;Jean;;;;;;\n"
        + '9;"mé\ndecin";;"Roux";;;;;;;\n'
        + ";médecin;;Blanc;;;;;;;\n"
    )

    report = loaded(database, written(tmp_path, text), "customers", tmp_path)

    assert [(slip.line, slip.column, slip.what.en) for slip in report.rejected] == [
        (3, "rpps", "not the 11 digits of an RPPS"), (4, "kind", "no kind that we know"), (6, None, "no identifier"),
    ]  # fmt: skip
    assert report.rejects_file is not None and "99700" not in report.rejects_file.read_text(
        encoding="utf-8-sig"
    )


def test_all_that_is_wrong_with_a_line_is_told_at_once_and_nothing_that_only_follows_from_it(
    database: Connection, tmp_path: Path
) -> None:
    text = HEADER + "8;astronaute;123;;;Nantes;44000;;no address;12;4\n" + ";astronaute;;Petit;Jean;;;;;;\n"

    report = loaded(database, written(tmp_path, text), "customers", tmp_path)

    assert [(one.line, one.column, one.whole_line) for one in report.rejected] == [
        (2, "kind", True), (2, "rpps", True), (2, None, True), (2, "email", True), (2, "phone", True),
        (3, "kind", True),
    ]  # fmt: skip
    assert (report.counts["rejected"], report.counts["values_left_out"]) == (2, 0)


def test_one_line_with_a_column_too_many_does_not_cost_the_others(
    database: Connection, tmp_path: Path
) -> None:
    report = loaded(
        database, written(tmp_path, HEADER + "8;x;y;z;a;b;c;d;e;f;g;h;i\n" + CLAIRE), "customers", tmp_path
    )

    assert (report.counts["created"], [slip.line for slip in report.rejected]) == (1, [2])


def test_a_bad_value_leaves_the_line_in_and_is_told(database: Connection, tmp_path: Path) -> None:
    report = loaded(
        database,
        written(tmp_path, HEADER + CLAIRE.replace("dr.claire.morel@Example.fr", "claire(at)example")),
        "customers",
        tmp_path,
    )

    assert (report.counts["created"], report.counts["values_left_out"], report.rejected[0].column) == (
        1,
        1,
        "email",
    )


def test_a_header_that_does_not_fit_is_refused_with_the_nearest_word(
    database: Connection, tmp_path: Path
) -> None:
    with pytest.raises(DeliveryError) as refused:
        loaded(
            database, written(tmp_path, "identifiants;Nomm;Prénom\n7;Morel;Claire\n"), "customers", tmp_path
        )

    assert "'Nomm' ≈ last_name" in str(refused.value)


def test_a_bounce_is_not_undone_by_the_next_delivery(database: Connection, tmp_path: Path) -> None:
    loaded(database, written(tmp_path, HEADER + CLAIRE), "customers", tmp_path)
    database.execute("UPDATE contact_point SET status = 'invalid' WHERE type = 'email'")

    loaded(database, written(tmp_path, HEADER + CLAIRE), "customers", tmp_path)

    assert one(database, "SELECT status FROM contact_point WHERE type = 'email'") == "invalid"


def test_a_new_address_becomes_the_main_one_and_the_old_one_stays(
    database: Connection, tmp_path: Path
) -> None:
    loaded(database, written(tmp_path, HEADER + CLAIRE), "customers", tmp_path)

    report = loaded(
        database,
        written(tmp_path, HEADER + CLAIRE.replace("dr.claire", "cabinet.claire")),
        "customers",
        tmp_path,
    )

    mails = database.execute(
        "SELECT value_norm, is_main FROM contact_point WHERE type = 'email' ORDER BY is_main"
    ).fetchall()
    assert (report.counts["changed"], mails) == (
        1,
        [("dr.claire.morel@example.fr", False), ("cabinet.claire.morel@example.fr", True)],
    )


def test_the_same_customer_twice_in_a_file_is_one_and_the_last_line_counts(
    database: Connection, tmp_path: Path
) -> None:
    report = loaded(
        database, written(tmp_path, HEADER + CLAIRE + CLAIRE.replace("Nantes", "Rezé")), "customers", tmp_path
    )

    assert (
        report.counts["created"],
        report.counts["repeated"],
        one(database, "SELECT town FROM customer"),
    ) == (1, 1, "Rezé")


def test_a_mailbox_of_two_customers_says_so_on_both(database: Connection, tmp_path: Path) -> None:
    loaded(
        database,
        written(
            tmp_path, HEADER + CLAIRE + CLAIRE.replace("7;", "8;", 1).replace("99700000013", "99700000021")
        ),
        "customers",
        tmp_path,
    )

    assert database.execute("SELECT shared_with FROM contact_point WHERE type = 'email'").fetchall() == [
        (2,),
        (2,),
    ]


def test_a_stop_on_visits_is_not_taken_off_by_a_delivery(database: Connection, tmp_path: Path) -> None:
    loaded(database, written(tmp_path, HEADER + CLAIRE), "customers", tmp_path)
    database.execute("UPDATE customer SET do_not_call = true")

    loaded(
        database,
        written(
            tmp_path,
            (HEADER + CLAIRE).replace("fact:potential\n", "ne pas visiter\n").replace(";4\n", ";non\n"),
        ),
        "customers",
        tmp_path,
    )

    assert one(database, "SELECT do_not_call FROM customer") is True
