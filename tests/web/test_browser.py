"""The pages in a browser: what a person sees and does, and that nothing is fetched from outside."""

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn
from fastapi import FastAPI

from engine.app import App
from engine.content.tokens import Purpose
from engine.store.database import Connection
from engine.testing.small_run import SmallRun
from engine.web.inbox import login_link

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
BROWSER = next(
    filter(None, map(shutil.which, ("chromium-headless-shell", "chromium", "google-chrome"))), None
)
if BROWSER is None:
    pytest.skip("no browser is installed here (chromium-headless-shell or chromium)", allow_module_level=True)


@pytest.fixture
def address(site: FastAPI, small: SmallRun) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(site, host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    for _ in range(300):
        if server.started:
            break
        time.sleep(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(timeout=15)


@pytest.fixture
def page() -> "Iterator[Page]":
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": 390, "height": 844}, locale="fr-FR")
        yield context.new_page()
        browser.close()


def test_a_rep_reports_a_visit_on_a_phone(page: "Page", address: str, app: App, database: Connection) -> None:
    page.goto(login_link(address, app.settings.secret, "PHARMA-01"))
    page.get_by_text("Pharmacie du Port 2").click()
    page.get_by_text("Vu", exact=True).click()
    page.get_by_role("button", name="Enregistrer").click()

    page.get_by_text("Compte rendu enregistré").wait_for()
    assert database.execute("SELECT outcome FROM visit_report").fetchone() == ("seen",)


def test_a_customer_unsubscribes_with_one_button(page: "Page", address: str, links: Any) -> None:
    page.goto(address + links.path(Purpose.UNSUBSCRIBE, 1))
    page.get_by_role("button", name="Me désinscrire").click()

    page.get_by_text("C'est fait").wait_for()


@pytest.mark.parametrize("path", ["/", "/tasks", "/post", "/outbox", "/reports/dermapharm-direct-2026"])
def test_a_page_breaks_no_policy_fetches_nothing_from_outside_and_fits_a_phone(
    page: "Page", address: str, path: str
) -> None:
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("request", lambda request: asked.append(request.url))

    page.goto(address + path)

    assert said == []
    assert [url for url in asked if not url.startswith((address, "data:"))] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_report_opens_from_a_file_without_a_network(page: "Page", address: str, tmp_path: Path) -> None:
    import httpx2

    file = tmp_path / "report.html"
    file.write_text(httpx2.get(f"{address}/reports/dermapharm-direct-2026").text, encoding="utf-8")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    page.goto(file.as_uri())

    assert page.get_by_role("heading", name="Dermapharm en direct").is_visible()
    assert asked == [file.as_uri()]


def test_a_customers_name_that_is_script_stays_text(
    page: "Page", address: str, app: App, database: Connection, small: SmallRun
) -> None:
    database.execute(
        "UPDATE customer SET org_name = %s WHERE customer_id = %s",
        ["<img src=x onerror=document.title='taken'>", small.customer(2)],
    )

    page.goto(login_link(address, app.settings.secret, "PHARMA-01"))

    assert page.title() != "taken"
    assert page.locator("img").count() == 0
