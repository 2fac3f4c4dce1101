"""The internal pages: what runs, what left, what waits, what it changed. They only show."""

import datetime as dt
from pathlib import PurePosixPath
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response
from starlette.responses import FileResponse, HTMLResponse

from channels.email import outbox
from engine.actions import report_page
from engine.actions.report import Report, report
from engine.model.written import RunId
from engine.problems import Say
from engine.store import reading
from engine.web.house import House, language_of
from engine.web.inbox import login_link
from engine.web.ways import house_of

router = APIRouter(include_in_schema=False)
Here = Annotated[House, Depends(house_of)]

MAIL_POLICY: Final = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; base-uri 'none'"
"""A mail is shown as it is, in a frame that can do nothing: no script, no form, no picture from outside."""


def report_of(house: House, campaign: str, run: int | None) -> Report:
    """Return a campaign's report as of now.

    Raises:
        UsageError: there is no such run.
    """
    with house.database() as connection:
        return report(
            connection,
            campaign,
            lambda sha, name: house.definition(connection, sha, name).campaign,
            None if run is None else RunId(run),
            now=house.app.now(),
        )


@router.get("/")
def status(house: Here, request: Request) -> Response:
    with house.database() as connection:
        runs = reading.runs_overview(connection, 50)
        waiting = reading.as_mappings(connection, "desk", {})[0]
    return house.page(
        request,
        "status.html",
        runs=runs,
        mails=outbox.how_many(house.app.settings.folder / "outbox"),
        waiting=waiting,
        is_real_world=house.app.settings.is_real_world,
        now=house.app.now(),
    )


@router.get("/runs/{run_id}")
def run(house: Here, request: Request, run_id: int) -> Response:
    with house.database() as connection:
        row = connection.execute(
            "SELECT campaign FROM run WHERE run_id = %(run)s", {"run": run_id}
        ).fetchone()
    if row is None:
        return house.nowhere(request)
    found = report_of(house, str(row[0]), run_id)
    is_open = found.state == "running"
    return house.page(request, "run.html", report=found, is_open=is_open)


@router.get("/reports/{campaign}")
def campaign_report(house: Here, request: Request, campaign: str, run: int | None = None) -> Response:
    text = report_page.render(report_of(house, campaign, run), language_of(request))
    policy = (
        f"default-src 'none'; style-src '{report_page.style_hash()}'; frame-ancestors 'none'; base-uri 'none'"
    )
    return HTMLResponse(text, headers={"Content-Security-Policy": policy})


@router.get("/outbox")
def mails(house: Here, request: Request, after: str | None = None) -> Response:
    folder = house.app.settings.folder / "outbox"
    found = outbox.mails(folder, limit=100, after=after)
    at = {mail.id: dt.datetime.fromtimestamp(mail.at_ns / 1e9, dt.UTC) for mail in found}
    return house.page(
        request, "outbox.html", mails=found, at=at, count=outbox.how_many(folder), is_full=len(found) == 100
    )


@router.get("/outbox/{mail_id}")
def mail(house: Here, request: Request, mail_id: str) -> Response:
    found = outbox.mail(house.app.settings.folder / "outbox", mail_id)
    if found is None:
        return house.nowhere(request)
    policy = (
        "default-src 'none'; style-src 'self'; img-src data:; frame-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
        "form-action 'self'"
    )
    shown = (
        "From",
        "To",
        "Reply-To",
        "Subject",
        "Date",
        "Message-ID",
        "List-Unsubscribe",
        "List-Unsubscribe-Post",
    )
    return house.page(
        request,
        "mail.html",
        headers={"Content-Security-Policy": policy},
        mail=found,
        lines=[(name, value) for name, value in found.headers if name in shown],
    )


@router.get("/outbox/{mail_id}/body")
def mail_body(house: Here, request: Request, mail_id: str) -> Response:
    found = outbox.mail(house.app.settings.folder / "outbox", mail_id)
    if found is None or found.html is None:
        return house.nowhere(request)
    headers = {"Content-Security-Policy": MAIL_POLICY, "X-Frame-Options": "SAMEORIGIN"}
    return HTMLResponse(found.html, headers=headers)


@router.get("/tasks")
def reps(house: Here, request: Request) -> Response:
    settings = house.app.settings
    with house.database() as connection:
        found = reading.as_mappings(connection, "reps_with_tasks", {"limit": 500})
    base = str(request.base_url)
    links = {rep["code"]: login_link(base, settings.secret, rep["code"]) for rep in found}
    return house.page(request, "reps.html", reps=found, links=links)


@router.get("/post")
def batches(house: Here, request: Request) -> Response:
    with house.database() as connection:
        found = reading.as_mappings(connection, "print_batches", {"limit": 100})
    return house.page(request, "post.html", batches=found)


@router.get("/post/{batch_id}/{name}")
def batch_file(house: Here, request: Request, batch_id: str, name: str) -> Response:
    """Hand out a file of a sealed batch: one that the batch itself names, from its own folder."""
    with house.database() as connection:
        row = connection.execute(
            "SELECT folder, sha256 FROM print_batch WHERE batch_id = %(batch)s", {"batch": batch_id}
        ).fetchone()
    if row is None or name not in row[1] or PurePosixPath(name).name != name:
        return house.nowhere(request)
    path = house.app.settings.folder / row[0] / name
    if not path.is_file():
        return house.trouble(
            request,
            Say("The file is gone", "Le fichier a disparu"),
            Say(
                "The batch was sealed here, but its folder was moved or emptied.",
                "Le lot a été scellé ici, mais son dossier a été déplacé ou vidé.",
            ),
            404,
        )
    kinds: dict[str, Any] = {".pdf": "application/pdf", ".csv": "text/csv", ".json": "application/json"}
    return FileResponse(
        path,
        media_type=kinds.get(path.suffix, "application/octet-stream"),
        filename=name,
        content_disposition_type="inline" if path.suffix == ".pdf" else "attachment",
        headers={"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"},
    )
