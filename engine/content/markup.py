"""MJML: checked with our own table, its parts put in, and compiled once, with the placeholders standing aside.

The compiler passes unknown tags and attributes silently and reports errors without lines, so the
tables of `engine.content.tags` are the law. Includes are resolved here, from the definition's own files and below
`templates/` alone: the compiler never sees one, and nothing is read from the disk. Placeholders are
masked while MJML is compiled; they come back afterwards, so no MJML can come out of a value.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urlsplit

from engine.content import placeholders
from engine.content.tags import HTML, MJML
from engine.problems import Problem, Say, Span, did_you_mean

_VOID: Final = frozenset({"br"})
_INCLUDED: Final = re.compile(r"<mj-include\b[^>]*?path=\"([^\"]*)\"[^>]*?(?:/>|>\s*</mj-include>)")
_JINJA: Final = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_MASK: Final = re.compile(r"zj(\d+)jz")
_PATH: Final = re.compile(r"[a-z0-9][a-z0-9_-]*(?:/[a-z0-9][a-z0-9_-]*)*(?:\.mjml)?")
DEEPEST_INCLUDE: Final = 5

OURS: Final = frozenset({"unsubscribe_url", "preferences_url", "view_url"})
"""Links that every mail may hold without a manifest."""


@dataclass(frozen=True, slots=True)
class Markup:
    """A template that was read: its parts put in, placeholders and links as its author wrote them."""

    text: str
    names: frozenset[str]  #: dotted names it uses
    hrefs: frozenset[str]  #: what its links say, literal or placeholder
    fragments: frozenset[str]
    problems: tuple[Problem, ...] = field(default=())


def read(
    template: str, files: Mapping[str, str], known: placeholders.Names, links: Mapping[str, str]
) -> Markup:
    """Return a template with its parts put in, and everything that is wrong with any of them.

    Args:
        template: Its path below `templates/`, without `.mjml`.
        links: The manifest: label to address.
    """
    found: list[Problem] = []
    hrefs: set[str] = set()
    names: set[str] = set()
    fragments: set[str] = set()

    def part(name: str, depth: int, place: Span) -> str:
        path = f"templates/{name}.mjml"
        text = files.get(path)
        if text is None or depth > DEEPEST_INCLUDE:
            parts = sorted(
                file[len("templates/") : -len(".mjml")]
                for file in files
                if file.startswith("templates/") and file.endswith(".mjml")
            )
            found.append(
                Problem(
                    place,
                    Say(f"there is no part '{name}'", f"il n'y a pas de partie « {name} »")
                    if text is None
                    else Say("parts include each other in a ring", "des parties s'incluent en rond"),
                    did_you_mean(name, parts),
                )
            )
            return ""
        wrong = placeholders.problems(text, known, path)
        found.extend(wrong)
        if not wrong:
            names.update(placeholders.used(text))
        masked, said = mask(text)
        lint = _Lint(path, text, said, links)
        lint.feed(masked)
        lint.close()
        found.extend(lint.found)
        hrefs.update(lint.hrefs)

        def put_in(match: re.Match[str]) -> str:
            line = text.count("\n", 0, match.start()) + 1
            here = Span(path, line)
            wanted = match[1]
            if not _PATH.fullmatch(wanted):
                found.append(
                    Problem(
                        here,
                        Say(
                            f"'{wanted}' is no path below templates/",
                            f"« {wanted} » n'est pas sous templates/",
                        ),
                        Say(
                            'Write path="shared/header": small letters, no dots, no other folder.',
                            'Écrivez path="shared/header" : minuscules, sans points, sans autre dossier.',
                        ),
                    )
                )
                return ""
            wanted = wanted.removesuffix(".mjml")
            fragments.add(wanted)
            return part(wanted, depth + 1, here)

        return _INCLUDED.sub(put_in, text)

    text = part(template, 0, Span(f"templates/{template}.mjml"))
    return Markup(
        text,
        frozenset(names),
        frozenset(hrefs),
        frozenset(fragments),
        tuple(dict.fromkeys(sorted(found, key=lambda problem: problem.span))),
    )


def mask(text: str) -> tuple[str, list[str]]:
    """Return a text whose placeholders are plain words, and what they stand for.

    Line ends inside a placeholder are kept behind the word, so lines count as before.
    """
    said: list[str] = []

    def word(match: re.Match[str]) -> str:
        said.append("" if match[0].startswith("{#") else match[0])
        return f"zj{len(said) - 1}jz" + "\n" * match[0].count("\n")

    return _JINJA.sub(word, text), said


def unmask(text: str, said: list[str]) -> str:
    """Return a text with its placeholders back in their places."""
    return _MASK.sub(lambda match: said[int(match[1])] if int(match[1]) < len(said) else match[0], text)


def compiled(text: str) -> str:
    """Return the HTML of a checked template, its placeholders in their places.

    Raises:
        ValueError: the compiler refuses it, or drops a placeholder: it stood where MJML shows nothing, in a comment for one.
    """
    from mjml import mjml2html

    masked, said = mask(text)
    html: str = mjml2html(masked, fonts={}, disable_comments=True)  # an author's notes stay at home
    for number, placeholder in enumerate(said):
        if placeholder and f"zj{number}jz" not in html:
            raise ValueError(f"{placeholder} stands where MJML shows nothing")
    return unmask(html, said)


class _Lint(HTMLParser):
    """Holds one file against the tables, with lines and columns."""

    def __init__(self, path: str, text: str, said: list[str], links: Mapping[str, str]) -> None:
        super().__init__(convert_charrefs=True)
        self._path, self._lines, self._said, self._links = path, text.splitlines(), said, links
        self.found: list[Problem] = []
        self.hrefs: set[str] = set()
        self._open: list[tuple[str, Span]] = []

    def _here(self) -> Span:
        line, column = self.getpos()
        return Span(self._path, line, column + 1)

    def _problem(self, what: Say, remedy: Say, span: Span | None = None) -> None:
        span = span or self._here()
        excerpt = self._lines[span.line - 1][:160] if span.line <= len(self._lines) else None
        if excerpt is not None and span.column > len(excerpt):
            span = Span(span.file, span.line)
        self.found.append(Problem(span, what, remedy, excerpt))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._tag(tag, attrs)
        if tag not in _VOID:
            self._open.append((tag, self._here()))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._tag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if self._open and self._open[-1][0] == tag:
            self._open.pop()
            return
        if any(tag == name for name, _ in self._open):
            while self._open[-1][0] != tag:
                self._never_closed(*self._open.pop())
            self._open.pop()
            return
        wanted = f"</{self._open[-1][0]}>" if self._open else "nothing"
        self._problem(
            Say(f"</{tag}> closes nothing that is open here", f"</{tag}> ne ferme rien d'ouvert ici"),
            Say(f"Expected here: {wanted}.", f"Attendu ici : {wanted}."),
        )

    def _never_closed(self, tag: str, span: Span) -> None:
        self._problem(
            Say(f"<{tag}> is never closed", f"<{tag}> n'est jamais fermé"),
            Say(f"Write </{tag}>.", f"Écrivez </{tag}>."),
            span,
        )

    def handle_decl(self, decl: str) -> None:
        self._strange()

    def handle_pi(self, data: str) -> None:
        self._strange()

    def unknown_decl(self, data: str) -> None:
        self._strange()

    def _strange(self) -> None:
        self._problem(
            Say("declarations are not part of a template", "une déclaration n'a rien à faire ici"),
            Say("Remove it; the compiler writes its own.", "Supprimez-la ; le compilateur écrit la sienne."),
        )

    def handle_comment(self, data: str) -> None:
        if data.lstrip().startswith(("[if", "[endif")) or "zj" in data:
            self._problem(
                Say("a comment holds what would be acted upon", "un commentaire contient du code"),
                Say("Keep comments to plain words.", "Gardez aux commentaires des mots simples."),
            )

    def close(self) -> None:
        super().close()
        for tag, span in self._open:
            self._never_closed(tag, span)

    def _tag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        allowed = MJML.get(tag) if tag.startswith("mj") else HTML.get(tag)
        if allowed is None:
            self._problem(
                Say(f"unknown tag <{tag}>", f"balise inconnue <{tag}>"),
                did_you_mean(tag, MJML if tag.startswith("mj") else HTML),
            )
            return
        inside_attributes = any(name == "mj-attributes" for name, _ in self._open)
        for name, value in attrs:
            if name not in allowed and not (inside_attributes and tag.startswith("mj")):
                self._problem(
                    Say(f"<{tag}> has no attribute '{name}'", f"<{tag}> n'a pas d'attribut « {name} »"),
                    did_you_mean(name, allowed),
                )
                continue
            self._value(tag, name, value or "")
        given = dict(attrs)
        if tag == "mj-image" and not (given.get("alt") or "").strip():
            self._problem(
                Say("an image without 'alt'", "une image sans « alt »"),
                Say(
                    "Say in words what it shows; many readers block images.",
                    "Dites en mots ce qu'elle montre ; beaucoup de lecteurs bloquent les images.",
                ),
            )

    def _value(self, tag: str, name: str, value: str) -> None:
        lowered = re.sub(r"[\s\x00-\x20]+", "", value).lower()
        if name == "style" and any(
            word in lowered for word in ("url(", "expression(", "@import", "\\", "zj")
        ):
            self._problem(
                Say("a style loads something or holds a placeholder", "un style charge quelque chose"),
                Say("Keep to colours, sizes and spaces.", "Gardez couleurs, tailles et espaces."),
            )
        if name == "src":
            self._source(value)
        if name == "href":
            self._href(value)
        if name not in ("href", "src", "alt", "title") and "zj" in lowered and _MASK.search(value):
            self._problem(
                Say(f"a placeholder in '{name}'", f"un champ dans « {name} »"),
                Say(
                    "Placeholders stand in text, href and alt.", "Les champs vont dans le texte, href et alt."
                ),
            )

    def _source(self, value: str) -> None:
        parts = urlsplit(value)
        if parts.scheme != "https" or not parts.netloc or _MASK.search(value):
            self._problem(
                Say("an image that is not https", "une image qui n'est pas en https"),
                Say("Write https://host/image.png.", "Écrivez https://hôte/image.png."),
            )

    def _href(self, value: str) -> None:
        whole = _MASK.fullmatch(value.strip())
        said = unmask(value, self._said).strip()
        if whole:
            name = said.strip("{} \t\n")
            if name in OURS or name.startswith("links."):
                self.hrefs.add(name)
                return
        elif value in self._links.values():
            self.hrefs.add(value)
            return
        self._problem(
            Say(
                f"the link '{said}' is not in the material's manifest",
                f"le lien « {said} » n'est pas au dossier",
            ),
            Say(
                "Add it to 'links:' of the card and write {{ links.<label> }}; the material is deposited with its links.",
                "Ajoutez-le à « links: » de la fiche et écrivez {{ links.<nom> }} ; le document est déposé avec ses liens.",
            ),
        )


def links_in(html: str, manifest: Mapping[str, str]) -> str:
    """Return the HTML with each literal address of the manifest as its placeholder.

    So a link is counted or not for each customer, however its author wrote it.
    """
    by_address = {address: label for label, address in manifest.items()}

    def named(match: re.Match[str]) -> str:
        label = by_address.get(match[1].replace("&amp;", "&"))
        return match[0] if label is None else f'href="{{{{ links.{label} }}}}"'

    return re.sub(r'href="([^"{]*)"', named, html)


def as_text(html: str) -> str:
    """Return the text part of a compiled template: the same words and placeholders, links written out."""
    from inscriptis import get_text
    from inscriptis.model.config import ParserConfig

    masked, said = mask(re.sub(r"<!--.*?-->", "", html, flags=re.DOTALL))
    text = get_text(_without_tables(masked), ParserConfig(display_links=True))
    text = re.sub(r"\[([^\]\[]*)\]\(([^)\s]*)\)", _written_out, text)
    text = "\n".join(_lines(text)) + "\n"
    # An {% if %} alone on its line leaves no blank line where it stood.
    text = re.sub(
        r"\n*^(zj(\d+)jz)\n+",
        lambda match: f"\n\n{match[1]}" if said[int(match[2])].startswith("{%") else match[0],
        text,
        flags=re.MULTILINE,
    )
    return unmask(text.lstrip("\n"), said)


_TABLE_TAG: Final = re.compile(r"<(/?)(table|tbody|thead|tr|td|th)\b([^>]*)>")
_CELL: Final = " – "


def _without_tables(html: str) -> str:
    """Return HTML whose tables are plain lines: of a layout, a block for each cell; of data, a line a row.

    A text converter lays tables out as a grid, and moves what stands between rows: the placeholders.
    """
    is_layout: list[bool] = []

    def plain(match: re.Match[str]) -> str:
        closes, tag, attributes = match[1] == "/", match[2], match[3]
        if tag == "table":
            if closes and is_layout:
                is_layout.pop()
            elif not closes:
                is_layout.append('role="presentation"' in attributes)
            return f"<{match[1]}div>"
        if tag in ("tbody", "thead"):
            return ""
        if tag in ("td", "th") and is_layout and not is_layout[-1]:
            return _CELL if closes else ""
        return f"<{match[1]}p>" if tag == "td" and is_layout and is_layout[-1] else f"<{match[1]}div>"

    return _TABLE_TAG.sub(plain, html)


def _written_out(match: re.Match[str]) -> str:
    words, address = match[1].strip(), match[2]
    return f"{words} : {address}" if words and words != address else address


def _lines(text: str) -> Iterator[str]:
    blank = True
    for line in text.splitlines():
        line = " ".join(line.split()).removesuffix(_CELL.rstrip())
        if line or not blank:
            yield line
        blank = not line
