"""The contract's examination: what every channel promises, asked of one.

A channel's own tests call `examine` once, with a customer it can reach and one it cannot. Meaning
is tested here; what is special about a channel, in its own tests.
"""

from dataclasses import replace
from typing import Any

from engine.contract import Addressee, Channel, Ending, Failure, Parcel, Receipt, Transaction, Wave
from engine.model.campaign import Step
from engine.model.written import CustomerId, TouchId
from engine.problems import Fault, Problem


def examine(
    channel: Channel,
    wave: Wave,
    *,
    reachable: Addressee,
    unreachable: Addressee | None = None,
    transaction: "Transaction | None" = None,
) -> list[Receipt]:
    """Hold a channel to the contract; return the receipts of what it delivered: two parcels.

    Args:
        unreachable: `None` only for a channel that reaches everybody.
        transaction: An open transaction, for a channel whose boundary is our own database.

    Raises:
        AssertionError: it breaks a promise; says which.
    """
    _facts(channel)
    complaints = [_said(one) for one in channel.check(wave.step, wave.files)]
    assert complaints == [], f"a good step has no fault, not {complaints}"

    compose = channel.prepare(wave)
    parcel = compose(reachable)
    assert isinstance(parcel, Parcel), f"a reachable customer has a parcel, not {parcel!r}"
    assert parcel.touch == reachable.touch, "a parcel is of the touch it was composed for"
    assert compose(reachable) == parcel, "composing is pure: the same at every attempt"
    assert channel.prepare(wave)(reachable) == parcel, "preparing again changes nothing"
    title, text = channel.shown(parcel)
    assert title or text, "a parcel can be shown"

    if unreachable is not None:
        failure = compose(unreachable)
        assert isinstance(failure, Failure), f"an unreachable customer is refused, not given {failure!r}"
        _says_nothing_personal(failure.detail, unreachable)

    # Another customer: one step of one run has one touch for each.
    somebody = replace(reachable.customer, customer_id=CustomerId(reachable.customer.customer_id + 1))
    other = compose(replace(reachable, touch=TouchId(reachable.touch + 1), customer=somebody))
    assert isinstance(other, Parcel)
    given: Any = transaction  # a channel that leaves the transaction alone is given none
    receipts = list(channel.deliver(wave, [parcel, other], given))
    touches = sorted(receipt.touch for receipt in receipts)
    assert touches == sorted([parcel.touch, other.touch]), f"one receipt for each parcel, not {touches}"
    for receipt in receipts:
        assert receipt.ending in set(Ending)
        _says_nothing_personal(receipt.reply or "", reachable)
        if receipt.ending is Ending.REFUSED:
            assert receipt.reason, "a refusal has a word that reports can count"

    if channel.repeat_is_safe:
        again = list(channel.deliver(wave, [parcel], given))
        assert [(one.touch, one.ending) for one in again] == [
            (one.touch, one.ending) for one in receipts if one.touch == parcel.touch
        ], "what is handed over twice is one thing, and says so"
    return receipts


def _facts(channel: Channel) -> None:
    assert channel.name.isidentifier() and channel.name.islower(), "a channel's name is one small word"
    assert issubclass(channel.step, Step), "its step is a Step"
    assert channel.step.model_fields["channel"].annotation is not str, "its step names the channel"
    assert 1 <= channel.batch <= 10_000, "a batch is of 1 to 10,000 parcels"
    assert channel.contact_point in ("email", "postal", "phone", None)


def _said(one: Fault | Problem) -> str:
    place = one.span if isinstance(one, Problem) else "/".join(map(str, one.path))
    return f"{place}: {one.what}"


def _says_nothing_personal(text: str, addressee: Addressee) -> None:
    customer = addressee.customer
    for part in (customer.last_name, customer.address, customer.org_name, customer.phone):
        assert not part or part not in text, "what is written into the history holds no personal data"
