"""A delivery taken back: nothing half done, and of everything that stays the reason."""

from pathlib import Path
from typing import Any

import pytest

from engine.actions.undo import UndoReport, undo
from engine.problems import UsageError
from engine.store.database import Connection
from tests.store.deliveries import CLAIRE, NOW, PORT, base, delivered

ORDERS = "FINESS;commande;ligne;date commande;statut;marque;quantité;montant\n"
ORDER = (
    ORDERS
    + f"{PORT};A-1;1;2026-11-20;soumise;HIVERNAX;10;80,10\n{PORT};A-1;2;2026-11-20;soumise;DERMAPHARM;4;29,60\n"
)
HISTORY = f"RPPS;id evenement;canal;sens;date;resultat;evenement\n{CLAIRE};v-1;visite;out;2026-11-20;vu;\n{CLAIRE};c-1;email;in;2026-11-20;;click\n"
CONTACTS = f"RPPS;type;valeur\n{CLAIRE};email;claire@example.org\n"
CONSENTS = f"RPPS;canal;finalite;choix;date;version texte;type preuve;preuve;event_id\n{CLAIRE};email;promo_rx;oui;2026-05-04;v2;signature;S-1;e1\n"
NO = f"{CLAIRE};email;promo_otc;non;2026-05-04;;;;e2\n"
REPS = "login;nom;prenom;email;type;secteur\nPHARMA-07;Roux;Anne;anne@example.org;officine;FR-PHARMA-44\n"
ALIGNED = f"RPPS;reseau;secteur\n{CLAIRE};ville;FR-PCR-44\n"
CUSTOMERS = "id;type client;RPPS;Nom;Prénom;Ville;Code postal;Adresse;E-mail\n7;médecin;99700000039;Blanc;Zoé;Nantes;44000;1 rue X;zoe@example.org\n"

TABLES = (
    "customer", "identifier", "contact_point", "contact_guard", "consent", "orders", "order_line", "touch", "response", "rep", "rep_assignment",
    "territory", "alignment",
)  # fmt: skip


@pytest.fixture
def ids(database: Connection) -> dict[str, int]:
    return base(database)


def whole(connection: Connection) -> dict[str, list[str]]:
    """Return every row of the base, but for when it was written."""
    found = {}
    for table in TABLES:
        rows = connection.execute(f"SELECT to_jsonb(t) - ARRAY['changed_at', 'version'] FROM {table} t")  # type: ignore[arg-type]
        found[table] = sorted(repr(sorted(row[0].items(), key=str)) for row in rows)
    return found


def taken_back(connection: Connection, folder: Path, batch: int | None, **more: Any) -> UndoReport:
    assert batch is not None
    return undo(connection, batch, now=NOW, folder=folder, **more)


def kept(report: UndoReport) -> list[tuple[str, str]]:
    return [(one.what, one.why) for one in report.done.kept]


@pytest.mark.parametrize(
    ("feed", "text"),
    [("orders", ORDER), ("history", HISTORY), ("contacts", CONTACTS), ("consents", CONSENTS), ("reps", REPS), ("alignments", ALIGNED), ("customers", CUSTOMERS)],
)  # fmt: skip
def test_what_a_delivery_made_is_gone_and_can_come_again(
    database: Connection, ids: dict[str, int], tmp_path: Path, feed: str, text: str
) -> None:
    before = whole(database)
    first = delivered(database, tmp_path, feed, text)

    report = taken_back(database, tmp_path, first.batch)

    assert (whole(database), kept(report)) == (before, [])
    again = delivered(database, tmp_path, feed, text)
    assert again.counts["created"] == first.counts["created"] or feed == "consents"


@pytest.mark.parametrize(
    ("feed", "text", "changed"),
    [
        ("orders", ORDER, ORDER.replace("soumise", "expédiée").replace("80,10", "81,10") + f"{PORT};A-1;3;2026-11-20;soumise;HIVERNAX;1;9,00\n"),
        ("history", HISTORY, HISTORY.replace(";vu;", ";absent;").replace("click", "form")),
        ("contacts", CONTACTS, "RPPS;type;valeur;statut;usage\n" + CONTACTS.splitlines()[1] + ";invalid;personal\n"),
        ("reps", REPS, REPS.replace("Roux", "Roux-Petit").replace(";secteur\n", ";secteur;fin\n").replace("44\n", "44;2026-12-31\n")),
        ("alignments", ALIGNED, ALIGNED.replace("44", "49")),
        ("customers", CUSTOMERS, CUSTOMERS.replace("Blanc", "Leblanc").replace("zoe@", "leblanc@")),
    ],
)  # fmt: skip
def test_what_a_delivery_changed_is_as_it_was(
    database: Connection, ids: dict[str, int], tmp_path: Path, feed: str, text: str, changed: str
) -> None:
    delivered(database, tmp_path, feed, text)
    before = whole(database)
    second = delivered(database, tmp_path, feed, changed)
    assert whole(database) != before

    report = taken_back(database, tmp_path, second.batch)

    assert (whole(database), kept(report)) == (before, [])


def test_a_plan_takes_nothing_back(database: Connection, ids: dict[str, int], tmp_path: Path) -> None:
    first = delivered(database, tmp_path, "orders", ORDER)
    before = whole(database)

    report = taken_back(database, tmp_path, first.batch, plan=True)

    assert (report.done.removed["orders"], whole(database)) == (1, before)


