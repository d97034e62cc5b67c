"""Inputs that the tasks of answer keys, rubrics and grading have in common."""

from aita.models.base import StrictModel
from aita.models.exam import ExamSpec, Question
from aita.models.run import Refs


class QuestionInputs(StrictModel):
    """Shared inputs of tasks about an exam's questions."""

    exam: ExamSpec
    instructions: str
    question_instructions: dict[str, str]

    def question(self, refs: Refs) -> Question:
        """Return the question of an item."""
        return next(q for q in self.exam.questions if q.question_id == refs["question_id"])
