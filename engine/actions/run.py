"""Run: open a slot once, freeze its audience, plan what is due. Sending is `drain`, as often as it takes."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from engine.actions.advance import Advanced, Progress, advance, silent
from engine.actions.pinned import pinned
from engine.actions.plan import hold_against
from engine.contract import Channel
from engine.loading.project import Project
from engine.model.written import RunId
from engine.problems import GuardStopped, Say
from engine.rules.schedule import Slot
from engine.store import conservation, enrolment, ledger
from engine.store.database import Connection


@dataclass(frozen=True, slots=True)
class Started:
    """A slot's run: whether this call opened it, its audience, and what its first advance planned."""

    run_id: RunId
    is_new: bool
    waterfall: enrolment.Waterfall
    advanced: Advanced


def start(
    connection: Connection,
    project: Project,
    campaign: str,
    slot: Slot,
    channels: Mapping[str, Channel],
    *,
    pepper: str,
    now: dt.datetime,
    plan_id: str | None = None,
    digest: str | None = None,
    progress: Progress = silent,
) -> Started:
    """Open, freeze and advance the run of a campaign's slot; the same slot again changes nothing.

    Opening and freezing are one transaction: a guard that stops leaves no run behind.

    Raises:
        FilesError: the files are wrong.
        GuardStopped: the audience is not as expected or not as planned; nothing was sent.
    """
    sha, files = project.definition(campaign)
    spec = project.campaign(campaign)
    with connection.transaction():
        ledger.keep_definition(connection, sha, campaign, files)
        run_id, is_new = ledger.open_run(connection, spec, slot, sha, plan_id)
        row = ledger.locked(connection, run_id)
        if row.frozen_at is None:
            definition = pinned(connection, row.definition_sha, campaign, channels)
            progress("audience", 0)
            enrolment.freeze(
                connection,
                run_id,
                definition.campaign,
                definition.library,
                definition.policy,
                definition.rules,
                now,
            )
            fall = enrolment.waterfall(connection, run_id)
            _as_expected(fall, definition.campaign.audience.expect)
            if digest is not None:
                hold_against(connection, run_id, digest)
            conservation.conserved(connection, run_id)
            ledger.mark_frozen(connection, run_id, now)
        else:
            fall = enrolment.waterfall(connection, run_id)
        progress("audience", fall.universe)
    advanced = advance(connection, run_id, channels, pepper=pepper, now=now, progress=progress)
    return Started(run_id, is_new, fall, advanced)


def _as_expected(fall: enrolment.Waterfall, expected: object) -> None:
    low, high = getattr(expected, "low", None), getattr(expected, "high", None)
    size = fall.held_out + sum(fall.enrolled.values())
    if low is None or high is None or low <= size <= high:
        return
    raise GuardStopped(
        Say(
            f"The audience has {size:,} members; the campaign expects {low:,} to {high:,}. Nothing was sent and nothing is kept of this run.",
            f"L'audience compte {size:,} membres ; la campagne en attend {low:,} à {high:,}. Rien n'est parti et rien n'est gardé de ce lancement.",
        ),
        Say(
            "Look at the plan; change the segment, or 'expect' if the size is right.",
            "Regardez le plan ; changez le segment, ou « expect » si la taille est juste.",
        ),
    )


def close_if_over(connection: Connection, run_id: RunId, advanced: Advanced, now: dt.datetime) -> bool:
    """Close a run of which no step can come due any more and nothing is open."""
    return advanced.is_over and ledger.close(connection, run_id, now)
