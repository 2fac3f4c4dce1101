"""What a segment in SQL may say, judged by PostgreSQL's own grammar: everything that is not known is refused.

One SELECT of `customer_id` over the documented views, with functions and operators that answer the
same at every repetition. The database holds without this (`engine.store.sql_segments`); here the
author is told, offline, what is wrong and where.
"""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, Final

from engine.loading.sql_columns import COLUMNS, Slip, column_slips
from engine.loading.sql_edge import has_edge
from engine.model.facts import Catalogue
from engine.problems import Say, did_you_mean

VIEWS: Final = tuple(COLUMNS)

FUNCTIONS: Final = frozenset(
    [
        "abs",
        "array_length",
        "asked_at",
        "asked_on",
        "avg",
        "bool_and",
        "bool_or",
        "btrim",
        "cardinality",
        "ceil",
        "coalesce",
        "count",
        "date_part",
        "date_trunc",
        "dense_rank",
        "extract",
        "floor",
        "first_value",
        "jsonb_typeof",
        "lag",
        "last_value",
        "lead",
        "left",
        "length",
        "like_escape",
        "lower",
        "make_date",
        "make_interval",
        "max",
        "min",
        "mod",
        "ntile",
        "percent_rank",
        "position",
        "rank",
        "right",
        "round",
        "row_number",
        "starts_with",
        "substring",
        "sum",
        "timezone",
        "trim",
        "upper",
    ]
)
OPERATORS: Final = frozenset(
    [
        "=",
        "<>",
        "!=",
        "<",
        ">",
        "<=",
        ">=",
        "+",
        "-",
        "*",
        "/",
        "%",
        "~~",
        "!~~",
        "~~*",
        "!~~*",
        "||",
        "&&",
        "@>",
        "<@",
        "->",
        "->>",
        "?",
    ]
)
TYPES: Final = frozenset(
    [
        "bool",
        "int2",
        "int4",
        "int8",
        "numeric",
        "float8",
        "text",
        "varchar",
        "bpchar",
        "date",
        "timestamp",
        "timestamptz",
        "time",
        "interval",
        "jsonb",
    ]
)

_PLAIN: Final = frozenset(
    [
        "A_ArrayExpr",
        "A_Const",
        "A_Expr",
        "A_Indices",
        "A_Indirection",
        "A_Star",
        "Alias",
        "BoolExpr",
        "Boolean",
        "BooleanTest",
        "CaseExpr",
        "CaseWhen",
        "CoalesceExpr",
        "ColumnRef",
        "CommonTableExpr",
        "Float",
        "FuncCall",
        "Integer",
        "JoinExpr",
        "MinMaxExpr",
        "NullTest",
        "RangeSubselect",
        "RangeVar",
        "RawStmt",
        "ResTarget",
        "SelectStmt",
        "SortBy",
        "String",
        "SubLink",
        "TypeCast",
        "TypeName",
        "WindowDef",
        "WithClause",
    ]
)
_TELLING: Final = {
    "IntoClause": Say("SELECT INTO writes a table", "SELECT INTO écrit une table"),
    "LockingClause": Say("FOR UPDATE and FOR SHARE take locks", "FOR UPDATE et FOR SHARE posent des verrous"),
    "SQLValueFunction": Say(
        "the clock and the role are not to be asked", "l'horloge et le rôle ne se demandent pas"
    ),
    "ParamRef": Say("parameters have no value here", "les paramètres n'ont pas de valeur ici"),
    "RangeFunction": Say("a function is no table here", "une fonction n'est pas une table ici"),
}
_SELECT_ONLY: Final = Say(
    "Write one SELECT of customer_id over the views.", "Écrivez un seul SELECT de customer_id sur les vues."
)
_ANYBODY: Final = Say(
    "Delete it: a segment is the same, whoever asks.",
    "Supprimez-le : un segment est le même, qui que ce soit qui demande.",
)
_ASKED: Final = Say(
    "Use asked_at(), or asked_on() for the day.", "Utilisez asked_at(), ou asked_on() pour le jour."
)


MOST: Final = 10_000  #: words and signs of a query: of 20,000 in one sum the parser's own stack overflows, and ends the process
DEEPEST: Final = 200  #: nested parts of a query
_TOO_MUCH: Final = Slip(
    0,
    Say("says too much at once, or nests too deep", "en dit trop à la fois, ou s'imbrique trop"),
    Say("Ask less at once: split it into segments and name them with 'in'.", "Demandez moins à la fois : faites-en plusieurs segments, nommés par « in »."),
)  # fmt: skip


_NO_EDGE: Final = Slip(
    0,
    Say("it gives customers of whom nothing is known: it has no edge", "elle donne des clients dont on ne sait rien : elle n'a pas de bord"),
    Say("Add a condition that says who they are: kinds @> '{prescriber}'.", "Ajoutez une condition qui dit qui ils sont : kinds @> '{prescriber}'."),
)  # fmt: skip


