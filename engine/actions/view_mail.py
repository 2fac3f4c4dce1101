"""View a mail again: composed anew from the run's pinned files, as it left."""

import datetime as dt
from collections.abc import Mapping
from email import message_from_bytes, policy
from email.message import EmailMessage

from engine.actions.pinned import pinned
from engine.contract import Channel, Parcel
from engine.problems import FilesError
from engine.store import ledger
from engine.store.database import Connection
from engine.store.responses import TouchOfToken


def view_mail(
    connection: Connection, touch: TouchOfToken, channels: Mapping[str, Channel], *, now: dt.datetime
) -> str | None:
    """Return a mail's HTML, or `None`: there is none, or its material may not be shown any more."""
    if touch.run is None or touch.definition_sha is None or touch.campaign is None or touch.step is None:
        return None
    if touch.channel != "email":
        return None
    channel = channels[touch.channel]
    addressee = ledger.to_show(connection, touch.touch, channel.contact_point, now)
    if addressee is None:
        return None
    definition = pinned(connection, touch.definition_sha, touch.campaign, channels)
    try:
        parcel = channel.prepare(definition.wave(touch.run, touch.step, now))(addressee)
    except FilesError:  # withdrawn or expired since: what must not go out is not shown either
        return None
    if not isinstance(parcel, Parcel):
        return None
    mail = message_from_bytes(parcel.content.data, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    html = mail.get_body(("html",))
    return None if html is None else str(html.get_content())
