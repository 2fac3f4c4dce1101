"""Copies for ourselves: proofs to approvers before a run, seeds to colleagues with it; outside of every figure.

A copy is written by the composer that writes to customers, and leaves by the same channel. It has a number of
its own, above that of every touch, so nothing that comes back of it (a click, a bounce, a no) is a customer's.
It is noted before it leaves: a crash in between loses a copy and never doubles one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from engine.actions.pinned import Definition
from engine.actions.preview import Rehearsed
from engine.contract import (
    Addressee,
    Channel,
    Composer,
    Copied,
    Customer,
    Ending,
    Failure,
    Parcel,
    Receipt,
    Wave,
)
from engine.model.written import CustomerId
from engine.problems import ChannelUnavailable, Say, UsageError
from engine.store import copies
from engine.store.copies import Copy
from engine.store.database import Connection

NOBODY: Final = CustomerId(0)
MARK: Final = "[ÉPREUVE] "


def nobody(like: Customer) -> Customer:
    """Return a made-up customer of the sort of a real one, with the same rep: colleagues need no doctor's name.

    What the company knows of the real one stays behind too: a mail composes without it, or `check` would have said so.
    """
    return replace(
        like,
        customer_id=NOBODY,
        last_name="Morel",
        first_name="Claire",
        org_name="Pharmacie Morel" if like.of == "organisation" else None,
        street="1 rue de l'Exemple",
        postcode="44000",
        town="Nantes",
        department="44",
        country="FR",
        phone=None,
        may_track=False,
        opens_count=False,
        facts={},
        history=(),
    )


def seed(
    connection: Connection,
    definition: Definition,
    channel: Channel,
    wave: Wave,
    compose: Composer,
    group: Sequence[Addressee],
    *,
    worker: str,
    permit: bool,
) -> int:
    """Send the policy's seeds what a step sends, once for each run, step and cell; return how many were accepted.

    What keeps a seed from leaving stops nothing: customers come first.
    """
    first = {one.cell: one for one in reversed(group)}
    opened = copies.seeds(
        connection,
        wave.run_id,
        wave.campaign.campaign,
        wave.step_name,
        list(first),
        definition.policy.seeds,
        sha=definition.sha,
        worker=worker,
        permit=permit,
    )
    pairs = [(one, replace(first[one.cell], customer=nobody(first[one.cell].customer))) for one in opened]
    told = _sent(connection, channel, wave, compose, pairs)
    return sum(one.ending is Ending.ACCEPTED for one in told)


def proof(
    connection: Connection,
    shown: Rehearsed,
    addresses: Sequence[str],
    *,
    by: str,
    permit: bool,
) -> list[Receipt]:
    """Send a rehearsed step to addresses of the policy, as customers would get it, each subject marked; return what became of each.

    Raises:
        UsageError: its channel cannot, an address is none of the policy's, or this system is not armed.
        ChannelUnavailable: the relay cannot be reached.
    """
    channel, wave = shown.channel, shown.wave
    allowed = shown.definition.policy.proof_addresses
    strange = [one for one in addresses if one not in allowed]
    if strange or not (addresses or allowed):
        raise UsageError(
            Say(
                "A proof goes to addresses that the policy lists, and to no other.",
                "Une épreuve ne va qu'aux adresses que la politique énumère.",
            ),
            Say(
                "Add it to 'proof_addresses:' of campaigns/policy.yaml.",
                "Ajoutez-la à « proof_addresses: » de campaigns/policy.yaml.",
            ),
        )
    if not isinstance(channel, Copied):
        raise UsageError(
            Say(
                f"Steps of the channel '{channel.name}' have no proofs.",
                f"Les étapes du canal « {channel.name} » n'ont pas d'épreuves.",
            ),
            Say("'touchbase preview' shows them.", "« touchbase preview » les montre."),
        )
    wave = channel.marked(wave, MARK)
    compose = channel.prepare(wave)
    pairs: list[tuple[Copy, Addressee]] = []
    for _, one in shown.chosen:
        opened = copies.proofs(
            connection,
            wave.campaign.campaign,
            wave.step_name,
            one.cell,
            addresses or allowed,
            sha=shown.sha,
            by=by,
            permit=permit,
        )
        pairs += [
            (each, replace(one, customer=replace(one.customer, may_track=False, opens_count=False)))
            for each in opened
        ]
    if not pairs:
        raise UsageError(
            Say(
                "This system is not armed: nothing leaves it.", "Ce système n'est pas armé : rien n'en part."
            ),
            Say("'touchbase arm' allows it.", "« touchbase arm » l'autorise."),
        )
    return _sent(connection, channel, wave, compose, pairs, is_heard=True)


def _sent(
    connection: Connection,
    channel: Channel,
    wave: Wave,
    compose: Composer,
    pairs: Iterable[tuple[Copy, Addressee]],
    *,
    is_heard: bool = False,
) -> list[Receipt]:
    """Deliver copies and keep what was answered; `is_heard`: a relay that is away is somebody's to know.

    One that does not compose is answered too: it left nowhere, and its receipt says what it fails at.
    """
    parcels: list[Parcel] = []
    receipts: list[Receipt] = []
    for copy, like in pairs:
        made = compose(
            replace(like, touch=copy.number, customer=replace(like.customer, address=copy.address))
        )
        if isinstance(made, Failure):
            said = f"{made.reason}: {made.detail}".rstrip(": ")
            receipts.append(Receipt(copy.number, Ending.REFUSED, made.reason.value, said))
        else:
            parcels.append(made)
    try:
        receipts += channel.deliver(wave, parcels, connection) if parcels else ()
    except ChannelUnavailable:
        if is_heard:
            raise
    finally:
        if receipts:
            copies.told(connection, receipts)
    return receipts
