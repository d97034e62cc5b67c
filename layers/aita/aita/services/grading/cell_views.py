"""Views of cells for the person who decides: the line in a list, and the proposal."""

from aita.models.exam import Question
from aita.models.grade import Cell
from aita.models.review import FlagView, Proposal, ReviewLine
from aita.models.review_flags import by_kind
from aita.services.grading.gradebook import Gradebook
from aita.services.grading.shown_basis import shown_basis


def review_line(grades: Gradebook, cell: Cell) -> ReviewLine:
    """Return a cell as a line of a list."""
    return ReviewLine(
        cell_id=cell.cell_id,
        student_id=cell.student_id,
        question_id=cell.question_id,
        state=cell.state,
        points=cell.points,
        max_points=cell.max_points,
        flags=_flags(cell),
        reason=cell.reason,
        basis=shown_basis(grades, cell),
        parts=tuple(part.part_id for part in grades.parts_that_open(cell.cell_id)),
        outdated=grades.is_outdated(cell.cell_id),
    )


def proposal_view(graded: Cell) -> Proposal:
    """Return the proposal of a cell before people's decisions."""
    fields = {name: getattr(graded, name) for name in Proposal.model_fields}
    return Proposal(**fields | {"flags": _flags(graded)})


def _flags(cell: Cell) -> tuple[FlagView, ...]:
    return tuple(FlagView(kind=flag.kind, text=flag.text) for flag in by_kind(cell.flags))


def question_of(grades: Gradebook, cell: Cell) -> Question:
    """Return a cell's question."""
    return next(question for question in grades.exam.questions if question.question_id == cell.question_id)
