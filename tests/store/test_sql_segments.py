"""A segment in SQL holds to its bounds twice: in the parser, and in the database when the parser is wrong."""

import contextlib
import datetime as dt
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from engine.actions import segment as action
from engine.loading.segments import load
from engine.loading.sql_columns import COLUMNS
from engine.loading.sql_grammar import slips
from engine.model.facts import Catalogue
from engine.model.segment import Library
from engine.store import audience, segment_answers, segment_role, sql_segments
from engine.store import database as store
from engine.store.database import Connection
from engine.store.segment_role import SqlSegmentFailed

ON = dt.datetime(2026, 3, 3, 9, 30, tzinfo=dt.UTC)

LARGE_HOSPITALS = """\
-- segment: large-hospitals
-- of: organisation
-- title: Hôpitaux qui ont au moins deux praticiens connus
SELECT c.customer_id
  FROM v_customer AS c JOIN v_affiliation AS a ON a.organisation_id = c.customer_id
 WHERE c.kinds @> ARRAY['hospital']::text[]
 GROUP BY c.customer_id HAVING count(*) >= 2
"""


def people(database: Connection, *, doctors: int) -> int:
    hospital = _customer(database, "organisation", "hospital")
    for _ in range(doctors):
        database.execute(
            "INSERT INTO affiliation (person_id, organisation_id, source) VALUES (%s, %s, 'rpps')",
            [_customer(database, "person", "prescriber"), hospital],
        )
    return hospital


def _customer(database: Connection, of: str, kind: str) -> int:
    row = database.execute(
        "INSERT INTO customer (of, kinds, sort_name, last_name, source, facts) VALUES (%s, ARRAY[%s], 'X', 'Morel', 'rpps',"
        """ '{"potential": 4, "rx_decile": 9}') RETURNING customer_id""",
        [of, kind],
    ).fetchone()
    assert row is not None
    return int(row[0])


def asked(database: Connection, query: str, limit: float = 20) -> set[int]:
    return set(sql_segments.ask(database, query, at=ON, limit=dt.timedelta(seconds=limit)))


def test_a_segment_in_sql_is_answered_and_named_by_others(database: Connection, tmp_path: Path) -> None:
    folder = tmp_path / "segments"
    folder.mkdir()
    (folder / "large-hospitals.sql").write_text(LARGE_HOSPITALS)
    (folder / "small-hospitals.yaml").write_text(
        "segment: small-hospitals\ntitle: Les autres\nof: organisation\nwho:\n  - kind: hospital\n  - not_in: large-hospitals\n"
    )
    library, problems = load(folder)
    assert problems == []
    small, large = people(database, doctors=1), people(database, doctors=2)

    sql_segments.answer(database, library, ["small-hospitals"], on=ON)

    found = {}
    for name in library.segments:
        text, values = audience.as_sql(audience.members(name, library, on=ON))
        found[name] = [row[0] for row in database.execute(text, values)]
    assert found == {"large-hospitals": [large], "small-hospitals": [small]}


def test_a_segment_in_sql_that_was_not_asked_is_an_error_and_not_an_empty_set(
    database: Connection, tmp_path: Path
) -> None:
    folder = tmp_path / "segments"
    folder.mkdir()
    (folder / "large-hospitals.sql").write_text(LARGE_HOSPITALS)
    library, _ = load(folder)
    people(database, doctors=2)
    text, values = audience.as_sql(audience.members("large-hospitals", library, on=ON))

    with pytest.raises(psycopg.errors.RaiseException, match="was not asked"):
        database.execute(text, values).fetchall()


