"""What a careful colleague says of a mail: what can never be meant stops, the rest is a remark."""

import pytest

from engine.content import lint, mail
from tests.channels.email.world import CARD, FILES, TEMPLATE


def with_words(words: str) -> dict[str, str]:
    return {**FILES, "templates/dermapharm/announce.mjml": TEMPLATE.replace("{{ customer.greeting }}", words)}


@pytest.mark.parametrize(
    "words",
    [
        "%%FIRSTNAME%%",
        "*|FNAME|*",
        "[[prenom]]",
        "${name}",
        "<%= name %>",
        "{prenom}",
        "[PRÉNOM]",
        "[DRAFT]",
        "XXXX",
        "Lorem ipsum",
        "{Prénom}",
        "{Nom du client}",
        "{0}",
        "[Nom du client]",
        "[Prénom Nom]",
        "[À compléter]",
        "[VILLE]",
        "%NOM%",
        "__PRENOM__",
        "<prénom>",
        "TODO",
    ],
)
def test_a_placeholder_that_nobody_fills_is_found(words: str) -> None:
    assert lint.unfinished(f"Bonjour {words}, voici") == [words]


@pytest.mark.parametrize(
    "words",
    [
        "{{ customer.name }}",
        "{% if offer.label is defined %}x{% endif %}",
        "10 % de remise",
        "taille XXL",
        "le test PCR",
        "[1]",
    ],
)
def test_what_our_own_mails_say_is_not_taken_for_one(words: str) -> None:
    assert lint.unfinished(words) == []


def test_a_draft_that_nobody_finished_is_a_problem_at_its_line() -> None:  # NH22
    (problem,) = mail.problems("dermapharm/announce", with_words("Bonjour [PRENOM]"))

    assert (problem.span.file, problem.span.line) == ("templates/dermapharm/announce.mjml", 5)


def test_a_draft_in_a_subject_is_a_problem() -> None:
    (problem,) = mail.subject_problems("[DRAFT] Votre offre")

    assert "[DRAFT]" in problem.what.en


@pytest.mark.parametrize("words", ["[NOM]", "XXX", "{prenom}", "lorem ipsum", "[Nom du pharmacien]"])
def test_a_placeholder_that_nobody_fills_stops_a_subject(words: str) -> None:
    assert [problem.what.en for problem in mail.subject_problems(f"{words}, votre offre directe")] == [
        f"'{words}' is filled by nobody"
    ]


@pytest.mark.parametrize(
    "subject",
    [
        "[Webinaire] Grippe : ce qui change le 13 octobre",
        "[Test] Êtes-vous à jour de vos rappels ?",
        "[Invitation] Le XXXe congrès de dermatologie, à Nantes",
        "[Nom de domaine] Votre site d’officine change d’adresse",
        "Taille XXL : nouvelles références",
        "Votre dossier à compléter avant vendredi",
        "Mode d'emploi (10+1), -15 % et #vaccination @officine",
        "« Nom commercial » ou DCI : que prescrire ?",
        "{{ customer.greeting }}, et toda la familia: todo listo",
        "1 < 2 > 0 : l’essentiel en 3 chiffres",
    ],
)
def test_an_ordinary_french_subject_is_stopped_by_nothing(subject: str) -> None:
    assert mail.subject_problems(subject) == []


@pytest.mark.parametrize("said", ["[Test]", "à compléter", "JJ/MM", "xx/xx/2026", "sans titre"])
def test_what_a_draft_says_and_a_subject_may_is_a_remark(said: str) -> None:
    (what, _) = lint.of_subject(f"Votre offre {said}")[0]

    assert (what.en, mail.subject_problems(f"Votre offre {said}")) == (f"'{said}' reads as a draft", [])


def test_words_that_read_as_spam_are_a_remark_at_their_line_and_no_problem() -> None:
    files = with_words("URGENT, profitez-en vite")

    found = mail.remarks("dermapharm/announce", files)

    assert mail.problems("dermapharm/announce", files) == []
    assert [(one.span.line, one.what.en) for one in found] == [
        (5, "'profitez-en vite' reads as spam"),
        (5, "'urgent' reads as spam"),
    ]


def test_a_word_within_a_word_is_none() -> None:
    assert lint.spam_words("insurgents, désengagement") == []


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        (
            "Votre commande du printemps : trois nouveautés, une offre, et ce que vos patients en disent",
            "telephones",
        ),
        ("VOTRE OFFRE DIRECTE", "capitals"),
        ("Votre offre !!", "shouts"),
        ("Dernière chance pour commander", "reads as spam"),
    ],
)
def test_a_subject_that_puts_readers_off_is_remarked_upon(subject: str, said: str) -> None:
    assert said in lint.of_subject(subject)[0][0].en


@pytest.mark.parametrize(
    "subject",
    ["{{ customer.name }}, votre offre directe", "DERMAPHARM : votre offre du mois de mars", "CIP et UCD"],
)
def test_a_plain_subject_is_left_alone(subject: str) -> None:
    assert lint.of_subject(subject) == []


def test_a_template_with_problems_has_no_remarks_yet() -> None:
    assert (
        mail.remarks(
            "dermapharm/announce",
            {**with_words("urgent"), "templates/dermapharm/announce.yaml": CARD.replace("order:", "other:")},
        )
        == []
    )
