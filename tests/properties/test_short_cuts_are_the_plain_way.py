"""What is done once or at once for speed, held against doing it each time: the same signatures, the same replies."""

import hmac
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from channels.email import replies
from channels.email.replies import Garbage, Replies, Reply
from engine.content.keyed_hash import KeyedHash

lines = st.one_of(
    st.tuples(
        st.sampled_from(["250", "354", "451", "550", "25", "2x0", "2²0"]), st.sampled_from(" -\t"), st.text()
    ).map(lambda parts: "".join(parts).encode()),
    st.binary(max_size=30),
    st.sampled_from([b"250", b"250 ", b"250 " + b"x" * 2044, b"250 " + b"x" * 2045, b"", b"220 a\rb"]),
)
streams = st.lists(st.tuples(lines, st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n", b""]))).map(
    lambda parts: b"".join(line + end for line, end in parts)
)


@given(st.binary(max_size=200), st.lists(st.binary(max_size=300), min_size=1, max_size=3))
@example(b"", [b""])
@example(b"k" * 64, [b"a", b"a"])
@example(b"k" * 65, [b"a"])
def test_a_keyed_hash_is_the_hmac_of_the_library(key: bytes, messages: list[bytes]) -> None:
    ours = KeyedHash(key)

    assert [ours.digest(one) for one in messages] == [hmac.digest(key, one, "sha256") for one in messages]


def heard(stream: bytes) -> tuple[list[Reply], str | None, bool]:
    """Return what is understood of a stream: replies, garbage, whether all of it was."""
    reader = Replies()
    try:
        return reader.feed(stream), None, reader.is_empty
    except Garbage as error:
        return [], str(error), False


@given(streams)
@example(b"250 2.0.0 Ok\r\n250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 End\r\n")
@example(b"250 " + b"x" * 2045 + b"\r\n")
@example(b"250-PIPELINING\r\n250 8BITMIME\r\n")
def test_replies_read_at_once_are_those_read_line_by_line(stream: bytes) -> None:
    at_once = heard(stream)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(replies, "_WHOLE", re.compile(rb"(?!)"))  # nothing matches: the plain way
        line_by_line = heard(stream)

    assert at_once == line_by_line
