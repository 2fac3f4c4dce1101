"""Bad input anywhere ends in a sentence that says what happened, what was kept, and what to do."""

import socket

import pytest

from tests.e2e.conftest import Site


def test_files_in_order_are_well(files: Site) -> None:
    said = files.call("check")

    assert (said.code, said.err) == (0, "") and said.out.startswith("All is well: 3 campaigns")


def test_every_problem_of_every_file_is_told_at_once_with_its_place(files: Site) -> None:
    campaign = files.root / "campaigns" / "dermapharm-direct-2026.yaml"
    campaign.write_text(
        campaign.read_text().replace("  segment: ", "  segmnt: ").replace("channel: visit", "channel: vist")
    )
    segment = files.root / "segments" / "gp-metro.yaml"
    segment.write_text(
        segment.read_text().replace("segment: gp-metro", "segment: gp-metro\nsegment: gp-metro")
    )
    (files.root / "templates" / "hivernax" / "announce.mjml").unlink()

    said = files.call("check")

    assert said.code == 10
    assert "campaigns/dermapharm-direct-2026.yaml:18:3: unknown key 'segmnt'" in said.err
    assert "Did you mean 'segment'?" in said.err and "'vist'" in said.err
    assert "segments/gp-metro.yaml:" in said.err
    assert "campaigns/hivernax-2026.yaml:" in said.err and "hivernax/announce" in said.err


def test_a_french_reader_is_told_in_french(files: Site) -> None:
    policy = files.root / "campaigns" / "policy.yaml"
    policy.write_text(policy.read_text().replace("default_sender:", "default_sendr:"))

    said = files.call("check", TOUCHBASE_LANG="fr")

    assert said.code == 10 and "clé inconnue « default_sendr »" in said.err


def test_wrong_files_are_never_run(site: Site) -> None:
    campaign = site.root / "campaigns" / "dermapharm-direct-2026.yaml"
    before = campaign.read_text()
    campaign.write_text(before.replace("template: dermapharm/reminder", "template: dermapharm/remindr"))
    try:
        said = site.call("run", "dermapharm-direct-2026", "--as-of", "2026-03-03T10:00")
    finally:
        campaign.write_text(before)

    assert said.code == 10 and "dermapharm/remindr" in said.err
    assert "Nothing has run yet" in site.call("status").out


def test_a_prefect_that_does_not_start_in_its_time_is_no_bug_of_ours(site: Site) -> None:
    with socket.create_server(
        ("127.0.0.1", 0)
    ) as deaf:  # however fast the machine: its database never answers
        said = site.call(
            "advance",
            PREFECT_API_URL="",
            PREFECT_API_DATABASE_CONNECTION_URL=f"postgresql+asyncpg://p:p@127.0.0.1:{deaf.getsockname()[1]}/p",
            PREFECT_API_DATABASE_CONNECTION_TIMEOUT="120",
            PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS="1",
        )

    assert (said.code, "bug" in said.err) == (12, False)
    assert "Prefect's server did not start within 1 s. Nothing was sent." in said.err


def test_a_prefect_that_does_not_answer_is_no_bug_of_ours(site: Site) -> None:
    said = site.call("advance", PREFECT_API_URL="http://127.0.0.1:9/api")

    assert (said.code, "bug" in said.err) == (12, False) and "does not answer" in said.err


def test_what_a_guard_refuses_is_refused_before_prefect_is_asked(site: Site) -> None:
    campaign = site.root / "campaigns" / "dermapharm-direct-2026.yaml"
    before = campaign.read_text()
    campaign.write_text(before.replace("\naudience:\n", "\naudience:\n  max: 1\n"))
    try:
        said = site.call(
            "run",
            "dermapharm-direct-2026",
            "--as-of",
            "2026-03-03T10:00",
            PREFECT_API_URL="http://127.0.0.1:9/api",
        )
    finally:
        campaign.write_text(before)

    assert (said.code, "the campaign allows 1 at most" in said.err) == (13, True)


@pytest.mark.parametrize(
    "words", [("status",), ("plan", "hivernax-2026"), ("generate",), ("report", "hivernax-2026")]
)
def test_an_unreachable_database_is_told_without_its_password(files: Site, words: tuple[str, ...]) -> None:
    said = files.call(*words)

    assert (
        said.code == 11
        and "The database does not answer" in said.err
        and "TOUCHBASE_DATABASE_URL" in said.err
    )
    assert "secret-word" not in said.err and "Traceback" not in said.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("plan", "hivernax-2062"), "Did you mean 'hivernax-2026'?"),
        (("plan", "hivernax-2026", "--as-of", "yesterday"), "Write 2026-03-10"),
        (("plan", "hivernax-2026", "--slot", "soon"), "Write a local time"),
        (("pause", "99"), "There is no run 99."),
        (("report", "hivernax-2026"), "has no run"),
        (("explain", "hivernax-2026", "999999999"), "There is no customer"),
        (("load", "nowhere.csv", "--as", "pharmacies"), "nowhere.csv"),
        (("generate",), "has customers already"),
    ],
)
def test_a_slip_in_a_command_is_told_with_the_way_out(site: Site, words: tuple[str, ...], told: str) -> None:
    said = site.call(*words)

    assert said.code == 2 and told in said.err and "Traceback" not in said.err


def test_a_delivery_of_which_nothing_can_be_loaded_is_no_success(site: Site) -> None:
    path = site.root / "clients.csv"
    path.write_text("id;kind;last_name\n1;astronaut;Morel\n2;astronaut;Petit\n", encoding="utf-8")

    said = site.call("load", str(path), "--as", "customers", "--plan")

    assert said.code == 10
    assert "2 lines left out" in said.out and "No line of it could be loaded." in said.out


def test_a_delivery_without_a_line_says_so(site: Site) -> None:
    path = site.root / "commandes.csv"
    path.write_text("FINESS;commande;date commande;statut;marque;quantité;montant\n", encoding="utf-8")

    said = site.call("load", str(path), "--as", "orders", "--plan")

    assert (said.code, "It holds no line below its header" in said.out) == (0, True)


def test_an_unknown_command_is_a_slip_of_usage(files: Site) -> None:
    said = files.call("chek")

    assert said.code == 2 and 'Did you mean "check"?' in said.err


def test_an_unknown_language_is_told(files: Site) -> None:
    said = files.call("check", TOUCHBASE_LANG="de")

    assert said.code == 2 and "TOUCHBASE_LANG is 'de'" in said.err


def test_a_run_before_its_time_is_refused(site: Site) -> None:
    said = site.call("run", "dermapharm-direct-2026", "--as-of", "2026-03-02")

    assert said.code == 2 and "has not come yet" in said.err


def test_an_audience_of_another_size_than_expected_stops_the_run_before_anything_is_sent(site: Site) -> None:
    campaign = site.root / "campaigns" / "dermapharm-direct-2026.yaml"
    before = campaign.read_text()
    campaign.write_text(before.replace("  one_per: site", "  one_per: site\n  expect: 90000..95000"))
    try:
        said = site.call("run", "dermapharm-direct-2026", "--as-of", "2026-03-03T10:00")
    finally:
        campaign.write_text(before)

    assert said.code == 13 and "expects 90,000 to 95,000" in said.err
    assert "Nothing has run yet" in site.call("status").out


def test_a_bug_is_told_by_its_place_and_never_by_its_text() -> None:
    from engine.problems import Mishap

    try:
        raise ValueError("claire.morel@example.org has no consent")
    except ValueError as error:
        told = Mishap(error).show("en")

    assert "builtins.ValueError" in told and "test_bad_input.py" in told and "claire" not in told
