"""Files that a mail brings along: the same for everybody, so they are written for the wire once.

Each stands in a definition as its base64, so that a run is pinned to its bytes as to all else.
"""

from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Final

from engine.problems import FilesError, Problem, Say, Span, did_you_mean

TYPES: Final = {"pdf": "application/pdf", "ics": "text/calendar; charset=utf-8; method=PUBLISH"}
LARGEST: Final = 3 * 1024 * 1024
"""Bytes of all files of one mail; many mailboxes refuse mails above ten megabytes, and each reader pays for each."""

ENCODED: Final = "base64:"
UNREAD: Final = "unread:"
"""In place of a file that nobody attaches, or that is too large to be: its name and its size are known."""


def is_attachable(path: str) -> bool:
    """Return whether a mail may bring a file of this name along."""
    return path.rpartition(".")[2] in TYPES


def unread(size: int) -> str:
    """Return what stands for a file of so many bytes that was not read."""
    return f"{UNREAD}{size}"


def as_text(raw: bytes) -> str:
    """Return a file's bytes as a definition keeps them."""
    return ENCODED + b64encode(raw).decode("ascii")


def content(name: str, files: Mapping[str, str]) -> bytes | None:
    """Return a file's bytes, or `None`: there is no such file, or it was not read.

    Args:
        name: Its path below `templates/`: dermapharm/rcp.pdf.
    """
    text = files.get(f"templates/{name}")
    if text is None or text.startswith(UNREAD):
        return None
    try:
        return (
            b64decode(text[len(ENCODED) :], validate=True)
            if text.startswith(ENCODED)
            else text.encode("utf-8")
        )
    except Error:
        return None


def wrong(names: Sequence[str], files: Mapping[str, str]) -> Iterator[tuple[int, Say, Say]]:
    """Yield what is wrong with the files of a mail: the place in the list, what, and what to do."""
    total = 0
    for place, name in enumerate(names):
        kind = name.rpartition(".")[2]
        raw = content(name, files)
        left = files.get(f"templates/{name}", "")
        if kind not in TYPES:
            yield (
                place,
                Say(f"'{name}' is no file that a mail may bring", f"« {name} » ne peut pas être joint"),
                Say(
                    f"Attach {' or '.join(sorted(TYPES))}; link to everything else.",
                    f"Joignez {' ou '.join(sorted(TYPES))} ; mettez un lien vers le reste.",
                ),
            )
        elif left.startswith(UNREAD):
            total += int(left[len(UNREAD) :])
        elif raw is None:
            known = [path.removeprefix("templates/") for path in files if is_attachable(path)]
            yield (
                place,
                Say(f"there is no file 'templates/{name}'", f"il n'y a pas de fichier « templates/{name} »"),
                did_you_mean(name, known),
            )
        elif kind == "pdf" and not raw.startswith(b"%PDF-"):
            yield (
                place,
                Say(f"'{name}' is called a PDF and is none", f"« {name} » se dit PDF et n'en est pas un"),
                Say("Export it again.", "Exportez-le de nouveau."),
            )
        else:
            total += len(raw)
    if total > LARGEST:
        yield (
            0,
            Say(
                f"the files of this mail are {total // 1024:,} kB together; {LARGEST // 1024:,} is the most",
                f"les fichiers de cet e-mail font {total // 1024:,} ko ; {LARGEST // 1024:,} au plus",
            ),
            Say("Put it on a page, and link to it.", "Mettez-le sur une page, et un lien."),
        )


def around(names: Sequence[str], files: Mapping[str, str], body_type: str) -> tuple[str, bytes]:
    """Return the header lines in front of a mail's body, and what follows it; without files, the body's own type and nothing.

    Lines are at most 76 characters of base64: none starts with a dot, nothing needs to be stuffed.

    Raises:
        FilesError: a file is not among those of the run; no mail leaves with an empty one instead.
    """
    if not names:
        return f"Content-Type: {body_type}\r\n\r\n", b""
    parts = [
        (name.rpartition("/")[2], TYPES[name.rpartition(".")[2]], _pinned(name, files)) for name in names
    ]
    boundary = "=_ta_" + sha256(b"\0".join(raw for _, _, raw in parts)).hexdigest()[:24]
    written = b""
    for called, kind, raw in parts:
        encoded = b64encode(raw)
        lines = b"\r\n".join(encoded[start : start + 76] for start in range(0, len(encoded), 76))
        written += (
            f"\r\n--{boundary}\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n"
            f'Content-Disposition: attachment; filename="{called}"\r\n\r\n'
        ).encode("ascii") + lines
    front = f'Content-Type: multipart/mixed; boundary="{boundary}"\r\n\r\n--{boundary}\r\nContent-Type: {body_type}\r\n\r\n'
    return front, written + f"\r\n--{boundary}--\r\n".encode("ascii")


def _pinned(name: str, files: Mapping[str, str]) -> bytes:
    raw = content(name, files)
    if raw is None:
        raise FilesError(
            [
                Problem(
                    Span(f"templates/{name}"),
                    Say("is attached, and is not among the files of this run", "est joint, et ne fait pas partie des fichiers de cet envoi"),
                    Say("Run 'touchbase check', and plan again.", "Lancez « touchbase check », et planifiez de nouveau."),
                )
            ]
        )  # fmt: skip
    return raw
