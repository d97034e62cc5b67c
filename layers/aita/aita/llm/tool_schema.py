"""JSON schema of a tool's input, in the form that each model of Converse takes."""

from typing import Any

_AT_THE_TOP = ("type", "properties", "required")
"""Keywords beside which Amazon Nova takes no others at the top (its guide, "Tool use", input schema)."""

_DEFINITIONS = "#/$defs/"


def tool_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema with its definitions in the places that refer to them, and the top's own keywords alone.

    What the top leaves out, such as that it allows no other properties, is checked on the reply. A schema that refers
    to itself, or is none of an object, is returned as it is.
    """
    definitions: dict[str, Any] = schema.get("$defs", {})
    try:
        inlined = _inlined({name: each for name, each in schema.items() if name != "$defs"}, definitions)
    except (RecursionError, KeyError):  # it refers to itself, or to what is not there
        return schema
    if inlined.get("type") != "object":
        return schema
    return {name: inlined[name] for name in _AT_THE_TOP if name in inlined}


def _inlined(node: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_inlined(each, definitions) for each in node]
    if not isinstance(node, dict):
        return node
    if isinstance(reference := node.get("$ref"), str):
        beside = {name: each for name, each in node.items() if name != "$ref"}
        return _inlined(definitions[reference.removeprefix(_DEFINITIONS)], definitions) | _inlined(beside, definitions)
    return {name: _inlined(each, definitions) for name, each in node.items()}
