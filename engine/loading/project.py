"""A project's files, all of them, read once: what they say and everything that is wrong with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, reduce
from hashlib import sha256
from importlib.resources import files as package_files
from operator import or_
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import Field, TypeAdapter

from engine.content.attachments import LARGEST, as_text, is_attachable, unread
from engine.loading import materials
from engine.loading import segments as segment_files
from engine.loading.campaign_meaning import campaign_faults, policy_faults
from engine.loading.campaign_names import name_faults
from engine.loading.prescription import prescription_faults
from engine.loading.project_files import bytes_of, not_utf8, outside
from engine.loading.source import Source, parse, read
from engine.loading.validation import build
from engine.model.campaign import AnyCampaign, Campaign, Step
from engine.model.policy import Policy, RulePack
from engine.model.segment import Library
from engine.problems import Fault, FilesError, Problem, Say, Span, UsageError, did_you_mean

READ_ELSEWHERE: Final = (".yaml", ".sql")
"""Whoever understands these tells what keeps them from being read."""

TEXTS: Final = (".yaml", ".mjml", ".typ", ".md", ".sql", ".html", ".svg", ".ics", ".pdf")


@dataclass(frozen=True, slots=True)
class Project:
    """What the files of one folder say; `problems` is all that keeps them from being carried out."""

    root: Path
    campaigns: Mapping[str, AnyCampaign]
    library: Library
    policy: Policy | None
    rules: Mapping[str, RulePack]
    files: Mapping[str, str]  #: path -> text, everything a definition may need
    sources: Mapping[str, Source]  #: of campaigns, by name: where things stand
    problems: Sequence[Problem] = field(default_factory=tuple)

    def campaign(self, name: str) -> AnyCampaign:
        """Return a campaign whose files are in order.

        Raises:
            UsageError: no campaign of that name.
            FilesError: something is wrong with the project's files.
        """
        if self.problems:
            raise FilesError(self.problems)
        if name not in self.campaigns:
            raise UsageError(
                Say(f"There is no campaign '{name}'.", f"Il n'y a pas de campagne « {name} »."),
                did_you_mean(name, self.campaigns),
            )
        return self.campaigns[name]

    def definition(self, name: str) -> tuple[str, dict[str, str]]:
        """Return the content hash and the files that a campaign's run is pinned to.

        Everything it may read is in it: campaign, policy, segments, facts, its templates and cards, and
        of the files that mails may bring those that its steps attach, wherever they stand, and no others.
        """
        campaign = self.campaign(name)
        folders = {
            str(step.template).rsplit("/", 1)[0]
            for step in campaign.steps.values()
            if getattr(step, "template", None)
        }
        for step in campaign.steps.values():
            points = getattr(getattr(step, "task", None), "talking_points", None)
            if points:
                folders.add(str(points).rsplit("/", 1)[0])
        prefixes = ("segments/", "templates/shared/", *(f"templates/{folder}/" for folder in folders))
        own = {self.sources[name].name, "campaigns/policy.yaml", *_attached(campaign)}
        kept = {
            path: text
            for path, text in self.files.items()
            if path in own or (path.startswith(prefixes) and not is_attachable(path))
        }
        digest = sha256()
        for path in sorted(kept):
            digest.update(f"{path}\0{len(kept[path])}\0{kept[path]}\0".encode())
        return digest.hexdigest(), kept


def load(root: Path, steps: Sequence[type[Step]]) -> Project:
    """Return the project under `root`, with every problem of every file.

    `steps` are the models of the installed channels: what a step of a campaign may say.
    """
    problems: list[Problem] = []
    texts: dict[str, str] = {}
    for folder in ("campaigns", "segments", "templates"):
        for path in sorted((root / folder).rglob("*")):
            name = path.relative_to(root).as_posix()
            if (
                path.suffix in TEXTS
                and path.is_file()
                and not any(part.startswith(".") for part in name.split("/"))
            ):
                if is_attachable(name):  # read where a step attaches it
                    wrong = outside(root, name)
                    problems += wrong
                    texts |= {} if wrong else {name: unread(path.stat().st_size)}
                    continue
                raw, wrong = bytes_of(root, name)
                if raw is None:
                    problems += [] if path.suffix in READ_ELSEWHERE else wrong
                    continue
                # A text that is not UTF-8 is told once, and kept: nobody then says that there is no such template.
                texts[name] = raw.decode("utf-8-sig", errors="replace")
                wrong = [] if path.suffix in READ_ELSEWHERE else not_utf8(raw, name)
                problems += wrong
            elif path.suffix == ".yml" and path.is_file():
                problems.append(
                    Problem(
                        Span(name),
                        Say("is not read: its name ends in .yml", "n'est pas lu : son nom finit en .yml"),
                        Say(
                            f"Rename it to {path.stem}.yaml, or take it out of the folder.",
                            f"Renommez-le {path.stem}.yaml, ou retirez-le du dossier.",
                        ),
                    )
                )
    library, wrong = segment_files.load(root / "segments")
    problems += wrong
    _, wrong = materials.load(root)
    problems += wrong
    rules = packs()
    policy, wrong = read_policy(root)
    problems += wrong
    written, _ = read(root, "campaigns/policy.yaml")
    if policy is not None and written is not None:
        problems += [written.problem(fault) for fault in policy_faults(policy, library.catalogue)]
    campaigns, sources = _campaigns(root, steps, library, policy, problems)
    attached = {path for campaign in campaigns.values() for path in _attached(campaign)}
    problems += _read_attached(root, sorted(attached & set(texts)), texts)
    for key, campaign in campaigns.items():
        problems += [sources[key].problem(fault) for fault in prescription_faults(campaign, library, texts)]
    return Project(
        root, campaigns, library, policy, rules, texts, sources, tuple(sorted(problems, key=lambda p: p.span))
    )


def _attached(campaign: AnyCampaign) -> set[str]:
    """Return the paths of the files that a campaign's mails bring along."""
    return {
        f"templates/{name}" for step in campaign.steps.values() for name in getattr(step, "attachments", ())
    }


