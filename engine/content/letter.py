"""Letters: one typst template, one PDF for a whole print batch, and on which page each piece begins.

A template is a typst file that defines two names:

    #let paper = (margin: 20mm)          // how its pages are set
    #let letter(piece) = [ ... ]         // what one customer gets; it begins on a page of its own

`piece` is a dictionary of texts: `piece.lines`, `piece.code`, `piece.link`, `piece.qr` (an SVG),
`piece.date`, `piece.customer.name`, `piece.material.reference` ... What a customer lacks is not in
it, and asking for what is not there is an error; so `check` sets two samples, one with everything
and one with next to nothing, and the template has to come out for both. Values arrive as data, in
`sys.inputs`; typst takes no text for markup unless it is told to, and a template may not tell it.

What people are called and where they live (`FREE`, and the lines of the address) arrives as content
that is equal to nothing: a template can show it, and can do nothing with it that would fail for one
name and not for another; to compare it is refused, since the answer is always no. What is left (codes,
facts, what is there at all) makes few shapes, and `TrialSetting` sets one piece of each before anything leaves.
"""

import datetime as dt
import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from engine.content import press
from engine.problems import Problem, Say, Span

TEMPLATES: Final = "templates"
FONTS: Final = ("Libertinus Serif", "New Computer Modern", "DejaVu Sans Mono")
"""The fonts that travel with typst: the same letter on every machine."""

_MAIN: Final = """\
#import "/{file}": letter, paper
#set document(title: sys.inputs.title)
#set text(lang: "fr", region: "FR", font: "Libertinus Serif", size: 11pt)
#set page(paper: "a4")
#set page(..paper)
#let common = json(bytes(sys.inputs.common))
#let free = json(bytes(sys.inputs.free))
#let told(piece) = {{
  let shown(text) = [#text#metadata(none)]
  for (group, keys) in free {{
    if group in piece {{
      for key in keys {{ if key in piece.at(group) {{ piece.at(group).insert(key, shown(piece.at(group).at(key))) }} }}
    }}
  }}
  if "lines" in piece {{ piece.lines = piece.lines.map(shown) }}
  piece
}}
#for (place, piece) in json(bytes(sys.inputs.pieces)).enumerate() {{
  if place > 0 {{ pagebreak() }}
  counter(page).update(1)
  [#metadata(place)<piece>]
  letter(told((: ..common, ..piece)))
}}
#context [#metadata((
  starts: query(<piece>).map(mark => mark.location().page()),
  pages: counter(page).final(),
  last: here().page(),
))<map>]
"""

FREE: Final[Mapping[str, Sequence[str]]] = {
    "customer": ("name", "greeting", "first_name", "last_name", "org_name", "town", "street"),
    "rep": ("name", "first_name", "last_name", "phone", "email"),
    "offer": ("label",),
}
"""What is written freely, by people: shown, and nothing else."""

_READS: Final = "(?:eval|plugin|read|json|csv|xml|yaml|toml|cbor|sys)"
_FORBIDDEN: Final = (
    (re.compile(rf"\b{_READS}\s*[(.]|[=#]\s*{_READS}\b|[(,]\s*{_READS}\s*[,)]"), "takes data for code, or reads files"),
    (re.compile(r'"(@|\\u)'), "loads a package from the network"),
    (re.compile(r"\brepr\s*\(|\.(fields\s*\(|children\b)"), "takes apart what is only to be shown"),
)  # fmt: skip
_FREE_VALUE: Final = (
    r"(?:piece\.)?(?:{groups})\.(?:(?:{keys})\b(?![-(])|at\(\s*\"(?:{keys})\"[^()]*\))".format(
        groups="|".join(FREE), keys="|".join(sorted({key for keys in FREE.values() for key in keys}))
    )
)
"""`piece.customer.town`, `piece.customer.at("town", default: "")`."""
_NAMED: Final = re.compile(rf"\blet\s+([\w-]+)\s*=\s*{_FREE_VALUE}(?!\s*[!=]=)")
_COMMENT: Final = re.compile(r"(?<!:)//.*")
_QUOTED: Final = re.compile(r"the text `.*?` (?=could not)", re.DOTALL)  # a value, of one customer
_SEARCHED: Final = re.compile(r" \(searched at .*\)")  # a folder of this run: nobody's business
_UNRESOLVED: Final = re.compile(r"unresolved import\n.*main\.typ:1:(\d+)\n")
_PLACE: Final = re.compile(r"┌─ (?:\S*?)(templates/\S+?\.typ):(\d+):(\d+)")


