"""Whether a segment in SQL has an edge: whether it leaves out a customer of whom nothing is known.

The query is played on a base with one such customer: a row of `v_customer` with what the base holds of anybody,
and no row in any other view. What cannot be foretold (a function's value) counts in the author's favour: only a
query that surely gives this customer has no edge.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from engine.loading.sql_columns import COLUMNS, name_of
from engine.model.facts import STORED_UNTOLD

Value: TypeAlias = object
_ANY: Final = object()  #: cannot be foretold
_CUSTOMER: Final = object()  #: the customer's number
_TOLD: Final = object()  #: known of everybody, and what the query compares it with does not matter
_UNTOLD: Final[Mapping[str, Value]] = {
    **dict.fromkeys(COLUMNS["v_customer"]),
    **{
        name: STORED_UNTOLD[name]
        for name in ("status", "language", "country", "credit_status", "do_not_call")
    },
    "restricted_brands": (),
    "customer_id": _CUSTOMER,
    "of": _TOLD,
}
_AGGREGATES: Final = ("count", "sum", "avg", "min", "max", "bool_and", "bool_or")


@dataclass(frozen=True, slots=True)
class _Rows:
    """What a query gives on that base: one row, or none; `is_sure`: for certain."""

    row: Mapping[str, Value] | None
    is_sure: bool = True


_NONE: Final = _Rows(None)
_Tables: TypeAlias = Mapping[str, Mapping[str, Value]]
_Named: TypeAlias = Mapping[str, _Rows]


def has_edge(statement: Any) -> bool:
    """Return whether a parsed SELECT may leave out a customer of whom nothing is known."""
    given = _select(statement, {}, ())
    return given.row is None or not given.is_sure


def _select(node: Any, named: _Named, outer: tuple[_Tables, ...]) -> _Rows:
    if node.withClause is not None:
        named = dict(named)
        for entry in node.withClause.ctes:
            named[entry.ctename] = _renamed(_select(entry.ctequery, named, outer), entry.aliascolnames)
    if node.larg is not None:
        return _both(node.op.name, _select(node.larg, named, outer), _select(node.rarg, named, outer))
    if node.valuesLists:
        return _Rows({}, False)
    tables: dict[str, Mapping[str, Value]] = {}
    is_there = is_sure = True
    for entry in node.fromClause or ():
        there, sure = _from(entry, named, outer, tables)
        is_there, is_sure = is_there and there, is_sure and sure
    ask = _Asking((tables, *outer), named)
    held = ask.value(node.whereClause) if node.whereClause is not None and is_there else True
    is_there, is_sure = is_there and held in (True, _ANY), is_sure and held is not _ANY
    targets: list[Any] = list(node.targetList or ())
    is_one = not node.groupClause and any(_aggregates(target.val) for target in targets)
    if not is_there and not is_one:
        return _Rows(None, is_sure)
    ask.is_empty = not is_there
    if node.havingClause is not None:
        held = ask.value(node.havingClause)
        if held not in (True, _ANY):
            return _Rows(None, is_sure)
        is_sure = is_sure and held is not _ANY
    return _Rows({_name(target, at): ask.value(target.val) for at, target in enumerate(targets)}, is_sure)


def _both(op: str, left: _Rows, right: _Rows) -> _Rows:
    sure = left.is_sure and right.is_sure
    if op == "SETOP_EXCEPT":
        return _Rows(None if right.row is not None and right.is_sure else left.row, sure)
    if op == "SETOP_INTERSECT":
        return _Rows(left.row if right.row is not None else None, sure)
    surely = [side for side in (left, right) if side.row is not None and side.is_sure]
    return surely[0] if surely else _Rows(left.row if left.row is not None else right.row, sure)


def _renamed(rows: _Rows, names: Any) -> _Rows:
    given = [word.sval for word in names or ()]
    if rows.row is None or not given:
        return rows
    columns = {
        (given[at] if at < len(given) else name): value for at, (name, value) in enumerate(rows.row.items())
    }
    return _Rows(columns, rows.is_sure)


def _from(
    node: Any, named: _Named, outer: tuple[_Tables, ...], tables: dict[str, Mapping[str, Value]]
) -> tuple[bool, bool]:
    """Put what stands in a FROM under its name; return whether it has a row, and whether that is sure."""
    match type(node).__name__:
        case "RangeVar":
            name = node.alias.aliasname if node.alias else node.relname
            rows = named.get(node.relname) or (_Rows(_UNTOLD) if node.relname == "v_customer" else _NONE)
            tables[name] = {} if rows.row is None else rows.row
            return rows.row is not None, rows.is_sure
        case "RangeSubselect":
            rows = _select(node.subquery, named, (tables, *outer))
            rows = _renamed(rows, node.alias and node.alias.colnames)
            tables[node.alias.aliasname if node.alias else f" {len(tables)}"] = rows.row or {}
            return rows.row is not None, rows.is_sure
        case "JoinExpr":
            left: dict[str, Mapping[str, Value]] = {}
            right: dict[str, Mapping[str, Value]] = {}
            one, one_sure = _from(node.larg, named, outer, left)
            two, two_sure = _from(node.rarg, named, (left, *outer), right)
            ask = _Asking(({**left, **right}, *outer), named)
            held = True if node.quals is None or not (one and two) else ask.value(node.quals)
            meet, sure = one and two and held in (True, _ANY), one_sure and two_sure and held is not _ANY
            # A side without a partner is all NULL: its columns are then found nowhere.
            tables |= {name: row if one and (meet or one) else {} for name, row in left.items()}
            tables |= {name: row if meet or (two and not one) else {} for name, row in right.items()}
            kind = node.jointype.name
            kept = (
                meet
                or (one and kind in ("JOIN_LEFT", "JOIN_FULL"))
                or (two and kind in ("JOIN_RIGHT", "JOIN_FULL"))
            )
            return kept, sure
    return True, False


def _aggregates(node: Any) -> bool:
    if isinstance(node, tuple | list):
        return any(_aggregates(part) for part in node)
    kind = type(node)
    if kind.__module__ != "pglast.ast" or kind.__name__ in ("SelectStmt", "SubLink"):
        return False
    if kind.__name__ == "FuncCall" and node.over is None and node.funcname[-1].sval in _AGGREGATES:
        return True
    return any(_aggregates(getattr(node, part, None)) for part in kind.__slots__)


def _name(target: Any, at: int) -> str:
    name = str(target.name or name_of(target.val))
    return f"?column{at}?" if name == "?column?" else name


class _Asking:
    """Works out expressions for that one row, in SQL's own three-valued logic and with what cannot be foretold."""

    def __init__(self, scopes: tuple[_Tables, ...], named: _Named) -> None:
        self._scopes = scopes
        self._named = named
        self.is_empty = False  #: an aggregate over no row

    def value(self, node: Any) -> Value:
        match type(node).__name__:
            case "A_Const":
                return None if node.isnull else _constant(node.val)
            case "ColumnRef":
                return self._column([getattr(part, "sval", None) for part in node.fields])
            case "TypeCast":
                given = self.value(node.arg)
                is_boolean = [part.sval for part in node.typeName.names][-1] == "bool"
                return (
                    {"t": True, "true": True, "f": False, "false": False}.get(given, _ANY)
                    if is_boolean and isinstance(given, str)
                    else given
                )
            case "BoolExpr":
                return _logic(node.boolop.name, [self.value(part) for part in node.args])
            case "NullTest":
                given = self.value(node.arg)
                is_null: Value = _ANY if given is _ANY else given is None
                return _not(is_null) if node.nulltesttype.name == "IS_NOT_NULL" else is_null
            case "BooleanTest":
                given = self.value(node.arg)
                word = node.booltesttype.name
                wanted = None if "UNKNOWN" in word else "TRUE" in word
                found: Value = _ANY if given is _ANY else given is wanted
                return _not(found) if "NOT" in word else found
            case "CoalesceExpr":
                return next((given for given in map(self.value, node.args) if given is not None), None)
            case "CaseExpr" if node.arg is None:
                for when in node.args:
                    held = self.value(when.expr)
                    if held is True:
                        return self.value(when.result)
                    if held is _ANY:
                        return _ANY
                return None if node.defresult is None else self.value(node.defresult)
            case "SubLink":
                return self._sublink(node)
            case "FuncCall":
                return self._function(node)
            case "A_Expr":
                return self._operator(node)
        return _ANY

    def _column(self, words: list[str | None]) -> Value:
        name = words[-1] or "*"
        for scope in self._scopes:
            if len(words) > 1:
                if str(words[0]) in scope:
                    return scope[str(words[0])].get(name)
                continue
            found = [row[name] for row in scope.values() if name in row]
            if found:
                return found[0]
            if any(name in columns for columns in COLUMNS.values()) and any(
                not row for row in scope.values()
            ):
                return None  # of the side of a join that has no row
        return _ANY

    def _sublink(self, node: Any) -> Value:
        rows = _select(node.subselect, self._named, self._scopes)
        match node.subLinkType.name:
            case "EXISTS_SUBLINK":
                return rows.row is not None if rows.is_sure else _ANY
            case "EXPR_SUBLINK" if rows.is_sure:
                return None if rows.row is None else next(iter(rows.row.values()), None)
            case "ANY_SUBLINK" if rows.is_sure and not node.operName:
                return (
                    False
                    if rows.row is None
                    else _compared("=", self.value(node.testexpr), next(iter(rows.row.values()), None))
                )
        return _ANY

    def _function(self, node: Any) -> Value:
        name = node.funcname[-1].sval
        given = [self.value(part) for part in node.args or ()]
        if node.over is not None or node.agg_filter is not None:
            return _ANY
        if name == "count":
            return 0 if self.is_empty or (given and given[0] is None) else 1
        if name in _AGGREGATES:
            return None if self.is_empty or None in given else given[0]
        if None in given:
            return None
        if name == "cardinality" and given == [()]:
            return 0
        return (
            _TOLD
            if given
            and all(one in (_CUSTOMER, _TOLD) or not _odd(one) for one in given)
            and any(map(_odd, given))
            else _ANY
        )

    def _operator(self, node: Any) -> Value:
        kind, op = node.kind.name, node.name[-1].sval
        fields: list[Any] = list(getattr(node.lexpr, "fields", None) or ())
        if fields and getattr(fields[-1], "sval", None) == "facts":
            return False if op == "?" else None
        left = self.value(node.lexpr)
        if isinstance(node.rexpr, tuple | list):
            parts = [self.value(part) for part in node.rexpr]
            if kind == "AEXPR_IN":
                held = _logic("OR_EXPR", [_compared("=", left, part) for part in parts])
                return _not(held) if op == "<>" else held
            if left is None or None in parts:
                return None
            return True if left in (_CUSTOMER, _TOLD) else _ANY
        right = self.value(node.rexpr)
        if kind in ("AEXPR_DISTINCT", "AEXPR_NOT_DISTINCT"):
            same: Value = (
                left is right
                if None in (left, right) and _ANY not in (left, right)
                else _compared("=", left, right)
            )
            return same if kind == "AEXPR_NOT_DISTINCT" else _not(same)
        if None in (left, right):
            return None
        if kind in ("AEXPR_OP_ANY", "AEXPR_OP_ALL"):
            return kind == "AEXPR_OP_ALL" if right == () else _ANY
        if kind == "AEXPR_OP" and op in ("@>", "&&") and left == ():
            return False
        return _compared(op, left, right) if kind == "AEXPR_OP" else _ANY


