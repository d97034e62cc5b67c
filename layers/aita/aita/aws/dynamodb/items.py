"""Keys of DynamoDB items, and conversion of items from and to plain values."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from pydantic import BaseModel

_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize

META = "META"

DECISION, PART, MATCH = "DECISION", "PART", "MATCH"
"""Kinds of rows with people's decisions: about cells, parts of pages, and students' matches with the roster."""


CLAIM = "CLAIM"
"""Kind of rows that tell who is at work on an answer."""


def run_key(run_id: str) -> dict[str, Any]:
    """Return the key of a run's META row."""
    return write({"pk": f"RUN#{run_id}", "sk": META})


def task_key(run_id: str, task_id: str) -> dict[str, Any]:
    """Return the key of a task's row."""
    return write({"pk": f"RUN#{run_id}", "sk": f"TASK#{task_id}"})


def summary_key(assignment: str, run_id: str) -> dict[str, Any]:
    """Return the key of a run's summary in the list of its assignment."""
    return write({"pk": f"ASSIGNMENT#{assignment}", "sk": f"RUN#{run_id}"})


def active_key(assignment: str, pipeline: str) -> dict[str, Any]:
    """Return the key of the row with the active run's id, of an assignment and pipeline."""
    return write({"pk": f"ASSIGNMENT#{assignment}", "sk": f"ACTIVE#{pipeline}"})


def claim_key(assignment: str, cell_id: str) -> dict[str, Any]:
    """Return the key of the claim on an answer, beside the assignment's runs: it tells nothing of the grade."""
    return write({"pk": f"ASSIGNMENT#{assignment}", "sk": f"{CLAIM}#{cell_id}"})


def decisions_partition(assignment: str) -> str:
    """Return the partition of an assignment's decisions, separate from other rows so that only the API may write it."""
    return f"DECISIONS#{assignment}"


def decision_key(assignment: str, kind: str, subject_id: str, decision_id: str) -> dict[str, Any]:
    """Return the key of a decision of a kind about its cell, part of a page, or student."""
    return write({"pk": decisions_partition(assignment), "sk": f"{kind}#{subject_id}#{decision_id}"})


def write(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as a DynamoDB item, without attributes that are ``None``."""
    return {name: _serialize(_plain(value)) for name, value in values.items() if value is not None}


def read(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return a DynamoDB item's values, without its keys and expiry."""
    return {name: _deserialize(value) for name, value in item.items() if name not in ("pk", "sk", "expires_at")}


def _plain(value: Any) -> Any:
    match value:
        case BaseModel():
            return _plain(value.model_dump())
        case Mapping():
            return {name: _plain(inner) for name, inner in value.items() if inner is not None}
        case list() | tuple():
            return [_plain(inner) for inner in value]
        case datetime():
            return value.isoformat()
        case StrEnum():
            return str(value)
        case float():
            return Decimal(str(value))
    return value
