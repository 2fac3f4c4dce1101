"""Deliveries of consents: proof or nothing, a no in its widest sense, and never a door opened by a file (NH19)."""

from pathlib import Path
from typing import Any

import pytest

from engine.actions.load import LoadReport
from engine.problems import UsageError
from engine.store import responses
from engine.store.database import Connection
from engine.store.responses import TouchOfToken
from tests.store.deliveries import CLAIRE, NOW, base, delivered, done, faults

HEADER = "RPPS;canal;finalite;portee;adresse;choix;cause;date;expire le;version texte;type preuve;preuve;event_id\n"
YES = (
    f"{CLAIRE};email;promo_rx;tout;Claire.Morel@Example.org;oui;;2026-05-04;2027-05-04;v2;signature;S-77;e1\n"
)
NO = f"{CLAIRE};email;promo_rx;;;non;unsubscribed;2026-06-01;;;;;e2\n"


@pytest.fixture
def ids(database: Connection) -> dict[str, int]:
    return base(database)


def loaded(connection: Connection, folder: Path, text: str, **more: Any) -> LoadReport:
    return delivered(connection, folder, "consents", HEADER + text, **more)


def stands(connection: Connection) -> list[tuple[str, str]]:
    """Return address and answer of every question of Claire's."""
    rows = connection.execute("SELECT address, opt FROM consent ORDER BY address, opt")
    return [(str(address), str(opt)) for address, opt in rows]


def guard(connection: Connection, customer: int) -> list[str]:
    row = connection.execute(
        "SELECT blocked FROM contact_guard WHERE customer_id = %s", [customer]
    ).fetchone()
    assert row is not None
    return [str(word) for word in row[0]]


def says(connection: Connection, customer: int, opt: str) -> None:
    """Let a customer say something on our own pages."""
    connection.execute(
        "INSERT INTO touch (customer_id, channel, purpose, state, due_at, touched_at, source, source_id)"
        " VALUES (%s, 'email', 'promo_rx', 'accepted', %s, %s, 'sfa', 't')"
        " ON CONFLICT DO NOTHING", [customer, NOW, NOW],
    )  # fmt: skip
    row = connection.execute("SELECT touch_id FROM touch").fetchone()
    assert row is not None
    touch = TouchOfToken(row[0], customer, None, None, None, "email", "promo_rx", None)  # type: ignore[arg-type]
    act = responses.stop_contact if opt == "no" else responses.allow_contact
    act(connection, touch, ["promo_rx"], at=NOW, proof="page")


def test_a_proven_yes_holds_for_its_exact_address(
    database: Connection, ids: dict[str, int], tmp_path: Path
) -> None:
    report = loaded(database, tmp_path, YES)

    assert (done(report), stands(database)) == ((1, 0, 0), [("Claire.Morel@example.org", "opt_in")])
    kept = database.execute("SELECT has_proof, effective_to::date::text FROM consent").fetchone()
    assert kept == (True, "2027-05-04")


def test_a_second_load_adds_no_event(database: Connection, ids: dict[str, int], tmp_path: Path) -> None:
    text = YES + NO.replace("e2", "") + f"{CLAIRE};sms;*;;;non;;quand ?;;;;;\n"
    loaded(database, tmp_path, text)

    second = loaded(database, tmp_path, text)

    assert (done(second), second.counts["unchanged"]) == ((0, 0, 0), 3)


def test_a_later_no_of_the_same_system_closes_the_gate(
    database: Connection, ids: dict[str, int], tmp_path: Path
) -> None:
    loaded(database, tmp_path, YES + NO)

    assert guard(database, ids[CLAIRE]) == ["email:promo_rx"]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (YES.replace("email", "pigeon"), ("channel", "no channel that we know")),
        (YES.replace("promo_rx", "réclame"), ("purpose", "no purpose that we know")),
        (YES.replace("tout", "AUTRE"), ("scope", "a yes for no brand of ours")),
        (YES.replace("Claire.Morel@Example.org", "claire(at)example"), ("address", "a yes for no address")),
        (YES.replace("2026-05-04", "2026-13-04"), ("captured_at", "a yes without a date")),
        (YES.replace("2026-05-04", "2027-01-04"), ("captured_at", "a yes from the future")),
        (YES.replace("2027-05-04", "bientôt"), ("effective_to", "a yes whose end is no date")),
        (YES.replace(";oui;", ";peut-être;"), ("opt", "neither yes nor no")),
        (YES.replace(CLAIRE, "99700000039"), (None, "no customer with this identifier")),
    ],
)
def test_a_yes_that_is_not_clear_is_none(
    database: Connection, ids: dict[str, int], tmp_path: Path, line: str, fault: tuple[str | None, str]
) -> None:
    report = loaded(database, tmp_path, line)

    assert (faults(report), stands(database)) == ([(2, *fault)], [])


