"""Deliveries of contact points: laid out as the customers' own loads do, and never better than we know."""

from pathlib import Path
from typing import Any

import pytest

from engine.actions.load import LoadReport
from engine.store.database import Connection
from tests.store.deliveries import CLAIRE, JEAN, PORT, base, delivered, done, faults

HEADER = "RPPS;FINESS;type;valeur;usage;statut;motif;voie;code postal;ville;date information\n"
MAIL = f"{CLAIRE};;email;Claire.Morel@Example.org;;;;;;;\n"


@pytest.fixture
def ids(database: Connection) -> dict[str, int]:
    return base(database)


def loaded(connection: Connection, folder: Path, text: str, **more: Any) -> LoadReport:
    return delivered(connection, folder, "contacts", HEADER + text, **more)


def points(connection: Connection) -> list[tuple[str, str]]:
    rows = connection.execute("SELECT type, value_norm FROM contact_point ORDER BY type, value_norm")
    return [(str(kind), str(value)) for kind, value in rows]


def test_what_nobody_sees_in_an_address_is_taken_out_and_counted(
    database: Connection, ids: dict[str, int], tmp_path: Path
) -> None:
    report = loaded(database, tmp_path, MAIL.replace("Claire.Morel", "Claire\u200b.Morel\u202c"))

    assert points(database) == [("email", "Claire.Morel@example.org")]
    assert report.counts["marks_removed"] == 1


def test_every_kind_is_laid_out_as_a_load_of_customers_does(
    database: Connection, ids: dict[str, int], tmp_path: Path
) -> None:
    loaded(
        database, tmp_path,
        MAIL + f"{CLAIRE};;telephone;01 99 00 12 34;;;;;;;\n" + f"{CLAIRE};;telephone;0639981234;;;;;;;\n" + f"{CLAIRE};;postal;;;;;12 bis rue de la Paix;44000;Nantes;\n",
    )  # fmt: skip

    assert points(database) == [
        ("email", "Claire.Morel@example.org"), ("phone_fixed", "+33199001234"), ("phone_mobile", "+33639981234"),
        ("postal", "DR CLAIRE MOREL|12 B RUE DE LA PAIX|44000 NANTES"),
    ]  # fmt: skip


def test_an_address_written_whole_is_the_same_as_one_in_parts(
    database: Connection, ids: dict[str, int], tmp_path: Path
) -> None:
    loaded(database, tmp_path, f"{CLAIRE};;postal;;;;;12 bis rue de la Paix;44000;Nantes;\n")

    report = loaded(
        database, tmp_path, f"{CLAIRE};;postal;Dr Claire Morel|12 bis rue de la Paix|44000 Nantes;;;;;;;\n"
    )

    assert (done(report), report.counts["unchanged"]) == ((0, 0, 0), 1)


def test_a_second_load_creates_and_changes_nothing(
    database: Connection, ids: dict[str, int], tmp_path: Path
) -> None:
    text = MAIL.replace(";;;;;;;\n", ";personal;valid;;;;;2026-01-31\n")
    loaded(database, tmp_path, text)

    assert done(loaded(database, tmp_path, text)) == (0, 0, 0)


@pytest.mark.parametrize(
    ("known", "said", "expected"),
    [
        ("invalid", "valid", "invalid"), ("invalid", "unverified", "invalid"), ("refused", "invalid", "refused"), ("blocked", "valid", "blocked"),
        ("soft_bounce", "valid", "soft_bounce"), ("unverified", "valid", "valid"), ("valid", "unverified", "valid"), ("valid", "invalid", "invalid"),
        ("invalid", "refused", "refused"),
    ],
)  # fmt: skip
def test_what_we_learned_of_an_address_is_not_undone(
    database: Connection, ids: dict[str, int], tmp_path: Path, known: str, said: str, expected: str
) -> None:
    loaded(database, tmp_path, MAIL)
    database.execute("UPDATE contact_point SET status = %s, status_reason = 'bounced_hard'", [known])

    loaded(database, tmp_path, MAIL.replace(";;;;;;;\n", f";;{said};crm;;;;\n"))

    assert database.execute("SELECT status FROM contact_point").fetchone() == (expected,)