ATTEMPTS = {
    "its own time limit": "SELECT set_config('statement_timeout', '0', false)::bigint AS customer_id",
    "sleeping": "SELECT 1 AS customer_id FROM pg_sleep(0)",
    "read-write": "SELECT set_config('default_transaction_read_only', 'off', false)::bigint AS customer_id",
    "large objects": "SELECT lo_create(0)::bigint AS customer_id",
    "advisory locks": "SELECT 1 AS customer_id FROM pg_advisory_lock(1)",
    "advisory locks it may not get": "SELECT pg_try_advisory_lock(1)::int AS customer_id",
    "notifying": "SELECT 1 AS customer_id FROM pg_notify('a', 'b')",
    "SQL from text": "SELECT length(query_to_xml('SELECT * FROM customer', true, false, '')::text) AS customer_id",
    "a table as text": "SELECT length(table_to_xml('customer', true, false, '')::text) AS customer_id",
    "settings": "SELECT length(setting) AS customer_id FROM pg_settings",
    "a setting": "SELECT length(current_setting('data_directory')) AS customer_id",
    "roles": "SELECT oid::bigint AS customer_id FROM pg_roles",
    "passwords": "SELECT oid::bigint AS customer_id FROM pg_authid",
    "sessions": "SELECT pid AS customer_id FROM pg_stat_activity",
    "ending sessions": "SELECT pg_terminate_backend(1)::int AS customer_id",
    "a base table": "SELECT customer_id FROM customer",
    "addresses": "SELECT customer_id FROM contact_point",
    "versions of customers": "SELECT customer_id FROM customer_version",
    "a name": "SELECT customer_id FROM v_customer WHERE last_name = 'Morel'",
    "writing in a CTE": "WITH gone AS (DELETE FROM customer RETURNING customer_id) SELECT customer_id FROM gone",
    "a second statement": "SELECT 1 AS customer_id) AS q; DROP TABLE touch; SELECT (1",
    "becoming the engine": "RESET ROLE",
    "becoming another": "SET SESSION AUTHORIZATION postgres",
    "a program": "COPY (SELECT 1) TO PROGRAM 'id'",
    "a file": "SELECT length(pg_read_file('/etc/passwd')) AS customer_id",
    "a temporary table": "SELECT customer_id INTO TEMP mine FROM v_customer",
    "locking rows": "SELECT customer_id FROM v_customer FOR UPDATE",
    "a function of ours": "SELECT sql_segment_answer('x', now(), false) AS customer_id",
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_the_parser_refuses(attempt: str) -> None:
    assert slips(ATTEMPTS[attempt], Catalogue()) != []


def test_the_database_has_the_documented_views_with_these_columns_and_no_other(shared: Connection) -> None:
    found: dict[str, set[str]] = {}
    for view, column in shared.execute(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_name LIKE 'v\\_%'"
    ):
        found.setdefault(view, set()).add(column)

    assert found == {view: set(columns) for view, columns in COLUMNS.items()}


@pytest.fixture(scope="module")
def shared(module_database_url: str):  # type: ignore[no-untyped-def]
    with store.connected(module_database_url, purpose="test") as connection:
        people(connection, doctors=1)
        yield connection


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_without_the_parser_the_database_refuses(shared: Connection, attempt: str) -> None:
    with pytest.raises(SqlSegmentFailed):
        asked(shared, ATTEMPTS[attempt])

    assert segment_role.gaps(shared) == []


RAW = [
    "SET ROLE postgres",
    "SET SESSION AUTHORIZATION postgres",
    "SET SESSION AUTHORIZATION pg_database_owner",
    "SELECT set_config('role', 'postgres', false)",
    "ALTER ROLE touchbase_segment SUPERUSER",
    "ALTER ROLE touchbase_segment CONNECTION LIMIT -1",
    "ALTER ROLE touchbase_segment SET temp_file_limit = -1",
    "SET temp_file_limit = -1",
    "GRANT pg_read_all_data TO touchbase_segment",
    "COPY (SELECT 1) TO PROGRAM 'id'",
    "COPY v_customer FROM PROGRAM 'id'",
    "COPY (SELECT 1) TO '/nowhere/segment.csv'",
    "COPY customer TO STDOUT",
    "CREATE EXTENSION dblink",
    "SELECT dblink('dbname=postgres', 'SELECT 1')",
    "SELECT lo_create(0)",
    "SELECT lo_from_bytea(0, 'x')",
    "SELECT lo_import('/etc/hostname')",
    "SELECT * FROM ts_stat('SELECT to_tsvector(last_name) FROM customer')",
    "SELECT * FROM ts_stat('SELECT to_tsvector(town) FROM v_customer')",
    "SELECT ts_rewrite('a'::tsquery, 'SELECT last_name::tsquery, last_name::tsquery FROM customer')",
    "SELECT query_to_xml('SELECT * FROM v_customer', true, false, '')",
    "SELECT database_to_xml(true, false, '')",
    "DO $$ BEGIN EXECUTE 'SELECT last_name FROM customer'; END $$",
    "SELECT pg_read_file('/etc/hostname')",
    "SELECT pg_terminate_backend(1)",
    "SELECT pg_sleep(1)",
    "SELECT pg_advisory_lock(1)",
    "LISTEN a; SELECT pg_notify('a', '')",
    "CREATE TABLE mine (x int)",
    "CREATE TEMP TABLE mine (x int)",
    "CREATE SCHEMA mine",
    "DELETE FROM v_consent",
    "DELETE FROM customer",
    "SELECT customer_id FROM v_customer FOR UPDATE",
    "SELECT last_name FROM customer",
    "SELECT passwd FROM pg_shadow",
]


@pytest.fixture(scope="module")
def own_session(shared: Connection):  # type: ignore[no-untyped-def]
    """A session as segments have it, but neither read-only nor in a transaction, and nothing reads what it is told."""
    with segment_role.log_in(shared, {}) as session:
        session.autocommit = True
        yield session


@pytest.mark.parametrize("text", RAW)
def test_without_parser_and_brackets_no_statement_gets_further_than_the_role(
    own_session: Connection, text: str
) -> None:
    # Refused: no time-out, no lost connection.
    with pytest.raises((psycopg.errors.ProgrammingError, psycopg.errors.NotSupportedError)):
        own_session.execute(text)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    "text", ["SET ROLE none", "RESET ROLE", "RESET SESSION AUTHORIZATION", "RESET ALL", "DISCARD ALL"]
)
def test_the_role_that_is_taken_off_is_the_role_still(own_session: Connection, text: str) -> None:
    own_session.execute(text)  # type: ignore[call-overload]

    row = own_session.execute("SELECT session_user::text, current_user::text").fetchone()
    assert row == (segment_role.ROLE, segment_role.ROLE)


