"""What a customer's words add up to: one rule for files, pages, letters and calls (domain §4.9, §5.1)."""

import datetime as dt
from typing import Any

import pytest

from engine.store.base import consents
from engine.store.database import Connection
from tests.store.bases import add

NOW = dt.datetime(2026, 11, 25, 9, tzinfo=dt.UTC)
Word = tuple[str, int, str]  # opt, days ago, source


@pytest.fixture
def claire(database: Connection) -> int:
    return add(database, consent=False)[0]


def say(
    connection: Connection, customer: int, opt: str, days: float = 10, source: str = "crm", **more: Any
) -> None:
    """Write an event of some days ago; a yes has its proof, unless `proof` says otherwise."""
    proven = more.pop("proof", True)
    values = {
        "customer_id": customer, "channel": "email", "purpose": "promo_rx", "opt": opt, "captured_at": NOW - dt.timedelta(days=days),
        "opt_out_cause": "phone" if opt in ("opt_out", "never") else None, "source": source, "source_id": f"{opt}-{days}-{len(more)}",
        "text_version": "v1" if proven else None, "proof_type": "paper_id" if proven else None, "proof_ref": "P-1" if proven else None, **more,
    }  # fmt: skip
    marks = ", ".join(f"%({name})s" for name in values)
    connection.execute(f"INSERT INTO consent_event ({', '.join(values)}) VALUES ({marks})", values)  # type: ignore[arg-type]


def answer(connection: Connection, customer: int, *, now: dt.datetime = NOW) -> list[str]:
    """Return the answers to all questions, and what the guard blocks."""
    consents.resolve(connection, [customer], now=now)
    rows = connection.execute(
        "SELECT opt FROM consent WHERE customer_id = %s ORDER BY address, scope, purpose", [customer]
    )
    return [str(row[0]) for row in rows]


def blocked(connection: Connection, customer: int) -> list[str]:
    row = connection.execute(
        "SELECT blocked FROM contact_guard WHERE customer_id = %s", [customer]
    ).fetchone()
    assert row is not None
    return [str(word) for word in row[0]]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([("opt_out", 20, "crm"), ("opt_in", 10, "crm")], "opt_in"),  # the latest word of one system
        ([("opt_in", 20, "crm"), ("opt_out", 10, "crm")], "opt_out"),
        ([("opt_out", 20, "crm"), ("opt_in", 10, "web")], "opt_out"),  # two systems: the least permissive
        ([("opt_out", 20, "web"), ("opt_in", 10, "crm")], "opt_out"),
        ([("opt_out", 20, "crm"), ("opt_in", 10, "crm"), ("opt_in", 5, "web")], "opt_in"),
        ([("never", 20, "crm"), ("opt_in", 10, "crm")], "never"),  # a never holds whenever it was said
        ([("opt_out", 10, "crm"), ("opt_in", 10, "crm")], "opt_out"),  # one moment: the least permissive
        ([("opt_in", 20, "crm"), ("opt_in_pending", 10, "crm")], "opt_in"),  # unconfirmed says nothing
        ([("opt_out", 20, "crm"), ("opt_in_pending", 10, "crm")], "opt_out"),
        ([("opt_out", 20, "crm"), ("opt_in_pending", 10, "web")], "opt_out"),
        ([("opt_in_pending", 10, "crm")], "opt_in_pending"),
        ([("opt_in", -1, "crm")], None),  # a yes from the future is none yet
        ([("opt_out", -1, "crm")], "opt_out"),  # a no is one, whatever the clock says
    ],
)
def test_the_words_of_one_question_resolve(
    database: Connection, claire: int, words: list[Word], expected: str | None
) -> None:
    for opt, days, source in words:
        say(database, claire, opt, days, source)

    assert answer(database, claire) == ([] if expected is None else [expected])


def test_an_objection_that_the_data_protection_officer_keeps_holds_for_ever(
    database: Connection, claire: int
) -> None:
    say(database, claire, "opt_out", 20, opt_out_cause="dpo")
    say(database, claire, "opt_in", 10)

    assert answer(database, claire) == ["opt_out"]


def test_a_yes_without_proof_does_not_take_back_a_no(database: Connection, claire: int) -> None:
    say(database, claire, "opt_out", 20)
    say(database, claire, "opt_in", 10, proof=False)

    assert answer(database, claire) == ["opt_out"]


def test_a_yes_that_ran_out_is_told_to_the_second(database: Connection, claire: int) -> None:
    say(database, claire, "opt_in", 20, effective_to=NOW)
    answer(database, claire)

    kept = database.execute("SELECT opt, effective_to <= %s FROM consent", [NOW]).fetchone()
    assert kept == ("opt_in", True)


def test_a_no_that_ended_opens_what_it_had_closed(database: Connection, claire: int) -> None:
    say(database, claire, "opt_out", 20, effective_to=NOW)
    before, closed = answer(database, claire, now=NOW - dt.timedelta(seconds=1)), blocked(database, claire)

    after = answer(database, claire)

    assert (before, closed, after, blocked(database, claire)) == (["opt_out"], ["email:promo_rx"], [], [])


def test_a_no_for_a_time_does_not_end_the_no_before_it(database: Connection, claire: int) -> None:
    say(database, claire, "opt_out", 90)
    say(database, claire, "opt_out", 20, effective_to=NOW)

    assert answer(database, claire) == ["opt_out"]


def test_an_address_answers_for_itself_alone(database: Connection, claire: int) -> None:
    say(database, claire, "opt_in", 20, address="claire.morel@example.org")
    say(database, claire, "opt_out", 10, address="cabinet@example.org")

    assert answer(database, claire) == ["opt_out", "opt_in"]


def test_a_no_at_one_address_closes_the_channel(database: Connection, claire: int) -> None:
    say(database, claire, "opt_in", 20, address="claire.morel@example.org")
    say(database, claire, "opt_out", 30, address="cabinet@example.org")
    answer(database, claire)

    assert blocked(database, claire) == ["email:promo_rx"]


def test_a_scope_answers_for_itself_alone(database: Connection, claire: int) -> None:
    say(database, claire, "opt_in", 20)
    say(database, claire, "opt_out", 10, scope="HIVERNAX")

    assert (answer(database, claire), blocked(database, claire)) == (["opt_out", "opt_in"], [])


def test_a_yes_opens_only_what_a_no_had_closed(database: Connection, claire: int) -> None:
    database.execute("UPDATE contact_guard SET blocked = '{email:promo_rx,*}'")
    say(database, claire, "opt_in", 10, channel="*", purpose="*")
    answer(database, claire)

    assert blocked(database, claire) == ["email:promo_rx", "*"]


def test_resolving_twice_changes_nothing(database: Connection, claire: int) -> None:
    version = "SELECT version FROM contact_guard"
    say(database, claire, "opt_out", 10)
    answer(database, claire)
    first = database.execute(version).fetchone()

    answer(database, claire)

    assert (first, database.execute(version).fetchone()) == ((1,), (1,))


def test_an_event_that_was_taken_back_says_nothing_and_stays(database: Connection, claire: int) -> None:
    say(database, claire, "opt_in", 10)
    database.execute(
        "INSERT INTO import_batch (feed, file, sha256, counts) VALUES ('consents', 'x', 'x', '{}')"
    )
    database.execute(
        "INSERT INTO consent_void SELECT consent_event_id, batch_id, now() FROM consent_event, import_batch"
    )

    assert answer(database, claire) == []
    assert database.execute("SELECT count(*) FROM consent_event").fetchone() == (1,)
