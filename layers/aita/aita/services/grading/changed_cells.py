"""Cells of which something has changed since they were graded, or that came later, and how they are graded."""

from collections.abc import Iterable, Mapping
from typing import Any

from aita.models.exam import Question
from aita.models.grade import Cell, CellState, cell_id
from aita.models.review_flags import Flag, FlagKind
from aita.services.grading.decided_cells import reopened

NO_PROPOSAL = {
    "points": None,
    "criteria": (),
    "feedback": "",
    "graders": (),
    "by_grader": (),
    "gradings": (),
    "second_look": None,
}
"""Empty fields for a cell whose answer has changed: the graders' doubts and looks are about the former one."""


def steps_to_grade_again(*, transcribe: bool, to_write: str, option: str) -> str:
    """Return the sentence that says by which commands an answer is graded again, in their order.

    Parameters
    ----------
    transcribe
        Whether the scans must be transcribed before.
    to_write
        Material that must be written anew before, such as ``rubric``; empty without any.
    option
        Option of the commands that names the assignment, with a space before it.
    """
    steps = [f"transcribe the scans (aita transcribe{option})"] if transcribe else []
    steps += [f"write its {to_write} anew (aita generate-rubric{option})"] if to_write else []
    sentence = ", then ".join([*steps, f"grade again (aita grade{option})"])
    return sentence[0].upper() + sentence[1:]


def outdated(cell: Cell, notes: Iterable[str], advice: str, basis: str, changed: Mapping[str, Any]) -> Cell:
    """Return a cell with changed inputs as open, on a basis for which earlier decisions do not count.

    Parameters
    ----------
    notes
        Changed material, in words.
    advice
        Sentence that says how it is graded again.
    basis
        Basis of the cell with its present inputs.
    changed
        Fields that change beside.
    """
    flag = Flag(kind=FlagKind.CHANGED, note=f"{', '.join(notes)}. {advice}")
    return reopened(cell, flag, basis=basis, older_basis="", **changed)


def not_graded(question: Question, student_id: str) -> Cell:
    """Return the open cell of an answer that was never graded."""
    return Cell(
        cell_id=cell_id(student_id, question.question_id),
        student_id=student_id,
        question_id=question.question_id,
        state=CellState.FAILED,
        max_points=question.points,
        reason="it was not graded, as the question or the student came later: grade again",
        basis=f"not graded, of {question.points:g}",
    )
