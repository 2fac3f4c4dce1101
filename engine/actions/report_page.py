"""The report as one HTML page that needs no network: charts are drawn as SVG in the page itself."""

import datetime as dt
from base64 import b64encode
from collections.abc import Sequence
from functools import cache, partial
from hashlib import sha256
from importlib.resources import files
from itertools import pairwise
from zoneinfo import ZoneInfo

from jinja2 import DictLoader, Environment, StrictUndefined, select_autoescape

from engine.actions import report_words
from engine.actions.report import GoalFigures, Report
from engine.problems import Language
from engine.rules import figures

ZONE = ZoneInfo("Europe/Paris")


@cache
def _environment() -> Environment:
    folder = files("engine.actions") / "pages"
    names = ("report.html", "report_charts.html", "report.css")
    texts = {name: (folder / name).read_text(encoding="utf-8") for name in names}
    environment = Environment(
        loader=DictLoader(texts),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(polyline=polyline, area=area, shares_axis=shares_axis, forest=forest)
    return environment


def render(report: Report, language: Language = "fr") -> str:
    """Return the page; it can be opened, mailed and archived as it is."""
    return (
        _environment()
        .get_template("report.html")
        .render(
            report=report,
            lang=language,
            t=lambda fr, en: fr if language == "fr" else en,
            n=partial(figures.number, language=language),
            pct=partial(figures.percent, language=language),
            pts=partial(figures.points, language=language),
            eur=partial(figures.euros, language=language),
            day=partial(_day, language=language),
            slot=partial(slot_in_words, language=language),
            word=lambda words, key: report_words.word(getattr(report_words, words), key, language),
            why=lambda key: report_words.reason(key, language),
            days=_days(report),
        )
    )


def style_hash() -> str:
    """Return what a Content-Security-Policy must say to allow the page's own style and no other."""
    style = (
        "\n"
        + (files("engine.actions") / "pages" / "report.css").read_text(encoding="utf-8").rstrip("\n")
        + "\n"
    )
    return "sha256-" + b64encode(sha256(style.encode()).digest()).decode()


def _day(moment: dt.date, language: Language) -> str:
    local = moment.astimezone(ZONE) if isinstance(moment, dt.datetime) else moment
    return figures.day(local, language)


def slot_in_words(slot: str, language: Language) -> str:
    """Return a slot as people say it; its zone goes without saying where it is the reader's.

    >>> slot_in_words("2026-03-03T09:30[Europe/Paris]", "en")
    '3 Mar 2026 09:30'
    """
    moment, _, zone = slot.partition("[")
    try:
        when = dt.datetime.fromisoformat(moment)
    except ValueError:
        return slot
    said = f"{figures.day(when, language)} {when:%H:%M}"
    return said if zone in ("", "Europe/Paris]") else f"{said} ({zone.rstrip(']')})"


def _days(report: Report) -> tuple[dt.date, int, dt.date]:
    """Return the first day of any touch, how many days all of them span, the last: one axis for all steps."""
    touched = [day for step in report.steps for day, _ in step.days]
    if not touched:
        return (report.made_at.date(), 1, report.made_at.date())
    return (min(touched), (max(touched) - min(touched)).days + 1, max(touched))


def polyline(values: Sequence[float], highest: float) -> str:
    """Return the points of a stepped line through values, in a box of 100 by 100 with 0 at the bottom.

    >>> polyline([0, 0.5], 1)
    '0,100.00 100.00,100.00 100.00,50.00'
    """
    if not values or highest <= 0:
        return "0,100 100,100"
    width = 100 / max(1, len(values) - 1)
    heights = [100 - 100 * value / highest for value in values]
    points = [f"0,{heights[0]:.2f}"]
    for index, (before, height) in enumerate(pairwise(heights), 1):
        points += [f"{index * width:.2f},{before:.2f}", f"{index * width:.2f},{height:.2f}"]
    return " ".join(points)


def area(values: Sequence[float], highest: float) -> str:
    """Return the same line, closed along the bottom."""
    return f"0,100 {polyline(values, highest)} 100,100"


def shares_axis(highest: float) -> tuple[float, float]:
    """Return a round top for an axis of shares and its step, for two to five lines.

    >>> shares_axis(0.087)
    (0.1, 0.02)
    """
    for step in (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25):
        lines = -(-highest // step)  # rounded up
        if lines <= 5:
            return (round(max(2.0, lines) * step, 4), step)
    return (1.0, 0.25)


def forest(goal: GoalFigures) -> dict[str, float]:
    """Return where 0 lies and how wide a point is, so that all intervals of a goal fit one axis of 0 to 100."""
    effects = [
        effect for effect in (goal.effect, *(cell.effect for cell in goal.cells)) if effect is not None
    ]
    low = min([0.0, *(effect.low for effect in effects)])
    high = max([0.0, *(effect.high for effect in effects)])
    room = 0.06 * ((high - low) or 1.0)
    low, high = low - room, high + room
    return {"low": low, "high": high, "zero": 100 * -low / (high - low), "scale": 100 / (high - low)}
