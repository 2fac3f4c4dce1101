"""The schedules of the files as Prefect deployments: one for each campaign, named as it, and the standing flows.

A deployment only says when. A doubled, late or repeated start finds the run already there.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from engine.loading.source import plain, read
from engine.model.campaign import AnyCampaign
from engine.problems import EngineError, FilesError, Say

POOL: Final = "touchbase"
CAMPAIGN_FLOW: Final = "engine.flows.run_slot"

STANDING: Final[Mapping[str, str]] = {
    "advance": "*/5 * * * *",
    "collect": "*/10 * * * *",
    "reconcile": "*/15 * * * *",
    "report": "0 6 * * *",
}
"""The standing flows and when they run, where a project has no `prefect.yaml` of its own."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """One deployment and when it starts flows, in words."""

    name: str
    flow: str
    when: Say


@dataclass(frozen=True, slots=True)
class Standing:
    """One flow that runs for all campaigns."""

    name: str
    entrypoint: str  #: engine.flows.advance
    cron: str
    timezone: str


def standing(root: Path) -> list[Standing]:
    """Return the standing flows as the project's `prefect.yaml` says, or as the engine would.

    Raises:
        FilesError: `prefect.yaml` does not read.
    """
    if not (root / "prefect.yaml").exists():
        return [
            Standing(name, f"engine.flows.{name}", cron, "Europe/Paris") for name, cron in STANDING.items()
        ]
    source, problems = read(root, "prefect.yaml")
    if source is None:
        raise FilesError(problems)
    found: list[Standing] = []
    for entry in plain(source.root).get("deployments", []):
        file, _, function = str(entry["entrypoint"]).partition(":")
        module = file.removesuffix(".py").replace("/", ".")
        for schedule in entry.get("schedules", []):
            found.append(
                Standing(
                    str(entry["name"]),
                    f"{module}.{function}",
                    str(schedule["cron"]),
                    str(schedule.get("timezone", "Europe/Paris")),
                )
            )
    return found


def deploy(campaigns: Iterable[AnyCampaign], *, root: Path, now: dt.datetime) -> list[Deployed]:
    """Bring Prefect's deployments in line with the files; return them as they now stand.

    Deployments of campaigns whose file is gone are paused, not deleted: their past runs stay visible.

    Raises:
        EngineError: Prefect does not answer.
    """
    from httpx import HTTPError
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.exceptions import ObjectAlreadyExists, PrefectHTTPStatusError

    wanted = list(campaigns)
    try:
        with get_client(sync_client=True) as client:
            with suppress(ObjectAlreadyExists):
                client.create_work_pool(WorkPoolCreate(name=POOL, type="process"))
            done = [_campaign(campaign, root, now) for campaign in wanted]
            done += [_standing(flow, root) for flow in standing(root)]
            names = {deployed.name for deployed in done}
            for old in client.read_deployments():
                if old.name not in names and "touchbase campaign" in old.tags and not old.paused:
                    client.pause_deployment(old.id)
                    done.append(
                        Deployed(
                            old.name,
                            "run",
                            Say("paused: its file is gone", "en pause : son fichier a disparu"),
                        )
                    )
    except (HTTPError, PrefectHTTPStatusError, RuntimeError) as error:
        raise EngineError(
            Say(
                f"Prefect does not answer ({type(error).__name__}). Schedules stay as they were.",
                f"Prefect ne répond pas ({type(error).__name__}). Les calendriers restent comme ils étaient.",
            ),
            Say(
                "Start it with 'touchbase up', or point PREFECT_API_URL at yours.",
                "Démarrez-le par « touchbase up », ou donnez le vôtre par PREFECT_API_URL.",
            ),
        ) from None
    return done


def _campaign(campaign: AnyCampaign, root: Path, now: dt.datetime) -> Deployed:
    schedule, when = _schedule(campaign, now)
    _apply(
        CAMPAIGN_FLOW,
        campaign.campaign,
        root,
        schedule,
        {"campaign": campaign.campaign},
        f"{campaign.title} ({campaign.owner})",
        ["touchbase campaign"],
    )
    return Deployed(campaign.campaign, "run", when)


def _standing(flow: Standing, root: Path) -> Deployed:
    from prefect.schedules import Cron

    _apply(
        flow.entrypoint,
        flow.name,
        root,
        Cron(flow.cron, timezone=flow.timezone),
        {},
        None,
        ["touchbase standing"],
    )
    return Deployed(
        flow.name, flow.name, Say(f"'{flow.cron}' {flow.timezone}", f"« {flow.cron} » {flow.timezone}")
    )


def _schedule(campaign: AnyCampaign, now: dt.datetime) -> tuple[Any, Say]:
    """Return the Prefect schedule of a campaign, or `None` if no start of it lies ahead."""
    from prefect.schedules import Cron, RRule

    written = campaign.schedule
    zone = ZoneInfo(written.timezone)
    if written.end is not None and written.end < now.astimezone(zone).date():
        return None, Say(f"over since {written.end}", f"terminée depuis le {written.end}")
    if written.every is not None:
        return (
            Cron(written.every, timezone=written.timezone),
            Say(f"'{written.every}' {written.timezone}", f"« {written.every} » {written.timezone}"),
        )
    assert written.start is not None
    if written.start.replace(tzinfo=zone) <= now:
        return None, Say(
            f"its start, {written.start:%Y-%m-%d %H:%M}, has passed",
            f"son départ, {written.start:%Y-%m-%d %H:%M}, est passé",
        )
    once = RRule(
        f"DTSTART:{written.start:%Y%m%dT%H%M%S}\nRRULE:FREQ=DAILY;COUNT=1", timezone=written.timezone
    )
    return once, Say(
        f"once, {written.start:%Y-%m-%d %H:%M} {written.timezone}",
        f"une fois, {written.start:%Y-%m-%d %H:%M} {written.timezone}",
    )


def _apply(
    entrypoint: str,
    name: str,
    root: Path,
    schedule: Any,
    parameters: dict[str, str],
    description: str | None,
    tags: list[str],
) -> None:
    from prefect.deployments.runner import RunnerDeployment

    deployment = RunnerDeployment.from_entrypoint(
        entrypoint,
        name,
        schedules=[] if schedule is None else [schedule],
        parameters=parameters,
        description=description,
        tags=tags,
        job_variables={"working_dir": str(root)},
        enforce_parameter_schema=True,
    )
    # Without a schedule the old ones would stay: Prefect takes an empty list for "no change".
    deployment.apply(work_pool_name=POOL)
    if schedule is None:
        _clear(deployment.full_name)


def _clear(name: str) -> None:
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        found = client.read_deployment_by_name(name)
        for old in found.schedules:
            client.delete_deployment_schedule(found.id, old.id)
