"""Signatures of persons: Ed25519. Who signs has a private key; who checks needs only the public one.

Keys are files: `NAME.key` for its owner alone, `NAME.pub` for everybody who checks. Each holds 32 bytes, in base64.
"""

import os
import re
from base64 import b64decode, b64encode
from binascii import Error
from pathlib import Path

from engine.model.approval import Keys
from engine.model.written import NAME
from engine.problems import Say, UsageError


def sign(private: bytes, message: bytes) -> bytes:
    """Return the signature of a message: 64 bytes."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(private).sign(message)


def is_signed(public: bytes, signature: bytes, message: bytes) -> bool:
    """Return whether a signature of a message was made by the owner of a public key."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def make_key(folder: Path, name: str) -> Path:
    """Make the key pair of a person; return where the private one stands.

    Raises:
        UsageError: not a name, or the person has one already: a new one would void all that they signed.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    if not re.match(NAME, name):
        raise UsageError(
            Say(f"'{name}' is not a name of a person here.", f"« {name} » n'est pas un nom de personne ici."),
            Say(
                "Use small letters, digits, '-': claire-morel.", "Minuscules, chiffres, « - » : claire-morel."
            ),
        )
    private, public = folder / f"{name}.key", folder / f"{name}.pub"
    if public.exists() or private.exists():
        raise UsageError(
            Say(
                f"'{name}' has a key already. Nothing was changed.",
                f"« {name} » a déjà une clé. Rien n'a été modifié.",
            ),
            Say(
                f"Another key voids all that '{name}' has signed; remove {public} first if that is meant.",
                f"Une autre clé annule tout ce que « {name} » a signé ; retirez d'abord {public} si c'est voulu.",
            ),
        )
    made = Ed25519PrivateKey.generate()
    folder.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(private, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(b64encode(made.private_bytes_raw()).decode() + "\n")
    public.write_text(b64encode(made.public_key().public_bytes_raw()).decode() + "\n", encoding="ascii")
    return private


def private_key(path: Path, name: str) -> bytes:
    """Return a person's private key.

    Raises:
        UsageError: there is none that this account may read.
    """
    try:
        return _read(path)
    except (OSError, ValueError) as error:
        raise UsageError(
            Say(
                f"The key of '{name}' cannot be read ({type(error).__name__}): {path}",
                f"La clé de « {name} » est illisible ({type(error).__name__}) : {path}",
            ),
            Say(
                f"Make one: touchbase key {name}. Or say where it is: --key FILE.",
                f"Faites-en une : touchbase key {name}. Ou dites où elle est : --key FICHIER.",
            ),
        ) from None


def public_keys(folder: Path) -> Keys:
    """Return everybody's public key; a file that holds none is nobody's."""
    found: dict[str, bytes] = {}
    for path in sorted(folder.glob("*.pub")) if folder.is_dir() else []:
        try:
            found[path.stem] = _read(path)
        except (OSError, ValueError):
            continue
    return found


def _read(path: Path) -> bytes:
    try:
        key = b64decode(path.read_text(encoding="ascii").strip(), validate=True)
    except (Error, UnicodeDecodeError):
        raise ValueError(path) from None
    if len(key) != 32:
        raise ValueError(path)
    return key
