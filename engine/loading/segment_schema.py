"""The JSON Schema of segments and conditions, with this company's own facts, values and names in it."""

from decimal import Decimal
from typing import Any, Final

from engine.model.clauses import RESPONSE_TYPES, Op, Verb
from engine.model.facts import Fact, Type
from engine.model.predicate import FORMS, HISTORY_KEYS
from engine.model.reasons import Reason
from engine.model.segment import Library, Segment

Schema = dict[str, Any]

_WINDOW: Final[Schema] = {
    "within": {"type": "string", "pattern": r"^\s*[0-9]{1,6}\s*(min|minute|h|hour|day|week|month|year)s?\s*$", "examples": ["14 days", "12 months"]},
    "since": {"type": "string", "description": "a day (2026-03-02, 2026-03-02 09:30), or a step of this campaign"},
    "before": {"type": "string", "description": "a day (2026-03-02, 2026-03-02 09:30), or a step of this campaign"},
}  # fmt: skip


def json_schema(library: Library) -> Schema:
    """Return the schema of a file of `segments/`."""
    return completed(Segment.model_json_schema(), library)


def campaign_schema(schema: Schema, library: Library) -> Schema:
    """Return a campaign's schema with what its segments, conditions and facts may say."""
    done = completed(schema, library)
    segments = {"enum": sorted(library.segments)}
    for definition in done.get("$defs", {}).values():
        properties = definition.get("properties", {})
        if definition.get("title") == "Audience" and library.segments:
            properties["segment"] = segments | {"description": "whom the campaign is about"}
            properties["except"] = {
                "type": "array",
                "items": segments,
                "description": "segments that are taken out",
            }
        if definition.get("title") == "Top":
            properties["by"] = {
                "enum": [name for name in library.fact_names() if library.fact(name).type is Type.NUMBER]
            }
        if definition.get("title") == "Holdout":
            properties["stratify"] = {"type": "array", "items": {"enum": library.fact_names()}}
    return done


def completed(schema: Schema, library: Library) -> Schema:
    """Return a schema in which every `who` and every example knows the library's facts, values and names."""
    done: Schema = _replaced(schema)
    done.setdefault("$defs", {}).update(_definitions(library))
    return done


def _replaced(node: Any) -> Any:
    if isinstance(node, dict):
        mark = node.get("x-touchbase")
        if mark in ("who", "example"):
            kept = {key: value for key, value in node.items() if key in ("description", "title")}
            return {"$ref": f"#/$defs/{'Who' if mark == 'who' else 'Example'}", **kept}
        return {key: _replaced(value) for key, value in node.items()}
    return [_replaced(entry) for entry in node] if isinstance(node, list) else node


def _definitions(library: Library) -> dict[str, Schema]:
    several = {"anyOf": [{"$ref": "#/$defs/Who"}, {"$ref": "#/$defs/Condition"}]}
    names = _one_or_more({"enum": sorted(library.segments)} if library.segments else {"type": "string"})
    nested: Schema = {
        "all": {"$ref": "#/$defs/Who", "description": "all of these"},
        "any": {"$ref": "#/$defs/Who", "description": "at least one of these"},
        "not": {**several, "description": "not this; a list: not all of these together"},
        "in": {**names, "description": "of another segment"},
        "not_in": {**names, "description": "known not to be of another segment"},
    }
    facts = {name: _fact(fact) for name, fact in sorted(library.catalogue.facts.items())}
    past = {str(verb): _history(verb, library) for verb in Verb}
    plain = {name: _one_or_more(_value(fact)) for name, fact in sorted(library.catalogue.facts.items())}
    return {
        "Who": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/Condition"}},
        "Condition": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": False,
            "properties": {**facts, **past, **nested},
        },
        "Example": {
            "type": "object",
            "required": ["belongs"],
            "additionalProperties": False,
            "properties": {
                "belongs": {"enum": ["yes", "no", "unknown"]},
                "in": names,
                "not_in": names,
                **plain,
                **{str(verb): {"type": ["object", "array", "boolean", "string"]} for verb in Verb},
            },
        },
    }


def _one_or_more(one: Schema) -> Schema:
    return {"anyOf": [one, {"type": "array", "minItems": 1, "items": one}]}


def _value(fact: Fact) -> Schema:
    match fact.type:
        case Type.BOOLEAN:
            return {"enum": [True, False, "yes", "no"]}
        case Type.DATE:
            return {"type": "string", "examples": ["2026-03-02", "today - 90 days"]}
        case Type.NUMBER:
            return {"enum": [_plain(value) for value in fact.values]} if fact.values else {"type": "number"}
        case Type.TEXT:
            listed = {"enum": [str(value) for value in fact.values]}
            codes: Schema = {"type": "integer"}  # 44 for "44": files may leave the quotes out
            if not fact.values:
                return {"anyOf": [{"type": "string"}, codes]} if fact.width else {"type": "string"}
            if fact.others is not None:
                return {
                    "anyOf": [
                        listed,
                        {"type": "string", "pattern": f"^{fact.others}$"},
                        *([codes] if fact.width else []),
                    ]
                }
            return {"anyOf": [listed, codes]} if fact.width else listed


def _plain(value: str | Decimal) -> str | int | float:
    if isinstance(value, str):
        return value
    return int(value) if value == value.to_integral_value() else float(value)


def _fact(fact: Fact) -> Schema:
    value = _value(fact)
    many = _one_or_more(value)
    forms: Schema = {}
    for form in FORMS:
        if form == "missing":
            if fact.may_be_missing:
                forms[form] = {"type": "boolean", "description": "nobody told us"}
        elif form in ("not", "not_in"):
            forms[form] = many
        elif form == "between":
            if fact.fits(Op.AT_LEAST):
                limit = {"type": "number"} if fact.type is Type.NUMBER else value
                forms[form] = {"type": "array", "minItems": 2, "maxItems": 2, "items": limit}
        elif fact.fits(form):  # type: ignore[arg-type]  # the rest are operators
            forms[form] = (
                {"type": "string"}
                if form == "like"
                else {"type": "number"}
                if fact.type is Type.NUMBER
                else value
            )
    compared = {"type": "object", "minProperties": 1, "additionalProperties": False, "properties": forms}
    return {"description": f"{fact.label.fr} / {fact.label.en}", "anyOf": [*many["anyOf"], compared]}


def _history(verb: Verb, library: Library) -> Schema:
    catalogue = library.catalogue
    number = {"type": "integer", "minimum": 0}
    bounds = {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": False,
        "properties": {key: {"type": "number"} for key in ("at_least", "at_most", "above", "below")},
    }
    campaigns: Schema = {"type": "string", "examples": sorted(catalogue.campaigns)}
    words: Schema = {
        **_WINDOW,
        "channel": _one_or_more({"enum": sorted(catalogue.channels)}),
        "brand": _one_or_more({"enum": sorted(catalogue.brands)} if catalogue.brands else {"type": "string"}),
        "campaign": _one_or_more(campaigns),
        "to": _one_or_more({**campaigns, "description": "a campaign, or a step of this one"}),
        "step": _one_or_more({"type": "string"}),
        "cell": _one_or_more({"type": "string"}),
        "with": _one_or_more({"enum": list(RESPONSE_TYPES)}),
        "because": _one_or_more({"enum": [str(reason) for reason in Reason]}),
        "at_least": number,
        "at_most": number,
        "units": bounds,
        "amount": bounds,
    }
    return {
        "type": ["object", "null", "boolean"],
        "additionalProperties": False,
        "properties": {key: words[key] for key in HISTORY_KEYS[verb]},
    }
