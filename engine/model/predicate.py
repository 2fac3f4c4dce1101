"""How people write a predicate: a list of maps, all of which must hold; `Who` reads it into clauses.

Names of facts, segments and campaigns are not known here: `engine.loading.meaning` checks them.
"""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Annotated, Any, Final, TypeAlias

from pydantic import PlainSerializer, PlainValidator, ValidationError, WithJsonSchema
from pydantic_core import InitErrorDetails

from engine.model.clauses import (
    ONCE,
    YEARS,
    All,
    AnyOf,
    Bounds,
    Compare,
    History,
    InSegment,
    Is,
    IsNot,
    Missing,
    Moment,
    Not,
    Op,
    Path,
    Predicate,
    Value,
    Verb,
)
from engine.model.written import duration
from engine.problems import Refused, Say, did_you_mean

__all__ = ["HISTORY_KEYS", "NESTING", "Predicate", "Who", "read_who"]

NESTING: Final = ("all", "any", "in", "not", "not_in")
"""The keys of an entry that are neither a fact nor a thing that happened."""

FORMS: Final = (*(str(op) for op in Op), "between", "missing", "not", "not_in")
"""The ways to compare a fact."""

_TIME: Final = ("within", "since", "before")
_OFTEN: Final = ("at_least", "at_most")

HISTORY_KEYS: Final[Mapping[Verb, tuple[str, ...]]] = {
    Verb.TOUCHED: ("channel", "brand", "campaign", "step", *_TIME, *_OFTEN),
    Verb.VISITED: ("brand", "campaign", "step", *_TIME, *_OFTEN),
    Verb.CALLED: ("brand", "campaign", "step", *_TIME, *_OFTEN),
    Verb.RESPONDED: ("to", "step", "with", "channel", "brand", *_TIME, *_OFTEN, "amount"),
    Verb.NO_RESPONSE: ("to", "step", "with", "channel", "brand", *_TIME),
    Verb.ORDERED: ("brand", *_TIME, *_OFTEN, "units", "amount"),
    Verb.EXCLUDED: ("campaign", "step", "because", "channel", "brand", *_TIME, *_OFTEN),
    Verb.ENROLLED: ("campaign", "cell", "brand", *_TIME, *_OFTEN),
}
"""What each thing that happened may be narrowed by. `responded` asks `to` what; the others name the `campaign`."""

_BOUNDS: Final = ("above", "at_least", "at_most", "below")


