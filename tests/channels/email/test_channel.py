"""The e-mail channel: the contract's examination, and what is promised of a mail beyond it."""

import email
import re
from collections.abc import Iterator
from dataclasses import replace
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from channels.email import Emails, outbox
from channels.email.identity import Identity
from engine.content.links import PATHS, with_utm
from engine.content.tokens import Purpose, Token, read
from engine.contract import Customer, Failure, Parcel, Refusal
from engine.model.campaign import Utm
from engine.model.written import CustomerId, TouchId
from engine.problems import FilesError
from engine.testing.examination import examine
from tests.channels.email.world import (
    CARD,
    CLAIRE,
    FILES,
    JULIE,
    SECRET,
    TEMPLATE,
    addressee,
    desk,
    step,
    wave,
)

ROBERT = Customer(CustomerId(43), "person", last_name="Petit", civility="M", address=None)


@pytest.fixture
def emails(tmp_path: Path) -> Iterator[Emails]:
    made = Emails(desk(tmp_path))
    yield made
    made.close()


def written(parcel: Parcel | Failure) -> EmailMessage:
    assert isinstance(parcel, Parcel), parcel
    parsed = email.message_from_bytes(parcel.content.data, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def html(parcel: Parcel | Failure) -> str:
    part = written(parcel).get_body(("html",))
    assert part is not None
    return str(part.get_content())


def test_the_contract_is_kept(emails: Emails) -> None:
    receipts = examine(emails, wave(), reachable=addressee(), unreachable=addressee(9, ROBERT))

    assert [receipt.ending.value for receipt in receipts] == ["accepted", "accepted"]


def test_a_mail_in_the_outbox_is_the_mail_that_was_composed(emails: Emails, tmp_path: Path) -> None:
    parcel = emails.prepare(wave())(addressee())
    assert isinstance(parcel, Parcel)

    list(emails.post([parcel]))

    (summary,) = outbox.mails(tmp_path / "outbox")
    kept = outbox.mail(tmp_path / "outbox", summary.id)
    raw = (tmp_path / "outbox" / f"{summary.id}.eml").read_bytes()
    assert kept is not None
    assert (summary.subject, kept.envelope_to) == ("Dr Claire Morel, votre offre", f"<{CLAIRE.address}>")
    assert raw.endswith(parcel.content.data)
    assert "10 % de remise" in (kept.html or "") and "10 % de remise" in (kept.text or "")


def test_the_outbox_answers_for_no_file_but_its_mails(tmp_path: Path) -> None:
    (tmp_path / "secret.eml").write_text("x", encoding="utf-8")

    assert [outbox.mail(tmp_path, name) for name in ("secret", "../secret", "", "1-2-3")] == [None] * 4


def test_every_attempt_of_a_touch_has_the_same_bytes_and_names(emails: Emails, tmp_path: Path) -> None:
    another_process = Emails(desk(tmp_path))

    assert emails.prepare(wave())(addressee(7)) == another_process.prepare(wave())(addressee(7))


def test_two_touches_have_different_names(emails: Emails) -> None:
    compose = emails.prepare(wave())

    one, two = written(compose(addressee(1))), written(compose(addressee(2)))

    assert one["message-id"] != two["message-id"]


def test_the_header_is_what_was_intended_and_nothing_else(emails: Emails) -> None:  # SEC3, SEC10
    parcel = emails.prepare(wave())(addressee())
    assert isinstance(parcel, Parcel)
    parsed = BytesParser(policy=policy.compat32).parsebytes(parcel.content.data)

    assert parsed.keys() == [
        "Date",
        "From",
        "To",
        "Subject",
        "Message-ID",
        "List-Unsubscribe",
        "List-Unsubscribe-Post",
        "MIME-Version",
        "Content-Type",
    ]
    assert parsed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert parsed["List-Unsubscribe"].startswith("<https://touchbase.example/u/")


@pytest.mark.parametrize(
    "trap",
    [
        "=?utf-8?q?a=0ABcc=3A_evil=40x=2Efr?=",
        "=?utf-8?b?YQ0KQmNjOiBldmlsQHguZnI=?=",
        "Morel\u00a0=?utf-8?q?=0A?=",
    ],
)
def test_a_name_cannot_add_a_header(emails: Emails, trap: str) -> None:  # T1, SEC2
    parcel = emails.prepare(wave())(addressee(customer=replace(CLAIRE, last_name=trap)))

    assert len(written(parcel).keys()) == 9
    assert isinstance(parcel, Parcel)
    assert b"\r\nBcc" not in parcel.content.data


@pytest.mark.parametrize("letter", ["\r", "\n", "\u2028", "\x85", "\x00"])
def test_a_name_with_a_line_end_does_not_compose_and_is_told_by_field_and_character(
    emails: Emails, letter: str
) -> None:  # SEC1
    failure = emails.prepare(wave())(
        addressee(customer=replace(CLAIRE, last_name=f"Morel{letter}Bcc: x@y.fr"))
    )

    assert failure == Failure(Refusal.NOT_RENDERED, f"customer.last_name: U+{ord(letter):04X}")


def test_the_name_of_the_rep_is_blamed_and_not_what_stands_in_no_header(emails: Emails) -> None:
    """C-04: the header says who sends it and how to stop."""
    odd = replace(CLAIRE, rep=replace(JULIE, last_name="Petit\u2028"), street="12\nrue des Lilas")

    failure = emails.prepare(wave(from_="rep"))(addressee(customer=odd))

    assert failure == Failure(Refusal.NOT_RENDERED, "rep.last_name: U+2028")


def test_a_word_of_the_subject_is_blamed_for_the_subject_alone(emails: Emails) -> None:
    odd = replace(CLAIRE, town="Nantes\n", street="12 rue des Lilas\u2028")

    failure = emails.prepare(wave(subject='Bonjour {{ customer.street | default("") }}'))(
        addressee(customer=odd)
    )

    assert failure == Failure(Refusal.NOT_RENDERED, "customer.street: U+2028")


def test_a_subject_that_becomes_too_long_is_told_as_that_whatever_else_is_odd(emails: Emails) -> None:
    odd = replace(CLAIRE, town="Nantes" * 100, street="12\nrue des Lilas")

    failure = emails.prepare(wave(subject='Bonjour {{ customer.town | default("") }}'))(
        addressee(customer=odd)
    )

    assert failure == Failure(Refusal.NOT_RENDERED, "Subject: longer than a header value may be")


@pytest.mark.parametrize(
    "address", ["a@b.fr>\r\nRCPT TO:<c@d.fr", "alice@example.org)bob@evil.example", "é@b.fr"]
)
def test_a_bad_address_is_refused_before_any_mail(emails: Emails, address: str) -> None:  # T3, SEC4, SEC6
    assert emails.prepare(wave())(addressee(customer=replace(CLAIRE, address=address))) == Failure(
        Refusal.BAD_ADDRESS
    )


@pytest.mark.parametrize(
    "smuggled", ["\n.\n", "\r.\r\n", "\n.\r\n", "\r\n.\r\n", "\r", "\n", "\r\n.\rMAIL FROM:<x@y>"]
)
def test_data_cannot_end_a_mail(emails: Emails, smuggled: str) -> None:  # SEC5
    parcel = emails.prepare(wave())(
        addressee(customer=replace(CLAIRE, town=f"Nantes{smuggled}RCPT TO:<x@y.fr>"))
    )
    assert isinstance(parcel, Parcel)
    data: bytes = parcel.content.data

    assert b"\r\n." not in data
    assert data.replace(b"\r\n", b"").count(b"\r") + data.replace(b"\r\n", b"").count(b"\n") == 0
    assert data.endswith(b"\r\n")
    assert max(map(len, data.split(b"\r\n"))) <= 300


@pytest.mark.parametrize(
    "town", ["<script>alert(1)</script>", "{{ 7*7 }}", "{% raw %}", "</mj-text><mj-raw>", '"><img src=x>']
)
def test_markup_in_data_is_text(emails: Emails, town: str) -> None:  # SEC21
    made = html(emails.prepare(wave())(addressee(customer=replace(CLAIRE, town=town))))

    assert town not in made or town.startswith("{")
    assert "49" not in made.partition("<body")[2]
    assert "<script" not in made and "<img" not in made


def links(parcel: Parcel | Failure) -> list[str]:
    import re

    return re.findall(r'href="([^"]*)"', html(parcel))


def test_a_customer_who_may_be_tracked_has_links_of_their_own(emails: Emails) -> None:
    order, unsubscribe, preferences = links(emails.prepare(wave())(addressee(5)))

    front = "https://touchbase.example"
    assert read([SECRET], order.removeprefix(front + PATHS[Purpose.CLICK])) == Token(
        Purpose.CLICK, TouchId(5), CLAIRE.customer_id, 0
    )
    assert read([SECRET], unsubscribe.removeprefix(front + PATHS[Purpose.UNSUBSCRIBE])) is not None
    assert read([SECRET], preferences.removeprefix(front + PATHS[Purpose.PREFERENCES])) is not None


def test_without_consent_to_be_tracked_links_lead_straight_to_their_target(emails: Emails) -> None:  # SEC17
    order, *_ = links(emails.prepare(wave())(addressee(customer=replace(CLAIRE, may_track=False))))

    assert order == "https://direct.armorial.example/commande"


@pytest.mark.parametrize(
    ("agreed", "step", "pixels"), [(True, {}, 1), (False, {}, 0), (True, {"measure_opens": False}, 0)]
)
def test_c08_only_who_agreed_to_exactly_that_has_a_picture_that_tells_of_opens(
    emails: Emails, agreed: bool, step: dict[str, bool], pixels: int
) -> None:  # SEC17
    reader = replace(CLAIRE, may_track=True, opens_count=agreed)

    page = html(emails.prepare(wave(**step))(addressee(customer=reader)))

    assert (
        page.count(f'src="https://touchbase.example{PATHS[Purpose.OPEN]}')
        == page.count('width="1"')
        == pixels
    )


def test_the_picture_that_tells_of_opens_says_touch_and_purpose_alone(emails: Emails) -> None:
    page = html(emails.prepare(wave())(addressee(7, replace(CLAIRE, opens_count=True))))
    (text,) = re.findall(rf"{PATHS[Purpose.OPEN]}([^\"]+)", page)

    assert read([SECRET], text) == Token(Purpose.OPEN, TouchId(7), CLAIRE.customer_id)


def test_an_author_cannot_write_a_picture_that_tells_of_opens(emails: Emails) -> None:
    template = TEMPLATE.replace("<mj-button", "<mj-text>{{ open_url }}</mj-text><mj-button")

    with pytest.raises(FilesError) as error:
        emails.prepare(wave({**FILES, "templates/dermapharm/announce.mjml": template}))

    assert "unknown name 'open_url'" in str(error.value.problems[0].what)


UTM = "utm_source=armorial&utm_medium=email&utm_campaign=dermapharm-direct-2026&utm_content=announce"


@pytest.mark.parametrize(
    ("url", "becomes"),
    [
        ("https://direct.armorial.example/commande", f"https://direct.armorial.example/commande?{UTM}"),
        ("https://direct.armorial.example/c?ref=7#bas", f"https://direct.armorial.example/c?ref=7&{UTM}#bas"),
        ("https://direct.armorial.example/?utm_source=x", "https://direct.armorial.example/?utm_source=x"),
        ("mailto:offre@armorial.example", "mailto:offre@armorial.example"),
    ],
)
def test_a_link_says_which_mailing_where_the_campaign_asks_for_it(url: str, becomes: str) -> None:
    asking: Any = SimpleNamespace(campaign="dermapharm-direct-2026", utm=Utm(source="armorial"))

    assert with_utm(url, asking, "announce") == becomes


def test_what_the_webs_statistics_read_is_the_same_for_every_reader(emails: Emails) -> None:
    asking = wave()
    asking.campaign.utm = Utm(source="armorial")  # type: ignore[misc]
    compose = emails.prepare(asking)

    one, two = (
        html(compose(addressee(n, replace(CLAIRE, customer_id=CustomerId(n), may_track=False))))
        for n in (1, 2)
    )

    target = "https://direct.armorial.example/commande?" + UTM.replace("&", "&amp;")
    assert target in one and target in two


def test_no_link_says_who_reads_it(emails: Emails) -> None:  # SEC13
    for link in links(emails.prepare(wave())(addressee())):
        assert not any(word in link.lower() for word in ("morel", "claire", "nantes", "dermapharm", "@"))


def test_a_mail_from_the_rep_comes_from_the_customers_own(emails: Emails) -> None:
    parcel = emails.prepare(wave(**{"from": "rep"}))(addressee())

    assert written(parcel)["from"] == f"Julie Lefèvre <{JULIE.email}>"


def test_a_mail_from_the_rep_to_a_customer_without_one_is_refused(emails: Emails) -> None:
    compose = emails.prepare(wave(**{"from": "rep"}))

    assert compose(addressee(customer=replace(CLAIRE, rep=None))) == Failure(Refusal.NO_REP)


def test_the_cell_decides_the_offer(emails: Emails) -> None:
    compose = emails.prepare(wave())

    assert "10 % de remise" in html(compose(addressee(cell="discount")))
    assert "10 % de remise" not in html(compose(addressee(cell=None)))


def test_a_missing_value_without_a_default_is_told_without_the_customers_data(emails: Emails) -> None:
    compose = emails.prepare(wave(subject="{{ customer.first_name }}, bonjour"))

    assert compose(addressee(customer=replace(CLAIRE, first_name=None))) == Failure(
        Refusal.NOT_RENDERED, "customer.first_name is missing and has no default"
    )


def test_each_reader_gets_their_language_and_the_first_one_otherwise(emails: Emails) -> None:
    files = {
        **FILES,
        "templates/dermapharm/announce.yaml": CARD + "languages: [fr, en]\n",
        "templates/dermapharm/announce.en.mjml": TEMPLATE.replace("Commander", "Order now"),
    }
    compose = emails.prepare(wave(files, subject={"fr": "Votre offre", "en": "Your offer"}))

    english, german = (
        compose(addressee(customer=replace(CLAIRE, language=tongue))) for tongue in ("en", "de")
    )

    assert (written(english)["subject"], "Order now" in html(english)) == ("Your offer", True)
    assert (written(german)["subject"], "Commander" in html(german)) == ("Votre offre", True)


def test_the_preheader_of_the_step_takes_the_place_of_the_templates(emails: Emails) -> None:
    made = html(emails.prepare(wave(preheader="{{ customer.town }} & alentours"))(addressee()))

    assert "Nantes &amp; alentours" in made


def complaints(emails: Emails, files: dict[str, str], **more: Any) -> list[str]:
    found = emails.check(step(**more), files)
    return [
        f"{getattr(one, 'span', None) or '/'.join(map(str, getattr(one, 'path', ())))}: {one.what}"
        for one in found
    ]


@pytest.mark.parametrize(
    ("path", "old", "new", "said"),
    [
        ("mjml", 'href="{{ unsubscribe_url }}"', 'href="{{ preferences_url }}"', "no link to unsubscribe"),
        ("mjml", "{{ material.reference }}", "", "the reference number is missing"),
        ("mjml", "{{ links.order }}", "{{ preferences_url }}", "the link 'order' is nowhere in the template"),
        ("mjml", "{{ links.order }}", "https://x.example/", "is not in the material's manifest"),
        ("mjml", "customer.greeting", "customer.greting", "unknown name 'customer.greting'"),
        ("mjml", "<mj-title>", "<mj-titel>", "unknown tag <mj-titel>"),
    ],
)
def test_the_lint_gate_finds(emails: Emails, path: str, old: str, new: str, said: str) -> None:
    """C-04, C-32: who sends it, how to stop, and its reference number stand in every mail."""
    name = f"templates/dermapharm/announce.{path}"
    files = {**FILES, name: FILES[name].replace(old, new)}

    assert any(said in complaint for complaint in complaints(emails, files)), complaints(emails, files)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"template": "dermapharm/anounce"}, "template: there is no template 'dermapharm/anounce'"),
        ({"subject": "{{ customer.nam }}"}, "subject: unknown name 'customer.nam'"),
        ({"subject": "{{ unsubscribe_url }}"}, "subject: unknown name 'unsubscribe_url'"),
        ({"subject": {"fr": "ok", "en": "{{ x }}"}}, "subject/en: unknown name 'x'"),
        ({"subject": "a\nb"}, "subject: the character U+000A cannot stand"),
        ({"preheader": "{% for a in b %}{% endfor %}"}, "preheader: 'for' is not part"),
        ({"reply_to": "somebody"}, "reply_to: 'somebody' is not an address"),
    ],
)
def test_a_step_that_cannot_work_is_told_so(emails: Emails, more: dict[str, Any], said: str) -> None:
    assert any(complaint.startswith(said) for complaint in complaints(emails, FILES, **more)), complaints(
        emails, FILES, **more
    )


