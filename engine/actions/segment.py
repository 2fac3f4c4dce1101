"""Segment: how many, who for example, why this one, who came and went, what two share, and the statement itself."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final
from zoneinfo import ZoneInfo

from engine.loading.meaning import leaves_prescribers_out
from engine.loading.project import Project
from engine.model.clauses import (
    All,
    AnyOf,
    Compare,
    History,
    InSegment,
    Is,
    IsNot,
    Missing,
    Not,
    Predicate,
    Verb,
    walk,
)
from engine.model.facts import Fact
from engine.model.segment import AnySegment, Library, Segment, SqlSegment
from engine.problems import FilesError, Say, UsageError, did_you_mean
from engine.rules.membership import Asking, CustomerKnown, answered, belongs, found, holds, value_of
from engine.rules.wording import in_one_line, in_words, own_past, own_silence, own_value
from engine.store import customer_known, segment_answers, sql_segments
from engine.store.database import Connection
from engine.store.segment_answers import Asked, Moved

_ALWAYS_SHOWN: Final = ("kind", "specialty_group", "department", "town")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an explanation: a clause in words, what is known, and whether it holds."""

    depth: int
    words: Say
    answer: bool | None
    own: Say | None = None  #: what is known of the customer


@dataclass(frozen=True, slots=True)
class Difference:
    """Who came into a segment and who left it; `entries` are its conditions in words, in the order of the file."""

    joined: Moved
    left: Moved
    entries: tuple[Say, ...]


def segment_of(project: Project, name: str) -> AnySegment:
    """Return a segment by name.

    Raises:
        FilesError: something is wrong with its file, or with one that it needs.
        UsageError: no segment of that name.
    """
    library = project.library
    needed = library.files_of(name) | {"segments/facts.yaml"}
    wrong = [
        problem
        for problem in project.problems
        if problem.span.file in needed
        or (name not in library.files and problem.span.file.startswith("segments/"))
    ]
    if wrong:
        raise FilesError(wrong)
    segments = library.segments
    if name not in segments:
        raise UsageError(
            Say(f"There is no segment '{name}'.", f"Il n'y a pas de segment « {name} »."),
            did_you_mean(name, segments),
        )
    return segments[name]


def asked(
    connection: Connection,
    project: Project,
    *names: str,
    on: dt.datetime,
    as_of: dt.datetime | None = None,
) -> Asked:
    """Return the question, once it is sure that it can be answered.

    Raises:
        FilesError: something is wrong with the segments' files.
        UsageError: no such segment, or a moment of which the base knows nothing.
        SqlSegmentFailed: a segment in SQL that is reached gave no answer.
    """
    segments = [segment_of(project, name) for name in names]
    if as_of is not None:
        _known_moment(connection, as_of, on)
    question = Asked(project.library, on, as_of, ZoneInfo(segments[0].timezone))
    segment_answers.prepare(connection, question, *names)
    return question


def _known_moment(connection: Connection, as_of: dt.datetime, now: dt.datetime) -> None:
    if as_of > now:
        raise UsageError(
            Say(f"{as_of:%Y-%m-%d %H:%M} has not come yet.", f"Le {as_of:%Y-%m-%d %H:%M} n'est pas encore venu."),
            Say("Ask of a moment that is past; '--on' asks today's base for another day.",
                "Demandez un moment passé ; « --on » interroge la base d'aujourd'hui pour un autre jour."),
        )  # fmt: skip
    first = segment_answers.beginning(connection)
    if first is None or as_of < first:
        since = Say("nobody yet", "encore personne") if first is None else Say(
            f"nobody before {first:%Y-%m-%d %H:%M} UTC", f"personne avant le {first:%Y-%m-%d %H:%M} UTC"
        )  # fmt: skip
        raise UsageError(
            Say(f"The base knows {since.en}: what it held on {as_of:%Y-%m-%d %H:%M} cannot be said.",
                f"La base ne connaît {since.fr} : on ne peut dire ce qu'elle contenait le {as_of:%Y-%m-%d %H:%M}."),
            Say("Ask of a later moment.", "Demandez un moment plus récent."),
        )  # fmt: skip


def count(connection: Connection, question: Asked, name: str) -> int:
    """Return how many belong to a segment."""
    return segment_answers.count(connection, question, name)


@dataclass(frozen=True, slots=True)
class Sample:
    """Some members, with what the segment asks of them."""

    facts: tuple[Fact, ...]
    rows: tuple[tuple[int, tuple[str | None, ...]], ...]


def sample(connection: Connection, question: Asked, name: str, size: int = 10) -> Sample:
    """Return some members with the facts that the segment asks for: numbers and facts, no name."""
    library = question.library
    named = dict.fromkeys(
        part.fact
        for segment in library.reached([name])
        if isinstance(segment, Segment)
        for part in walk(segment.who)
        if isinstance(part, Is | IsNot | Compare | Missing)
    )
    secret = (
        frozenset()
        if _leaves_prescribers_out(library.segments[name], library)
        else library.catalogue.rx_facts()
    )
    facts = tuple(
        library.fact(fact) for fact in dict.fromkeys([*_ALWAYS_SHOWN, *named]) if fact not in secret
    )
    customers = segment_answers.sample(connection, question, name, size)
    shown = segment_answers.shown_facts(connection, question, facts, customers)
    return Sample(facts, tuple((customer, shown[customer]) for customer in customers if customer in shown))


def _leaves_prescribers_out(segment: AnySegment, library: Library) -> bool:
    return segment.of == "organisation" or (
        isinstance(segment, Segment) and leaves_prescribers_out(segment.who, library.catalogue)
    )