def test_the_role_has_no_more_than_four_sessions_at_once(
    shared: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segment_role, "PATIENCE", 0.0)
    with contextlib.ExitStack() as stack, pytest.raises(SqlSegmentFailed, match="too many connections"):
        for _ in range(5):
            stack.enter_context(segment_role.log_in(shared, {}))


def test_a_question_waits_for_one_of_the_few_sessions(shared: Connection) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(3):  # the fourth is `own_session`, or is taken here
            session = stack.enter_context(segment_role.log_in(shared, {}))
        while not segment_role._is_full(shared):
            session = stack.enter_context(segment_role.log_in(shared, {}))
        threading.Timer(0.5, session.close).start()

        with segment_role.log_in(shared, {}) as one_more:
            assert one_more.execute("SELECT 1").fetchone() == (1,)


def test_the_role_fills_no_disk(database: Connection) -> None:
    with segment_role.log_in(database, {}) as session:
        assert session.execute("SHOW temp_file_limit").fetchone() == ("1GB",)
    name = sql.Identifier(database.info.dbname)
    database.execute(
        sql.SQL("ALTER ROLE touchbase_segment IN DATABASE {} SET temp_file_limit = '1MB'").format(name)
    )
    try:
        with pytest.raises(SqlSegmentFailed, match="temp_file_limit"):
            asked(
                database,
                "SELECT max(x) AS customer_id FROM (SELECT x FROM generate_series(1, 9000000) x ORDER BY -x) y",
            )
    finally:
        database.execute(sql.SQL("ALTER ROLE touchbase_segment IN DATABASE {} RESET ALL").format(name))


def test_a_role_that_was_let_into_another_runs_nothing(database: Connection) -> None:
    database.execute("CREATE ROLE tb_readers")
    database.execute("GRANT tb_readers TO touchbase_segment")
    try:
        with pytest.raises(SqlSegmentFailed, match="member of another role"):
            asked(database, "SELECT customer_id FROM v_customer")
    finally:
        database.execute("DROP ROLE tb_readers")


def test_an_engine_that_may_not_look_for_the_gaps_runs_nothing(database: Connection) -> None:
    database.execute("REVOKE SELECT ON pg_proc FROM PUBLIC")
    database.execute("CREATE ROLE tb_blind")
    try:
        database.execute("SET ROLE tb_blind")
        with pytest.raises(SqlSegmentFailed, match="permission denied"):
            segment_role.close(database)
    finally:
        database.execute("RESET ROLE")
        database.execute("DROP ROLE tb_blind")
        database.execute("GRANT SELECT ON pg_proc TO PUBLIC")


