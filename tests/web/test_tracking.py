"""The public links: no GET changes what a customer said, and a click leads where the card says."""

import pytest
from starlette.testclient import TestClient

from engine.content.tokens import Purpose
from engine.store.base import consents
from engine.store.database import Connection
from engine.testing.small_run import START, SmallRun

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
EVERYTHING = (
    "SELECT (SELECT count(*) FROM consent_event), (SELECT count(*) FROM consent),"
    " (SELECT sum(version) FROM contact_guard), (SELECT count(*) FROM response WHERE type = 'unsubscribe')"
)


def rows(database: Connection, text: str, *values: object) -> list[tuple[object, ...]]:
    return database.execute(text, values).fetchall()  # type: ignore[arg-type]


def test_a_click_leads_to_the_cards_own_address(stranger: TestClient, links) -> None:  # type: ignore[no-untyped-def]
    answer = stranger.get(links.path(Purpose.CLICK, 2, 1))

    assert answer.status_code == 302
    assert answer.headers["location"] == "https://armorial.example.org/gamme"


def test_a_click_leads_on_with_what_the_webs_statistics_read(stranger, links, database) -> None:  # type: ignore[no-untyped-def]
    database.execute(
        "INSERT INTO definition (sha, campaign, files) SELECT 'with utm', campaign,"
        r" replace(files::text, 'purpose: ', 'utm: {source: armorial}\npurpose: ')::jsonb FROM definition LIMIT 1"
    )
    database.execute("UPDATE run SET definition_sha = 'with utm'")

    where = stranger.get(links.path(Purpose.CLICK, 2, 1)).headers["location"]

    assert where.startswith(
        "https://armorial.example.org/gamme?utm_source=armorial&utm_medium=email&utm_campaign="
    )


def test_a_click_is_in_the_database_when_its_answer_is_out(stranger, links, database, small) -> None:  # type: ignore[no-untyped-def]
    stranger.get(links.path(Purpose.CLICK, 2))

    found = rows(
        database,
        "SELECT type, label, step, attribution FROM response WHERE touch_id = %s",
        small.touches[2, "announce"],
    )
    assert found == [("click", "Bon de commande", "announce", "token")]


@pytest.mark.parametrize(
    "agent", ["", "Mozilla/5.0", "GoogleImageProxy", "SafeLinks scanner 2.1", "python-requests/2"]
)
def test_a_scanners_click_is_counted_apart(stranger, links, database, agent: str) -> None:  # type: ignore[no-untyped-def]
    stranger.get(links.path(Purpose.CLICK, 2), headers={"user-agent": agent})

    assert rows(database, "SELECT count(*) FROM response WHERE type = 'click_suspect'") == [(1,)]


def test_a_head_request_is_no_readers_click(stranger, links, database) -> None:  # type: ignore[no-untyped-def]
    stranger.head(links.path(Purpose.CLICK, 2))

    assert rows(database, "SELECT count(*) FROM response WHERE type = 'click_suspect'") == [(1,)]


@pytest.mark.parametrize(
    "tail",
    [
        "?url=https://evil.example",
        "?to=//evil.example",
        "/..%2f..%2fevil",
        "%0d%0aLocation:%20https://evil.example",
        "?next=javascript:alert(1)",
    ],
)
def test_no_request_can_name_the_target(stranger, links, tail: str) -> None:  # type: ignore[no-untyped-def]
    answer = stranger.get(links.path(Purpose.CLICK, 2) + tail)

    assert "evil" not in answer.headers.get("location", "") and "javascript" not in answer.headers.get(
        "location", ""
    )


def test_a_link_that_the_card_does_not_have_leads_nowhere(stranger, links) -> None:  # type: ignore[no-untyped-def]
    assert stranger.get(links.path(Purpose.CLICK, 2, 7)).status_code == 404


def _spoilt(path: str) -> list[str]:
    front, token = path[:3], path[3:]
    other = "A" if token[10] != "A" else "B"
    return [front + token[:10] + other + token[11:], front + token[:-4], front + "x", front + "é" * 40, front]


