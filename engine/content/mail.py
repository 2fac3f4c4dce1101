"""A mail's body: compiled once for a wave, filled for each customer.

template.mjml + parts ─check→ Markup ─MJML→ HTML ─┬─inscriptis→ text part
                                                  └──────────→ HTML part   both encoded once (`wire`)
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final

import jinja2

from engine.content import headers, lint, markup, placeholders, wire
from engine.content.card import card as card_of
from engine.content.card import other_kind
from engine.content.lacking import needs
from engine.model.material import Material
from engine.problems import Problem, Say, Span, did_you_mean

LARGEST_MAIL: Final = 102_000
"""Bytes of HTML above which Gmail cuts a mail, and with it the unsubscribe link at its end."""

LONGEST_SUBJECT: Final = 200
"""Characters of a subject as written, placeholders and all."""

PIXEL: Final = '{% if open_url is defined %}<img src="{{ open_url }}" width="1" height="1" alt="" style="display:block">{% endif %}'
"""Only in the mails of those who agreed to it; authors cannot write it, `open_url` is no name of theirs."""


class Unfillable(ValueError):
    """A mail does not compose for a customer; says which placeholder, without the customer's data."""


@dataclass(frozen=True, slots=True)
class Body:
    """A compiled body and subject. `uses` are the dotted names to bring along."""

    uses: frozenset[str]
    content_type: str  #: the value of that header
    html: str  #: with its placeholders, for previews and for the plain way
    text: str
    _subject: wire.Filler
    _text: wire.Filler
    _html: wire.Filler
    _seams: tuple[str, str, str]

    def fill(self, values: dict[str, Any]) -> tuple[str, str]:
        """Return the subject as plain text, and the MIME body as it goes over the wire, in ASCII.

        Args:
            values: By mangled name (`placeholders.mangled`); what is missing is left out.

        Raises:
            Unfillable: a placeholder has no value and no default.
        """
        before, between, after = self._seams
        try:
            subject = self._subject(values)
            return subject, before + self._text(values) + between + self._html(values) + after
        except jinja2.UndefinedError as error:
            raise Unfillable(f"{placeholders.missing_name(error)} is missing and has no default") from None
        except (jinja2.TemplateError, TypeError, ValueError, ArithmeticError) as error:
            raise Unfillable(f"{type(error).__name__} in a placeholder") from None

    def filled_html(self, values: dict[str, Any]) -> str:
        """Return the HTML for one customer as a browser shows it: for previews and 'view in browser'."""
        return wire.as_html(self.html)(values)


def links_of(card: Material | None) -> dict[str, str]:
    """Return the manifest of a card: label to address."""
    return {} if card is None else {label: link.url for label, link in card.links.items()}


def languages_of(card: Material, template: str) -> dict[str, str]:
    """Return the template of each language; the first language is that of the plain name."""
    first, *others = card.languages
    return {first: template, **{language: f"{template}.{language}" for language in others}}


def problems(
    template: str, files: Mapping[str, str], *, facts: frozenset[str] | None = None
) -> list[Problem]:
    """Return what is wrong with a template, its parts and what its card says of them."""
    card = card_of(files, template)
    file = f"templates/{template}.mjml"
    if card is None:
        if f"templates/{template}.yaml" in files:
            return []  # the loader says what is wrong with the card
        return [
            Problem(
                Span(file),
                Say("has no material card", "n'a pas de fiche document"),
                Say(f"Write templates/{template}.yaml.", f"Écrivez templates/{template}.yaml."),
            )
        ]
    found: list[Problem] = []
    for variant in languages_of(card, template).values():
        found += _variant_problems(variant, card, template, files, facts)
    return found


