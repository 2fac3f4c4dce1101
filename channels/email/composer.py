"""From a wave to a function that writes a customer's mail, ready for the wire."""

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final, NamedTuple, TypeAlias

from channels.email.dkim import Signers
from channels.email.identity import Identity
from channels.email.step import EmailStep
from engine.content import attachments, fill, headers, lint, mail, placeholders
from engine.content.card import card as card_of
from engine.content.headers import UnfitHeader
from engine.content.lacking import needs
from engine.content.links import Links, with_utm
from engine.content.mail import Body, Unfillable
from engine.content.placeholders import CUSTOMER, OFFER, REP, mangled, plain
from engine.content.tokens import Purpose
from engine.contract import Addressee, Composer, Customer, Desk, Failure, Parcel, Refusal, Wave
from engine.model.material import Material
from engine.model.policy import Sender
from engine.problems import Fault, FilesError, Problem, Say, Span

SHORT: Final = 200  #: characters that need no second look


class Mail(NamedTuple):
    """What goes over the wire for one parcel; its recipient is the parcel's address."""

    sender: str  #: of the envelope
    data: bytes  #: header and body: CRLF line ends, no line starts with a dot, the last line ended


Value: TypeAlias = Callable[[Addressee], Any]


@dataclass(frozen=True, slots=True)
class _Letter:
    """All of a mail that is the same for everybody who reads one language."""

    bodies: dict[str | None, Body]  #: by cell
    values: tuple[tuple[str, Value], ...]  #: of the customer: mangled name, how to get it
    fixed: dict[str | None, dict[str, Any]]  #: by cell: what all of it share, mangled
    heads: dict[str | None, str]  #: by cell: header lines that never change
    in_subject: frozenset[str]  #: dotted names that the subject uses
    tail: bytes  #: what follows the body: attachments


def composer(wave: Wave, desk: Desk, links: Links, identity: Identity) -> Composer:
    """Return the function that writes a customer's mail.

    Raises:
        FilesError: template, card or sender are wrong, or the material may not go out on the wave's day.
    """
    step: EmailStep = wave.step
    card = _card(wave, step)
    sender = _sender(wave, step, desk)
    from_rep, reply_to = step.from_ == "rep", step.reply_to
    domain = sender.address.rpartition("@")[2]
    keys = desk.folder / "dkim"
    signers = Signers(keys) if keys.is_dir() else None
    letters = {
        language: _letter(wave, step, card, template, language, links)
        for language, template in mail.languages_of(card, step.template).items()
    }
    first = letters[card.languages[0]]
    from_line = headers.mailbox("From", sender.name, sender.address)
    reply_line = ""
    if reply_to not in (None, "rep"):
        reply_line = headers.mailbox("Reply-To", "", str(reply_to))
    elif sender.reply_to and reply_to is None and not from_rep:
        reply_line = headers.mailbox("Reply-To", "", sender.reply_to)
    to, is_address, mailbox = links.to, headers.is_address, headers.mailbox
    names_of = identity.of

    def compose(addressee: Addressee) -> Parcel | Failure:
        customer, touch = addressee.customer, addressee.touch
        address = customer.address
        if not address:
            return Failure(Refusal.NO_ADDRESS)
        if not is_address(address):
            return Failure(Refusal.BAD_ADDRESS)
        letter = letters.get(customer.language, first)
        rep = customer.rep
        if rep is None and (from_rep or reply_to == "rep"):
            return Failure(Refusal.NO_REP)
        try:
            cell = addressee.cell if addressee.cell in letter.bodies else None
            values = letter.fixed[cell].copy()
            unsubscribe = to(Purpose.UNSUBSCRIBE, touch, customer.customer_id)
            values["unsubscribe_url"] = unsubscribe
            for name, value_of in letter.values:
                value = value_of(addressee)
                if value is not None and value != "":
                    values[name] = value if type(value) is str and len(value) <= SHORT else plain(value)
            subject, body = letter.bodies[cell].fill(values)
            bounces, message_id = names_of(touch, domain)
            origin, answer = from_line, reply_line
            if rep is not None and from_rep:
                origin = mailbox("From", f"{rep.first_name} {rep.last_name}", rep.email)
            if rep is not None and reply_to == "rep":
                answer = mailbox("Reply-To", f"{rep.first_name} {rep.last_name}", rep.email)
            head = (
                headers.date(addressee.due)
                + origin
                + answer
                + mailbox("To", customer.name, address)
                + headers.unstructured("Subject", subject)
                + f"Message-ID: <{message_id}>\r\n"
                + f"List-Unsubscribe: <{unsubscribe}>\r\n"
                + letter.heads[cell]
            )
        except UnfitHeader as error:
            return Failure(
                Refusal.NOT_RENDERED, _where(error.header, letter.in_subject, customer) or str(error)
            )
        except Unfillable as error:
            return Failure(Refusal.NOT_RENDERED, str(error))
        except ValueError as error:
            return Failure(Refusal.NOT_RENDERED, type(error).__name__)
        data = (head + body).encode("ascii") + letter.tail
        if signers is not None:
            signing = rep.email.rpartition("@")[2] if rep is not None and from_rep else domain
            data = signers.signed(data, signing)
        content = Mail(bounces, data)
        return Parcel(touch, address, content, None if rep is None else rep.rep_id)

    return compose


