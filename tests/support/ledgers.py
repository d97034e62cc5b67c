"""Ledgers of small exams: parts of pages that belong to nobody's answer yet."""

from typing import Any


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
