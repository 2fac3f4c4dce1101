"""Addresses as they come in, and as a sorting machine reads them. All people and places are made up."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.rules.postal import (
    HEIGHT,
    WIDTH,
    AddressFault,
    Parts,
    address_block,
    delivery_line,
    department_of,
    from_lines,
    locality_line,
    shortened,
)
from engine.rules.postal_words import folded


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("5 bis rue des Lilas", "5 B RUE DES LILAS"),
        ("5bis, rue des Lilas", "5 B RUE DES LILAS"),
        ("5 ter rue des Lilas", "5 T RUE DES LILAS"),
        ("5 quater rue des Lilas", "5 Q RUE DES LILAS"),
        ("5 B rue des Lilas", "5 B RUE DES LILAS"),
        ("12/14 rue des Lilas", "12 RUE DES LILAS"),
        ("12-14 rue des Lilas", "12 RUE DES LILAS"),
        ("12 et 14 rue des Lilas", "12 RUE DES LILAS"),
        ("4 à 8 rue des Lilas", "4 RUE DES LILAS"),
        ("4 a 8, rue des Lilas", "4 RUE DES LILAS"),
        ("2-4-6 rue des Lilas", "2 RUE DES LILAS"),
        ("12 bis/14 rue des Lilas", "12 B RUE DES LILAS"),
        ("12, rue de l'Église", "12 RUE DE L EGLISE"),
        ("1 rue du 8-Mai-1945", "1 RUE DU 8 MAI 1945"),
        ("rue du 11 Novembre", "RUE DU 11 NOVEMBRE"),
        ("3, av. d’Alsace-Lorraine", "3 AV D ALSACE LORRAINE"),
        ("7 rue du Cœur-de-Pierre", "7 RUE DU COEUR DE PIERRE"),
        ("Lieu-dit « Ker Yann »", "LIEU DIT KER YANN"),
        ("10 A rue Haute", "10 A RUE HAUTE"),
        ("3 rue A", "3 RUE A"),
    ],
)
def test_line_four_has_one_number_one_letter_and_capitals(written: str, printed: str) -> None:
    assert delivery_line(written) == printed


@pytest.mark.parametrize(
    ("postcode", "town", "printed"),
    [
        ("35000", "Rennes", "35000 RENNES"),
        ("35099", "Rennes Cedex 9", "35099 RENNES CEDEX 9"),
        ("35000", "35099 RENNES CEDEX 9", "35099 RENNES CEDEX 9"),
        ("75008", "Paris 8e Arrondissement", "75008 PARIS"),
        ("69003", "LYON 03 ARRONDISSEMENT", "69003 LYON"),
        ("13001", "Marseille 1er Arrondissement", "13001 MARSEILLE"),
        ("94240", "L'Haÿ-les-Roses", "94240 L HAY LES ROSES"),
        ("20137", "Porto-Vecchio", "20137 PORTO VECCHIO"),
        ("97400", "Saint-Denis", "97400 SAINT DENIS"),
        ("98000", "Monaco", "98000 MONACO"),
        ("98714", "Papeete", "98714 PAPEETE"),
    ],
)
def test_the_last_line_is_postcode_and_town_in_capitals(postcode: str, town: str, printed: str) -> None:
    assert locality_line(postcode, town) == printed


@pytest.mark.parametrize(
    ("postcode", "department"),
    [
        ("01000", "01"), ("35099", "35"), ("20000", "2A"), ("20167", "2A"), ("20200", "2B"), ("20600", "2B"),
        ("97110", "971"), ("97419", "974"), ("97600", "976"), ("98800", "988"), ("98000", "MC"), ("1000", ""),
    ],
)  # fmt: skip
def test_a_postcode_lies_in_its_departement(postcode: str, department: str) -> None:
    assert department_of(postcode) == department


def test_a_hospital_takes_six_lines() -> None:
    address = address_block(
        Parts(
            organisation="CENTRE HOSPITALIER DE LA DEMO",
            person="SERVICE ONCOLOGIE DR CLAIRE MARTIN",
            complement="BATIMENT B 2E ETAGE",
            street="12 bis avenue des Fleurs",
            box="CS 10001",
            postcode="35099",
            town="Rennes Cedex 9",
        )
    )

    assert address.lines == (
        "CENTRE HOSPITALIER DE LA DEMO",
        "SERVICE ONCOLOGIE DR CLAIRE MARTIN",
        "BATIMENT B 2E ETAGE",
        "12 B AVENUE DES FLEURS",
        "CS 10001",
        "35099 RENNES CEDEX 9",
    )
    assert address.faults == ()
    assert address.is_cedex


def test_blank_lines_are_left_out() -> None:
    address = address_block(
        Parts(person="Dr Claire Morel", street="3 rue Haute", postcode="44000", town="Nantes")
    )

    assert address.lines == ("DR CLAIRE MOREL", "3 RUE HAUTE", "44000 NANTES")


def test_number_and_street_may_come_apart() -> None:
    address = address_block(
        Parts(person="X", number="12/14", street="rue Haute", postcode="44000", town="Nantes")
    )

    assert address.lines[1] == "12 RUE HAUTE"


def test_nothing_is_abbreviated_that_fits() -> None:
    assert shortened("12 AVENUE DU GENERAL DE GAULLE") == "12 AVENUE DU GENERAL DE GAULLE"


def test_the_longest_words_are_abbreviated_first() -> None:
    assert shortened("128 PROMENADE DU GENERAL DE LA MARTINIERE") == "128 PRO DU GENERAL DE LA MARTINIERE"


def test_a_name_too_long_for_a_line_goes_on_in_the_next() -> None:
    address = address_block(
        Parts(
            organisation="Selarl de biologie Kerguelen Brocéliande Armorique et fils",
            street="3 rue Haute", postcode="44000", town="Nantes",
        )
    )  # fmt: skip

    assert address.lines[:2] == ("SELARL DE BIOLOGIE KERGUELEN", "BROCELIANDE ARMORIQUE ET FILS")
    assert not address.is_too_long


def test_what_does_not_fit_stands_whole_and_says_so() -> None:
    street = "1245 rue Kerguelenbrocéliandearmoriquefinistère"

    address = address_block(Parts(person="Dr Morel", street=street, postcode="29000", town="Quimper"))

    assert address.faults == (AddressFault.ADDRESS_TOO_LONG,)
    assert "1245 RUE KERGUELENBROCELIANDEARMORIQUEFINISTERE" in address.lines


def test_a_seventh_line_at_home_is_too_much() -> None:
    assert from_lines("A|B|C|D|3 RUE HAUTE|CS 1|44000 NANTES").is_too_long


def test_monaco_is_written_to_as_france_is() -> None:
    address = address_block(
        Parts(person="Dr Rossi", street="3 rue Haute", postcode="98000", town="Monaco", country="MC")
    )

    assert (address.lines[-1], address.department, address.is_abroad) == ("98000 MONACO", "MC", False)


def test_abroad_the_last_line_is_the_country_in_french_capitals() -> None:
    address = address_block(
        Parts(person="Dr Peeters", street="Rue Haute 10", postcode="1000", town="Bruxelles", country="BE")
    )

    assert address.lines == ("Dr Peeters", "Rue Haute 10", "1000 BRUXELLES", "BELGIQUE")
    assert address.faults == ()


def test_abroad_each_country_has_its_own_order() -> None:
    address = address_block(
        Parts(person="Dr Hill", street="10 High Street", postcode="LS1 4AP", town="Leeds", country="GB")
    )

    assert address.lines[-3:] == ("LEEDS", "LS1 4AP", "ROYAUME UNI")


def test_a_country_without_a_french_name_is_a_fault() -> None:
    address = address_block(Parts(person="X", street="1 A", postcode="1", town="Y", country="ZZ"))

    assert AddressFault.UNKNOWN_COUNTRY in address.faults


@pytest.mark.parametrize("town", ["", "Rennes", "3500 Rennes", "RENNES 35000"])
def test_without_five_digits_and_a_town_there_is_no_locality(town: str) -> None:
    assert AddressFault.NO_LOCALITY in from_lines(f"DR MOREL|3 RUE HAUTE|{town}").faults


def test_letters_that_no_machine_reads_are_not_dropped_in_silence() -> None:
    address = address_block(
        Parts(person="Dr Morel", street="3 улица Высокая", postcode="44000", town="Nantes")
    )

    assert AddressFault.NOT_LATIN in address.faults


def test_a_bar_in_a_name_makes_no_line() -> None:
    address = address_block(
        Parts(person="Morel | Petit", street="3 rue Haute", postcode="44000", town="Nantes")
    )

    assert len(address.lines) == 3


WORDS = st.text(st.sampled_from("QWXZKJ"), min_size=3, max_size=14)  # nothing that could be abbreviated
NAMES = st.lists(WORDS, max_size=7).map(" ".join)
ANY = st.text(max_size=70)


@given(
    st.builds(
        Parts, organisation=ANY, person=ANY, complement=ANY, building=ANY, street=ANY, number=ANY, box=ANY,
        postcode=ANY, town=ANY,
    )
)  # fmt: skip
def test_an_address_without_fault_has_six_lines_of_38_in_the_machines_letters(parts: Parts) -> None:
    address = address_block(parts)

    if not address.faults:
        assert 1 <= len(address.lines) <= HEIGHT
        assert all(0 < len(line) <= WIDTH for line in address.lines)
    assert all(re.fullmatch(r"[A-Z0-9 ]*", line) for line in address.lines[-3:])


@given(
    st.builds(
        Parts, organisation=NAMES, person=NAMES, complement=NAMES, building=NAMES, street=NAMES, box=NAMES,
        postcode=st.just("44000"), town=st.just("NANTES"),
    )
)  # fmt: skip
def test_every_word_that_went_in_is_printed(parts: Parts) -> None:
    address = address_block(parts)

    given = " ".join(
        [parts.organisation, parts.person, parts.complement, parts.building, parts.street, parts.box]
    )
    assert " ".join(address.lines).split() == [*given.split(), "44000", "NANTES"]


@given(
    st.builds(Parts, organisation=ANY, person=ANY, complement=ANY, street=ANY, box=ANY, town=ANY,
              postcode=st.from_regex(r"[0-9]{5}", fullmatch=True))
)  # fmt: skip
def test_reading_what_was_written_changes_nothing(parts: Parts) -> None:
    address = address_block(parts)

    assert from_lines(address.value).value == address.value


@given(ANY)
def test_folding_twice_is_folding_once(text: str) -> None:
    assert folded(folded(text)) == folded(text)
