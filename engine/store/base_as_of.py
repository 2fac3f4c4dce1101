"""The base that a question is asked of: as it stands, or as it stood at a moment.

What the base knew at a moment is every row that stood then: those unchanged since, and versions that
were kept when they changed (`migrations/0005`). What came in later is not known, whenever it is said
to have happened; what was corrected later still has its old form.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from engine.store.tables import (
    AFFILIATION,
    AFFILIATION_VERSION,
    ALIGNMENT,
    ALIGNMENT_VERSION,
    CONTACT_POINT,
    CONTACT_POINT_VERSION,
    CUSTOMER,
    CUSTOMER_VERSION,
    ORDER_LINE,
    ORDER_LINE_VERSION,
    ORDER_VERSION,
    ORDERS,
    RESPONSE,
    RESPONSE_VERSION,
    TOUCH,
    TOUCH_VERSION,
)

_BOOKS: Final = ("changed_at", "recorded_at")
_CHANGING: Final[Mapping[sa.Table, sa.Table]] = {
    ORDERS: ORDER_VERSION,
    ORDER_LINE: ORDER_LINE_VERSION,
    CONTACT_POINT: CONTACT_POINT_VERSION,
    AFFILIATION: AFFILIATION_VERSION,
    ALIGNMENT: ALIGNMENT_VERSION,
}
"""Tables whose rows say since when they stand so."""
_FINAL: Final[Mapping[sa.Table, tuple[sa.Table, str]]] = {
    TOUCH: (TOUCH_VERSION, "touch_id"),
    RESPONSE: (RESPONSE_VERSION, "response_id"),
}
"""Tables whose rows hardly ever change in what a question sees: a row of today holds where no later version says otherwise."""


@dataclass(frozen=True, slots=True)
class Base:
    """Where a question finds its rows; `moment` in UTC, `None` for now.

    Of some customers only, the rows of all others are left out where they lie: a sum over everybody's
    orders that is then asked of a thousand customers takes as long as of all.
    """

    moment: dt.datetime | None = None
    among: tuple[int, ...] | None = None

    def rows(self, table: sa.Table) -> sa.FromClause:
        """Return a table's rows under a name of their own: all, or those that stood at the moment."""
        if self.moment is None:
            return self._some(table)
        names = [column.name for column in table.c if column.name not in _BOOKS]
        if table in _CHANGING:
            version = _CHANGING[table]
            holds: sa.ColumnElement[bool] = table.c.changed_at <= self.moment
        elif table in _FINAL:
            version, key = _FINAL[table]
            later = version.alias()
            corrected = sa.exists(
                sa.select(sa.literal_column("1", sa.Integer)).where(
                    later.c[key] == table.c[key], later.c.known_to > self.moment
                )
            )
            holds = sa.and_(table.c.recorded_at <= self.moment, sa.not_(corrected))
        else:
            return self._some(table)  # runs and members: written once, with their own day
        before = sa.select(*(version.c[name] for name in names)).where(
            version.c.known_from <= self.moment, version.c.known_to > self.moment, *self._of(version)
        )
        today = sa.select(*(table.c[name] for name in names)).where(holds, *self._of(table))
        return sa.union_all(today, before).subquery()

    def _some(self, table: sa.Table) -> sa.FromClause:
        of = self._of(table)
        return sa.select(table).where(*of).subquery() if of else table.alias()

    def _of(self, table: sa.Table) -> list[sa.ColumnElement[bool]]:
        """Return whose rows of a table are meant; nothing where everybody's are."""
        key = table.c.get("customer_id", table.c.get("person_id"))
        if self.among is None or key is None:
            return []
        return [key == sa.any_(sa.bindparam(None, list(self.among), type_=sa.ARRAY(sa.BigInteger)))]

    def customers(self) -> sa.FromClause:
        """Return the customers, named `c`."""
        if self.moment is None and self.among is None:
            return CUSTOMER.alias("c")
        if self.moment is None:
            return sa.select(CUSTOMER).where(*self._of(CUSTOMER)).subquery("c")
        names = [column.name for column in CUSTOMER.c if column.name != "changed_at"]
        today = sa.select(*(CUSTOMER.c[name] for name in names)).where(
            CUSTOMER.c.changed_at <= self.moment, *self._of(CUSTOMER)
        )
        before = sa.select(*(CUSTOMER_VERSION.c[name] for name in names)).where(
            CUSTOMER_VERSION.c.valid_from <= self.moment,
            CUSTOMER_VERSION.c.valid_to > self.moment,
            *self._of(CUSTOMER_VERSION),
        )
        return sa.union_all(today, before).subquery("c")


TODAY: Final = Base()
