"""What a run did and what it changed: every figure of the report, as one value."""

import datetime as dt
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal

from engine.model.campaign import AnyCampaign, Goal
from engine.model.written import RunId
from engine.problems import Say, UsageError
from engine.rules import measurement
from engine.rules.figures import percent
from engine.rules.measurement import Cell, Interval, Value
from engine.store import reading
from engine.store.database import Connection
from engine.store.reading import Members, Reached, Reaction, RunRow, Touches

WAITING = frozenset({"planned", "ready", "claimed", "gated", "parked"})


@dataclass(frozen=True, slots=True)
class Waterfall:
    """Where everybody in the universe is: universe = excluded + held out + enrolled."""

    universe: int
    excluded: tuple[tuple[str, int], ...]  #: by primary reason, the most frequent first
    held_out: int
    enrolled: int
    cells: tuple[tuple[str, int, int], ...]  #: name, enrolled, touched
    touched: int  #: enrolled members that any step reached
    left: int  #: enrolled members for whom an exit held


@dataclass(frozen=True, slots=True)
class StepFigures:
    """What one step did: due = touched + unknown + withheld + expired + ended + waiting."""

    name: str
    channel: str
    due: int
    touched: int
    unknown: int
    waiting: int
    expired: int
    cancelled: int
    excluded: tuple[tuple[str, int], ...]
    refused: tuple[tuple[str, int], ...]  #: by the channel, and parcels that did not compose
    outcomes: tuple[tuple[str, int], ...]  #: later news of what was touched: bounced, returned, done
    reactions: tuple[tuple[str, int], ...]  #: customers by kind of response
    cost: Decimal
    days: tuple[tuple[dt.date, int], ...]  #: touched by day, local to the campaign


@dataclass(frozen=True, slots=True)
class CellFigures:
    """One cell against everybody held out."""

    name: str
    cell: Cell
    effect: Interval | None


