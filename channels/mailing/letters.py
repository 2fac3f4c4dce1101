"""Letters as a channel.

The boundary is a sealed print batch: its folder, and its rows in our database. The folder is made
first and the rows are committed with the receipts; so after a crash there is at most a folder of
which no row knows. Nobody hands over a folder without its row, and the next batch of the step
clears it away. A touch is in one batch: it is the key of its piece.
"""

import datetime as dt
import json
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from hashlib import sha256
from typing import Any, Final
from zoneinfo import ZoneInfo

from channels.mailing import batch
from channels.mailing.piece import Piece
from channels.mailing.step import MailingStep
from engine.content import fill, letter, piece_code
from engine.content.card import card, other_kind
from engine.content.formats import date as written_date
from engine.content.formats import percent
from engine.content.glyphs import unprintable
from engine.content.qr import QrSeries
from engine.contract import (
    Addressee,
    Composer,
    Desk,
    Ending,
    Failing,
    Failure,
    Parcel,
    Receipt,
    Refusal,
    Transaction,
    Wave,
    untold,
)
from engine.model.material import Material
from engine.model.written import TouchId
from engine.problems import ChannelUnavailable, Fault, FilesError, Problem, Say, did_you_mean
from engine.rules.calendar import add_working_days
from engine.rules.postal import from_lines
from engine.rules.presort import presorted

FOLDER: Final = "post"
_FREE: Final = tuple(f"{group}.{key}" for group, keys in letter.FREE.items() for key in keys)
_BLANK: Final = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path d="M0 0h1v1H0z"/></svg>'
"""Stands for a code on a letter that is only set to see whether it comes out."""

# Two workers of one step take turns, until the transaction ends: what the second one finds in the
# folder without a row is then a crash's leftover, not the first one's work.
_TURN: Final = "SELECT pg_advisory_xact_lock(hashtextextended(%(place)s, 0))"
_KNOWN: Final = "SELECT batch_id FROM print_batch WHERE batch_id = ANY(%(names)s)"
_PRINTED: Final = "SELECT touch_id FROM piece WHERE touch_id = ANY(%(touches)s)"
_SEAL: Final = """
INSERT INTO print_batch (batch_id, run_id, step, state, pieces, folder, sha256, sealed_at)
VALUES (%(batch)s, %(run)s, %(step)s, 'sealed', %(pieces)s, %(folder)s, %(sha256)s, %(at)s)"""
_PIECES: Final = """
INSERT INTO piece (touch_id, batch_id, piece_id, page)
SELECT touch_id, %(batch)s, piece_id, page
  FROM unnest(%(touches)s::bigint[], %(ids)s::text[], %(pages)s::integer[]) AS p (touch_id, piece_id, page)"""


