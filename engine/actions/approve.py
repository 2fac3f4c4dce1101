"""Approve: a person signs exactly what will run; a run asks whether what was signed still is what it would do."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import replace

from engine.actions.binding import differing, hold_files
from engine.actions.pinned import Definition, understood
from engine.content import signature
from engine.content.card import card
from engine.contract import Channel
from engine.loading.project import Project
from engine.model.approval import Approval, ApprovalRule, Keys, Signed, missing_roles
from engine.model.campaign import Purpose
from engine.model.policy import PROMOTIONAL
from engine.problems import GuardStopped, Say, UsageError
from engine.store import approvals, ledger, plans
from engine.store.database import Connection
from engine.store.plans import KeptPlan


def is_needed(rule: ApprovalRule | None, purpose: Purpose) -> bool:
    """Return whether campaigns of a purpose may run only if somebody agreed."""
    if rule is None or rule.required_for == "nobody":
        return False
    if rule.required_for == "all":
        return True
    return purpose in (PROMOTIONAL if rule.required_for == "promo" else rule.required_for)


def roles_needed(rule: ApprovalRule | None, purpose: Purpose) -> tuple[str, ...]:
    """Return the roles in each of which somebody has to agree; none, where the policy asks nobody."""
    return tuple(rule.roles) if rule is not None and is_needed(rule, purpose) else ()


def authors(definition: Definition, plan: KeptPlan | None) -> set[str]:
    """Return whose work it is: the campaign's owner, the authors of its materials, and who made the plan."""
    found = {definition.campaign.owner}
    for name in definition.templates():
        material = card(definition.files, name)
        if material is not None:
            found.add(material.author)
    if plan is not None:
        found.add(plan.made_by)
    return found


def approve(
    connection: Connection,
    project: Project,
    what: str,
    channels: Mapping[str, Channel],
    *,
    by: str,
    private: bytes,
    keys: Keys,
    now: dt.datetime,
    role: str | None = None,
    comment: str | None = None,
) -> list[Approval]:
    """Sign a plan, or a campaign for all its slots, in the roles that a person has; return what was signed.

    Raises:
        FilesError: the project's files are wrong.
        UsageError: no such plan or campaign, no such role, no key.
        GuardStopped: it is their own work, the files are no longer the plan's, or nothing bounds what may run.
    """
    plan, definition = wanted(connection, project, what, channels)
    rule = definition.policy.approval
    roles = [] if rule is None else rule.roles_of(by)
    if role is not None:
        roles = [one for one in roles if one == role]
    if not roles:
        raise UsageError(
            Say(f"'{by}' has no role in which to agree.", f"« {by} » n'a pas de rôle pour valider."),
            _who_may(rule),
        )
    if by in authors(definition, plan):
        raise GuardStopped(
            Say(
                f"This is the work of '{by}'; somebody else has to agree to it. Nothing was signed.",
                f"C'est le travail de « {by} » ; quelqu'un d'autre doit le valider. Rien n'a été signé.",
            ),
            _who_may(rule),
        )
    if plan is None:
        _bounded(definition)
    else:
        _runnable(plan)
    moment = now.replace(microsecond=0)
    whole = None if plan is None else plans.whole_sha(connection, plan)
    made = [
        Approval(definition.campaign.campaign, definition.sha, whole, one, by, moment, comment)
        for one in roles
    ]
    with connection.transaction():
        ledger.keep_definition(connection, definition.sha, definition.campaign.campaign, definition.files)
        for approval in made:
            signed = signature.sign(private, approval.statement())
            if by not in keys or not signature.is_signed(keys[by], signed, approval.statement()):
                raise UsageError(
                    Say(
                        f"This is not the key of '{by}'. Nothing was signed.",
                        f"Ce n'est pas la clé de « {by} ». Rien n'a été signé.",
                    ),
                    Say(
                        f"Its public half stands nowhere as {by}.pub.",
                        f"Sa moitié publique n'est nulle part sous le nom {by}.pub.",
                    ),
                )
            approvals.keep(connection, approval, None if plan is None else plan.plan_id, signed)
            ledger.audit(
                connection,
                by,
                "approve",
                what,
                {"definition": definition.sha, "plan": whole, "role": approval.role},
            )
    return made


