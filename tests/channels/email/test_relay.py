"""How a connection to the relay is opened: never weaker than it was decided (SEC50)."""

import datetime as dt
import ipaddress
import ssl
from base64 import b64encode
from functools import partial
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from channels.email.delivery import Delivery
from channels.email.relay import Relay, opened
from engine.contract import Ending
from engine.problems import ChannelUnavailable, UsageError
from engine.testing.relay import FaultRelay, entries
from tests.channels.email.world import parcel


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for 127.0.0.1, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "relay.example")])
    start = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=36_500))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "relay.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def server_side(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def trust(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate))


def test_mails_go_over_tls_and_the_password_with_them(
    tmp_path: Path, server_side: ssl.SSLContext, trust: ssl.SSLContext
) -> None:
    with FaultRelay(tmp_path / "ledger", tls=server_side, extensions=("AUTH PLAIN LOGIN",)) as relay:
        url = f"smtp://touchbase:p%40ss@127.0.0.1:{relay.port}?starttls=require"
        delivery = Delivery(Relay.from_url(url), open_line=partial(opened, trust=trust))
        endings = [receipt.ending for receipt in delivery.deliver([parcel(one) for one in range(1, 41)])]
        delivery.close()

        assert endings == [Ending.ACCEPTED] * 40
        assert len(entries(relay.ledger)) == 40
        assert b"AUTH PLAIN " + b64encode(b"\0touchbase\0p@ss") in relay.commands
        assert relay.commands.index(b"STARTTLS") < relay.commands.index(
            b"AUTH PLAIN " + b64encode(b"\0touchbase\0p@ss")
        )


def test_a_relay_that_no_longer_offers_starttls_gets_nothing(tmp_path: Path) -> None:
    with FaultRelay(tmp_path / "ledger", extensions=("AUTH PLAIN",)) as relay:
        asked = Relay.from_url(f"smtp://touchbase:secret@127.0.0.1:{relay.port}?starttls=require")

        with pytest.raises(ChannelUnavailable, match="no longer offers STARTTLS"):
            opened(asked)
        assert not any(command.startswith((b"AUTH", b"MAIL")) for command in relay.commands)


def test_a_certificate_that_nobody_vouches_for_gets_nothing(
    tmp_path: Path, server_side: ssl.SSLContext
) -> None:
    with FaultRelay(tmp_path / "ledger", tls=server_side) as relay:
        asked = Relay.from_url(f"smtp://127.0.0.1:{relay.port}?starttls=require")

        with pytest.raises(ChannelUnavailable, match="certificate"):
            opened(asked)


def test_a_certificate_for_another_host_gets_nothing(
    tmp_path: Path, server_side: ssl.SSLContext, trust: ssl.SSLContext
) -> None:
    with FaultRelay(tmp_path / "ledger", tls=server_side) as relay:
        asked = Relay.from_url(f"smtp://localhost:{relay.port}?starttls=require")

        with pytest.raises(ChannelUnavailable, match="certificate"):
            opened(asked, trust=trust)


def test_plain_text_behind_starttls_is_not_taken_for_the_servers(
    tmp_path: Path, server_side: ssl.SSLContext, trust: ssl.SSLContext
) -> None:
    with FaultRelay(tmp_path / "ledger", tls=server_side, behind_starttls=b"250 forged\r\n") as relay:
        asked = Relay.from_url(f"smtp://127.0.0.1:{relay.port}?starttls=require")

        with pytest.raises(ChannelUnavailable):
            opened(asked, trust=trust)


def test_no_error_about_a_relay_holds_its_password(tmp_path: Path) -> None:
    relay = Relay.from_url("smtps://touchbase:secret@127.0.0.1:1")

    with pytest.raises(ChannelUnavailable) as caught:
        opened(relay)
    assert "secret" not in str(caught.value) + repr(relay)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "relay.example",
        "http://relay.example",
        "smtp://",
        "smtp://relay.example:99999",
        "smtp://relay.example?starttls=maybe",
        "smtp://relay.example?conections=4",
        "smtp://relay.example?connections=0",
        "smtp://relay.example?connections=many",
        "smtp://relay.example?name=a%0D%0AMAIL",
        "smtp://user:secret@relay.example?starttls=no",
    ],
)
def test_an_address_that_is_no_relay_is_told_at_the_start(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        Relay.from_url(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "port", "tls"),
    [
        ("smtp://relay.example", 25, "no"),
        ("smtp://relay.example?starttls=require", 25, "starttls"),
        ("smtp://u:p@relay.example", 587, "starttls"),
        ("smtps://u:p@relay.example", 465, "always"),
        ("smtp://u:p@localhost:2525?starttls=no", 2525, "no"),
    ],
)
def test_an_address_says_port_and_encryption(url: str, port: int, tls: str) -> None:
    relay = Relay.from_url(url)

    assert (relay.port, relay.tls) == (port, tls)
