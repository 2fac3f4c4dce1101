"""Signed tokens in links: which touch, which customer, for what; no personal data.

    1 byte key · 1 byte purpose · 8 bytes touch · 8 bytes customer · 1 byte link · 17 bytes signature

A link in a mail is read by whoever gets hold of the mail: scanners, proxies, a colleague. So it says
nothing but numbers, and its signature (HMAC-SHA256, 136 bits) covers all of them: a token for one
purpose is no token for another.
"""

import hmac
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import b2a_base64
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256
from typing import Final

from engine.content.keyed_hash import KeyedHash
from engine.model.written import CustomerId, TouchId


class Purpose(IntEnum):
    CLICK = 1
    OPEN = 2
    UNSUBSCRIBE = 3
    PREFERENCES = 4
    VIEW = 5  #: the mail in a browser


@dataclass(frozen=True, slots=True)
class Token:
    """What a link said, and its signature proved."""

    purpose: Purpose
    touch: TouchId
    customer: CustomerId
    link: int = 0  #: of a click: the place of the link in the material card


_HEAD: Final = struct.Struct(">BBQQB")
_SIGNATURE: Final = 17  #: bytes; with them a token is a multiple of three bytes, and base64 needs no padding
_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")
LENGTH: Final = (_HEAD.size + _SIGNATURE) // 3 * 4
"""How long every token is, in characters."""


def key_id(secret: bytes) -> int:
    """Return the byte by which a token names the secret that signed it; nothing can be learnt from it."""
    return sha256(b"key id:" + secret).digest()[0]


class Signer:
    """Makes tokens with one secret; what depends on the secret alone is done once."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) < 16:
            raise ValueError("the secret that signs links is shorter than 16 bytes")
        self._digest = KeyedHash(secret).digest
        self._key = key_id(secret)

    def make(self, purpose: Purpose, touch: TouchId, customer: CustomerId, link: int = 0) -> str:
        """Return a token that fits into a URL as it is."""
        head = _HEAD.pack(self._key, purpose, touch, customer, link)
        signed = head + self._digest(head)[:_SIGNATURE]
        return b2a_base64(signed, newline=False).translate(_URL_SAFE).decode("ascii")


def make(secret: bytes, purpose: Purpose, touch: TouchId, customer: CustomerId, link: int = 0) -> str:
    """Return a token made with `secret`.

    >>> read([b"sixteen bytes ok"], make(b"sixteen bytes ok", Purpose.CLICK, TouchId(7), CustomerId(9), 2))
    Token(purpose=<Purpose.CLICK: 1>, touch=7, customer=9, link=2)
    """
    return Signer(secret).make(purpose, touch, customer, link)


def read(secrets: Sequence[bytes], text: str, purpose: Purpose | None = None) -> Token | None:
    """Return what a token says, or `None`: forged, cut, of another purpose, of a retired secret.

    All of `secrets` are tried, in the same time whether one fits or none: old links live on while
    their secret stands in the list. Nothing tells one kind of wrong from another.
    """
    signed = b""
    if len(text) == LENGTH and text.isascii():
        try:
            signed = urlsafe_b64decode(text)
        except ValueError:
            signed = b""
    # A text that is no token is compared too, against a signature it cannot have.
    head, signature = signed[: _HEAD.size], signed[_HEAD.size :]
    genuine = False
    for secret in secrets:
        genuine |= hmac.compare_digest(hmac.digest(secret, head, "sha256")[:_SIGNATURE], signature)
    # What is no letter of base64 was passed over by its decoder: one token, one spelling.
    if not genuine or urlsafe_b64encode(signed).decode("ascii") != text:
        return None
    _, said, touch, customer, link = _HEAD.unpack(head)
    if said not in set(Purpose) or (purpose is not None and said != purpose):
        return None
    return Token(Purpose(said), TouchId(touch), CustomerId(customer), link)
