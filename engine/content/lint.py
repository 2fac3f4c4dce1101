"""What a careful colleague would say of a mail before it leaves: what reads as spam, as a draft, as cut off.

Two weights. What can never be meant (a placeholder of another tool, "[DRAFT]") is a problem and stops; the rest
is a remark: it is told by `check` and by the plan, and its author decides.
"""

import re
from collections.abc import Iterable
from typing import Final

from engine.content import markup
from engine.problems import Say

_NAME: Final = r"(?:PR[ÉE]NOM|NOM|NAME|FIRST[ _]?NAME|LAST[ _]?NAME|CIVILIT[ÉE])"
_WHOSE: Final = (
    r"(?:(?:DU|DE LA|DE L['’]|ET)? ?(?:CLIENTE?|M[ÉE]DECIN|DOCTEUR|PHARMACIEN(?:NE)?|PHARMACIE|OFFICINE|DESTINATAIRE|"
    rf"TITULAIRE|PRODUIT|{_NAME}))"
)
_FOREIGN: Final = re.compile(
    r"%%[A-Za-z_ ]+%%|\*\|[A-Z_]+\|\*|\[\[[^\]\n]{1,40}\]\]|\$\{[^}\n]{1,40}\}|<%=?[^%\n]{1,40}%>|"
    r"(?<![{\w])\{[\w .'’-]{0,40}\}(?!\})|"
    rf"\[ ?{_NAME}(?: {_WHOSE})? ?\]|<{_NAME}>|(?<!\w)(?P<sign>[%#@]|__){_NAME}(?P=sign)|"
    r"\[(?:VILLE|OBJET|TITRE|DATE|[ÀA] COMPL[ÉE]TER|[ÀA] D[ÉE]FINIR|DRAFT|BROUILLON|TODO|TBD|XXX+)\]|"
    r"(?-i:\b(?:TODO|TBD)\b)|\bXXX+\b|\blorem\s+ipsum\b",
    re.IGNORECASE,
)
"""Placeholders that other tools fill and ours does not, and words that say "not finished": nobody means them."""

_DOUBTFUL: Final = re.compile(
    r"\[TEST\]|\b[àa] compl[ée]ter\b|\bsans titre\b|\bJJ/MM(?:/AA(?:AA)?)?\b|\bxx/xx(?:/\w{2,4})?\b",
    re.IGNORECASE,
)
"""What a draft says and a finished subject may: "[Test] Êtes-vous à jour ?", "Votre dossier à compléter"."""

SPAM: Final = (
    "100% gratuit",
    "100 % gratuit",
    "act now",
    "agissez maintenant",
    "argent facile",
    "cliquez ici",
    "click here",
    "dernière chance",
    "félicitations",
    "free gift",
    "gagnez",
    "garanti sans risque",
    "guaranteed",
    "last chance",
    "limited time",
    "offre exceptionnelle",
    "profitez-en vite",
    "risk-free",
    "sans risque",
    "urgent",
    "vous avez gagné",
    "winner",
    "à ne pas manquer",
)
"""What filters, and readers, have learnt to distrust; words of pharmacy ("remise", "offre") are not among them."""

LONGEST_SUBJECT: Final = 60  #: characters that a telephone shows


def unfinished(text: str) -> list[str]:
    """Return what in a text is a placeholder that nobody fills, or says that it is a draft.

    >>> unfinished("Bonjour {{ customer.name }}, [PRENOM] %%NAME%%")
    ['[PRENOM]', '%%NAME%%']
    """
    masked, _ = markup.mask(text)
    return list(dict.fromkeys(match[0] for match in _FOREIGN.finditer(masked)))


def spam_words(text: str) -> list[str]:
    """Return the words of a text that read as spam.

    >>> spam_words("URGENT : cliquez ici")
    ['cliquez ici', 'urgent']
    """
    said = re.sub(r"\s+", " ", markup.mask(text)[0].lower().replace("\u00a0", " ").replace("\u202f", " "))
    return [word for word in SPAM if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", said)]


def of_subject(subject: str) -> list[tuple[Say, Say]]:
    """Return remarks on a subject line: what, and what to do."""
    words, _ = markup.mask(subject)
    bare = re.sub(r"zj\d+jz", "", words)
    found = [_spam(word) for word in spam_words(subject)]
    found += [
        (
            Say(f"'{match[0]}' reads as a draft", f"« {match[0]} » se lit comme un brouillon"),
            Say("Leave it if it is meant.", "Laissez-le si c'est voulu."),
        )
        for match in _DOUBTFUL.finditer(words)
    ]
    if len(bare) > LONGEST_SUBJECT:
        found.append(
            (
                Say(
                    f"{len(bare)} characters and the values; telephones show {LONGEST_SUBJECT}",
                    f"{len(bare)} caractères et les valeurs ; un téléphone en montre {LONGEST_SUBJECT}",
                ),
                Say("Put first what must be read.", "Mettez d'abord ce qui doit être lu."),
            )
        )
    letters = [letter for letter in bare if letter.isalpha()]
    if len(letters) > 8 and sum(letter.isupper() for letter in letters) > len(letters) * 0.6:
        found.append(
            (
                Say("is written in capitals", "est écrit en capitales"),
                Say("Write it as a sentence.", "Écrivez-le comme une phrase."),
            )
        )
    if re.search(r"[!?]{2}|\${2}|€{2}", bare):
        found.append(
            (
                Say("shouts: '!!', '??' or '€€'", "crie : « !! », « ?? » ou « €€ »"),
                Say("One sign is enough.", "Un seul signe suffit."),
            )
        )
    return found


def of_text(text: str) -> list[tuple[Say, Say]]:
    """Return remarks on what a mail says."""
    return [_spam(word) for word in spam_words(text)]


def _spam(word: str) -> tuple[Say, Say]:
    return (
        Say(f"'{word}' reads as spam", f"« {word} » se lit comme du spam"),
        Say("Say it in other words.", "Dites-le autrement."),
    )


def place_of(what: str, texts: Iterable[tuple[str, str]]) -> tuple[str, int] | None:
    """Return the file and line where a text stands, or `None`: it was put together from several."""
    for file, text in texts:
        at = text.lower().find(what.lower())
        if at >= 0:
            return file, text.count("\n", 0, at) + 1
    return None
