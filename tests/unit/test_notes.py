from pathlib import Path

import pytest

from engine.content import notes
from engine.content.spreadsheet import cell, table
from engine.problems import FilesError

ROOT = Path(__file__).parents[2]


def problems(text: str) -> list[str]:
    return [
        f"{p.span.line}: {p.what}"
        for p in notes.check("hivernax/points", {notes.file_of("hivernax/points"): text})
    ]


@pytest.mark.parametrize("name", ["hivernax/points", "hivernax/officine-points", "dermapharm/points"])
def test_the_shipped_talking_points_are_in_order(name: str) -> None:
    files = {notes.file_of(name): (ROOT / notes.file_of(name)).read_text()}

    assert notes.check(name, files) == []


def test_an_unknown_name_is_found_on_its_line() -> None:
    found = problems("---\ntitle: Rentrée\n---\n- Saluer.\n- {{ customer.nickname }}\n")

    assert found == ["5: unknown name 'customer.nickname'"]


def test_a_value_that_not_everybody_has_needs_a_default() -> None:
    assert "customer.town is missing" in problems("---\ntitle: Rentrée\n---\n- À {{ customer.town }}.\n")[0]


def test_without_front_matter_there_are_no_points() -> None:
    assert problems("- Saluer.\n") == ["1: the talking points have no front matter"]


def test_an_unknown_key_is_found_on_its_line() -> None:
    assert problems("---\ntitle: Rentrée\nmateriaux: [A]\n---\n- Saluer.\n")[0].startswith("3: ")


def test_nobody_is_asked_for_what_we_do_not_keep() -> None:
    assert problems("---\ntitle: Rentrée\nask: [salary]\n---\n- Saluer.\n") == [
        "3: nobody can be asked for 'salary'"
    ]


def test_a_loop_cannot_be_written() -> None:
    with pytest.raises(FilesError):
        notes.compiled("a/b", "---\ntitle: x\n---\n{% for x in 'abc' %}- {{ x }}{% endfor %}")


def test_data_is_no_template() -> None:
    note = notes.compiled("a/b", "---\ntitle: x\n---\n- Voir {{ customer.name }}\n")

    assert note.points({"customer.name": "{{ customer.town }}"}) == ("Voir {{ customer.town }}",)


@pytest.mark.parametrize(
    "text", ["=1+1", "+33 1", "-2", "@SUM(A1)", "\t=1", "\r=1", "\0=1", "  =1", "＝1", "|cmd", "\n@x"]
)
def test_no_text_becomes_a_formula(text: str) -> None:
    assert cell(text).startswith("'")


def test_a_cell_cannot_begin_another_one() -> None:
    assert table(["nom"], [['Pharmacie ";=1+1"\r\n=2']]).decode("utf-8-sig") == (
        '"nom"\r\n"Pharmacie "";=1+1"" =2"\r\n'
    )
