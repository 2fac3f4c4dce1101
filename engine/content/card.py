"""The material card beside a template, out of a run's pinned files."""

from collections.abc import Mapping
from functools import lru_cache

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from engine.model.material import Material


def card(files: Mapping[str, str], template: str) -> Material | None:
    """Return the card of `hivernax/announce`, or `None`: there is none, or the loader says what is wrong."""
    text = files.get(f"templates/{template}.yaml")
    return None if text is None else _card(text)


@lru_cache(maxsize=256)
def _card(text: str) -> Material | None:
    try:
        # Anchors are refused over the bare events: the text of a broken card is not yet a safe one.
        if any(getattr(event, "anchor", None) for event in YAML(typ="safe", pure=True).parse(text)):
            return None
        return Material.model_validate(YAML(typ="safe", pure=True).load(text))
    except (YAMLError, ValidationError, ValueError, RecursionError):
        return None
