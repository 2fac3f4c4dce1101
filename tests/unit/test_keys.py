"""Identifiers of the ranges that nobody is given (domain §4.12), and their twins with a wrong key."""

import pytest

from engine.rules.keys import HOLDS

RIGHT = {
    "RPPS": ["99700000013", "99700000021", "99700000039", "99700000047", "99700000054"],
    "FINESS": ["990000010", "990000028", "990000036", "990000044", "990001018", "2A0000014"],
    "CIP7": ["0000017", "0000023", "0000046", "0000052", "0000106"],
    "CIP13": ["3400900000174", "3400900000235", "3400900000464", "3400900000525", "3400900001065"],
    "IDNPS": ["899700000013", "099000000012"],
}
WRONG = {
    "RPPS": ["99700000014", "9970000001", "997000000013", "9970000001A", ""],
    "FINESS": ["990000011", "99000001", "9900000100", "99000001é"],
    "CIP7": ["0000018", "000017"],
    "CIP13": ["3400900000175", "4400900000174"],
    "IDNPS": ["899700000014", "99700000013"],
    "SIRET": ["99700000000014x", "1234"],
}


@pytest.mark.parametrize(
    ("scheme", "value"), [(scheme, value) for scheme, values in RIGHT.items() for value in values]
)
def test_a_safe_identifier_holds(scheme: str, value: str) -> None:
    assert HOLDS[scheme](value)


@pytest.mark.parametrize(
    ("scheme", "value"), [(scheme, value) for scheme, values in WRONG.items() for value in values]
)
def test_its_twin_with_a_slip_does_not_hold(scheme: str, value: str) -> None:
    assert not HOLDS[scheme](value)


def test_one_changed_digit_never_goes_unnoticed() -> None:
    for place in range(11):
        for digit in "0123456789":
            changed = "99700000013"[:place] + digit + "99700000013"[place + 1 :]
            assert HOLDS["RPPS"](changed) == (changed == "99700000013")