def _read_attached(root: Path, names: Sequence[str], texts: dict[str, str]) -> list[Problem]:
    """Put what the attached files hold into `texts`; one that is too large for any mail stays unread."""
    problems: list[Problem] = []
    for name in names:
        if (root / name).stat().st_size > LARGEST:
            continue  # told at the step that attaches it
        raw, wrong = bytes_of(root, name)
        problems += wrong
        if raw is None:
            continue
        texts[name] = as_text(raw)
        if not name.endswith(".pdf"):
            problems += not_utf8(raw, name)
    return problems


def campaign_from(files: Mapping[str, str], name: str, steps: Sequence[type[Step]]) -> AnyCampaign:
    """Return the campaign that a stored definition says.

    Raises:
        FilesError: this engine no longer understands the definition.
    """
    for path, text in files.items():
        if not path.startswith("campaigns/") or path == "campaigns/policy.yaml":
            continue
        source, wrong = parse(text, path)
        if source is not None and source.root is not None and source.root.get("campaign") == name:
            made = build(source, adapter(steps))
            if made[0] is not None:
                return made[0]
            wrong = made[1]
        if wrong:
            raise FilesError(wrong)
    raise UsageError(
        Say(f"The definition holds no campaign '{name}'.", f"La définition ne contient pas « {name} ».")
    )


def policy_from(files: Mapping[str, str]) -> Policy:
    """Return the policy that a stored definition says.

    Raises:
        FilesError: this engine no longer understands it.
    """
    source, wrong = parse(files["campaigns/policy.yaml"], "campaigns/policy.yaml")
    if source is not None:
        policy, wrong = build(source, Policy)
        if policy is not None:
            return policy
    raise FilesError(wrong)


def adapter(steps: Sequence[type[Step]]) -> TypeAdapter[AnyCampaign]:
    """Return the validator of campaigns whose steps may be of these channels."""
    union: Any = reduce(or_, steps)
    one: Any = Annotated[union, Field(discriminator="channel")] if len(steps) > 1 else union
    return TypeAdapter(Campaign[one])


@cache
def packs() -> Mapping[str, RulePack]:
    """Return the rule packs that this engine ships, by country.

    Raises:
        FilesError: one of them is wrong; a slip of ours.
    """
    found: dict[str, RulePack] = {}
    for entry in (package_files("engine.loading") / "packs").iterdir():
        if entry.name.endswith(".yaml"):
            source, wrong = parse(entry.read_text(encoding="utf-8"), entry.name)
            pack, more = (None, wrong) if source is None else build(source, RulePack)
            if pack is None:
                raise FilesError([*wrong, *more])
            found[pack.country] = pack
    return found


def read_policy(root: Path) -> tuple[Policy | None, list[Problem]]:
    """Return the company's contact policy, or what keeps it from being read."""
    return policy_in(root, "campaigns/policy.yaml")


def policy_in(root: Path, name: str) -> tuple[Policy | None, list[Problem]]:
    """Return the policy that a file below `root` says, or what keeps it from being read."""
    source, wrong = read(root, name)
    return (None, wrong) if source is None else build(source, Policy)


def _campaigns(
    root: Path, steps: Sequence[type[Step]], library: Library, policy: Policy | None, problems: list[Problem]
) -> tuple[dict[str, AnyCampaign], dict[str, Source]]:
    campaigns: dict[str, AnyCampaign] = {}
    sources: dict[str, Source] = {}
    validator = adapter(steps)
    named: dict[str, tuple[str, Source]] = {}
    for path in sorted((root / "campaigns").glob("*.yaml")):
        name = path.relative_to(root).as_posix()
        if path.name == "policy.yaml":
            continue
        source, wrong = read(root, name)
        problems += wrong
        if source is None:
            continue
        made = build(source, validator)
        campaign, wrong = made
        problems += wrong
        if campaign is None:
            continue
        if campaign.campaign in named:
            other = named[campaign.campaign][0]
            problems.append(
                source.problem(
                    Fault(
                        ("campaign",),
                        Say(
                            f"the campaign '{campaign.campaign}' is already in {other}",
                            f"la campagne « {campaign.campaign} » est déjà dans {other}",
                        ),
                        Say(
                            "Give each campaign a name of its own.",
                            "Donnez à chaque campagne son propre nom.",
                        ),
                    )
                )
            )
            continue
        named[campaign.campaign] = (name, source)
        campaigns[campaign.campaign] = campaign
        sources[campaign.campaign] = source
    for key, campaign in campaigns.items():
        problems += [
            sources[key].problem(fault)
            for fault in (
                *name_faults(campaign, library, policy, set(campaigns)),
                *campaign_faults(campaign, library),
            )
        ]
    return campaigns, sources