class Letters:
    """Letters in print batches."""

    name = "mailing"
    step = MailingStep
    contact_point = "postal"
    batch = 5000
    repeat_is_safe = True
    wants_history = False

    def __init__(self, desk: Desk) -> None:
        self._folder = desk.folder / FOLDER
        self._secret = desk.secret
        self._short = desk.base_url.rstrip("/") + "/l/"

    def check(self, step: MailingStep, files: Mapping[str, str]) -> Iterable[Fault | Problem]:
        """Yield what is wrong with a letter: its template, or a sample that does not come out."""
        if letter.file_of(step.template) not in files:
            known = [
                path.removeprefix("templates/").removesuffix(".typ")
                for path in files
                if path.endswith(".typ") and not path.startswith("templates/shared/")
            ]
            yield Fault(
                ("template",),
                Say(f"there is no letter '{step.template}'", f"il n'y a pas de lettre « {step.template} »"),
                other_kind(files, step.template, ".typ") or did_you_mean(step.template, known),
            )
            return
        if f"templates/{step.template}.yaml" not in files:
            yield Fault(
                ("template",),
                Say("the letter has no material card", "la lettre n'a pas de fiche document"),
                Say(f"Write templates/{step.template}.yaml.", f"Écrivez templates/{step.template}.yaml."),
            )
        yield from letter.check(step.template, files)

    def prepare(self, wave: Wave) -> Composer:
        step: MailingStep = wave.step
        if letter.file_of(step.template) not in wave.files:
            raise FilesError(letter.check(step.template, wave.files))
        secret, short = self._secret, self._short
        offers = {cell: _offer(offer) for cell, offer in wave.offers.items()}

        def compose(addressee: Addressee) -> Parcel | Failure:
            customer = addressee.customer
            if not customer.address:
                return Failure(Refusal.NO_ADDRESS)
            address = from_lines(customer.address, customer.country)
            if address.lines and address.lines[0][:1].isdigit() and customer.name:
                # the point says where only; the envelope says who, too
                address = from_lines(f"{customer.name.replace('|', ' ')}|{address.value}", customer.country)
            if address.is_too_long:
                return Failure(Refusal.ADDRESS_TOO_LONG)
            if address.faults:
                return Failure(Refusal.BAD_ADDRESS, ", ".join(address.faults))
            code = piece_code.make(secret, addressee.touch)
            words = fill.words(customer=customer, rep=customer.rep)
            if unprintable("".join((*address.lines, *(str(words.get(name, "")) for name in _FREE)))):
                return Failure(Refusal.NOT_RENDERED, _where(address.lines, words))
            for name, value in offers.get(addressee.cell or "", {}).items():
                words[f"offer.{name}"] = value
            piece = Piece(code, address, customer.language, addressee.cell or "", short + code, words)
            return Parcel(addressee.touch, address=address.value, content=piece)

        return compose

    def failing(self, wave: Wave) -> Failing:
        """Return what finds the letters that would keep a batch from coming out; it sets one of each shape."""
        step: MailingStep = wave.step
        trial = letter.TrialSetting(
            step.template,
            wave.files,
            common=_common(wave, card(wave.files, step.template), self._short),
            at=wave.on,
        )

        def found_in(parcels: Sequence[Parcel]) -> dict[TouchId, Failure]:
            found = trial.failing([parcel.content.data(_BLANK) for parcel in parcels])
            return {
                parcels[place].touch: Failure(Refusal.NOT_RENDERED, f"{problem.span}: {problem.what.en}")
                for place, problem in found.items()
            }

        return found_in

    def shown(self, parcel: Parcel) -> tuple[str, str]:
        """Return the piece's code, and its address and personal fields in plain text; the page is in the batch."""
        piece: Piece = parcel.content
        fields = [
            f"{name} : {piece.words[name]}"
            for name in ("offer.label", "offer.code", "rep.name")
            if name in piece.words
        ]
        greeting = str(piece.words.get("customer.greeting", ""))
        return f"{piece.piece_id}", "\n".join([*piece.address.lines, "", f"{greeting},", *fields, piece.link])

    def deliver(
        self,
        wave: Wave,
        parcels: Iterable[Parcel],
        transaction: Transaction,
        may_leave: Callable[[TouchId], bool] = untold,
    ) -> Iterator[Receipt]:
        """Seal one print batch of all parcels; those that lie in a sealed one already are accepted as they are."""
        parcels = list(parcels)
        place = f"MAIL_{wave.campaign.campaign}_{wave.run_id}_{wave.step_name}_"
        transaction.execute(_TURN, {"place": place})
        touches = [parcel.touch for parcel in parcels]
        printed = {row[0] for row in transaction.execute(_PRINTED, {"touches": touches})}
        new = [parcel for parcel in parcels if parcel.touch not in printed]
        if new:
            self._clear(place, transaction)
            self._seal(wave, place, new, transaction)
        cost = float(wave.step.cost or 0)
        yield from (Receipt(parcel.touch, Ending.ACCEPTED, cost=cost) for parcel in parcels)

    def _clear(self, place: str, transaction: Transaction) -> None:
        """Remove the folders of this step that no row knows: a crash came between folder and commit."""
        mine = re.compile(rf"{re.escape(place)}[0-9a-f]{{10}}|\.{re.escape(place)}[0-9a-f]{{10}}\.building")
        found = [entry for entry in self._folder.glob("*") if mine.fullmatch(entry.name)]
        names = [entry.name for entry in found]
        known = {row[0] for row in transaction.execute(_KNOWN, {"names": names})} if names else set()
        for entry in found:
            if entry.name not in known:
                shutil.rmtree(entry, ignore_errors=True)

    def _seal(self, wave: Wave, place: str, parcels: Sequence[Parcel], transaction: Transaction) -> None:
        step: MailingStep = wave.step
        batch_id = place + _short_hash([parcel.touch for parcel in parcels])
        keys = presorted(
            [parcel.content.address for parcel in parcels],
            per_postcode=step.presort.per_postcode,
            per_department=step.presort.per_department,
        )
        order = sorted(zip(keys, parcels, strict=True), key=lambda pair: (pair[0].key, pair[1].touch))
        material = card(wave.files, step.template)
        try:
            pages = letter.printed(
                step.template,
                wave.files,
                [parcel.content.data(self._qr.svg(parcel.content.piece_id)) for _, parcel in order],
                common=_common(wave, material, self._short),
                title=batch_id,
                at=wave.on,
            )
        except letter.LetterError as error:
            raise ChannelUnavailable(
                Say(f"The letters do not come out: {error}.", f"Les lettres ne sortent pas : {error}."),
                Say("Nothing was sealed. Mend the template for the next run, or cancel this one.",
                    "Rien n'a été scellé. Corrigez le modèle pour la prochaine vague, ou annulez celle-ci."),
            ) from None  # fmt: skip
        lines = [
            batch.Line(parcel.content, key, pages.starts[spot], pages.pages_of(spot))
            for spot, (key, parcel) in enumerate(order)
        ]
        about = _about(wave, batch_id, material)
        files = {"letters.pdf": pages.pdf, f"{batch_id}.csv": batch.data_file(lines, about)}
        files["manifest.json"] = batch.manifest(lines, about, files)
        try:
            batch.seal(self._folder / batch_id, files)
        except OSError as error:
            raise ChannelUnavailable(
                Say(f"The print batch cannot be written: {error.strerror}. Nothing was sealed.",
                    f"Le lot d'impression ne peut pas être écrit : {error.strerror}. Rien n'a été scellé."),
                Say("Free some space or mend the folder's rights; the letters go on by themselves.",
                    "Libérez de la place ou corrigez les droits du dossier ; les lettres reprendront d'elles-mêmes."),
            ) from None  # fmt: skip
        hashes = {name: sha256(content).hexdigest() for name, content in sorted(files.items())}
        transaction.execute(
            _SEAL,
            {
                "batch": batch_id,
                "run": wave.run_id,
                "step": wave.step_name,
                "pieces": len(lines),
                "folder": f"{FOLDER}/{batch_id}",
                "sha256": json.dumps(hashes),
                "at": wave.on,
            },
        )
        transaction.execute(
            _PIECES,
            {
                "batch": batch_id,
                "touches": [parcel.touch for _, parcel in order],
                "ids": [line.piece.piece_id for line in lines],
                "pages": [line.first_page for line in lines],
            },
        )

    @cached_property
    def _qr(self) -> QrSeries:
        return QrSeries(self._short, piece_code.LENGTH)


