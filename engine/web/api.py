"""The JSON interface: what the pages show, for other programs. Internal, like the console."""

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel
from starlette.responses import Response

from engine.problems import Say, UsageError
from engine.store import reading
from engine.web.console import report_of
from engine.web.house import House
from engine.web.ways import house_of

router = APIRouter(prefix="/api/v1")
Here = Annotated[House, Depends(house_of)]


class RunStatus(BaseModel):
    """Where a run stands."""

    run_id: int
    campaign: str
    slot: str
    state: str
    universe: int
    enrolled: int
    held_out: int
    touched: int
    open: int
    unknown: int


class VisitTask(BaseModel):
    """An open task of a rep, without the customer's address."""

    task_id: str
    type: str
    not_before: dt.date
    due_on: dt.date
    priority: int
    reason: str
    status: str
    campaign: str
    brand: str | None


@router.get("/status", operation_id="status")
def status(house: Here, limit: int = 50) -> list[RunStatus]:
    """Return the latest runs and how many touches stand where."""
    with house.database() as connection:
        return [
            RunStatus(
                run_id=run.run_id,
                campaign=run.campaign,
                slot=run.slot,
                state=run.state,
                universe=run.universe,
                enrolled=run.enrolled,
                held_out=run.held_out,
                touched=run.touched,
                open=run.open,
                unknown=run.unknown,
            )
            for run in reading.runs_overview(connection, max(1, min(limit, 500)))
        ]


@router.get(
    "/reports/{campaign}",
    operation_id="report",
    response_class=Response,
    responses={200: {"content": {"application/json": {}}}},
)
def campaign_report(house: Here, campaign: str, run: int | None = None) -> Response:
    """Return every figure of a campaign's report; the latest run's if none is named."""
    return Response(report_of(house, campaign, run).as_json(), media_type="application/json")


@router.get("/reps/{code}/tasks", operation_id="tasks")
def tasks(house: Here, code: str) -> list[VisitTask]:
    """Return a rep's open tasks, the most urgent first."""
    with house.database() as connection:
        known = connection.execute("SELECT 1 FROM rep WHERE code = %(code)s", {"code": code}).fetchone()
        if known is None:
            raise UsageError(Say("There is no such rep.", "Ce délégué n'existe pas."))
        rows = reading.as_mappings(connection, "tasks_of_rep", {"rep": code, "task": None})
    return [VisitTask.model_validate(dict(row)) for row in rows]
