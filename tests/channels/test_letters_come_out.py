"""A letter that composes comes out: no value of one customer keeps a print batch from being printed."""

import copy
import datetime as dt
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels.mailing.letters import Letters
from engine.content import glyphs, letter
from engine.contract import Failure, Parcel, Refusal, Wave
from tests.channels.rounds import FILES, LETTER, Rounds

AT = dt.datetime(2026, 10, 13, tzinfo=dt.UTC)


def named(**values: str) -> dict[str, Any]:
    piece = copy.deepcopy(dict(letter.SAMPLES[0]))
    piece["customer"] |= values
    return piece


def wave(world: Rounds, text: str) -> Wave:
    return world.wave("letter", LETTER, **{"templates/hivernax/letter.typ": f"#let paper = (:)\n{text}\n"})


def test_what_french_and_its_neighbours_are_written_with_comes_out_in_every_face() -> None:
    text = (
        "#let paper = (:)\n#let letter(piece) = { piece.customer.name; strong(emph(piece.customer.name)); "
        'text(font: "DejaVu Sans Mono", piece.customer.name) }'
    )
    every = named(name="".join(sorted(glyphs.KNOWN)))

    made = letter.printed(
        "a/b", {"templates/a/b.typ": text}, [every], common=letter.SAMPLE_COMMON, title="t", at=AT
    )

    assert made.pages == 1


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(max_size=12), town=st.text(max_size=12))
def test_whatever_a_customer_is_called_the_letter_comes_out_or_is_refused_before(
    letters: Letters, world: Rounds, name: str, town: str
) -> None:
    made = letters.prepare(world.wave("letter", LETTER))(world.addressee("letter", last_name=name, town=town))

    if isinstance(made, Failure):
        assert glyphs.unprintable(name + town)
    else:
        assert letters.failing(world.wave("letter", LETTER))([made]) == {}


@pytest.mark.parametrize(
    ("name", "sign"), [("王小明", "U+5C0F"), ("Claire 😀", "U+1F600"), ("Mo\x07rel", "U+0007")]
)
def test_a_name_that_no_font_can_print_is_refused_by_one_character_and_not_quoted(
    letters: Letters, world: Rounds, name: str, sign: str
) -> None:
    made = letters.prepare(world.wave("letter", LETTER))(world.addressee("letter", last_name=name))

    assert made == Failure(Refusal.NOT_RENDERED, f"customer.name: no font has {sign}")


@pytest.mark.parametrize("sign", ["王", "\x07"])
def test_what_typst_says_of_a_batch_quotes_no_value(sign: str) -> None:
    with pytest.raises(letter.LetterError) as raised:
        letter.printed(
            "hivernax/letter", FILES, [named(name=sign)], common=letter.SAMPLE_COMMON, title="t", at=AT
        )

    assert sign not in str(raised.value) and "a character could not be displayed" in str(raised.value)


def test_a_template_that_fails_for_one_code_only_is_found_by_the_proof(
    letters: Letters, world: Rounds
) -> None:
    odd = wave(world, "#let letter(piece) = [ #int(piece.customer.facts.potential) ]")
    compose = letters.prepare(odd)
    made = [
        compose(world.addressee("letter", place, facts={"potential": value}))
        for place, value in enumerate((4, "A", 5))
    ]
    parcels = [one for one in made if isinstance(one, Parcel)]

    assert set(letters.failing(odd)(parcels)) == {world.touches["letter"][1]}


def test_a_template_that_fails_for_who_lacks_something_is_found_by_the_proof(
    letters: Letters, world: Rounds
) -> None:
    odd = wave(
        world,
        '#let letter(piece) = [ #if piece.customer.at("civility", default: "M") == "M" [ #piece.customer.town ] ]',
    )
    compose = letters.prepare(odd)
    men = [world.addressee("letter", place, civility="M") for place in range(2)]
    parcels = [compose(men[0]), compose(world.addressee("letter", 1, civility="M", town=None))]
    made = [one for one in parcels if isinstance(one, Parcel)]

    assert set(letters.failing(odd)(made)) == {world.touches["letter"][1]}


