"""The report for the terminal: the same figures as the page, as rich tables."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from engine.actions import report_words
from engine.actions.report import GoalFigures, Report, StepFigures
from engine.actions.report_page import slot_in_words
from engine.problems import Language, Say
from engine.rules.figures import euros, number, percent, points

_BAR = 32


def tables(report: Report, language: Language) -> Iterator[RenderableType]:
    """Yield what `touchbase report` prints, in order."""
    said = Text(f"{report.title}", style="bold")
    state = report_words.word(report_words.STATES, report.state, language)
    said.append(
        f"\n{report.campaign} · run {report.run_id} · {slot_in_words(report.slot, language)} · {state}", "dim"
    )
    yield said
    for goal in report.goals:
        yield Text("")
        yield from _goal(goal, language)
    yield Text("")
    yield _waterfall(report, language)
    yield Text("")
    yield _steps(report, language)
    for step in report.steps:
        if reactions := _reactions(step, language):
            yield Padding(Text(f"{step.name}: {reactions}", "dim"), (0, 0, 0, 2))
    yield Text("")
    yield _costs(report, language)


def _t(english: str, french: str, language: Language) -> str:
    return Say(english, french).in_(language)


def _goal(goal: GoalFigures, language: Language) -> Iterator[RenderableType]:
    what = report_words.word(report_words.RESPONSES, goal.response, language)
    style = "bold"
    if goal.effect is not None and goal.effect.shows_effect:
        style = "bold green" if goal.effect.estimate > 0 else "bold red"
    yield Text(f"{_t('Goal', 'Objectif', language)} {goal.name}: {what}, {goal.within.days} d", "bold")
    yield Padding(Text(goal.sentence.in_(language), style), (0, 0, 0, 2))
    if goal.effect is not None and len(goal.cells) > 1:
        table = Table(box=None, padding=(0, 2), show_header=False)
        for cell in goal.cells:
            if cell.effect is not None:
                interval = f"{points(cell.effect.low, language)} … {points(cell.effect.high, language)}"
                rate = f"{percent(cell.cell.rate, language)} ({cell.cell.responded}/{cell.cell.customers})"
                table.add_row(cell.name, rate, points(cell.effect.estimate, language), interval)
        yield table
    if goal.return_sentence is not None:
        yield Padding(Text(goal.return_sentence.in_(language)), (0, 0, 0, 2))
    if not goal.is_over:
        until = goal.ends_at.date().isoformat()
        note = _t(
            f"Provisional: responses count until {until}.",
            f"Provisoire : réponses comptées jusqu'au {until}.",
            language,
        )
        yield Padding(Text(note, "yellow"), (0, 0, 0, 2))


def _waterfall(report: Report, language: Language) -> Table:
    fall = report.waterfall
    table = Table(
        title=_t("Who is where", "Qui est où", language), title_justify="left", box=None, padding=(0, 2)
    )
    table.add_column("")
    table.add_column("", justify="right")
    table.add_column("")

    def add(name: str, count: int, color: str, sign: str = "") -> None:
        length = round(_BAR * count / fall.universe) if fall.universe else 0
        bar = Text("█" * max(length, 1 if count else 0), color)
        table.add_row(name, f"{sign}{number(count, language)}", bar)

    add(_t("universe", "univers", language), fall.universe, "white")
    for reason, count in fall.excluded:
        add(f"  {report_words.reason(reason, language)}", count, "bright_black", "−")
    add(_t("left alone, to compare", "témoins, laissés tranquilles", language), fall.held_out, "magenta", "−")
    add(_t("enrolled", "inscrits", language), fall.enrolled, "cyan")
    for name, enrolled, _ in fall.cells if len(fall.cells) > 1 else ():
        add(f"  {name}", enrolled, "cyan")
    add(_t("reached at least once", "touchés au moins une fois", language), fall.touched, "green")
    return table


def _steps(report: Report, language: Language) -> Table:
    table = Table(
        title=_t("Step by step", "Étape par étape", language), title_justify="left", box=None, padding=(0, 2)
    )
    names = [
        ("step", "étape"), ("channel", "canal"), ("due", "à leur tour"), ("touched", "touchés"), ("uncertain", "incertains"),
        ("waiting", "en attente"), ("withheld", "exclus"), ("refused", "refusés"), ("expired", "trop tard")
    ]  # fmt: skip
    for index, (english, french) in enumerate(names):
        table.add_column(_t(english, french, language), justify="left" if index in (0, 1) else "right")
    for step in report.steps:
        table.add_row(
            step.name,
            report_words.word(report_words.CHANNELS, step.channel, language),
            *_counts(step, language),
        )
    return table


def _counts(step: StepFigures, language: Language) -> list[str]:
    withheld = sum(count for _, count in step.excluded) + step.cancelled
    refused = sum(count for _, count in step.refused)
    counts = [step.due, step.touched, step.unknown, step.waiting, withheld, refused, step.expired]
    return [number(count, language) if count else "·" for count in counts]


def _reactions(step: StepFigures, language: Language) -> str:
    return ", ".join(
        f"{number(count, language)} {report_words.word(report_words.RESPONSES, kind, language)}"
        for kind, count in step.reactions
        if kind not in ("open_machine", "click_suspect")
    )


def _costs(report: Report, language: Language) -> Table:
    table = Table(
        title=_t("Costs", "Coûts", language),
        title_justify="left",
        box=None,
        padding=(0, 2),
        show_header=False,
    )
    table.add_column()
    table.add_column(justify="right")
    table.add_column(justify="right")
    for channel, touched, cost in report.costs:
        name = report_words.word(report_words.CHANNELS, channel, language)
        table.add_row(name, number(touched, language), euros(cost, language, 2))
    total = _t("total", "ensemble", language)
    if report.budget is not None:
        total += _t(f" of {euros(report.budget, 'en')}", f" sur {euros(report.budget, 'fr')}", language)
    table.add_row(Text(total, "bold"), "", Text(euros(report.cost, language, 2), "bold"))
    return table
