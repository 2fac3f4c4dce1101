from engine.rules.postal import from_lines
from engine.rules.presort import Level, presorted


def level_of(town: str, others: list[str]) -> Level:
    addresses = [from_lines(f"DR MOREL|3 RUE HAUTE|{place}") for place in [town, *others]]
    return presorted(addresses, per_postcode=3, per_department=4)[0].level


def test_enough_pieces_for_one_postcode_are_a_bundle() -> None:
    assert level_of("44000 NANTES", ["44000 NANTES"] * 2) is Level.POSTCODE


def test_enough_pieces_for_one_cedex_are_a_direct_bundle() -> None:
    assert level_of("35099 RENNES CEDEX 9", ["35099 RENNES CEDEX 9"] * 2) is Level.CEDEX


def test_too_few_for_a_postcode_go_into_the_bundle_of_the_departement() -> None:
    assert (
        level_of("44000 NANTES", ["44100 NANTES", "44600 ST NAZAIRE", "44110 CHATEAUBRIANT"])
        is Level.DEPARTMENT
    )


def test_full_bundles_do_not_count_for_the_departement() -> None:
    assert level_of("44600 ST NAZAIRE", ["44000 NANTES"] * 3) is Level.REST


def test_overseas_goes_by_itself() -> None:
    assert level_of("97400 ST DENIS", ["97400 ST DENIS"] * 5) is Level.OVERSEAS


def test_corsica_is_two_departements() -> None:
    south = presorted([from_lines("A|B|20000 AJACCIO"), from_lines("A|B|20200 BASTIA")])

    assert [place.key.split("|")[1] for place in south] == ["2A", "2B"]


def test_bundles_lie_together_when_sorted_by_key() -> None:
    towns = ["44000 NANTES", "35000 RENNES", "44000 NANTES", "35000 RENNES", "44000 NANTES", "35000 RENNES"]
    keys = presorted([from_lines(f"DR MOREL|3 RUE HAUTE|{town}") for town in towns], per_postcode=3)

    assert [key.key.split("|")[2] for key in sorted(keys, key=lambda key: key.key)] == ["35000"] * 3 + [
        "44000"
    ] * 3
