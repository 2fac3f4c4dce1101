"""Texts that are written once and filled for each customer: Jinja, closed in and strict.

Whoever writes a template is trusted with words, not with the machine. So a template has the names
it is given and no others, no loops but over what it is given, none of Jinja's ways to code, memory
or chance; and what is missing is an error, never a blank or a `None` in front of a doctor.

    >>> compile_text("Bonjour {{ customer }}", {"customer"}).fill({"customer": "Dr Claire Morel"})
    'Bonjour Dr Claire Morel'
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn

import jinja2
from jinja2 import nodes
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from engine.problems import FilesError, Problem, Say, Span, did_you_mean

FILTERS: Final = frozenset(
    {
        "abs", "capitalize", "count", "d", "default", "e", "escape", "first", "float", "forceescape", "int",
        "join", "last", "length", "list", "lower", "max", "min", "reject", "rejectattr", "replace", "reverse",
        "round", "select", "selectattr", "sort", "string", "sum", "title", "trim", "truncate", "unique", "upper",
        "urlencode",
    }
)  # fmt: skip
"""The filters a text may use. Those that can build huge texts from small ones (center, indent,
format), reach into objects (attr, map) or draw lots (random) are not among them."""


class Unfillable(ValueError):
    """A text that does not come out for these values; says which word and where, never the values."""

    def __init__(self, file: str, line: int, why: str) -> None:
        super().__init__(f"{file}:{line}: {why}")
        self.file, self.line, self.why = file, line, why


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox, with less in it."""

    intercepted_binops = frozenset({"*", "**"})  # 'x' * 10**9 needs no loop to fill the memory

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "**" or not all(isinstance(side, int | float) for side in (left, right)):
            raise SecurityError(f"'{operator}' is only for numbers" if operator == "*" else "no '**' here")
        return super().call_binop(context, operator, left, right)

    def is_safe_callable(self, obj: Any) -> bool:
        return False  # a text shows values; it calls nothing


def _shown(value: object) -> object:
    if value is None:
        raise jinja2.UndefinedError("a value is missing; write a default: {{ ... or '...' }}")
    return value


def environment(*, html: bool) -> Sandbox:
    """Return the one environment that texts of this product are compiled in; `html` escapes data."""
    made = Sandbox(
        undefined=jinja2.StrictUndefined,
        autoescape=html,
        finalize=_shown,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals.clear()
    made.filters = {name: act for name, act in made.filters.items() if name in FILTERS}
    return made


@dataclass(frozen=True, slots=True)
class Template:
    """A compiled text."""

    file: str
    names: frozenset[str]  #: what it uses of what it may use
    _render: Callable[..., str]

    def fill(self, values: Mapping[str, object]) -> str:
        """Return the text for one customer.

        Raises:
            Unfillable: a name or a value is missing, or the text does what it may not.
        """
        try:
            return self._render(values)
        except (jinja2.TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
            raise Unfillable(self.file, _line(error), _why(error)) from None


def _line(error: BaseException) -> int:
    """Return the template's line on which an error arose; Jinja maps its tracebacks to it."""
    line, trace = 1, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _why(error: BaseException) -> str:
    # Jinja's words name attributes, not values; but a refused call shows what it was called on.
    if isinstance(error, SecurityError) and "callable" in (error.message or ""):
        return "a text shows values; it calls nothing"
    return (error.message or "") if isinstance(error, jinja2.TemplateError) else type(error).__name__


def compile_text(
    source: str, names: Collection[str], *, file: str = "<text>", html: bool = False, first_line: int = 1
) -> Template:
    """Return `source` compiled, able to use `names` and nothing else.

    Args:
        first_line: The line of `file` on which `source` begins.

    Raises:
        FilesError: it does not parse, uses a name that nobody gives, or includes another file.
    """
    made = environment(html=html)
    try:
        tree = made.parse(source)
        code = made.from_string(source)
    except jinja2.TemplateSyntaxError as error:
        _refuse(file, first_line + error.lineno - 1, error.message or "")
    problems = [
        Problem(
            Span(file, first_line + node.lineno - 1),
            Say(
                f"a text stands alone; it has no '{type(node).__name__.lower()}'",
                f"un texte tient seul ; il n'a pas de « {type(node).__name__.lower()} »",
            ),
            Say("Write the part into the text itself.", "Écrivez cette partie dans le texte même."),
        )
        for node in tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends))
    ]
    used = {node.name: node.lineno for node in tree.find_all(nodes.Name) if node.ctx == "load"}
    own = {node.name for node in tree.find_all(nodes.Name) if node.ctx != "load"} | {"loop"}
    problems += [
        Problem(
            Span(file, first_line + line - 1),
            Say(f"unknown name '{name}'", f"nom inconnu « {name} »"),
            did_you_mean(name, names),
        )
        for name, line in used.items()
        if name not in names and name not in own
    ]
    if problems:
        raise FilesError(problems)
    return Template(file, frozenset(used) & frozenset(names), code.render)


def _refuse(file: str, line: int, why: str) -> NoReturn:
    raise FilesError(
        [
            Problem(
                Span(file, line),
                Say(f"the text does not parse: {why}", f"le texte ne se lit pas : {why}"),
                Say(
                    "Look for an open {{ or {% on this line or above.",
                    "Cherchez un {{ ou un {% resté ouvert sur cette ligne ou au-dessus.",
                ),
            )
        ]
    )
