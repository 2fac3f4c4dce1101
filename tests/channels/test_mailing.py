"""Letters: the contract, the batch, and what is left after a crash."""

import csv
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pypdf
import pytest
from psycopg import Rollback

from channels.mailing import channel
from channels.mailing.letters import Letters
from channels.mailing.step import MailingStep
from engine.contract import Ending, Failure, Parcel, Receipt, Refusal, Wave
from engine.problems import ChannelUnavailable, Fault
from engine.store.database import Connection
from engine.testing.examination import examine
from tests.channels.rounds import FILES, LETTER, Rounds, desk


def parcels(letters: Letters, world: Rounds, wave: Wave, count: int = 3) -> list[Parcel]:
    compose = letters.prepare(wave)
    towns = ("35000 RENNES", "44000 NANTES", "20000 AJACCIO")
    made = [
        compose(
            world.addressee(
                "letter", place, address=f"Dr Claire Morel|Cabinet|{place + 1} RUE HAUTE|{towns[place]}"
            )
        )
        for place in range(count)
    ]
    assert all(isinstance(parcel, Parcel) for parcel in made)
    return [parcel for parcel in made if isinstance(parcel, Parcel)]


def delivered(letters: Letters, world: Rounds, made: list[Parcel]) -> list[Receipt]:
    with world.connection.transaction():
        return list(letters.deliver(world.wave("letter", LETTER), made, world.connection))


def batches(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "post").iterdir())


def rows(folder: Path) -> list[dict[str, str]]:
    [file] = folder.glob("*.csv")
    return list(csv.DictReader(io.StringIO(file.read_bytes().decode()), delimiter=";"))


@contextmanager
def crash(connection: Connection) -> Iterator[None]:
    """A transaction that never commits, as if the process had died in front of the commit."""
    with connection.transaction():
        yield
        raise Rollback


def test_letters_keep_the_contract(letters: Letters, world: Rounds) -> None:
    with world.connection.transaction():
        examine(
            letters,
            world.wave("letter", LETTER),
            reachable=world.addressee("letter"),
            unreachable=world.addressee("letter", address=None),
            transaction=world.connection,
        )


@pytest.mark.parametrize("template", ["hivernax/letter", "hivernax/order-form", "dermapharm/letter"])
def test_the_shipped_letters_are_in_order(letters: Letters, template: str) -> None:
    step = MailingStep.model_validate({"channel": "mailing", "template": template})

    assert list(letters.check(step, FILES)) == []


def test_a_misspelt_template_is_a_fault_that_names_the_right_one(letters: Letters) -> None:
    step = MailingStep.model_validate({"channel": "mailing", "template": "hivernax/leter"})

    [fault] = letters.check(step, FILES)

    assert isinstance(fault, Fault) and "'hivernax/letter'" in fault.remedy.en


def test_a_name_that_no_piece_has_is_found_where_it_stands(letters: Letters) -> None:
    text = "#let paper = (:)\n#let letter(piece) = [\n  Bonjour #piece.customer.nickname\n]"

    [problem] = letters.check(LETTER, {**FILES, "templates/hivernax/letter.typ": text})

    assert (str(getattr(problem, "span", "")), "nickname" in problem.what.en) == (
        "templates/hivernax/letter.typ:3:27",
        True,
    )


def test_a_value_that_not_every_customer_has_needs_a_default(letters: Letters) -> None:
    text = "#let paper = (:)\n#let letter(piece) = [ #piece.customer.town ]"

    assert list(letters.check(LETTER, {**FILES, "templates/hivernax/letter.typ": text}))