def test_an_order_that_answered_a_campaign_stays(
    database: Connection, ids: dict[str, int], tmp_path: Path
) -> None:
    first = delivered(
        database, tmp_path, "orders", ORDER + f"{PORT};A-2;1;2026-11-20;soumise;HIVERNAX;1;9,00\n"
    )
    database.execute("INSERT INTO response (customer_id, type, at, attribution, source, source_id) SELECT customer_id, 'order', ordered_at, 'none', 'orders',"
                     " order_id::text FROM orders WHERE order_no = 'A-1'")  # fmt: skip

    report = taken_back(database, tmp_path, first.batch)

    assert (kept(report), report.done.removed) == ([("orders", "is_a_response")], {"orders": 1})
    assert database.execute(
        "SELECT order_no, count(*) FROM orders JOIN order_line USING (order_id) GROUP BY 1"
    ).fetchall() == [("A-1", 2)]
    assert report.kept_file is not None and "answered a campaign" in report.kept_file.read_text(
        encoding="utf-8-sig"
    )


def test_what_a_later_delivery_changed_stays_and_names_it(
    database: Connection, ids: dict[str, int], tmp_path: Path
) -> None:
    first = delivered(database, tmp_path, "orders", ORDER)
    second = delivered(database, tmp_path, "orders", ORDER.replace("soumise", "expédiée"))

    early = taken_back(database, tmp_path, first.batch)
    taken_back(database, tmp_path, second.batch)
    late = taken_back(database, tmp_path, first.batch)

    assert [(one.what, one.why, one.by) for one in early.done.kept] == [
        ("orders", "changed_since", second.batch)
    ]
    assert (late.done.removed, database.execute("SELECT count(*) FROM orders").fetchone()) == (
        {"orders": 1},
        (0,),
    )


def test_a_no_is_not_taken_back_and_a_yes_is_marked_not_deleted(
    database: Connection, ids: dict[str, int], tmp_path: Path
) -> None:
    first = delivered(database, tmp_path, "consents", CONSENTS + NO)

    report = taken_back(database, tmp_path, first.batch)

    assert (kept(report), report.done.removed) == ([("consent_event", "is_a_no")], {"consent_event": 1})
    assert database.execute("SELECT purpose, opt FROM consent").fetchall() == [("promo_otc", "opt_out")]
    assert database.execute("SELECT count(*) FROM consent_event").fetchone() == (2,)


def test_a_yes_that_was_taken_back_counts_again_when_it_is_delivered_again(
    database: Connection, ids: dict[str, int], tmp_path: Path
) -> None:
    taken_back(database, tmp_path, delivered(database, tmp_path, "consents", CONSENTS).batch)

    delivered(database, tmp_path, "consents", CONSENTS)

    assert database.execute("SELECT opt FROM consent").fetchall() == [("opt_in",)]


@pytest.mark.parametrize(
    ("since", "why"),
    [
        ("INSERT INTO touch (customer_id, channel, state, due_at, touched_at) SELECT customer_id, 'call', 'refused', now(), NULL FROM customer WHERE last_name = 'Blanc'", "has_touches"),
        ("INSERT INTO consent_event (customer_id, channel, purpose, opt, opt_out_cause, captured_at, source, source_id) SELECT customer_id, 'email', '*', 'opt_out',"
         " 'phone', now(), 'api', '1' FROM customer WHERE last_name = 'Blanc'", "has_consents"),
        ("INSERT INTO affiliation (person_id, organisation_id, source) SELECT p.customer_id, o.customer_id, 'x' FROM customer p, customer o WHERE p.last_name = 'Blanc'"
         " AND o.of = 'organisation'", "is_affiliated"),
        ("UPDATE customer SET town = 'REZE', changed_at = now() WHERE last_name = 'Blanc'", "changed_since"),
    ],
)  # fmt: skip
def test_a_customer_about_whom_something_is_known_since_stays(
    database: Connection, ids: dict[str, int], tmp_path: Path, since: str, why: str
) -> None:
    first = delivered(database, tmp_path, "customers", CUSTOMERS)
    database.execute(since.replace("'refused', now(), NULL", "'planned', now(), NULL"))  # type: ignore[arg-type]

    report = taken_back(database, tmp_path, first.batch)

    assert kept(report) == [("customer", why)]
    assert database.execute("SELECT count(*) FROM contact_point").fetchone() == (2,)


def test_an_address_that_bounced_since_stays(
    database: Connection, ids: dict[str, int], tmp_path: Path
) -> None:
    first = delivered(database, tmp_path, "contacts", CONTACTS)
    database.execute("UPDATE contact_point SET status = 'invalid', status_reason = 'bounced_hard'")

    assert kept(taken_back(database, tmp_path, first.batch)) == [("contact_point", "was_learned")]


def test_a_territory_in_use_stays_when_its_maker_goes(
    database: Connection, ids: dict[str, int], tmp_path: Path
) -> None:
    first = delivered(database, tmp_path, "reps", REPS)
    delivered(database, tmp_path, "alignments", f"RPPS;reseau;secteur\n{CLAIRE};officine;FR-PHARMA-44\n")

    assert kept(taken_back(database, tmp_path, first.batch)) == [("territory", "is_in_use")]


def test_undoing_twice_says_that_nothing_is_left(
    database: Connection, ids: dict[str, int], tmp_path: Path
) -> None:
    first = delivered(database, tmp_path, "orders", ORDER)
    taken_back(database, tmp_path, first.batch)

    with pytest.raises(UsageError, match="is left to take back"):
        taken_back(database, tmp_path, first.batch)


def test_erasure_takes_the_old_values_along(
    database: Connection, ids: dict[str, int], tmp_path: Path
) -> None:
    delivered(database, tmp_path, "customers", CUSTOMERS)
    delivered(database, tmp_path, "customers", CUSTOMERS.replace("Blanc", "Leblanc"))

    database.execute("UPDATE customer SET status = 'erased' WHERE last_name = 'Leblanc'")

    assert database.execute("SELECT count(*) FROM import_change WHERE what = 'customer'").fetchone() == (0,)
