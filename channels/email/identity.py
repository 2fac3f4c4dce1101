"""Who a mail says it is: the same at every attempt, and recognised when it comes back.

Greylisting remembers the envelope's sender, some stores drop a second copy by Message-ID; so both
are a function of the touch alone. The sender's address (VERP) carries touch and signature: a bounce
whose signature is wrong was not caused by us.
"""

import hmac
import re
from typing import Final

from engine.content.keyed_hash import KeyedHash
from engine.model.written import TouchId

_SIGNATURE: Final = 32  #: letters of hexadecimal: 128 bits; mail servers may change a local part's case
_MESSAGE: Final = re.compile(r"([0-9]{1,19})\.([0-9a-f]{16})@")
_BOUNCE: Final = re.compile(r"b-([0-9]{1,19})-([0-9a-f]{32})@", re.IGNORECASE)


class Identity:
    """Makes and reads the names of mails for one installation."""

    def __init__(self, secret: bytes) -> None:
        self._digest = KeyedHash(secret).digest

    def _signature(self, touch: TouchId) -> str:
        return self._digest(b"mail:%d" % touch).hex()

    def of(self, touch: TouchId, domain: str) -> tuple[str, str]:
        """Return the envelope's sender, to which bounces come back, and the Message-ID without its brackets."""
        signature = self._signature(touch)
        return (
            f"b-{touch}-{signature[:_SIGNATURE]}@{domain}",
            f"{touch}.{signature[_SIGNATURE:][:16]}@{domain}",
        )

    def touch_of(self, message_id: str) -> TouchId | None:
        """Return the touch of a Message-ID of ours (without its brackets), or `None`: forged, or none of ours."""
        match = _MESSAGE.match(message_id)
        if match is None:
            return None
        touch = TouchId(int(match[1]))
        signed = self._signature(touch)[_SIGNATURE:][:16]
        return touch if hmac.compare_digest(signed, match[2]) else None

    def bounced(self, address: str) -> TouchId | None:
        """Return the touch to whose sender a bounce was addressed, or `None`: forged, or none of ours."""
        match = _BOUNCE.match(address)
        if match is None:
            return None
        touch = TouchId(int(match[1]))
        genuine = hmac.compare_digest(self._signature(touch)[:_SIGNATURE], match[2].lower())
        return touch if genuine else None
