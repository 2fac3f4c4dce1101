"""Pains of other tools that this one must not have (docs/never-here.md), where no other test shows them already."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier
from typing import cast
from weakref import WeakSet

from channels.email import Emails
from engine.actions.tick import tick
from engine.contract import Addressee, Channel, Composer, Failure, Parcel, Wave
from engine.store import ledger
from engine.store.database import connected
from tests.channels.email.world import addressee, desk, wave
from tests.plans.house import DAY, NOW, PEPPER, House


def test_one_bad_address_is_refused_once_and_holds_up_nobody(house: House) -> None:  # NH1
    run = house.start().run_id
    house.connection.execute(
        "UPDATE contact_point SET value_norm = 'port 7@example.org' WHERE customer_id = (SELECT min(customer_id)"
        " FROM touch WHERE step = 'announce' AND state = 'ready') AND type = 'email'"
    )
    ready = house.states("announce")["ready"]

    for _ in range(3):
        house.drain(run)

    tried = house.connection.execute(
        "SELECT count(*) FROM attempt JOIN touch USING (touch_id) WHERE reason = 'invalid_contact_point'"
    ).fetchone()
    assert (house.states("announce")["accepted"], tried, max(house.mails_each().values())) == (
        ready - 1,
        (1,),
        1,
    )


def test_a_run_that_was_paused_goes_on_where_it_stopped(house: House) -> None:  # NH3
    house.write(
        "campaigns/policy.yaml", (house.root / "campaigns/policy.yaml").read_text() + "gate_group: 5\n"
    )
    run = house.start().run_id
    house.drain(run, most=5)
    ledger.switch(house.connection, run, "paused", by="marketing")
    house.drain(run)
    sent = sum(house.mails_each().values())

    ledger.switch(house.connection, run, "running", by="marketing")
    house.drain(run)

    assert sent == 5 and max(house.mails_each().values()) == 1
    assert sum(house.mails_each().values()) == house.states("announce")["accepted"]


def test_a_cancelled_run_is_over_whatever_its_touches_wait_for(house: House) -> None:  # NH5
    run = house.start().run_id

    ledger.switch(house.connection, run, "cancelled", by="marketing")
    ledger.cancel_open(house.connection, run)

    assert ledger.close(house.connection, run, NOW) and house.mails_each() == {}


def test_what_a_cancel_missed_is_cancelled_at_the_next_tick_and_the_run_is_closed(house: House) -> None:
    """A worker put its group back while the cancel looked for what was open."""
    run = house.start().run_id
    ledger.switch(house.connection, run, "cancelled", by="marketing")

    tick(house.connection, house.project, house.channels, pepper=PEPPER, now=NOW)

    closed = ledger.one_run(house.connection, run).closed_at
    assert (house.states("announce").get("ready"), closed) == (None, NOW)


def test_a_template_that_fails_for_one_member_stops_before_the_first_mail(house: House) -> None:  # NH22, F9
    mail = "templates/dermapharm/announce.mjml"
    house.change(
        mail,
        "{{ customer.name }}",
        "{% if customer.town is defined and customer.town == 'BREST' and customer.town > 3 %}de {% endif %}{{ customer.name }}",
    )
    house.connection.execute(
        "UPDATE customer SET town = 'BREST' WHERE customer_id = (SELECT min(customer_id) FROM contact_point"
        " WHERE type = 'email')"
    )

    run = house.start().run_id
    house.drain(run)

    state = ledger.one_run(house.connection, run).state
    assert (house.mails_each(), state, house.states("announce").get("render_failed")) == ({}, "paused", 1)


class Heavy:
    """What a parcel carries, so that one can see when it is let go."""


class Weighed:
    """The e-mail channel, with parcels that are counted as long as somebody holds them."""

    def __init__(self, real: Channel) -> None:
        self.real, self.held, self.most = real, WeakSet[Heavy](), 0

    def __getattr__(self, name: str) -> object:
        return getattr(self.real, name)

    def prepare(self, wave: Wave) -> Composer:
        compose = self.real.prepare(wave)

        def composed(one: Addressee) -> Parcel | Failure:
            made = compose(one)
            if isinstance(made, Parcel):
                made = replace(made, content=Heavy())
                self.held.add(made.content)
                self.most = max(self.most, len(self.held))
            return made

        return composed


def test_before_a_run_mails_are_composed_one_by_one_and_not_kept(house: House) -> None:  # NH12
    weighed = Weighed(house.channels["email"])
    house.channels["email"] = cast(Channel, weighed)

    house.start()

    assert 1 <= weighed.most <= 2 and house.states("announce")["ready"] > 20


def test_two_schedulers_at_one_slot_at_the_same_time_send_each_mail_once(
    house: House, database_url: str
) -> None:  # NH2, NH24, F1
    together = Barrier(2, timeout=30)

    def schedules(one: House, worker: str) -> None:
        files = one.project
        together.wait()
        done = tick(one.connection, files, one.channels, pepper=PEPPER, now=NOW)
        together.wait()  # both know the run before one of them has sent all of it
        for each in done.advanced:
            one.drain(each.run_id, worker=worker)

    with connected(database_url, purpose="second scheduler") as connection, ThreadPoolExecutor(2) as threads:
        other = House(connection, house.root)
        list(threads.map(schedules, (house, other), ("w1", "w2")))

    each = house.mails_each()
    assert (house.runs(), max(each.values()), each.total()) == (1, 1, house.states("announce")["accepted"])


def test_a_scheduler_that_was_away_for_a_week_sends_nothing_late(house: House) -> None:  # NH20, F2
    done = tick(house.connection, house.project, house.channels, pepper=PEPPER, now=NOW + 7 * DAY)

    assert (done.advanced, house.runs(), house.mails_each()) == ([], 0, {})


def test_a_delivery_holds_a_handful_of_mails_and_not_all_of_them(tmp_path: Path) -> None:  # NH12
    emails = Emails(desk(tmp_path))
    compose = emails.prepare(wave())
    out = most = 0

    def parcels() -> object:
        nonlocal out, most
        for number in range(1, 301):
            out += 1
            most = max(most, out)
            made = compose(addressee(number))
            assert isinstance(made, Parcel)
            yield made

    for _ in emails.post(parcels()):  # type: ignore[arg-type]
        out -= 1
    emails.close()

    assert out == 0 and most <= 32
