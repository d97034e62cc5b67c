"""The state machine's definition as it is deployed, and what stands in it."""

import json
from pathlib import Path
from typing import Any

Json = dict[str, Any]

ROOT = Path(__file__).parents[2]
SUBSTITUTIONS = {
    "PlanFunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:plan",
    "BatchFunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:batch",
    "CollectFunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:collect",
    "TableName": "aita-paths",
    "BucketName": "aita-paths",
    "MaxConcurrency": "4",
}


def deployed_text(table: str = SUBSTITUTIONS["TableName"]) -> str:
    """Return the definition with what SAM puts in for its placeholders."""
    text = (ROOT / "statemachine" / "run.asl.json").read_text("utf-8")
    for name, value in (SUBSTITUTIONS | {"TableName": table}).items():
        text = text.replace(f"${{{name}}}", value)
    return text


def deployed() -> Json:
    """Return the definition that is deployed."""
    definition: Json = json.loads(deployed_text())
    return definition


def item_states(definition: Json) -> Json:
    """Return the states of an item's own workflow."""
    states: Json = definition["States"]["RunItems"]["ItemProcessor"]["States"]
    return states


def all_states(definition: Json) -> Json:
    """Return the states by name, those of an item's workflow too."""
    return {**definition["States"], **item_states(definition)}
