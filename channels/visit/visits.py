"""Visits as a channel: the boundary is a row in our own database, written where the receipt is."""

import datetime as dt
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

from channels.visit.step import Priority, VisitStep
from channels.visit.task import Task, last_touches, reason
from engine.content import fill, notes
from engine.content.card import other_kind
from engine.content.formats import percent, phone
from engine.contract import (
    Addressee,
    Composer,
    Customer,
    Ending,
    Failure,
    Parcel,
    Receipt,
    Refusal,
    Transaction,
    Wave,
    untold,
)
from engine.model.written import TouchId
from engine.problems import Fault, Problem, Say, did_you_mean
from engine.rules.calendar import add_working_days, is_working_day, region_of, working_day_on_or_after

# The touch is the task's key: handed over twice, it is one task.
_INSERT: Final = """
INSERT INTO visit_task (touch_id, task_id, rep_id, customer_id, type, not_before, due_on, priority, reason, content)
SELECT touch_id, task_id, rep_id, customer_id, type, not_before, due_on, priority, reason, content::jsonb
  FROM unnest(%(touches)s::bigint[], %(ids)s::text[], %(reps)s::integer[], %(customers)s::bigint[], %(types)s::text[],
              %(starts)s::date[], %(ends)s::date[], %(priorities)s::smallint[], %(reasons)s::text[], %(contents)s::text[])
       AS t (touch_id, task_id, rep_id, customer_id, type, not_before, due_on, priority, reason, content)
 ORDER BY touch_id
    ON CONFLICT (touch_id) DO NOTHING"""


