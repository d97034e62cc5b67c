"""Inputs that the tasks of answer keys, rubrics and grading have in common."""

from collections.abc import Iterable

from aita.errors import InvalidMaterialError
from aita.models.base import StrictModel
from aita.models.exam import ExamSpec, Question
from aita.models.run import Refs
from aita.services.assignments import object_keys


class QuestionInputs(StrictModel):
    """Shared inputs of tasks about an exam's questions."""

    exam: ExamSpec
    instructions: str
    question_instructions: dict[str, str]

    def question(self, refs: Refs) -> Question:
        """Return the question of an item."""
        return next(q for q in self.exam.questions if q.question_id == refs["question_id"])


def check_question_instructions(exam: ExamSpec, question_ids: Iterable[str]) -> None:
    """Check that each of the instructor's instructions is for a question, as any other one would be without effect.

    Raises
    ------
    InvalidMaterialError
        If the exam has no such question.
    """
    known = [question.question_id for question in exam.questions]
    unknown = [question_id for question_id in question_ids if question_id not in known]
    if unknown:
        raise InvalidMaterialError(
            f"{object_keys.QUESTION_INSTRUCTIONS}: {', '.join(map(repr, unknown))} is no question_id of the exam: use "
            f"{', '.join(known)}, or take it out"
        )