def test_every_wrong_token_gets_the_same_answer(stranger, links) -> None:  # type: ignore[no-untyped-def]
    path = links.path(Purpose.CLICK, 2)
    swapped = path.replace("/c/", "/u/")

    answers = {
        (answer.status_code, answer.text) for answer in map(stranger.get, [*_spoilt(path)[:4], swapped])
    }

    assert len(answers) == 1 and next(iter(answers))[0] == 404


def test_an_open_is_a_picture_whatever_the_token(stranger, links, database) -> None:  # type: ignore[no-untyped-def]
    good, bad = stranger.get(links.path(Purpose.OPEN, 2)), stranger.get("/o/nothing")

    assert (good.status_code, good.content) == (bad.status_code, bad.content)
    assert good.content.startswith(b"GIF89a")
    assert rows(database, "SELECT count(*) FROM response WHERE type = 'open'") == [(1,)]


@pytest.mark.parametrize(
    "agent",
    [
        "Mozilla/5.0",
        "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
    ],
)
def test_a_picture_that_a_machine_fetched_is_no_readers_open(
    stranger, links, database, small, agent: str
) -> None:  # type: ignore[no-untyped-def]  # SEC16
    stranger.get(links.path(Purpose.OPEN, 2), headers={"user-agent": agent})

    touch = small.touches[2, "announce"]
    assert rows(database, "SELECT type FROM response WHERE touch_id = %s", touch) == [("open_machine",)]


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("purpose", [Purpose.UNSUBSCRIBE, Purpose.PREFERENCES, Purpose.CLICK, Purpose.OPEN])
def test_following_a_link_ten_times_changes_no_consent(stranger, links, database, method, purpose) -> None:  # type: ignore[no-untyped-def]
    before = rows(database, EVERYTHING)

    for _ in range(10):
        stranger.request(method, links.path(purpose, 2))

    assert rows(database, EVERYTHING) == before


def test_one_click_as_a_form_unsubscribes_before_its_200(stranger, links, database, small) -> None:  # type: ignore[no-untyped-def]
    answer = stranger.post(links.path(Purpose.UNSUBSCRIBE, 1), data=ONE_CLICK)

    assert answer.status_code == 200 and "location" not in answer.headers
    assert rows(
        database,
        "SELECT 'email:commercial' = ANY(blocked) FROM contact_guard WHERE customer_id = %s",
        small.customer(1),
    ) == [(True,)]


def test_one_click_as_multipart_unsubscribes_too(stranger, links, database, small) -> None:  # type: ignore[no-untyped-def]
    answer = stranger.post(
        links.path(Purpose.UNSUBSCRIBE, 1), files={"List-Unsubscribe": (None, "One-Click")}
    )

    assert answer.status_code == 200
    assert rows(database, "SELECT count(*) FROM response WHERE type = 'unsubscribe'") == [(1,)]


@pytest.mark.parametrize("body", [b"", b"List-Unsubscribe=Maybe", b"{}", b"\xff\xfe"])
def test_a_wrong_body_changes_nothing(stranger, links, database, body: bytes) -> None:  # type: ignore[no-untyped-def]
    before = rows(database, EVERYTHING)

    answer = stranger.post(
        links.path(Purpose.UNSUBSCRIBE, 1),
        content=body,
        headers={"content-type": "application/x-www-form-urlencoded"},
    )

    assert answer.status_code == 400
    assert rows(database, EVERYTHING) == before


def test_unsubscribing_twice_is_one_no(stranger, links, database) -> None:  # type: ignore[no-untyped-def]
    for _ in range(2):
        assert stranger.post(links.path(Purpose.UNSUBSCRIBE, 1), data=ONE_CLICK).status_code == 200

    assert rows(database, "SELECT count(*) FROM response WHERE type = 'unsubscribe'") == [(1,)]


def test_one_customers_token_unsubscribes_nobody_else(stranger, links, database, small) -> None:  # type: ignore[no-untyped-def]
    stranger.post(links.path(Purpose.UNSUBSCRIBE, 1), data=ONE_CLICK)

    assert rows(database, "SELECT customer_id FROM contact_guard WHERE blocked <> '{}'") == [
        (small.customer(1),)
    ]


