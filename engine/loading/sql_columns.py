"""Which columns a segment in SQL names: of the documented views, and of the company's facts those that it may use."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from engine.model.facts import Catalogue
from engine.problems import Say, did_you_mean, nearest

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "v_affiliation": ("person_id", "organisation_id", "role", "is_primary", "practice_mode", "sector", "cnop_section", "weekly_half_days"),
    "v_alignment": ("customer_id", "rep_type", "territory"),
    "v_consent": ("customer_id", "channel", "purpose", "scope", "opt", "has_proof", "effective_to"),
    "v_customer": ("customer_id", "of", "kinds", "status", "civility", "title", "language", "profession", "specialty", "specialty_group",
                   "practice_mode", "sector", "category", "postcode", "town", "insee", "department", "region", "country", "credit_status",
                   "do_not_call", "restricted_brands", "facts"),
    "v_member": ("run_id", "campaign", "brand", "customer_id", "cell", "held_out", "reason", "enrolled_at", "left_at"),
    "v_order": ("order_id", "customer_id", "origin", "type", "promo_code", "ordered_at", "status", "amount_ht"),
    "v_order_line": ("order_id", "line_no", "cip13", "brand", "units", "free_units", "amount_ht"),
    "v_reachable": ("customer_id", "type", "usage", "shared_with"),
    "v_response": ("response_id", "customer_id", "touch_id", "run_id", "campaign", "step", "channel", "brand", "type", "at", "value", "label",
                   "attribution"),
    "v_touch": ("touch_id", "customer_id", "run_id", "campaign", "step", "channel", "direction", "brand", "purpose", "cell", "state", "reason",
                "outcome", "outcome_at", "due_at", "touched_at"),
}  # fmt: skip
"""The documented views; the database has the same (tests/store/test_sql_segments.py)."""

Origin: TypeAlias = tuple[str, str] | None  #: the view and its column, where it is one and nothing else
CUSTOMERS: Final = frozenset(
    [(view, "customer_id") for view, columns in COLUMNS.items() if "customer_id" in columns]
    + [("v_affiliation", "person_id"), ("v_affiliation", "organisation_id")]
)
"""Columns that hold the number of a customer."""
_FACT_OPERATORS: Final = ("->>", "->", "?")


@dataclass(frozen=True, slots=True)
class Slip:
    """What is wrong at an offset of the query's text (in characters; 0: the whole of it)."""

    at: int
    what: Say
    remedy: Say


@dataclass(frozen=True, slots=True)
class _Table:
    """What stands in a FROM, under its name."""

    name: str | None
    columns: Mapping[str, Origin] | None  #: None: no view of ours, which is told elsewhere


@dataclass(slots=True)
class _Scope:
    tables: list[_Table] = field(default_factory=list)
    merged: set[str] = field(default_factory=set)  #: columns that USING made one


_Outputs: TypeAlias = list[tuple[str, Origin]]
_Named: TypeAlias = Mapping[str, Mapping[str, Origin]]


def column_slips(statement: Any, constants: Sequence[int], catalogue: Catalogue) -> list[Slip]:
    """Return what is wrong with the columns and facts of a parsed SELECT.

    `constants` are the offsets of its constants, in order: the grammar's tree does not keep them.
    """
    reader = _Reader(constants, catalogue)
    reader.select(statement, {}, [], is_answer=True)
    return reader.slips


