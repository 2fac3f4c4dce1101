"""How plans, runs and stories look in a terminal."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from engine.actions.guards import MEND
from engine.app import App
from engine.cli.clock import HOME
from engine.cli.console import count, heading, in_words, say, table
from engine.model.plan import Moved, Plan, StepPlan
from engine.model.reasons import SENTENCES, Reason
from engine.problems import Say
from engine.store import enrolment, ledger
from engine.store.database import Connection


def in_short(reason: str) -> str:
    """Return a reason with its sentence: 'no_consent (has not agreed ...)'."""
    known = {str(each): each for each in Reason}
    return f"{reason}: {in_words(SENTENCES[known[reason]])}" if reason in known else reason


def euros(amount: Decimal) -> str:
    return f"{amount:,.2f} EUR"


def show_plan(plan: Plan, *, with_files: bool = False) -> None:
    """Show a plan as its author judges it: the fall from universe to touched, steps, costs, samples, warnings."""
    heading(f"{plan.title}: {plan.slot}")
    if plan.of_run is not None:
        say(plan.of_run)
    _fall(plan.universe, plan.excluded, plan.held_out, plan.enrolled)
    heading(Say("Steps", "Étapes"))
    table(
        [
            Say("step", "étape"),
            Say("channel", "canal"),
            Say("due", "échéance"),
            Say("touched", "touchés"),
            Say("at most", "au plus"),
            Say("withheld", "retenus"),
            Say("cost", "coût"),
            "",
        ],
        [
            [
                step.step,
                step.channel,
                "" if step.due is None else f"{step.due.astimezone(HOME):%Y-%m-%d %H:%M}",
                step.touched,
                step.at_most,
                sum(step.excluded.values()),
                euros(step.cost),
                Say("exact", "exact") if step.is_exact else Say("if nobody answers", "si personne ne répond"),
            ]
            for step in plan.steps
        ],
    )
    for step in plan.steps:
        for reason, number in step.excluded.items():
            say(f"  {step.step}: {count(number)} {in_short(reason)}")
        if step.reps:
            _reps(step)
    say()
    say(_cost(plan))
    _composed(plan)
    if plan.power is not None:
        say(plan.power)
    if plan.after_a_stop:
        say(
            Say(
                f"After a pause or an unsubscription, at most {plan.after_a_stop} mails of each worker may still leave (gate_group).",
                f"Après une pause ou un désabonnement, au plus {plan.after_a_stop} e-mails par processus peuvent encore partir (gate_group).",
            )
        )
    if with_files:
        heading(Say("Made of", "Fait de"))
        say(Say(f"definition {plan.definition_sha}", f"définition {plan.definition_sha}"))
        say(Say(f"audience   {plan.audience_digest}", f"audience   {plan.audience_digest}"))
        for path, sha in plan.files.items():
            say(f"  {sha[:16]}  {path}")
    if plan.samples:
        heading(Say("As they would leave", "Tels qu'ils partiraient"))
        for sample in plan.samples:
            cell = "" if sample.cell is None else f", {sample.cell}"
            say(f"[{sample.step}, #{sample.customer_id}{cell}] {sample.title}")
            lines = [line for line in sample.text.splitlines() if line.strip()]
            for line in lines[:12]:
                say(f"    {line}")
            if len(lines) > 12:
                say("    ...")
            say()
    for warning in plan.warnings:
        say(f"! {in_words(warning)}")
    for stop in plan.stops:
        say(
            Say(
                f"! The run would stop before anything is sent: {stop.en}",
                f"! L'exécution s'arrêterait avant tout envoi : {stop.fr}",
            )
        )
    if plan.roles:
        roles = ", ".join(plan.roles)
        say(
            Say(
                f"It runs once somebody else has agreed as: {roles}. They write: touchbase approve {plan.plan_id}",
                f"Il se lance une fois validé par quelqu'un d'autre : {roles}. Ils écrivent : touchbase approve {plan.plan_id}",
            )
        )
    if plan.of_run is not None:
        say(Say(f"Plan {plan.plan_id}, to look at.", f"Plan {plan.plan_id}, à regarder."))
        return
    if plan.stops:
        say(
            Say(
                f"Plan {plan.plan_id}. As things stand it would stop: mend that, and plan again.",
                f"Plan {plan.plan_id}. En l'état il s'arrêterait : corrigez cela, et refaites un plan.",
            )
        )
        return
    say(
        Say(
            f"Plan {plan.plan_id}. Run it: touchbase run {plan.plan_id}",
            f"Plan {plan.plan_id}. Pour le lancer : touchbase run {plan.plan_id}",
        )
    )


def _cost(plan: Plan) -> Say:
    """Return what is due now, what all steps would cost, and the budget; one figure where it is one."""
    budget = "" if plan.budget is None else f" / {euros(plan.budget)}"
    whole = sum((step.cost for step in plan.steps), Decimal(0))
    if whole == plan.cost:
        return Say(
            f"Cost of the first steps: {euros(plan.cost)}{budget}",
            f"Coût des premières étapes : {euros(plan.cost)}{budget}",
        )
    if not any(step.is_exact for step in plan.steps):
        return Say(
            f"No step is due at the moment of this plan. Cost of all steps, if nobody answers: {euros(whole)}{budget}",
            f"Aucune étape n'est due au moment de ce plan. Coût de toutes les étapes, si personne ne répond : {euros(whole)}{budget}",
        )
    return Say(
        f"Cost of the first steps: {euros(plan.cost)}; of all steps, if nobody answers: {euros(whole)}{budget}",
        f"Coût des premières étapes : {euros(plan.cost)} ; de toutes, si personne ne répond : {euros(whole)}{budget}",
    )


def _composed(plan: Plan) -> None:
    """Say how many parcels came out; of those that did not, for whom, what they fail at, and what to do."""
    good, bad = sum(step.at_most for step in plan.steps), sum(step.does_not_compose for step in plan.steps)
    if plan.of_run is not None:  # what left was composed when it left
        good = sum(step.at_most for step in plan.steps if not step.is_exact)
    if not bad:
        say(
            Say(
                f"All {count(good)} parcels of all steps were composed.",
                f"Les {count(good)} envois de toutes les étapes ont été composés.",
            )
        )
        return
    say(
        Say(
            f"{count(good)} of {count(good + bad)} parcels of all steps come out. These do not:",
            f"{count(good)} des {count(good + bad)} envois de toutes les étapes se composent. Pas ceux-ci :",
        )
    )
    for step in plan.steps:
        for one in step.broken:
            say(f"  {step.step}: #{one.customer_id}: {one.what}")
        if more := step.does_not_compose - len(step.broken):
            say(
                Say(
                    f"  {step.step}: {count(more)} more (column does_not_compose of the .csv)",
                    f"  {step.step} : {count(more)} autres (colonne does_not_compose du .csv)",
                )
            )
    say(MEND)


def _reps(step: StepPlan) -> None:
    """Say how the tasks of a step fall on the reps."""
    loads = step.reps
    most = ", ".join(
        f"{load.code} {count(load.asked)} ({load.utilisation:.0%})" for load in loads[:3] if load.capacity
    )
    tasks, middle = sum(load.asked for load in loads), loads[len(loads) // 2].asked
    say(
        Say(
            f"  {step.step}: {count(tasks)} tasks for {count(len(loads))} reps, {count(middle)} each in the middle; most: {most}",
            f"  {step.step} : {count(tasks)} tâches pour {count(len(loads))} délégués, {count(middle)} chacun au milieu ; le plus : {most}",
        )
    )


def show_unlike(app: App, campaign: str) -> int:
    """Tell which open runs of a campaign go on by other files than those of the project, and with how many members."""
    from engine.actions.against import against_running

    with app.database("against running") as connection:
        found = against_running(connection, app.project, campaign)
    if not found:
        say(
            Say(
                "Every open run of it goes by these very files.",
                "Toutes ses exécutions ouvertes suivent ces fichiers mêmes.",
            )
        )
    for one in found:
        say(
            Say(
                f"Run {one.run_id} ({one.slot}) keeps what it started with; {count(one.members)} members are under way in it."
                f" Your edit reaches the next slot:\n{one.files.en}",
                f"L'exécution {one.run_id} ({one.slot}) garde ce avec quoi elle a commencé ; {count(one.members)} membres y sont"
                f" en cours. Votre modification vaut pour le prochain départ :\n{one.files.fr}",
            )
        )
    return 0


def show_moved(path: Path, moved: Sequence[Moved], *, first: int = 20) -> None:
    """Tell the operator who moved since the plan, by number; all of them stand in a file."""
    import csv

    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as out:
        lines = csv.writer(out)
        lines.writerow(["customer_id", "was", "now", "reason"])
        lines.writerows(
            [one.customer_id, "; ".join(one.was), "; ".join(one.now), one.reason] for one in moved
        )
    table(
        [Say("customer", "client"), Say("was", "était"), Say("now", "maintenant"), Say("because", "car")],
        [
            [
                f"#{one.customer_id}",
                "; ".join(one.was),
                "; ".join(one.now),
                "" if one.reason is None else in_short(one.reason),
            ]
            for one in moved[:first]
        ],
    )
    say(
        Say(
            f"{count(len(moved))} customers moved; all of them: {path}",
            f"{count(len(moved))} clients ont bougé ; tous : {path}",
        )
    )
    say()


def _fall(universe: int, excluded: Mapping[str, int], held_out: int, enrolled: Mapping[str, int]) -> None:
    rows: list[list[object]] = [[Say("universe", "univers"), universe]]
    rows += [[f"  − {in_short(reason)}", number] for reason, number in excluded.items()]
    rows.append([Say("  − held out, left alone", "  − groupe témoin, laissé tranquille"), held_out])
    rows.append([Say("= enrolled", "= inscrits"), sum(enrolled.values())])
    if list(enrolled) != ["all"]:
        rows += [[f"    {cell}", number] for cell, number in enrolled.items()]
    table([Say("audience", "audience"), Say("customers", "clients")], rows)


def show_run(connection: Connection, campaign: str, slot: str) -> None:
    """Show one run: its audience, and where each step's touches stand."""
    for row in ledger.runs(connection, campaign):
        if row.slot != slot:
            continue
        heading(_titled(row))
        fall = enrolment.waterfall(connection, row.run_id)
        _fall(fall.universe, fall.excluded, fall.held_out, fall.enrolled)
        say()
        _touches(connection, row)