def _where(lines: Sequence[str], words: Mapping[str, Any]) -> str:
    """Return which word of a letter no font has, and the first such character."""
    texts = {name: str(words.get(name, "")) for name in _FREE} | {"address": "".join(lines)}
    name, signs = next((name, found) for name, text in texts.items() if (found := unprintable(text)))
    return f"{name}: no font has U+{ord(min(signs)):04X}"


def _offer(offer: Any) -> dict[str, str]:
    """Return an offer in the words of a letter."""
    said = {"code": offer.code, "free_goods": offer.free_goods, "label": offer.label}
    said["discount"] = None if offer.discount is None else percent(offer.discount)
    return {name: value for name, value in said.items() if value}


def _common(wave: Wave, material: Material | None, short: str) -> dict[str, Any]:
    day = wave.on.astimezone(ZoneInfo(wave.campaign.schedule.timezone)).date()
    campaign = wave.campaign
    return {
        "date": written_date(day),
        "campaign": {"name": campaign.campaign, "title": campaign.title, "brand": campaign.brand or ""},
        "material": {
            "reference": material.reference if material else "",
            "version": str(material.version) if material else "",
            "title": material.title if material else "",
            "revised_on": written_date(material.revised_on) if material else "",
        },
        "site": short.split("://", 1)[-1].rstrip("/"),
    }


def _about(wave: Wave, batch_id: str, material: Material | None) -> batch.About:
    step: MailingStep = wave.step
    day = wave.on.astimezone(ZoneInfo(wave.campaign.schedule.timezone)).date()
    template = wave.files[letter.file_of(step.template)]
    visa = material.visa if material else None
    return batch.About(
        batch_id=batch_id,
        campaign=wave.campaign.campaign,
        run=int(wave.run_id),
        step=wave.step_name,
        material_ref=f"{material.reference} v{material.version}" if material else "",
        material_sha256=sha256(template.encode()).hexdigest(),
        visa_ref=f"{visa.type} {visa.granted} - {visa.expires}" if visa else "",
        person_in_charge=wave.campaign.owner,
        created=wave.on.astimezone(dt.UTC),
        drop_on=add_working_days(day, step.post_after),
    )


def _short_hash(touches: Sequence[TouchId]) -> str:
    return sha256(",".join(map(str, sorted(touches))).encode()).hexdigest()[:10]