class _Reader:
    """Reads one written predicate and collects all that is wrong with it."""

    def __init__(self) -> None:
        self.refusals: list[Refused] = []

    def refuse(self, path: Path, what: Say, remedy: Say, *, of_key: bool = False) -> None:
        self.refusals.append(Refused(what, remedy, *path, of_key=of_key))

    def several(self, given: object, path: Path, *, key: str | None = None) -> tuple[Predicate, ...]:
        if isinstance(given, Mapping):
            given = [given]
        if not isinstance(given, list):
            self.refuse(
                path,
                Say("conditions are a list", "les conditions sont une liste")
                if key is None
                else Say(f"'{key}' is a list of conditions", f"« {key} » est une liste de conditions"),
                Say(f"Write '{key}: {{{given}: yes}}'.", f"Écrivez « {key}: {{{given}: yes}} ».")
                if key is not None and given in Verb.__members__.values()
                else Say("Write one condition a line: '- kind: prescriber'.", "Écrivez une condition par ligne : « - kind: prescriber »."),
            )  # fmt: skip
            return ()
        if not given:
            self.refuse(
                path,
                Say("there is no condition in the list", "la liste de conditions est vide")
                if key is None
                else Say(f"'{key}' is empty", f"« {key} » est vide"),
                Say("Write at least one condition, or delete the line.", "Écrivez au moins une condition, ou supprimez la ligne."),
            )  # fmt: skip
        return tuple(
            part
            for index, entry in enumerate(given)
            for part in self.entry(entry, (*path, index))
            if part is not None
        )

    def entry(self, given: object, path: Path) -> list[Predicate | None]:
        if not isinstance(given, Mapping) or not given:
            self.refuse(
                path,
                Say("a condition is a fact and its value", "une condition est une donnée et sa valeur"),
                Say("Write 'kind: prescriber', or 'ordered: {within: 90 days}'.", "Écrivez « kind: prescriber », ou « ordered: {within: 90 days} »."),
            )  # fmt: skip
            return []
        return [self.clause(str(key), value, (*path, str(key))) for key, value in given.items()]

    def clause(self, key: str, value: object, path: Path) -> Predicate | None:
        match key:
            case "all":
                return All(self.several(value, path, key=key), path)
            case "any":
                return AnyOf(self.several(value, path, key=key), path)
            case "not":
                parts = self.several(value, path, key=key)
                return Not(parts[0] if len(parts) == 1 else All(parts, path), path)
            case "in" | "not_in":
                names = self.names(value, path)
                inside = tuple(InSegment(name, path) for name in names)
                one = inside[0] if len(inside) == 1 else AnyOf(inside, path)
                return one if key == "in" else Not(one, path)
            case _ if key in Verb.__members__.values():
                return self.history(Verb(key), value, path)
            case _:
                return self.fact(key, value, path)

    def fact(self, key: str, value: object, path: Path) -> Predicate | None:
        if isinstance(value, Mapping):
            parts = [
                self.compared(key, str(form), operand, (*path, str(form))) for form, operand in value.items()
            ]
            known = tuple(part for part in parts if part is not None)
            if not value:
                self.refuse(
                    path,
                    Say(f"'{key}' is compared with nothing", f"« {key} » n'est comparé à rien"),
                    _WRITE_VALUE,
                )
            if {"at_least", "above"} & value.keys() and {"at_most", "below"} & value.keys():
                self.possible(value, path)
            if {"at_least", "after"} & value.keys() and {"at_most", "before"} & value.keys():
                self.possible_days(value, path)
            return known[0] if len(known) == 1 else All(known, path)
        values = self.values(value, path)
        return Is(key, values, path) if values else None

    def compared(self, key: str, form: str, operand: object, path: Path) -> Predicate | None:
        match form:
            case "missing":
                if operand in (True, "yes"):
                    return Missing(key, path)
                if operand in (False, "no"):
                    return Not(Missing(key, path), path)
                self.refuse(path, Say(f"'{_short(operand)}' is neither true nor false", f"« {_short(operand)} » n'est ni true ni false"),
                            Say("Write 'missing: true' or 'missing: false'.", "Écrivez « missing: true » ou « missing: false »."))  # fmt: skip
                return None
            case "not" | "not_in":
                values = self.values(operand, path)
                return IsNot(key, values, path) if values else None
            case "between":
                return self.between(key, operand, path)
            case _ if form in Op.__members__.values():
                if isinstance(operand, list | Mapping) or operand in (None, ""):
                    self.refuse(
                        path,
                        Say(f"'{form}' takes one value", f"« {form} » prend une seule valeur"),
                        _WRITE_VALUE,
                    )
                    return None
                return Compare(key, Op(form), _value(operand), path)
            case _:
                self.refuse_key(path, form, FORMS)
                return None

    def between(self, key: str, given: object, path: Path) -> Predicate | None:
        """Return that a fact lies between two values, both of them included."""
        limits = self.values(given, path) if isinstance(given, list) and len(given) == 2 else ()
        if len(limits) != 2:
            if not isinstance(given, list) or len(given) != 2:
                self.refuse(path, Say("'between' takes two values", "« between » prend deux valeurs"),
                            Say("Write the lower and the higher one: between: [2, 4]; both are meant.",
                                "Écrivez la plus basse et la plus haute : between: [2, 4] ; les deux sont comprises."))  # fmt: skip
            return None
        low, high = limits
        self.possible({"at_least": low, "at_most": high}, path)
        self.possible_days({"at_least": low, "at_most": high}, path)
        return All((Compare(key, Op.AT_LEAST, low, path), Compare(key, Op.AT_MOST, high, path)), path)

    def possible(self, written: Mapping[Any, Any], path: Path) -> None:
        numbers = {key: _number(value) for key, value in written.items() if key in _BOUNDS}
        bounds = Bounds(**{key: number for key, number in numbers.items() if number is not None})
        if not _possible(bounds):
            self.refuse(
                path,
                Say("no number is in this range", "aucun nombre n'est dans cet intervalle"),
                _way_out(bounds),
            )

    def possible_days(self, written: Mapping[Any, Any], path: Path) -> None:
        first = [_day(written.get("at_least")), _day(written.get("after"), 1)]
        last = [_day(written.get("at_most")), _day(written.get("before"), -1)]
        if any(start is not None and end is not None and start > end for start in first for end in last):
            limits = [_day(written.get(key)) for key in ("at_least", "after", "at_most", "before")]
            low, high = (
                [at for at in limits[:2] if at is not None],
                [at for at in limits[2:] if at is not None],
            )
            swap = max(low) > min(high)
            self.refuse(path, Say("no day is in this range", "aucun jour n'est dans cet intervalle"),
                        Say("Swap the two days.", "Échangez les deux jours.") if swap
                        else Say("'after' and 'before' leave their own day out; 'at_least' and 'at_most' have it in.",
                                 "« after » et « before » excluent leur jour ; « at_least » et « at_most » l'incluent."))  # fmt: skip

    def possible_window(self, since: object, before: object, path: Path) -> None:
        if not isinstance(before, dt.date):
            return
        end = _start(before)
        if end.replace(tzinfo=None) <= _start(dt.date(YEARS.start, 1, 1)):
            self.refuse(path, Say(f"nothing is known to have happened before {YEARS.start}", f"rien n'est connu d'avant {YEARS.start}"),
                        Say("Write a later day.", "Écrivez un jour plus récent."))  # fmt: skip
        if not isinstance(since, dt.date):
            return
        begin = _start(since)
        if (begin.tzinfo is None) is not (end.tzinfo is None) or begin < end:
            return  # how an instant lies to a local day, only the segment's zone says
        if begin == end:
            self.refuse(path, Say("the window has no moment in it: 'before' leaves its own first instant out",
                                  "la période ne contient aucun instant : « before » exclut le sien"),
                        Say("Write a later 'before': the day after the last one that you mean.",
                            "Écrivez un « before » plus tardif : le lendemain du dernier jour voulu."))  # fmt: skip
        else:
            self.refuse(path, Say("the window ends before it begins", "la période finit avant de commencer"),
                        Say("Swap 'since' and 'before'.", "Échangez « since » et « before »."))  # fmt: skip

    def values(self, given: object, path: Path) -> tuple[Value, ...]:
        entries = given if isinstance(given, list) else [given]
        if not entries:
            self.refuse(
                path,
                Say("the list is empty: nobody fits", "la liste est vide : personne ne convient"),
                _WRITE_VALUE,
            )
        kept: list[Value] = []
        for index, entry in enumerate(entries):
            at = (*path, index) if isinstance(given, list) else path
            if entry is None:
                self.refuse(at, Say("there is no value here", "il n'y a pas de valeur ici"),
                            Say("Write a value; '{missing: true}' asks for those without one.",
                                "Écrivez une valeur ; « {missing: true} » demande ceux qui n'en ont pas."))  # fmt: skip
            elif isinstance(entry, list | Mapping):
                self.refuse(
                    at,
                    Say(
                        "a value is a word, a number or a date",
                        "une valeur est un mot, un nombre ou une date",
                    ),
                    _WRITE_VALUE,
                )
            else:
                kept.append(_value(entry))
        return tuple(kept)

    def names(self, given: object, path: Path) -> tuple[str, ...]:
        return tuple(str(value) for value in self.values(given, path))

    def history(self, verb: Verb, given: object, path: Path) -> Predicate | None:
        if given in (True, "yes") or given is None:
            given = {}
        if given in (False, "no"):
            self.refuse(
                path,
                Say(f"'{verb}' is asked with yes", f"« {verb} » se demande avec yes"),
                Say(f"Write 'not: {{{verb}: yes}}'.", f"Écrivez « not: {{{verb}: yes}} »."),
            )
            return None
        if not isinstance(given, Mapping):
            self.refuse(
                path,
                Say(f"'{verb}' takes arguments", f"« {verb} » prend des arguments"),
                Say(f"Write '{verb}: {{within: 90 days}}'.", f"Écrivez « {verb}: {{within: 90 days}} »."),
            )
            return None
        known = HISTORY_KEYS[verb]
        for key in given:
            if key not in known:
                self.refuse_key((*path, str(key)), str(key), known)
        read: dict[str, Any] = {}

        def take(key: str, into: str, how: Callable[[object, Path], object]) -> None:
            if key in given and key in known:
                read[into] = how(given[key], (*path, key))

        for key, into in _NAMED.items():
            take(key, into, self.names)
        take("within", "within", self.length)
        if read.get("within") is not None and isinstance(given["within"], str):
            read["within_as_written"] = given["within"]
        take("since", "since", self.moment)
        take("before", "before", self.moment)
        take("units", "units", self.bounds)
        take("amount", "amount", self.bounds)
        if "within" in read and "since" in read:
            self.refuse((*path, "since"), Say("both 'within' and 'since' say when it begins", "« within » et « since » disent tous deux quand cela commence"),
                        Say("Keep one of the two.", "Gardez l'un des deux."))  # fmt: skip
        self.possible_window(read.get("since"), read.get("before"), (*path, "before"))
        if verb is Verb.NO_RESPONSE and not read.get("campaigns") and not read.get("steps"):
            self.refuse(path, Say("no response to what?", "pas de réponse à quoi ?"),
                        Say("Write 'to:' with a campaign or a step.", "Écrivez « to: » avec une campagne ou une étape."))  # fmt: skip
        read["times"] = self.times(
            given, known, path, otherwise=not (read.get("units") or read.get("amount"))
        )
        return History(verb, **read, path=path)

    def times(
        self, given: Mapping[Any, Any], known: tuple[str, ...], path: Path, *, otherwise: bool
    ) -> Bounds:
        """Return how often it must have happened: once, unless something else bounds it."""
        written = {key: given[key] for key in _OFTEN if key in given and key in known}
        if not written:
            return ONCE if otherwise else Bounds()
        numbers: dict[str, Decimal] = {}
        for key, value in written.items():
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                self.refuse((*path, key), Say(f"'{_short(value)}' is not a number of times", f"« {_short(value)} » n'est pas un nombre de fois"),
                            Say("Write a whole number: at_least: 2.", "Écrivez un nombre entier : at_least: 2."))  # fmt: skip
            elif key == "at_least" and value == 0:
                self.refuse((*path, key), Say("'at_least: 0' is true of everybody", "« at_least: 0 » est vrai de tout le monde"),
                            Say("Write 1 or more.", "Écrivez 1 ou plus."))  # fmt: skip
            else:
                numbers[key] = Decimal(value)
        bounds = Bounds(**numbers)
        if not _possible(bounds):
            self.refuse(
                path,
                Say("no number is in this range", "aucun nombre n'est dans cet intervalle"),
                _way_out(bounds),
            )
        return bounds

    def bounds(self, given: object, path: Path) -> Bounds | None:
        if not isinstance(given, Mapping) or not given:
            self.refuse(path, Say("a sum has bounds", "une somme a des bornes"),
                        Say("Write '{at_least: 30}'.", "Écrivez « {at_least: 30} »."))  # fmt: skip
            return None
        read: dict[str, Decimal] = {}
        for key, value in given.items():
            number = _number(value)
            if key not in _BOUNDS:
                self.refuse_key((*path, str(key)), str(key), _BOUNDS)
            elif number is None:
                self.refuse((*path, str(key)), Say(f"'{_short(value)}' is not a number", f"« {_short(value)} » n'est pas un nombre"),
                            Say("Write a number: 500.", "Écrivez un nombre : 500."))  # fmt: skip
            else:
                read[str(key)] = number
        bounds = Bounds(**read)
        if not _possible(bounds):
            self.refuse(
                path,
                Say("no number is in this range", "aucun nombre n'est dans cet intervalle"),
                _way_out(bounds),
            )
        return bounds

    def length(self, given: object, path: Path) -> dt.timedelta | None:
        try:
            length = duration(given)
        except ValueError:
            length = dt.timedelta(0)
        if length <= dt.timedelta(0) or length > dt.timedelta(days=36500):
            self.refuse(path, Say(f"'{_short(given)}' is not a while", f"« {_short(given)} » n'est pas une durée"),
                        Say("Write a number and a unit: 14 days, 12 months.", "Écrivez un nombre et une unité : 14 days, 12 months."))  # fmt: skip
            return None
        return length

    def moment(self, given: object, path: Path) -> Moment | None:
        value = _value(given)
        if isinstance(value, str) and _LOOKS_LIKE_A_DAY.match(value):
            value = _moment_of(value)
        if isinstance(value, str) or (isinstance(value, dt.date) and value.year in YEARS):
            return value
        self.refuse(path, Say(f"'{_short(given)}' is not a moment", f"« {_short(given)} » n'est pas un moment"),
                    Say("Write a day (2026-03-02, 2026-03-02 09:30) or, in a campaign, the name of a step.",
                        "Écrivez un jour (2026-03-02, 2026-03-02 09:30) ou, dans une campagne, le nom d'une étape."))  # fmt: skip
        return None

    def refuse_key(self, path: Path, key: str, known: tuple[str, ...]) -> None:
        self.refuse(
            path,
            Say(f"unknown key '{key}'", f"clé inconnue « {key} »"),
            did_you_mean(key, known),
            of_key=True,
        )