def test_a_template_without_a_card_is_a_problem(emails: Emails) -> None:
    assert complaints(emails, {"templates/dermapharm/announce.mjml": TEMPLATE}) == [
        "templates/dermapharm/announce.mjml:1:1: has no material card"
    ]


@pytest.mark.parametrize(
    ("card", "said"),
    [
        (CARD + "withdrawn: 2026-03-01\n", "the material is withdrawn"),
        (CARD.replace("approved:", "#"), "the material is not approved"),
        (
            CARD + "visa: {type: PM, granted: 2023-01-01, expires: 2024-12-31}\n",
            "the visa does not cover 2026-03-03",
        ),
    ],
)
def test_a_material_that_may_not_go_out_stops_the_wave(
    emails: Emails, card: str, said: str
) -> None:  # C-30, C-37
    with pytest.raises(FilesError) as caught:
        emails.prepare(wave({**FILES, "templates/dermapharm/announce.yaml": card}))

    assert [str(problem.what) for problem in caught.value.problems] == [said]


def test_a_bounce_comes_back_to_its_touch_whatever_its_case() -> None:
    identity = Identity(SECRET)

    assert identity.bounced(identity.of(TouchId(77), "armorial.example.org")[0].upper()) == TouchId(77)


def test_a_forged_bounce_is_none_of_ours() -> None:  # SEC18
    identity = Identity(SECRET)
    genuine = identity.of(TouchId(77), "armorial.example.org")[0]

    assert identity.bounced(genuine.replace("b-77-", "b-78-")) is None
    assert Identity(b"another secret of 32 bytes here!").bounced(genuine) is None