def _variant_problems(
    variant: str, card: Material, template: str, files: Mapping[str, str], facts: frozenset[str] | None
) -> list[Problem]:
    file, name = f"templates/{variant}.mjml", f"templates/{template}.yaml"
    links = links_of(card)
    read = markup.read(variant, files, placeholders.names(links, facts=facts), links)
    found = list(read.problems)
    if found:
        return found
    for fragment in sorted(read.fragments - set(card.fragments)):
        found.append(
            Problem(
                Span(name),
                Say(
                    f"the template includes '{fragment}', of which the card says nothing",
                    f"le document inclut « {fragment} », dont la fiche ne dit rien",
                ),
                Say("List it under 'fragments:'.", "Ajoutez-le à « fragments: »."),
            )
        )
    if "material.reference" not in read.names and card.reference not in read.text:
        found.append(
            Problem(
                Span(file),
                Say("the reference number is missing", "le numéro de référence manque"),
                Say(
                    "Write {{ material.reference }} into the footer: the law asks for it (CSP R.5122-14).",
                    "Écrivez {{ material.reference }} dans le pied de page : la loi le demande (CSP R.5122-14).",
                ),
            )
        )
    if "unsubscribe_url" not in read.hrefs:
        found.append(
            Problem(
                Span(file),
                Say("no link to unsubscribe", "aucun lien de désinscription"),
                Say(
                    'Write <a href="{{ unsubscribe_url }}">, or include the common footer.',
                    'Écrivez <a href="{{ unsubscribe_url }}">, ou incluez le pied de page commun.',
                ),
            )
        )
    named = {href.removeprefix("links.") for href in read.hrefs if href.startswith("links.")}
    used = named | {label for label, url in links.items() if url in read.hrefs}
    found += [
        Problem(
            Span(name),
            Say(f"the link '{label}' is nowhere in the template", f"le lien « {label} » n'est nulle part"),
            Say("Use it, or take it out of the card.", "Utilisez-le, ou retirez-le de la fiche."),
        )
        for label in sorted(set(links) - used)
    ]
    if found:
        return found
    try:
        html, words = _parts(read.text, tuple(links.items()), None)
    except ValueError as error:
        said = str(error).splitlines()[0][:200]
        return [
            Problem(
                Span(file),
                Say(f"does not compile: {said}", f"ne se compile pas : {said}"),
                Say(
                    "Check that every tag is closed and in its place.", "Vérifiez les balises et leur place."
                ),
            )
        ]
    for said in lint.unfinished(words):
        at = lint.place_of(said, _texts(variant, read.fragments, files))
        found.append(Problem(Span(*(at or (file, 1))), *_unfinished(said)))
    if len(html.encode()) > LARGEST_MAIL:
        found.append(
            Problem(
                Span(file),
                Say(
                    f"makes a mail of {len(html.encode()) // 1000} kB; Gmail cuts at {LARGEST_MAIL // 1000}",
                    f"fait un courriel de {len(html.encode()) // 1000} ko ; Gmail coupe à {LARGEST_MAIL // 1000}",
                ),
                Say("Shorten it.", "Raccourcissez-le."),
            )
        )
    return found


def _unfinished(said: str) -> tuple[Say, Say]:
    return (
        Say(f"'{said}' is filled by nobody", f"« {said} » n'est rempli par personne"),
        Say(
            "Write {{ customer.name }} or another placeholder of ours, or take it out.",
            "Écrivez {{ customer.name }} ou un autre de nos champs, ou retirez-le.",
        ),
    )


