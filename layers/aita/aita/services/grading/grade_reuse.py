"""Reuse of an earlier run's cells without calls, either unchanged or rescaled."""

from collections.abc import Callable

from aita.models.exam import Question, Rubric
from aita.models.grade import Cell, CellState
from aita.models.review_flags import FlagKind
from aita.services.grading.grade_assembly import as_graded, is_rescalable, rescaled
from aita.services.grading.grade_inputs import GradeInputs

RubricVersions = Callable[[str], Rubric | None]
"""Returns the rubric of a version that answers were graded against; ``None`` if it is unknown."""


def kept_cell(inputs: GradeInputs, cell: Cell, question: Question, versions: RubricVersions) -> Cell | None:
    """Return an earlier cell for reuse; ``None`` if its answer must be graded.

    A cell is reused if its question, rubric, answer and way of grading are unchanged, and rescaled if only the
    question's or the criteria's points differ. A cell that failed, or of which a grader or the second reading failed,
    is graded again.
    """
    rubric = inputs.rubrics.get(question.question_id)
    if rubric is None or _failed(cell):
        return None
    if inputs.is_of(cell, question, rubric):
        way = {
            "graders_asked": inputs.graders,
            "disagreement": inputs.disagreement,
            "see": inputs.see,
            "readings": inputs.readings,
        }
        return cell.model_copy(update=inputs.versions(cell.student_id, question, rubric) | way)
    before = versions(cell.rubric)
    if before is None or not _same_but_for_points(before, rubric):
        return None
    asked = question.model_copy(update={"points": cell.max_points})
    if not inputs.is_of(cell, asked, before):
        return None
    graded = as_graded(cell)
    against = versions(graded.rubric)
    if against is None or not is_rescalable(graded, question, against, rubric):
        return None
    return rescaled(inputs, graded, question, against)


def _failed(cell: Cell) -> bool:
    failures = (FlagKind.GRADER_FAILED, FlagKind.READ_ONCE)
    return cell.state is CellState.FAILED or any(flag.kind in failures for flag in cell.flags)


def _same_but_for_points(one: Rubric, other: Rubric) -> bool:
    return [(criterion.description, criterion.examples) for criterion in one.criteria] == [
        (criterion.description, criterion.examples) for criterion in other.criteria
    ]