_WRITE_VALUE: Final = Say("Write a value: 'kind: prescriber', 'potential: {at_least: 3}'.",
                          "Écrivez une valeur : « kind: prescriber », « potential: {at_least: 3} ».")  # fmt: skip
_NAMED: Final = {
    "channel": "channels", "brand": "brands", "campaign": "campaigns", "to": "campaigns", "step": "steps", "with": "types",
    "because": "reasons", "cell": "cells",
}  # fmt: skip


_LOOKS_LIKE_A_DAY: Final = re.compile(r"\s*\d{4}-\d{1,2}-\d{1,2}(?:[ T]|$)")


def _moment_of(written: str) -> dt.date | int:
    """Return the moment that a text says, which YAML itself takes for one only where it has seconds; 0 if none."""
    try:
        moment = dt.datetime.fromisoformat(re.sub(r"(?<=[ T])(?=\d:)", "0", written.strip()))
    except ValueError:
        return 0
    return moment.date() if len(written.strip()) <= len("2026-03-02") else moment


def _value(written: object) -> Value:
    if isinstance(written, float):
        return Decimal(str(written))
    if isinstance(written, str | int | Decimal | dt.date):
        return written
    return str(written)


def _number(written: object) -> Decimal | None:
    if isinstance(written, bool) or not isinstance(written, int | float | Decimal):
        return None
    number = Decimal(str(written))
    return number if number.is_finite() and abs(number) < Decimal(10) ** 15 else None