class Visits:
    """Tasks for representatives."""

    name = "visit"
    step = VisitStep
    contact_point = None
    batch = 1000
    repeat_is_safe = True
    wants_history = True
    wants_phone = True

    def check(self, step: VisitStep, files: Mapping[str, str]) -> Iterable[Fault | Problem]:
        """Yield what is wrong with a visit: its talking points, and an overflow that never ends."""
        points = step.task.talking_points
        if notes.file_of(points) not in files:
            known = [
                path.removeprefix("templates/").removesuffix(".md") for path in files if path.endswith(".md")
            ]
            yield Fault(
                ("task", "talking_points"),
                Say(f"there are no talking points '{points}'", f"il n'y a pas d'argumentaire « {points} »"),
                other_kind(files, points, ".md") or did_you_mean(points, known),
            )
        else:
            yield from notes.check(points, files)
        last = [place for place, act in enumerate(step.task.overflow) if act == "drop"]
        if last and last[0] < len(step.task.overflow) - 1:
            yield Fault(
                ("task", "overflow", last[0] + 1),
                Say("nothing is left after 'drop'", "il ne reste rien après « drop »"),
                Say("Put 'drop' last.", "Mettez « drop » en dernier."),
            )

    def prepare(self, wave: Wave) -> Composer:
        step: VisitStep = wave.step
        task, campaign = step.task, wave.campaign
        note = notes.compiled(task.talking_points, wave.files[notes.file_of(task.talking_points)])
        today = wave.on.astimezone(ZoneInfo(campaign.schedule.timezone)).date()
        front = f"TB-{campaign.campaign}-{wave.run_id}-{wave.step_name}-"
        about = {"name": campaign.campaign, "title": campaign.title, "brand": campaign.brand or ""}

        def compose(addressee: Addressee) -> Parcel | Failure:
            customer = addressee.customer
            if customer.rep is None:
                return Failure(Refusal.NO_REP)
            offer = wave.offers.get(addressee.cell or "")
            values = fill.words(customer=customer, rep=customer.rep, offer=offer, campaign=about)
            if offer is not None and offer.discount is not None:
                values["offer.discount"] = percent(offer.discount)
            try:
                points = note.points(values)
            except fill.Unfillable as error:
                return Failure(Refusal.NOT_RENDERED, str(error))
            start, end = window(today, addressee, task.within, campaign.schedule.timezone)
            done = Task(
                task_id=f"{front}{customer.customer_id}",
                customer_id=int(customer.customer_id),
                type=task.type,
                not_before=start,
                due_on=end,
                priority=task.priority.of(customer.facts.get(task.priority.by))
                if isinstance(task.priority, Priority)
                else task.priority,
                reason=reason(customer.history, today, campaign.title),
                content={
                    "campaign": about,
                    "step": wave.step_name,
                    "title": note.front.title,
                    "points": list(points),
                    "materials": note.front.materials,
                    "hand_over": note.front.hand_over,
                    "brands": note.front.brands or ([campaign.brand] if campaign.brand else []),
                    "offer": {
                        name.removeprefix("offer."): str(value)
                        for name, value in values.items()
                        if name.startswith("offer.")
                    },
                    "who": _who(customer),
                    "missing": missing(customer, note.front.ask),
                    "last_touches": last_touches(customer.history),
                },
            )
            return Parcel(
                addressee.touch, address=customer.rep.code, content=done, rep_id=customer.rep.rep_id
            )

        return compose

    def shown(self, parcel: Parcel) -> tuple[str, str]:
        """Return who is visited by whom, and the task as the inbox shows it, in plain text."""
        task: Task = parcel.content
        content = task.content
        lines = [
            f"{task.not_before:%d/%m/%Y} - {task.due_on:%d/%m/%Y}, {parcel.address}, {task.priority}/100",
            task.reason,
            "",
            content["title"],
            *(f"- {point}" for point in content["points"]),
        ]
        if content["missing"]:
            lines += ["", "À compléter : " + notes.to_find_out(content["missing"])]
        return f"{task.type} : {content['who']['name']}", "\n".join(lines)

    def deliver(
        self,
        wave: Wave,
        parcels: Iterable[Parcel],
        transaction: Transaction,
        may_leave: Callable[[TouchId], bool] = untold,
    ) -> Iterator[Receipt]:
        """Write the tasks of all parcels in one statement."""
        parcels = list(parcels)
        tasks: list[Task] = [parcel.content for parcel in parcels]
        transaction.execute(
            _INSERT,
            {
                "touches": [parcel.touch for parcel in parcels],
                "ids": [task.task_id for task in tasks],
                "reps": [parcel.rep_id for parcel in parcels],
                "customers": [task.customer_id for task in tasks],
                "types": [task.type for task in tasks],
                "starts": [task.not_before for task in tasks],
                "ends": [task.due_on for task in tasks],
                "priorities": [task.priority for task in tasks],
                "reasons": [task.reason for task in tasks],
                "contents": [json.dumps(task.content, ensure_ascii=False) for task in tasks],
            },
        )
        cost = float(wave.step.cost or 0)
        yield from (Receipt(parcel.touch, Ending.ACCEPTED, cost=cost) for parcel in parcels)


def window(today: dt.date, addressee: Addressee, within: dt.timedelta, zone: str) -> tuple[dt.date, dt.date]:
    """Return the first and the last day of a visit, both working days of the customer's region where one is left."""
    region = region_of(addressee.customer.department)
    start = working_day_on_or_after(today, region)
    end = (
        today + within
        if addressee.not_after is None
        else addressee.not_after.astimezone(ZoneInfo(zone)).date()
    )
    if not is_working_day(end, region):
        end = add_working_days(end, -1, region)
    return start, max(start, end)


def missing(customer: Customer, asked: Sequence[str]) -> list[str]:
    """Return what of the asked-for is to be found out; of a channel's customer we know the phone only."""
    return [word for word in asked if word != "phone" or customer.phone is None]


def _who(customer: Customer) -> dict[str, Any]:
    """Return whom and where, as the inbox shows it. No identifier of a patient, no health data: there is none."""
    return {
        "name": customer.name,
        "specialty": customer.specialty_group,
        "street": customer.street,
        "postcode": customer.postcode,
        "town": customer.town,
        "phone": customer.phone and phone(customer.phone, between=" "),
        "cluster": f"{(customer.department or '')}|{customer.postcode or ''}",
    }
