"""Nothing runs that somebody else has not agreed to, byte for byte."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from engine.actions.approve import approve, listed, take_back
from engine.content import signature
from engine.model.approval import Approval
from engine.problems import GuardStopped, UsageError
from tests.plans.house import CAMPAIGN, NOW, POLICY_FILE, House, pharmacies

RULE = """\
approval:
  required_for: promo
  roles:
    regulatory: [affaires-reglementaires, claire-morel, yann-petit, marketing-officine]
"""


@dataclass
class Signing:
    """A house in which somebody has to agree."""

    house: House

    @property
    def keys(self) -> dict[str, bytes]:
        return dict(signature.public_keys(self.house.folder / "keys"))

    def person(self, name: str) -> bytes:
        path = self.house.folder / "keys" / f"{name}.key"
        if not path.exists():
            signature.make_key(path.parent, name)
        return signature.private_key(path, name)

    def approve(self, what: str, by: str = "yann-petit", **more: object) -> list[Approval]:
        private = self.person(by)
        return approve(
            self.house.connection,
            self.house.project,
            what,
            self.house.channels,
            by=by,
            private=private,
            keys=self.keys,
            now=NOW,
            **more,  # type: ignore[arg-type]
        )

    def start(self, plan: str | None = None) -> str | None:
        """Start the slot; return the plan by which it goes."""
        self.house.start(plan, keys=self.keys)
        row = self.house.connection.execute("SELECT plan_id FROM run").fetchone()
        return None if row is None else row[0]


@pytest.fixture
def signing(house: House) -> Signing:
    house.write("campaigns/policy.yaml", POLICY_FILE + RULE)
    return Signing(house)


def test_a_plan_that_nobody_agreed_to_does_not_run(signing: Signing) -> None:
    made = signing.house.plan()

    with pytest.raises(GuardStopped, match="not been approved by: regulatory") as stopped:
        signing.start(made.plan_id)

    assert (stopped.value.exit_code, signing.house.runs()) == (13, 0)


def test_a_plan_that_somebody_with_the_role_agreed_to_runs(signing: Signing) -> None:
    made = signing.house.plan()
    signing.approve(made.plan_id)

    assert signing.start(made.plan_id) == made.plan_id


def test_the_schedule_takes_the_plan_that_was_approved_for_its_slot(signing: Signing) -> None:
    made = signing.house.plan()
    signing.approve(made.plan_id)

    assert signing.start() == made.plan_id


def test_the_schedule_is_held_against_the_members_that_were_approved(signing: Signing) -> None:
    signing.approve(signing.house.plan().plan_id)
    pharmacies(signing.house.connection, 1)

    with pytest.raises(GuardStopped, match="1 joined"):
        signing.start()


@pytest.mark.parametrize(
    "author",
    [
        pytest.param("claire-morel", id="who made the plan"),
        pytest.param("marketing-officine", id="who owns the campaign, and wrote its materials"),
    ],
)
def test_nobody_agrees_to_their_own_work(signing: Signing, author: str) -> None:
    made = signing.house.plan(by="claire-morel")

    with pytest.raises(GuardStopped, match="somebody else has to agree"):
        signing.approve(made.plan_id, author)


def test_who_has_no_role_cannot_agree(signing: Signing) -> None:
    made = signing.house.plan()

    with pytest.raises(UsageError, match="has no role"):
        signing.approve(made.plan_id, "paul-legrand")


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        (f"campaigns/{CAMPAIGN}.yaml", "share: 20%", "share: 10%"),
        ("segments/pharmacies.yaml", "Les pharmacies", "Toutes les pharmacies"),
        ("campaigns/policy.yaml", "0.02 EUR", "0.03 EUR"),
        ("templates/dermapharm/announce.mjml", "Bonjour", "bonjour"),
        ("templates/dermapharm/announce.yaml", "version: 2", "version: 3"),
    ],
)
def test_any_changed_byte_voids_what_was_agreed_and_the_refusal_names_the_file(
    signing: Signing, path: str, before: str, after: str
) -> None:
    """C-35."""
    signing.approve(signing.house.plan().plan_id)
    signing.house.change(path, before, after)

    with pytest.raises(GuardStopped, match=f"given for other files:\n  {path}: changed") as stopped:
        signing.start()

    assert signing.house.runs() == 0 and str(stopped.value).count("changed") == 1


def _another_person(signing: Signing) -> None:
    signing.house.connection.execute("UPDATE approval SET by = 'claire-morel'")


def _another_role(signing: Signing) -> None:
    signing.house.connection.execute("UPDATE approval SET role = 'medical'")


def _another_key(signing: Signing) -> None:
    for path in (signing.house.folder / "keys").glob("yann-petit.*"):
        path.unlink()
    signing.person("yann-petit")


def _another_member(signing: Signing) -> None:
    signing.house.connection.execute(
        "UPDATE plan_part SET members = members[2:] WHERE part = 'step:announce'"
    )


def _another_comment(signing: Signing) -> None:
    signing.house.connection.execute("UPDATE approval SET comment = 'vu et approuvé'")


@pytest.mark.parametrize(
    "forge", [_another_person, _another_role, _another_key, _another_member, _another_comment]
)
def test_what_somebody_wrote_into_the_database_is_no_agreement(
    signing: Signing, forge: Callable[[Signing], None]
) -> None:
    made = signing.house.plan()
    signing.person("claire-morel")
    signing.approve(made.plan_id)
    forge(signing)

    with pytest.raises(GuardStopped, match="not been approved"):
        signing.start(made.plan_id)


def test_each_role_has_to_agree(signing: Signing) -> None:
    signing.house.write("campaigns/policy.yaml", POLICY_FILE + RULE + "    medical: [paul-legrand]\n")
    made = signing.house.plan()
    signing.approve(made.plan_id)

    with pytest.raises(GuardStopped, match="not been approved by: medical"):
        signing.start(made.plan_id)
    signing.approve(made.plan_id, "paul-legrand")
    assert signing.start(made.plan_id) == made.plan_id


def test_what_was_taken_back_counts_no_more(signing: Signing) -> None:
    house, made = signing.house, signing.house.plan()
    signing.approve(made.plan_id)
    count = take_back(house.connection, house.project, made.plan_id, house.channels, by="yann-petit", now=NOW)

    with pytest.raises(GuardStopped, match="taken back"):
        signing.start(made.plan_id)
    assert count == 1


def test_a_campaign_without_guards_is_not_approved_for_any_slot(signing: Signing) -> None:
    with pytest.raises(GuardStopped, match="nothing bounds it"):
        signing.approve(CAMPAIGN)


@pytest.fixture
def standing(signing: Signing) -> Signing:
    """A house whose campaign may plan itself, within guards."""
    signing.house.change(
        f"campaigns/{CAMPAIGN}.yaml", "  segment: pharmacies", "  segment: pharmacies\n  max: 62"
    )
    signing.house.change(f"campaigns/{CAMPAIGN}.yaml", "goals:", "budget: {max: 4000 EUR}\ngoals:")
    signing.approve(CAMPAIGN)
    return signing


def test_a_scheduled_campaign_plans_itself_under_an_agreement_to_its_definition(standing: Signing) -> None:
    pharmacies(standing.house.connection, 2)

    plan = standing.start()

    row = standing.house.connection.execute(
        "SELECT made_by, document ->> 'universe' FROM plan WHERE plan_id = %s", [plan]
    ).fetchone()
    assert row == ("schedule", "62")


def test_beyond_its_guards_a_scheduled_campaign_stops(standing: Signing) -> None:
    pharmacies(standing.house.connection, 3)

    with pytest.raises(GuardStopped, match="63 members; the campaign allows 62"):
        standing.start()


def test_where_the_policy_asks_nobody_a_campaign_runs_unsigned(house: House) -> None:
    nobody = "approval: {required_for: nobody, because: essai, roles: {regulatory: [yann-petit]}}\n"
    house.write("campaigns/policy.yaml", POLICY_FILE + nobody)

    assert house.start().is_new


def test_the_list_says_what_stands_and_what_does_not(signing: Signing) -> None:
    house = signing.house
    signing.approve(house.plan().plan_id)
    house.change("templates/dermapharm/points.md", "Faire le point", "Faire un point")
    signing.approve(house.plan().plan_id, comment="points relus")

    found = listed(house.connection, house.project, None, house.channels, signing.keys)

    assert sorted((one.approval.comment, one.void is None) for one in found if one.approval.comment) == [
        ("points relus", True)
    ]
    (void,) = [str(one.void) for one in found if one.void is not None]
    assert "templates/dermapharm/points.md: changed" in void


def test_a_private_key_is_readable_by_its_owner_alone(signing: Signing) -> None:
    signing.person("yann-petit")

    assert (signing.house.folder / "keys" / "yann-petit.key").stat().st_mode & 0o077 == 0


def test_a_second_key_of_a_person_is_refused(signing: Signing) -> None:
    signing.person("yann-petit")

    with pytest.raises(UsageError, match="has a key already"):
        signature.make_key(signing.house.folder / "keys", "yann-petit")


def test_who_agreed_stands_in_the_audit_trail(signing: Signing) -> None:
    made = signing.house.plan()
    signing.approve(made.plan_id)

    row = signing.house.connection.execute("SELECT actor, act, about FROM audit").fetchone()
    assert row == ("yann-petit", "approve", made.plan_id)