@pytest.mark.parametrize("text", ['#eval("1")', '#read("x")', '#import "@preview/x:1.0.0"', "#sys.inputs"])
def test_a_template_runs_no_code_of_others(letters: Letters, text: str) -> None:
    whole = f"#let paper = (:)\n#let letter(piece) = [ {text} ]"

    assert list(letters.check(LETTER, {**FILES, "templates/hivernax/letter.typ": whole}))


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        (None, Refusal.NO_ADDRESS),
        ("DR MOREL|3 RUE KERGUELENBROCELIANDEARMORIQUEFINISTERE|35000 RENNES", Refusal.ADDRESS_TOO_LONG),
        ("A|B|C|D|E|F|35000 RENNES", Refusal.ADDRESS_TOO_LONG),
        ("DR MOREL|3 RUE HAUTE|RENNES", Refusal.BAD_ADDRESS),
    ],
)
def test_an_address_that_cannot_be_printed_is_refused(
    letters: Letters, world: Rounds, address: str | None, reason: Refusal
) -> None:
    made = letters.prepare(world.wave("letter", LETTER))(world.addressee("letter", address=address))

    assert isinstance(made, Failure) and made.reason is reason


def test_an_address_without_a_name_gets_the_customers(letters: Letters, world: Rounds) -> None:
    made = letters.prepare(world.wave("letter", LETTER))(
        world.addressee("letter", address="12 RUE HAUTE|35000 RENNES")
    )

    assert isinstance(made, Parcel) and made.address == "DR CLAIRE MOREL|12 RUE HAUTE|35000 RENNES"


def test_every_piece_is_accepted(letters: Letters, world: Rounds) -> None:
    receipts = delivered(letters, world, parcels(letters, world, world.wave("letter", LETTER)))

    assert [receipt.ending for receipt in receipts] == [Ending.ACCEPTED] * 3


def test_each_letter_stands_on_the_pages_that_the_data_file_says(
    letters: Letters, world: Rounds, tmp_path: Path
) -> None:
    delivered(letters, world, parcels(letters, world, world.wave("letter", LETTER)))
    [folder] = batches(tmp_path)
    pages = pypdf.PdfReader(folder / "letters.pdf").pages

    for row in rows(folder):
        text = pages[int(row["first_page"]) - 1].extract_text()
        assert row["piece_id"] in text and row["l4"] in text and "Docteur Morel" in text
    assert len(pages) == sum(int(row["pages"]) for row in rows(folder))


def test_data_is_never_markup(letters: Letters, world: Rounds, tmp_path: Path) -> None:
    hostile = world.addressee("letter", last_name='#eval("1") *Morel* $x$ @y', title=None, civility="M")
    made = letters.prepare(world.wave("letter", LETTER))(hostile)
    assert isinstance(made, Parcel)
    delivered(letters, world, [made])
    [folder] = batches(tmp_path)

    assert (
        'Monsieur #eval("1") *Morel* $x$ @y'
        in pypdf.PdfReader(folder / "letters.pdf").pages[0].extract_text()
    )


def test_the_pdf_says_that_it_is_made_to_be_kept(letters: Letters, world: Rounds, tmp_path: Path) -> None:
    delivered(letters, world, parcels(letters, world, world.wave("letter", LETTER)))
    [folder] = batches(tmp_path)
    metadata = pypdf.PdfReader(folder / "letters.pdf").root_object["/Metadata"].get_object().get_data()

    assert (
        b"<pdfaid:part>2</pdfaid:part>" in metadata
        and b"<pdfaid:conformance>B</pdfaid:conformance>" in metadata
    )


def test_pieces_lie_in_the_order_of_the_sort_key(letters: Letters, world: Rounds, tmp_path: Path) -> None:
    delivered(letters, world, parcels(letters, world, world.wave("letter", LETTER)))
    [folder] = batches(tmp_path)

    assert [row["l4"] for row in rows(folder)] == ["20000 AJACCIO", "35000 RENNES", "44000 NANTES"]


def test_the_print_house_gets_data_as_they_are(letters: Letters, world: Rounds, tmp_path: Path) -> None:
    made = letters.prepare(world.wave("letter", LETTER))(
        world.addressee(
            "letter", address='=Pharmacie; "du Port"|Service|3 RUE HAUTE|CS 1|35099 RENNES CEDEX 9'
        )
    )
    assert isinstance(made, Parcel)
    delivered(letters, world, [made])
    [folder] = batches(tmp_path)

    assert rows(folder)[0]["l1"] == '=Pharmacie; "du Port"'


