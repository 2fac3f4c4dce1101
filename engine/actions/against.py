"""Against running: what differs between the files and the runs that are under way, and whom it does not reach any more."""

from dataclasses import dataclass

from engine.actions.binding import differing
from engine.loading.project import Project
from engine.model.written import RunId
from engine.problems import Say
from engine.store import ledger, plans
from engine.store.database import Connection


@dataclass(frozen=True, slots=True)
class Unlike:
    """A run that goes on by other files than those that stand in the project."""

    run_id: RunId
    slot: str
    files: Say  #: which differ, a line each
    members: int  #: who are still under way in it and keep what it started with


def against_running(connection: Connection, project: Project, campaign: str) -> list[Unlike]:
    """Return the open runs of a campaign whose definition is not the files', oldest first.

    Raises:
        FilesError: the project's files are wrong.
    """
    sha, files = project.definition(campaign)
    return [
        Unlike(
            row.run_id,
            row.slot,
            differing(ledger.definition(connection, row.definition_sha), files),
            plans.under_way(connection, row.run_id),
        )
        for row in ledger.runs(connection, campaign)
        if row.closed_at is None and row.definition_sha != sha
    ]
