"""The language of placeholders: Jinja, cut down until it can neither escape nor cost.

What a template may say is a list of node types. There is no loop, no call, no arithmetic, no
assignment, no include: every node is evaluated at most once, and every filter returns at most a few
times what it is given. So the cost of filling is bounded by template + values, both of which are
limited; `'x' * 10**9` or nested loops are not caught at run time, they cannot be written.

Names are flattened: `customer.facts.tier` becomes one variable, looked up in a plain dict of
scalars. Nothing in a filled template has attributes to climb.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from jinja2 import StrictUndefined, TemplateSyntaxError, UndefinedError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from engine.content.formats import date, money, percent, phone
from engine.problems import Problem, Say, Span, did_you_mean, nearest

LONGEST_VALUE: Final = 4_000
"""Characters of one value; longer ones are no names, towns or offers, and do not compose."""

LARGEST_TEMPLATE: Final = 300_000  #: characters, includes and all

FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    "date": date,
    "money": money,
    "percent": percent,
    "phone": phone,
}
_OF_JINJA: Final = ("default", "d", "upper", "lower", "capitalize", "trim")
_TESTS: Final = ("defined", "undefined", "lt", "le", "gt", "ge", "eq", "ne", "in", "none")

DEEPEST: Final = 30  #: nested brackets and ifs

_ALLOWED: Final = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.If,
    nodes.CondExpr,
    nodes.Const,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Test,
    nodes.Filter,
    nodes.List,
    nodes.Tuple,
    nodes.Keyword,
)

CUSTOMER: Final = (
    "name",
    "greeting",
    "civility",
    "title",
    "first_name",
    "last_name",
    "org_name",
    "town",
    "postcode",
    "street",
    "department",
    "specialty_group",
    "language",
    "country",
)
"""What a template may say of a customer, besides `customer.facts.<fact>`; no address, no number."""
REP: Final = ("name", "code", "first_name", "last_name", "email", "phone")
OFFER: Final = ("code", "discount", "free_goods", "label")


@dataclass(frozen=True, slots=True)
class Names:
    """The names a text may use: whole dotted ones, and prefixes below which any word may stand."""

    whole: frozenset[str]
    below: frozenset[str] = frozenset()

    def knows(self, name: str) -> bool:
        return name in self.whole or name.rpartition(".")[0] in self.below


def names(links: Iterable[str] = (), *, facts: Iterable[str] | None = None) -> Names:
    """Return the names that a mail, letter or note may use.

    Args:
        facts: The company's declared facts; `None` where they are not known: then any may be used.
    """
    whole = {
        *(f"customer.{part}" for part in CUSTOMER),
        *(f"rep.{part}" for part in REP),
        *(f"offer.{part}" for part in OFFER),
        *(f"links.{label}" for label in links),
        "campaign.title",
        "campaign.brand",
        "campaign.name",
        "material.reference",
        "material.version",
        "material.title",
        "material.revised_on",
        "unsubscribe_url",
        "preferences_url",
        "view_url",
        "today",
        *(f"customer.facts.{fact}" for fact in facts or ()),
    }
    return Names(frozenset(whole), frozenset({"customer.facts"}) if facts is None else frozenset())


_TOO_DEEP: Final = (
    Say("placeholders are nested too deep", "les champs sont trop imbriqués"),
    Say("Take brackets or ifs out.", "Retirez des parenthèses ou des conditions."),
)


class Placeholders(ImmutableSandboxedEnvironment):
    """Jinja as our templates may use it: strict, sandboxed, without globals."""

    def __init__(self, *, autoescape: bool) -> None:
        super().__init__(undefined=StrictUndefined, autoescape=autoescape, keep_trailing_newline=True)
        self.globals = {}
        self.filters = {name: self.filters[name] for name in _OF_JINJA} | dict(FILTERS)
        self.tests = {name: self.tests[name] for name in _TESTS}


PARSER: Final = Placeholders(autoescape=True)


def dotted(node: nodes.Node) -> str | None:
    """Return the dotted name a node says, or `None` if it is something else."""
    match node:
        case nodes.Name(name=name):
            return str(name)
        case nodes.Getattr(node=inner, attr=attr):
            front = dotted(inner)
            return None if front is None else f"{front}.{attr}"
        case _:
            return None


def mangled(name: str) -> str:
    """Return the variable in which a dotted name stands when a template is filled."""
    return name.replace(".", "__")


def problems(text: str, known: Names, file: str, *, line: int = 1) -> list[Problem]:
    """Return what a text says that placeholders may not say, with its lines; `line` is that of its start."""
    lines = text.splitlines()

    def problem(number: int | None, what: Say, remedy: Say, word: str = "{") -> Problem:
        number = number or 1  # a node that Jinja itself made up has no line
        excerpt = lines[number - 1][:160] if 0 < number <= len(lines) else None
        column = max(0, (excerpt or "").find(word)) + 1
        return Problem(Span(file, number + line - 1, column), what, remedy, excerpt)

    if len(text) > LARGEST_TEMPLATE:
        return [
            problem(
                1,
                Say(
                    f"is longer than {LARGEST_TEMPLATE:,} characters",
                    f"dépasse {LARGEST_TEMPLATE} caractères",
                ),
                Say("Shorten it: a mail above 100 kB is cut by its readers.", "Raccourcissez-le."),
            )
        ]
    try:
        tree = PARSER.parse(text)
    except TemplateSyntaxError as error:
        return [
            problem(
                error.lineno,
                Say(f"a placeholder is not well written: {error.message}", "un champ est mal écrit"),
                Say(
                    "Write {{ customer.name }} or {% if ... %}...{% endif %}.",
                    "Écrivez {{ customer.name }} ou {% if … %}…{% endif %}, accolades et signes fermés.",
                ),
            )
        ]
    except RecursionError:
        return [problem(1, *_TOO_DEEP)]
    found: list[Problem] = []
    _walk(tree, found, known, problem)
    return found


def _walk(node: nodes.Node, found: list[Problem], known: Names, problem: Callable[..., Problem]) -> None:
    # An explicit stack: a template nested a thousand deep is a problem of its own, not a crash.
    stack = [(node, 0)]
    while stack:
        node, depth = stack.pop()
        if depth > DEEPEST:
            found.append(problem(node.lineno, *_TOO_DEEP))
            continue
        name = dotted(node)
        if name is not None:
            if not known.knows(name) or "__" in name:
                known_here = sorted(known.whole)
                close = nearest(name, known_here)
                remedy = (
                    did_you_mean(name, [close])
                    if close
                    else Say(
                        "Known: customer.name, customer.greeting, customer.town, customer.facts.<fact>, rep.name, "
                        "offer.code, links.<label>, material.reference, unsubscribe_url...",
                        "Connus : customer.name, customer.greeting, customer.town, customer.facts.<fait>, rep.name, "
                        "offer.code, links.<nom>, material.reference, unsubscribe_url…",
                    )
                )
                found.append(
                    problem(
                        node.lineno, Say(f"unknown name '{name}'", f"nom inconnu « {name} »"), remedy, name
                    )
                )
            continue
        said = _refused(node)
        if said is not None:
            found.append(
                problem(
                    node.lineno,
                    said,
                    Say(
                        f"Placeholders know names, if, comparisons and the filters {', '.join(_filters())}.",
                        f"Les champs connaissent les noms, if, les comparaisons et les filtres {', '.join(_filters())}.",
                    ),
                )
            )
            continue
        stack += [(child, depth + 1) for child in reversed(list(node.iter_child_nodes()))]


def _filters() -> list[str]:
    return sorted({*FILTERS, *_OF_JINJA} - {"d"})


def _refused(node: nodes.Node) -> Say | None:
    match node:
        case nodes.Filter(name=name) if name not in FILTERS and name not in _OF_JINJA:
            return Say(f"unknown filter '{name}'", f"filtre inconnu « {name} »")
        case nodes.Filter(name="date", node=inner) if (
            inner is not None and (shown := dotted(inner)) is not None and not _may_be_a_day(shown)
        ):
            return Say(f"'{shown}' is no day", f"« {shown} » n'est pas un jour")
        case nodes.Filter(args=args, kwargs=kwargs, dyn_args=dyn, dyn_kwargs=dyn_kw) if (
            dyn
            or dyn_kw
            or any(not isinstance(arg, nodes.Const) and dotted(arg) is None for arg in args)
            or kwargs
        ):
            return Say("a filter takes words and names only", "un filtre ne prend que des mots et des noms")
        case nodes.Test(name=name) if name not in _TESTS:
            return Say(f"unknown test '{name}'", f"test inconnu « {name} »")
        case nodes.Const(value=value) if isinstance(value, str) and len(value) > LONGEST_VALUE:
            return Say("a text in a placeholder is too long", "un texte de champ est trop long")
        case _ if not isinstance(node, _ALLOWED):
            kind = type(node).__name__.lower()
            return Say(f"'{kind}' is not part of the placeholder language", f"« {kind} » n'est pas permis")
        case _:
            return None


def _may_be_a_day(name: str) -> bool:
    return name in ("today", "material.revised_on") or name.startswith("customer.facts.")


def used(text: str) -> frozenset[str]:
    """Return the dotted names that a checked text uses."""
    tree = PARSER.parse(text)
    found: set[str] = set()
    stack: list[nodes.Node] = [tree]
    while stack:
        node = stack.pop()
        name = dotted(node)
        if name is not None:
            found.add(name)
        else:
            stack += list(node.iter_child_nodes())
    return frozenset(found)


def missing_name(error: UndefinedError) -> str:
    """Return the dotted name that a text had no value for."""
    word = (error.message or "").split("'")[1:2]
    return word[0].replace("__", ".") if word else "a value"


def flatten(tree: nodes.Template, fixed: Mapping[str, Any] | None = None) -> nodes.Template:
    """Return the tree with every dotted name as one variable: no attribute is looked up when filling.

    Args:
        fixed: Values that are the same for everybody, by dotted name: written into the text now.
    """
    _flatten(tree, fixed or {})
    return tree


def _flatten(node: nodes.Node, fixed: Mapping[str, Any]) -> None:
    for field in node.fields:
        value = getattr(node, field)
        if isinstance(value, nodes.Node):
            setattr(node, field, _flat(value, fixed))
        elif isinstance(value, list):
            setattr(node, field, [_flat(one, fixed) if isinstance(one, nodes.Node) else one for one in value])


def _flat(node: nodes.Node, fixed: Mapping[str, Any]) -> nodes.Node:
    name = dotted(node)
    if name is not None:
        value = fixed.get(name)
        if isinstance(value, str | int):  # other kinds have no literal that Jinja's compiler could write
            return nodes.Const(value, lineno=node.lineno, environment=node.environment)
        return nodes.Name(mangled(name), "load", lineno=node.lineno, environment=node.environment)
    if isinstance(node, nodes.Filter) and not node.args and node.name in FILTERS and node.node is not None:
        value = fixed.get(dotted(node.node) or "")
        if value is not None:
            with suppress(
                TypeError, ValueError, ArithmeticError
            ):  # of the wrong kind: told where it is filled
                said = str(FILTERS[node.name](value))
                return nodes.Const(said, lineno=node.lineno, environment=node.environment)
    _flatten(node, fixed)
    return node


def plain(value: object) -> Any:
    """Return a value as a placeholder may hold it; anything that is no scalar becomes its text.

    Raises:
        ValueError: too long to be meant.
    """
    if isinstance(value, str):
        if len(value) > LONGEST_VALUE:
            raise ValueError("a value is too long")
        return value
    if isinstance(value, int | float | Decimal | dt.date):
        return value
    return plain(str(value))
