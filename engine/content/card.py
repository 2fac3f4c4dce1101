"""The material card beside a template, out of a run's pinned files."""

from collections.abc import Mapping
from functools import lru_cache

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from engine.model.material import Material
from engine.problems import Say


def card(files: Mapping[str, str], template: str) -> Material | None:
    """Return the card of `hivernax/announce`, or `None`: there is none, or the loader says what is wrong."""
    text = files.get(f"templates/{template}.yaml")
    return None if text is None else _card(text)


_KINDS = {
    ".mjml": Say("it is the template of a mail", "c'est le modèle d'un e-mail"),
    ".typ": Say("it is the template of a letter", "c'est le modèle d'une lettre"),
    ".md": Say("these are talking points of a visit", "c'est l'argumentaire d'une visite"),
}


def other_kind(files: Mapping[str, str], template: str, suffix: str) -> Say | None:
    """Return the remedy where a name belongs to the template of another channel than that of `suffix`."""
    for kind, what in _KINDS.items():
        if kind != suffix and f"templates/{template}{kind}" in files:
            return Say(
                f"'{template}' is there, but {what.en} ({kind}); this step needs one in {suffix}.",
                f"« {template} » existe, mais {what.fr} ({kind}) ; cette étape en veut un en {suffix}.",
            )
    return None


@lru_cache(maxsize=256)
def _card(text: str) -> Material | None:
    try:
        # Anchors are refused over the bare events: the text of a broken card is not yet a safe one.
        if any(getattr(event, "anchor", None) for event in YAML(typ="safe", pure=True).parse(text)):
            return None
        return Material.model_validate(YAML(typ="safe", pure=True).load(text))
    except (YAMLError, ValidationError, ValueError, RecursionError):
        return None
