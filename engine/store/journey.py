"""The journey of a run's members, all at once: who leaves, for whom a step is due, whom the policy holds back."""

import datetime as dt
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, LiteralString
from zoneinfo import ZoneInfo

from engine.model.campaign import AnyCampaign, Step
from engine.model.policy import PROMOTIONAL, Policy, RulePack
from engine.model.segment import Library
from engine.rules.calendar import OVERSEAS, OWN_CALENDARS, region_of, so_many_working_days_later
from engine.rules.schedule import PATIENCE, Fixed, Moment, Relative, due, earliest, moment
from engine.store import audience, places, sql_segments, universal_holdout, workload
from engine.store.audience import RunScope
from engine.store.database import Connection, run
from engine.store.places import Place
from engine.store.statements import statement

DAYS: Final = 400
"""For how many days from enrolment on the working days of each calendar are worked out."""


ON_TIME: Final = dt.timedelta(hours=1)
"""How long after it came due a touch may leave without being asked again about caps and gaps; others keep that much away."""

SHIFT: Final = dt.timedelta(hours=2)
"""By more than that no clock is put forward or back: so many days are so many times 24 hours, give or take."""


@dataclass(frozen=True, slots=True)
class MaterialLimits:
    """What a step's material allows: whom it may be shown, and when. `None`: no limit."""

    references: tuple[str, ...] = ()  #: under which it, or what it hands over, can be withdrawn
    is_approved: bool = True
    countries: tuple[str, ...] | None = None
    kinds: tuple[str, ...] | None = None
    specialties: tuple[str, ...] | None = None
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Reach:
    """How one step reaches people: its channel's needs and its material's limits."""

    contact_point: str | None
    pepper: str  #: keys the fingerprints of suppressed addresses
    rep_type: str | None = None  #: None: any rep will do, none is needed
    material: MaterialLimits = field(default_factory=MaterialLimits)


def take_turn(connection: Connection) -> None:
    """Wait for the turn to plan; it ends with the transaction."""
    run(connection, statement("journey", "take_turn"))


def expire(connection: Connection, run_id: int, now: dt.datetime) -> int:
    """Let what is not out by the end of its window expire; return how many touches."""
    return run(connection, statement("journey", "expire"), {"run": run_id, "now": now}).rowcount


def leave(
    connection: Connection, run_id: int, campaign: AnyCampaign, library: Library, now: dt.datetime
) -> int:
    """Let members go for whom an exit holds, with what was planned for them; return how many left."""
    if campaign.exit is None:
        return 0
    scope = RunScope(run_id, campaign.campaign, tuple(campaign.steps), campaign.schedule.timezone)
    sql_segments.answer_condition(connection, campaign.exit, library, on=now)
    matching, parameters = audience.as_sql(
        audience.leaving(campaign.exit, library, scope, on=now), prefix="w"
    )
    text = statement("journey", "leave").replace("/*matching*/", matching)
    left = run(connection, text, parameters | {"run": run_id, "now": now}).rowcount
    clear_the_left(connection, run_id, now)
    return left


def clear_the_left(connection: Connection, run_id: int, now: dt.datetime) -> None:
    """Cancel and withdraw what was meant for members who left, or for a cancelled run."""
    for name in ("cancel_of_the_left", "withdraw_tasks", "withdrawn_outcomes"):
        run(connection, statement("journey", name), {"run": run_id, "now": now})


