"""DKIM: what we sign, a verifier that knows nothing of us finds good; what was changed it does not."""

import re
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from channels.email import Emails
from channels.email.dkim import SIGNED
from engine.contract import Parcel
from engine.problems import UsageError
from tests.channels.email.world import addressee, desk, wave

DOMAIN = "armorial.example.org"
KEYS = {"rsa": rsa.generate_private_key(65537, 2048), "ed": ed25519.Ed25519PrivateKey.generate()}


def records() -> dict[bytes, bytes]:
    """Return what the domain would publish: selector -> record."""
    from base64 import b64encode

    plain = KEYS["ed"].public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    whole = KEYS["rsa"].public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return {
        f"ed._domainkey.{DOMAIN}.".encode(): b"v=DKIM1; k=ed25519; p=" + b64encode(plain),
        f"rsa._domainkey.{DOMAIN}.".encode(): b"v=DKIM1; k=rsa; p=" + b64encode(whole),
    }


def keep(folder: Path, *names: str, domain: str = DOMAIN) -> None:
    for name in names:
        path = folder / "dkim" / domain / f"{name}.pem"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(KEYS[name].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def composed(folder: Path, **more: str) -> bytes:
    made = Emails(desk(folder)).prepare(wave(**more))(addressee())
    assert isinstance(made, Parcel)
    return bytes(made.content.data)


def verified(mail: bytes, number: int = 0) -> bool:
    known = records()
    try:
        return bool(dkim.DKIM(mail).verify(number, dnsfunc=lambda name, timeout=5: known.get(bytes(name))))
    except dkim.ValidationError:
        return False


@pytest.mark.parametrize("kind", ["rsa", "ed"])
def test_an_independent_verifier_finds_the_signature_good(tmp_path: Path, kind: str) -> None:
    keep(tmp_path, kind)

    assert verified(composed(tmp_path))


def test_both_kinds_sign_side_by_side(tmp_path: Path) -> None:
    keep(tmp_path, "rsa", "ed")
    mail = composed(tmp_path)

    assert (mail.count(b"DKIM-Signature:"), verified(mail, 0), verified(mail, 1)) == (2, True, True)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Subject: ", b"Subject: x"),
        (b"From: ", b"From: Mallory <m@evil.example>\r\nFrom: "),
        (b"List-Unsubscribe: <", b"List-Unsubscribe: <https://evil.example/"),
        (b"Content-Type: multipart", b"Content-Type:  multipart; x=y"),
        (b"Reply-To", b"Reply-To"),
    ],
    ids=["subject", "second From", "unsubscribe", "content type", "nothing"],
)
def test_a_changed_header_breaks_the_signature(tmp_path: Path, old: bytes, new: bytes) -> None:
    keep(tmp_path, "ed")
    mail = composed(tmp_path)
    front, _, rest = mail.partition(b"\r\nDate: ")

    assert verified(front + b"\r\nDate: " + rest.replace(old, new, 1)) is (old == new)


def test_a_changed_body_breaks_the_signature(tmp_path: Path) -> None:
    keep(tmp_path, "rsa")

    assert not verified(composed(tmp_path) + b"PS\r\n")


def test_the_signature_covers_what_the_law_of_mailboxes_asks_for(tmp_path: Path) -> None:
    keep(tmp_path, "rsa")
    signature = composed(tmp_path).partition(b"\r\nDate:")[0].decode()

    assert re.search(r"\bl=", signature) is None and f"d={DOMAIN};" in signature
    assert {"List-Unsubscribe", "List-Unsubscribe-Post", "Message-ID"} < set(SIGNED) and SIGNED.count(
        "From"
    ) == 2


def test_every_attempt_is_signed_with_the_same_bytes(tmp_path: Path) -> None:
    keep(tmp_path, "rsa", "ed")

    assert composed(tmp_path) == composed(tmp_path)


def test_without_a_key_of_the_senders_domain_nothing_is_signed(tmp_path: Path) -> None:
    keep(tmp_path, "ed", domain="other.example")

    assert b"DKIM-Signature" not in composed(tmp_path)


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    keep(tmp_path, "ed")
    (tmp_path / "dkim" / DOMAIN / "ed.pem").chmod(0o644)

    with pytest.raises(UsageError, match="others may read"):
        composed(tmp_path)


def test_a_file_that_is_no_key_is_refused(tmp_path: Path) -> None:
    keep(tmp_path, "ed")
    (tmp_path / "dkim" / DOMAIN / "ed.pem").write_text("hello")

    with pytest.raises(UsageError, match="no private key"):
        composed(tmp_path)


def test_a_short_rsa_key_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KEYS, "rsa", rsa.generate_private_key(65537, 1024))
    keep(tmp_path, "rsa")

    with pytest.raises(UsageError, match="2,048"):
        composed(tmp_path)
