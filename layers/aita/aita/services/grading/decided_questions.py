"""Questions that people's decisions are about, also after a question was given another id."""

from collections import Counter
from collections.abc import Callable

from aita.models.decision import Decision
from aita.models.exam import ExamSpec
from aita.models.grade import cell_id, question_version


def decided_cell(exam: ExamSpec) -> Callable[[Decision], str]:
    """Return a function that returns the id of the cell that a decision is about.

    A decision is about the question of its id if that is worded as it was then, or if no other one is. Else it is about
    the only question with that wording: the id was changed, or given to another question.
    """
    versions = {question.question_id: question_version(question) for question in exam.questions}
    times = Counter(versions.values())
    ids = {version: question_id for question_id, version in versions.items() if times[version] == 1}

    def find(decision: Decision) -> str:
        question_id = ids.get(decision.question)
        if question_id is None or versions.get(decision.question_id) == decision.question:
            return decision.cell_id
        return cell_id(decision.student_id, question_id)

    return find