def take_back(
    connection: Connection,
    project: Project,
    what: str,
    channels: Mapping[str, Channel],
    *,
    by: str,
    now: dt.datetime,
) -> int:
    """Take back what a person agreed to; return how many approvals. What runs already runs on: see pause and cancel."""
    plan, definition = wanted(connection, project, what, channels)
    plan_id = None if plan is None else plan.plan_id
    with connection.transaction():
        count = approvals.take_back(connection, by, definition.sha, plan_id, now)
        ledger.audit(connection, by, "take back approval", what, {"approvals": count})
    return count


def wanted(
    connection: Connection, project: Project, what: str, channels: Mapping[str, Channel]
) -> tuple[KeptPlan | None, Definition]:
    """Return the plan and the definition that somebody means by a plan's id, or by a campaign's name.

    Raises:
        UsageError: there is neither.
        GuardStopped: the files are no longer those of the plan.
    """
    plan = None
    name = what
    if what not in project.campaigns:
        plan = plans.kept(connection, what)
        if plan is None:
            project.campaign(what)  # tells which campaigns there are, or what is wrong with the files
            raise UsageError(Say(f"There is no plan '{what}'.", f"Il n'y a pas de plan « {what} »."))
        name = plan.campaign
    sha, files = project.definition(name)
    if plan is not None:
        hold_files(connection, plan, sha, files)
    return plan, understood(sha, files, name, tuple(channel.step for channel in channels.values()))


def listed(
    connection: Connection,
    project: Project,
    campaign: str | None,
    channels: Mapping[str, Channel],
    keys: Keys,
) -> list[Signed]:
    """Return every approval of a campaign, or of all, newest first, each with why it no longer counts."""
    found: list[Signed] = []
    known: dict[str, Definition] = {}
    steps = tuple(channel.step for channel in channels.values())
    for one in approvals.of_campaign(connection, campaign):
        name = one.approval.campaign
        if name not in project.campaigns:
            found.append(replace(one, void=Say("its campaign is gone", "sa campagne a disparu")))
            continue
        if name not in known:
            known[name] = understood(*project.definition(name), name, steps)
        plan = None if one.plan_id is None else plans.kept(connection, one.plan_id)
        whole = None if plan is None else plans.whole_sha(connection, plan)
        found.append(_judged(connection, one, known[name], plan, whole, keys))
    return found


def authority(
    connection: Connection, definition: Definition, slot: str, plan: KeptPlan | None, keys: Keys
) -> KeptPlan | None:
    """Return the plan that a run is bound to by those who agreed to it; `None`: they agreed to any slot.

    Without a plan, the newest that everybody agreed to for the slot is taken, then an agreement to the campaign as
    such, within its guards. Where the policy asks nobody, the plan is returned as it is.

    Raises:
        GuardStopped: somebody's agreement is missing, or no longer counts; the refusal names the files that differ.
    """
    campaign, rule = definition.campaign, definition.policy.approval
    if rule is None or not is_needed(rule, campaign.purpose):
        return plan
    signed = approvals.of_campaign(connection, campaign.campaign)
    candidates = [plan] if plan is not None else []
    if plan is None:
        for plan_id in approvals.plans_of_slot(connection, campaign.campaign, slot, definition.sha):
            kept = plans.kept(connection, plan_id)
            candidates += [kept] if kept is not None else []
    judged: list[Signed] = []
    for candidate in candidates:
        whole = plans.whole_sha(connection, candidate)
        of_it = [
            _judged(connection, one, definition, candidate, whole, keys)
            for one in signed
            if one.plan_id in (candidate.plan_id, None)
        ]
        if not missing_roles(rule, of_it):
            return candidate
        judged += of_it
    if plan is None:
        any_slot = [
            _judged(connection, one, definition, None, None, keys) for one in signed if one.plan_id is None
        ]
        if not missing_roles(rule, any_slot):
            return None
        judged += any_slot
    raise _refused(connection, definition, rule, plan, judged or _all(connection, signed, definition, keys))


def _all(
    connection: Connection, signed: Iterable[Signed], definition: Definition, keys: Keys
) -> list[Signed]:
    return [_judged(connection, one, definition, None, one.approval.plan_sha, keys) for one in signed]


