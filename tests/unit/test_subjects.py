"""A subject line: what French typography writes is let through; what breaks a header is named."""

import pytest

from engine.content import mail


@pytest.mark.parametrize(
    "subject",
    [
        "{{ customer.name }} : 10 % de remise\u00a0!",
        "Votre offre\u202f: 1\u202f234\u00a0€",
        "Pour toute l'équipe 👩\u200d⚕️",
    ],
)
def test_what_does_not_break_a_header_may_stand_in_a_subject(subject: str) -> None:
    assert mail.subject_problems(subject) == []


@pytest.mark.parametrize(
    ("subject", "character"),
    [("Votre\noffre", "U+000A"), ("Votre\u202eoffre", "U+202E"), ("a\u2028b", "U+2028")],
)
def test_a_character_that_breaks_a_header_is_named(subject: str, character: str) -> None:
    (problem,) = mail.subject_problems(subject)

    assert character in problem.what.en and character in problem.what.fr
    assert "delete this character" in problem.remedy.en


def test_only_a_subject_that_is_too_long_is_to_be_shortened() -> None:
    (long,), (empty,) = mail.subject_problems("a" * 201), mail.subject_problems("  ")

    assert (long.what.en, long.remedy.en) == ("is 201 characters long; 200 at most", "Shorten it.")
    assert empty.what.en == "the line is empty"
