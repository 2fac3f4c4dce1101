"""Talking points: a Markdown file with front matter, filled for each customer of a visit.

    ---
    title: Rentrée vaccinale
    materials: [HIV-2026-004]
    ask: [email, hours]
    ---
    - Rappeler à {{ customer.name }} ...

Each paragraph or list item is one point. `ask` names what the company does not know of the customer
and the rep may find out.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from io import StringIO
from typing import Final

from pydantic import Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from engine.content.fill import Template, Unfillable, compile_text, names, words
from engine.model.written import Written
from engine.problems import FilesError, Problem, Say, Span, did_you_mean

_FRONT: Final = re.compile(r"\A---\n(.*?\n)---\n(.*)\Z", re.DOTALL)
_ITEM: Final = re.compile(r"^(?:[-*]|\d+\.)\s+")

DATA: Final[Mapping[str, Say]] = {
    "email": Say("e-mail address", "adresse e-mail"),
    "phone": Say("phone number", "téléphone"),
    "consent_email": Say("consent to e-mails", "accord pour les e-mails"),
    "hours": Say("opening hours", "horaires"),
    "access_rules": Say("rules for visitors", "règles d'accès des visiteurs"),
    "practice": Say("kind of practice", "mode d'exercice"),
    "interlocutor": Say("whom to speak to", "interlocuteur"),
}
"""What a rep may be asked to find out, in the words that the rep reads."""


def to_find_out(asked: Iterable[str]) -> str:
    """Return in French, as all of a rep's files are, what is to be found out.

    >>> to_find_out(["interlocutor", "hours"])
    'interlocuteur, horaires'
    """
    return ", ".join(DATA[word].fr if word in DATA else word for word in asked)


class Front(Written):
    """What stands above the points."""

    title: str
    materials: list[str] = Field([], max_length=10, description="reference numbers to show or leave")
    hand_over: list[str] = Field([], description="documents to leave: the SmPC (RCP) and its version")
    ask: list[str] = Field([], description="what to find out: email, phone, consent_email, hours ...")
    brands: list[str] = Field([], max_length=5, description="in the order of presentation")


@dataclass(frozen=True, slots=True)
class Note:
    """Compiled talking points."""

    front: Front
    text: Template

    def points(self, values: Mapping[str, object]) -> tuple[str, ...]:
        """Return the points for one customer; `values` by dotted name.

        Raises:
            Unfillable: a value is missing that has no default.
        """
        return split(self.text.fill(values))


def split(text: str) -> tuple[str, ...]:
    """Return paragraphs and list items as points, each on one line.

    >>> split("- Saluer.\\n- Remettre la fiche\\n  de la saison.\\n\\nConclure.")
    ('Saluer.', 'Remettre la fiche de la saison.', 'Conclure.')
    """
    points: list[str] = []
    fresh = True
    for line in text.splitlines():
        said = line.strip()
        if not said:
            fresh = True
        elif fresh or _ITEM.match(said):
            points.append(_ITEM.sub("", said))
            fresh = False
        else:
            points[-1] += f" {said}"
    return tuple(points)


def file_of(template: str) -> str:
    return f"templates/{template}.md"


@lru_cache(maxsize=64)
def compiled(template: str, source: str) -> Note:
    """Return the talking points of a text.

    Raises:
        FilesError: front matter or text is wrong.
    """
    file = file_of(template)
    text = source.replace("\r\n", "\n")
    match = _FRONT.match(text)
    if match is None:
        raise FilesError([_problem(file, 1, "the talking points have no front matter",
                                   "l'argumentaire n'a pas d'en-tête", "Begin with '---', 'title: ...', '---'.")])  # fmt: skip
    front = _front(file, match[1])
    known = names()
    note = compile_text(match[2], known, file=file, first_line=match[1].count("\n") + 3)
    return Note(front, note)


def check(template: str, files: Mapping[str, str]) -> list[Problem]:
    """Return what is wrong with talking points; they have to come out for a customer of whom little is known."""
    try:
        note = compiled(template, files[file_of(template)])
    except FilesError as error:
        return list(error.problems)
    for sample in (FULL, LITTLE):
        try:
            if not note.points(sample):
                return [
                    _problem(file_of(template), 1, "says nothing", "ne dit rien", "Write at least one point.")
                ]
        except Unfillable as error:
            return [_problem(file_of(template), 1, str(error), str(error),
                             "Write {% if NAME is defined %}...{% endif %}, or {{ NAME | default('...') }}.")]  # fmt: skip
    return []


LITTLE: Final[Mapping[str, object]] = words(
    campaign={"name": "hivernax-2026", "title": "Hivernax", "brand": "HIVERNAX"},
) | {
    "customer.name": "Pharmacie Centrale",
    "customer.greeting": "Madame, Monsieur",
    "customer.language": "fr",
    "customer.country": "FR",
    "rep.name": "Paul Petit",
    "rep.code": "PHARMA-01",
    "rep.first_name": "Paul",
    "rep.last_name": "Petit",
    "rep.email": "paul.petit@example.org",
}
"""All that is known of every customer of a visit: somebody with a rep."""

FULL: Final[Mapping[str, object]] = {
    **LITTLE,
    "customer.first_name": "Claire",
    "customer.last_name": "Morel",
    "customer.town": "Rennes",
    "customer.postcode": "35000",
    "customer.department": "35",
    "customer.specialty_group": "GP",
    "rep.phone": "+33 1 99 00 00 01",
    "offer.code": "DPD26-A",
    "offer.discount": "10 %",
    "offer.free_goods": "10+1",
    "offer.label": "10 % de remise",
}


def _front(file: str, text: str) -> Front:
    # Front matter is small and ours: no anchors, no tags, no second meaning of a key.
    try:
        yaml = YAML(typ="safe", pure=True)
        if any(getattr(event, "anchor", None) for event in yaml.parse(StringIO(text))):
            raise YAMLError("anchors are not allowed")
        front = Front.model_validate(YAML(typ="safe", pure=True).load(text))
    except ValidationError as error:
        raise FilesError([
            _problem(file, _line_of(text, fault["loc"]), f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}",
                     f"{'.'.join(map(str, fault['loc']))} : {fault['msg']}",
                     f"Known here: {', '.join(Front.model_fields)}.")
            for fault in error.errors()
        ]) from None  # fmt: skip
    except YAMLError as error:
        mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
        said = error.problem if isinstance(error, MarkedYAMLError) else str(error)
        raise FilesError([_problem(file, 2 + (mark.line if mark else 0), f"the front matter does not parse: {said}",
                                   f"l'en-tête ne se lit pas : {said}", "Write 'title: ...'.")]) from None  # fmt: skip
    wrong = [word for word in front.ask if word not in DATA]
    if wrong:
        raise FilesError([
            Problem(Span(file, _line_of(text, ("ask",))),
                    Say(f"nobody can be asked for '{wrong[0]}'", f"on ne peut pas demander « {wrong[0]} »"),
                    did_you_mean(wrong[0], DATA))
        ])  # fmt: skip
    return front


def _line_of(text: str, path: tuple[int | str, ...]) -> int:
    key = str(path[0]) if path else ""
    for number, line in enumerate(text.splitlines(), 2):
        if line.startswith(f"{key}:"):
            return number
    return 1


def _problem(file: str, line: int, en: str, fr: str, remedy: str) -> Problem:
    return Problem(Span(file, line), Say(en, fr), Say(remedy, remedy))