def come_due(
    connection: Connection,
    run_id: int,
    campaign: AnyCampaign,
    step_name: str,
    reach: Reach,
    library: Library,
    policy: Policy,
    rules: RulePack,
    enrolled: dt.datetime,
    now: dt.datetime,
    *,
    whatever_if: bool = False,
) -> dict[str, int]:
    """Plan a step for everybody for whom it is due; return how many touches are new, by state.

    With `whatever_if`, a forecast's question: for everybody whose time has come, whatever the step's `if` says.
    """
    step: Step = campaign.steps[step_name]
    zone = campaign.schedule.timezone
    when = due(step, enrolled, zone)
    until = None if step.until is None else moment(step.until, enrolled, zone)
    has_hours = places.have_hours(campaign, step, policy)
    where = places.of_members(connection, run_id) if has_hours else ()
    since = earliest(campaign, step_name, enrolled)
    parameters = judged_parameters(campaign, step, reach, policy, rules, now, where, since=since)
    bases: list[str] = []
    due_at = moment_as_sql(when, "b", bases, parameters, zone, enrolled)
    if until is None:
        not_after = f"{due_at} + %(patience)s::interval"
        parameters["patience"] = PATIENCE
    else:
        same = isinstance(until, Relative) and isinstance(when, Relative) and until.step == when.step
        not_after = moment_as_sql(until, "b" if same else "e", bases, parameters, zone, enrolled, "until_")
    matching = None
    if step.if_ is not None and not whatever_if:
        scope = RunScope(run_id, campaign.campaign, tuple(campaign.steps), campaign.schedule.timezone)
        matching, more = audience.as_sql(audience.matching(step.if_, library, scope, on=now), prefix="i")
        parameters |= more
    row = run(
        connection,
        "SELECT evaluated_at FROM step_progress WHERE run_id = %(run)s AND step = %(step)s",
        {"run": run_id, "step": step_name},
    ).fetchone()
    parameters |= {
        "run": run_id,
        "step": step_name,
        "campaign": campaign.campaign,
        "evaluated": enrolled - dt.timedelta(days=1) if row is None else row[0],
        "out_of_stock": is_out_of_stock(connection, campaign.brand),
        **universal_holdout.parameters(connection, campaign, policy, now),
    }
    filled, text = statement("journey", "fill_due"), statement("journey", "come_due")
    opens_at, out_of_season, opening = "m.due_at", "false", ""
    if has_hours:
        opening = statement("journey", "opening").replace("/*opens*/", statement("journey", "opens"))
        opens_at = (
            "CASE WHEN o.season_opens IS NULL OR o.season_opens >= m.not_after THEN m.due_at"
            " WHEN o.opens IS NULL THEN m.not_after WHEN o.opens > %(now)s THEN o.opens ELSE m.due_at END"
        )
        out_of_season = "o.season_opens IS NULL OR o.season_opens >= m.not_after"
    placed, remembered, reassigns = statement("journey", "placed_all"), "", False
    if reach.rep_type is not None:
        reassigns = "reassign" in workload.overflow(step)
        parameters |= workload.parameters(step, now, zone)
        placed = statement("journey", "placed_with_room").replace("/*room*/", statement("journey", "room"))
        placed = placed.replace("/*importance*/", workload.importance(step, library))
        remembered = f", remembered AS ({statement('journey', 'wait_for_room')})"
    text = text.replace("/*one_per_mailbox*/", statement("journey", "one_per_mailbox"))
    text = text.replace("/*placed*/", placed)
    for marker, fragment in {
        "opens_at": opens_at,
        "out_of_season": out_of_season,
        "opening": opening,
        "due_at": due_at,
        "not_after": not_after,
        "bases": " ".join(bases),
    }.items():
        filled = filled.replace(f"/*{marker}*/", fragment)
    new: dict[str, int] = {}

    def answer() -> None:
        if step.if_ is not None:
            sql_segments.answer_condition(connection, step.if_, library, on=now)

    def look(colleague: int, *, only_with_room: bool) -> int:
        """Plan for one rep of each customer; return for how many a colleague is still to be looked for."""
        asked = text.replace("/*judged*/", judged(colleague))
        asked = asked.replace("/*remembered*/", "" if only_with_room else remembered)
        asked = asked.replace("/*lacking*/", statement("journey", "lacking") if only_with_room else "")
        more = {"colleague": colleague, "only_with_room": only_with_room}
        lacking = 0
        with connection.transaction():
            if _fill_due(connection, filled, matching, parameters, answer):
                for state, count in run(connection, asked, parameters | more):
                    if state is None:
                        lacking = int(count)
                    else:
                        new[str(state)] = new.get(str(state), 0) + int(count)
            else:
                run(connection, statement("journey", "nothing_due"), parameters)
            run(connection, "DROP TABLE due")
        return lacking

    if reassigns:  # each look sees what the one before has planned, so nobody is given more than they can do
        row = run(connection, statement("journey", "colleagues"), {"now": now}).fetchone()
        for colleague in range(0 if row is None else row[0]):
            if not look(colleague, only_with_room=True):
                break  # to judge everybody once more costs as much as the first time
    look(0, only_with_room=False)
    return new


