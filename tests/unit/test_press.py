"""Letters set in bundles by several processes are the letters that one would have set."""

import datetime as dt
import io
from pathlib import Path

import pypdf
import pytest

from engine.content import letter, press

AT = dt.datetime(2026, 10, 13, 9, 0, tzinfo=dt.UTC)
TEMPLATE = """\
#let paper = (margin: 20mm)
#let letter(piece) = [
  Bonjour #piece.customer.name
  #if "long" in piece { pagebreak(); [encore #piece.customer.name] }
  #if "odd" in piece { piece.nothing }
]
"""
FILES = {"templates/a/letter.typ": TEMPLATE}


def pieces(count: int) -> list[dict[str, object]]:
    return [
        {"customer": {"name": f"Officine {place}"}, **({"long": "x"} if place % 3 == 0 else {})}
        for place in range(count)
    ]


def made(count: int) -> letter.Printed:
    return letter.printed("a/letter", FILES, pieces(count), common={}, title="MAIL_1", at=AT)


@pytest.fixture
def in_bundles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(press, "ALONE", 1)
    monkeypatch.setattr(press, "BUNDLE", 3)


def texts(pdf: bytes) -> list[str]:
    return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages]


def test_bundles_bound_are_what_one_process_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = made(7)
    monkeypatch.setattr(press, "ALONE", 1)
    monkeypatch.setattr(press, "BUNDLE", 3)
    bound = made(7)

    assert (bound.starts, bound.pages) == (whole.starts, whole.pages) == ((1, 3, 4, 5, 7, 8, 9), 10)
    assert texts(bound.pdf) == texts(whole.pdf)


@pytest.mark.usefixtures("in_bundles")
def test_a_bound_batch_is_still_a_pdf_for_the_archive_and_counts_its_pages() -> None:
    read = pypdf.PdfReader(io.BytesIO(made(4).pdf))
    said = read.trailer["/Root"]["/Metadata"].get_object().get_data().decode()  # type: ignore[index]

    assert "<pdfaid:part>2<" in said and f"<xmpTPg:NPages>{len(read.pages)}<" in said
    assert "/OutputIntents" in read.trailer["/Root"]  # type: ignore[operator]
    assert read.metadata is not None and read.metadata.title == "MAIL_1"


@pytest.mark.usefixtures("in_bundles")
def test_the_same_batch_is_the_same_bytes() -> None:
    assert made(4).pdf == made(4).pdf


@pytest.mark.usefixtures("in_bundles")
def test_a_letter_that_fails_in_a_later_bundle_is_found_at_its_place_in_the_template() -> None:
    odd = [*pieces(5), {"customer": {"name": "Dr Claire Morel"}, "odd": "x"}]

    with pytest.raises(letter.LetterError) as caught:
        letter.printed("a/letter", FILES, odd, common={}, title="MAIL_1", at=AT)

    [problem] = caught.value.problems
    assert (problem.span.file, problem.span.line) == ("templates/a/letter.typ", 5)
    assert "Morel" not in str(caught.value)


def test_whoever_prints_a_large_batch_never_loads_typst() -> None:
    """typst keeps more than a megabyte for each letter as long as its process lives."""
    import subprocess
    import sys

    told = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, datetime as dt\n"
            "from engine.content import letter, press\n"
            "press.ALONE, press.BUNDLE = 1, 3\n"
            f"letter.printed('a/letter', {FILES!r}, {pieces(4)!r}, common={{}}, title='t', at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))\n"
            "print('typst' in sys.modules)",
        ],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )

    assert told.stdout.strip() == "False"
