"""What a text needs and not every customer has: it would not come out for them."""

from collections.abc import Iterator
from typing import Final

from jinja2 import nodes

from engine.content.placeholders import PARSER, dotted

OF_EVERYBODY: Final = frozenset(
    {"customer.name", "customer.greeting", "customer.language", "customer.country"}
)
"""What there is of every customer."""
OF_EVERY_REP: Final = frozenset({"rep.name", "rep.code", "rep.first_name", "rep.last_name", "rep.email"})


def needs(text: str, *, has_rep: bool = False) -> list[str]:
    """Return the names that a checked text needs and not every customer has: it would not come out for them.

    Each branch counts: which one a customer reads is not known here. What has a default, or stands where a test of
    the same name holds, is not needed. Offers are the campaign's own matter.

    Args:
        has_rep: Whoever has no representative gets nothing of it.

    >>> needs("{{ customer.name }}, {{ customer.town }}{% if view_url is defined %}{{ view_url }}{% endif %}")
    ['customer.town']
    """
    return sorted({name for name in _needed(PARSER.parse(text), frozenset()) if _may_lack(name, has_rep)})


def _needed(node: nodes.Node, there: frozenset[str]) -> Iterator[str]:
    """Give the names that a part needs where those in `there` are known to be there."""
    name = dotted(node)
    if name is not None:
        if name not in there:
            yield name
        return
    match node:
        case nodes.If(test=test, body=body, elif_=others, else_=rest):
            yield from _needed(test, there)
            for part in body:
                yield from _needed(part, there | _shown(test, holds=True))
            otherwise = there | _shown(test, holds=False)
            for other in others:
                yield from _needed(other, otherwise)
                otherwise |= _shown(other.test, holds=False)
            for part in rest:
                yield from _needed(part, otherwise)
        case nodes.CondExpr(test=test, expr1=first, expr2=second):
            yield from _needed(test, there)
            yield from _needed(first, there | _shown(test, holds=True))
            if second is not None:
                yield from _needed(second, there | _shown(test, holds=False))
        case nodes.And(left=left, right=right) | nodes.Or(left=left, right=right):
            yield from _needed(left, there)
            yield from _needed(right, there | _shown(left, holds=isinstance(node, nodes.And)))
        case nodes.Test(name="defined" | "undefined", node=tested) if dotted(tested) is not None:
            return
        case nodes.Filter(name="default" | "d", node=inner, args=args) if inner is not None and dotted(inner):
            for part in args:
                yield from _needed(part, there)
        case _:
            for part in node.iter_child_nodes():
                yield from _needed(part, there)


def _shown(test: nodes.Node, *, holds: bool) -> frozenset[str]:
    """Return the names that are there wherever a test holds, or wherever it does not."""
    match test:
        case nodes.Test(name="defined" | "undefined" as kind, node=tested):
            name = dotted(tested)
            return frozenset({name} if name is not None and holds == (kind == "defined") else ())
        case nodes.Not(node=inner):
            return _shown(inner, holds=not holds)
        case nodes.And(left=left, right=right) | nodes.Or(left=left, right=right):
            one, other = _shown(left, holds=holds), _shown(right, holds=holds)
            return one | other if isinstance(test, nodes.And) == holds else one & other
        case nodes.Filter(name="default" | "d", node=inner, args=[nodes.Const(value=value)]) if (
            holds and not value
        ):
            name = None if inner is None else dotted(inner)  # {% if customer.town | default("") %}
            return frozenset(() if name is None else {name})
        case _:
            return frozenset()


def _may_lack(name: str, has_rep: bool) -> bool:
    group = name.partition(".")[0]
    if group == "rep":
        return not (has_rep and name in OF_EVERY_REP)
    return name == "view_url" or (group == "customer" and name not in OF_EVERYBODY)
