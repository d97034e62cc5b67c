"""Effects of a changed rubric on the answers that were graded against the one before."""

from aita.models.base import StrictModel
from aita.models.exam import QuestionId
from aita.models.grade import Amount, CellState


class QuestionChange(StrictModel):
    """A question whose rubric or points changed, with counts of the affected cells.

    Parameters
    ----------
    rescaled
        Cells that change without a call: in proportion to the points, or because there is nothing to grade.
    regraded
        Cells that are graded again, with a call for each grader.
    without_rubric
        Cells that go to a person, as the question no longer has a rubric.
    lapsing
        Cells among all these on which a person's decision counted: it was about the grade before, and lapses.
    """

    question_id: QuestionId
    rescaled: int = 0
    regraded: int = 0
    without_rubric: int = 0
    lapsing: int = 0


class RubricChanges(StrictModel):
    """Cells that a changed rubric affects.

    Parameters
    ----------
    questions
        Questions whose rubric or points changed, in the exam's order.
    regrade
        Answers to grade again because of the change, by student id and question id.
    others
        Number of cells that the next run grades for other reasons: they failed, or the answer, the question's text,
        the answer key, the instructions or the way of grading changed.
    """

    questions: tuple[QuestionChange, ...] = ()
    regrade: tuple[tuple[str, str], ...] = ()
    others: int = 0

    @property
    def rescaled(self) -> int:
        """Number of cells that change without a call."""
        return sum(question.rescaled for question in self.questions)


class RegradedCell(StrictModel):
    """An answer that was graded against the changed rubric, as a preview before the rubric is applied.

    ``before`` are the points that counted, a person's where one had decided, and ``after`` the graded ones, ``None``
    where there are none. ``out_of_before`` and ``out_of`` are the question's points before and after the change.
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
