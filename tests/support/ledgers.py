"""Ledgers of small exams: parts of pages that belong to nobody's answer yet."""

from datetime import UTC, datetime
from typing import Any

from aita.models.part_decision import PartAction, PartDecision


def part(part_id: str = "p-1", *opens: str, **changes: Any) -> dict[str, Any]:
    """Return an unplaced part on page 1, from 14% to 18% of its height, that opens these questions."""
    values: dict[str, Any] = {
        "part_id": part_id,
        "page": 1,
        "lines": [],
        "top": 0.14,
        "bottom": 0.18,
        "ink": 120,
        "owner": "unplaced",
        "opens": list(opens),
    }
    return values | changes


def ledger(**parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the ledger of students with these parts; ``_`` in a student's id stands for ``-``."""
    return {student_id.replace("_", "-"): {"parts": found} for student_id, found in parts.items()}


def on_part(part_id: str = "p-1", student_id: str = "s-1", **changes: Any) -> PartDecision:
    """Return a person's decision that a part is scratch work."""
    values: dict[str, Any] = {
        "decision_id": "d-1",
        "part_id": part_id,
        "student_id": student_id,
        "action": PartAction.SCRATCH,
        "by": "Ada",
        "at": datetime(2026, 3, 2, 12, tzinfo=UTC),
    }
    return PartDecision(**values | changes)
