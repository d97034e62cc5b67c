"""Strict JSON schema of a pydantic model, for the structured outputs of chat completions."""

from functools import lru_cache
from typing import Any

from pydantic import BaseModel

_KEPT = frozenset({"$ref", "anyOf", "enum", "const", "items", "properties", "type", "description"})
"""Keywords that every provider of strict schemas accepts; bounds and lengths are checked on the reply instead."""


@lru_cache(maxsize=64)
def strict_schema(model: type[BaseModel]) -> dict[str, Any]:
    """Return the model's schema with every property required and no other allowed.

    The rules are those of OpenAI's structured outputs (platform documentation, "Structured model
    outputs", supported schemas).
    """
    schema = model.model_json_schema()
    strict: dict[str, Any] = _strict(schema)
    if definitions := schema.get("$defs"):
        strict["$defs"] = {name: _strict(definition) for name, definition in definitions.items()}
    return strict


def _strict(node: Any) -> Any:
    if isinstance(node, list):
        return [_strict(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {key: _strict(value) for key, value in node.items() if key in _KEPT and key != "properties"}
    if "properties" in node:
        kept["properties"] = {name: _strict(value) for name, value in node["properties"].items()}
        kept["required"] = list(node["properties"])
        kept["additionalProperties"] = False
    return kept
