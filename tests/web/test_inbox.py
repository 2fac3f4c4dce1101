"""A rep sees their own tasks and nobody else's, and a report is kept once."""

import pytest
from starlette.testclient import TestClient

from engine.app import App
from engine.store.database import Connection
from engine.testing.small_run import SmallRun
from engine.web.inbox import login_link

FORM = {
    "outcome": "seen",
    "day": "2026-03-07",
    "time": "09:15",
    "interest": "4",
    "next_objective": "Rappel dans un mois",
    "form_id": "1",
}
OURS = {"origin": "http://touchbase.example"}


def sign_in(client: TestClient, app: App, code: str) -> None:
    link = login_link("http://touchbase.example", app.settings.secret, code)
    answer = client.get(link)
    assert answer.status_code == 303
    assert "httponly" in answer.headers["set-cookie"].lower()


@pytest.fixture
def task(database: Connection, small: SmallRun) -> str:
    row = database.execute("SELECT task_id FROM visit_task").fetchone()
    assert row is not None
    return str(row[0])


@pytest.fixture
def other(database: Connection, small: SmallRun) -> str:
    database.execute(
        "INSERT INTO rep (code, first_name, last_name, email, rep_type)"
        " VALUES ('PHARMA-02', 'Inès', 'Roche', 'i.roche@armorial.example.org', 'PHARMA')"
    )
    return "PHARMA-02"


def test_without_a_link_there_is_no_inbox(stranger: TestClient) -> None:
    assert stranger.get("/rep").status_code == 401


def test_a_rep_sees_the_own_task(stranger: TestClient, app: App, task: str) -> None:
    sign_in(stranger, app, "PHARMA-01")

    assert "Pharmacie du Port 2" in stranger.get("/rep").text
    assert stranger.get(f"/rep/tasks/{task}").status_code == 200


def test_another_rep_does_not(stranger: TestClient, app: App, task: str, other: str) -> None:
    sign_in(stranger, app, other)

    assert "Pharmacie du Port 2" not in stranger.get("/rep").text
    assert stranger.get(f"/rep/tasks/{task}").status_code == 404


def test_another_rep_cannot_report_on_it(
    stranger: TestClient, app: App, task: str, other: str, database: Connection
) -> None:
    sign_in(stranger, app, other)

    assert stranger.post(f"/rep/tasks/{task}", data=FORM, headers=OURS).status_code == 404
    assert database.execute("SELECT count(*) FROM visit_report").fetchone() == (0,)


def test_a_report_settles_task_touch_and_response(
    stranger: TestClient, app: App, task: str, database: Connection
) -> None:
    sign_in(stranger, app, "PHARMA-01")

    assert stranger.post(f"/rep/tasks/{task}", data=FORM, headers=OURS).status_code == 303

    assert database.execute("SELECT status FROM visit_task").fetchone() == ("done",)
    assert database.execute("SELECT step, label FROM response WHERE type = 'visit_outcome'").fetchone() == (
        "visit",
        "seen",
    )
    kept = database.execute("SELECT detail FROM visit_report").fetchone()
    assert kept == ({"interest": 4, "next_objective": "Rappel dans un mois"},)


def test_the_same_form_sent_twice_is_one_report(
    stranger: TestClient, app: App, task: str, database: Connection
) -> None:
    sign_in(stranger, app, "PHARMA-01")

    for _ in range(2):
        stranger.post(f"/rep/tasks/{task}", data=FORM, headers=OURS)

    assert database.execute("SELECT count(*) FROM visit_report").fetchone() == (1,)


@pytest.mark.parametrize(
    "wrong", [{"outcome": "vanished"}, {"day": "2026-03-30"}, {"day": "soon"}, {"interest": "9"}]
)
def test_a_report_that_cannot_be_is_not_kept(
    stranger: TestClient, app: App, task: str, database: Connection, wrong: dict[str, str]
) -> None:
    sign_in(stranger, app, "PHARMA-01")

    assert stranger.post(f"/rep/tasks/{task}", data={**FORM, **wrong}, headers=OURS).status_code == 422
    assert database.execute("SELECT count(*) FROM visit_report").fetchone() == (0,)


def test_fields_that_no_rep_may_set_are_ignored(
    stranger: TestClient, app: App, task: str, database: Connection, small: SmallRun
) -> None:
    sign_in(stranger, app, "PHARMA-01")

    stranger.post(
        f"/rep/tasks/{task}", data={**FORM, "rep_id": "99", "customer_id": "1", "state": "x"}, headers=OURS
    )

    assert database.execute("SELECT rep_id, customer_id FROM visit_report").fetchone() == (
        small.rep,
        small.customer(2),
    )


def test_a_rep_who_left_is_out_at_once(
    stranger: TestClient, app: App, database: Connection, small: SmallRun
) -> None:
    sign_in(stranger, app, "PHARMA-01")
    database.execute("UPDATE rep SET active = false")

    assert stranger.get("/rep").status_code == 401


def test_a_name_that_is_markup_is_shown_as_text(
    stranger: TestClient, app: App, task: str, database: Connection, small: SmallRun
) -> None:
    database.execute(
        "UPDATE customer SET org_name = '<b onclick=alert(1)>Port</b>' WHERE customer_id = %s",
        [small.customer(2)],
    )
    sign_in(stranger, app, "PHARMA-01")

    assert "<b onclick" not in stranger.get("/rep").text
