"""Equal answers: answers to a question that say the same, and are decided on at once."""

from pydantic import Field

from aita.models.base import StrictModel
from aita.models.decision import Decision
from aita.models.review import DecisionRequest, ReviewLine


class EqualAnswers(StrictModel):
    """Two answers to a question or more that say the same.

    ``text`` is the first one's, and ``texts`` are all that differ in more than white space, as a question may ask for
    2.50 and not 2.5. ``differ`` is true if their points differ, or if some of them have none.
    """

    question_id: str
    text: str
    texts: tuple[str, ...] = ()
    differ: bool
    max_points: float
    cells: tuple[ReviewLine, ...]


class EqualAnswersList(StrictModel):
    """``GET /assignments/{assignment}/equal-answers``: those whose points differ come first, then the largest."""

    groups: tuple[EqualAnswers, ...]


class EqualDecisionRequest(StrictModel):
    """``POST /assignments/{assignment}/reviews/{cell_id}/equal``.

    Parameters
    ----------
    decision
        Decision about the named answer, which holds for the others.
    others
        Basis of each other answer as the person saw it, by its cell's id.
    """

    decision: DecisionRequest
    others: dict[str, str] = Field(max_length=500)


class LeftAnswer(StrictModel):
    """An answer that was left as it is, and the reason."""

    cell_id: str
    message: str


class EqualDecisions(StrictModel):
    """Decisions of one request, one for each answer, and the answers that were left, with the reason."""

    decisions: tuple[Decision, ...]
    left: tuple[LeftAnswer, ...]
