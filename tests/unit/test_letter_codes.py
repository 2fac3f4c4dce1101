import segno
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.content import piece_code
from engine.content.qr import QrSeries
from engine.model.written import TouchId

SECRET = b"a secret of sixteen bytes or more"
FRONT = "https://touchbase.example/l/"
SERIES = QrSeries(FRONT, piece_code.LENGTH)
TOUCHES = st.integers(0, 2**35 - 1).map(TouchId)


@settings(max_examples=30)
@given(TOUCHES)
def test_a_code_of_the_series_is_the_code_that_segno_makes(touch: TouchId) -> None:
    code = piece_code.make(SECRET, touch)
    whole = segno.make_qr(
        FRONT + code, error="m", mask=2, mode="byte", encoding="iso-8859-1", boost_error=False
    )

    assert SERIES.matrix(code) == ["".join(map(str, row)) for row in whole.matrix]


@given(TOUCHES)
def test_a_code_is_read_back(touch: TouchId) -> None:
    assert piece_code.read(SECRET, piece_code.make(SECRET, touch)) == touch


@given(TOUCHES, st.integers(0, 11), st.sampled_from(piece_code.ALPHABET))
def test_one_wrong_character_makes_it_no_code_of_ours(touch: TouchId, place: int, letter: str) -> None:
    plain = piece_code.make(SECRET, touch).replace("-", "")
    wrong = plain[:place] + letter + plain[place + 1 :]

    assert piece_code.read(SECRET, wrong) == (touch if wrong == plain else None)


def test_whoever_reads_a_one_as_an_i_and_a_zero_as_an_o_is_understood() -> None:
    code = piece_code.make(SECRET, TouchId(1))

    assert piece_code.read(SECRET, code.lower().replace("0", "o").replace("1", "i")) == TouchId(1)


def test_another_secret_reads_nothing() -> None:
    assert piece_code.read(b"another secret of ours", piece_code.make(SECRET, TouchId(1))) is None
