"""Which characters a letter can show: those of the fonts that travel with typst, and no others.

A PDF that is made to be kept (PDF/A) may not hold a sign that no font has, so one such sign in one name
would keep the whole print batch from coming out.
"""

from functools import cache
from typing import Final

KNOWN: Final = frozenset(
    chr(point)
    for first, last in ((0x20, 0x7E), (0xA0, 0x17F), (0x2010, 0x2015), (0x2018, 0x201E))
    for point in range(first, last + 1)
) | frozenset("\n…€™№‰′″•")
"""What French and its neighbours are written with: all of it comes out; a test sets it."""


def unprintable(text: str) -> frozenset[str]:
    """Return the characters of a text that no font has.

    >>> sorted(unprintable("Dr Łukasz Żółć, Besançon"))
    []
    """
    return frozenset(sign for sign in set(text) - KNOWN if not _comes_out(sign))


@cache  # a base has few such signs, and each costs a page
def _comes_out(sign: str) -> bool:
    import typst

    try:
        typst.Compiler(
            b'#set text(font: "Libertinus Serif")\n#sys.inputs.sign',
            ignore_system_fonts=True,
            sys_inputs={"sign": sign},
        ).compile(format="pdf", pdf_standards=["a-2b"], pdf_tags=False)
    except typst.TypstError:
        return False
    return True
