"""Forms of a reply's schema, from the strictest to words in the prompt."""

import json
from collections.abc import Mapping
from typing import Any

_DEEPEST = 40


def is_strict(schema: Any) -> bool:
    """Return whether a schema keeps to the rules of strict structured outputs, in which objects have fixed properties.

    Dictionaries, tuples and values of any type do not.
    """
    if isinstance(schema, list):
        return all(map(is_strict, schema))
    if not isinstance(schema, dict):
        return True
    fixed = schema.get("additionalProperties") is False and "properties" in schema
    if (schema.get("type") == "object" and not fixed) or (schema.get("type") == "array" and "items" not in schema):
        return False
    properties = schema.get("properties", {})
    if any(not each for each in (*properties.values(), *(schema[key] for key in ("items",) if key in schema))):
        return False
    return all(is_strict(value) for value in (*properties.values(), *_below(schema)))


def _below(schema: Mapping[str, Any]) -> list[Any]:
    definitions = schema.get("$defs", {}).values()
    return [*definitions, *(schema[key] for key in ("items", "anyOf") if key in schema)]


def plain_schema(schema: dict[str, Any]) -> dict[str, Any] | None:
    """Return a schema for smaller dialects: references inlined, constants as enumerations, no word of other properties.

    ``None`` if the schema is one already, or refers to itself.
    """
    definitions = schema.get("$defs", {})
    try:
        plain = _plain({key: value for key, value in schema.items() if key != "$defs"}, definitions, 0)
    except RecursionError:
        return None
    return None if plain == schema else plain


def _plain(node: Any, definitions: Mapping[str, Any], depth: int) -> Any:
    if depth > _DEEPEST:
        raise RecursionError
    if isinstance(node, list):
        return [_plain(each, definitions, depth + 1) for each in node]
    if not isinstance(node, dict):
        return node
    if (reference := node.get("$ref")) is not None:
        target = definitions[str(reference).removeprefix("#/$defs/")]
        return _plain(target | {key: value for key, value in node.items() if key != "$ref"}, definitions, depth + 1)
    plain: dict[str, Any] = {}
    for key, value in node.items():
        if key == "properties":
            plain[key] = {name: _plain(each, definitions, depth + 1) for name, each in value.items()}
        elif key == "const":
            plain["enum"] = [value]
        elif key != "additionalProperties" or isinstance(value, dict):
            plain[key] = _plain(value, definitions, depth + 1)
    return plain


def in_words(schema: dict[str, Any]) -> str:
    """Return the request for a reply by a schema, for a prompt whose endpoint takes no schema."""
    return f"Answer with one JSON object that keeps to this JSON schema, and nothing else:\n{json.dumps(schema)}"
