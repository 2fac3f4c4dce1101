"""The made-up base: the same every time, dirty on purpose, recognisably fiction, and within the law."""

import datetime as dt
from collections.abc import Iterator

import psycopg
import pytest

from engine.actions.generate import generate
from engine.loading.project import packs
from engine.problems import UsageError
from engine.rules.calendar import is_working_day, region_of
from engine.rules.keys import finess_holds, rpps_holds
from engine.rules.postal import Parts, address_block, from_lines
from engine.store.base import consents
from engine.store.database import Connection, connected

ON = dt.date(2026, 3, 3)
KEYS = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1, 2, 3
"""
HELD = ("customer", "customer_version", "identifier", "affiliation", "contact_point", "consent_event", "consent", "contact_guard",
        "territory", "rep", "rep_assignment", "alignment", "rep_calendar", "orders", "order_line", "touch", "response")  # fmt: skip


@pytest.fixture(scope="module")
def base(module_database_url: str) -> Iterator[Connection]:
    """A base of 3,000 customers with two years of history; the tests only read it."""
    with connected(module_database_url, purpose="test") as connection:
        generate(connection, 3_000, 2026, on=ON)
        yield connection


def one(base: Connection, text: str) -> int:
    row = base.execute(text).fetchone()
    assert row is not None
    return int(row[0])


def all_of_it(connection: Connection) -> list[str]:
    """The digest of each table, then an empty base again."""
    found = [
        connection.execute(f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {name} t").fetchone()
        for name in HELD
    ]
    connection.execute("TRUNCATE customer, customer_version, rep, territory, brand, touch, response CASCADE")
    return [str(row[0]) for row in found if row is not None]


def test_the_same_seed_makes_the_same_base_and_another_seed_another(database: Connection) -> None:
    generate(database, 400, 7, on=ON)
    first = all_of_it(database)
    generate(database, 400, 7, on=ON)
    again = all_of_it(database)
    generate(database, 400, 8, on=ON)
    other = all_of_it(database)

    assert first == again
    assert [name for name, a, b in zip(HELD, first, other, strict=True) if a == b] == ["territory"]


def test_where_the_history_cannot_be_written_nothing_is_and_the_next_one_starts_anew(
    database: Connection,
) -> None:
    keys = database.execute(KEYS).fetchall()
    database.execute("CREATE SCHEMA making")  # as a killed process leaves it
    database.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END'"
    )
    database.execute("CREATE TRIGGER refuse BEFORE INSERT ON response EXECUTE FUNCTION refuse()")

    with pytest.raises(psycopg.errors.RaiseException):
        generate(database, 400, 7, on=ON)

    assert one(database, "SELECT count(*) FROM customer") + one(database, "SELECT count(*) FROM touch") == 0
    assert database.execute(KEYS).fetchall() == keys
    database.execute("DROP TRIGGER refuse ON response")
    assert generate(database, 400, 7, on=ON).customers == 400
    assert database.execute(KEYS).fetchall() == keys
    assert one(database, "SELECT count(*) FROM pg_namespace WHERE nspname = 'making'") == 0


def test_a_base_that_holds_customers_is_left_as_it_is(base: Connection) -> None:
    with pytest.raises(UsageError, match="has customers already"):
        generate(base, 400, 7, on=ON)

    assert one(base, "SELECT count(*) FROM customer") == 3_000


def test_two_do_not_fill_one_base_at_once(base: Connection, module_database_url: str) -> None:
    with connected(module_database_url) as first:
        first.execute("SELECT pg_advisory_lock(hashtext('touchbase generate'))")

        with pytest.raises(UsageError, match="Another"):
            generate(base, 400, 7, on=ON)


# Dirty on purpose


def test_some_persons_stand_in_the_base_twice_once_without_their_rpps(base: Connection) -> None:
    doubles = """
        SELECT count(*) FROM customer a JOIN customer b USING (last_name, first_name, street)
         WHERE a.customer_id < b.customer_id AND a.of = 'person'
           AND EXISTS (SELECT FROM identifier WHERE scheme = 'RPPS' AND customer_id = a.customer_id)
           AND NOT EXISTS (SELECT FROM identifier WHERE scheme = 'RPPS' AND customer_id = b.customer_id)"""

    assert 10 <= one(base, doubles) <= 100


def test_some_doctors_share_their_secretarys_mailbox(base: Connection) -> None:
    shared = """
        SELECT count(*) FROM (SELECT value_norm FROM contact_point WHERE type = 'email' GROUP BY 1 HAVING count(*) > 1) AS s
         WHERE value_norm LIKE 'secretariat.%'"""

    assert one(base, shared) > 20


def test_each_mailbox_and_number_knows_how_many_share_it(base: Connection) -> None:
    wrong = """
        SELECT count(*) FROM contact_point JOIN (SELECT type, value_norm, count(*) FROM contact_point GROUP BY 1, 2) AS s USING (type, value_norm)
         WHERE type <> 'postal' AND shared_with <> s.count"""

    assert one(base, wrong) == 0


def test_one_key_in_a_hundred_is_wrong_and_says_so(base: Connection) -> None:
    rows = base.execute(
        "SELECT scheme, value, checksum_suspect FROM identifier WHERE scheme IN ('RPPS', 'FINESS')"
    ).fetchall()

    assert 10 <= sum(suspect for *_, suspect in rows) <= 40
    assert [v for s, v, suspect in rows if (rpps_holds if s == "RPPS" else finess_holds)(v) is suspect] == []


def test_identifiers_are_of_the_ranges_that_nobody_is_given(base: Connection) -> None:
    given = "SELECT count(*) FROM identifier WHERE value !~ CASE scheme WHEN 'RPPS' THEN '^997' WHEN 'FINESS' THEN '^99' ELSE '^C' END"

    assert one(base, given) == 0


def test_some_addresses_do_not_fit_a_line_of_38_characters(base: Connection) -> None:
    values = base.execute("SELECT value_norm FROM contact_point WHERE type = 'postal'").fetchall()

    assert 5 <= sum(from_lines(str(value)).is_too_long for (value,) in values) <= 100


def test_some_customers_objected_and_their_guards_stop_it(base: Connection) -> None:
    objected = "SELECT count(DISTINCT customer_id) FROM consent WHERE opt IN ('opt_out', 'never')"

    assert one(base, objected) > 100
    assert one(base, "SELECT count(*) FROM contact_guard WHERE blocked <> '{}'") == one(base, objected)


def test_some_consents_have_no_proof_and_some_have_run_out(base: Connection) -> None:
    assert one(base, "SELECT count(*) FROM consent WHERE opt = 'opt_in' AND NOT has_proof") > 10
    assert (
        one(base, "SELECT count(*) FROM consent WHERE opt = 'opt_in' AND effective_to <= '2026-03-03'") > 10
    )


def test_some_mailboxes_are_broken_and_some_bounced(base: Connection) -> None:
    reasons = base.execute(
        "SELECT DISTINCT status_reason FROM contact_point WHERE type = 'email' AND status = 'invalid'"
    )

    assert {reason for (reason,) in reasons} == {"not an address", "5.1.1"}


def test_some_addresses_lack_postcode_and_town_and_then_nobody_knows_the_departement(
    base: Connection,
) -> None:
    assert one(base, "SELECT count(*) FROM customer WHERE postcode IS NULL") > 0
    assert (
        one(
            base,
            "SELECT count(*) FROM customer WHERE postcode IS NULL AND num_nonnulls(town, department, region) > 0",
        )
        == 0
    )


def test_corsica_is_2a_and_2b_in_the_time_of_paris(base: Connection) -> None:
    rows = base.execute(
        "SELECT DISTINCT department, left(postcode, 2), timezone FROM customer WHERE department IN ('2A', '2B') ORDER BY 1"
    ).fetchall()

    assert rows == [("2A", "20", "Europe/Paris"), ("2B", "20", "Europe/Paris")]


def test_overseas_has_its_own_time(base: Connection) -> None:
    rows = base.execute(
        "SELECT DISTINCT department, timezone FROM customer WHERE postcode LIKE '97%'"
    ).fetchall()

    assert dict(rows) == {
        "971": "America/Guadeloupe", "972": "America/Martinique", "973": "America/Cayenne",
        "974": "Indian/Reunion", "976": "Indian/Mayotte",
    }  # fmt: skip


# Made up, and it shows


def test_mail_goes_nowhere_but_to_example(base: Connection) -> None:
    assert (
        one(
            base,
            "SELECT count(*) FROM contact_point WHERE type = 'email' AND value_norm !~ '@example(\\.org)?$'",
        )
        == 0
    )
    assert one(base, "SELECT count(*) FROM rep WHERE email NOT LIKE '%@armorial.example.org'") == 0


def test_telephones_are_of_the_ranges_kept_for_fiction(base: Connection) -> None:
    # ARCEP: 01 99 00, 02 61 91, 03 53 01, 04 65 71, 05 36 49, and 06 39 98 for mobiles
    strange = """
        SELECT count(*) FROM (SELECT value_norm FROM contact_point WHERE type LIKE 'phone%' UNION ALL SELECT phone FROM rep) AS p
         WHERE value_norm !~ '^\\+33(19900|26191|35301|46571|53649|63998)[0-9]{4}$'"""

    assert one(base, strange) == 0


# Whole


def test_there_is_something_of_every_kind_and_specialty_group(base: Connection) -> None:
    kinds = {kind for (kind,) in base.execute("SELECT DISTINCT unnest(kinds) FROM customer")}
    groups = {group for (group,) in base.execute("SELECT DISTINCT specialty_group FROM customer")}

    assert kinds == {"prescriber", "pharmacist", "pharmacy", "hospital", "distributor", "wholesaler", "authority", "expert", "patient",
                     "press", "paramedical"}  # fmt: skip
    assert groups >= {"GP", "CARDIO", "PEDIA", "PNEUMO", "ONCO", "HEMATO", "ENDOC"}


def test_touches_and_orders_fill_the_24_months_before_the_day_and_nothing_lies_after_it(
    base: Connection,
) -> None:
    for table, column in (("touch", "touched_at"), ("orders", "ordered_at")):
        months = f"SELECT count(DISTINCT date_trunc('month', {column})) FROM {table} WHERE {column} BETWEEN '2024-04-01' AND '2026-03-01'"
        assert one(base, months) == 23, table  # the whole ones
    late = """
        SELECT count(*) FROM (SELECT greatest(touched_at, outcome_at, recorded_at) AS at FROM touch UNION ALL SELECT at FROM response
               UNION ALL SELECT greatest(ordered_at, recorded_at, changed_at) FROM orders UNION ALL SELECT captured_at FROM consent_event
               UNION ALL SELECT changed_at FROM customer UNION ALL SELECT changed_at FROM contact_point UNION ALL SELECT changed_at FROM affiliation) AS t WHERE at >= '2026-03-03'"""
    assert one(base, late) == 0


def test_people_work_where_their_organisation_stands(base: Connection) -> None:
    apart = """
        SELECT count(*) FROM affiliation JOIN customer p ON p.customer_id = person_id JOIN customer o ON o.customer_id = organisation_id
         WHERE o.of <> 'organisation' OR p.of <> 'person' OR p.street <> o.street OR p.town <> o.town OR p.postcode <> o.postcode"""

    assert one(base, "SELECT count(*) FROM affiliation") > 500
    assert one(base, apart) == 0


def test_each_prescriber_and_pharmacy_of_a_territory_is_aligned_to_it_and_it_has_a_rep(
    base: Connection,
) -> None:
    left_out = """
        SELECT count(*) FROM customer c
         WHERE department IS NOT NULL AND kinds && '{prescriber,pharmacist,pharmacy,hospital}'
           AND NOT EXISTS (SELECT FROM alignment a JOIN rep_assignment USING (territory) JOIN rep r USING (rep_id)
                            WHERE a.customer_id = c.customer_id AND r.rep_type = a.rep_type)"""

    assert one(base, left_out) == 0


def test_each_order_is_the_sum_of_its_lines(base: Connection) -> None:
    wrong = """
        SELECT count(*) FROM orders LEFT JOIN (SELECT order_id, sum(amount_ht) AS lines FROM order_line GROUP BY 1) AS l USING (order_id)
         WHERE amount_ht IS DISTINCT FROM lines"""

    assert one(base, wrong) == 0


def test_consents_and_guards_are_what_the_rules_resolve(base: Connection) -> None:
    answers = "SELECT customer_id, channel, purpose, scope, address, opt, has_proof, effective_to, consent_event_id FROM consent ORDER BY 1, 2, 3"
    guards = "SELECT customer_id, blocked FROM contact_guard ORDER BY 1"
    made = base.execute(answers).fetchall(), base.execute(guards).fetchall()

    with base.transaction(force_rollback=True):
        consents.resolve(base, None, now=dt.datetime(2026, 3, 3, 12, tzinfo=dt.UTC))
        assert (base.execute(answers).fetchall(), base.execute(guards).fetchall()) == made


def test_envelopes_are_what_the_rules_of_post_make_of_them(base: Connection) -> None:
    rows = base.execute("""
        SELECT coalesce(c.org_name, o.org_name, ''), CASE WHEN c.of = 'person' THEN
               CASE WHEN c.title IS NOT NULL THEN 'Dr ' WHEN c.civility = 'MME' THEN 'Mme ' ELSE 'M. ' END || c.first_name || ' ' || c.last_name ELSE '' END,
               c.street, c.postcode, c.town, p.value_norm
          FROM contact_point p JOIN customer c USING (customer_id)
          LEFT JOIN affiliation a ON a.person_id = customer_id LEFT JOIN customer o ON o.customer_id = a.organisation_id
         WHERE p.type = 'postal'""").fetchall()

    wrong = [
        (value, block)
        for organisation, person, street, postcode, town, value in rows
        if (
            block := address_block(
                Parts(organisation, person, street=street, postcode=postcode, town=town)
            ).value
        )
        != value
    ]
    assert wrong == []


# Within the law


def test_nobody_was_touched_or_ordered_after_they_left(base: Connection) -> None:
    after = """
        SELECT count(*) FROM customer JOIN (SELECT customer_id, touched_at AS at FROM touch UNION ALL SELECT customer_id, ordered_at FROM orders) AS h
         USING (customer_id) WHERE status <> 'active' AND at >= changed_at"""

    assert one(base, "SELECT count(*) FROM customer WHERE status IN ('deceased', 'retired')") > 10
    assert one(base, after) == 0


def test_who_left_was_active_until_then(base: Connection) -> None:
    known = """
        SELECT count(*) FROM customer c LEFT JOIN customer_version v ON v.customer_id = c.customer_id AND v.valid_to = c.changed_at AND v.status = 'active'
         WHERE c.status <> 'active' AND v.customer_id IS NULL"""

    assert one(base, known) == 0


def test_each_purpose_went_only_to_the_kinds_that_it_may_address(base: Connection) -> None:
    done = base.execute(
        "SELECT DISTINCT purpose, kinds FROM touch JOIN customer USING (customer_id)"
    ).fetchall()

    assert [(p, kinds) for p, kinds in done if not {*kinds} & {*packs()["FR"].allowed_kinds(p, ON)}] == []


def test_promotional_mail_went_out_only_while_a_proven_yes_held(base: Connection) -> None:
    unlawful = """
        SELECT count(*) FROM touch t WHERE channel = 'email' AND purpose IN ('promo_rx', 'promo_otc', 'commercial')
           AND NOT EXISTS (SELECT FROM consent_event e WHERE e.customer_id = t.customer_id AND e.channel = 'email' AND e.purpose = t.purpose
                              AND opt = 'opt_in' AND proof_ref IS NOT NULL AND captured_at <= touched_at
                              AND (effective_to IS NULL OR effective_to > touched_at))"""

    assert one(base, "SELECT count(*) FROM touch WHERE channel = 'email'") > 1_000
    assert one(base, unlawful) == 0


def test_no_letter_went_out_after_an_objection_to_letters(base: Connection) -> None:
    unlawful = """
        SELECT count(*) FROM touch t JOIN consent_event e ON e.customer_id = t.customer_id AND e.channel = 'mailing' AND opt IN ('opt_out', 'never')
         WHERE t.channel = 'mailing' AND touched_at > captured_at"""

    assert one(base, "SELECT count(*) FROM touch WHERE channel = 'mailing'") > 1_000
    assert one(base, unlawful) == 0


def test_nobody_was_reached_where_there_is_no_address(base: Connection) -> None:
    nowhere = """
        SELECT count(*) FROM touch t WHERE NOT EXISTS (SELECT FROM contact_point p WHERE p.customer_id = t.customer_id
               AND CASE t.channel WHEN 'email' THEN p.type = 'email' AND status_reason IS DISTINCT FROM 'not an address'
                                  WHEN 'call' THEN p.type LIKE 'phone%' ELSE p.type = 'postal' END)"""

    assert one(base, nowhere) == 0


def test_nobody_who_does_not_want_calls_was_called(base: Connection) -> None:
    assert one(base, "SELECT count(*) FROM touch WHERE channel = 'call'") > 100
    assert (
        one(
            base,
            "SELECT count(*) FROM touch JOIN customer USING (customer_id) WHERE channel = 'call' AND do_not_call",
        )
        == 0
    )


def test_a_brand_visits_nobody_more_than_four_times_in_365_days(base: Connection) -> None:
    most = """
        SELECT max(n) FROM (SELECT count(*) OVER (PARTITION BY customer_id ORDER BY touched_at RANGE '365 days' PRECEDING) AS n
                              FROM touch WHERE channel = 'visit') AS v"""

    assert 2 <= one(base, most) <= 4


def test_everybody_was_reached_on_working_days_and_in_their_own_office_hours(base: Connection) -> None:
    rows = base.execute(
        "SELECT DISTINCT department, (touched_at AT TIME ZONE timezone)::date, extract(hour FROM touched_at AT TIME ZONE timezone)::int"
        " FROM touch JOIN customer USING (customer_id)"
    ).fetchall()

    assert {hour for *_, hour in rows} <= {*range(8, 19)}
    assert [(where, day) for where, day, _ in rows if not is_working_day(day, region_of(where))] == []


def test_a_vaccine_was_spoken_of_only_in_its_season(base: Connection) -> None:
    days = """
        SELECT DISTINCT coalesce(department, '') IN ('974', '976'), to_char(touched_at, 'MM-DD') FROM touch JOIN customer USING (customer_id)
         WHERE brand = 'HIVERNAX'"""
    rows = base.execute(days).fetchall()

    assert {south for south, _ in rows} == {True, False}
    assert [day for south, day in rows if south and not "05-12" <= day <= "10-31"] == []
    assert [day for south, day in rows if not south and "01-31" < day < "10-14"] == []


def test_opens_are_known_only_of_those_who_let_them_be_measured(base: Connection) -> None:
    unlawful = """
        SELECT count(*) FROM response r WHERE type IN ('open', 'open_machine')
           AND NOT EXISTS (SELECT FROM consent c WHERE c.customer_id = r.customer_id AND channel = 'email_open_tracking' AND opt = 'opt_in')"""

    assert one(base, "SELECT count(*) FROM response WHERE type = 'open'") > 100
    assert one(base, unlawful) == 0
