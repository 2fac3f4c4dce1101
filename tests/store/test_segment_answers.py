"""What `touchbase segment` says: numbers that add up, reasons that are true, statements that run as printed."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.actions import segment as action
from engine.loading.project import Project
from engine.loading.segments import from_texts
from engine.model.facts import BUILT_IN, STORED_UNTOLD
from engine.problems import FilesError, Problem, Say, Span, UsageError
from engine.store import customer_known, segment_answers
from engine.store import database as store
from engine.store.database import Connection
from engine.store.segment_answers import Asked
from tests.properties import small_bases
from tests.properties.small_bases import ONS

NOW = dt.datetime(2026, 3, 3, 9, 30, tzinfo=dt.UTC)
FILES = {
    "segments/facts.yaml": "facts:\n  potential:\n    label: {fr: Potentiel, en: Potential}\n    type: number\n"
    "    source: essai\n    legal_class: aggregated\n",
    "segments/buyers.yaml": "segment: buyers\ntitle: Acheteurs\nof: organisation\nwho:\n  - kind: pharmacy\n"
    "  - department: {not_in: [972]}\n  - ordered: {brand: DERMAPHARM, within: 12 months, amount: {at_least: 500}}\n",
    "segments/pharmacies.yaml": "segment: pharmacies\ntitle: Officines\nof: organisation\nwho:\n  - kind: pharmacy\n",
    "segments/pharmacists.yaml": "segment: pharmacists\ntitle: Pharmaciens\nof: person\nwho:\n  - kind: pharmacist\n",
}


@pytest.fixture(scope="module")
def project() -> Project:
    library, problems = from_texts(FILES)
    assert problems == []
    return Project(Path(), {}, library, None, {}, {}, {})


def customer(connection: Connection, **columns: Any) -> int:
    given = {"of": "organisation", "kinds": ["pharmacy"], "department": "44", "sort_name": "PHARMACIE", "source": "finess",
             "created_at": NOW - dt.timedelta(days=900), "changed_at": NOW - dt.timedelta(days=900), **columns}  # fmt: skip
    names, marks = ", ".join(given), ", ".join(f"%({key})s" for key in given)
    row = connection.execute(
        f"INSERT INTO customer ({names}) VALUES ({marks}) RETURNING customer_id",  # type: ignore[arg-type]
        given,
    ).fetchone()
    assert row is not None
    return int(row[0])


def ordered(connection: Connection, customer_id: int, days_ago: int, amount: int) -> None:
    at = NOW - dt.timedelta(days=days_ago)
    row = connection.execute(
        "INSERT INTO orders (source, order_no, customer_id, origin, ordered_at, status, amount_ht, recorded_at, changed_at)"
        " VALUES ('erp', %s, %s, 'web', %s, 'shipped', %s, %s, %s) RETURNING order_id",
        [f"{customer_id}-{days_ago}", customer_id, at, amount, at, at],
    ).fetchone()
    assert row is not None
    connection.execute(
        "INSERT INTO order_line (order_id, line_no, brand, units, amount_ht, changed_at) VALUES (%s, 1, 'DERMAPHARM', 10, %s, %s)",
        [row[0], amount, at],
    )


def question(
    connection: Connection, project: Project, *names: str, as_of: dt.datetime | None = None
) -> Asked:
    return action.asked(connection, project, *names, on=NOW, as_of=as_of)


def test_an_explanation_says_each_clause_with_what_is_known_of_the_customer(
    database: Connection, project: Project
) -> None:
    pharmacy = customer(database)
    ordered(database, pharmacy, 30, 200)
    ordered(database, pharmacy, 400, 900)

    lines = action.explain(database, question(database, project, "buyers"), "buyers", pharmacy)

    assert [(str(line.words), line.answer, line.own and line.own.en) for line in lines] == [
        ("of the segment 'buyers' (Acheteurs)", False, None),
        ("kind of customer is pharmacy", True, "pharmacy"),
        ("department is known, and not 972", True, "44"),
        ("ordered for DERMAPHARM for at least 500 EUR in the last 12 months", False, "once, on 2026-02-01 10:30, 200.00 EUR"),
    ]  # fmt: skip
    assert lines[3].words.fr == "a commandé pour DERMAPHARM pour au moins 500 EUR dans les 12 derniers mois"


def test_an_unknown_fact_is_explained_as_unknown_and_not_as_no(
    database: Connection, project: Project
) -> None:
    pharmacy = customer(database, department=None)
    ordered(database, pharmacy, 30, 600)

    lines = action.explain(database, question(database, project, "buyers"), "buyers", pharmacy)

    assert [line.answer for line in lines] == [None, True, None, True]
    assert lines[2].own == Say("nothing is known", "rien n'est connu")


def test_a_customer_of_another_kind_is_told_so(database: Connection, project: Project) -> None:
    person = customer(database, of="person", kinds=["pharmacist"])

    lines = action.explain(database, question(database, project, "buyers"), "buyers", person)

    assert lines[0].answer is False
    assert (lines[1].words.en, lines[1].answer) == ("is an organisation that we still know", False)


def belgians() -> Project:
    """Return a project whose segment of Belgian prescribers asks what each of them prescribes, as their law allows."""
    files = {
        "segments/facts.yaml": "facts:\n  rx_decile: {label: {fr: Décile, en: Decile}, type: number, source: panel, legal_class: rx_individual}\n",
        "segments/belgians.yaml": "segment: belgians\ntitle: Belges\nof: person\nwho:\n  - country: BE\n  - rx_decile: {at_least: 3}\n",
        "segments/either.yaml": "segment: either\ntitle: L'un ou l'autre\nof: person\nwho:\n  - any: [{in: belgians}, {kind: prescriber}]\n",
    }
    library, problems = from_texts(files)
    assert problems == []
    return Project(Path(), {}, library, None, {}, {}, {})


@pytest.mark.parametrize(("country", "said"), [("FR", "not shown, nor used"), ("BE", "9")])
def test_what_a_french_prescriber_prescribes_is_never_shown(
    database: Connection, country: str, said: str
) -> None:
    doctor = customer(database, of="person", kinds=["prescriber"], country=country, facts='{"rx_decile": 9}')

    lines = action.explain(database, question(database, belgians(), "belgians"), "belgians", doctor)

    assert lines[2].words.en == "Decile is at least 3"
    assert lines[2].own is not None and lines[2].own.en.startswith(said)
    assert lines[2].answer is (None if country == "FR" else True)


@pytest.mark.parametrize(("name", "shown"), [("either", False), ("belgians", True)])
def test_a_sample_shows_prescriptions_only_where_no_french_prescriber_can_be_in_it(
    database: Connection, name: str, shown: bool
) -> None:
    project = belgians()
    customer(database, of="person", kinds=["prescriber"], country="BE", facts='{"rx_decile": 9}')

    sample = action.sample(database, question(database, project, name), name)

    assert len(sample.rows) == 1
    assert ("rx_decile" in [fact.name for fact in sample.facts]) is shown


def test_of_a_silence_the_response_that_ended_it_is_told(database: Connection, project: Project) -> None:
    pharmacy = customer(database)
    database.execute(
        "INSERT INTO touch (customer_id, campaign, channel, state, due_at, touched_at)"
        " VALUES (%s, 'x', 'email', 'accepted', '2026-02-01 09:00+00', '2026-02-01 09:00+00')",
        [pharmacy],
    )
    database.execute(
        "INSERT INTO response (customer_id, campaign, channel, type, at, source_id, attribution, source)"
        " VALUES (%s, 'x', 'email', 'click', '2026-02-03 09:00+00', '1', 'none', 'web')",
        [pharmacy],
    )
    silent = "segment: silent\ntitle: Muets\nof: organisation\nwho:\n  - kind: pharmacy\n  - no_response: {to: x}\n"
    library, _ = from_texts({"segments/silent.yaml": silent})
    asked = action.asked(database, Project(Path(), {}, library, None, {}, {}, {}), "silent", on=NOW)

    lines = action.explain(database, asked, "silent", pharmacy)

    assert (lines[2].answer, lines[2].own) == (
        False,
        Say("touched once, on 2026-02-01 10:00; responded once, on 2026-02-03 10:00",
            "touché une fois, le 2026-02-01 10:00 ; a répondu une fois, le 2026-02-03 10:00"),
    )  # fmt: skip


@pytest.mark.parametrize("of", ["person", "organisation"])
def test_of_a_customer_whom_nobody_described_the_base_holds_what_the_check_assumes(
    database: Connection, project: Project, of: str
) -> None:
    row = database.execute(
        "INSERT INTO customer (of, kinds, sort_name, source) VALUES (%s, '{}', 'X', 'rpps') RETURNING customer_id",
        [of],
    ).fetchone()
    assert row is not None

    known = customer_known.known(database, question(database, project, "buyers"), row[0])

    assert known is not None
    told = {name: value for name, value in known.facts.items() if name != "kind"}
    assert told == STORED_UNTOLD
    assert set(STORED_UNTOLD) == {fact.name for fact in BUILT_IN.values() if not fact.may_be_missing}


@pytest.fixture(scope="module")
def small_base(module_database_url: str) -> Iterator[Connection]:
    with store.connected(module_database_url, purpose="test") as connection:
        small_bases.prepare(connection)
        small_bases.store(connection, {seed: small_bases.customer(seed, ONS[0]) for seed in range(1, 60)})
        yield connection


@pytest.mark.parametrize("seed", range(1, 60, 6))
def test_what_explain_reads_of_a_customer_is_what_was_stored(small_base: Connection, seed: int) -> None:
    from engine.model.segment import Library

    stored = small_bases.customer(seed, ONS[0]).known
    read = customer_known.known(small_base, Asked(Library({}, small_bases.CATALOGUE), ONS[0]), seed)

    assert read is not None
    for name in stored.facts:
        kept, found = stored.facts[name], read.facts[name]
        assert (sorted(kept) == sorted(found) if isinstance(kept, tuple) and isinstance(found, tuple) else kept == found), name  # fmt: skip
    for part in ("touches", "responses", "orders", "memberships"):
        assert Counter(getattr(read, part)) == Counter(getattr(stored, part))
    assert set(stored.facts) == set(read.facts) - {"language", "country", "credit_status"}


def test_a_sample_is_always_the_same_and_of_the_segment(database: Connection, project: Project) -> None:
    pharmacies = [customer(database) for _ in range(30)]
    customer(database, kinds=["hospital"])
    asked = question(database, project, "pharmacies")

    first, again = (action.sample(database, asked, "pharmacies", 10) for _ in range(2))

    numbers = [number for number, _ in first.rows]
    assert first == again and len(set(numbers)) == 10 and set(numbers) <= set(pharmacies)
    assert [fact.name for fact in first.facts] == ["kind", "specialty_group", "department", "town"]


def test_a_sample_of_a_large_base_looks_at_a_part_of_it(
    database: Connection, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.execute(
        "INSERT INTO customer (of, kinds, sort_name, source) SELECT 'organisation', '{pharmacy}', 'X', 'finess' FROM generate_series(1, 2000)"
    )
    monkeypatch.setattr(segment_answers, "LOOKS", (64, 256))
    asked, asked_for = question(database, project, "pharmacies"), []
    spread = segment_answers.spread
    monkeypatch.setattr(
        segment_answers, "spread", lambda *given: asked_for.append(given[2]) or spread(*given)
    )

    found = segment_answers.sample(database, asked, "pharmacies", 10)

    assert (len(found), asked_for) == (10, [64])


def test_a_sample_of_a_rare_segment_looks_at_everybody(
    database: Connection, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.execute(
        "INSERT INTO customer (of, kinds, sort_name, department, source)"
        " SELECT 'organisation', '{pharmacy}', 'X', '44', 'finess' FROM generate_series(1, 500)"
    )
    (buyer,) = database.execute("SELECT max(customer_id) - 3 FROM customer").fetchone() or (0,)
    ordered(database, buyer, 5, 800)
    monkeypatch.setattr(segment_answers, "LOOKS", (4, 16))

    found = segment_answers.sample(database, question(database, project, "buyers"), "buyers", 10)

    assert found == [buyer]


def test_a_sample_of_a_past_moment_is_of_the_segment_as_it_stood(
    database: Connection, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    bought, buys_later = customer(database), customer(database)
    for _ in range(30):
        customer(database)
    ordered(database, bought, 20, 800)
    ordered(database, buys_later, 5, 800)
    monkeypatch.setattr(segment_answers, "LOOKS", (6,))
    monkeypatch.setattr(segment_answers, "spread", lambda low, high, count: [buys_later, bought])
    then = question(database, project, "buyers", as_of=NOW - dt.timedelta(days=10))

    assert segment_answers.sample(database, then, "buyers", 1) == [bought]


def test_who_joined_and_who_left_are_told_with_the_condition_that_changed(
    database: Connection, project: Project
) -> None:
    stays, joins, leaves, new = (customer(database) for _ in range(4))
    for pharmacy, days_ago in ((stays, 20), (joins, 5), (leaves, 365), (new, 3)):
        ordered(database, pharmacy, days_ago, 800)
    late = NOW - dt.timedelta(days=4)
    database.execute("UPDATE customer SET created_at = %s, changed_at = %s WHERE customer_id = %s", [late, late, new])  # fmt: skip
    now = question(database, project, "buyers")
    then = question(database, project, "buyers", as_of=NOW - dt.timedelta(days=10))

    found = action.difference(database, project, "buyers", then, now)

    assert (found.joined.count, found.joined.some, found.joined.strangers) == (2, (joins, new), 1)
    assert {str(found.entries[at]): many for at, many in found.joined.because.items() if many} == {
        "ordered for DERMAPHARM for at least 500 EUR in the last 12 months": 1
    }
    assert (found.left.count, found.left.some, found.left.strangers) == (1, (leaves,), 0)
    assert found.left.because[2] == 1


def test_two_segments_of_a_kind_share_customers(database: Connection, project: Project) -> None:
    buyer, _ = customer(database), customer(database)
    ordered(database, buyer, 10, 900)

    assert action.overlap(
        database, question(database, project, "buyers", "pharmacies"), "buyers", "pharmacies"
    ) == (1, 2, 1)


def test_persons_and_organisations_share_the_persons_who_work_there(
    database: Connection, project: Project
) -> None:
    pharmacies = [customer(database) for _ in range(2)]
    titulaire, adjoint, gone = (customer(database, of="person", kinds=["pharmacist"]) for _ in range(3))
    for person, place, until in (
        (titulaire, 0, None),
        (titulaire, 1, None),
        (adjoint, 1, None),
        (gone, 0, "2026-01-31"),
    ):
        database.execute(
            "INSERT INTO affiliation (person_id, organisation_id, source, valid_to) VALUES (%s, %s, 'rpps', %s)",
            [person, pharmacies[place], until],
        )  # fmt: skip

    both = action.overlap(
        database, question(database, project, "pharmacies", "pharmacists"), "pharmacies", "pharmacists"
    )

    assert both == (2, 3, 2)


def test_the_printed_statement_runs_as_it_stands(database: Connection, project: Project) -> None:
    buyer = customer(database)
    customer(database)
    ordered(database, buyer, 10, 900)

    text, _ = action.as_sql(database, question(database, project, "buyers"), "buyers")

    assert "%" not in text and "'DERMAPHARM'" in text
    assert database.execute(text).fetchall() == [(buyer,)]  # type: ignore[arg-type]


def test_a_slip_in_a_name_is_answered_with_the_nearest(project: Project) -> None:
    with pytest.raises(UsageError, match="Did you mean 'pharmacists'"):
        action.segment_of(project, "pharmacist")


def test_a_segment_whose_files_are_wrong_is_not_asked(project: Project) -> None:
    from dataclasses import replace

    wrong = Problem(Span("segments/buyers.yaml", 4, 5), Say("unknown fact", ""), Say("", ""))

    with pytest.raises(FilesError):
        action.segment_of(replace(project, problems=(wrong,)), "buyers")


def test_a_slip_in_the_file_of_another_segment_does_not_keep_this_one_from_being_asked() -> None:
    files = {**FILES, "segments/wrong.yaml": "segment: wrong\ntitel: X\nof: person\nwho:\n  - kind: prescriber\n",
             "segments/needs.yaml": "segment: needs\ntitle: X\nof: person\nwho:\n  - kind: prescriber\n  - not_in: wrong\n"}  # fmt: skip
    library, problems = from_texts(files)
    project = Project(Path(), {}, library, None, {}, {}, {}, tuple(problems))

    assert action.segment_of(project, "buyers").segment == "buyers"
    for name in ("wrong", "needs", "unheard-of"):
        with pytest.raises(FilesError):
            action.segment_of(project, name)


@pytest.mark.parametrize(
    ("moment", "words"), [(NOW + dt.timedelta(days=1), "not come yet"), (dt.datetime(2020, 1, 1, tzinfo=dt.UTC), "cannot be said")]
)  # fmt: skip
def test_a_moment_of_which_the_base_knows_nothing_is_refused(
    database: Connection, project: Project, moment: dt.datetime, words: str
) -> None:
    customer(database)

    with pytest.raises(UsageError, match=words):
        question(database, project, "buyers", as_of=moment)
