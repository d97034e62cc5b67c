"""Replies to unknown requests: of the right form, and plainly simulated."""

import hashlib
import json
from typing import Any

from aita_local.simulated_model.chat_request import ChatRequest

_SMALL: dict[str, Any] = {"number": 1, "integer": 1, "boolean": True, "null": None}


def reply(chat: ChatRequest) -> str:
    """Return a reply in the required format; equal prompts get equal replies."""
    text = f"simulated reply {hashlib.sha256(chat.text.encode('utf-8', 'replace')).hexdigest()[:8]}"
    if chat.schema is not None:
        return json.dumps(_instance(chat.schema, chat.schema))
    return json.dumps({"reply": text}) if chat.format == "json_object" else text


def _instance(schema: dict[str, Any], root: dict[str, Any]) -> Any:
    """Return a small value that fits a JSON schema of structured outputs."""
    if "$ref" in schema:
        return _instance(root["$defs"][schema["$ref"].rpartition("/")[2]], root)
    if "anyOf" in schema:
        return _instance(schema["anyOf"][0], root)
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            return {name: _instance(inner, root) for name, inner in schema.get("properties", {}).items()}
        case "array":
            return [_instance(schema.get("items", {}), root)]
    return schema.get("const", _SMALL.get(schema.get("type", "string"), "simulated"))
