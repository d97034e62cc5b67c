"""What the tasks about an exam's questions start from: answer keys, rubrics, and grading build on it."""

from aita.models.base import StrictModel
from aita.models.exam import ExamSpec, Question
from aita.models.run import Refs


class QuestionInputs(StrictModel):
    """What the tasks about an exam's questions share."""

    exam: ExamSpec
    instructions: str
    question_instructions: dict[str, str]

    def question(self, refs: Refs) -> Question:
        """Return the question that an item is about."""
        return next(q for q in self.exam.questions if q.question_id == refs["question_id"])
