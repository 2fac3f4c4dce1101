"""Publish: the report of a campaign as a page that can be opened, mailed and kept."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

from engine.actions.pinned import pinned
from engine.actions.report import Report
from engine.actions.report import report as measured
from engine.actions.report_page import render
from engine.contract import Channel
from engine.model.campaign import AnyCampaign
from engine.model.written import RunId
from engine.problems import Language
from engine.store import ledger
from engine.store.database import Connection


def report_of(
    connection: Connection,
    campaign: str,
    channels: Mapping[str, Channel],
    *,
    now: dt.datetime,
    run: RunId | None = None,
) -> Report:
    """Return the report of a campaign's run, the latest if none is named, measured by what the run is pinned to.

    Raises:
        UsageError: the campaign has no such run.
    """

    def definition(sha: str, name: str) -> AnyCampaign:
        return pinned(connection, sha, name, channels).campaign

    return measured(connection, campaign, definition, run, now=now)


def publish(report: Report, folder: Path, language: Language) -> Path:
    """Write the page of a report below `folder`; whoever opens it meanwhile sees the old one or the new one, whole."""
    page = folder / "reports" / f"{report.campaign}.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    aside = page.with_suffix(".part")
    aside.write_text(render(report, language), encoding="utf-8")
    return aside.replace(page)


def publish_all(
    connection: Connection,
    channels: Mapping[str, Channel],
    folder: Path,
    *,
    now: dt.datetime,
    language: Language,
) -> list[Path]:
    """Write the page of every campaign that ever ran, of its latest run."""
    campaigns = sorted({row.campaign for row in ledger.runs(connection)})
    return [
        publish(report_of(connection, campaign, channels, now=now), folder, language)
        for campaign in campaigns
    ]
