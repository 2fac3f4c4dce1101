"""SEC12, SEC13: what a link proves, and what it does not say."""

import pytest

from engine.content.tokens import LENGTH, Purpose, Token, key_id, make, read
from engine.model.written import CustomerId, TouchId

NOW, BEFORE = b"this year's secret, 32 bytes long", b"last year's secret, 32 bytes long"
TOUCH, CLAIRE = TouchId(901_234), CustomerId(42)


def test_a_token_says_what_it_was_made_of() -> None:
    text = make(NOW, Purpose.CLICK, TOUCH, CLAIRE, link=3)

    assert read([NOW], text, Purpose.CLICK) == Token(Purpose.CLICK, TOUCH, CLAIRE, 3)


def test_a_token_for_one_purpose_is_none_for_another() -> None:
    text = make(NOW, Purpose.CLICK, TOUCH, CLAIRE)

    assert read([NOW], text, Purpose.UNSUBSCRIBE) is None


def test_any_changed_letter_makes_a_token_worthless() -> None:
    text = make(NOW, Purpose.UNSUBSCRIBE, TOUCH, CLAIRE)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

    survivors = [
        (place, letter)
        for place in range(len(text))
        for letter in letters
        if letter != text[place] and read([NOW], text[:place] + letter + text[place + 1 :]) is not None
    ]

    assert survivors == []


@pytest.mark.parametrize(
    "wrong", ["", "A", "é" * LENGTH, "A" * LENGTH, "A" * (LENGTH + 1), "=" * LENGTH, "\n"]
)
def test_what_is_no_token_is_refused_without_an_error(wrong: str) -> None:
    assert read([NOW], wrong) is None


def test_a_token_cut_short_or_with_something_behind_it_is_refused() -> None:
    text = make(NOW, Purpose.CLICK, TOUCH, CLAIRE)

    assert [read([NOW], variant) for variant in (text[:-1], text + "A", text + "=", " " + text)] == [None] * 4


def test_links_of_last_year_work_while_their_secret_is_kept() -> None:
    text = make(BEFORE, Purpose.UNSUBSCRIBE, TOUCH, CLAIRE)

    assert read([NOW, BEFORE], text) == Token(Purpose.UNSUBSCRIBE, TOUCH, CLAIRE)


def test_a_retired_secret_opens_nothing() -> None:
    text = make(BEFORE, Purpose.UNSUBSCRIBE, TOUCH, CLAIRE)

    assert read([NOW], text) is None


def test_a_secret_too_short_to_sign_with_is_refused() -> None:
    with pytest.raises(ValueError, match="shorter than 16 bytes"):
        make(b"short", Purpose.CLICK, TOUCH, CLAIRE)


def test_two_secrets_rarely_share_a_key_number() -> None:
    assert key_id(NOW) != key_id(BEFORE)