def _fill_due(
    connection: Connection,
    filled: LiteralString,
    matching: LiteralString | None,
    parameters: dict[str, Any],
    answer: Callable[[], None],
) -> bool:
    """Make the table `due`, in the caller's transaction; return whether anybody stands in it.

    Args:
        matching: Whom the step's `if` means: asked of those whose time has come, which is why it comes second.
        answer: Asks the segments in SQL that it names: half a minute each, and only where somebody is due.
    """
    run(connection, statement("journey", "due"))
    found = run(connection, filled, parameters).rowcount
    if found and matching is not None:
        answer()
        run(connection, "ANALYZE due")
        kept = statement("journey", "keep_matching").replace("/*matching*/", matching)
        found -= run(connection, kept, parameters).rowcount
    if found:
        run(connection, "ANALYZE due")
    return found > 0


def judged(colleague: int = 0) -> LiteralString:
    """Return the statement that judges everybody in `due`; for the first rep of each, or for so many after the first."""
    rep = statement("journey", "colleague_of_each" if colleague else "rep_of_each")
    rep = rep.replace("/*reps*/", statement("journey", "reps"))
    return statement("journey", "judged").replace("/*rep*/", rep)


def is_out_of_stock(connection: Connection, brand: str | None) -> bool:
    """Return whether every presentation of a brand has run out; a brand whose stock nobody tells us has not."""
    row = run(connection, statement("journey", "is_out_of_stock"), {"brand": brand}).fetchone()
    return row is not None and bool(row[0])


def judged_parameters(
    campaign: AnyCampaign,
    step: Step,
    reach: Reach,
    policy: Policy,
    rules: RulePack,
    now: dt.datetime,
    where: Sequence[Place] = (),
    *,
    since: dt.datetime | None = None,
) -> dict[str, Any]:
    """Return what `judged` and the gate need to know of a step: rules of the country, caps of the company, its material.

    `where` are the places of those it concerns; the gate asks of each whether it is open. `since` is a moment before
    which the step is due for nobody (else `now`): what lies further back than the rules' windows is not read.
    """
    channel, purpose, day = step.channel, campaign.purpose, now.date()
    consent = rules.consent_for(channel, purpose, day)
    counted_caps = [
        cap
        for cap in policy.caps
        if channel in cap.channels and (cap.counted is None or purpose in cap.counted)
    ]
    counted_gaps = [
        gap for gap in policy.gaps if gap.no == channel and (gap.counted is None or purpose in gap.counted)
    ]
    windows = [*(cap.per for cap in counted_caps), *(gap.within for gap in counted_gaps)]
    has_rules = bool(windows) and purpose != "safety"
    limits = reach.material
    return places.opening_parameters(where, campaign, step, policy, now) | {
        "channel": channel,
        "purpose": purpose,
        "brand": campaign.brand,
        "now": now,
        "safety": purpose == "safety",
        "kinds": rules.allowed_kinds(purpose, day),
        "stops": ["*", channel, f"{channel}:{purpose}"],
        "none_means": "no" if consent is None else consent.none_means,
        "personal_needs_opt_in": consent is None or consent.personal_needs_opt_in,
        "has_hours": places.have_hours(campaign, step, policy),
        "contact_point": reach.contact_point,
        "pepper": reach.pepper,
        "rep_type": reach.rep_type,
        "promotional": purpose in PROMOTIONAL,
        "zone": campaign.schedule.timezone,
        "today": now.astimezone(ZoneInfo(campaign.schedule.timezone)).date(),
        "material_references": list(limits.references),
        "material_approved": limits.is_approved,
        "material_countries": None if limits.countries is None else list(limits.countries),
        "material_kinds": None if limits.kinds is None else list(limits.kinds),
        "material_specialties": None if limits.specialties is None else list(limits.specialties),
        "material_from": limits.valid_from,
        "material_to": limits.valid_to,
        "counted_channels": sorted(
            {channel for cap in counted_caps for channel in cap.channels}
            | {gap.after for gap in counted_gaps}
        ),
        "history_since": (since or now) - max(windows, default=dt.timedelta()) - SHIFT,
        "has_rules": has_rules,
        "on_time": ON_TIME,
        "overseas": list(OVERSEAS),
        "overseas_zones": list(OVERSEAS.values()),
        "caps": json.dumps(
            [
                {
                    "name": cap.name,
                    "max": cap.max,
                    "per": f"{cap.per.total_seconds():.0f} s",
                    "shift": _shift(cap.per),
                    "channels": cap.channels,
                    "purposes": cap.counted,
                    "same_brand": cap.brands == "same",
                }
                for cap in counted_caps
            ]
        ),
        "gaps": json.dumps(
            [
                {
                    "name": gap.name,
                    "after": gap.after,
                    "within": f"{gap.within.total_seconds():.0f} s",
                    "shift": _shift(gap.within),
                    "purposes": gap.counted,
                }
                for gap in counted_gaps
            ]
        ),
    }


