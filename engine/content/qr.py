"""QR codes by the thousand: codes that share everything but their last characters.

Making one code takes milliseconds, and a print batch needs thousands. But with version, mask, mode
and length fixed, a QR code is linear: each bit of the text always turns over the same modules, its
share of the error correction included. So the first code is made by segno, each bit's pattern once,
and every further code is a few XORs of them.

Source: ISO/IEC 18004 (Reed-Solomon codes are linear; masks and format bits are constants).
"""

import re
from typing import Any, Final

_MASK: Final = 2  #: any of the eight is read; a fixed one is what makes codes linear
_RUNS: Final = re.compile("1+")


class QrSeries:
    """The codes of `prefix` followed by `length` ASCII characters, error correction M (15 %)."""

    def __init__(self, prefix: str, length: int) -> None:
        self.prefix, self.length = prefix, length
        self._side = 0
        blank = "@" * length  # any text of that length
        first = self._made(blank)
        self._first = first
        self._bits = [
            [
                first ^ self._made(blank[:place] + chr(ord("@") ^ (1 << bit)) + blank[place + 1 :])
                for bit in range(7)
            ]
            for place in range(length)
        ]
        self._turns: list[dict[str, int]] = [{} for _ in range(length)]

    def matrix(self, text: str) -> list[str]:
        """Return the rows of the code of `prefix + text`, '1' for dark.

        Raises:
            ValueError: `text` has another length, or characters that are not ASCII.
        """
        if len(text) != self.length or not text.isascii():
            raise ValueError(f"a code of this series has {self.length} ASCII characters")
        code = self._first
        for place, letter in enumerate(text):
            turned = self._turns[place].get(letter)
            if turned is None:
                turned = self._turned(place, letter)
            code ^= turned
        side = self._side
        bits = f"{code:0{side * side}b}"
        return [bits[row * side : (row + 1) * side] for row in range(side)]

    def svg(self, text: str) -> str:
        """Return the code as an SVG without margin; leave four modules of white around it."""
        path = "".join(
            f"M{run.start()} {y}h{run.end() - run.start()}v1H{run.start()}z"
            for y, row in enumerate(self.matrix(text))
            for run in _RUNS.finditer(row)
        )
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self._side} {self._side}">'
            f'<path d="{path}"/></svg>'
        )

    def _turned(self, place: int, letter: str) -> int:
        different = ord(letter) ^ ord("@")
        turned = 0
        for bit in range(7):
            if different >> bit & 1:
                turned ^= self._bits[place][bit]
        self._turns[place][letter] = turned
        return turned

    def _made(self, text: str) -> int:
        import segno

        code: Any = segno.make_qr(
            self.prefix + text, error="m", mask=_MASK, mode="byte", encoding="iso-8859-1", boost_error=False
        )
        self._side = len(code.matrix)
        return int("".join(str(module) for row in code.matrix for module in row), 2)
