"""The tables that segments ask, described once for the compiler; the migrations make them."""

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

METADATA: Final = sa.MetaData()


def _table(name: str, **columns: Any) -> sa.Table:  # SQLAlchemy's types, given as class or object
    return sa.Table(name, METADATA, *(sa.Column(key, kind) for key, kind in columns.items()))


_MOMENT: Final = sa.DateTime(timezone=True)

_FACTS: Final[dict[str, Any]] = {
    "of": sa.Text,
    "kinds": ARRAY(sa.Text),
    "status": sa.Text,
    "civility": sa.Text,
    "title": sa.Text,
    "language": sa.Text,
    "profession": sa.Text,
    "specialty": sa.Text,
    "specialty_group": sa.Text,
    "practice_mode": sa.Text,
    "sector": sa.Text,
    "category": sa.Text,
    "postcode": sa.Text,
    "town": sa.Text,
    "insee": sa.Text,
    "department": sa.Text,
    "region": sa.Text,
    "country": sa.Text,
    "credit_status": sa.Text,
    "do_not_call": sa.Boolean,
    "restricted_brands": ARRAY(sa.Text),
    "facts": JSONB,
}

CUSTOMER: Final = _table("customer", customer_id=sa.BigInteger, changed_at=_MOMENT, **_FACTS)
CUSTOMER_VERSION: Final = _table(
    "customer_version", customer_id=sa.BigInteger, valid_from=_MOMENT, valid_to=_MOMENT, **_FACTS
)
_PAST: Final[dict[str, dict[str, Any]]] = {
    "touch": {
        "touch_id": sa.BigInteger, "customer_id": sa.BigInteger, "run_id": sa.BigInteger, "campaign": sa.Text, "step": sa.Text,
        "channel": sa.Text, "direction": sa.Text, "brand": sa.Text, "state": sa.Text, "reason": sa.Text, "outcome": sa.Text,
        "outcome_at": _MOMENT, "due_at": _MOMENT, "touched_at": _MOMENT,
    },
    "response": {
        "response_id": sa.BigInteger, "customer_id": sa.BigInteger, "run_id": sa.BigInteger, "campaign": sa.Text, "step": sa.Text,
        "channel": sa.Text, "brand": sa.Text, "type": sa.Text, "at": _MOMENT, "value": sa.Numeric,
    },
    "orders": {
        "order_id": sa.BigInteger, "customer_id": sa.BigInteger, "ordered_at": _MOMENT, "status": sa.Text, "amount_ht": sa.Numeric,
    },
    "order_line": {"order_id": sa.BigInteger, "brand": sa.Text, "units": sa.Integer, "amount_ht": sa.Numeric},
    "contact_point": {"customer_id": sa.BigInteger, "type": sa.Text, "status": sa.Text, "is_main": sa.Boolean},
    "affiliation": {"person_id": sa.BigInteger, "organisation_id": sa.BigInteger, "role": sa.Text, "valid_from": sa.Date, "valid_to": sa.Date},
    "alignment": {"customer_id": sa.BigInteger, "territory": sa.Text},
}  # fmt: skip


def _kept(name: str, since: str) -> tuple[sa.Table, sa.Table]:
    """Return a table whose earlier rows are kept, and the table that keeps them."""
    version = f"{name.removesuffix('s')}_version"
    return _table(name, **_PAST[name], **{since: _MOMENT}), _table(
        version, **_PAST[name], known_from=_MOMENT, known_to=_MOMENT
    )


TOUCH, TOUCH_VERSION = _kept("touch", "recorded_at")
RESPONSE, RESPONSE_VERSION = _kept("response", "recorded_at")
ORDERS, ORDER_VERSION = _kept("orders", "changed_at")
ORDER_LINE, ORDER_LINE_VERSION = _kept("order_line", "changed_at")
CONTACT_POINT, CONTACT_POINT_VERSION = _kept("contact_point", "changed_at")
AFFILIATION, AFFILIATION_VERSION = _kept("affiliation", "changed_at")
ALIGNMENT, ALIGNMENT_VERSION = _kept("alignment", "changed_at")
MEMBER: Final = _table(
    "member",
    run_id=sa.BigInteger,
    customer_id=sa.BigInteger,
    cell=sa.Text,
    held_out=sa.Boolean,
    reason=sa.Text,
    enrolled_at=_MOMENT,
)
RUN: Final = _table("run", run_id=sa.BigInteger, campaign=sa.Text, brand=sa.Text)
