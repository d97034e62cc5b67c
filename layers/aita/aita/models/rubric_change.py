"""What a changed rubric does to the answers that were graded by the one before."""

from aita.models.base import StrictModel
from aita.models.exam import QuestionId
from aita.models.grade import Amount, CellState


class QuestionChange(StrictModel):
    """A question whose rubric or points changed, and how many of its cells change how.

    Parameters
    ----------
    rescaled
        Cells that change without a call: in proportion to the points, or nothing was written there.
    regraded
        Cells that are graded again, by a call for each grader.
    without_rubric
        Cells that go to a person, as the question has no rubric any more.
    """

    question_id: QuestionId
    rescaled: int = 0
    regraded: int = 0
    without_rubric: int = 0


class RubricChanges(StrictModel):
    """Which cells a changed rubric touches.

    Parameters
    ----------
    questions
        Those whose rubric or points changed, in the exam's order.
    regrade
        The answers to grade again because of it, by student id and question id.
    others
        How many cells the next run grades for other reasons: they failed, or the answer, the question's text, the
        answer key, the instructions or the way of grading changed.
    """

    questions: tuple[QuestionChange, ...] = ()
    regrade: tuple[tuple[str, str], ...] = ()
    others: int = 0

    @property
    def rescaled(self) -> int:
        """How many cells change without a call."""
        return sum(question.rescaled for question in self.questions)


class RegradedCell(StrictModel):
    """An answer that was graded by the changed rubric, for a look before it is applied.

    ``before`` and ``after`` are points as graded, ``None`` where there are none; ``out_of_before`` and ``out_of``
    are what the question was and is worth.
    """

    cell_id: str
    student_id: str
    question_id: QuestionId
    before: Amount | None
    out_of_before: Amount
    after: Amount | None
    out_of: Amount
    state: CellState
    reason: str = ""
