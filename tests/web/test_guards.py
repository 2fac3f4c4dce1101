"""Who may ask for what, and what every answer carries."""

import json
import re
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

INTERNAL = [
    "/",
    "/runs/1",
    "/reports/dermapharm-direct-2026",
    "/outbox",
    "/tasks",
    "/post",
    "/api/v1/status",
    "/api/v1/openapi.json",
]


@pytest.mark.parametrize("path", INTERNAL)
def test_a_stranger_does_not_see_the_house(stranger: TestClient, path: str) -> None:
    assert stranger.get(path).status_code == 404


@pytest.mark.parametrize("path", INTERNAL)
def test_this_machine_sees_the_house(here: TestClient, small, path: str) -> None:  # type: ignore[no-untyped-def]
    path = path.replace("/runs/1", f"/runs/{small.run}")

    assert here.get(path).status_code == 200


def test_a_page_that_bound_our_address_to_its_own_name_sees_nothing(here: TestClient) -> None:
    assert here.get("/", headers={"host": "rebound.example"}).status_code == 404


@pytest.mark.parametrize(
    "path", ["/", "/u/x", "/c/x", "/rep", "/static/site.css", "/nowhere", "/api/v1/status"]
)
def test_every_answer_carries_the_security_headers(here: TestClient, path: str) -> None:
    headers = here.get(path).headers

    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe-inline" not in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] in ("no-referrer", "same-origin")


@pytest.mark.parametrize("path", ["/c/x", "/o/x", "/u/x", "/p/x", "/v/x", "/l/x", "/rep/in/x"])
def test_the_address_of_a_link_page_is_told_to_nobody(here: TestClient, path: str) -> None:
    assert here.get(path).headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("path", ["/", "/rep", "/tasks"])
def test_personal_pages_are_not_kept_by_caches(here: TestClient, path: str) -> None:
    assert here.get(path).headers["cache-control"] == "no-store"


def test_the_report_allows_its_own_style_and_no_other(here: TestClient) -> None:
    import re
    from base64 import b64encode
    from hashlib import sha256

    answer = here.get("/reports/dermapharm-direct-2026")

    (style,) = re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    assert b64encode(sha256(style.encode()).digest()).decode() in answer.headers["content-security-policy"]
    assert "style=" not in answer.text and "<script" not in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "https://evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"origin": "http://127.0.0.1", "content-type": "text/plain"},
        {"origin": "null"},
    ],
)
def test_a_foreign_form_is_refused(here: TestClient, headers: dict[str, str]) -> None:
    sent = {"content-type": "application/x-www-form-urlencoded", **headers}

    assert here.post("/rep/out", content=b"a=b", headers=sent).status_code == 403


def test_a_body_that_is_too_large_is_refused(here: TestClient) -> None:
    assert here.post("/u/x", content=b"x" * 70_000).status_code == 413


def test_a_malformed_request_is_not_echoed(here: TestClient) -> None:
    secret = "claire.morel@example.org"

    for path in (f"/runs/{secret}", f"/reports/x?run={secret}", f"/api/v1/reports/x?run={secret}"):
        answer = here.get(path)

        assert answer.status_code == 422
        assert secret not in answer.text


def test_a_campaign_that_never_ran_is_said_so(here: TestClient) -> None:
    answer = here.get("/reports/hivernax-2026")

    assert answer.status_code == 404
    assert "hivernax-2026" in answer.text and "Traceback" not in answer.text


def test_the_json_interface_is_the_one_that_is_written_down(site: FastAPI) -> None:
    stored = json.loads((Path(__file__).parent / "openapi.json").read_text())

    assert site.openapi() == stored, (
        "if it is meant: python -m tests.web.store_openapi is the stored copy's source"
    )


def test_status_as_json_counts_what_stands_where(here: TestClient) -> None:
    (run,) = here.get("/api/v1/status").json()

    assert (
        run["universe"],
        run["enrolled"],
        run["held_out"],
        run["touched"],
        run["open"],
        run["unknown"],
    ) == (12, 7, 3, 6, 1, 1)


def test_pages_call_what_nobody_knows_by_the_word_of_the_glossary(here: TestClient) -> None:
    glossary = (Path(__file__).parents[2] / "GLOSSARY.md").read_text(encoding="utf-8")
    (word,) = re.findall(r"^\| \*\*uncertain\*\* .* \| (\w+) \|$", glossary, re.MULTILINE)

    assert f"<dt>{word}s</dt>" in here.get("/").text
    assert f">{word}s</th>" in here.get("/runs/1").text
