"""Conflicts of people who decide at once: ids by which only the first of them decides, and the others' error."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from ulid import ULID, constants

from aita.errors import ConflictError
from aita.models.decision import Decision, DecisionAction
from aita.models.grade import Cell
from aita.models.part_decision import PartDecision
from aita.models.review import DecisionRequest, basis_after, last_seen
from aita.services.grading.gradebook import Gradebook

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def changed_since(grades: Gradebook, cell_id: str, asked: DecisionRequest, assignment: str) -> ConflictError:
    """Return the error about a cell that is no longer as a person saw it, with who decided meanwhile, when and what."""
    cell, made = grades.cell(cell_id), grades.decisions(cell_id)
    since = _decided_since(cell, made, asked.basis)
    changed = since or "was graded anew, or its question or a part of a page beside it changed, since you looked at it"
    error = ConflictError(f"{cell_id} {changed}: look again (aita review show {cell_id} --assignment {assignment})")
    error.theirs, error.yours = made[-1] if since else None, asked
    return error


def _decided_since(cell: Cell, made: Sequence[Decision], basis: str) -> str:
    """Return the last decision on a cell in words, if the basis that a person saw is from before it; else nothing."""
    if not made or last_seen(basis) == last_seen(basis_after(basis, made[-1].decision_id)):
        return ""
    last = made[-1]
    return f"was {_done(last, cell.max_points)} by {last.by} at {last.at:%Y-%m-%d %H:%M} UTC, since you looked at it"


def _done(decision: Decision, of: float) -> str:
    match decision.action:
        case DecisionAction.ACCEPT:
            return f"accepted with {decision.points:g} of {of:g} points"
        case DecisionAction.SET:
            return f"set to {decision.points:g} of {of:g} points"
        case DecisionAction.CORRECT:
            return "given another text"
        case DecisionAction.NOTE:
            return "left to the instructor"
        case DecisionAction.UNDO:
            return "set back to before the last decision"


def next_id(subject: str, before: Sequence[Decision | PartDecision]) -> str:
    """Return the id of the decision that follows the last one of those before it.

    All who have seen the same last decision get the same id, and the store takes an id once.

    Parameters
    ----------
    subject
        What is decided on: a cell with the version of its question, as its id is another question's if ids are
        exchanged, or a student's part.
    """
    started, last = (earliest_after(before[-1]), before[-1].decision_id) if before else (_EPOCH, "")
    random = hashlib.sha256(f"{subject} {last}".encode()).digest()[: constants.RANDOMNESS_LEN]
    milliseconds = round(started.timestamp() * 1000)
    return str(ULID(milliseconds.to_bytes(constants.TIMESTAMP_LEN, "big") + random))


def earliest_after(decision: Decision | PartDecision) -> datetime:
    """Return the earliest time of a decision that follows another one; clocks of functions may differ."""
    return decision.at + timedelta(milliseconds=1)
