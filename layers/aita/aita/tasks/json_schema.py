"""Strict JSON schema of a pydantic model, for the structured outputs of chat completions."""

from functools import lru_cache
from threading import Lock
from typing import Any

from pydantic import BaseModel

from aita.errors import RequestError

_KEPT = frozenset({"$ref", "anyOf", "enum", "const", "items", "properties", "type", "description"})
"""Keywords that every provider of strict schemas accepts; bounds and lengths are checked on the reply instead."""

_DEFINITIONS = "#/$defs/"

_BUILDING = Lock()
"""Held while a schema is made, as an author's model may be built by that, which pydantic does for one thread alone."""


@lru_cache(maxsize=64)
def strict_schema(model: type[BaseModel]) -> dict[str, Any]:
    """Return the model's schema with every property required and no other allowed.

    The rules are those of OpenAI's structured outputs (platform documentation, "Structured model outputs", supported
    schemas): the root is an object, a reference stands alone, and a union is ``anyOf``. A tuple is a list of its types,
    whose order is checked on the reply. Dictionaries and values of any type are kept, though strict outputs lack them.

    Raises
    ------
    RequestError
        If the model is that of a list or a single value: a reply is an object.
    """
    with _BUILDING:
        schema = model.model_json_schema()
    if (kind := schema.get("type", "object")) != "object":
        raise RequestError(
            f"the response_model {model.__name__} is of JSON's type {kind}, and a reply is an object: give a model "
            "with a field of that type"
        )
    definitions: dict[str, Any] = schema.pop("$defs", {})
    strict: dict[str, Any] = _strict(_resolved(schema, definitions), definitions)
    if definitions:
        strict["$defs"] = {name: _strict(definition, definitions) for name, definition in definitions.items()}
    return strict


def _strict(node: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_strict(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node and _KEPT & (node.keys() - {"$ref"}):
        node = _resolved(node, definitions)
    kept = {key: _strict(value, definitions) for key, value in node.items() if key in _KEPT and key != "properties"}
    if "oneOf" in node:
        kept["anyOf"] = _strict(node["oneOf"], definitions)
    if "prefixItems" in node:
        types = [_strict(item, definitions) for item in node["prefixItems"]]
        distinct = [item for number, item in enumerate(types) if item not in types[:number]]
        kept["items"] = distinct[0] if len(distinct) == 1 else {"anyOf": distinct}
    if "properties" in node:
        kept["properties"] = {name: _strict(value, definitions) for name, value in node["properties"].items()}
        kept["required"] = list(node["properties"])
        kept["additionalProperties"] = False
    elif "additionalProperties" in node:
        kept["additionalProperties"] = _strict(node["additionalProperties"], definitions)
    return kept


def _resolved(node: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """Return a node with its definition in place of the reference to it."""
    if "$ref" not in node:
        return node
    beside = {key: value for key, value in node.items() if key != "$ref"}
    definition: dict[str, Any] = definitions[node["$ref"].removeprefix(_DEFINITIONS)]
    return definition | beside
