"""The rules that stand twice: as Python, and as SQL expressions that judge a million rows at once."""

import random

import phonenumbers
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.rules.keys import HOLDS
from engine.rules.names import folded, folded_town
from engine.rules.postal import Parts, address_block
from engine.store.database import Connection

LETTERS = st.text("abcXYZ éèÉçœŒßŁøåÿ-'’.,/&()12 \u00a0", max_size=30)
TOWNS = st.lists(st.sampled_from(["Saint", "Sainte", "Étienne", "Lyon", "3e", "Cedex", "CEDEX 9", "arrondissement", "Saintes", "L'Haÿ", "12"]), max_size=5)  # fmt: skip


def answers(connection: Connection, function: str, values: list[str]) -> list[str]:
    rows = connection.execute(
        f"SELECT {function}(v) FROM unnest(%s::text[]) WITH ORDINALITY AS t(v, n) ORDER BY n",  # type: ignore[arg-type]  # a name of ours
        [values],
    )
    return [row[0] for row in rows]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(LETTERS, min_size=1, max_size=30))
def test_names_fold_alike_in_python_and_in_postgresql(database: Connection, names: list[str]) -> None:
    assert answers(database, "folded", names) == [folded(name) for name in names]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(TOWNS.map(" ".join), min_size=1, max_size=30))
def test_towns_fold_alike_in_python_and_in_postgresql(database: Connection, towns: list[str]) -> None:
    assert answers(database, "folded_town", towns) == [folded_town(town) for town in towns]


@pytest.mark.parametrize("scheme", sorted(HOLDS))
def test_keys_are_judged_alike_in_python_and_in_postgresql(database: Connection, scheme: str) -> None:
    chance = random.Random(7)
    prefix = {"CIP13": "3400", "SIRET": "356000000", "IDNPS": "8"}.get(scheme, "")
    width = {"RPPS": 11, "IDNPS": 12, "FINESS": 9, "SIREN": 9, "SIRET": 14, "CIP7": 7, "CIP13": 13}[scheme]
    values = [
        prefix
        + "".join(
            chance.choice("0123456789") for _ in range(width - len(prefix) + chance.choice([0, 0, 0, 0, 1]))
        )
        for _ in range(500)
    ] + ["", "2A0000014", "99000001é"]

    rows = database.execute(
        "SELECT key_holds(%s, v) FROM unnest(%s::text[]) WITH ORDINALITY AS t(v, n) ORDER BY n",
        [scheme, values],
    )
    assert [row[0] for row in rows] == [HOLDS[scheme](value) for value in values]


def test_telephones_are_normalised_as_the_library_would(database: Connection) -> None:
    given = ["01 99 00 12 34", "0199001234", "199001234", "+33 (0)6 39 98 00 01", "0033199001234", "06.39.98.00.01",
             "0590123456", "0692123456", "0594 12 34 56", "+32 2 555 12 12"]  # fmt: skip
    expected = ["+33199001234", "+33199001234", "+33199001234", "+33639980001", "+33199001234", "+33639980001",
                "+590590123456", "+262692123456", "+594594123456", "+3225551212".replace("+3225551212", "+3225551212")]  # fmt: skip
    expected[-1] = phonenumbers.format_number(
        phonenumbers.parse(given[-1], "FR"), phonenumbers.PhoneNumberFormat.E164
    )

    assert answers(database, "phone_e164", given) == expected


def test_what_is_no_telephone_is_none(database: Connection) -> None:
    assert answers(database, "phone_e164", ["", "abc", "0", "12345", "0099"]) == [None] * 5


def test_plain_addresses_get_the_lines_of_the_postal_rules(database: Connection) -> None:
    parts = [
        (None, "Dr Claire Morel", None, "12 bis rue de l'Église", None, "44000", "Nantes"),
        ("Pharmacie du Marché", None, None, "8 place d'Armes", None, "20200", "Bastia"),
        (
            "Pharmacie du Marché",
            "M. Jean Petit",
            "Bâtiment B",
            "8 place d'Armes",
            "BP 12",
            "97400",
            "Saint-Denis",
        ),
        ("Clinique du Parc", "Mme Zoé Lefèvre", None, "rue du 8 Mai 1945", None, "69003", "Lyon"),
        (None, "Mme Zoé Lefèvre", "Escalier 3", "5 B rue Haute", None, "75012", "Paris"),
    ]
    for organisation, person, complement, street, box, postcode, town in parts:
        row = database.execute(
            "SELECT postal_value(%(o)s, %(p)s, %(c)s, %(s)s, %(b)s, %(z)s, %(t)s), is_plain_address(%(o)s, %(p)s, %(c)s, %(s)s, %(b)s, %(t)s)",
            {
                "o": organisation,
                "p": person,
                "c": complement,
                "s": street,
                "b": box,
                "z": postcode,
                "t": town,
            },
        ).fetchone()
        ruled = address_block(
            Parts(
                organisation or "", person or "", complement or "", "", street, "", box or "", postcode, town
            )
        ).value
        assert row == (ruled, True)
