"""DKIM signatures, where the relay does not sign: RSA and Ed25519, by the keys of `.touchbase/dkim`.

    .touchbase/dkim/<domain>/<selector>.pem      a private key, readable by its owner alone

Every key of the domain in a mail's From signs it, so both kinds may stand side by side. A signature has no
time in it: each attempt of a touch is the same bytes. The body is canonicalised `simple`: ours is encoded,
no line of it ends in blanks, so nothing is gained by reading all of it once more.

Source: RFC 6376 (DKIM), RFC 8301 (no RSA below 2,048 bits), RFC 8463 (Ed25519).
"""

import hashlib
import re
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

from engine.problems import Say, UsageError

SMALLEST: Final = 2_048  #: bits of an RSA key

SIGNED: Final = (
    *("From", "From", "To", "Subject", "Date", "Reply-To", "Message-ID", "MIME-Version", "Content-Type"),
    *("List-Unsubscribe", "List-Unsubscribe-Post"),
)
"""From twice: whoever adds a second one breaks the signature."""

_BLANKS: Final = re.compile(rb"[ \t]+")

Sign: TypeAlias = Callable[[bytes], bytes]


class Signer:
    """Signs with one key."""

    def __init__(self, domain: str, selector: str, algorithm: str, sign: Sign) -> None:
        self._sign = sign
        self._front = (
            f"DKIM-Signature: v=1; a={algorithm}; c=relaxed/simple; d={domain}; s={selector};\r\n"
            f"\th={':'.join(SIGNED)};\r\n\tbh="
        ).encode("ascii")

    def header(self, fields: dict[str, bytes], body_hash: bytes) -> bytes:
        """Return the signature as a header line, ended."""
        unsigned = self._front + body_hash + b";\r\n\tb="
        lines = []
        seen: set[str] = set()
        for name in SIGNED:
            key = name.lower()
            if key in fields and key not in seen:  # a name that is not there signs that it is not there
                lines.append(fields[key] + b"\r\n")
            seen.add(key)
        signature = b64encode(self._sign(b"".join(lines) + _relaxed(unsigned)))
        folded = b"\r\n\t ".join(signature[at : at + 72] for at in range(0, len(signature), 72))
        return unsigned + folded + b"\r\n"


class Signers:
    """All keys of an installation, loaded once."""

    def __init__(self, folder: Path) -> None:
        """Load the keys.

        Raises:
            UsageError: a key is none, too short, or readable by others.
        """
        self._of_domain: dict[str, list[Signer]] = {}
        if folder.is_dir():
            for path in sorted(folder.glob("*/*.pem")):
                domain, selector = path.parent.name.lower(), path.stem
                self._of_domain.setdefault(domain, []).append(Signer(domain, selector, *_loaded(path)))

    def signed(self, data: bytes, domain: str) -> bytes:
        """Return a mail with the signatures of its From's domain in front, or as it was where there is no key."""
        signers = self._of_domain.get(domain.lower())
        if not signers:
            return data
        head, _, body = data.partition(b"\r\n\r\n")
        fields = {}
        for line in re.split(rb"\r\n(?![ \t])", head):
            relaxed = _relaxed(line)
            fields[relaxed.partition(b":")[0].decode("ascii")] = relaxed
        while body.endswith(b"\r\n\r\n"):
            body = body[:-2]
        body_hash = b64encode(hashlib.sha256(body or b"\r\n").digest())
        return b"".join(signer.header(fields, body_hash) for signer in signers) + data


def _relaxed(line: bytes) -> bytes:
    """Return a header line in relaxed form: name in lower case, unfolded, blanks joined."""
    name, _, value = line.partition(b":")
    value = _BLANKS.sub(b" ", value.replace(b"\r\n", b"")).strip(b" ")
    return name.strip().lower() + b":" + value


def _loaded(path: Path) -> tuple[str, Sign]:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        if path.stat().st_mode & 0o077:
            raise _unfit(path, "others may read it", "d'autres peuvent la lire")
        key = load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError):
        raise _unfit(path, "it is no private key", "ce n'est pas une clé privée") from None
    if isinstance(key, ed25519.Ed25519PrivateKey):
        # RFC 8463: Ed25519 signs the hash of what RSA would hash.
        return "ed25519-sha256", lambda data: key.sign(hashlib.sha256(data).digest())
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= SMALLEST:
        return "rsa-sha256", lambda data: key.sign(data, padding.PKCS1v15(), hashes.SHA256())
    raise _unfit(path, "it is shorter than 2,048 bits", "elle est plus courte que 2 048 bits")


def _unfit(path: Path, en: str, fr: str) -> UsageError:
    return UsageError(
        Say(
            f"The DKIM key {path.parent.name}/{path.name} cannot be used: {en}. Nothing was sent.",
            f"La clé DKIM {path.parent.name}/{path.name} est inutilisable : {fr}. Rien n'est parti.",
        ),
        Say(
            "Put a PEM key there (RSA from 2,048 bits, or Ed25519) with mode 600, or take the file away.",
            "Placez-y une clé PEM (RSA d'au moins 2 048 bits, ou Ed25519) en mode 600, ou retirez le fichier.",
        ),
    )