class LetterError(Exception):
    """A template that does not come out; carries its problems. No value is quoted."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(f"{problem.span}: {problem.what}" for problem in problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Printed:
    """A print batch as one PDF/A-2b."""

    pdf: bytes
    starts: tuple[int, ...]  #: first page of each piece, from 1
    pages: int

    def pages_of(self, place: int) -> int:
        """Return how many pages the piece at a place has."""
        following = self.starts[place + 1] if place + 1 < len(self.starts) else self.pages + 1
        return following - self.starts[place]


def printed(
    template: str,
    files: Mapping[str, str],
    pieces: Sequence[Mapping[str, Any]],
    *,
    common: Mapping[str, Any],
    title: str,
    at: dt.datetime,
) -> Printed:
    """Return the letters of all pieces, in their order.

    The same arguments give the same bytes: the PDF's date is `at`.

    Args:
        template: 'hivernax/letter', for templates/hivernax/letter.typ.
        files: The project's files by path; all `.typ` and `.svg` below templates/ may be imported.
        common: What is the same for all; a piece has its keys too.

    Raises:
        LetterError: the template is missing or does not come out.
    """
    file = file_of(template)
    if file not in files:
        raise LetterError([_missing(file)])
    with tempfile.TemporaryDirectory(prefix="touchbase-letter-") as folder:
        root = Path(folder)
        for name, text in files.items():
            path = PurePosixPath(name)
            if path.parts[0] == TEMPLATES and ".." not in path.parts and path.suffix in (".typ", ".svg"):
                (root / path.parent).mkdir(parents=True, exist_ok=True)
                (root / path).write_text(text, encoding="utf-8")
        main = root / "main.typ"
        main.write_text(_MAIN.format(file=file), encoding="utf-8")
        fixed = {
            "title": title,
            "common": json.dumps(dict(common), ensure_ascii=False),
            "free": json.dumps(FREE),
        }
        try:
            made = press.pressed(main, pieces, fixed, int(at.timestamp()))
        except press.Jam as jam:
            raise LetterError([_located(jam, file)]) from None
    if len(made.starts) != len(pieces):
        raise LetterError([_problem(file, "a piece has no page", "une pièce n'a pas de page")])
    return Printed(made.pdf, made.starts, made.pages)


class TrialSetting:
    """Sets one piece of each shape, so that a letter that fails for one customer is found before any is printed."""

    def __init__(
        self, template: str, files: Mapping[str, str], *, common: Mapping[str, Any], at: dt.datetime
    ) -> None:
        self._template, self._files, self._common, self._at = template, files, common, at
        text = "\n".join(files[name] for name in _read_by(file_of(template), files))
        # Its own keys (piece.code) are none of customer's or rep's; under another name they count, to be sure.
        self._mentioned = set(re.findall(r"""(?:(?<!\bpiece)\.|")([\w-]+)""", text))
        self._asks_all = (
            # What dictionaries answer about all they hold; only lists know map and filter.
            re.search(r"\.(pairs|values|keys|len)\b|\bfor\b[^{\n]*\bin\s+piece", text) is not None
        )
        self._known: dict[str, Problem | None] = {}

    def failing(self, pieces: Sequence[Mapping[str, Any]]) -> dict[int, Problem]:
        """Return what keeps pieces from coming out, by their place."""
        shapes = [self._shape(piece) for piece in pieces]
        new = {shape: pieces[place] for place, shape in enumerate(shapes) if shape not in self._known}
        self._learn(list(new.items()))
        found = {place: self._known[shape] for place, shape in enumerate(shapes)}
        return {place: problem for place, problem in found.items() if problem is not None}

    def _learn(self, new: Sequence[tuple[str, Mapping[str, Any]]], problem: Problem | None = None) -> bool:
        """Know of each shape whether it comes out, by halving those among which one does not; return whether all do.

        Args:
            problem: What is known to be wrong with one of them, if it is known.
        """
        problem = problem or self._set([piece for _, piece in new])
        if problem is None or len(new) == 1:
            self._known |= {shape: problem for shape, _ in new}
            return problem is None
        half = len(new) // 2
        first_do = self._learn(new[:half])
        self._learn(
            new[half:], problem if first_do else None
        )  # typst stops at the first: then it is among these
        return False

    def _set(self, pieces: Sequence[Mapping[str, Any]]) -> Problem | None:
        if not pieces:
            return None
        try:
            printed(self._template, self._files, pieces, common=self._common, title="trial", at=self._at)
        except LetterError as error:
            return error.problems[0]
        return None

    def _shape(self, piece: Mapping[str, Any]) -> str:
        """Return what can matter to the template: which of the values that it names there are, and their codes."""
        seen: list[tuple[str, str, Any]] = []
        for group, keys in piece.items():
            if group == "lines":
                seen.append((group, "", len(keys)))
            if not isinstance(keys, Mapping):
                continue
            for key, value in (*keys.items(), *keys.get("facts", {}).items()):
                if isinstance(value, Mapping) or not (self._asks_all or key in self._mentioned):
                    continue
                seen.append((group, key, None if key in FREE.get(group, ()) else value))
        return json.dumps(sorted(seen, key=str))