def _odd(value: Value) -> bool:
    return value in (_ANY, _CUSTOMER, _TOLD)


def _constant(node: Any) -> Value:
    match type(node).__name__:
        case "Integer":
            return int(node.ival)
        case "Float":
            return float(node.fval)
        case "Boolean":
            return bool(node.boolval)
        case "String":
            return str(node.sval)
    return _ANY


def _not(held: Value) -> Value:
    return held if held is None or held is _ANY else not held


def _logic(op: str, parts: list[Value]) -> Value:
    if op == "NOT_EXPR":
        return _not(parts[0])
    decides = op == "OR_EXPR"
    if any(part is decides for part in parts):
        return decides
    return (
        _ANY
        if any(part not in (None, not decides) for part in parts)
        else None
        if None in parts
        else not decides
    )


def _compared(op: str, left: Value, right: Value) -> Value:
    if left is None or right is None:
        return None
    if left is _ANY or right is _ANY:
        return _ANY
    if left is _CUSTOMER and right is _CUSTOMER:
        return op in ("=", "<=", ">=") if op in ("=", "<>", "!=", "<", ">", "<=", ">=") else _TOLD
    if _odd(left) or _odd(right):
        if op not in ("=", "<>", "!=", "<", ">", "<=", ">="):
            return _TOLD
        # One customer by number is somebody; a range of numbers, or every tenth, is everybody.
        return not (op == "=" and _CUSTOMER in (left, right))
    if type(left) is not type(right) and not (
        isinstance(left, int | float) and isinstance(right, int | float)
    ):
        return _ANY
    a: Any = left
    b: Any = right
    match op:
        case "=":
            return bool(a == b)
        case "<>" | "!=":
            return bool(a != b)
        case "<" | ">" | "<=" | ">=" if not isinstance(a, str):  # text sorts by the database's own rules
            return bool(a < b if op == "<" else a > b if op == ">" else a <= b if op == "<=" else a >= b)
    return _ANY
