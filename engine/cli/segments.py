"""Commands about segments."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from engine.app import App, open_app
from engine.cli.clock import HOME, moment
from engine.cli.console import count as number
from engine.cli.console import in_words, language, say, table
from engine.problems import Say, UsageError

if TYPE_CHECKING:
    from engine.store.database import Connection
    from engine.store.segment_answers import Asked, Moved


@contextmanager
def _asking(
    names: tuple[str, ...], on: str | None, as_of: str | None
) -> Iterator[tuple[App, "Connection", "Asked"]]:
    from engine.actions.segment import asked, segment_of

    said, past = moment(on), moment(as_of)
    if said is not None and past is not None:
        raise UsageError(
            Say("Both '--on' and '--as-of' say a moment.", "« --on » et « --as-of » disent tous deux un moment."),
            Say("'--on' asks today's base for another day, '--as-of' the base as it stood. Keep one.",
                "« --on » interroge la base d'aujourd'hui pour un autre jour, « --as-of » la base d'alors. Gardez-en un."),
        )  # fmt: skip
    app = open_app()
    for name in names:
        segment_of(app.project, name)  # a slip in a name is told before a database is started
    with app.database("segment") as connection:
        yield app, connection, asked(connection, app.project, *names, on=said or app.now(), as_of=past)


def _when(question: "Asked") -> Say:
    day = question.moment.astimezone(HOME)
    if question.as_of is None:
        return Say(f"on {day:%Y-%m-%d %H:%M}", f"le {day:%Y-%m-%d %H:%M}")
    return Say(
        f"as the base stood on {day:%Y-%m-%d %H:%M}", f"telle qu'était la base le {day:%Y-%m-%d %H:%M}"
    )


def count(segment: str, *, on: str | None = None, as_of: str | None = None) -> None:
    """Say how many belong to a segment.

    Args:
        segment: A name from segments/.
        on: Ask today's base for another moment: 2026-03-10 or 2026-03-10T09:30; windows count back from there.
        as_of: Ask the base as it stood at a past moment.
    """
    from engine.actions import segment as action

    with _asking((segment,), on, as_of) as (app, connection, question):
        found, when = action.count(connection, question, segment), _when(question)
        kind = _kinds(app.project.library.segments[segment].of)
    say(Say(f"{segment}: {number(found)} {kind.en} {when.en}.", f"{segment} : {number(found)} {kind.fr} {when.fr}."))  # fmt: skip


def sample(segment: str, *, size: int = 10, on: str | None = None, as_of: str | None = None) -> None:
    """Show some customers of a segment, always the same ones: their numbers and the facts that it asks for, no name.

    Args:
        segment: A name from segments/.
        size: How many, from 1 to 1000.
        on: Ask today's base for another moment: 2026-03-10 or 2026-03-10T09:30.
        as_of: Ask the base as it stood at a past moment.
    """
    from engine.actions import segment as action

    if size not in range(1, 1001):
        raise UsageError(
            Say(f"'--size {size}' is no number of customers to show.", f"« --size {size} » n'est pas un nombre de clients à montrer."),
            Say("Write a number from 1 to 1000.", "Écrivez un nombre de 1 à 1000."),
        )  # fmt: skip
    with _asking((segment,), on, as_of) as (_, connection, question):
        shown, when = action.sample(connection, question, segment, size), _when(question)
    if not shown.rows:
        say(Say(f"{segment}: nobody {when.en}.", f"{segment} : personne {when.fr}."))
        return
    table(
        [Say("customer", "client"), *(fact.name for fact in shown.facts)],
        [(str(customer), *("–" if value in (None, "") else value for value in values)) for customer, values in shown.rows],
    )  # fmt: skip
    say(Say("– is unknown. 'touchbase segment explain' says why one of them belongs.",
            "– : inconnu. « touchbase segment explain » dit pourquoi l'un d'eux en fait partie."))  # fmt: skip


def explain(segment: str, customer: int, *, on: str | None = None, as_of: str | None = None) -> None:
    """Say clause by clause why a customer is of a segment or not, with what is known of them.

    Args:
        segment: A name from segments/.
        customer: The customer's number.
        on: Ask today's base for another moment: 2026-03-10 or 2026-03-10T09:30.
        as_of: Ask the base as it stood at a past moment.
    """
    from engine.actions import segment as action

    with _asking((segment,), on, as_of) as (_, connection, question):
        lines, when = action.explain(connection, question, segment, customer), _when(question)
    say(Say(f"Customer {customer}, {when.en}:", f"Client {customer}, {when.fr} :"))
    answers = {True: Say("yes", "oui"), False: Say("no", "non"), None: Say("unknown", "inconnu")}
    here = {"en": "here", "fr": "ici "}[language()]
    for line in lines:
        own = "" if line.own is None else f"  [{here}: {in_words(line.own)}]"
        say(f"  {in_words(answers[line.answer]):<8} {'  ' * line.depth}{in_words(line.words)}{own}")


def diff(segment: str, *, since: str, on: str | None = None, as_of: str | None = None) -> None:
    """Say who joined a segment and who left it between two moments, and by which of its conditions.

    Args:
        segment: A name from segments/.
        since: The earlier moment, of the base as it stood then.
        on: The later moment, asked of today's base; now if not given.
        as_of: The later moment, of the base as it stood then.
    """
    from engine.actions import segment as action

    with _asking((segment,), on, as_of) as (app, connection, now):
        then = action.asked(connection, app.project, segment, on=now.moment, as_of=_moment(since))
        found, before, after = (
            action.difference(connection, app.project, segment, then, now),
            _when(then),
            _when(now),
        )
    say(Say(f"{segment}: {before.en}, and {after.en}.", f"{segment} : {before.fr}, et {after.fr}."))
    _moved(found.joined, (Say("joined", "entré"), Say("joined", "entrés")), found.entries, Say("then it did not hold", "alors ce n'était pas vrai"),
           (Say("was not known yet", "n'était pas encore connu"), Say("were not known yet", "n'étaient pas encore connus")))  # fmt: skip
    _moved(found.left, (Say("left", "sorti"), Say("left", "sortis")), found.entries, Say("it no longer holds", "ce n'est plus vrai"),
           (Say("is known no more", "n'est plus connu"), Say("are known no more", "ne sont plus connus")))  # fmt: skip


def _moment(text: str) -> dt.datetime:
    said = moment(text)
    assert said is not None
    return said


def _moved(
    moved: "Moved", verbs: tuple[Say, Say], entries: tuple[Say, ...], why: Say, strangers: tuple[Say, Say]
) -> None:
    """Show who moved; what is said of one customer, and of several, stands side by side."""
    some = ", ".join(str(customer) for customer in moved.some)
    more = " …" if moved.count > len(moved.some) else ""
    verb = verbs[moved.count > 1]
    say(Say(f"  {number(moved.count)} {verb.en}{f': {some}{more}' if some else '.'}",
            f"  {number(moved.count)} {verb.fr}{f' : {some}{more}' if some else '.'}"))  # fmt: skip
    if moved.strangers:
        unknown = strangers[moved.strangers > 1]
        say(Say(f"    {number(moved.strangers)} {unknown.en}", f"    {number(moved.strangers)} {unknown.fr}"))
    for at, many in sorted(moved.because.items(), key=lambda pair: -pair[1]):
        if many:
            words = entries[at]
            say(
                Say(
                    f"    {number(many)} × {why.en}: {words.en}",
                    f"    {number(many)} × {why.fr} : {words.fr}",
                )
            )


def overlap(segment: str, other: str, *, on: str | None = None, as_of: str | None = None) -> None:
    """Say how many are of one segment, of another, and of both; of persons and organisations: who works there.

    Args:
        segment: A name from segments/.
        other: Another one.
        on: Ask today's base for another moment: 2026-03-10 or 2026-03-10T09:30.
        as_of: Ask the base as it stood at a past moment.
    """
    from engine.actions import segment as action

    with _asking((segment, other), on, as_of) as (app, connection, question):
        one, two, both = action.overlap(connection, question, segment, other)
        kinds = [_kinds(app.project.library.segments[name].of) for name in (segment, other)]
    say(Say(f"{segment}: {number(one)} {kinds[0].en}", f"{segment} : {number(one)} {kinds[0].fr}"))
    say(Say(f"{other}: {number(two)} {kinds[1].en}", f"{other} : {number(two)} {kinds[1].fr}"))
    if kinds[0] != kinds[1]:
        say(Say(f"persons of the one who work at one of the other: {number(both)}",
                f"personnes de l'un qui exercent dans l'un de l'autre : {number(both)}"))  # fmt: skip
        return
    shares = " / ".join(f"{both / side:.0%}" if side else "–" for side in (one, two))
    say(Say(f"both: {number(both)} ({shares} of each)", f"les deux : {number(both)} ({shares} de chacun)"))


def sql(segment: str, *, plan: bool = False, on: str | None = None, as_of: str | None = None) -> None:
    """Print the statement that answers a segment, every value in its place.

    Args:
        segment: A name from segments/.
        plan: Print beside it how PostgreSQL would go about it.
        on: For another moment: 2026-03-10 or 2026-03-10T09:30.
        as_of: Of the base as it stood at a past moment.
    """
    from engine.actions import segment as action

    with _asking((segment,), on, as_of) as (_, connection, question):
        (text, steps), when = action.as_sql(connection, question, segment), _when(question)
    say(f"-- {segment}, {in_words(when)}")
    say(f"{text};")
    if plan:
        say("\n".join(["", *(f"-- {line}" for line in steps)]))


def _kinds(of: str) -> Say:
    return Say("persons", "personnes") if of == "person" else Say("organisations", "établissements")