def _day(written: object, later: int = 0) -> int | None:
    """Return the number of a day, or of one so many days later: a number knows no end of the calendar."""
    if not isinstance(written, dt.date) or isinstance(written, dt.datetime):
        return None
    return written.toordinal() + later


def _possible(bounds: Bounds) -> bool:
    low = [
        (number, closed)
        for number, closed in ((bounds.at_least, True), (bounds.above, False))
        if number is not None
    ]
    high = [
        (number, closed)
        for number, closed in ((bounds.at_most, True), (bounds.below, False))
        if number is not None
    ]
    return all(a < b or (a == b and closed_a and closed_b) for a, closed_a in low for b, closed_b in high)


def _way_out(bounds: Bounds) -> Say:
    low = [number for number in (bounds.at_least, bounds.above) if number is not None]
    high = [number for number in (bounds.at_most, bounds.below) if number is not None]
    if max(low) > min(high):
        return Say("Swap the two bounds.", "Échangez les deux bornes.")
    return Say("'above' and 'below' leave their own number out; 'at_least' and 'at_most' have it in.",
               "« above » et « below » excluent leur nombre ; « at_least » et « at_most » l'incluent.")  # fmt: skip


def _start(moment: dt.date) -> dt.datetime:
    if isinstance(moment, dt.datetime):
        return moment
    return dt.datetime(moment.year, moment.month, moment.day)  # noqa: DTZ001 - local to the segment's zone


def _short(written: object) -> str:
    return "" if written is None else str(written)[:60]


def read_who(given: object) -> All:
    """Return the predicate that a written list says: all of its entries.

    Raises:
        ValidationError: every refusal in it, each with its path.

    >>> read_who([{"kind": "prescriber"}]).parts[0].values
    ('prescriber',)
    """
    if isinstance(given, All):
        return given
    reader = _Reader()
    parts = reader.several(given, ())
    if reader.refusals:
        raise ValidationError.from_exception_data(
            "who",
            [
                InitErrorDetails(type="value_error", loc=(), input=given, ctx={"error": refusal})
                for refusal in reader.refusals
            ],
        )
    return All(parts)


Who: TypeAlias = Annotated[
    All,
    PlainValidator(read_who),
    PlainSerializer(lambda who: repr(who), return_type=str),
    WithJsonSchema(
        {
            "type": "array",
            "minItems": 1,
            "items": {"type": "object", "minProperties": 1},
            "x-touchbase": "who",
        }
    ),
]
"""The written form of `who`, `if` and `exit`."""