def _where(header: str, in_subject: frozenset[str], customer: Customer) -> str | None:
    """Return which word of a header line has a character that may not stand there, and which; `None`: no such one."""
    values = fill.words(customer=customer, rep=customer.rep)
    mine = {
        "To": (
            "customer.last_name",
            "customer.first_name",
            "customer.org_name",
            "customer.name",
        ),  # parts first
        "Subject": sorted(in_subject),
    }.get(header, ("rep.first_name", "rep.last_name"))
    for name in mine:
        value = values.get(name)
        if isinstance(value, str) and (sign := headers.forbidden_in(value)) is not None:
            return f"{name}: U+{ord(sign):04X}"
    return None


def _card(wave: Wave, step: EmailStep) -> Material:
    found = mail.problems(step.template, wave.files)
    card = card_of(wave.files, step.template)
    place = Span(f"templates/{step.template}.yaml")
    if card is not None and not found:
        day = wave.on.date()
        hindrance = card.hindrance(day)
        if hindrance is None:
            return card
        what = {
            "material_withdrawn": Say("the material is withdrawn", "le document est retiré"),
            "material_not_approved": Say("the material is not approved", "le document n'est pas approuvé"),
            "material_expired": Say(f"the visa does not cover {day}", f"le visa ne couvre pas le {day}"),
        }[hindrance]
        found = [Problem(place, what, Say("Nothing is sent with it.", "Rien ne part avec lui."))]
    elif not found:
        found = [
            Problem(
                place,
                Say("the card cannot be read", "la fiche est illisible"),
                Say("Run 'touchbase check'.", "Lancez « touchbase check »."),
            )
        ]
    raise FilesError(found)


def _sender(wave: Wave, step: EmailStep, desk: Desk) -> Sender:
    """Return the sender of the policy; of a rep's mail, the one whose domain takes the bounces."""
    name = desk.default_sender if step.from_ in (None, "rep") else step.from_
    sender = desk.senders.get(name or "")
    if sender is None or not headers.is_address(sender.address):
        raise FilesError(
            [
                Problem(
                    Span("campaigns/policy.yaml"),
                    Say(
                        f"the sender '{name}' of {wave.campaign.campaign} / {wave.step_name} has no usable address",
                        f"l'expéditeur « {name} » de {wave.campaign.campaign} / {wave.step_name} n'a pas d'adresse valable",
                    ),
                    Say(
                        "Write 'senders: {marketing: {name: ..., address: ...}}'.",
                        "Écrivez « senders: {marketing: {name: …, address: …}} ».",
                    ),
                )
            ]
        )
    return sender


def _letter(
    wave: Wave, step: EmailStep, card: Material, template: str, language: str, links: Links
) -> _Letter:
    subject = step.subject_in(language)
    common: dict[str, Any] = {
        "campaign.title": wave.campaign.title,
        "campaign.name": wave.campaign.campaign,
        "campaign.brand": wave.campaign.brand,
        "material.reference": card.reference,
        "material.version": card.version,
        "material.title": card.title,
        "material.revised_on": card.revised_on,
        "today": wave.on.date(),
    }
    bodies: dict[str | None, Body] = {}
    fixed: dict[str | None, dict[str, Any]] = {}
    for cell in (None, *wave.offers):
        offer = wave.offers.get(cell) if cell is not None else None
        known = common | {f"offer.{part}": getattr(offer, part, None) for part in OFFER}
        known = {name: value for name, value in known.items() if value is not None}
        bodies[cell] = mail.compile_body(
            template,
            wave.files,
            subject=subject,
            preheader=step.preheader,
            fixed=known,
            measures_opens=step.measure_opens,
        )
        fixed[cell] = {mangled(name): value for name, value in known.items()}
    values = tuple(
        (mangled(name), value)
        for name in sorted(bodies[None].uses)
        if (value := _value(name, card, links, wave)) is not None
    )
    around = {
        cell: attachments.around(step.attachments, wave.files, body.content_type)
        for cell, body in bodies.items()
    }
    heads = {
        cell: f"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nMIME-Version: 1.0\r\n{front}"
        for cell, (front, _) in around.items()
    }
    return _Letter(bodies, values, fixed, heads, placeholders.used(subject), around[None][1])