def _read_by(file: str, files: Mapping[str, str]) -> set[str]:
    """Return a template and what it imports, and what that imports."""
    found, waiting = {file}, [file]
    while waiting:
        text = files.get(waiting.pop(), "")
        for name in files:
            if name.endswith(".typ") and name not in found and f'{PurePosixPath(name).name}"' in text:
                found.add(name)
                waiting.append(name)
    return found


def check(template: str, files: Mapping[str, str]) -> list[Problem]:
    """Return what is wrong with a letter's template: what it may not do, or why a sample does not come out."""
    file = file_of(template)
    if file not in files:
        return [_missing(file)]
    read = sorted(_read_by(file, files))
    found = [
        problem
        for name in read
        for problem in (*_forbidden(name, files[name]), *_compared(name, files[name]))
    ]
    if found:
        return found
    try:
        printed(
            template, files, SAMPLES, common=SAMPLE_COMMON, title="check",
            at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        )  # fmt: skip
    except LetterError as error:
        return list(error.problems)
    return []


def file_of(template: str) -> str:
    return f"{TEMPLATES}/{template}.typ"


SAMPLE_COMMON: Final[Mapping[str, Any]] = {
    "date": "13 octobre 2026",
    "campaign": {"name": "hivernax-2026", "title": "Hivernax", "brand": "HIVERNAX"},
    "material": {"reference": "HIV-2026-001", "version": "1", "title": "Lettre", "revised_on": "1er juin 2026"},
    "site": "touchbase.example/l",
}  # fmt: skip
"""What every piece of a batch has."""

SAMPLES: Final[Sequence[Mapping[str, Any]]] = (
    {
        "id": "0015-NM74-3HKV", "code": "0015-NM74-3HKV", "link": "https://touchbase.example/l/0015-NM74-3HKV",
        "qr": '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 29 29"><path d="M0 0h29v29H0z"/></svg>',
        "lines": ["DR CLAIRE MOREL", "CABINET MEDICAL", "BATIMENT B", "12 B RUE DES LILAS", "CS 10001", "35099 RENNES CEDEX 9"],
        "customer": {
            "name": "Dr Claire Morel", "greeting": "Docteur Morel", "civility": "MME", "title": "DR",
            "first_name": "Claire", "last_name": "Morel", "org_name": "Cabinet", "town": "Rennes", "postcode": "35000",
            "street": "12 bis rue des Lilas", "department": "35", "specialty_group": "GP", "language": "fr",
            "country": "FR", "facts": {},
        },
        "rep": {"name": "Paul Petit", "code": "PCR-01", "first_name": "Paul", "last_name": "Petit",
                "email": "paul.petit@example.org", "phone": "+33 1 99 00 00 01"},
        "offer": {"code": "DPD26-A", "discount": "10 %", "free_goods": "10+1", "label": "Offre d'ouverture"},
    },
    {
        "id": "0015-NM74-3HKV", "code": "0015-NM74-3HKV", "link": "https://touchbase.example/l/0015-NM74-3HKV",
        "qr": '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 29 29"><path d="M0 0h29v29H0z"/></svg>',
        "lines": ["PHARMACIE #EVAL *DU* $PORT$", "97400 ST DENIS"],
        "customer": {"name": "Pharmacie #eval *du* $Port$", "greeting": "Madame, Monsieur", "language": "fr",
                     "country": "FR", "facts": {}},
    },
)  # fmt: skip
"""A customer of whom everything is known, and one of whom next to nothing is: a letter comes out for both."""


