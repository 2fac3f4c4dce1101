"""Where the links of a mail lead: the public pages of Touchbase, one letter a purpose.

The pages read these addresses; the e-mail channel writes them; neither knows more of the other.
"""

from typing import Final
from urllib.parse import urlencode, urlsplit, urlunsplit

from engine.content.tokens import Purpose, Signer
from engine.model.campaign import AnyCampaign
from engine.model.written import CustomerId, TouchId

PATHS: Final = {
    Purpose.CLICK: "/c/",
    Purpose.OPEN: "/o/",
    Purpose.UNSUBSCRIBE: "/u/",
    Purpose.PREFERENCES: "/p/",
    Purpose.VIEW: "/v/",
}
"""The path in front of the token. An unsubscribe link answers GET with a page and POST with the act."""


def with_utm(url: str, campaign: AnyCampaign, step: str) -> str:
    """Return an address with the parameters that its campaign's file asks for; others, and what it has, stay as they are.

    The page is the one that the material was deposited with; the parameters say which mailing, never which reader.
    """
    utm = getattr(campaign, "utm", None)
    if utm is None or not url.startswith("https:") or "utm_" in url:
        return url
    parts = urlsplit(url)
    said = urlencode(
        {
            "utm_source": utm.source,
            "utm_medium": utm.medium,
            "utm_campaign": utm.campaign or campaign.campaign,
            "utm_content": step,
        }
    )
    return urlunsplit(parts._replace(query=f"{parts.query}&{said}" if parts.query else said))


class Links:
    """Makes the personal links of one installation."""

    def __init__(self, base_url: str, secret: bytes) -> None:
        base = base_url.rstrip("/")
        self._front = {purpose: base + path for purpose, path in PATHS.items()}
        self._sign = Signer(secret).make

    def to(self, purpose: Purpose, touch: TouchId, customer: CustomerId, link: int = 0) -> str:
        """Return the address of a page for one touch; `link` is the place of a click's target in the card."""
        return self._front[purpose] + self._sign(purpose, touch, customer, link)
