"""The files of a project as bytes: none that leads out of it, none that is no text where text is asked for."""

from pathlib import Path

from engine.problems import Problem, Say, Span


def outside(root: Path, name: str) -> list[Problem]:
    """Return that a file is a link out of the project `root`, or nothing.

    Such a link may lead to anything, and what a file says is shown in problems and in mails.
    """
    if (root / name).resolve().is_relative_to(root.resolve()):
        return []
    return [
        Problem(
            Span(name),
            Say("leads out of the project", "mène hors du projet"),
            Say("Copy the file instead of linking to it.", "Copiez le fichier au lieu d'un lien."),
        )
    ]


def bytes_of(root: Path, name: str) -> tuple[bytes | None, list[Problem]]:
    """Return what a file of the project `root` holds, or why it is not read; every file of a project is read here."""
    if wrong := outside(root, name):
        return None, wrong
    try:
        return (root / name).read_bytes(), []
    except OSError as error:
        return None, [
            Problem(
                Span(name),
                Say(f"cannot be read: {error.strerror}", f"illisible : {error.strerror}"),
                Say(
                    "Check that the file exists and that you may read it.",
                    "Vérifiez que le fichier existe et que vous pouvez le lire.",
                ),
            )
        ]


def not_utf8(raw: bytes, name: str) -> list[Problem]:
    """Return where a file's bytes are no UTF-8, or nothing."""
    try:
        raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        column = len(raw[: error.start].rpartition(b"\n")[2].decode("utf-8", errors="replace")) + 1
        return [
            Problem(
                Span(name, line, column),
                Say("is not UTF-8 text", "n'est pas du texte UTF-8"),
                Say("Save it as UTF-8 in your editor.", "Enregistrez-le en UTF-8 dans votre éditeur."),
            )
        ]
    return []