def _judged(
    connection: Connection,
    one: Signed,
    definition: Definition,
    plan: KeptPlan | None,
    whole: str | None,
    keys: Keys,
) -> Signed:
    """Return an approval with why it does not count for a definition and a plan; `None` if it does."""
    said, rule = one.approval, definition.policy.approval
    void = None
    if one.withdrawn_at is not None:
        void = Say("taken back", "retirée")
    elif said.definition_sha != definition.sha:
        which = differing(ledger.definition(connection, said.definition_sha), definition.files)
        void = Say(f"given for other files:\n{which.en}", f"donnée pour d'autres fichiers :\n{which.fr}")
    elif one.plan_id is not None and said.plan_sha != whole:
        void = Say("given for another plan", "donnée pour un autre plan")
    elif rule is None or said.by not in rule.roles.get(said.role, []):
        void = Say("no longer in this role", "n'a plus ce rôle")
    elif said.by in authors(definition, plan):
        void = Say("given by the author", "donnée par l'auteur")
    elif said.by not in keys:
        void = Say("whose key is not known here", "dont la clé est inconnue ici")
    elif not signature.is_signed(keys[said.by], one.signature, said.statement()):
        void = Say("its signature is false", "sa signature est fausse")
    return replace(one, void=void)


def _refused(
    connection: Connection,
    definition: Definition,
    rule: ApprovalRule,
    plan: KeptPlan | None,
    judged: list[Signed],
) -> GuardStopped:
    missing = ", ".join(missing_roles(rule, judged)) or ", ".join(rule.roles)
    what = plan.plan_id if plan is not None else definition.campaign.campaign
    void_en = "".join(f"\n{_told(one)}: {one.void.en}" for one in judged if one.void is not None)
    void_fr = "".join(f"\n{_told(one)} : {one.void.fr}" for one in judged if one.void is not None)
    return GuardStopped(
        Say(
            f"'{what}' has not been approved by: {missing}. Nothing was sent.{void_en}",
            f"« {what} » n'a pas été validé par : {missing}. Rien n'est parti.{void_fr}",
        ),
        Say(  # no names: Prefect keeps this
            "campaigns/policy.yaml says who may; they write: touchbase approve PLAN. See 'touchbase approvals'.",
            "campaigns/policy.yaml dit qui le peut ; ils écrivent : touchbase approve PLAN. Voyez « touchbase approvals ».",
        ),
    )


def _told(one: Signed) -> str:
    return f"  {one.approval.role}, {one.approval.at:%Y-%m-%d}"


def _who_may(rule: ApprovalRule | None) -> Say:
    if rule is None or not rule.roles:
        return Say(
            "campaigns/policy.yaml names nobody who may: write 'approval: {roles: {regulatory: [claire-morel]}}'.",
            "campaigns/policy.yaml ne nomme personne : écrivez « approval: {roles: {regulatory: [claire-morel]}} ».",
        )
    roles = "; ".join(f"{role}: {', '.join(people)}" for role, people in rule.roles.items())
    return Say(
        f"Who may: {roles}. They write: touchbase approve PLAN.",
        f"Qui le peut : {roles}. Ils écrivent : touchbase approve PLAN.",
    )


def _bounded(definition: Definition) -> None:
    """Refuse a signature under whatever may come: a campaign that plans itself needs guards."""
    campaign = definition.campaign
    if (campaign.audience.expect or campaign.audience.max) and campaign.budget:
        return
    raise GuardStopped(
        Say(
            f"'{campaign.campaign}' would plan itself at each slot, and nothing bounds it. Nothing was signed.",
            f"« {campaign.campaign} » se planifierait à chaque départ sans aucune limite. Rien n'a été signé.",
        ),
        Say(
            "Write 'expect' or 'max' below 'audience', and 'budget'; or approve one plan.",
            "Écrivez « expect » ou « max » sous « audience », et « budget » ; ou validez un plan.",
        ),
    )


def _runnable(plan: KeptPlan) -> None:
    stops = [str(stop) for stop in plan.document.get("stops", [])]
    if stops:
        words = "\n".join(f"  {stop}" for stop in stops)
        raise GuardStopped(
            Say(
                f"Plan {plan.plan_id} would stop before anything is sent. Nothing was signed.\n{words}",
                f"Le plan {plan.plan_id} s'arrêterait avant tout envoi. Rien n'a été signé.\n{words}",
            ),
            Say("Correct it and make a new plan.", "Corrigez-le et refaites un plan."),
        )
