"""A template whose output is quoted-printable already: static text is encoded once, when it is compiled.

The usual way builds 24 kB of text for each customer and then encodes 24 kB. Nearly all of it is the
same for everybody. So Jinja's compiler is asked to write its constants encoded, and to wrap what it
fills in with `encoded`. One rule makes the pieces fit: every piece starts and ends at the beginning
of a line (a soft break `=CRLF` closes it where the text goes on). Then no piece needs to know how
long the one before it was, lines stay within 76 characters, and no line starts with a dot, so SMTP
has nothing to stuff.

Source: RFC 2045 section 6.7 (quoted-printable), RFC 5321 section 4.5.2 (the dot).
"""

import re
from binascii import b2a_qp
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

from jinja2.compiler import CodeGenerator, Frame
from jinja2.nodes import Expr

from engine.content.placeholders import Placeholders, flatten

LONGEST_SIMPLE: Final = 75  #: characters, and the '=' of a soft break: 76
SOFT: Final = "=\r\n"

_SIMPLE: Final = re.compile(r"[\x21-\x2d\x2f-\x3c\x3e-\x7e][\x20-\x3c\x3e-\x7e]*")
"""A value that is its own encoding, if it fits on a line: printable ASCII, no '=', no dot or blank in front."""

_NEWLINES: Final = re.compile(r"\r\n|\r|\n")


@lru_cache(maxsize=512)  # a link stands in both parts; towns and reps come again and again
def encoded(value: Any) -> str:
    """Return a text as quoted-printable that starts and ends at the beginning of a line.

    Line ends become CRLF; they stay line ends. Lone surrogates (of no text that came from a
    database) become '?'.
    """
    text = str(value)
    if len(text) <= LONGEST_SIMPLE and _SIMPLE.fullmatch(text):
        return text + SOFT
    if not text:
        return ""
    if "\n" not in text and "\r" not in text:
        return _closed(_line(text))
    *lines, last = _NEWLINES.split(text)
    closed = "".join([_line(line) + "\r\n" for line in lines])
    return closed + _closed(_line(last)) if last else closed


def _closed(line: str) -> str:
    """Return an encoded line that a soft break ends; the break itself must not make it longer than 76."""
    if len(line) - line.rfind("\n") - 1 > LONGEST_SIMPLE:
        cut = 3 if line[-3] == "=" else 1
        last = "=2E" if line[-1] == "." else line[-cut:]  # a line must not start with a dot
        return line[:-cut] + SOFT + last + SOFT
    return line + SOFT


def _line(text: str) -> str:
    """Return one line as quoted-printable with soft breaks in it; a blank at its end is encoded."""
    raw = text.encode("utf-8", "replace")
    made = b2a_qp(raw).decode("ascii")
    if made[:1] == "." or "\n." in made:
        # A line would start with a dot: with all dots encoded beforehand none can, and none grows too long.
        return _undotted(raw)
    return made.replace("\n", "\r\n")


def _undotted(raw: bytes) -> str:
    """Return one line as quoted-printable in which every dot is encoded."""
    if b"\0" in raw:
        # The stand-in below is taken; in hexadecimal, 25 bytes to the line, there is no dot either.
        pieces = [raw[start : start + 25] for start in range(0, len(raw), 25)]
        return SOFT.join("".join(f"={byte:02X}" for byte in piece) for piece in pieces)
    # NUL is encoded as '=00', which is as long as the '=2E' that takes its place.
    made = b2a_qp(raw.replace(b".", b"\0")).decode("ascii")
    return made.replace("=00", "=2E").replace("\n", "\r\n")


class _WireCode(CodeGenerator):
    """Jinja's compiler, writing its constants encoded and its values through `encoded`."""

    def _output_const_repr(self, group: Iterable[Any]) -> str:
        return repr(encoded("".join(map(str, group))))

    def _output_child_pre(self, node: Expr, frame: Frame, finalize: CodeGenerator._FinalizeInfo) -> None:
        self.write("environment.encoded(")
        super()._output_child_pre(node, frame, finalize)

    def _output_child_post(self, node: Expr, frame: Frame, finalize: CodeGenerator._FinalizeInfo) -> None:
        super()._output_child_post(node, frame, finalize)
        self.write(")")


class _Wire(Placeholders):
    code_generator_class = _WireCode
    encoded = staticmethod(encoded)


_ESCAPED: Final = _Wire(autoescape=True)
_UNESCAPED: Final = _Wire(autoescape=False)
_PLAIN: Final = Placeholders(autoescape=False)
_HTML: Final = Placeholders(autoescape=True)

Filler = Callable[[dict[str, Any]], str]


def on_wire(text: str, *, escape: bool, fixed: Mapping[str, Any] | None = None) -> Filler:
    """Return a function that fills a checked text and returns it as quoted-printable, ending a line.

    Its argument holds the values under their mangled names; one that is missing raises Jinja's
    `UndefinedError`.

    Args:
        escape: Escape values for HTML where they land.
        fixed: Values that are the same for everybody, by dotted name.
    """
    if not text.endswith("\n"):
        text += "\n"
    return _filler(_ESCAPED if escape else _UNESCAPED, text, fixed)


def as_text(text: str) -> Filler:
    """Return a function that fills a checked text and returns it as it is: a subject, a file name."""
    return _filler(_PLAIN, text)


def as_html(text: str) -> Filler:
    """Return a function that fills a checked HTML text and returns it unencoded: for a browser."""
    return _filler(_HTML, text)


def _filler(environment: Placeholders, text: str, fixed: Mapping[str, Any] | None = None) -> Filler:
    from jinja2 import Template

    source = environment.compile(flatten(environment.parse(text), fixed))
    template = Template.from_code(environment, source, {})
    root, context_class, name = template.root_render_func, environment.context_class, template.name
    blocks = template.blocks

    def fill(values: dict[str, Any]) -> str:
        return "".join(root(context_class(environment, values, name, blocks)))

    return fill
