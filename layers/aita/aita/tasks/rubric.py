"""Rubrics: the criteria by which a question's points are earned."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from pydantic import BaseModel

from aita.errors import BrokenRuleError, InvalidMaterialError, MissingInputError, TaskError
from aita.models.exam import AnswerKey, ExamSpec, Question, Rubric, RubricPoints, listed_questions
from aita.models.model_role import ModelRole
from aita.tasks.answer_key import check_question_id, describe_question
from aita.tasks.llm_task import LLMTask
from aita.tasks.prompt import load_prompt
from aita.tasks.registry import register
from aita.tasks.request import Message, Parameters


@register("rubric")
class RubricGenerationTask(LLMTask[Rubric]):
    """Write the rubric of one question from its answer key, or take the instructor's own."""

    model_role: ClassVar[ModelRole | None] = "grader"
    response_model: ClassVar[type[BaseModel]] = Rubric
    parameters: ClassVar[Parameters] = Parameters(expected_output_tokens=400)

    question: Question
    answer_key: AnswerKey | None = None
    instructions: str = ""
    question_instructions: str = ""
    user_rubric: RubricPoints | None = None

    def messages(self) -> tuple[Message, ...]:
        """Return the instructions, then the question with its answer key."""
        return load_prompt("rubric").messages(
            instructions=self.instructions or "None.",
            question=describe_question(self.question),
            question_instructions=self.question_instructions or "None.",
            answer_key=self.answer_key.model_dump_json(indent=2) if self.answer_key else "None.",
        )

    def given(self) -> Rubric | None:
        """Return the instructor's own rubric, which wins over the model's.

        Raises
        ------
        TaskError
            If its points are wrong.
        MissingInputError
            If there is neither a rubric nor an answer key to write one from.
        """
        if self.user_rubric is not None:
            if problem := self.user_rubric.problem(self.question.points):
                raise TaskError(f"user_rubrics.json, question {self.question.question_id}: {problem}")
            return Rubric(question_id=self.question.question_id, **self.user_rubric.model_dump())
        if self.answer_key is None:
            raise MissingInputError(
                f"question {self.question.question_id} has no answer key, as its task failed: run that task again"
            )
        return None

    def validate_reply(self, reply: Rubric) -> Rubric:
        """Check that the rubric has this question's id, and that its points sum to the question's."""
        check_question_id(reply.question_id, self.question)
        if problem := reply.problem(self.question.points):
            raise BrokenRuleError(problem)
        return reply

    def checkpoint_data(self) -> dict[str, Any]:
        """Return the question's id."""
        return {"question_id": self.question.question_id}


def create_rubric_tasks(
    questions: ExamSpec | Iterable[Question | Mapping[str, Any]],
    answer_keys: Mapping[str, AnswerKey] | Iterable[AnswerKey] = (),
    instructions: str = "",
    question_instructions: Mapping[str, str] | None = None,
    user_rubrics: Mapping[str, RubricPoints] | None = None,
) -> list[RubricGenerationTask]:
    """Return a task for each question, in their order.

    Parameters
    ----------
    questions
        The exam, or its questions; each is a ``Question``, or a mapping of its fields as in questions.json.
    answer_keys
        Answer keys, in any order or by question id. A question without one needs a rubric in ``user_rubrics``.
    """
    if not isinstance(answer_keys, Mapping):
        answer_keys = {answer_key.question_id: answer_key for answer_key in answer_keys}
    return [
        RubricGenerationTask(
            question=question,
            answer_key=answer_keys.get(question.question_id),
            instructions=instructions,
            question_instructions=(question_instructions or {}).get(question.question_id, ""),
            user_rubric=(user_rubrics or {}).get(question.question_id),
        )
        for question in listed_questions(questions)
    ]


def check_user_rubrics(exam: ExamSpec, user_rubrics: Mapping[str, RubricPoints]) -> None:
    """Check the instructor's rubrics before a run starts.

    Raises
    ------
    InvalidMaterialError
        If one is for no question of the exam, or has wrong points.
    """
    points = {question.question_id: question.points for question in exam.questions}
    for question_id, rubric in user_rubrics.items():
        if question_id not in points:
            raise InvalidMaterialError(
                f"user_rubrics.json: {question_id!r} is no question_id of questions.json: use "
                f"{', '.join(points)}, or take it out"
            )
        if problem := rubric.problem(points[question_id]):
            raise InvalidMaterialError(f"user_rubrics.json, {question_id!r}: {problem}")