def test_a_delivery_that_knows_better_than_a_bounce_is_told_so(
    database: Connection, ids: dict[str, int], tmp_path: Path
) -> None:
    loaded(database, tmp_path, MAIL)
    database.execute("UPDATE contact_point SET status = 'invalid', status_reason = 'bounced_hard'")

    report = loaded(database, tmp_path, MAIL.replace(";;;;;;;\n", ";;valid;;;;;\n"))

    assert (report.counts["kept_strict"], report.counts["changed"]) == (1, 0)
    assert database.execute("SELECT status_reason FROM contact_point").fetchone() == ("bounced_hard",)


def test_a_private_address_stays_private(database: Connection, ids: dict[str, int], tmp_path: Path) -> None:
    loaded(database, tmp_path, MAIL.replace(";;;;;;;\n", ";personal;;;;;;\n"))

    loaded(database, tmp_path, MAIL.replace(";;;;;;;\n", ";professional_named;;;;;;\n"))

    assert database.execute("SELECT usage FROM contact_point").fetchone() == ("personal",)


def test_the_first_notice_counts(database: Connection, ids: dict[str, int], tmp_path: Path) -> None:
    loaded(database, tmp_path, MAIL.replace(";\n", ";2026-01-31\n"))

    loaded(database, tmp_path, MAIL.replace(";\n", ";2026-06-30\n"))

    assert database.execute("SELECT notice_given_at::date::text FROM contact_point").fetchone() == (
        "2026-01-31",
    )


def test_what_works_becomes_the_main_address(
    database: Connection, ids: dict[str, int], tmp_path: Path
) -> None:
    loaded(database, tmp_path, MAIL.replace("Claire.Morel", "ancienne"))
    database.execute("UPDATE contact_point SET status = 'invalid'")

    loaded(database, tmp_path, MAIL)

    mails = database.execute("SELECT value_norm, is_main FROM contact_point ORDER BY is_main").fetchall()
    assert mails == [("ancienne@example.org", False), ("Claire.Morel@example.org", True)]


def test_a_mailbox_of_two_customers_says_so_on_both(
    database: Connection, ids: dict[str, int], tmp_path: Path
) -> None:
    loaded(database, tmp_path, MAIL + MAIL.replace(CLAIRE, JEAN))

    assert database.execute("SELECT shared_with FROM contact_point").fetchall() == [(2,), (2,)]


def test_a_secretariats_address_is_known_by_its_name(
    database: Connection, ids: dict[str, int], tmp_path: Path
) -> None:
    loaded(
        database,
        tmp_path,
        MAIL.replace("Claire.Morel", "secretariat.morel") + f";{PORT};email;port@example.org;;;;;;;\n",
    )

    assert database.execute("SELECT usage FROM contact_point ORDER BY value_norm").fetchall() == [
        ("org",),
        ("professional_generic",),
    ]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (MAIL.replace("email", "pigeon"), ("type", "no kind of contact point that we know")),
        (MAIL.replace("@", " at "), ("value", "not an e-mail address")),
        (MAIL.replace("email", "telephone"), ("value", "not a telephone number")),
        (MAIL.replace("email", "postal"), ("value", "not a postal address")),
        (MAIL.replace(CLAIRE, "99700000039"), (None, "no customer with this identifier")),
        (MAIL.replace(f"{CLAIRE};", f"{CLAIRE};{PORT}"), (None, "its identifiers belong to two customers")),
    ],
)
def test_a_line_that_cannot_be_right_is_told(
    database: Connection, ids: dict[str, int], tmp_path: Path, line: str, fault: tuple[str | None, str]
) -> None:
    assert faults(loaded(database, tmp_path, line)) == [(2, *fault)]


def test_an_id_of_a_system_is_looked_up_where_it_comes_from(
    database: Connection, ids: dict[str, int], tmp_path: Path
) -> None:
    database.execute(
        "INSERT INTO identifier (scheme, value, customer_id, source) VALUES ('ext:sfa', 'C-13', %s, 'sfa')",
        [ids[JEAN]],
    )
    text = "id;type;valeur\nC-13;email;claire@example.org\n"

    unsaid = delivered(database, tmp_path, "contacts", text)
    said = delivered(database, tmp_path, "contacts", text, source="crm")

    assert (faults(unsaid), done(said)) == ([(2, None, "its identifiers belong to two customers")], (1, 0, 0))
    assert database.execute("SELECT customer_id FROM contact_point").fetchone() == (ids[CLAIRE],)