def test_the_pages_of_a_link_say_nothing_of_who_it_is(stranger, links, small) -> None:  # type: ignore[no-untyped-def]
    for purpose in (Purpose.UNSUBSCRIBE, Purpose.PREFERENCES):
        page = stranger.get(links.path(purpose, 1)).text

        assert "Pharmacie du Port" not in page and "@" not in page


def test_preferences_that_are_kept_show_when_asked_again(stranger, links) -> None:  # type: ignore[no-untyped-def]
    path = links.path(Purpose.PREFERENCES, 1)

    stranger.post(path, data={"act": "choose", "want": ["promo_otc"]})

    page = stranger.get(path).text
    assert 'value="promo_otc" checked' in page and 'value="commercial">' in page


def test_a_yes_where_another_system_holds_a_no_is_kept_and_the_page_says_why_it_is_not_ticked(  # type: ignore[no-untyped-def]
    stranger, links, database, small: SmallRun
) -> None:
    database.execute(
        "INSERT INTO consent_event (customer_id, channel, purpose, opt, opt_out_cause, captured_at, source, source_id)"
        " VALUES (%s, 'email', 'commercial', 'opt_out', 'phone', '2026-01-01', 'crm', '1')",
        [small.customer(1)],
    )
    consents.resolve(database, [small.customer(1)], now=START)

    page = stranger.post(
        links.path(Purpose.PREFERENCES, 1), data={"act": "choose", "want": ["commercial"]}
    ).text

    assert 'value="commercial">' in page and "un autre de nos services" in page
    assert rows(
        database, "SELECT opt FROM consent_event WHERE source = 'web' AND purpose = 'commercial'"
    ) == [("opt_in",)]


def test_preferences_cannot_ask_for_what_is_not_offered(stranger, links, database, small: SmallRun) -> None:  # type: ignore[no-untyped-def]
    stranger.post(
        links.path(Purpose.PREFERENCES, 1), data={"act": "choose", "want": ["safety", "*", "x' OR 1=1"]}
    )

    assert rows(database, "SELECT count(*) FROM consent_event WHERE opt = 'opt_in'") == [(0,)]


def test_the_code_of_a_letter_opens_its_page(stranger, links, database, small) -> None:  # type: ignore[no-untyped-def]
    page = stranger.get(links.letter(3))

    assert page.status_code == 200 and "DPD26-A" in page.text
    assert rows(
        database, "SELECT type, label FROM response WHERE touch_id = %s", small.touches[3, "letter"]
    ) == [("click", "letter")]


def test_a_letter_can_be_answered_with_no_more_letters(stranger, links, database, small) -> None:  # type: ignore[no-untyped-def]
    stranger.post(links.letter(3), data={"act": "stop"})

    assert rows(
        database,
        "SELECT 'mailing:commercial' = ANY(blocked) FROM contact_guard WHERE customer_id = %s",
        small.customer(3),
    ) == [(True,)]


def test_looking_at_a_letters_page_stops_nothing(stranger, links, database) -> None:  # type: ignore[no-untyped-def]
    before = rows(database, EVERYTHING)

    stranger.get(links.letter(3))

    assert rows(database, EVERYTHING) == before


@pytest.mark.parametrize("code", ["0000-0000-0000", "x", "../../etc", "é"])
def test_a_guessed_letter_code_leads_nowhere(stranger, code: str) -> None:  # type: ignore[no-untyped-def]
    assert stranger.get(f"/l/{code}").status_code == 404


def test_a_mail_can_be_viewed_in_the_browser_in_a_sandbox(stranger, links) -> None:  # type: ignore[no-untyped-def]
    page = stranger.get(links.path(Purpose.VIEW, 2))

    assert page.status_code == 200 and "Bonjour Pharmacie du Port 2" in page.text
    assert page.headers["content-security-policy"].startswith("sandbox")


def test_a_mail_that_never_left_cannot_be_viewed(stranger, links) -> None:  # type: ignore[no-untyped-def]
    assert stranger.get(links.path(Purpose.VIEW, 3)).status_code == 404
