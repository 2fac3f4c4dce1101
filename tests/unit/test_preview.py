"""What a preview picks and shows."""

import datetime as dt

from engine.actions.preview import Preview, awkward, page
from engine.contract import Addressee, Customer
from engine.model.written import CustomerId, TouchId

DUE = dt.datetime(2026, 3, 3, 8, 30, tzinfo=dt.UTC)


def person(number: int, cell: str | None = "a", **more: str) -> Addressee:
    given = {"first_name": "Claire", "last_name": "Morel", "town": "Nantes", **more}
    return Addressee(TouchId(number), Customer(CustomerId(number), "person", **given), cell, DUE)  # type: ignore[arg-type]


def test_the_worst_are_those_with_whom_a_text_most_easily_goes_wrong() -> None:
    picked = awkward(
        [
            person(1),
            person(2, first_name=""),
            person(3, last_name="de La Rochefoucauld-Montbel et de Saint-Hilaire"),
            person(4, cell="b"),
            person(5, language="en"),
            person(6, last_name="O'Neil & <Fils>"),
            person(7),
        ]
    )

    assert sorted(one.customer.customer_id for _, one in picked) == [1, 2, 3, 4, 5, 6]


def test_each_of_the_worst_is_there_once_with_all_that_is_awkward_about_them() -> None:
    ((why, _),) = awkward([person(1, first_name="", town="")])

    assert "no first name; no town" in why


def test_a_preview_shows_a_mail_where_it_can_run_nothing() -> None:  # SEC26
    shown = page(
        [Preview(CustomerId(1), "a", "asked for", "<b>", "text", html='<p>"x"</p><script>1</script>')], "t"
    )

    assert 'sandbox=""' in shown
    assert "<script>" not in shown and "<b>" not in shown
    assert "default-src 'none'" in shown