@pytest.mark.parametrize(
    ("line", "blocked"),
    [
        (NO.replace("promo_rx", "réclame"), ["email"]),
        (NO.replace(";promo_rx;;", ";promo_rx;AUTRE;"), ["email:promo_rx"]),
        (NO.replace("2026-06-01", "hier"), ["email:promo_rx"]),
        (NO.replace("2026-06-01", "2031-06-01"), ["email:promo_rx"]),
        (NO.replace("unsubscribed", "fâchée"), ["email:promo_rx"]),
        (NO.replace("email;promo_rx", "pigeon;*"), ["*"]),
        (NO.replace("non", "jamais"), ["email:promo_rx"]),
    ],
)
def test_a_no_that_is_not_clear_holds_in_its_widest_sense(
    database: Connection, ids: dict[str, int], tmp_path: Path, line: str, blocked: list[str]
) -> None:
    report = loaded(database, tmp_path, line)

    assert (report.counts["created"], report.counts["rejected"], guard(database, ids[CLAIRE])) == (
        1,
        0,
        blocked,
    )


def test_all_that_is_wrong_with_a_yes_is_told_at_once_and_not_what_would_have_been_done_with_it(
    database: Connection, ids: dict[str, int], tmp_path: Path
) -> None:
    report = loaded(database, tmp_path, f"{CLAIRE};pigeon;vente;;;oui;;hier;;;;;e9\n")

    assert [one[:2] for one in faults(report)] == [(2, "channel"), (2, "purpose"), (2, "captured_at")]


def test_an_event_is_never_changed(database: Connection, ids: dict[str, int], tmp_path: Path) -> None:
    loaded(database, tmp_path, NO)

    report = loaded(database, tmp_path, NO.replace(";non;unsubscribed", ";oui;"))

    assert (faults(report), stands(database)) == (
        [(2, "source_id", "an id that another event has")],
        [("", "opt_out")],
    )


def test_a_bare_yes_is_kept_and_told_and_has_no_proof(
    database: Connection, ids: dict[str, int], tmp_path: Path
) -> None:
    report = loaded(database, tmp_path, YES.replace("signature;S-77", ";"))

    assert report.rejected[0].column == "proof_ref" and not report.rejected[0].whole_line
    assert database.execute("SELECT opt, has_proof FROM consent").fetchall() == [("opt_in", False)]


def test_a_later_proven_yes_of_the_same_system_takes_back_its_no_and_is_counted(
    database: Connection, ids: dict[str, int], tmp_path: Path
) -> None:
    loaded(database, tmp_path, NO)

    report = loaded(database, tmp_path, NO.replace("e2", "e3").replace(";non;unsubscribed;2026-06-01;;;;;", ";oui;;2026-07-01;;v2;signature;S-78;"))  # fmt: skip

    assert (report.counts["noes_taken_back"], guard(database, ids[CLAIRE])) == (1, [])


# NH19: an import can never loosen consent.


def test_no_file_takes_back_a_no_that_was_said_on_our_pages(
    database: Connection, ids: dict[str, int], tmp_path: Path
) -> None:
    says(database, ids[CLAIRE], "no")

    loaded(
        database, tmp_path, YES.replace("Claire.Morel@Example.org", "").replace("2026-05-04", "2026-11-25")
    )

    assert guard(database, ids[CLAIRE]) == ["email:promo_rx"]
    assert stands(database) == [("", "opt_out")]


def test_no_file_may_speak_in_the_name_of_our_pages(
    database: Connection, ids: dict[str, int], tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="door of our own"):
        loaded(database, tmp_path, YES, source="web")


def test_a_yes_without_proof_takes_back_no_no(
    database: Connection, ids: dict[str, int], tmp_path: Path
) -> None:
    loaded(database, tmp_path, NO)

    loaded(
        database,
        tmp_path,
        YES.replace("Claire.Morel@Example.org", "").replace("2026-05-04", "2026-11-01").replace("S-77", ""),
    )

    assert guard(database, ids[CLAIRE]) == ["email:promo_rx"]


def test_a_yes_on_our_pages_does_not_take_back_a_no_that_the_crm_holds(
    database: Connection, ids: dict[str, int], tmp_path: Path
) -> None:
    loaded(database, tmp_path, NO)

    says(database, ids[CLAIRE], "yes")

    assert (stands(database), guard(database, ids[CLAIRE])) == ([("", "opt_out")], ["email:promo_rx"])
    assert database.execute(
        "SELECT count(*) FROM consent_event WHERE source = 'web' AND opt = 'opt_in'"
    ).fetchone() == (1,)


def test_that_yes_counts_once_the_crm_takes_its_no_back(
    database: Connection, ids: dict[str, int], tmp_path: Path
) -> None:
    loaded(database, tmp_path, NO)
    says(database, ids[CLAIRE], "yes")

    loaded(database, tmp_path, NO.replace("e2", "e3").replace(";non;unsubscribed;2026-06-01;;;;;", ";oui;;2026-07-01;;v2;signature;S-78;"))  # fmt: skip

    assert (stands(database), guard(database, ids[CLAIRE])) == ([("", "opt_in")], [])


def test_a_no_on_our_pages_outlives_the_no_that_the_crm_held_already(
    database: Connection, ids: dict[str, int], tmp_path: Path
) -> None:
    loaded(database, tmp_path, NO)
    says(database, ids[CLAIRE], "no")

    loaded(database, tmp_path, NO.replace("e2", "e3").replace(";non;unsubscribed;2026-06-01;;;;;", ";oui;;2026-07-01;;v2;signature;S-78;"))  # fmt: skip

    assert guard(database, ids[CLAIRE]) == ["email:promo_rx"]
