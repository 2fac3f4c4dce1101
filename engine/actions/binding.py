"""Binding: a run that was planned is held against its plan; it does what was shown, or it does not run."""

from collections.abc import Mapping, Sequence

from engine.actions import guards
from engine.model.plan import Broken, Moved
from engine.model.policy import Policy
from engine.model.written import RunId
from engine.problems import GuardStopped, Say
from engine.store import ledger, plans
from engine.store.database import Connection
from engine.store.plans import KeptPlan

_AGAIN = Say(
    "Make a new plan, look at it, and run that one.", "Refaites un plan, regardez-le, et lancez celui-là."
)
_NOTHING = Say(
    "Nothing was sent and nothing is kept of this run.",
    "Rien n'est parti et rien n'est gardé de cette exécution.",
)


class Drifted(GuardStopped):
    """The audience is not the plan's. `moved` says who moved, for the operator: ids, which no log is told."""

    def __init__(self, what: Say, moved: Sequence[Moved]) -> None:
        super().__init__(what, _AGAIN)
        self.moved = tuple(moved)


def hold_files(connection: Connection, plan: KeptPlan, sha: str, files: Mapping[str, str]) -> None:
    """Refuse files that are not those of the plan.

    Raises:
        GuardStopped: a byte of them changed; the refusal names the files.
    """
    if plan.definition_sha == sha:
        return
    which = differing(ledger.definition(connection, plan.definition_sha), files)
    raise GuardStopped(
        Say(
            f"The files are no longer those that plan {plan.plan_id} was made of. Nothing was sent.\n{which.en}",
            f"Les fichiers ne sont plus ceux dont le plan {plan.plan_id} a été fait. Rien n'est parti.\n{which.fr}",
        ),
        _AGAIN,
    )


def differing(before: Mapping[str, str], after: Mapping[str, str]) -> Say:
    """Return which files differ between two definitions, a line each.

    >>> print(differing({"a": "1", "b": "1"}, {"a": "2", "c": "1"}))
      a: changed
      b: gone
      c: new
    """
    words = {
        path: Say("gone", "disparu")
        if path not in after
        else Say("new", "nouveau")
        if path not in before
        else Say("changed", "modifié")
        for path in sorted({*before, *after})
        if before.get(path) != after.get(path)
    }
    return Say(
        "\n".join(f"  {path}: {word.en}" for path, word in words.items()),
        "\n".join(f"  {path} : {word.fr}" for path, word in words.items()),
    )


def hold_composed(plan: KeptPlan, policy: Policy) -> None:
    """Refuse a plan in which too many parcels of a first step do not compose: its run would only pause.

    All else that a plan says would stop is asked again when it runs, of that moment.

    Raises:
        GuardStopped: it is so; nothing is kept, so the slot is still free.
    """
    broken = [
        one
        for step in plan.document["steps"]
        if step["exact"]
        for one in guards.of_composing(
            step["step"],
            step["does_not_compose"],
            [Broken(**each) for each in step.get("broken", ())],
            policy,
        )
    ]
    if broken:
        raise GuardStopped(
            Say(
                "\n".join([*(one.en for one in broken), _NOTHING.en]),
                "\n".join([*(one.fr for one in broken), _NOTHING.fr]),
            ),
            guards.MEND,
        )


def hold_members(connection: Connection, run_id: RunId, plan: KeptPlan) -> None:
    """Refuse a frozen and planned run whose members are not the plan's, beyond what its file allows.

    Raises:
        Drifted: too many joined, left, or stand in another cell or step.
    """
    document = plan.document
    later = [step["step"] for step in document["steps"] if not step["exact"]]
    moved = plans.moved(connection, run_id, plan.plan_id, later)
    members = int(document["held_out"]) + sum(int(count) for count in document["enrolled"].values())
    share = float(document["drift"])
    if len(moved) <= share * members:
        return
    joined = sum(1 for one in moved if has_place(one.now) and not has_place(one.was))
    left = sum(1 for one in moved if has_place(one.was) and not has_place(one.now))
    elsewhere = len(moved) - joined - left
    raise Drifted(
        Say(
            f"Of the {members:,} members of plan {plan.plan_id}, {left:,} left, {joined:,} joined and {elsewhere:,}"
            f" stand in another cell or step; its file allows {share:.1%} to move. Nothing was sent and nothing is kept of this run.",
            f"Des {members:,} membres du plan {plan.plan_id}, {left:,} sont partis, {joined:,} sont venus et {elsewhere:,}"
            f" ont changé de cellule ou d'étape ; son fichier en permet {share:.1%}. Rien n'est parti et rien n'est gardé de cette exécution.",
        ),
        moved,
    )


def has_place(parts: Sequence[str]) -> bool:
    """Return whether parts of a plan say where somebody stands in the audience.

    >>> has_place(["step:announce"]), has_place(["held out"])
    (False, True)
    """
    return any(not part.startswith("step:") for part in parts)