class _Reader:
    """Reads a statement as PostgreSQL would: each name in the nearest FROM that has it."""

    def __init__(self, constants: Sequence[int], catalogue: Catalogue) -> None:
        self.slips: list[Slip] = []
        self._constants = constants
        self._unsure = False  #: something in a FROM is no view of ours
        self._catalogue = catalogue

    def select(
        self,
        node: Any,
        named: _Named,
        outer: list[_Scope],
        *,
        is_answer: bool = False,
        asks_existence: bool = False,
    ) -> _Outputs:
        """Read a SELECT, or the parts of a UNION; return its columns and where each comes from."""
        if node.withClause is not None:
            named = dict(named)
            for entry in node.withClause.ctes:
                found = (
                    self.select(entry.ctequery, named, outer)
                    if type(entry.ctequery).__name__ == "SelectStmt"
                    else []
                )
                named[entry.ctename] = _renamed(found, entry.aliascolnames)
        if node.larg is not None:
            left, right = (
                self.select(part, named, outer, is_answer=is_answer) for part in (node.larg, node.rarg)
            )
            self._read(
                (node.sortClause, node.limitCount, node.limitOffset),
                named,
                outer,
                frozenset(name for name, _ in left),
            )
            both = zip(left, right, strict=False)
            return [(one[0], one[1] if {one[1], other[1]} <= CUSTOMERS else None) for one, other in both]
        scope = _Scope()
        for entry in node.fromClause or ():
            self._from(entry, named, outer, scope)
        scopes = [scope, *outer]
        outputs: _Outputs = [(f"column{at}", None) for at, _ in enumerate((node.valuesLists or [()])[0], 1)]
        for target in node.targetList or ():
            if _is_star(target.val):
                if not asks_existence:
                    self._column(target.val, scopes, frozenset())
                outputs += [pair for table in scope.tables for pair in (table.columns or {}).items()]
                continue
            outputs.append(
                (target.name or name_of(target.val), self._read(target.val, named, scopes, frozenset()))
            )
        if is_answer:
            self._answers(node, outputs)
        self._read((node.whereClause, node.havingClause, node.valuesLists), named, scopes, frozenset())
        aliases = frozenset(target.name for target in node.targetList or () if target.name)
        self._read(
            (node.groupClause, node.sortClause, node.distinctClause, node.windowClause, node.limitCount, node.limitOffset),
            named, scopes, aliases,
        )  # fmt: skip
        return outputs

    def _answers(self, node: Any, outputs: _Outputs) -> None:
        """Tell if a SELECT does not give customers: one column, their number, from a view."""
        targets: list[Any] = list(node.targetList or ())
        at = (getattr(targets[0], "location", 0) or 0) if targets else 0
        if len(outputs) != 1 or outputs[0][0] != "customer_id":
            self.slips.append(
                Slip(at, Say("the query does not give customer_id, and that alone", "la requête ne donne pas customer_id, et lui seul"),
                     Say("Write SELECT customer_id FROM ...", "Écrivez SELECT customer_id FROM ..."))
            )  # fmt: skip
        elif outputs[0][1] not in CUSTOMERS and not self._unsure and not self.slips:
            self.slips.append(
                Slip(at, Say("what the query calls customer_id is not the customer's number", "ce que la requête nomme customer_id n'est pas le numéro du client"),
                     Say("Give the column customer_id of a view, as it stands there (person_id or organisation_id of v_affiliation).",
                         "Donnez la colonne customer_id d'une vue, telle quelle (person_id ou organisation_id de v_affiliation)."))
            )  # fmt: skip

    def _from(self, node: Any, named: _Named, outer: list[_Scope], scope: _Scope) -> None:
        match type(node).__name__:
            case "RangeVar":
                alias = node.alias.aliasname if node.alias else node.relname
                if node.alias and node.alias.colnames:
                    self._tell(node, Say("a view's columns keep their names", "les colonnes d'une vue gardent leurs noms"),
                               Say(f"Write AS {alias}, without the list.", f"Écrivez AS {alias}, sans la liste."))  # fmt: skip
                known = named.get(node.relname)
                if known is None and node.relname in COLUMNS:
                    known = {column: (node.relname, column) for column in COLUMNS[node.relname]}
                self._unsure |= known is None
                scope.tables.append(_Table(alias, known))
            case "RangeSubselect":
                around = [scope, *outer] if node.lateral else outer
                found = self.select(node.subquery, named, around)
                alias = node.alias.aliasname if node.alias else None
                scope.tables.append(_Table(alias, _renamed(found, node.alias and node.alias.colnames)))
            case "JoinExpr":
                before = len(scope.tables)
                self._from(node.larg, named, outer, scope)
                middle = len(scope.tables)
                self._from(node.rarg, named, outer, scope)
                left, right = scope.tables[before:middle], scope.tables[middle:]
                if node.alias:
                    self._tell(node, Say("a join has no name here", "une jointure n'a pas de nom ici"),
                               Say("Name the views.", "Nommez les vues."))  # fmt: skip
                shared = {column for table in left for column in table.columns or ()} & {
                    column for table in right for column in table.columns or ()
                }
                if node.isNatural:
                    scope.merged |= shared
                for word in node.usingClause or ():
                    scope.merged.add(word.sval)
                    if word.sval not in shared and all(table.columns is not None for table in scope.tables):
                        self._tell(node, Say(f"'{word.sval}' is not a column of both", f"« {word.sval} » n'est pas une colonne des deux"),
                                   did_you_mean(word.sval, shared))  # fmt: skip
                self._read(node.quals, named, [_Scope(left + right, scope.merged), *outer], frozenset())
            case _:  # no view: told elsewhere
                self._unsure = True
                scope.tables.append(_Table(None, None))

    def _read(self, node: Any, named: _Named, scopes: list[_Scope], aliases: frozenset[str]) -> Origin:
        """Read an expression; return where it comes from if it is a column and nothing else."""
        if isinstance(node, tuple | list):
            for part in node:
                self._read(part, named, scopes, aliases)
            return None
        match type(node).__name__:
            case "ColumnRef":
                return self._column(node, scopes, aliases)
            case "SelectStmt":
                self.select(node, named, scopes)
            case "SubLink":
                self._read(node.testexpr, named, scopes, aliases)
                exists = node.subLinkType.name == "EXISTS_SUBLINK"
                self.select(node.subselect, named, scopes, asks_existence=exists)
            case "A_Expr" if _is_facts(node.lexpr) and node.name[-1].sval in _FACT_OPERATORS:
                self._column(node.lexpr, scopes, aliases, as_fact=True)
                self._fact(node)
            case "A_Indirection" if any(
                type(part).__name__ != "A_Indices" for part in node.indirection or ()
            ):
                self._tell(node.arg, Say("a part of a row is not to be taken", "une partie d'une ligne ne se prend pas"),
                           Say("Name the column: c.department.", "Nommez la colonne : c.department."))  # fmt: skip
            case _:
                for part in _parts(node):
                    self._read(part, named, scopes, aliases)
        return None

    def _column(
        self, node: Any, scopes: list[_Scope], aliases: frozenset[str], *, as_fact: bool = False
    ) -> Origin:
        words = [getattr(part, "sval", None) for part in node.fields]
        name = words[-1]
        if name is None:
            self._tell(node, Say("'*' does not say which columns", "« * » ne dit pas quelles colonnes"),
                       Say("Name the columns.", "Nommez les colonnes."))  # fmt: skip
            return None
        if name == "facts" and not as_fact:
            self._tell(node, Say("'facts' is asked for one fact, by its name", "« facts » se demande pour une donnée, par son nom"),
                       Say("Write facts ->> 'name', facts -> 'name' or facts ? 'name', with a fact of segments/facts.yaml.",
                           "Écrivez facts ->> 'nom', facts -> 'nom' ou facts ? 'nom', avec une donnée de segments/facts.yaml."))  # fmt: skip
            return None
        if len(words) == 1 and name in aliases:
            return None
        tables = [table for scope in scopes for table in scope.tables]
        if len(words) > 1:
            tables = [table for table in tables if table.name == words[0]][:1]
            if not tables or len(words) > 2:
                written = ".".join(str(word) for word in words)
                known = [table.name for scope in scopes for table in scope.tables if table.name]
                self._tell(node, Say(f"'{written}' is of no view that FROM names", f"« {written} » n'est d'aucune vue que FROM nomme"),
                           did_you_mean(str(words[0]), known))  # fmt: skip
                return None
        for scope in scopes:
            found = [
                table
                for table in scope.tables
                if any(table is one for one in tables) and (table.columns is None or name in table.columns)
            ]
            if not found:
                continue
            if len(words) == 1 and len(found) > 1 and name not in scope.merged:
                self._tell(node, Say(f"'{name}' is a column of {' and of '.join(str(table.name) for table in found)}",
                                     f"« {name} » est une colonne de {' et de '.join(str(table.name) for table in found)}"),
                           Say(f"Say of which: {found[0].name}.{name}.", f"Dites de laquelle : {found[0].name}.{name}."))  # fmt: skip
            return None if found[0].columns is None else found[0].columns[name]
        known = sorted({column for table in tables for column in table.columns or ()})
        if not tables:
            known = ["FROM v_customer"]
        if not any(table.columns is None for table in tables):
            self._tell(node, Say(f"there is no column '{name}'", f"il n'y a pas de colonne « {name} »"), did_you_mean(name, known))  # fmt: skip
        return None

    def _fact(self, node: Any) -> None:
        """Tell if what stands behind `facts ->>` is not a fact that a segment in SQL may use."""
        name = getattr(getattr(node.rexpr, "val", None), "sval", None)
        at = next((place for place in self._constants if place > node.location), node.location)
        if type(node.rexpr).__name__ != "A_Const" or name is None:
            self._tell(node, Say("which fact is asked for must be written", "la donnée demandée doit être écrite"),
                       Say("Write its name in quotes: facts ->> 'potential'.", "Écrivez son nom entre apostrophes : facts ->> 'potential'."))  # fmt: skip
            return
        company = [fact for fact in self._catalogue.facts.values() if fact.company]
        if name not in {fact.name for fact in company}:
            remedy = did_you_mean(name, [fact.name for fact in company])
            if nearest(name, [fact.name for fact in company]) is None and name in COLUMNS["v_customer"]:
                remedy = Say(f"It is a column: write {name}.", f"C'est une colonne : écrivez {name}.")
            self.slips.append(Slip(at, Say(f"unknown fact '{name}'", f"donnée inconnue « {name} »"), remedy))
            return
        way = " ← ".join(self._catalogue.rx_roots(name))
        if way:
            self.slips.append(
                Slip(at, Say(f"'{name}' is individual prescription data ({way})", f"« {name} » est une donnée de prescription individuelle ({way})"),
                     Say("No segment in SQL may use it (CSP L.4113-7).", "Aucun segment SQL ne peut l'utiliser (CSP L.4113-7)."))
            )  # fmt: skip

    def _tell(self, node: Any, what: Say, remedy: Say) -> None:
        self.slips.append(Slip(getattr(node, "location", 0) or 0, what, remedy))