def _shift(window: dt.timedelta) -> str:
    """Return how near to the end of a window the customer's own clock is asked: windows of whole days count its days."""
    return f"{SHIFT.total_seconds():.0f} s" if window % dt.timedelta(days=1) == dt.timedelta(0) else "0 s"


def moment_as_sql(
    when: Moment,
    alias: str,
    bases: list[str],
    parameters: dict[str, Any],
    zone: str,
    enrolled: dt.datetime,
    prefix: str = "",
) -> str:
    """Return a moment as SQL; one that is counted from another step joins that step's touches.

    Working days are those of the customer's own region: a list for each calendar, one after the other, of which a member
    takes one day by its place.
    """
    match when:
        case Fixed(at=at):
            parameters[f"{prefix}at"] = at
            return f"%({prefix}at)s::timestamptz"
        case Relative(step=step, delay=delay, working_days=working):
            joins = [
                f"JOIN touch {alias} ON {alias}.run_id = m.run_id AND {alias}.customer_id = m.customer_id"
                f" AND {alias}.step = %({alias}_base)s"
                f" AND {alias}.state IN ('accepted','unknown','excluded','expired','refused','render_failed','cancelled')"
            ]
            if working:
                joins.append(f"JOIN customer {alias}_of ON {alias}_of.customer_id = m.customer_id")
            bases += [join for join in joins if join not in bases]
            parameters |= {f"{alias}_base": step, f"{prefix}delay": delay, "zone": zone}
            local = f"(coalesce({alias}.touched_at, {alias}.due_at) AT TIME ZONE %(zone)s)"
            if not working:
                return f"(({local} + %({prefix}delay)s::interval) AT TIME ZONE %(zone)s)"
            first = enrolled.date() - dt.timedelta(days=1)
            calendars = ["FR", *(region_of(department) for department in OWN_CALENDARS)]
            later = [so_many_working_days_later(first, DAYS, delay.days, region) for region in calendars]
            parameters |= {
                "first_day": first,
                "own_calendars": list(OWN_CALENDARS),
                f"{prefix}later": [day for days in later for day in days],
            }
            calendar = f"coalesce(array_position(%(own_calendars)s::text[], {alias}_of.department), 0)"
            number = f"({local}::date - %(first_day)s::date)"
            return (
                f"(((%({prefix}later)s::date[])[CASE WHEN {number} BETWEEN 0 AND {DAYS - 1} THEN {calendar} * {DAYS} + {number} + 1 END]"
                f" + {local}::time) AT TIME ZONE %(zone)s)"
            )
