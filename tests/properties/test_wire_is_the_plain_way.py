"""The fast way of building a mail, held against the plain one: stdlib `email` and plain Jinja.

What is compared is what a reader gets: decoded parts and headers. The templates and values are
generated, hostile ones included.
"""

import datetime as dt
import email
import quopri
import re
from email import policy
from email.message import EmailMessage
from typing import Any

import jinja2
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from engine.content import headers, wire
from engine.content.placeholders import mangled

NAMES = ("customer.name", "customer.town", "customer.facts.tier")

letters = st.one_of(
    st.characters(exclude_categories=("Cs",), exclude_characters="\x00"),
    st.sampled_from(list(". =\t\r\n<>&\"'_?é€😀")),
)
values = st.text(letters, max_size=120)
static = st.text(letters, max_size=200).filter(
    lambda text: "{" not in text and "}" not in text and "#" not in text
)
pieces = st.lists(
    st.one_of(
        static,
        st.sampled_from([f"{{{{ {name} }}}}" for name in NAMES]),
        st.sampled_from(["{% if customer.town %}", "{% endif %}", "{{ customer.name|upper }}"]),
    ),
    max_size=12,
)


def balanced(parts: list[str]) -> str:
    """Return a template whose ifs and endifs fit."""
    out, open_ifs = [], 0
    for part in parts:
        if part.startswith("{% endif"):
            if not open_ifs:
                continue
            open_ifs -= 1
        open_ifs += part.startswith("{% if")
        out.append(part)
    return "".join(out) + "{% endif %}" * open_ifs


def plainly(text: str, given: dict[str, str], *, escape: bool) -> str:
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined, autoescape=escape, keep_trailing_newline=True
    )
    customer = {
        "name": given["customer.name"],
        "town": given["customer.town"],
        "facts": {"tier": given["customer.facts.tier"]},
    }
    return environment.from_string(text).render(customer=customer)


def lines(text: str) -> str:
    """Return a text with the one kind of line end that mails have, and none at its end."""
    return re.sub(r"\r\n|\r|\n", "\n", text).rstrip("\n")


PATIENT = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow]
)  # a busy machine breaks no promise


@PATIENT
@example(["{{ customer.town }}"], dict.fromkeys(NAMES, 12 * "é" + "abc."), False)  # 76, and a break behind it
@example(["{{ customer.town }}"], dict.fromkeys(NAMES, 11 * "é" + "abcdé."), True)
@given(pieces, st.fixed_dictionaries(dict.fromkeys(NAMES, values)), st.booleans())
@example([". ", "{{ customer.name }}", "."], dict.fromkeys(NAMES, "."), True)
@example(["{{ customer.name }} \r\n.\r\n{{ customer.town }}"], dict.fromkeys(NAMES, "\r\n.\r\n"), False)
@example(["a" * 75, "{{ customer.name }}"], dict.fromkeys(NAMES, "=" * 76), False)
def test_what_is_written_for_the_wire_reads_as_the_plain_way(
    parts: list[str], given: dict[str, str], escape: bool
) -> None:
    text = balanced(parts)
    if not text.endswith("\n"):
        text += "\n"

    made = wire.on_wire(text, escape=escape)({mangled(name): value for name, value in given.items()})

    assert lines(quopri.decodestring(made.encode("ascii")).decode("utf-8")) == lines(
        plainly(text, given, escape=escape)
    )
    wire_lines = made.split("\r\n")
    assert wire_lines[-1] == "", "a mail's body ends its last line"
    assert not any("\r" in line or "\n" in line for line in wire_lines), "only CRLF ends a line (SEC5)"
    assert not any(line.startswith(".") for line in wire_lines), "nothing for SMTP to stuff"
    assert not any(line.endswith((" ", "\t")) for line in wire_lines), "no blank that a relay may strip"
    assert max(map(len, wire_lines)) <= 76


safe = (
    st.text(
        st.characters(
            min_codepoint=32, max_codepoint=0x2FFF, exclude_categories=("Cc", "Cs", "Zl", "Zp", "Cf", "Zs")
        ).filter(str.isprintable)
        | st.just(" "),
        min_size=1,
        max_size=80,
    )
    .map(str.strip)
    .filter(lambda text: text and "=?" not in text and "  " not in text)
)


@PATIENT
@given(safe, safe, safe)
def test_headers_read_as_those_of_the_standard_library(name: str, subject: str, sender: str) -> None:
    when = dt.datetime(2026, 3, 3, 9, 30, tzinfo=dt.timezone(dt.timedelta(hours=1)))
    ours = (
        headers.date(when)
        + headers.mailbox("From", sender, "officine@armorial.example.org")
        + headers.mailbox("To", name, "claire.morel@officine.example.org")
        + headers.unstructured("Subject", subject)
    )
    theirs = EmailMessage(policy=policy.SMTP)
    theirs["Date"] = when
    from email.headerregistry import Address

    theirs["From"] = Address(sender, "officine", "armorial.example.org")
    theirs["To"] = Address(name, "claire.morel", "officine.example.org")
    theirs["Subject"] = subject

    def read(raw: bytes) -> list[tuple[str, Any]]:
        parsed = email.message_from_bytes(raw, policy=policy.default)
        people = [
            (field, [(one.display_name, one.addr_spec) for one in parsed[field].addresses])
            for field in ("From", "To")
        ]
        return [*people, ("Subject", str(parsed["subject"])), ("Date", parsed["date"].datetime)]

    assert read(ours.encode("ascii") + b"\r\n") == read(theirs.as_bytes())