@dataclass(frozen=True, slots=True)
class GoalFigures:
    """One goal, counted alike on everybody who was to be treated and on everybody left alone."""

    name: str
    response: str
    brand: str | None
    within: dt.timedelta
    target: float | None
    treated: Cell
    held_out: Cell
    is_comparable: bool  #: whether those left alone could have responded this way at all
    effect: Interval | None
    sentence: Say
    cells: tuple[CellFigures, ...]
    treated_curve: tuple[float, ...]  #: share that had responded by each day after enrolment
    held_out_curve: tuple[float, ...]
    is_over: bool  #: everybody's window has passed: the figures will not change any more
    ends_at: dt.datetime
    treated_value: Value | None = None
    held_out_value: Value | None = None
    added_value: Interval | None = None  #: euros per treated customer
    return_: Interval | None = None  #: euros of added turnover per euro spent
    return_sentence: Say | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that the report of one run shows."""

    campaign: str
    title: str
    program: str | None
    brand: str | None
    owner: str
    run_id: RunId
    slot: str
    state: str  #: running paused cancelled closed
    definition_sha: str
    made_at: dt.datetime
    other_runs: tuple[tuple[RunId, str], ...]
    waterfall: Waterfall
    steps: tuple[StepFigures, ...]
    goals: tuple[GoalFigures, ...]
    orders: tuple[tuple[str, int, Decimal], ...]  #: attributed orders: how we know, number, worth
    costs: tuple[tuple[str, int, Decimal], ...]  #: channel, touched, euros
    cost: Decimal
    budget: Decimal | None

    def as_json(self) -> str:
        """Return all figures for other programs."""
        return json.dumps(asdict(self), default=_plain, ensure_ascii=False)


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    return str(value)


def report(
    connection: Connection,
    campaign: str,
    definition: Callable[[str, str], AnyCampaign],
    run: RunId | None = None,
    *,
    now: dt.datetime,
) -> Report:
    """Return the report of a run, the latest if none is named, as it stands at `now`.

    Args:
        definition: The campaign that a run is pinned to, by definition hash and campaign name.

    Raises:
        UsageError: the campaign has no such run.
    """
    with connection.transaction():  # one snapshot: figures of one moment add up
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        runs = reading.runs_of_campaign(connection, campaign)
        row = chosen(runs, campaign, run)
        pinned = definition(row.definition_sha, campaign)
        members = reading.audience_of_run(connection, row.run_id)
        touched = reading.touched_of_run(connection, row.run_id)
        touches = reading.steps_of_run(connection, row.run_id, pinned.schedule.timezone)
        reactions = reading.reactions_of_run(connection, row.run_id, campaign)
        orders = reading.orders_attributed(connection, row.run_id, campaign)
        reached = {
            name: reading.goal_of_run(connection, row.run_id, campaign, goal, pinned.brand, now)
            for name, goal in pinned.goals.items()
        }
    steps = step_figures(pinned, touches, reactions)
    cost = sum((step.cost for step in steps), Decimal(0))
    return Report(
        campaign=campaign,
        title=pinned.title,
        program=pinned.program,
        brand=pinned.brand,
        owner=pinned.owner,
        run_id=row.run_id,
        slot=row.slot,
        state="closed" if row.closed_at and row.state != "cancelled" else row.state,
        definition_sha=row.definition_sha,
        made_at=now,
        other_runs=tuple((other.run_id, other.slot) for other in runs if other.run_id != row.run_id),
        waterfall=waterfall(members, touched),
        steps=steps,
        goals=tuple(
            goal_figures(name, goal, pinned.brand, members, reached[name], float(cost), row, now)
            for name, goal in pinned.goals.items()
        ),
        orders=tuple(sorted((how, count, value or Decimal(0)) for how, (count, value) in orders.items())),
        costs=costs(steps),
        cost=cost,
        budget=pinned.budget.max if pinned.budget else None,
    )


def chosen(runs: Sequence[RunRow], campaign: str, run: RunId | None) -> RunRow:
    """Return the run that was asked for, or the latest one.

    Raises:
        UsageError: there is none.
    """
    found = [row for row in runs if run is None or row.run_id == run]
    if not found:
        which = "" if run is None else f" {run}"
        raise UsageError(
            Say(
                f"The campaign '{campaign}' has no run{which}.",
                f"La campagne « {campaign} » n'a pas d'exécution{which}.",
            ),
            Say("See 'touchbase status' for what ran.", "« touchbase status » montre ce qui est parti."),
        )
    return found[0]


def waterfall(members: Sequence[Members], touched: Mapping[str | None, int]) -> Waterfall:
    """Return how the universe comes down to the touched."""
    excluded: Counter[str] = Counter()
    cells: Counter[str | None] = Counter()
    for group in members:
        if group.reason is not None:
            excluded[group.reason] += group.count
        elif not group.held_out:
            cells[group.cell] += group.count
    names = sorted(name for name in cells if name is not None)
    return Waterfall(
        universe=sum(group.count for group in members),
        excluded=tuple(excluded.most_common()),
        held_out=sum(group.count for group in members if group.held_out),
        enrolled=cells.total(),
        cells=tuple((name, cells[name], touched.get(name, 0)) for name in names),
        touched=sum(touched.values()),
        left=sum(group.left for group in members if not group.held_out),
    )


def step_figures(
    campaign: AnyCampaign, touches: Sequence[Touches], reactions: Sequence[Reaction]
) -> tuple[StepFigures, ...]:
    """Return what each step did, in the order of the campaign's file; steps that had nobody included."""
    found = []
    for name, step in campaign.steps.items():
        own = [group for group in touches if group.step == name]

        def states(*wanted: str, own: Sequence[Touches] = own) -> int:
            return sum(group.count for group in own if group.state in wanted)

        def by_reason(*wanted: str, own: Sequence[Touches] = own) -> tuple[tuple[str, int], ...]:
            counted: Counter[str] = Counter()
            for group in own:
                if group.state in wanted:
                    counted[group.reason or group.state] += group.count
            return tuple(counted.most_common())

        outcomes: Counter[str] = Counter()
        days: Counter[dt.date] = Counter()
        for group in own:
            if group.outcome:
                outcomes[group.outcome] += group.count
            if group.day is not None and group.state in ("accepted", "unknown"):
                days[group.day] += group.count
        answered: Counter[str] = Counter()
        for reaction in reactions:
            if reaction.step == name:
                key = f"visit_{reaction.label}" if reaction.type == "visit_outcome" else reaction.type
                answered[key] += reaction.customers
        found.append(
            StepFigures(
                name=name,
                channel=step.channel,
                due=sum(group.count for group in own),
                touched=states("accepted"),
                unknown=states("unknown"),
                waiting=states(*WAITING),
                expired=states("expired"),
                cancelled=states("cancelled"),
                excluded=by_reason("excluded"),
                refused=by_reason("refused", "render_failed"),
                outcomes=tuple(outcomes.most_common()),
                reactions=tuple(answered.most_common()),
                cost=sum((group.cost for group in own), Decimal(0)),
                days=tuple(sorted(days.items())),
            )
        )
    return tuple(found)


def costs(steps: Sequence[StepFigures]) -> tuple[tuple[str, int, Decimal], ...]:
    """Return touched and euros by channel."""
    channels = dict.fromkeys(step.channel for step in steps)
    return tuple(
        (
            channel,
            sum(step.touched + step.unknown for step in steps if step.channel == channel),
            sum((step.cost for step in steps if step.channel == channel), Decimal(0)),
        )
        for channel in channels
    )


