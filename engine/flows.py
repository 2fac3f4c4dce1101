"""The flows: when, and again. What is done stands in the actions; what was done, in the contact history.

Through Prefect pass ids, days and counts. It keeps parameters, results and the text of exceptions, so
nothing else may: `kept_private` lets our own errors through, which never name a person, and replaces all others.
"""

import datetime as dt
import logging
from collections.abc import Callable
from functools import wraps
from io import BytesIO
from typing import Final, ParamSpec, TypeVar

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run as this_flow_run

from engine.app import App, open_app
from engine.model.written import RunId
from engine.problems import EngineError, GuardStopped, Mishap, Say

P = ParamSpec("P")
T = TypeVar("T")

AT_ONCE: Final = 5_000
"""Touches that one task settles: Prefect's server spends 25 ms on each task, whatever it did."""

log = logging.getLogger("engine.flows")
log.setLevel(logging.INFO)  # Prefect forwards only loggers that have a level


def kept_private(act: Callable[P, T]) -> Callable[P, T]:
    """Let no foreign exception reach Prefect, which would keep its text: a mail error quotes the address."""

    @wraps(act)
    def inner(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return act(*args, **kwargs)
        except EngineError as error:
            raise error from None  # its cause may be a database error that repeats a row
        except Exception as error:
            raise Mishap(error) from None

    return inner


def told(what: str, done: int) -> None:
    log.info("%s: %s", what, f"{done:,}")


def _app(as_of: str | None) -> App:
    return open_app(as_of=None if as_of is None else dt.datetime.fromisoformat(as_of))


# NO_CACHE: where results are persisted, Prefect answers a second call with the same arguments from the
# first one's result, and a drain would never end. No retries: what is left stands in the contact history.
@task(cache_policy=NO_CACHE, retries=0, task_run_name="start {campaign} {slot}")
@kept_private
def start(campaign: str, slot: str, plan: str | None = None, as_of: str | None = None) -> int:
    """Open and freeze the run of a slot, plan what is due; return its id, the same however often it is asked."""
    from engine.actions.plan import named_slot
    from engine.actions.run import start as opened

    app = _app(as_of)
    with app.database("run") as connection:
        begun = opened(
            connection,
            app.project,
            campaign,
            named_slot(app.project, campaign, slot),
            app.channels,
            pepper=app.pepper,
            now=app.now(),
            plan_id=plan,
            keys=app.keys,
            progress=told,
        )
    return int(begun.run_id)


@task(cache_policy=NO_CACHE, retries=0, task_run_name="plan what is due in run {run}")
@kept_private
def come_due(run: int, as_of: str | None = None) -> dict[str, int]:
    """Plan what came due in a run; return the number of new touches of each step, and of members who left.

    Close the run if it is over.
    """
    from engine.actions.advance import advance as advanced
    from engine.actions.run import close_if_over

    app = _app(as_of)
    with app.database("advance") as connection:
        now = app.now()
        done = advanced(connection, RunId(run), app.channels, pepper=app.pepper, now=now, progress=told)
        close_if_over(connection, RunId(run), done, now)
    left = {"left": done.left} if done.left else {}
    return {step: sum(states.values()) for step, states in done.new.items()} | left


@task(cache_policy=NO_CACHE, retries=0, task_run_name="send some of run {run}")
@kept_private
def send_some(run: int, as_of: str | None = None) -> int:
    """Send some of what is ready in a run; return how many touches were settled, 0 when dry.

    Raises:
        GuardStopped: a delivery is too old by now; what is ready waits for the next one.
    """
    from engine.actions.advance import told_of_feeds
    from engine.actions.journal import journal
    from engine.actions.send import drain as drained

    app = _app(as_of)
    with app.database("send") as connection, journal(app.journals) as kept:
        sent = drained(
            connection,
            RunId(run),
            app.channels,
            worker=kept.worker,
            journal=kept,
            clock=app.now,
            needs_permit=app.settings.is_real_world,
            pepper=app.pepper,
            progress=told,
            most=AT_ONCE,
        )
        if sent.stopped == "stale" and not sent.settled:  # what left is counted first; the next call says it
            told_of_feeds(connection, RunId(run), app.channels, app.now())
    return sent.settled


@task(cache_policy=NO_CACHE, retries=0)
@kept_private
def choose(at: str) -> dict[str, list[str]]:
    """Start every slot that is due and plan what came due in every open run, the more important first.

    Returns the campaigns and ids of those runs, the ids of those in which something is new, and what stopped others.
    """
    from engine.actions.tick import tick
    from engine.store import ledger

    moment = dt.datetime.fromisoformat(at)
    app = _app(at)
    with app.database("advance") as connection:
        done = tick(
            connection, app.project, app.channels, pepper=app.pepper, now=moment, keys=app.keys, progress=told
        )
        names = {row.run_id: row.campaign for row in ledger.runs(connection)}
    for name, error in done.stopped.items():
        log.warning("%s: %s", name, error)
    return {
        "campaigns": [names[one.run_id] for one in done.advanced],
        "runs": [str(one.run_id) for one in done.advanced],
        "changed": [str(one.run_id) for one in done.advanced if one.new or one.left],
        "stopped": [f"{name}: {error}" for name, error in done.stopped.items()],
    }


@task(cache_policy=NO_CACHE, retries=0)
@kept_private
def hand_out(as_of: str | None = None) -> int:
    """Write the reps' tasks as tables and calendars; return how many are open."""
    from engine.actions.fieldwork import export_tasks

    app = _app(as_of)
    with app.database("tasks") as connection:
        link = f"{app.settings.base_url}/rep/tasks/"
        return export_tasks(connection, app.settings.folder, now=app.now(), link=link).tasks


@task(cache_policy=NO_CACHE, retries=0)
@kept_private
def bring_home(as_of: str | None = None) -> dict[str, int]:
    """Turn what came back since the last time into responses; return how many of each kind are new."""
    from engine.actions.collect import collect as collected
    from engine.actions.pinned import pinned

    app = _app(as_of)
    with app.database("collect") as connection:
        found = collected(
            connection, lambda sha, name: pinned(connection, sha, name, app.channels).campaign, now=app.now()
        )
    return {
        "orders": found.orders,
        "changed orders": found.changed_orders,
        "visit reports": found.visit_reports,
        "mails back": _mails_back(app),
    }


def _mails_back(app: App) -> int:
    """Take in what came back to our senders' mailbox, if there is one; return how many news it brought."""
    from engine.actions.bounces import bounces, read
    from engine.actions.pinned import pinned
    from engine.contract import Returning

    channel = app.channels["email"]
    if app.settings.bounces is None or not isinstance(channel, Returning):
        return 0
    with app.database("bounces") as connection:
        return bounces(
            connection,
            read(app.settings.bounces, BytesIO()),
            channel,
            lambda sha, name: pinned(connection, sha, name, app.channels).policy,
            pepper=app.pepper,
        ).new


@task(cache_policy=NO_CACHE, retries=0)
@kept_private
def give_up(as_of: str | None = None) -> dict[str, int]:
    """Take back what dead workers held; return how many touches, and of how many nobody knows."""
    from engine.actions.reconcile import reconcile as reconciled

    app = _app(as_of)
    with app.database("reconcile") as connection:
        found = reconciled(connection, app.channels, journals=app.journals, now=app.now())
    return {"given up": found.given_up, "unknown": found.unknown, "resent": found.resent}


@task(cache_policy=NO_CACHE, retries=0)
@kept_private
def write_reports(as_of: str | None = None) -> int:
    """Write the report page of every campaign that ever ran; return how many."""
    from engine.actions.publish import publish_all

    app = _app(as_of)
    with app.database("report") as connection:
        return len(
            publish_all(
                connection, app.channels, app.settings.folder, now=app.now(), language=app.settings.language
            )
        )


@flow(name="run", flow_run_name="run {campaign} {slot}")
def run_slot(
    campaign: str,
    slot: str | None = None,
    plan: str | None = None,
    as_of: str | None = None,
    run: int | None = None,
) -> int:
    """Carry out the run of a campaign's slot as far as it is due; without a slot, of every slot that is due now.

    With a run's id, the caller has just opened and planned it: it is sent. Returns how many touches were settled.
    """
    stopped: list[str] = []
    if run is not None:
        settled = drain_here(run, as_of, stopped)
    elif slot is not None:
        settled = drain_here(start(campaign, slot, plan, as_of), as_of, stopped)
    else:  # campaigns of one moment compete: whoever's clock strikes first lets all of them choose
        chosen = choose(_moment(as_of))
        mine = [
            one for name, one in zip(chosen["campaigns"], chosen["runs"], strict=True) if name == campaign
        ]
        settled = sum(drain_here(int(one), as_of, stopped) for one in mine)
        stopped += [words for words in chosen["stopped"] if words.startswith((f"{campaign} ", "files:"))]
    hand_out(as_of)
    tell(stopped)
    return settled


@flow(name="drain", flow_run_name="drain run {run}")
def drain(run: int, as_of: str | None = None) -> int:
    """Send what is ready in a run until it is dry; any number of these may work side by side."""
    stopped: list[str] = []
    settled = drain_here(run, as_of, stopped)
    tell(stopped)
    return settled


@flow(name="advance")
def advance(run: int | None = None, as_of: str | None = None) -> dict[str, int]:
    """Start what a clock missed, plan what came due in every open run, send it; return what each run settled.

    With a run's id: that run alone.
    """
    stopped: list[str] = []
    if run is None:
        chosen = choose(_moment(as_of))
        runs, changed, stopped = (
            [int(one) for one in chosen["runs"]],
            bool(chosen["changed"]),
            chosen["stopped"],
        )
    else:
        runs, changed = [run], bool(come_due(run, as_of))
    settled = {str(one): drain_here(one, as_of, stopped) for one in runs}
    if changed or any(settled.values()):
        hand_out(as_of)
    tell(stopped)
    return settled


@flow(name="collect")
def collect(as_of: str | None = None) -> dict[str, int]:
    """Bring outcomes and responses home; what reps did, and what is long overdue, leaves their lists."""
    found = bring_home(as_of)
    hand_out(as_of)
    return found


@flow(name="reconcile")
def reconcile(as_of: str | None = None) -> dict[str, int]:
    """Resolve what workers left behind that are gone."""
    return give_up(as_of)


@flow(name="report")
def report(as_of: str | None = None) -> int:
    """Write the reports."""
    return write_reports(as_of)


def tell(stopped: list[str]) -> None:
    """Fail, once all else is done, with the words of what was stopped; nobody would see them in a flow that succeeds.

    Raises:
        GuardStopped: something was.
    """
    if stopped:
        words = "\n".join(stopped)
        raise GuardStopped(Say(words, words))


def drain_here(run: int, as_of: str | None, stopped: list[str]) -> int:
    """Send a run until it is dry; what a guard says against it is added to `stopped`, and stops no other run."""
    settled = 0
    try:
        while some := send_some(run, as_of):
            settled += some
    except GuardStopped as error:
        stopped.append(str(error))
    return settled


def _moment(as_of: str | None) -> str:
    """Return the moment for which this flow run was started; its worker may be some milliseconds early."""
    if as_of is not None:
        return as_of
    planned = this_flow_run.scheduled_start_time
    now = open_app().now()
    return max(
        now, planned if planned is not None and planned - now < dt.timedelta(minutes=1) else now
    ).isoformat()