def test_an_engine_that_is_no_superuser_asks_once_somebody_who_may_has_closed_the_gaps(server: str) -> None:
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute("CREATE ROLE tb_engine LOGIN CREATEROLE")
        admin.execute("GRANT touchbase_segment TO tb_engine WITH ADMIN OPTION")
        admin.execute("CREATE DATABASE tb_of_engine OWNER tb_engine")
    try:
        with psycopg.connect(
            make_conninfo(server, user="tb_engine", dbname="tb_of_engine"), autocommit=True
        ) as engine:
            store.bring_up_to_date(engine)
            doctor = _customer(engine, "person", "prescriber")
            with pytest.raises(SqlSegmentFailed, match="statement 'close'"):
                asked(engine, EVERYBODY)
            with psycopg.connect(make_conninfo(server, dbname="tb_of_engine"), autocommit=True) as owner:
                segment_role.close(owner)

            assert asked(engine, EVERYBODY) == {doctor}
    finally:
        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute("DROP DATABASE tb_of_engine WITH (FORCE)")
            admin.execute("DROP OWNED BY tb_engine")
            admin.execute("DROP ROLE tb_engine")


EVERYBODY = "SELECT customer_id FROM v_customer"


@contextlib.contextmanager
def logins(database: Connection, how: str) -> Iterator[None]:
    """Have the server ask the role for a password, or refuse it, as a server of somebody's own may."""
    row = database.execute("SHOW hba_file").fetchone()
    assert row is not None
    path = Path(row[0])
    if not os.access(path, os.W_OK):
        pytest.skip("the server's rules of login are not on this machine")
    kept = path.read_text()
    rules = "".join(
        f"{kind} all touchbase_segment {where} {how}\n" for kind, where in (("local", ""), ("host", "all"))
    )
    address = make_conninfo(database.info.dsn, user=segment_role.ROLE)
    segment_role.close(database)
    try:
        path.write_text(rules + kept)
        database.execute("SELECT pg_reload_conf()")
        with pytest.raises(psycopg.OperationalError):
            for _ in range(100):  # the server reads its rules when it comes to it
                psycopg.connect(address).close()
                database.execute("SELECT pg_sleep(0.02)")
        yield
    finally:
        path.write_text(kept)
        database.execute("SELECT pg_reload_conf()")
        for _ in range(100):
            with contextlib.suppress(psycopg.OperationalError):
                psycopg.connect(address).close()
                break
            database.execute("SELECT pg_sleep(0.02)")


def test_where_a_password_is_asked_for_the_role_has_one_that_this_process_made(database: Connection) -> None:
    doctor = _customer(database, "person", "prescriber")
    with logins(database, "scram-sha-256"):
        database.execute("ALTER ROLE touchbase_segment PASSWORD NULL")

        assert asked(database, EVERYBODY) == {doctor}


def test_where_the_role_cannot_log_in_nothing_is_run_in_its_place(database: Connection) -> None:
    with logins(database, "reject"), pytest.raises(SqlSegmentFailed, match="cannot log in"):
        asked(database, EVERYBODY)


@pytest.mark.parametrize("name", [segment_role.ROLE, "postgres"])
def test_an_address_of_its_own_is_used_if_it_leads_to_the_role(database: Connection, name: str) -> None:
    segment_role.log_in_at(make_conninfo(database.info.dsn, user=name))
    try:
        if name == segment_role.ROLE:
            assert asked(database, EVERYBODY) == set()
        else:
            with pytest.raises(SqlSegmentFailed, match="leads to"):
                asked(database, EVERYBODY)
    finally:
        segment_role.log_in_at(None)


