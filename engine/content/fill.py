"""Plain texts that are filled for each customer, in the one language of placeholders.

Mails have a faster way of their own (`wire`); notes and subjects are short and take this one. What
is missing is an error, never a blank or a `None` in front of a doctor.

    >>> note = compile_text("Remettre la fiche à {{ customer.name }}.", names())
    >>> note.fill({"customer.name": "Dr Claire Morel"})
    'Remettre la fiche à Dr Claire Morel.'
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jinja2

from engine.content.formats import phone
from engine.content.placeholders import (
    CUSTOMER,
    OFFER,
    REP,
    Names,
    Placeholders,
    flatten,
    mangled,
    missing_name,
    names,
    plain,
    problems,
    used,
)
from engine.problems import FilesError

__all__ = ["Template", "Unfillable", "compile_text", "names", "words"]


class Unfillable(ValueError):
    """A text that does not come out for these values; says which word of which file, never the values."""


@dataclass(frozen=True, slots=True)
class Template:
    """A compiled text."""

    file: str
    uses: frozenset[str]  #: dotted names
    _render: Callable[[dict[str, Any]], str]

    def fill(self, values: Mapping[str, object]) -> str:
        """Return the text for one customer; `values` by dotted name, what is missing left out.

        Raises:
            Unfillable: a value is missing that has no default, or is of a kind that a filter cannot show.
        """
        given = {mangled(name): plain(values[name]) for name in self.uses if name in values}
        try:
            return self._render(given)
        except jinja2.UndefinedError as error:
            raise Unfillable(f"{self.file}: {missing_name(error)} is missing and has no default") from None
        except (jinja2.TemplateError, TypeError, ValueError, ArithmeticError) as error:
            raise Unfillable(f"{self.file}: {type(error).__name__} in a placeholder") from None


def compile_text(source: str, known: Names, *, file: str = "<text>", first_line: int = 1) -> Template:
    """Return `source` compiled, able to use the `known` names and nothing else. Data is not escaped.

    Args:
        first_line: The line of `file` on which `source` begins.

    Raises:
        FilesError: it does not parse, or says what placeholders may not say.
    """
    found = problems(source, known, file, line=first_line)
    if found:
        raise FilesError(found)
    made = Placeholders(autoescape=False)
    made.trim_blocks = made.lstrip_blocks = True  # an {% if %} on its own line leaves no blank line
    code = jinja2.Template.from_code(made, made.compile(flatten(made.parse(source))), {})
    return Template(file, used(source), code.render)


def words(
    *, customer: object = None, rep: object = None, offer: object = None, **more: Mapping[str, object]
) -> dict[str, Any]:
    """Return the values of the names that a text may use, by dotted name; unknown ones are not in it.

    Args:
        customer: Whatever has the attributes that `placeholders.CUSTOMER` lists, and `facts`.
        more: Further groups: `campaign={"title": ...}`.
    """
    groups = (("customer", customer, CUSTOMER), ("rep", rep, REP), ("offer", offer, OFFER))
    found = {
        f"{group}.{part}": getattr(owner, part, None)
        for group, owner, parts in groups
        for part in parts
        if owner is not None
    }
    if rep is not None:
        number = found["rep.phone"]
        found["rep.phone"] = number and phone(number, between=" ")
        found["rep.name"] = f"{getattr(rep, 'first_name', '')} {getattr(rep, 'last_name', '')}".strip()
    found |= {f"customer.facts.{fact}": value for fact, value in getattr(customer, "facts", {}).items()}
    found |= {f"{group}.{part}": value for group, parts in more.items() for part, value in parts.items()}
    return {name: value for name, value in found.items() if value is not None and value != ""}
