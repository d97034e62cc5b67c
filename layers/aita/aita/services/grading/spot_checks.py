"""Spot checks: a share of the closed answers that nobody flagged and nobody decided on.

The draw is kept by needing no memory: an answer's lot follows from its id and the assignment's name. All who check see
the same answers, tomorrow as today, and a larger share adds to a smaller one.
"""

import hashlib

from aita.models.grade import Cell
from aita.services.grading.gradebook import Gradebook

_LOTS = 2**64


def is_drawn(assignment: str, cell_id: str, percent: float) -> bool:
    """Return whether an answer is among a percentage of all."""
    digest = hashlib.sha256(f"spot check\0{assignment}\0{cell_id}".encode()).digest()
    return int.from_bytes(digest[:8]) < _LOTS * percent / 100


def is_unchecked(grades: Gradebook, cell: Cell) -> bool:
    """Return whether a closed answer was neither flagged nor decided on."""
    return not cell.state.is_open and not grades.graded(cell.cell_id).flags and not grades.decisions(cell.cell_id)