def _forbidden(name: str, text: str) -> list[Problem]:
    return [
        Problem(
            Span(name, number, match.start() + 1),
            Say(f"'{match[0]}' {why}", f"« {match[0]} » n'est pas permis dans une lettre"),
            Say("Write the letter with the piece's own values.", "Écrivez la lettre avec les valeurs de la pièce."),
            line[:160],
        )
        for number, line in enumerate(text.splitlines(), 1)
        for pattern, why in _FORBIDDEN
        for match in pattern.finditer(_COMMENT.sub("", line))
    ]  # fmt: skip


def _compared(name: str, text: str) -> list[Problem]:
    """Return where a letter compares what is written freely; whether it is there may be asked."""
    named = [re.escape(one) for one in _NAMED.findall(text)]
    value = "|".join((_FREE_VALUE, *(rf"(?<![\w.\"-]){one}(?![\w-])" for one in named)))
    nothing = r"(?:\bnone\b|\"\")"
    compared = re.compile(
        rf"(?P<presence>{nothing}\s*[!=]=\s*(?:{value})|(?:{value})\s*[!=]=\s*{nothing})"
        rf"|(?:{value})\s*(?:[!=]=|(?:not\s+)?in\s*\()|[!=]=\s*(?:{value})"
        r"|(?<=\S)[ \t]*[!=]=[ \t]*\[|\][ \t]*[!=]="
    )
    return [
        Problem(
            Span(name, number, match.start() + 1),
            Say(f"'{match[0].strip()}' compares what is written freely; the answer is always no",
                f"« {match[0].strip()} » compare un texte libre ; la réponse est toujours non"),
            Say("Decide by a code or a fact, or by whether it is there: if \"town\" in piece.customer.",
                "Décidez d'après un code ou une donnée, ou selon sa présence : if \"town\" in piece.customer."),
            line[:160],
        )
        for number, line in enumerate(text.splitlines(), 1)
        for match in compared.finditer(_COMMENT.sub("", line))
        if match["presence"] is None
    ]  # fmt: skip


def _located(jam: press.Jam, file: str) -> Problem:
    """Return a problem from typst's own words; they name keys and functions, not values."""
    columns = [int(column) for column in _UNRESOLVED.findall(jam.diagnostic)]
    if columns:  # the first line of _MAIN asks for two names, and says where each stands
        first = len(f'#import "/{file}": ')
        lacking = " and ".join("'letter'" if column == first else "'paper'" for column in columns)
        return Problem(
            Span(file),
            Say(f"the letter does not define {lacking}", f"la lettre ne définit pas {lacking.replace(' and ', ' et ')}"),
            Say("Write '#let letter(piece) = [ ... ]'; 'paper' comes with '#import \"../shared/letterhead.typ\": *'.",
                "Écrivez « #let letter(piece) = [ ... ] » ; « paper » vient avec « #import \"../shared/letterhead.typ\": * »."),
        )  # fmt: skip
    places = _PLACE.findall(jam.diagnostic) or [
        place for trace in jam.trace for place in _PLACE.findall(trace)
    ]
    name, line, column = places[0] if places else (file, 1, 1)
    said = _QUOTED.sub("a character ", _SEARCHED.sub("", jam.message))
    lacks = re.search(r"does not contain key \"([^\"]+)\"", jam.message)
    if lacks:
        remedy = Say("A value that not every customer has needs a default: piece.customer.at(\"town\", default: \"\").",
                     "Une valeur que tous les clients n'ont pas veut un défaut : piece.customer.at(\"town\", default: \"\").")  # fmt: skip
    else:
        hints = "; ".join(jam.hints)
        remedy = Say(
            hints or "Mend the template there.", "Corrigez le modèle à cet endroit (message de typst)."
        )
    french = f"« {lacks[1]} » manque à certains clients" if lacks else said
    return Problem(
        Span(name, int(line), int(column) + (1 if places else 0)),
        Say(f"the letter does not come out: {said}", f"la lettre ne sort pas : {french}"),
        remedy,
    )


def _missing(file: str) -> Problem:
    return Problem(
        Span(file),
        Say("there is no such letter", "cette lettre n'existe pas"),
        Say("Write the file, or name another template.", "Écrivez le fichier, ou nommez un autre modèle."),
    )


def _problem(file: str, en: str, fr: str) -> Problem:
    return Problem(Span(file), Say(en, fr), Say("Mend the template.", "Corrigez le modèle."))
