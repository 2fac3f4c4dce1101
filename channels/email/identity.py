"""Who a mail says it is: the same at every attempt, and recognised when it comes back.

Greylisting remembers the envelope's sender, some stores drop a second copy by Message-ID; so both
are a function of the touch alone. The sender's address (VERP) carries touch and signature: a bounce
whose signature is wrong was not caused by us.
"""

import hmac
import re
from base64 import b32encode
from typing import Final

from engine.model.written import TouchId

_SIGNATURE: Final = 16  #: bytes: 128 bits
_BOUNCE: Final = re.compile(r"b-([0-9]{1,19})-([a-z2-7]{26})@", re.IGNORECASE)


class Identity:
    """Makes and reads the names of mails for one installation."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def _signature(self, purpose: bytes, touch: TouchId) -> str:
        raw = hmac.digest(self._secret, b"%b:%d" % (purpose, touch), "sha256")[:_SIGNATURE]
        # Base 32, since mail servers may change the case of a local part on its way back.
        return b32encode(raw).rstrip(b"=").decode("ascii").lower()

    def sender(self, touch: TouchId, domain: str) -> str:
        """Return the envelope's sender, to which bounces of this touch come back."""
        return f"b-{touch}-{self._signature(b'bounce', touch)}@{domain}"

    def message_id(self, touch: TouchId, domain: str) -> str:
        """Return the Message-ID, without its brackets."""
        return f"{touch}.{self._signature(b'message', touch)[:16]}@{domain}"

    def bounced(self, address: str) -> TouchId | None:
        """Return the touch to whose sender a bounce was addressed, or `None`: forged, or none of ours."""
        match = _BOUNCE.match(address)
        if match is None:
            return None
        touch = TouchId(int(match[1]))
        genuine = hmac.compare_digest(self._signature(b"bounce", touch), match[2].lower())
        return touch if genuine else None
