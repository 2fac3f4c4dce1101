"""What a rep is given for one customer: a task that says why, when and what for."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

CHANNELS: Final = {"email": "l'e-mail", "mailing": "le courrier", "visit": "la visite", "call": "l'appel"}


@dataclass(frozen=True, slots=True)
class Task:
    """A visit task: one row of `visit_task`. Frozen; the same at every attempt."""

    task_id: str
    customer_id: int
    type: str
    not_before: dt.date
    due_on: dt.date
    priority: int  #: 1..100
    reason: str
    content: Mapping[str, Any]  #: JSON: what the inbox shows


def reason(history: Sequence[Mapping[str, Any]], on: dt.date, otherwise: str) -> str:
    """Return in one sentence why this customer now; `history` is newest first, `otherwise` if it says nothing.

    >>> when = dt.datetime(2026, 10, 12, 9, tzinfo=dt.UTC)
    >>> reason([{"at": when, "channel": None, "response": "click", "step": "announce"}], dt.date(2026, 10, 20), "")
    "a cliqué l'e-mail du 12/10 ; aucune visite connue"
    """
    parts = [part for part in (_answer(history, on), _seen(history, on)) if part]
    if not history:
        return f"{otherwise} ; premier contact"
    return " ; ".join(parts) if parts else otherwise


def _answer(history: Sequence[Mapping[str, Any]], on: dt.date) -> str:
    for entry in history:
        said = {
            "click": "a cliqué l'e-mail du",
            "form": "a rempli le formulaire le",
            "order": "a commandé le",
            "reply": "a répondu le",
            "registration": "s'est inscrit le",
        }.get(str(entry.get("response")))
        if said:
            return f"{said} {_day(entry['at'], on)}"
    for entry in history:
        if entry.get("response") is None and entry.get("channel") in ("email", "mailing"):
            return f"a reçu {CHANNELS[entry['channel']]} du {_day(entry['at'], on)}, sans réponse"
    return ""


def _seen(history: Sequence[Mapping[str, Any]], on: dt.date) -> str:
    visits = [
        entry["at"].date()
        for entry in history
        if (entry.get("channel") == "visit" and entry.get("outcome") in (None, "done"))
        or entry.get("response") == "visit_outcome"
    ]
    if not visits:
        return "aucune visite connue"
    days = (on - max(visits)).days
    return f"non vu depuis {days} j" if days > 0 else "vu aujourd'hui"


def _day(at: dt.datetime, on: dt.date) -> str:
    return f"{at:%d/%m}" if abs((on - at.date()).days) < 300 else f"{at:%d/%m/%Y}"


def last_touches(history: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the history as the inbox shows it: plain values, newest first, ten at most."""
    return [
        {
            "at": entry["at"].isoformat(timespec="minutes"),
            "what": entry.get("response") or entry.get("channel"),
            "channel": entry.get("channel"),
            "campaign": entry.get("campaign"),
            "step": entry.get("step"),
            "outcome": entry.get("outcome"),
        }
        for entry in history[:10]
    ]