def _texts(template: str, fragments: Iterable[str], files: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the files that a template is made of, its own first."""
    names = [f"templates/{name}.mjml" for name in (template, *sorted(fragments))]
    return [(name, files[name]) for name in names if name in files]


def remarks(template: str, files: Mapping[str, str]) -> list[Problem]:
    """Return what is not wrong with a template and should be looked at; of one with problems, nothing."""
    card = card_of(files, template)
    if card is None or problems(template, files):
        return []
    found: list[Problem] = []
    for variant in languages_of(card, template).values():
        links = links_of(card)
        read = markup.read(variant, files, placeholders.names(links), links)
        _, words = _parts(read.text, tuple(links.items()), None)
        for word in lint.spam_words(words):
            at = lint.place_of(word, _texts(variant, read.fragments, files))
            what, remedy = lint.of_text(word)[0]
            found.append(Problem(Span(*(at or (f"templates/{variant}.mjml", 1))), what, remedy))
    return found


def subject_problems(subject: str, *, facts: frozenset[str] | None = None) -> list[Problem]:
    """Return what is wrong with a subject line; links do not belong into it."""
    known = placeholders.names((), facts=facts)
    whole = frozenset(name for name in known.whole if not name.endswith("_url"))
    found = placeholders.problems(subject, placeholders.Names(whole, known.below), "subject")
    found += [Problem(Span("subject"), *_unfinished(said)) for said in lint.unfinished(subject)]
    if not subject.strip():
        found.append(
            Problem(
                Span("subject"),
                Say("the line is empty", "la ligne est vide"),
                Say("Write what the mail is about.", "Écrivez de quoi parle le courriel."),
            )
        )
    if len(subject) > LONGEST_SUBJECT:
        found.append(
            Problem(
                Span("subject"),
                Say(
                    f"is {len(subject)} characters long; {LONGEST_SUBJECT} at most",
                    f"compte {len(subject)} caractères ; {LONGEST_SUBJECT} au plus",
                ),
                Say("Shorten it.", "Raccourcissez-le."),
            )
        )
    strange = headers.forbidden_in(subject)
    if strange is not None:
        found.append(
            Problem(
                Span("subject"),
                Say(
                    f"the character U+{ord(strange):04X} cannot stand in the header of a mail",
                    f"le caractère U+{ord(strange):04X} ne peut figurer dans l'en-tête d'un courriel",
                ),
                Say(
                    "Write the text on one line, and delete this character: it breaks the line or turns its direction.",
                    "Écrivez le texte sur une ligne et supprimez ce caractère : il coupe la ligne ou en change le sens.",
                ),
            )
        )
    return found


def lacking(template: str, files: Mapping[str, str], *, has_rep: bool) -> list[Problem]:
    """Return the values that a template without problems needs and not every customer has, each with its place."""
    card = card_of(files, template)
    found: list[Problem] = []
    for variant in [] if card is None else languages_of(card, template).values():
        links = links_of(card)
        read = markup.read(variant, files, placeholders.names(links), links)
        for name in needs(read.text, has_rep=has_rep):
            span, line = _place_of_name(name, _texts(variant, read.fragments, files))
            found.append(Problem(span, *needs_default(name), line))
    return found


def needs_default(name: str) -> tuple[Say, Say]:
    """Return what is said of a value that a mail needs and not every customer has."""
    return (
        Say(f"not every customer has '{name}', and it has no default", f"tous les clients n'ont pas « {name} », et il n'a pas de valeur par défaut"),
        Say(f'Write {{{{ {name} | default("…") }}}}, or put it between {{% if {name} is defined %}} and {{% endif %}}.',
            f'Écrivez {{{{ {name} | default("…") }}}}, ou mettez-le entre {{% if {name} is defined %}} et {{% endif %}}.'),
    )  # fmt: skip


def _place_of_name(name: str, texts: list[tuple[str, str]]) -> tuple[Span, str | None]:
    """Return where a name is used unguarded, as far as one line can tell, and that line."""
    places = [
        (Span(file, number, line.index(name) + 1), line[:160])
        for file, text in texts
        for number, line in enumerate(text.splitlines(), 1)
        if name in line
    ]
    bare = [place for place in places if f"{name} is defined" not in place[1] and "default" not in place[1]]
    for place in bare or places:
        return place
    return Span(texts[0][0]), None


def compile_body(
    template: str,
    files: Mapping[str, str],
    *,
    subject: str,
    preheader: str | None = None,
    fixed: Mapping[str, Any] | None = None,
    measures_opens: bool = False,
) -> Body:
    """Return a template of a definition, compiled; the same texts are compiled once in a process.

    Args:
        measures_opens: A picture of one point ends the HTML, where `open_url` is known.
        fixed: Values that are the same for everybody who gets this mail, by dotted name; words and
            numbers among them are written into the text once for all.

    Raises:
        ValueError: there are problems; whoever was checked has none.
    """
    plain_name = template if card_of(files, template) else template.rpartition(".")[0]
    links = links_of(card_of(files, plain_name))
    read = markup.read(template, files, placeholders.names(links), links)
    found = [*read.problems, *subject_problems(subject)]
    if found:
        raise ValueError(f"{found[0].span}: {found[0].what}")
    said = tuple((fixed or {}).items())
    return _compiled(read.text, tuple(links.items()), subject, preheader, said, measures_opens)


@lru_cache(maxsize=128)
def _compiled(
    text: str,
    links: tuple[tuple[str, str], ...],
    subject: str,
    preheader: str | None,
    fixed: tuple[tuple[str, Any], ...],
    measures_opens: bool,
) -> Body:
    html, plain = _parts(text, links, preheader)
    if measures_opens:
        html = html.replace("</body>", f"{PIXEL}</body>", 1)
    # '=_' stands in no quoted-printable text: '=' is followed by two hex digits or a line end there.
    boundary = f"=_tb_{sha256(f'{html}{subject}'.encode()).hexdigest()[:24]}"
    head = "Content-Type: text/{}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    return Body(
        uses=placeholders.used(html) | placeholders.used(plain) | placeholders.used(subject),
        content_type=f'multipart/alternative; boundary="{boundary}"',
        html=html,
        text=plain,
        _subject=wire.as_text(subject),
        _text=wire.on_wire(plain, escape=False, fixed=dict(fixed)),
        _html=wire.on_wire(html, escape=True, fixed=dict(fixed)),
        _seams=(
            f"--{boundary}\r\n" + head.format("plain"),
            f"\r\n--{boundary}\r\n" + head.format("html"),
            f"\r\n--{boundary}--\r\n",
        ),
    )


@lru_cache(maxsize=128)
def _parts(text: str, links: tuple[tuple[str, str], ...], preheader: str | None) -> tuple[str, str]:
    if preheader is not None:
        text = re.sub(r"<mj-preview>.*?</mj-preview>", "", text, flags=re.DOTALL)
        text = text.replace("</mj-head>", f"<mj-preview>{_escaped(preheader)}</mj-preview></mj-head>", 1)
    html = markup.links_in(markup.compiled(text), dict(links))
    return html, markup.as_text(html)


def _escaped(text: str) -> str:
    """Return a text for MJML: its own words escaped, its placeholders left as they are."""
    masked, said = markup.mask(text)
    return markup.unmask(masked.replace("&", "&amp;").replace("<", "&lt;"), said)


def missing_template(template: str, files: Mapping[str, str]) -> Say:
    """Return the remedy for a template that is not there."""
    known = [
        path[len("templates/") : -len(".mjml")]
        for path in files
        if path.startswith("templates/") and path.endswith(".mjml") and "/shared/" not in path
    ]
    return other_kind(files, template, ".mjml") or did_you_mean(template, known)