def goal_figures(
    name: str,
    goal: Goal,
    brand: str | None,
    members: Sequence[Members],
    reached: Sequence[Reached],
    cost: float,
    run: RunRow,
    now: dt.datetime,
) -> GoalFigures:
    """Return one goal's figures: everybody who was meant to be treated against everybody left alone."""
    eligible = [group for group in members if group.reason is None]

    def cell(groups: Sequence[Members], found: Sequence[Reached]) -> Cell:
        return Cell(sum(group.count for group in groups), sum(some.customers for some in found))

    def arm(held_out: bool) -> tuple[list[Members], list[Reached]]:
        return (
            [group for group in eligible if group.held_out == held_out],
            [some for some in reached if some.held_out == held_out],
        )

    treated_members, treated_reached = arm(False)
    left_members, left_reached = arm(True)
    treated, left = cell(treated_members, treated_reached), cell(left_members, left_reached)
    is_comparable = goal.response not in reading.OWN
    can_compare = is_comparable and treated.customers > 0 and left.customers > 0
    effect = measurement.lift(treated, left) if can_compare else None
    ends_at = max((group.last_enrolled for group in eligible), default=run.slot_at) + goal.within
    horizon = max(1, min(goal.within, max(now - run.slot_at, dt.timedelta(0))).days)
    cells = []
    for cell_name in sorted({group.cell for group in treated_members if group.cell is not None}):
        own = cell(
            [group for group in treated_members if group.cell == cell_name],
            [some for some in treated_reached if some.cell == cell_name],
        )
        against = measurement.lift(own, left) if can_compare and own.customers else None
        cells.append(CellFigures(cell_name, own, against))
    figures = GoalFigures(
        name=name,
        response=goal.response,
        brand=goal.brand or brand,
        within=goal.within,
        target=float(goal.target) if goal.target is not None else None,
        treated=treated,
        held_out=left,
        is_comparable=is_comparable,
        effect=effect,
        sentence=sentence(treated, left, effect, is_comparable=is_comparable),
        cells=tuple(cells),
        treated_curve=_curve(treated_reached, treated.customers, horizon),
        held_out_curve=_curve(left_reached, left.customers, horizon),
        is_over=now >= ends_at,
        ends_at=ends_at,
    )
    if goal.value is None:
        return figures
    return _with_value(figures, treated_reached, left_reached, cost)


def _with_value(
    figures: GoalFigures, treated: Sequence[Reached], left: Sequence[Reached], cost: float
) -> GoalFigures:
    from dataclasses import replace

    def value(found: Sequence[Reached], customers: int) -> Value:
        return Value(customers, sum(some.value for some in found), sum(some.squares for some in found))

    treated_value = value(treated, figures.treated.customers)
    left_value = value(left, figures.held_out.customers)
    added = ratio = None
    if figures.effect is not None:
        added = measurement.more_value(treated_value, left_value)
        ratio = measurement.return_on_cost(added, customers=figures.treated.customers, cost=cost)
    return replace(
        figures,
        treated_value=treated_value,
        held_out_value=left_value,
        added_value=added,
        return_=ratio,
        return_sentence=measurement.return_in_words(ratio, of_margin=False) if added else None,
    )


def _curve(reached: Sequence[Reached], customers: int, horizon: int) -> tuple[float, ...]:
    days: Counter[int] = Counter()
    for some in reached:
        days[some.day] += some.customers
    return tuple(measurement.curve_of_counts(days, customers, horizon))


def sentence(treated: Cell, left: Cell, effect: Interval | None, *, is_comparable: bool) -> Say:
    """Return what a goal's figures say, also where they cannot say what the campaign changed."""
    if effect is not None:
        return measurement.effect_in_words(treated, left, effect)
    rate_en, rate_fr = (percent(treated.rate, language) for language in ("en", "fr"))
    if not treated.customers:
        return Say(
            "Nobody was enrolled; there is nothing to measure.",
            "Personne n'a été inscrit ; il n'y a rien à mesurer.",
        )
    if not is_comparable:
        return Say(
            f"{rate_en} of those enrolled responded. Nobody left alone could: this says how they reacted, "
            "not what the campaign changed.",
            f"{rate_fr} des inscrits ont réagi. Les témoins ne le pouvaient pas : cela dit comment ils ont "
            "réagi, pas ce que la campagne a changé.",
        )
    return Say(
        f"{rate_en} of those enrolled responded. Nobody was left alone: what would have come anyway cannot be told apart.",
        f"{rate_fr} des inscrits ont répondu. Personne n'a été laissé de côté : on ne peut pas dire ce qui serait venu de toute façon.",
    )
