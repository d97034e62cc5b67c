"""People's decisions about parts of pages that belong to no answer yet."""

from datetime import datetime
from enum import StrEnum

from aita.models.base import LenientModel
from aita.models.exam import QuestionId


class PartAction(StrEnum):
    """Action of a person about a part of a page."""

    BELONGS = "belongs"
    """The part belongs to the answer to a question."""
    SCRATCH = "scratch"
    """The part is working out that is no answer."""
    NOTHING = "nothing"
    """The part is no handwriting that counts, such as a stain, a name or a page number."""


class PartDecision(LenientModel):
    """A person's decision about one part of a student's page. Decisions are added, and never changed.

    Parameters
    ----------
    question_id, question
        Question whose answer the part belongs to, and the version of its wording at the time of the decision; ``None``
        and empty for other actions. Once the exam has another wording under this id, the part is undecided again.
    alike
        Id of the part that the person saw, of which this part is another student's counterpart, in a decision for the
        whole class; empty if the person saw this part.
    by, caller
        Name that the person gave, and ARN that signed the request.
    basis
        Version of the part, as the person saw it.
    """

    decision_id: str
    part_id: str
    student_id: str
    action: PartAction
    question_id: QuestionId | None = None
    question: str = ""
    alike: str = ""
    why: str = ""
    by: str
    caller: str = ""
    at: datetime
    basis: str = ""
    aita: str = ""