def test_a_name_can_be_shown_and_not_be_taken_apart(letters: Letters) -> None:
    text = "#let paper = (:)\n#let letter(piece) = [ #piece.customer.name.slice(0, 9) ]"

    [problem] = letters.check(LETTER, {**FILES, "templates/hivernax/letter.typ": text})

    assert "slice" in str(getattr(problem, "what", ""))


@pytest.mark.parametrize(
    "question",
    [
        'piece.customer.town == "Nantes"',
        '"Nantes" != piece.customer.at("town", default: "")',
        'piece.customer.town in ("Nantes", "Rennes")',
        'piece.customer.town not in ("Nantes", "Rennes")',
        "piece.rep.name == [Paul Petit]",
        "[Nantes] == nantes",
    ],
)
def test_a_letter_that_compares_what_is_written_freely_is_refused_at_its_line(question: str) -> None:
    text = f"#let paper = (:)\n#let nantes = []\n#let letter(piece) = [#if {question} [ici]]\n"

    [problem] = letter.check("a/b", {"templates/a/b.typ": text})

    assert (problem.span.line, "compares what is written freely" in problem.what.en) == (3, True)


def test_a_free_value_under_a_name_of_its_own_is_not_compared_either() -> None:
    text = '#let paper = (:)\n#let letter(piece) = { let town = piece.customer.at("town", default: "")\n[#if town == "Nantes" [ici]] }\n'

    [problem] = letter.check("a/b", {"templates/a/b.typ": text})

    assert (problem.span.line, "town ==" in problem.what.en) == (3, True)


@pytest.mark.parametrize(
    "question",
    [
        '"town" in piece.customer',
        'piece.customer.at("town", default: none) != none',
        '"" == piece.customer.at("town", default: "")',
        'piece.customer.at("specialty_group", default: "") == "GP"',
        'piece.customer.facts.at("potential", default: "") in ("4", "5")',
    ],
)
def test_a_letter_may_decide_by_what_is_there_by_a_code_or_by_a_fact(question: str) -> None:
    text = f"#let paper = (:)\n#let letter(piece) = [#if {question} [ici] pour le docteur #piece.customer.name in France]\n"

    assert letter.check("a/b", {"templates/a/b.typ": text}) == []


@pytest.mark.parametrize("question", ["piece.customer.town == nantes", "nantes in piece.lines"])
def test_what_is_written_freely_is_equal_to_nothing(question: str) -> None:
    """A branch for one town would be proven for no customer who does not live there."""
    text = f"#let paper = (:)\n#let nantes = [Nantes]\n#let letter(piece) = [#if {question} {{ piece.nothing }}]\n"
    nantes = {**named(town="Nantes"), "lines": ["DR CLAIRE MOREL", "Nantes"]}

    made = letter.printed(
        "a/b", {"templates/a/b.typ": text}, [nantes], common=letter.SAMPLE_COMMON, title="t", at=AT
    )

    assert made.pages == 1


def test_a_letter_that_asks_for_an_address_line_too_many_is_found_by_the_proof() -> None:
    text = "#let paper = (:)\n#let letter(piece) = [#if piece.lines.len() < 6 { piece.lines.at(4) }]\n"
    trial = letter.TrialSetting("a/b", {"templates/a/b.typ": text}, common=letter.SAMPLE_COMMON, at=AT)
    pieces = [{**named(), "lines": ["RUE DES LILAS"] * lines} for lines in (6, 5, 4)]

    assert set(trial.failing(pieces)) == {2}


def test_the_fact_at_fault_is_found_by_halving_and_not_by_setting_each_alone() -> None:
    text = "#let paper = (:)\n#let letter(piece) = [#int(piece.customer.facts.potential)]\n"
    trial = letter.TrialSetting("a/b", {"templates/a/b.typ": text}, common=letter.SAMPLE_COMMON, at=AT)
    pieces = [named(facts={"potential": "A" if place == 45 else str(place)}) for place in range(64)]

    set_by = _set_by(trial, pieces)

    assert len(set_by) <= 13  # all, and at most both halves of what fails
    assert set(trial.failing(pieces)) == {45}


