"""The conservation law, asked of the database after every act: nobody is lost, nobody is counted twice.

It is asked where rows come into being (a freeze, an advance) in that act's own transaction, which it undoes, and
again when a drain has run dry. A single settle is not followed by it: a settle moves rows between states and makes
none, and to count a run of a million touches after each group of a few hundred would cost more than sending them.
"""

from dataclasses import dataclass

from engine.problems import EngineError, Say
from engine.store.database import Connection, run
from engine.store.statements import statement


@dataclass(frozen=True, slots=True)
class Breach:
    """One way in which a run's rows do not add up."""

    law: str
    step: str | None  #: None: of the audience
    expected: int
    found: int

    def __str__(self) -> str:
        where = "" if self.step is None else f" ({self.step})"
        return f"{self.law}{where}: {self.expected:,} expected, {self.found:,} found"


class LawBroken(EngineError):
    """A run's rows do not add up: a bug of ours, stopped before anything was sent on its account."""


def breaches(connection: Connection, run_id: int) -> list[Breach]:
    """Return every way in which a run breaks the law; none if it holds."""
    return [Breach(*row) for row in run(connection, statement("conservation", "broken"), {"run": run_id})]


def conserved(connection: Connection, run_id: int) -> None:
    """Hold a run to the law, in the caller's transaction.

    Raises:
        LawBroken: somebody is lost, doubled, or unexplained; the act is undone.
    """
    found = breaches(connection, run_id)
    if found:
        lines = "\n".join(f"  {breach}" for breach in found)
        raise LawBroken(
            Say(
                f"Run {run_id} does not add up. What this act did is undone.\n{lines}",
                f"L'exécution {run_id} ne tombe pas juste. Ce que cet acte a fait est annulé.\n{lines}",
            ),
            Say("This is a bug of ours; please report it.", "C'est un défaut de notre part ; signalez-le."),
        )