def test_the_manifest_counts_and_signs(letters: Letters, world: Rounds, tmp_path: Path) -> None:
    delivered(letters, world, parcels(letters, world, world.wave("letter", LETTER)))
    [folder] = batches(tmp_path)
    manifest = json.loads((folder / "manifest.json").read_text())
    said = {name: file["sha256"] for name, file in manifest["files"].items()}
    found = {
        path.name: sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if path.name != "manifest.json"
    }

    assert (manifest["count"], manifest["drop_on"], said) == (3, "2026-10-16", found)


def test_the_batch_and_its_pieces_are_in_the_history(letters: Letters, world: Rounds, tmp_path: Path) -> None:
    delivered(letters, world, parcels(letters, world, world.wave("letter", LETTER)))
    [folder] = batches(tmp_path)
    known = world.connection.execute("SELECT batch_id, state, pieces, folder FROM print_batch").fetchall()
    pieces = {row[0] for row in world.connection.execute("SELECT piece_id FROM piece")}

    assert known == [(folder.name, "sealed", 3, f"post/{folder.name}")]
    assert pieces == {row["piece_id"] for row in rows(folder)}


def test_handed_over_twice_it_is_one_batch(letters: Letters, world: Rounds, tmp_path: Path) -> None:
    made = parcels(letters, world, world.wave("letter", LETTER))
    first, again = delivered(letters, world, made), delivered(letters, world, made)

    assert first == again
    assert len(batches(tmp_path)) == 1


def test_a_second_batch_prints_nobody_of_the_first(letters: Letters, world: Rounds, tmp_path: Path) -> None:
    made = parcels(letters, world, world.wave("letter", LETTER))
    delivered(letters, world, made[:2])
    delivered(letters, world, made)

    assert sorted(len(rows(folder)) for folder in batches(tmp_path)) == [1, 2]


def test_what_a_crash_left_is_replaced(letters: Letters, world: Rounds, tmp_path: Path) -> None:
    made = parcels(letters, world, world.wave("letter", LETTER))
    with crash(world.connection):
        list(letters.deliver(world.wave("letter", LETTER), made, world.connection))
    [left] = batches(tmp_path)
    delivered(letters, world, made[:2])  # one customer said no in the meantime

    [folder] = batches(tmp_path)
    assert folder != left and len(rows(folder)) == 2


def test_a_half_written_batch_is_cleared_away(letters: Letters, world: Rounds, tmp_path: Path) -> None:
    half = tmp_path / "post" / f".MAIL_hivernax-2026_{world.run}_letter_0123456789.building"
    half.mkdir(parents=True)
    delivered(letters, world, parcels(letters, world, world.wave("letter", LETTER)))

    assert not half.exists()


def test_another_steps_batch_is_left_alone(letters: Letters, world: Rounds, tmp_path: Path) -> None:
    other = tmp_path / "post" / f"MAIL_hivernax-2026_{world.run}_letter_2_0123456789"
    other.mkdir(parents=True)
    delivered(letters, world, parcels(letters, world, world.wave("letter", LETTER)))

    assert other.exists()


def test_the_same_pieces_are_the_same_bytes(world: Rounds, tmp_path: Path) -> None:
    found = []
    for name in ("a", "b"):
        letters = channel(desk(tmp_path / name))
        made = parcels(letters, world, world.wave("letter", LETTER))
        with crash(world.connection):
            list(letters.deliver(world.wave("letter", LETTER), made, world.connection))
        [folder] = batches(tmp_path / name)
        found.append({path.name: path.read_bytes() for path in folder.iterdir()})

    assert found[0] == found[1]


def test_a_folder_that_cannot_be_written_means_later(letters: Letters, world: Rounds, tmp_path: Path) -> None:
    (tmp_path / "post").write_text("a file where the folder should be")

    with pytest.raises(ChannelUnavailable):
        delivered(letters, world, parcels(letters, world, world.wave("letter", LETTER)))
    assert world.connection.execute("SELECT count(*) FROM piece").fetchone() == (0,)