def test_the_watchdog_ends_what_its_own_timeout_does_not(
    shared: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = "SELECT count(*) AS customer_id FROM v_customer a, v_customer b, v_customer c, v_customer d, v_customer e, v_customer f"
    shared.execute(
        "INSERT INTO customer (of, kinds, sort_name, source) SELECT 'person', '{prescriber}', 'X', 'rpps' FROM generate_series(1, 200)"
    )
    monkeypatch.setattr(sql_segments, "_TIMEOUT", "0")  # as if the query had lifted it

    with pytest.raises(SqlSegmentFailed, match="terminat"):
        asked(shared, slow, limit=-1)


def test_individual_prescription_data_is_in_no_view(database: Connection) -> None:
    """C-22."""
    doctor = _customer(database, "person", "prescriber")
    hidden = "SELECT customer_id FROM v_customer WHERE facts ->> ('rx_' || 'decile') = '9'"
    assert asked(database, hidden) == {doctor}

    database.execute("INSERT INTO restricted_fact VALUES ('rx_decile')")

    assert asked(database, hidden) == set()


def test_a_view_shows_nothing_later_than_the_moment_of_asking(database: Connection) -> None:
    doctor = _customer(database, "person", "prescriber")
    for day in (-1, 1):
        database.execute(
            "INSERT INTO response (customer_id, type, at, attribution, source, source_id) VALUES (%s, 'click', %s, 'none', 'web', %s)",
            [doctor + day, ON + dt.timedelta(days=day), str(day)],
        )

    assert asked(database, "SELECT customer_id FROM v_response") == {doctor - 1}


def counted(database: Connection, library: Library, name: str) -> int:
    question = segment_answers.Asked(library, ON)
    segment_answers.prepare(database, question, name)
    return segment_answers.count(database, question, name)


def library_of(folder: Path, query: str, facts: str = "") -> Library:
    folder.mkdir(exist_ok=True)
    (folder / "facts.yaml").write_text(facts or FACTS)
    (folder / "asked.sql").write_text(
        f"-- segment: asked\n-- of: person\n-- title: Ceux que la requête donne\n{query}\n"
    )
    return load(folder)[0]


FACTS = """\
facts:
  potential: {label: {fr: potentiel, en: potential}, type: number, source: ventes, legal_class: commercial}
"""


def test_a_segment_in_sql_is_asked_of_today_s_base_each_time_also_for_the_same_moment(
    database: Connection, tmp_path: Path
) -> None:
    library = library_of(
        tmp_path / "segments", "SELECT customer_id FROM v_customer WHERE kinds @> '{prescriber}'"
    )
    _customer(database, "person", "prescriber")
    assert counted(database, library, "asked") == 1

    _customer(database, "person", "prescriber")

    assert counted(database, library, "asked") == 2


def test_an_answer_given_before_a_fact_became_prescription_data_is_not_given_again(
    database: Connection, tmp_path: Path
) -> None:
    query = "SELECT customer_id FROM v_customer WHERE facts ->> 'potential' = '4'"
    before = library_of(tmp_path / "segments", query)
    after = library_of(tmp_path / "segments", query, FACTS.replace("commercial", "rx_individual"))
    _customer(database, "person", "prescriber")
    assert counted(database, before, "asked") == 1

    assert counted(database, after, "asked") == 0


def test_the_statement_of_a_segment_in_sql_is_its_query(database: Connection, tmp_path: Path) -> None:
    query = "SELECT customer_id FROM v_customer WHERE kinds @> '{prescriber}'"
    library = library_of(tmp_path / "segments", query + ";")
    question = segment_answers.Asked(library, ON)
    segment_answers.prepare(database, question, "asked")

    text, plan = action.as_sql(database, question, "asked")

    assert text.endswith(f"\n{query}") and "Scan" in "".join(plan)


def test_the_statement_of_a_segment_that_names_one_in_sql_tells_its_query(
    database: Connection, tmp_path: Path
) -> None:
    query = "SELECT customer_id FROM v_customer WHERE kinds @> '{prescriber}'"
    library_of(tmp_path / "segments", query)
    (tmp_path / "segments" / "other.yaml").write_text(
        "segment: other\ntitle: O\nof: person\nwho:\n  - in: asked\n"
    )
    question = segment_answers.Asked(load(tmp_path / "segments")[0], ON)
    segment_answers.prepare(database, question, "other")

    text, _ = action.as_sql(database, question, "other")

    assert f"--     {query}\n" in text
    database.execute(text)  # type: ignore[call-overload]  # it runs as it stands


def test_of_a_customer_of_the_other_kind_nothing_is_said_of_the_query(
    database: Connection, tmp_path: Path
) -> None:
    library = library_of(
        tmp_path / "segments", "SELECT customer_id FROM v_customer WHERE kinds @> '{hospital}'"
    )
    hospital = _customer(database, "organisation", "hospital")
    question = segment_answers.Asked(library, ON)
    segment_answers.prepare(database, question, "asked")

    lines = action.explain(database, question, "asked", hospital)

    assert [(line.words.en, line.answer) for line in lines] == [
        ("of the segment 'asked' (Ceux que la requête donne)", False),
        ("is a person that we still know", False),
    ]


@pytest.mark.parametrize(
    ("asked_for", "remedy"),
    [
        ("current_user = 'x'", "Delete it: a segment is the same, whoever asks."),
        ("current_date > '2026-03-01'", "Use asked_at(), or asked_on() for the day."),
        ("localtimestamp > '2026-03-01'", "Use asked_at(), or asked_on() for the day."),
    ],
)
def test_who_asks_and_when_have_each_their_own_remedy(asked_for: str, remedy: str) -> None:
    (slip,) = slips(f"SELECT customer_id FROM v_order WHERE {asked_for}", Catalogue())

    assert slip.remedy.en == remedy