def _value(name: str, card: Material, links: Links, wave: Wave) -> Value | None:
    """Return how a customer's own value of a name is found; `None` where it is the same for all."""
    group, _, part = name.partition(".")
    to = links.to
    if name == "view_url":
        return lambda one: (
            to(Purpose.VIEW, one.touch, one.customer.customer_id) if one.customer.may_track else None
        )
    if name == "open_url":
        return lambda one: (
            to(Purpose.OPEN, one.touch, one.customer.customer_id) if one.customer.opens_count else None
        )
    if name == "preferences_url":
        return lambda one: to(Purpose.PREFERENCES, one.touch, one.customer.customer_id)
    if group == "links":
        place, link = list(card.links).index(part), card.links[part]
        target = with_utm(link.url, wave.campaign, wave.step_name)
        if not link.track or not link.url.startswith("https:"):
            return lambda one: target
        # Without consent to be tracked only the links to say no, or how much, are personal (CNIL).
        return lambda one: (
            to(Purpose.CLICK, one.touch, one.customer.customer_id, place)
            if one.customer.may_track
            else target
        )
    if name.startswith("customer.facts."):
        fact = name.removeprefix("customer.facts.")
        return lambda one: one.customer.facts.get(fact)
    if group == "customer" and part in CUSTOMER:
        return attrgetter(f"customer.{part}")
    if name == "rep.name":
        return lambda one: (
            None
            if one.customer.rep is None
            else f"{one.customer.rep.first_name} {one.customer.rep.last_name}"
        )
    if group == "rep" and part in REP:
        return lambda one: getattr(one.customer.rep, part, None)
    return None


def remarks(step: EmailStep, files: Any) -> list[Fault | Problem]:
    """Return what is not wrong with a step and its material, and should be looked at before it leaves."""
    found: list[Fault | Problem] = [*mail.remarks(step.template, files)]
    subjects = (
        {(): step.subject}
        if isinstance(step.subject, str)
        else {(key,): text for key, text in step.subject.items()}
    )
    for path, subject in subjects.items():
        found += [Fault(("subject", *path), what, remedy) for what, remedy in lint.of_subject(subject)]
    return found


def faults(step: EmailStep, files: Any) -> list[Fault | Problem]:
    """Return what is wrong with a step and its material, without any customer."""
    found: list[Fault | Problem] = []
    has_rep = "rep" in (step.from_, step.reply_to)
    if f"templates/{step.template}.mjml" not in files:
        found.append(
            Fault(
                ("template",),
                Say(f"there is no template '{step.template}'", f"il n'y a pas de modèle « {step.template} »"),
                mail.missing_template(step.template, files),
            )
        )
    else:
        found += mail.problems(step.template, files) or mail.lacking(step.template, files, has_rep=has_rep)
    subjects = (
        {(): step.subject}
        if isinstance(step.subject, str)
        else {(key,): text for key, text in step.subject.items()}
    )
    for path, subject in subjects.items():
        found += [
            Fault(("subject", *path), problem.what, problem.remedy)
            for problem in _line_problems(subject, has_rep)
        ]
    if step.preheader is not None:
        found += [
            Fault(("preheader",), problem.what, problem.remedy)
            for problem in _line_problems(step.preheader, has_rep)
        ]
    found += [
        Fault(("attachments", place), what, remedy)
        for place, what, remedy in attachments.wrong(step.attachments, files)
    ]
    if step.reply_to not in (None, "rep") and not headers.is_address(str(step.reply_to)):
        found.append(
            Fault(
                ("reply_to",),
                Say(f"'{step.reply_to}' is not an address", f"« {step.reply_to} » n'est pas une adresse"),
                Say("Write rep, or name@company.example.", "Écrivez rep, ou nom@entreprise.example."),
            )
        )
    return found


def _line_problems(line: str, has_rep: bool) -> list[Problem]:
    found = mail.subject_problems(line)
    return found or [
        Problem(Span("subject"), *mail.needs_default(name)) for name in needs(line, has_rep=has_rep)
    ]
