"""A rep's tasks as files: a table, and a calendar."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from engine.content.notes import to_find_out
from engine.content.spreadsheet import table

ZONE: Final = ZoneInfo("Europe/Paris")

TYPES: Final = {
    "visit_f2f": "Visite",
    "remote_visit": "Visite à distance",
    "group_meeting": "Réunion",
    "phone_detail": "Entretien téléphonique",
    "obtain_agreement": "Accord préalable",
    "collect_consent": "Recueil d'accord",
    "deliver_document": "Remise de document",
    "order_taking": "Prise de commande",
}
STATUSES: Final = {
    "open": "à planifier",
    "scheduled": "planifiée",
    "done": "faite",
    "dismissed": "écartée",
    "withdrawn": "retirée",
    "expired": "échue",
}
TOUCHES: Final = {
    "email": "e-mail",
    "mailing": "courrier",
    "visit": "visite",
    "remote_visit": "visite à distance",
    "call": "appel",
    "congress": "congrès",
    "order_desk": "commande",
    "click": "clic",
    "form": "formulaire",
    "order": "commande",
    "reply": "réponse",
    "registration": "inscription",
    "visit_outcome": "compte rendu de visite",
}
"""What a last touch was: a channel of ours, or an answer."""
_OFF: Final = ("withdrawn", "expired", "dismissed")


@dataclass(frozen=True, slots=True)
class RepTask:
    """A visit task as a rep's files show it."""

    rep: str
    rep_name: str
    task_id: str
    type: str
    not_before: dt.date
    due_on: dt.date
    priority: int
    reason: str
    content: Mapping[str, Any]
    status: str
    scheduled_at: dt.datetime | None  #: aware
    sequence: int
    changed_at: dt.datetime  #: aware
    campaign: str
    brand: str | None

    @property
    def who(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.content.get("who") or {}
        return found

    @property
    def place(self) -> str:
        """Return street, postcode and town on one line."""
        who = self.who
        town = " ".join(str(who[part]) for part in ("postcode", "town") if who.get(part))
        return ", ".join(part for part in (who.get("street"), town) if part)

    @property
    def offer(self) -> str:
        offer = self.content.get("offer") or {}
        label, code = offer.get("label"), offer.get("code")
        return " ".join(part for part in (label, f"(code {code})" if code else None) if part)


HEADER: Final = (
    "tache", "statut", "du", "au", "priorite", "type", "client", "specialite", "adresse", "telephone", "motif",
    "offre", "points", "a_remettre", "documents", "a_completer", "derniers_contacts", "campagne", "marque",
)  # fmt: skip


def csv_of(tasks: Iterable[RepTask]) -> bytes:
    """Return the open tasks as a table for a spreadsheet; nothing in it becomes a formula."""
    return table(HEADER, (_row(task) for task in tasks if task.status not in _OFF))


def _row(task: RepTask) -> tuple[object, ...]:
    content, who = task.content, task.who
    return (
        task.task_id,
        STATUSES.get(task.status, task.status),
        f"{task.not_before:%d/%m/%Y}",
        f"{task.due_on:%d/%m/%Y}",
        task.priority,
        TYPES.get(task.type, task.type),
        who.get("name"),
        who.get("specialty"),
        task.place,
        who.get("phone"),
        task.reason,
        task.offer,
        " / ".join(content.get("points") or ()),
        " / ".join(content.get("hand_over") or ()),
        " / ".join(content.get("materials") or ()),
        to_find_out(content.get("missing") or ()),
        " / ".join(
            f"{touch['at'][:10]} {_touch(touch)} {touch.get('campaign') or ''}".strip()
            for touch in content.get("last_touches") or ()
        ),
        task.campaign,
        task.brand,
    )


def _touch(touch: Mapping[str, Any]) -> str:
    what = str(touch.get("what") or "")
    return TOUCHES.get(what, what)


def ics_of(name: str, tasks: Sequence[RepTask], *, link: str | None = None) -> bytes:
    """Return a rep's calendar.

    A task with an hour is an event at that hour; one without is an event of the whole day on which it
    is due, that blocks nothing, since calendars open events and many pass over VTODO. The UID is the
    task, so a second export replaces the first one's entries; what was taken back stays for a while
    as cancelled. The text has the reason and the points; no health data, for there is none.

    Args:
        link: Where tasks are reported: the task's id is put behind it.
    """
    from icalendar import Calendar, Event

    calendar = Calendar()
    calendar.add("prodid", "-//Touchbase//visit tasks//FR")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", f"Visites {name}")
    calendar.add("x-wr-timezone", ZONE.key)
    for task in tasks:
        event = Event()
        event.add("uid", task.task_id)
        event.add("sequence", task.sequence)
        event.add("dtstamp", task.changed_at.astimezone(dt.UTC))
        event.add("last-modified", task.changed_at.astimezone(dt.UTC))
        kind, client = TYPES.get(task.type, task.type), task.who.get("name") or task.task_id
        if task.scheduled_at is not None:
            start = task.scheduled_at.astimezone(ZONE)
            event.add("dtstart", start)
            event.add("dtend", start + dt.timedelta(minutes=30))
            event.add("summary", f"{kind} : {client}")
        else:
            event.add("dtstart", task.due_on)
            event.add("dtend", task.due_on + dt.timedelta(days=1))
            event.add("transp", "TRANSPARENT")
            event.add("summary", f"{kind} : {client} (au plus tard)")
        event.add("status", "CANCELLED" if task.status in _OFF else "CONFIRMED")
        event.add("priority", max(1, min(9, 10 - (task.priority + 9) // 11)))  # 1 is the highest there
        event.add("categories", [word for word in (task.brand, task.campaign) if word])
        if task.place:
            event.add("location", task.place)
        event.add("description", _description(task))
        if link is not None:
            event.add("url", link + task.task_id)
        calendar.add_component(event)
    if any(task.scheduled_at is not None for task in tasks):
        calendar.subcomponents.insert(0, _zone())
    written: bytes = calendar.to_ical()
    return written


@lru_cache
def _zone() -> Any:
    """Return what a calendar says of the zone of its hours: eighty years of changes, worked out once."""
    from icalendar import Timezone

    return Timezone.from_tzid(ZONE.key)


def _description(task: RepTask) -> str:
    content = task.content
    window = f"Du {task.not_before:%d/%m/%Y} au {task.due_on:%d/%m/%Y}"
    parts = [f"Pourquoi : {task.reason}", window]
    if task.who.get("phone"):
        parts.append(f"Téléphone : {task.who['phone']}")
    if task.offer:
        parts.append(f"Offre : {task.offer}")
    points = [f"- {point}" for point in content.get("points") or ()]
    if points:
        parts.append("\n".join([content.get("title") or "Points", *points]))
    if content.get("missing"):
        parts.append("À compléter : " + to_find_out(content["missing"]))
    return "\n\n".join(parts)
