"""A document held against its model: the model, or what is wrong, in words, each with its place.

pydantic finds it; what it says is for programmers and in English, so it is said again here.
"""

import re
from collections.abc import Sequence
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter, ValidationError

from engine.loading.source import Source, plain
from engine.problems import Fault, PathPart, Problem, Refused, Say, did_you_mean

M = TypeVar("M")


def build(source: Source, model: type[M] | TypeAdapter[M]) -> tuple[M | None, list[Problem]]:
    """Return the document as `model`, or all that is wrong with it, each with its place."""
    adapter: TypeAdapter[M] = model if isinstance(model, TypeAdapter) else TypeAdapter(model)
    try:
        return adapter.validate_python(plain(source.root)), []
    except ValidationError as error:
        schema = adapter.json_schema() if not _is_schemaless(adapter) else {}
        problems: list[Problem] = []
        for entry in error.errors(include_url=False):
            problem = _explained(source, dict(entry), schema)
            if not any(same.span == problem.span and same.what == problem.what for same in problems):
                problems.append(problem)
        return None, problems


def _is_schemaless(adapter: TypeAdapter[Any]) -> bool:
    try:
        adapter.json_schema()
    except (
        Exception
    ):  # a model may hold a type without a schema; its problems are then told without "did you mean"
        return True
    return False


_TRIED: Final = re.compile(r"<\w+>|function-\w+\[.*\]")


def _explained(source: Source, entry: dict[str, Any], schema: dict[str, Any]) -> Problem:
    # pydantic puts what it tried into the path, as "<lambda>"; a key of the file may begin so, too.
    path = tuple(part for part in entry["loc"] if not (isinstance(part, str) and _TRIED.fullmatch(part)))
    context = entry.get("ctx", {})
    given = entry.get("input")
    shown = given if isinstance(given, str | int | float | bool) else type(given).__name__
    match entry["type"]:
        case "extra_forbidden":
            key = str(path[-1])
            known = _known_keys(schema, entry["loc"][:-1])
            return source.problem(
                Fault(
                    path,
                    Say(f"unknown key '{key}'", f"clé inconnue « {key} »"),
                    did_you_mean(key, known) if known else Say("Remove it.", "Supprimez-la."),
                    of_key=True,
                )
            )
        case "missing":
            key = str(path[-1])
            return source.problem(
                Fault(
                    path[:-1],
                    Say(f"'{key}' is missing", f"« {key} » manque"),
                    Say(f"Add '{key}:'.", f"Ajoutez « {key}: »."),
                    of_key=True,
                )
            )
        case "literal_error" | "enum":
            expected = str(context.get("expected", "")).replace(" or ", ", ").replace("'", "")
            words = [word.strip() for word in expected.split(",") if word.strip()]
            return source.problem(
                Fault(
                    path,
                    Say(
                        f"'{shown}' is not one of the known values",
                        f"« {shown} » n'est pas une valeur connue",
                    ),
                    did_you_mean(str(shown), words),
                )
            )
        case "union_tag_invalid":
            tag = str(context.get("tag"))
            key = str(context.get("discriminator", "")).strip("'")
            words = [word.strip(" '") for word in str(context.get("expected_tags", "")).split(",")]
            return source.problem(
                Fault(
                    (*path, key),
                    Say(
                        f"unknown {key} '{tag}'", f"{'canal' if key == 'channel' else key} inconnu « {tag} »"
                    ),
                    did_you_mean(tag, words),
                )
            )
        case "union_tag_not_found":
            key = str(context.get("discriminator", "")).strip("'")
            return source.problem(
                Fault(
                    path,
                    Say(f"'{key}' is missing", f"« {key} » manque"),
                    Say(f"Add '{key}:'.", f"Ajoutez « {key}: »."),
                    of_key=True,
                )
            )
        case "value_error":
            said = context.get("error")
            if isinstance(said, Refused):
                return source.problem(Fault((*path, *said.path), said.what, said.remedy, of_key=said.of_key))
            return source.problem(Fault(path, Say(str(said), f"« {shown} » ne convient pas"), _MANUAL))
        case "model_type" | "model_attributes_type" | "dict_type":
            what = Say("there is nothing here", "il n'y a rien ici") if given is None else Say("keys belong here, one a line", "il faut ici des clés, une par ligne")  # fmt: skip
            return source.problem(
                Fault(path, what, Say("Write 'key: value', as in the manual or a file beside this one.",
                                      "Écrivez « clé: valeur », comme dans le manuel ou un fichier voisin."))
            )  # fmt: skip
        case "string_type" | "list_type" if given is None:
            return source.problem(
                Fault(path, Say("there is no value here", "il n'y a pas de valeur ici"),
                      Say("Write one, or delete the line.", "Écrivez-en une, ou supprimez la ligne."))
            )  # fmt: skip
        case "too_short" | "too_long":
            key, least = str(path[-1]) if path else "", entry["type"] == "too_short"
            number = context.get("min_length" if least else "max_length")
            return source.problem(
                Fault(
                    path,
                    Say(f"'{key}' is empty", f"« {key} » est vide")
                    if least and not given
                    else Say(f"'{key}' has fewer than {number}", f"« {key} » en compte moins de {number}")
                    if least
                    else Say(f"'{key}' has more than {number}", f"« {key} » en compte plus de {number}"),
                    Say("Write at least one.", "Écrivez-en au moins un.")
                    if least and not given
                    else Say("Write at least as many.", "Écrivez-en au moins autant.")
                    if least
                    else Say("Take some out.", "Retirez-en."),
                )
            )
        case kind if kind in _LIMITS:
            key, limited = _LIMITS[kind]
            limit = context.get(key)
            return source.problem(
                Fault(
                    path,
                    Say(f"'{shown}' does not fit: {limited.en} {limit}", f"« {shown} » ne convient pas : {limited.fr} {limit}"),
                    Say("Write a value within this limit.", "Écrivez une valeur dans cette limite."),
                )
            )  # fmt: skip
        case "string_pattern_mismatch":
            return source.problem(
                Fault(
                    path,
                    Say(f"'{shown}' is not written as it has to be", f"« {shown} » n'est pas écrit comme il faut"),
                    Say(f"It has to fit {context.get('pattern')} (see the description in your editor).",
                        f"Il doit suivre {context.get('pattern')} (voir la description dans votre éditeur)."),
                )
            )  # fmt: skip
        case _:
            message = str(entry["msg"])
            return source.problem(
                Fault(
                    path,
                    Say(
                        f"'{shown}': {message[:1].lower()}{message[1:]}",
                        f"« {shown} » : {_french(entry)}",
                    ),
                    _MANUAL,
                )
            )