def explain(connection: Connection, question: Asked, name: str, customer: int) -> list[Line]:
    """Return why a customer is of a segment or not: the answer, then clause by clause with what is known.

    Raises:
        UsageError: no such customer, at that moment.
    """
    known = customer_known.known(connection, question, customer, name)
    if known is None:
        when = "" if question.as_of is None else f" {question.as_of:%Y-%m-%d %H:%M}"
        raise UsageError(
            Say(f"There is no customer {customer}{' as of' + when if when else ''}.",
                f"Il n'y a pas de client {customer}{' au' + when if when else ''}.")
        )  # fmt: skip
    kept = {fact: value for fact, value in known.facts.items() if fact not in hidden(known, question.library)}
    return [*_of_segment(name, replace(known, facts=kept), question, 0)]


_NOT_SHOWN: Final = Say(
    "not shown, nor used: what one prescriber in France prescribes (CSP L.4113-7)",
    "non montrée, ni utilisée : donnée de prescription d'un prescripteur en France (CSP L.4113-7)",
)


def hidden(known: CustomerKnown, library: Library) -> frozenset[str]:
    """Return the facts that must be shown of this customer to nobody: those of French prescribers that hold what one prescribes."""
    kinds, country = known.facts.get("kind", ()), known.facts.get("country")
    french = country is None or country in library.catalogue.french
    prescriber = isinstance(kinds, tuple) and "prescriber" in kinds
    return library.catalogue.rx_facts() if french and prescriber else frozenset()


def _of_segment(name: str, known: CustomerKnown, question: Asked, depth: int) -> Iterator[Line]:
    library = question.library
    segment, answer = library.segments[name], belongs(name, known, library, question.moment)
    yield Line(
        depth,
        Say(f"of the segment '{name}' ({segment.title})", f"du segment « {name} » ({segment.title})"),
        answer,
    )
    status = known.facts.get("status")
    if known.of != segment.of or status in ("merged", "erased"):
        kinds = {
            "person": Say("a person", "une personne"),
            "organisation": Say("an organisation", "un établissement"),
        }
        yield Line(
            depth + 1,
            Say(f"is {kinds[segment.of].en} that we still know", f"est {kinds[segment.of].fr} que nous connaissons encore"),
            False,
            Say(f"{kinds[known.of].en}, {status}", f"{kinds[known.of].fr}, {status}"),
        )  # fmt: skip
        if not isinstance(segment, Segment):
            return  # what its query gives decides nothing here, and is not known: only its own kind is kept
    if not isinstance(segment, Segment):
        yield Line(
            depth + 1, Say("its query in SQL gives this customer", "sa requête SQL donne ce client"), answer
        )
        return
    asking = Asking(library, question.moment, ZoneInfo(segment.timezone))
    for part in segment.who.parts:
        yield from _of_clause(part, known, question, asking, depth + 1)


def _of_clause(
    who: Predicate, known: CustomerKnown, question: Asked, asking: Asking, depth: int
) -> Iterator[Line]:
    own: Say | None = None
    match who:
        case InSegment(segment=name):
            yield from _of_segment(name, known, question, depth)
            return
        case Is(fact=fact) | IsNot(fact=fact) | Compare(fact=fact) | Missing(fact=fact):
            own = (
                _NOT_SHOWN
                if fact in hidden(known, asking.library)
                else own_value(value_of(fact, known, asking))
            )
        case History():
            own = _own_past(who, known, asking)
        case _:
            pass
    yield Line(depth, in_words(who, asking.library.catalogue), holds(who, known, asking), own)
    match who:
        case All(parts=parts) | AnyOf(parts=parts):
            for part in parts:
                yield from _of_clause(part, known, question, asking, depth + 1)
        case Not(part=part):
            yield from _of_clause(part, known, question, asking, depth + 1)


def _own_past(clause: History, known: CustomerKnown, asking: Asking) -> Say:
    came = found(clause, known, asking)
    if clause.verb is Verb.NO_RESPONSE:
        return own_silence(came, found(answered(clause), known, asking), asking.zone)
    return own_past(clause, came, asking.zone)


def difference(connection: Connection, project: Project, name: str, since: Asked, now: Asked) -> Difference:
    """Return who joined a segment since a moment and who left it, and for how many by which of its conditions."""
    joined, left = segment_answers.difference(connection, name, since, now)
    segment = segment_of(project, name)
    parts = segment.who.parts if isinstance(segment, Segment) else ()
    return Difference(joined, left, tuple(in_one_line(part, project.library.catalogue) for part in parts))


def overlap(connection: Connection, question: Asked, one: str, other: str) -> tuple[int, int, int]:
    """Return how many are of the one, of the other, and of both."""
    return segment_answers.overlap(connection, question, one, other)


def as_sql(connection: Connection, question: Asked, name: str) -> tuple[str, list[str]]:
    """Return the statement that answers a segment, its values in place, and how PostgreSQL would go about it.

    Of a segment in SQL that is its query; those that another names stand before its statement, as comments.
    """
    segment = question.library.segments[name]
    if isinstance(segment, SqlSegment):
        query = segment.query.strip().removesuffix(";").rstrip()
        return query, sql_segments.plan_of(connection, segment, on=question.on, as_of=question.as_of)
    beside = [
        f"-- sql_segment_answer('{other.key}', ...) is the answer of '{other.segment}', asked by a role of its own:\n"
        + "".join(f"--     {line}\n" for line in other.query.strip().splitlines())
        for other in question.library.reached([name])
        if isinstance(other, SqlSegment)
    ]
    return (
        "".join(beside) + segment_answers.as_typed(connection, question, name),
        segment_answers.plan_of(connection, question, name),
    )
