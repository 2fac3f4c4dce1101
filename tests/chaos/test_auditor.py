"""The auditor convicts: each fault that it is there to see is planted once."""

from collections.abc import Callable

import psycopg
import pytest

from tests.chaos import world
from tests.chaos.auditor import Delivered, audit

MAILS = 20


def small_run(url: str) -> tuple[int, list[Delivered]]:
    """Return a run in which every mail was accepted, truly."""
    run = world.build(url, MAILS)
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE touch SET state = 'accepted', touched_at = now()")
        connection.execute(
            "INSERT INTO attempt (touch_id, epoch, phase) SELECT touch_id, 1, 'accepted' FROM touch"
        )
        delivered = [
            Delivered(f"{touch}.x@armorial.example.org", address)
            for touch, address in connection.execute(
                "SELECT touch_id, value_norm FROM touch JOIN contact_point USING (customer_id)"
            )
        ]
    return run, delivered


def said(text: str) -> Callable[[str, list[Delivered]], None]:
    def act(url: str, delivered: list[Delivered]) -> None:
        with psycopg.connect(url) as connection:
            connection.execute(text)  # type: ignore[call-overload]

    return act


ONE = "(SELECT min(touch_id) FROM touch)"
PLANTED: dict[str, Callable[[str, list[Delivered]], object]] = {
    "duplicates": lambda url, delivered: delivered.append(delivered[0]),
    "false_accepted": lambda url, delivered: delivered.pop(),
    "refused_but_delivered": said(f"UPDATE touch SET state = 'refused', reason = 'x' WHERE touch_id = {ONE}"),
    "unaccounted": said(f"UPDATE touch SET state = 'gated' WHERE touch_id = {ONE}"),
    "untold": said(f"INSERT INTO attempt (touch_id, epoch, phase) VALUES ({ONE}, 2, 'accepted')"),
    "wrong_address": lambda url, delivered: delivered.append(
        Delivered(delivered.pop().message_id, "a@b.example")
    ),
    "unknown_beyond_bound": said(f"UPDATE touch SET state = 'unknown' WHERE touch_id = {ONE}"),
}


@pytest.mark.parametrize("fault", [None, *PLANTED])
def test_the_auditor_sees_what_is_wrong_and_only_that(database_url: str, fault: str | None) -> None:
    run, delivered = small_run(database_url)
    if fault is not None:
        PLANTED[fault](database_url, delivered)

    found = audit(database_url, run, delivered, bound=0).faults

    assert set(found) - {"refused_but_delivered"} <= {fault} and (fault is None or fault in found)


def test_a_member_without_a_touch_is_unaccounted(database_url: str) -> None:
    run, delivered = small_run(database_url)
    with psycopg.connect(database_url) as connection:
        connection.execute(f"DELETE FROM touch WHERE touch_id = {ONE}")

    assert audit(database_url, run, delivered[1:], bound=0).faults["unaccounted"] == 1