_MANUAL: Final = Say(
    "Copy how a shipped file of the same kind writes it: campaigns/, segments/, templates/.",
    "Reprenez l'écriture d'un fichier livré du même type : campaigns/, segments/, templates/.",
)

_LIMITS: Final = {
    "greater_than": ("gt", Say("it has to be above", "il faut plus de")),
    "greater_than_equal": ("ge", Say("it has to be at least", "il faut au moins")),
    "less_than": ("lt", Say("it has to be below", "il faut moins de")),
    "less_than_equal": ("le", Say("it has to be at most", "il faut au plus")),
    "string_too_short": ("min_length", Say("characters, at least", "en caractères, au moins")),
    "string_too_long": ("max_length", Say("characters, at most", "en caractères, au plus")),
}
"""By pydantic's kind of error: what holds the limit, and how it is said."""


def _french(entry: dict[str, Any]) -> str:
    kinds = {
        "int": "un nombre entier",
        "float": "un nombre",
        "string": "un texte",
        "bool": "vrai ou faux",
        "date": "une date (2026-03-02)",
        "datetime": "une date et une heure (2026-03-02 09:30)",
        "list": "une liste",
        "tuple": "une liste",
        "dict": "des clés et des valeurs",
        "model": "des clés et des valeurs",
        "decimal": "un nombre",
    }
    kind = str(entry["type"]).split("_")[0]
    return f"{kinds[kind]} est attendu ici" if kind in kinds else "cette valeur ne convient pas ici"


def _known_keys(schema: dict[str, Any], path: Sequence[PathPart]) -> list[str]:
    """Return the keys that `schema` knows at `path`: what an unknown key may be a slip of."""
    nodes = [schema]
    for part in path:
        nodes = [deeper for node in nodes for deeper in _deeper(schema, node, part)]
    known: set[str] = set()
    for node in nodes:
        for shape in _shapes(schema, node):
            known |= set(shape.get("properties", {}))
    return sorted(known)


def _shapes(schema: dict[str, Any], node: dict[str, Any], seen: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    if "$ref" in node:
        name = str(node["$ref"]).rsplit("/", 1)[-1]
        return [] if name in seen else _shapes(schema, schema["$defs"][name], (*seen, name))
    several = [*node.get("anyOf", []), *node.get("oneOf", []), *node.get("allOf", [])]
    if several:
        return [shape for one in several for shape in _shapes(schema, one, seen)]
    return [node]


def _deeper(schema: dict[str, Any], node: dict[str, Any], part: PathPart) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    tagged = node.get("discriminator", {}).get("mapping", {}) if "discriminator" in node else {}
    if isinstance(part, str) and part in tagged:
        return _shapes(schema, {"$ref": tagged[part]})
    for shape in _shapes(schema, node):
        if isinstance(part, int):
            found += [shape["items"]] if isinstance(shape.get("items"), dict) else []
        elif part in shape.get("properties", {}):
            found.append(shape["properties"][part])
        elif isinstance(shape.get("additionalProperties"), dict):
            found.append(shape["additionalProperties"])
        else:
            found.append(shape)  # the tag of a union
    return found