def show_runs(connection: Connection, campaign: str | None) -> None:
    """Show where the touches of every run stand, or of one campaign's runs."""
    rows = ledger.runs(connection, campaign)
    if not rows:
        say(
            Say(
                "Nothing has run yet. See 'touchbase plan CAMPAIGN'.",
                "Rien n'a encore été lancé. Voyez « touchbase plan CAMPAGNE ».",
            )
        )
    for row in rows:
        heading(_titled(row))
        _touches(connection, row)


def _titled(row: ledger.RunRow) -> Say:
    if row.closed_at is not None and row.state != "cancelled":
        state = Say("closed", "close")
    else:
        state = {
            "running": Say("running", "en cours"),
            "paused": Say("paused", "en pause"),
            "cancelled": Say("cancelled", "annulée"),
        }[row.state]
    because = f": {row.because}" if row.because else ""
    return Say(
        f"Run {row.run_id}: {row.campaign}, {row.slot}, {state.en}{because}",
        f"Exécution {row.run_id} : {row.campaign}, {row.slot}, {state.fr}{because}",
    )


def _touches(connection: Connection, row: ledger.RunRow) -> None:
    counts = ledger.counts(connection, row.run_id)
    if not counts:
        say(Say("No step has come due yet.", "Aucune étape n'est encore venue."))
        return
    final = ("accepted", "refused", "unknown", "excluded", "expired")
    table(
        [
            Say("step", "étape"),
            Say("channel", "canal"),
            Say("touched", "touchés"),
            Say("refused", "refusés"),
            Say("uncertain", "incertains"),
            Say("withheld", "retenus"),
            Say("expired", "échus"),
            Say("other", "autres"),
        ],
        [
            [
                step,
                channel,
                *(states.get(state, 0) for state in final),
                sum(number for state, number in states.items() if state not in final),
            ]
            for (step, channel), states in counts.items()
        ],
    )
