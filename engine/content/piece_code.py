"""The code on a letter: what a person types, a camera reads, and a returned envelope says.

Twelve characters in three groups: seven for the touch, five that sign it. The alphabet (Crockford's)
leaves out I, L, O, U; whoever reads 1 as I or 0 as O is understood. The code names no person, and a
guessed one is right once in 33 million tries.
"""

import hmac
from typing import Final

from engine.model.written import TouchId

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH: Final = 14  #: with its two hyphens
_BODY: Final = 7  #: 35 bits: 34 thousand million touches
_MEANT: Final = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


def _spelled(number: int, length: int) -> str:
    return "".join(ALPHABET[number >> 5 * place & 31] for place in reversed(range(length)))


def _signature(secret: bytes, touch: int) -> int:
    digest = hmac.digest(secret, b"piece:" + touch.to_bytes(8, "big"), "sha256")
    return int.from_bytes(digest[:4], "big") >> 7


def make(secret: bytes, touch: TouchId) -> str:
    """Return the code of a touch's letter.

    >>> make(b"sixteen bytes ok", TouchId(1234567))
    '0015-NM74-3HKV'
    """
    if not 0 <= touch < 1 << 5 * _BODY:
        raise ValueError("a touch number beyond what a code can hold")
    code = _spelled(touch, _BODY) + _spelled(_signature(secret, touch), 5)
    return f"{code[:4]}-{code[4:8]}-{code[8:]}"


def read(secret: bytes, text: str) -> TouchId | None:
    """Return the touch of a code as somebody typed it, or `None`: mistyped, or never ours.

    >>> read(b"sixteen bytes ok", " 0015 nm74 3hkv"), read(b"sixteen bytes ok", "0015-NM74-3HKW")
    (1234567, None)
    """
    code = text.strip().upper().translate(_MEANT)
    if len(code) != _BODY + 5 or any(letter not in ALPHABET for letter in code):
        return None
    number = 0
    for letter in code:
        number = number << 5 | ALPHABET.index(letter)
    touch, signature = number >> 25, number & 0x1FFFFFF
    same = hmac.compare_digest(signature.to_bytes(4, "big"), _signature(secret, touch).to_bytes(4, "big"))
    return TouchId(touch) if same else None
