"""The inbox of a representative: what to do, by day, on a phone; and the report of a visit.

A rep comes in by a signed link that head office hands out; it is good for a month and leads to a
cookie of the same length. There is no password and no list of sessions: a lost link is stopped by
making the rep inactive, or by a new secret for all. What a rep sees is their own, whatever they ask for.
"""

import datetime as dt
from itertools import groupby
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form, Request, Response
from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.responses import RedirectResponse

from engine.actions.report_visit import report_visit
from engine.problems import Say, UsageError
from engine.store import reading
from engine.store.fieldwork import VisitReport
from engine.web.house import House
from engine.web.ways import house_of

router = APIRouter(include_in_schema=False)
Here = Annotated[House, Depends(house_of)]

MONTH: Final = 31 * 24 * 3600
PARIS: Final = ZoneInfo("Europe/Paris")
OUTCOMES: Final[dict[str, Say]] = {
    "seen": Say("Seen", "Vu"),
    "absent": Say("Absent", "Absent"),
    "rescheduled": Say("Put off", "Reporté"),
    "refused": Say("Refused", "Refus"),
    "left_site": Say("Has left", "A quitté le site"),
    "not_seen_other": Say("Not seen, other", "Non vu, autre"),
}


def _signer(secret: bytes) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(secret, salt="touchbase.rep")


def login_link(base_url: str, secret: bytes, code: str) -> str:
    """Return the address by which a rep comes into their inbox; it says the rep's code, signed."""
    return f"{base_url.rstrip('/')}/rep/in/{_signer(secret).dumps(code)}"


def _cookie(house: House) -> str:
    # A __Host- cookie binds to one host and to https; a browser takes none over plain http.
    return "__Host-rep" if house.app.settings.base_url.startswith("https:") else "rep"


def _code(house: House, signed: str | None) -> str | None:
    try:
        code = _signer(house.app.settings.secret).loads(signed or "", max_age=MONTH)
    except BadSignature:
        return None
    return code if isinstance(code, str) else None


def rep_of(house: House, request: Request) -> dict[str, Any] | None:
    """Return who is signed in, or `None`; a rep who left is nobody."""
    code = _code(house, request.cookies.get(_cookie(house)))
    if code is None:
        return None
    with house.database() as connection:
        row = connection.execute(
            "SELECT code, first_name, last_name FROM rep WHERE code = %(code)s AND active", {"code": code}
        ).fetchone()
    return None if row is None else {"code": row[0], "name": f"{row[1]} {row[2]}"}


@router.get("/rep/in/{signed}")
def come_in(house: Here, request: Request, signed: str) -> Response:
    if _code(house, signed) is None:
        return house.nowhere(request)
    answer = RedirectResponse("/rep", 303)
    is_https = house.app.settings.base_url.startswith("https:")
    answer.set_cookie(
        _cookie(house), signed, max_age=MONTH, secure=is_https, httponly=True, samesite="lax", path="/"
    )
    return answer


@router.post("/rep/out")
def go_out(house: Here) -> Response:
    answer = RedirectResponse("/rep", 303)
    is_https = house.app.settings.base_url.startswith("https:")
    answer.delete_cookie(_cookie(house), path="/", secure=is_https, httponly=True, samesite="lax")
    return answer


@router.get("/rep")
def inbox(house: Here, request: Request, done: str | None = None) -> Response:
    """Show the rep's open tasks, by the day by which each is due, then by town."""
    rep = rep_of(house, request)
    if rep is None:
        return _signed_out(house, request)
    with house.database() as connection:
        tasks = reading.as_mappings(connection, "tasks_of_rep", {"rep": rep["code"], "task": None})
    today = house.app.now().astimezone(PARIS).date()
    return house.page(
        request,
        "inbox.html",
        rep=rep,
        today=today,
        count=len(tasks),
        late=sum(task["due_on"] < today for task in tasks),
        days=[(due, list(some)) for due, some in groupby(tasks, key=lambda task: task["due_on"])],
        has_reported=done is not None,
    )


@router.get("/rep/tasks/{task_id}")
def task(house: Here, request: Request, task_id: str) -> Response:
    rep = rep_of(house, request)
    if rep is None:
        return _signed_out(house, request)
    with house.database() as connection:
        found = reading.as_mappings(connection, "tasks_of_rep", {"rep": rep["code"], "task": task_id})
    if not found:
        return house.nowhere(request)
    now = house.app.now().astimezone(PARIS)
    return house.page(
        request, "task.html", rep=rep, task=found[0], outcomes=OUTCOMES, today=now.date(), now=now
    )


@router.post("/rep/tasks/{task_id}")
def report(
    house: Here,
    request: Request,
    task_id: str,
    outcome: Annotated[str, Form()],
    day: Annotated[dt.date, Form()],
    time: Annotated[dt.time, Form()],
    interest: Annotated[int | None, Form(ge=1, le=5)] = None,
    question: Annotated[str, Form(max_length=1000)] = "",
    next_objective: Annotated[str, Form(max_length=500)] = "",
    comment: Annotated[str, Form(max_length=1000)] = "",
    left: Annotated[list[str] | None, Form(max_length=20)] = None,
    adverse_event: Annotated[bool, Form()] = False,
    form_id: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """Keep a visit report; the same form sent twice is one report."""
    rep = rep_of(house, request)
    if rep is None:
        return _signed_out(house, request)
    now = house.app.now()
    visited_at = dt.datetime.combine(day, time, PARIS)
    if outcome not in OUTCOMES or visited_at > now + dt.timedelta(hours=1):
        return house.trouble(
            request,
            Say("The report was not kept", "Le compte rendu n'a pas été enregistré"),
            Say(
                "Choose what happened, and a time that has passed.",
                "Choisissez ce qui s'est passé, et une heure déjà passée.",
            ),
            422,
        )
    said = {
        "interest": interest,
        "question": question.strip(),
        "next_objective": next_objective.strip(),
        "comment": comment.strip(),
        "left": left or [],
        "adverse_event": adverse_event,
    }
    detail = {key: value for key, value in said.items() if value}
    with house.database() as connection:
        try:
            report_visit(
                connection,
                VisitReport(
                    source_id=f"{task_id}:{form_id or visited_at.isoformat()}",
                    rep=rep["code"],
                    outcome=outcome,
                    visited_at=visited_at,
                    task_id=task_id,
                    detail=detail,
                ),
                now=now,
            )
        except UsageError:
            return house.nowhere(request)
    return RedirectResponse("/rep?done=1", 303)


def _signed_out(house: House, request: Request) -> Response:
    return house.trouble(
        request,
        Say("You are not signed in", "Vous n'êtes pas connecté"),
        Say("Open the link that head office sent you.", "Ouvrez le lien que le siège vous a envoyé."),
        401,
    )