def _parts(node: Any) -> Iterator[Any]:
    kind = type(node)
    if hasattr(node, "__slots__") and kind.__module__ == "pglast.ast":
        for name in node.__slots__:
            yield getattr(node, name, None)


def _renamed(found: _Outputs, names: Any) -> Mapping[str, Origin]:
    """Return the columns of a part by name, after the list of an alias if there is one."""
    given = [word.sval for word in names or ()]
    return {(given[at] if at < len(given) else name): origin for at, (name, origin) in enumerate(found)}


def _is_star(node: Any) -> bool:
    fields: list[Any] = list(getattr(node, "fields", None) or ())
    return bool(fields) and type(fields[-1]).__name__ == "A_Star"


def _is_facts(node: Any) -> bool:
    fields: list[Any] = list(getattr(node, "fields", None) or ())
    return bool(fields) and getattr(fields[-1], "sval", None) == "facts"


def name_of(node: Any) -> str:
    """Return the name that PostgreSQL gives to a column without an AS."""
    match type(node).__name__:
        case "ColumnRef":
            return str(getattr(node.fields[-1], "sval", "*"))
        case "FuncCall":
            return str(node.funcname[-1].sval)
        case "TypeCast" | "A_Indirection":
            return name_of(node.arg)
        case "CoalesceExpr":
            return "coalesce"
        case "CaseExpr":
            return "case"
        case "SubLink":
            targets: list[Any] = list(node.subselect.targetList or ())
            exists = node.subLinkType.name == "EXISTS_SUBLINK"
            return "exists" if exists or not targets else (targets[0].name or name_of(targets[0].val))
        case "MinMaxExpr":
            return "greatest" if node.op.value == 0 else "least"
    return "?column?"