def test_each_of_several_at_fault_is_found_with_its_own_words() -> None:
    text = '#let paper = (:)\n#let letter(piece) = [#if piece.customer.title == "DR" { piece.one } else if piece.customer.title == "PR" { piece.two }]\n'
    trial = letter.TrialSetting("a/b", {"templates/a/b.typ": text}, common=letter.SAMPLE_COMMON, at=AT)

    found = trial.failing([named(title=title) for title in ("M", "DR", "MME", "PR")])

    assert [(place, problem.what.en.split('"')[1]) for place, problem in found.items()] == [
        (1, "one"),
        (3, "two"),
    ]


def test_a_part_that_a_letter_imports_is_blamed_for_its_own_import() -> None:
    files = {
        "templates/a/b.typ": '#import "c.typ": *\n#let letter(piece) = [#piece.code]\n',
        "templates/a/c.typ": '\n#import "d.typ": absent\n#let paper = (:)\n',
        "templates/a/d.typ": "#let there = 1\n",
    }

    [problem] = letter.check("a/b", files)

    assert (problem.span.file, problem.span.line) == ("templates/a/c.typ", 2)


def test_a_name_that_another_letter_defines_is_told_as_lacking() -> None:
    files = {
        "templates/a/b.typ": "#let letter(piece) = [#piece.code]\n",
        "templates/z/c.typ": "#let paper = (:)\n",
    }

    [problem] = letter.check("a/b", files)

    assert (problem.span.file, problem.what.en) == ("templates/a/b.typ", "the letter does not define 'paper'")


def test_one_piece_of_each_shape_is_set_whatever_people_are_called() -> None:
    trial = letter.TrialSetting("hivernax/letter", FILES, common=letter.SAMPLE_COMMON, at=AT)
    pieces = [named(name=f"Dr Claire Morel {number}") for number in range(30)]
    set_by = [len(batch) for batch in _set_by(trial, pieces)]

    assert set_by == [1]


def _set_by(trial: letter.TrialSetting, pieces: list[dict[str, Any]]) -> list[Any]:
    batches: list[Any] = []
    plain = trial._set
    trial._set = lambda some: (batches.append(list(some)), plain(some))[1]  # type: ignore[method-assign]
    trial.failing(pieces)
    trial.failing(pieces)
    return [batch for batch in batches if batch]


def test_one_letter_is_set_for_all_who_differ_only_in_what_the_template_does_not_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = '#let paper = (:)\n#let letter(piece) = [#piece.code #piece.customer.title #(1, 2).map(str).join() #if "town" in piece.customer [ici]]\n'
    set_ones: list[int] = []
    real = letter.printed

    def counted(template: str, files: Any, pieces: Any, **more: Any) -> letter.Printed:
        set_ones.append(len(pieces))
        return real(template, files, pieces, **more)

    monkeypatch.setattr(letter, "printed", counted)
    trial = letter.TrialSetting("a/b", {"templates/a/b.typ": text}, common=letter.SAMPLE_COMMON, at=AT)
    many = [named(postcode=f"{44000 + place}", title="DR" if place % 2 else "PR") for place in range(40)]

    assert trial.failing(many) == {}
    assert set_ones == [2]


def test_a_letter_may_not_read_files_by_what_it_imports_from_its_own_folder() -> None:
    files = {
        "templates/a/b.typ": '#import "c.typ": *\n#let paper = (:)\n#let letter(piece) = [#piece.code]\n',
        "templates/a/c.typ": '#import "d.typ": *\n',
        "templates/a/d.typ": '#let secret = read("/etc/passwd")\n',
    }

    [problem] = letter.check("a/b", files)

    assert (problem.span.file, problem.span.line) == ("templates/a/d.typ", 1)
