"""A run's pinned definition, understood: what it was told to do, whatever the files say today."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from engine.content.card import card
from engine.content.notes import compiled, file_of
from engine.contract import Channel, Wave
from engine.loading import segments as segment_files
from engine.loading.project import campaign_from, packs, policy_from
from engine.model.campaign import AnyCampaign, Step
from engine.model.material import Material
from engine.model.policy import Policy, RulePack
from engine.model.segment import Library
from engine.model.written import RunId
from engine.problems import FilesError
from engine.store import ledger
from engine.store.database import Connection
from engine.store.journey import MaterialLimits, Reach


@dataclass(frozen=True, slots=True)
class Definition:
    """Campaign, segments, policy and rules under one hash."""

    sha: str
    campaign: AnyCampaign
    library: Library
    policy: Policy
    rules: RulePack
    files: Mapping[str, str]

    def wave(self, run_id: RunId, step_name: str, on: dt.datetime) -> Wave:
        """Return one step of a run, as its channel takes it."""
        campaign = self.campaign
        offers = {name: cell.offer for name, cell in campaign.cells.items() if cell.offer is not None}
        return Wave(run_id, campaign, step_name, campaign.steps[step_name], offers, self.files, on, self.sha)

    def reach(self, step_name: str, channel: Channel, pepper: str) -> Reach:
        """Return how a step reaches people: what its channel needs, whom its rep must be, what its material allows."""
        task = getattr(self.campaign.steps[step_name], "task", None)
        template = self.template(step_name)
        limits = material_limits(
            None if template is None else card(self.files, template), self.references(step_name)
        )
        return Reach(channel.contact_point, pepper, getattr(task, "reps", None), limits)

    def template(self, step_name: str) -> str | None:
        """Return what a step says: the template of a mail or letter, the talking points of a visit."""
        step: Step = self.campaign.steps[step_name]
        said = getattr(step, "template", None) or getattr(getattr(step, "task", None), "talking_points", None)
        return None if said is None else str(said)

    def templates(self) -> list[str]:
        """Return the templates of all steps, each once."""
        return sorted({name for name in map(self.template, self.campaign.steps) if name is not None})

    def references(self, step_name: str) -> tuple[str, ...]:
        """Return the reference numbers of what a step shows or hands over: its own, and those its talking points name."""
        template = self.template(step_name)
        material = None if template is None else card(self.files, template)
        found = [] if material is None else [material.reference]
        if template is not None and file_of(template) in self.files:
            found += compiled(template, self.files[file_of(template)]).front.materials
        return tuple(found)

    def price(self, step_name: str) -> Decimal:
        """Return what one touch of a step costs: what the step says, else the policy, in euros."""
        step = self.campaign.steps[step_name]
        own = getattr(step, "cost", None)
        return own if own is not None else self.policy.costs.get(step.channel, Decimal(0))


def material_limits(material: Material | None, references: tuple[str, ...] = ()) -> MaterialLimits:
    """Return whom a material may be shown and when (C-30, C-36); a step without a card has no such limits.

    The day a card says the material was withdrawn is the first on which it may not go out.
    """
    if material is None:
        return MaterialLimits(references)
    audience, visa = material.audience, material.visa
    ends = [] if visa is None else [visa.expires]
    if material.withdrawn is not None:
        ends.append(material.withdrawn - dt.timedelta(days=1))
    return MaterialLimits(
        references,
        material.approved is not None,
        tuple(audience.countries),
        tuple(audience.kinds) or None,
        tuple(audience.specialty_groups) or None,
        None if visa is None else visa.granted,
        min(ends, default=None),
    )


def understood(sha: str, files: Mapping[str, str], name: str, steps: tuple[type[Step], ...]) -> Definition:
    """Return what files say of one campaign; `sha` is their hash, so reading them once a process is enough.

    Raises:
        FilesError: this engine cannot carry it out.
    """
    if sha in _cache:
        return _cache[sha]
    library, problems = segment_files.from_texts(files)
    if problems:
        raise FilesError(problems)
    campaign = campaign_from(files, name, steps)
    made = Definition(sha, campaign, library, policy_from(files), packs()[campaign.country], files)
    _cache[sha] = made
    return made


_cache: dict[str, Definition] = {}


def pinned(connection: Connection, sha: str, name: str, channels: Mapping[str, Channel]) -> Definition:
    """Return a run's definition from the database; it never changes."""
    if sha in _cache:
        return _cache[sha]
    files = ledger.definition(connection, sha)
    return understood(sha, files, name, tuple(channel.step for channel in channels.values()))
