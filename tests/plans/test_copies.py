"""Proofs and seeds: mails to ourselves, that no figure, cap or report ever counts."""

import re
from dataclasses import replace

import pytest

from engine.actions import copies
from engine.actions.preview import Rehearsed, rehearsed, shown
from engine.problems import UsageError
from engine.store import conservation, ledger
from tests.plans.house import CAMPAIGN, NOW, PEPPER, POLICY_FILE, SLOT, House

SEED, PROOF = "delivrabilite@armorial.example.org", "claire.approuve@armorial.example.org"
OURS = POLICY_FILE + f"seeds: [{SEED}]\nproof_addresses: [{PROOF}]\n"


@pytest.fixture
def ours(house: House) -> House:
    house.write("campaigns/policy.yaml", OURS)
    return house


def rehearse(house: House, **more: object) -> Rehearsed:
    return rehearsed(
        house.connection,
        house.project,
        CAMPAIGN,
        "announce",
        SLOT,
        house.channels,
        pepper=PEPPER,
        now=NOW,
        **more,  # type: ignore[arg-type]
    )


def test_each_seed_gets_what_each_cell_gets_once(ours: House) -> None:
    run = ours.start().run_id

    ours.drain(run)
    ours.drain(run)

    offers = sorted(re.findall(r"DPD26-[AB]", one.text or "")[0] for one in ours.mails(SEED))
    assert offers == ["DPD26-A", "DPD26-B"]


def test_a_seed_names_no_customer(ours: House) -> None:
    ours.drain(ours.start().run_id)

    assert not any("Pharmacie du Port" in (one.html or "") for one in ours.mails(SEED))


def test_a_seed_tells_nothing_that_the_company_knows_of_a_customer(ours: House) -> None:
    like = rehearse(ours, most=1).chosen[0][1].customer
    known = replace(like, department="29", facts={"potential": 5}, history=({"campaign": CAMPAIGN},))

    made = copies.nobody(known)

    assert (made.department, made.facts, made.history) == ("44", {}, ())


def test_seeds_are_in_no_figure(ours: House) -> None:
    run = ours.start().run_id
    ours.drain(run)
    conservation.conserved(ours.connection, run)

    counts = ledger.counts(ours.connection, run)[("announce", "email")]
    customers = [one for one in ours.mails() if SEED not in one.envelope_to]
    assert (counts["accepted"], len(ours.mails())) == (len(customers), len(customers) + 2)


def test_what_was_said_of_a_seed_is_kept(ours: House) -> None:
    ours.drain(ours.start().run_id)

    kept = ours.connection.execute("SELECT DISTINCT kind, ending FROM own_copy").fetchall()

    assert kept == [("seed", "accepted")]


def test_a_run_that_was_paused_sends_no_seeds(ours: House) -> None:
    run = ours.start().run_id
    ledger.switch(ours.connection, run, "paused", by="marketing")

    ours.drain(run)

    assert ours.mails() == []


def test_a_proof_goes_to_the_policys_addresses_with_its_subject_marked(ours: House) -> None:
    copies.proof(ours.connection, rehearse(ours, worst=True), [], by="claire", permit=False)

    found = ours.mails(PROOF)
    subjects = [dict(one.headers)["Subject"] for one in found]
    assert len(found) >= 2 and all(subject.startswith("[ÉPREUVE] Pharmacie du Port") for subject in subjects)


def test_a_proof_shows_each_cell_once(ours: House) -> None:
    copies.proof(ours.connection, rehearse(ours, most=None), [], by="claire", permit=False)

    offers = sorted(re.findall(r"DPD26-[AB]", one.text or "")[0] for one in ours.mails(PROOF))
    assert offers == ["DPD26-A", "DPD26-B"]


def test_a_proof_of_one_cell_is_one(ours: House) -> None:
    chosen = rehearse(ours, most=None, cell="free_goods").chosen

    assert [one.cell for _, one in chosen] == ["free_goods"]


def test_a_proof_that_does_not_compose_is_told(ours: House) -> None:
    shown = rehearse(ours, most=2)
    why, broken = shown.chosen[0]
    bad = replace(broken, customer=replace(broken.customer, org_name="\u202ePort"))

    told = copies.proof(
        ours.connection,
        replace(shown, chosen=[(why, bad), shown.chosen[1]]),
        [],
        by="claire",
        permit=False,
    )

    assert sorted(one.ending for one in told) == ["accepted", "refused"]
    assert any("customer.org_name: U+202E" in (one.reply or "") for one in told)
    kept = ours.connection.execute("SELECT ending FROM own_copy ORDER BY 1").fetchall()
    assert kept == [("accepted",), ("refused",)]


def test_a_proof_leaves_no_run_and_no_touch(ours: House) -> None:
    copies.proof(ours.connection, rehearse(ours), [], by="claire", permit=False)

    row = ours.connection.execute(
        "SELECT (SELECT count(*) FROM touch), (SELECT count(*) FROM run)"
    ).fetchone()
    assert row == (0, 0)


def test_a_proof_to_an_address_that_the_policy_does_not_list_is_refused(ours: House) -> None:  # SEC44
    with pytest.raises(UsageError, match="addresses that the policy lists"):
        copies.proof(ours.connection, rehearse(ours), ["port1@example.org"], by="claire", permit=False)

    assert ours.mails() == []


def test_a_system_that_is_not_armed_sends_no_proof(ours: House) -> None:
    with pytest.raises(UsageError, match="not armed"):
        copies.proof(ours.connection, rehearse(ours), [], by="claire", permit=True)

    assert ours.mails() == []


def test_the_links_of_a_proof_are_nobodys(ours: House) -> None:
    from engine.content.tokens import LENGTH, read
    from engine.store import responses

    copies.proof(ours.connection, rehearse(ours), [], by="claire", permit=False)
    (line,) = (value for name, value in ours.mails(PROOF)[0].headers if name == "List-Unsubscribe")
    token = read([b"sixteen bytes and more"], line.strip("<>")[-LENGTH:])

    assert token is not None
    assert responses.touch_of_token(ours.connection, token.touch, token.customer) is None


def test_who_sent_a_proof_stands_in_the_audit_trail(ours: House) -> None:
    copies.proof(ours.connection, rehearse(ours), [], by="claire", permit=False)

    assert (
        ours.connection.execute("SELECT actor, about FROM audit WHERE act = 'proof'").fetchall()
        == [("claire", f"{CAMPAIGN} announce")] * 5
    )


def test_a_material_that_nobody_approved_is_shown_and_not_sent(ours: House) -> None:
    ours.change(
        "templates/dermapharm/announce.yaml", "approved: {by: affaires-reglementaires, on: 2026-02-16}", ""
    )

    seen = shown(rehearse(ours))
    ours.drain(ours.start().run_id)

    assert seen and all(one.failed is None for one in seen)
    assert set(ours.states("announce")) == {"material_not_approved"}


def test_a_preview_of_a_cell_shows_customers_of_that_cell(ours: House) -> None:
    assert {one.cell for one in shown(rehearse(ours, cell="free_goods"))} == {"free_goods"}


def test_an_unknown_cell_is_answered_with_the_one_that_was_meant(ours: House) -> None:
    with pytest.raises(UsageError) as error:
        rehearse(ours, cell="discuont")

    assert "discount" in str(error.value.remedy)
