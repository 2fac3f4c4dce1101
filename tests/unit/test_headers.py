"""T1, T3, SEC1 to SEC6: a header says what was meant and nothing else, read by another parser."""

import datetime as dt
import email
from email import policy
from email.header import decode_header, make_header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.content.headers import UnfitHeader, date, is_address, mailbox, unstructured

ADDRESS = "claire.morel@officine.example.org"


def read(line: str) -> list[tuple[str, str]]:
    """Return headers as the old parser of the standard library reads them: names and raw values."""
    return email.message_from_string(line + "\r\nbody", policy=policy.compat32).items()


def words(raw: str) -> str:
    return str(make_header(decode_header(raw)))


texts = st.text(
    st.characters(min_codepoint=32, exclude_categories=("Cc", "Cs", "Zl", "Zp", "Cf")),
    min_size=1,
    max_size=120,
)


@given(texts)
def test_a_subject_comes_out_as_it_went_in(subject: str) -> None:
    ((name, raw),) = read(unstructured("Subject", subject))

    assert (name, words(raw)) == ("Subject", subject)


@given(texts)
def test_no_line_of_a_subject_is_longer_than_78(subject: str) -> None:
    assert max(map(len, unstructured("Subject", subject).split("\r\n"))) <= 78


@given(texts)
def test_a_name_comes_out_as_it_went_in(name: str) -> None:
    ((_, raw),) = read(mailbox("To", name, ADDRESS))
    parsed = email.message_from_string(mailbox("To", name, ADDRESS) + "\r\n", policy=policy.default)["to"]

    assert words(raw).endswith(f"<{ADDRESS}>")
    assert [one.addr_spec for one in parsed.addresses] == [ADDRESS]


@pytest.mark.parametrize(
    "forbidden",
    ["\r", "\n", "\r\nBcc: x@y.fr", "\x00", "\x0b", "\x1b", "\x85", "\u2028", "\u2029", "\u202e", "\x7f"],
)
def test_control_characters_and_line_separators_are_refused(forbidden: str) -> None:  # SEC1
    with pytest.raises(UnfitHeader):
        unstructured("Subject", f"Bonjour{forbidden} Claire")
    with pytest.raises(UnfitHeader):
        mailbox("To", f"Claire{forbidden} Morel", ADDRESS)


@pytest.mark.parametrize(
    "trap",
    [
        "=?utf-8?q?a=0ABcc=3A_evil=40x=2Efr?=",
        "=?utf-8?q?a=0D=0ABcc=3A_evil=40x=2Efr?=",
        "=?utf-8?b?YQ0KQmNjOiBldmlsQHguZnI=?=",
        "=?iso-8859-1?Q?=0A?= x",
        "a =?utf-8?q?=0ABcc:x?=",
        "=?",
    ],
)
def test_an_encoded_word_in_data_stays_data(trap: str) -> None:  # T1, SEC2
    subject, to = unstructured("Subject", trap), mailbox("To", trap, ADDRESS)
    parsed = email.message_from_string(subject + to + "\r\nbody", policy=policy.default)

    assert sorted(parsed.keys()) == ["Subject", "To"]
    assert words(read(subject)[0][1]) == trap


def test_an_overlong_value_is_refused() -> None:
    with pytest.raises(UnfitHeader):
        unstructured("Subject", "x" * 501)


@pytest.mark.parametrize(
    "wrong",
    [
        "a@b.fr>\r\nRCPT TO:<c@d.fr",
        "a@b.fr\n",
        "a b@c.fr",
        "<a@b.fr>",
        '"a b"@c.fr',
        "a@b",
        "a@b..fr",
        ".a@b.fr",
        "a.@b.fr",
        "a@-b.fr",
        "é@b.fr",
        "a@é.fr",
        "alice@example.org)bob@evil.example",
        "a@b.fr,c@d.fr",
        "a@[127.0.0.1]",
        "@b.fr",
        "a@",
        "a" * 65 + "@b.fr",
        "a@" + "b." * 130 + "fr",
        "a@b.fr\x00",
        "",
    ],
)
def test_what_is_no_plain_mailbox_is_refused(wrong: str) -> None:  # T3, SEC4, SEC6
    assert not is_address(wrong)
    with pytest.raises(UnfitHeader):
        mailbox("To", "Claire", wrong)


@pytest.mark.parametrize("right", [ADDRESS, "o'neil+x@a-b.example.fr", "a@b.fr", "x_y@1.example"])
def test_a_plain_mailbox_is_one(right: str) -> None:
    assert is_address(right)


def test_a_date_west_of_greenwich_has_a_minus() -> None:
    moment = dt.datetime(2026, 3, 3, 9, 30, tzinfo=dt.timezone(-dt.timedelta(hours=3, minutes=30)))

    assert date(moment) == "Date: Tue, 03 Mar 2026 09:30:00 -0330\r\n"
