"""Play: a campaign's own examples, in memory, held against what their author expects."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from engine.loading.examples import customer_of
from engine.loading.project import Project
from engine.model.campaign import AnyCampaign, CampaignExample
from engine.model.clauses import Path
from engine.model.policy import Policy
from engine.model.segment import Segment
from engine.problems import Fault, FilesError, Problem, Say, UsageError
from engine.rules.playing import Played, is_wanted, play
from engine.rules.schedule import slots_between

DAYS = 90


@dataclass(frozen=True, slots=True)
class Shown:
    """One example, what became of each step, and what its author expected otherwise."""

    title: str
    played: Sequence[Played]
    problems: Sequence[Problem]
    zone: str
    enrolled: dt.datetime

    def day(self, at: dt.datetime) -> int:
        """Return the day of a moment, counted from the day of enrolment in the campaign's zone."""
        zone = ZoneInfo(self.zone)
        return (at.astimezone(zone).date() - self.enrolled.astimezone(zone).date()).days

    def said(self, one: Played) -> str:
        """Return what became of a step, in the words of the file."""
        if one.reason is not None:
            return one.reason
        return f"day {self.day(one.at)} {one.at.astimezone(ZoneInfo(self.zone)):%H:%M}"


def play_examples(project: Project, name: str) -> list[Shown]:
    """Return how each example of a campaign goes, through 90 days.

    Raises:
        FilesError: the project's files are wrong.
        UsageError: no such campaign, or it has no examples.
    """
    campaign = project.campaign(name)
    if project.policy is None:
        raise FilesError(project.problems)
    if not campaign.examples:
        raise UsageError(
            Say(f"'{name}' has no examples to play.", f"« {name} » n'a pas d'exemples à jouer."),
            Say(
                "Add 'examples:' with a title, a customer, what they do ('then') and what they get ('expect').",
                "Ajoutez « examples: » avec un titre, un client, ce qu'il fait (« then ») et ce qu'il reçoit (« expect »).",
            ),
        )
    schedule = campaign.schedule
    first = schedule.start or dt.datetime(2026, 1, 1)  # noqa: DTZ001 - local by meaning
    begin = first.replace(tzinfo=ZoneInfo(schedule.timezone)) - dt.timedelta(days=1)
    slot = next(slots_between(schedule, begin, begin + dt.timedelta(days=400)), None)
    if slot is None:
        raise UsageError(
            Say(f"'{name}' has no slot within a year.", f"« {name} » n'a pas de départ d'ici un an.")
        )
    source = project.sources[name]
    shown = []
    for number, example in enumerate(campaign.examples):
        played, faults = _played(project, project.policy, campaign, example, slot.at, ("examples", number))
        found = Shown(example.title, tuple(played), (), schedule.timezone, slot.at)
        faults += list(_differences(found, campaign, example, ("examples", number))) if not faults else []
        shown.append(
            Shown(
                example.title,
                found.played,
                tuple(source.problem(fault) for fault in faults),
                schedule.timezone,
                slot.at,
            )
        )
    return shown


def _played(
    project: Project,
    policy: Policy,
    campaign: AnyCampaign,
    example: CampaignExample,
    enrolled: dt.datetime,
    path: Path,
) -> tuple[list[Played], list[Fault]]:
    segment = project.library.segments[campaign.audience.segment]
    faults, known = customer_of(segment, example.customer, project.library, enrolled, (*path, "customer"))
    if faults:
        return [], faults
    if isinstance(segment, Segment) and not is_wanted(campaign, known, project.library, enrolled):
        return [], [
            Fault(
                (*path, "customer"),
                Say(
                    f"this customer is not in the audience of '{campaign.campaign}'",
                    f"ce client n'est pas dans l'audience de « {campaign.campaign} »",
                ),
                Say(
                    f"Give them what segment '{segment.segment}' asks for.",
                    f"Donnez-lui ce que demande le segment « {segment.segment} ».",
                ),
                of_key=True,
            )
        ]
    cell = example.cell or next(iter(campaign.cells), None)
    played, unheard = play(
        campaign, project.library, policy, known, enrolled,
        withheld=example.withheld, cell=cell, deeds=example.then, days=DAYS,
    )  # fmt: skip
    for deed in unheard:
        ((what, about),) = deed.deeds().items()
        faults.append(
            Fault(
                (*path, "then", example.then.index(deed)),
                Say(
                    f"on day {deed.day} '{what}' answers '{about}', which has not reached them",
                    f"au jour {deed.day}, « {what} » répond à « {about} », qui ne l'a pas atteint",
                ),
                Say("Let the step reach them first.", "Que l'étape l'atteigne d'abord."),
            )
        )
    return played, faults


def _differences(
    found: Shown, campaign: AnyCampaign, example: CampaignExample, path: Path
) -> Iterator[Fault]:
    came = {one.step: one for one in found.played}
    for step in sorted({*example.expect} - {*campaign.steps}):
        yield Fault(
            (*path, "expect", step),
            Say(f"there is no step '{step}'", f"il n'y a pas d'étape « {step} »"),
            Say(f"Known here: {', '.join(campaign.steps)}.", f"Connues ici : {', '.join(campaign.steps)}."),
            of_key=True,
        )
    for step in campaign.steps:
        expected, one = example.expect.get(step), came.get(step)
        if expected in ("no", "never"):
            expected = None
        is_said = None if one is None else found.said(one)
        if expected is None and is_said is None:
            continue
        if (
            expected is not None
            and is_said is not None
            and (is_said == expected or is_said.rsplit(" ", 1)[0] == expected)
        ):
            continue
        if expected is None:
            where: Path = (*path, "expect")
        else:
            where = (*path, "expect", step)
        yield Fault(
            where,
            Say(
                f"'{step}': expected {expected or 'nothing'}, came {is_said or 'nothing'}",
                f"« {step} » : attendu {expected or 'rien'}, venu {is_said or 'rien'}",
            ),
            Say("Correct the campaign or the example.", "Corrigez la campagne ou l'exemple."),
            of_key=expected is None,
        )
