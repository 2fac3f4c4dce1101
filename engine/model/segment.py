"""A segment: a named question about customers, in words or in SQL, and the library of all of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field, WithJsonSchema

from engine.model.clauses import InSegment, walk
from engine.model.facts import BUILT_IN, Catalogue, Fact
from engine.model.predicate import Who
from engine.model.written import Name, Written
from engine.problems import Refused, Say

Of: TypeAlias = Literal["person", "organisation"]


def _example(given: object) -> object:
    if isinstance(given, Mapping) and given.get("belongs") in ("yes", "no", "unknown", True, False):
        return {str(key): value for key, value in given.items()}
    raise Refused(
        Say("an example says whether it belongs", "un exemple dit s'il en fait partie"),
        Say("Add 'belongs: yes', 'belongs: no' or 'belongs: unknown'.", "Ajoutez « belongs: yes », « belongs: no » ou « belongs: unknown »."),
    )  # fmt: skip


Example: TypeAlias = Annotated[
    dict[str, Any],  # facts by name, and `belongs`; the catalogue knows their types
    BeforeValidator(_example),
    WithJsonSchema(
        {
            "type": "object",
            "required": ["belongs"],
            "properties": {"belongs": {"enum": ["yes", "no", "unknown"]}},
            "x-touchbase": "example",
        }
    ),
]


class Segment(Written):
    """One file of `segments/`."""

    segment: Name
    title: str
    of: Of
    who: Who = Field(description="all of these must hold")
    timezone: str = Field("Europe/Paris", description="where its days begin")
    examples: list[Example] = Field(
        [], description="the author's own test: facts, and whether such a customer belongs"
    )

    def mentioned(self) -> frozenset[str]:
        """Return the segments that it names."""
        return frozenset(part.segment for part in walk(self.who) if isinstance(part, InSegment))


@dataclass(frozen=True, slots=True)
class SqlSegment:
    """A segment in SQL: one SELECT of `customer_id` over the documented views."""

    segment: str
    of: Of
    title: str
    query: str
    timezone: str = "Europe/Paris"

    @property
    def key(self) -> str:
        """The query's own name: the same text has the same answer at the same moment."""
        return sha256(f"{self.of}\0{self.query}".encode()).hexdigest()[:32]


AnySegment: TypeAlias = Segment | SqlSegment


@dataclass(frozen=True, slots=True)
class Library:
    """The segments of a project and the facts they may ask for."""

    segments: Mapping[str, AnySegment] = field(default_factory=dict)
    catalogue: Catalogue = field(default_factory=Catalogue)
    files: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict
    )  #: that name a segment, readable or not

    def has_fact(self, name: str) -> bool:
        return name in self.catalogue.facts

    def fact(self, name: str) -> Fact:
        return self.catalogue.facts[name]

    def fact_names(self) -> list[str]:
        return sorted(self.catalogue.facts)

    def company_facts(self) -> list[Fact]:
        return [fact for name, fact in self.catalogue.facts.items() if name not in BUILT_IN]

    def files_of(self, name: str) -> frozenset[str]:
        """Return the files that say a segment and all that it names, however far."""
        named = {name}.union(*(one.mentioned() for one in self.reached([name]) if isinstance(one, Segment)))
        return frozenset(file for one in named for file in self.files.get(one, ()))

    def reached(self, names: Iterable[str]) -> list[AnySegment]:
        """Return these segments and all that they name, however far."""
        seen: dict[str, AnySegment] = {}
        todo = list(names)
        while todo:
            name = todo.pop()
            segment = self.segments.get(name)
            if segment is None or name in seen:
                continue
            seen[name] = segment
            if isinstance(segment, Segment):
                todo += sorted(segment.mentioned())
        return list(seen.values())


@dataclass(frozen=True, slots=True)
class RunScope:
    """The run whose condition is asked: names of its steps mean its own touches."""

    run_id: int
    campaign: str
    steps: tuple[str, ...] = ()
    timezone: str = "Europe/Paris"


@dataclass(frozen=True, slots=True)
class About:
    """What a clause's `campaign`, `to` and `step` mean, once it is known where it stands."""

    campaigns: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    own_steps: tuple[str, ...] = ()  #: of the run that is asked


def about(campaigns: tuple[str, ...], steps: tuple[str, ...], scope: RunScope | None) -> About:
    """Return what the names of a clause mean: in a campaign, a step's name means this run's step.

    >>> about(("announce",), (), RunScope(1, "hivernax-2026", ("announce",))).own_steps
    ('announce',)
    """
    own = () if scope is None else scope.steps
    here = tuple(name for name in campaigns if name in own)
    others = tuple(name for name in campaigns if name not in own)
    if scope is not None and steps and not campaigns:
        return About(own_steps=steps)
    return About(others, steps, here)