def slips(query: str, catalogue: Catalogue) -> list[Slip]:
    """Return all that a query may not say; of the company's facts it may name those of the catalogue."""
    from pglast import parse_sql
    from pglast.parser import ParseError, scan

    if re.search(r"\bu&['\"]", query, re.IGNORECASE):
        return [Slip(0, Say("Unicode escapes hide what is written", "les échappements Unicode cachent ce qui est écrit"),
                     Say("Write the letters themselves.", "Écrivez les lettres elles-mêmes."))]  # fmt: skip
    try:
        tokens = scan(query)
        if len(tokens) > MOST:
            return [_TOO_MUCH]
        statements = parse_sql(query)
    except ParseError as error:
        told: list[object] = list(error.args)
        said = str(told[0]) if told else "?"
        at = next((part for part in told[1:] if isinstance(part, int)), 0)
        return [Slip(at, Say(f"is not SQL: {said}", f"n'est pas du SQL : {said}"), _SELECT_ONLY)]
    if len(statements) != 1:
        return [
            Slip(0, Say(f"{len(statements)} statements", f"{len(statements)} instructions"), _SELECT_ONLY)
        ]
    only = statements[0].stmt
    if type(only).__name__ != "SelectStmt":
        name = type(only).__name__.removesuffix("Stmt")
        return [
            Slip(0, Say(f"'{name}' is not a question", f"« {name} » n'est pas une question"), _SELECT_ONLY)
        ]
    if any(depth > DEEPEST for _, depth in _nodes(only)):
        return [_TOO_MUCH]
    known = {
        entry.ctename for node in _walk(only) if type(node).__name__ == "WithClause" for entry in node.ctes
    }
    found = [slip for node in _walk(only) for slip in _judged(node, known)]
    constants = [token.start for token in tokens if token.name == "SCONST"]
    found += column_slips(only, constants, catalogue)
    if not found and not has_edge(only):
        found.append(_NO_EDGE)
    return sorted(found, key=lambda slip: slip.at)


def _walk(node: Any) -> Iterator[Any]:
    """Give every node below one."""
    return (part for part, _ in _nodes(node))


def _nodes(node: Any) -> Iterator[tuple[Any, int]]:
    """Give every node below one and how deep it stands; pglast's nodes list their own parts.

    Without recursion: a statement may stand deeper than Python's stack.
    """
    todo = [(node, 0)]
    while todo:
        part, depth = todo.pop()
        if isinstance(part, tuple | list):
            todo += [(entry, depth) for entry in reversed(part)]
            continue
        kind = type(part)
        if not hasattr(part, "__slots__") or not kind.__module__.startswith("pglast"):
            continue
        if kind.__module__.startswith("pglast.enums"):
            continue
        yield part, depth
        todo += [(getattr(part, name, None), depth + 1) for name in reversed(part.__slots__)]


def _judged(node: Any, ctes: set[str]) -> Iterator[Slip]:
    kind = type(node).__name__
    at = getattr(node, "location", None) or 0
    if kind not in _PLAIN:
        what = _TELLING.get(kind, Say(f"'{kind}' is not allowed here", f"« {kind} » n'est pas permis ici"))
        is_clock = kind == "SQLValueFunction" and ("TIME" in node.op.name or "DATE" in node.op.name)
        remedy = _SELECT_ONLY if kind != "SQLValueFunction" else _ASKED if is_clock else _ANYBODY
        yield Slip(at, what, remedy)
        return
    match kind:
        case "RangeVar":
            if (
                node.schemaname
                or node.catalogname
                or (node.relname not in VIEWS and node.relname not in ctes)
            ):
                name = ".".join(part for part in (node.catalogname, node.schemaname, node.relname) if part)
                yield Slip(
                    at,
                    Say(f"'{name}' is no documented view", f"« {name} » n'est pas une vue documentée"),
                    did_you_mean(node.relname, VIEWS),
                )
        case "FuncCall":
            parts = [part.sval for part in node.funcname]
            name = parts[-1]
            if name not in FUNCTIONS or (len(parts) > 1 and parts[:-1] != ["pg_catalog"]):
                yield Slip(at, Say(f"the function '{'.'.join(parts)}' is not allowed", f"la fonction « {'.'.join(parts)} » n'est pas permise"),
                           _ASKED if name in ("now", "clock_timestamp", "statement_timestamp", "transaction_timestamp", "timeofday")
                           else _near(name, FUNCTIONS))  # fmt: skip
        case "A_Expr":
            name = node.name[-1].sval if node.name else "="
            if len(node.name or ()) > 1 or (
                name not in OPERATORS and name not in ("BETWEEN", "NOT BETWEEN", "IN", "NULLIF")
            ):
                yield Slip(
                    at,
                    Say(f"the operator '{name}' is not allowed", f"l'opérateur « {name} » n'est pas permis"),
                    _near(name, OPERATORS),
                )
        case "TypeName":
            parts = [part.sval for part in node.names or ()]
            if not parts or parts[-1] not in TYPES or (len(parts) > 1 and parts[0] != "pg_catalog"):
                yield Slip(at, Say(f"the type '{'.'.join(parts)}' is not allowed", f"le type « {'.'.join(parts)} » n'est pas permis"),
                           _near(parts[-1] if parts else "", TYPES))  # fmt: skip
        case "WithClause":
            if node.recursive:
                yield Slip(
                    at,
                    Say("WITH RECURSIVE may never end", "WITH RECURSIVE peut ne jamais finir"),
                    _SELECT_ONLY,
                )


def _near(name: str, known: frozenset[str]) -> Say:
    close = get_close_matches(name, sorted(known), n=1)
    if close:
        return Say(f"Did you mean '{close[0]}'?", f"Vouliez-vous dire « {close[0]} » ?")
    return Say(
        "The manual lists what may be used (docs/manual/sql-segments.md).",
        "Le manuel dit ce qui est permis (docs/manual/sql-segments.md).",
    )
