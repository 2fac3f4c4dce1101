"""A mail, from values to bytes for the wire, beside Jinja that only fills the same HTML."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import jinja2

from bench import mails
from channels.email import Emails
from engine.content import mail
from engine.content.placeholders import FILTERS

MAILS = 5_000


@contextmanager
def line() -> Iterator[tuple[Callable[[], object], Callable[[], object]]]:
    """Give both sides, over as many mails: ours is headers, text and HTML, signed links, encoding; all of it."""
    wave = mails.wave()
    compose = Emails(mails.desk()).prepare(wave)
    addressees = [mails.addressee(number) for number in range(1, MAILS + 1)]
    body = mail.compile_body("dermapharm/announce", wave.files, subject=wave.step.subject)
    plain = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=True)
    plain.filters.update(FILTERS)
    template = plain.from_string(body.html)
    url = "https://touchbase.example/c/" + "x" * 48
    shared = {
        "material": {"reference": "26/02/DMP/COM/007", "version": 2, "revised_on": mails.DUE.date()},
        "offer": {"code": "DPD26-A", "label": "10 % de remise"},
        "links": {"order": url, "range": url},
        "rep": {"name": "Julie Lefèvre", "phone": "+33 1 99 00 12 34"},
        "unsubscribe_url": url,
        "preferences_url": url,
        "view_url": url,
    }

    def reference() -> None:
        for one in addressees:
            template.render(customer={"name": one.customer.name, "town": one.customer.town}, **shared)

    def ours() -> None:
        for one in addressees:
            compose(one)

    yield ours, reference
