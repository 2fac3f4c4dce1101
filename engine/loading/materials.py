"""The material cards of a project: every `templates/<brand>/<name>.yaml`, or what is wrong with it."""

from pathlib import Path

from engine.loading.source import read
from engine.loading.validation import build
from engine.model.material import Material
from engine.problems import Fault, Problem, Say


def load(folder: Path) -> tuple[dict[str, Material], list[Problem]]:
    """Return the cards below `folder/templates`, by the name of their template: `hivernax/announce`.

    A card that cannot be read is left out; its problems say why.
    """
    cards: dict[str, Material] = {}
    problems: list[Problem] = []
    root = folder / "templates"
    seen: dict[str, str] = {}
    for path in sorted(root.rglob("*.yaml")):
        name = path.relative_to(folder).as_posix()
        source, wrong = read(folder, name)
        problems += wrong
        if source is None:
            continue
        card, wrong = build(source, Material)
        problems += wrong
        if card is None:
            continue
        number = f"{card.reference} v{card.version}"
        if number in seen:
            problems.append(
                source.problem(
                    Fault(
                        ("reference",),
                        Say(
                            f"the reference '{number}' is already that of {seen[number]}",
                            f"la référence « {number} » est déjà celle de {seen[number]}",
                        ),
                        Say("Give each material its own.", "Donnez à chaque document la sienne."),
                    )
                )
            )
            continue
        seen[number] = name
        cards[path.relative_to(root).with_suffix("").as_posix()] = card
    return cards, problems
