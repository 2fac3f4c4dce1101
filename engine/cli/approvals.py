"""Commands by which somebody agrees to what will run."""

from pathlib import Path

from engine.app import open_app
from engine.cli.console import count, in_words, say, table
from engine.problems import Say


def key(name: str) -> None:
    """Make the key pair with which a person signs: NAME.key for them alone, NAME.pub for whoever checks.

    Both stand in .touchbase/keys. Hand NAME.key to its person and remove it there; NAME.pub stays.

    Args:
        name: As campaigns/policy.yaml calls the person: claire-morel.
    """
    from engine.content.signature import make_key

    path = make_key(open_app().settings.folder / "keys", name)
    say(
        Say(
            f"{path} is for '{name}' alone; {path.with_suffix('.pub').name} beside it stays where it is.",
            f"{path} est pour « {name} » seul ; {path.with_suffix('.pub').name}, à côté, y reste.",
        )
    )


def approve(
    what: str,
    *,
    role: str | None = None,
    comment: str | None = None,
    key: Path | None = None,
    take_back: bool = False,
    as_of: str | None = None,
) -> None:
    """Agree to a plan, or to a campaign for all its slots, as the person that TOUCHBASE_ACTOR names.

    What is signed is the hash of campaign, segments, policy, templates, material cards and, of a plan, every member.
    Any changed byte voids it. Nobody agrees to their own work.

    Args:
        what: The id of a plan; or a campaign's name, where its file has 'expect' or 'max', and 'budget'.
        role: In which role; all that policy.yaml gives the person, if not said.
        comment: What should stand beside the signature.
        key: The person's private key; .touchbase/keys/NAME.key if not said.
        take_back: Take back what the person agreed to before.
        as_of: Pretend that it is this moment: 2026-03-10 or 2026-03-10T09:30.
    """
    from engine.actions import approve as approving
    from engine.cli.clock import moment
    from engine.content.signature import private_key

    app = open_app(as_of=moment(as_of))
    actor = app.settings.actor
    with app.database("approve") as connection:
        if take_back:
            gone = approving.take_back(connection, app.project, what, app.channels, by=actor, now=app.now())
            say(Say(f"{gone} approvals taken back.", f"{gone} validations retirées."))
            return
        made = approving.approve(
            connection,
            app.project,
            what,
            app.channels,
            by=actor,
            private=private_key(key or app.settings.folder / "keys" / f"{actor}.key", actor),
            keys=app.keys,
            now=app.now(),
            role=role,
            comment=comment,
        )
    for approval in made:
        bound = Say("this plan", "ce plan") if approval.plan_sha else Say("any slot", "tout départ")
        say(
            Say(
                f"{approval.by} agrees as {approval.role} to {what} ({bound.en}), definition {approval.definition_sha[:16]}.",
                f"{approval.by} valide {what} en tant que {approval.role} ({bound.fr}), définition {approval.definition_sha[:16]}.",
            )
        )


def withdraw(material: str, *, reason: str, as_of: str | None = None) -> None:
    """Withdraw a material for good: what has not left of it never will, and reps' open tasks with it are taken back.

    Args:
        material: Its reference, its name, or its template: dermapharm/announce.
        reason: Why; it stands in the history of everybody who would have received it.
        as_of: Pretend that it is this moment: 2026-03-10 or 2026-03-10T09:30.
    """
    from engine.actions.withdraw import withdraw as withdrawn
    from engine.cli.clock import moment

    app = open_app(as_of=moment(as_of))
    with app.database("withdraw") as connection:
        done = withdrawn(
            connection,
            app.project,
            material,
            app.channels,
            by=app.settings.actor,
            because=reason,
            now=app.now(),
        )
    news = (
        Say("is withdrawn", "est retiré")
        if done.is_new
        else Say("was withdrawn already", "était déjà retiré")
    )
    say(
        Say(
            f"{done.reference} {news.en}. In {done.runs} open runs, {count(done.touches)} touches will not leave and "
            f"{count(done.tasks)} tasks are taken back from reps.",
            f"{done.reference} {news.fr}. Dans {done.runs} exécutions ouvertes, {count(done.touches)} contacts ne partiront "
            f"pas et {count(done.tasks)} tâches sont reprises aux délégués.",
        )
    )


def approvals(campaign: str | None = None) -> None:
    """Show who agreed to what, and which of it still stands."""
    from engine.actions.approve import listed
    from engine.cli.clock import HOME

    app = open_app()
    with app.database("approvals") as connection:
        found = listed(connection, app.project, campaign, app.channels, app.keys)
    if not found:
        say(Say("Nobody has agreed to anything yet.", "Personne n'a encore rien validé."))
        return
    stands, any_slot = Say("stands", "vaut"), Say("any slot", "tout départ")
    table(
        [
            Say("campaign", "campagne"),
            "plan",
            Say("role", "rôle"),
            Say("by", "par"),
            Say("on", "le"),
            "",
            Say("comment", "commentaire"),
        ],
        [
            [
                one.approval.campaign,
                one.plan_id or any_slot,
                one.approval.role,
                one.approval.by,
                f"{one.approval.at.astimezone(HOME):%Y-%m-%d %H:%M}",
                in_words(one.void or stands).splitlines()[0],
                one.approval.comment or "",
            ]
            for one in found
        ],
    )
    for one in found:
        if one.void is not None and "\n" in one.void.en:
            say(f"{one.approval.by}, {one.approval.at:%Y-%m-%d}: {in_words(one.void)}")
