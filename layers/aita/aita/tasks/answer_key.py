"""Answer keys: what a right answer to a question says."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import BaseModel

from aita.errors import BrokenRule
from aita.models.exam import AnswerKey, ExamSpec, Question
from aita.tasks.llm_task import LLMTask
from aita.tasks.prompt import load_prompt
from aita.tasks.request import Message


class AnswerKeyGenerationTask(LLMTask[AnswerKey]):
    """Write the answer key of one question."""

    response_model: ClassVar[type[BaseModel]] = AnswerKey

    question: Question
    instructions: str = ""
    question_instructions: str = ""

    def messages(self) -> tuple[Message, ...]:
        """Return the instructions, then the question."""
        return load_prompt("answer_key").messages(
            instructions=self.instructions or "None.",
            question=describe_question(self.question),
            question_instructions=self.question_instructions or "None.",
        )

    def validate_reply(self, reply: AnswerKey) -> AnswerKey:
        """Check that the key is this question's."""
        check_question_id(reply.question_id, self.question)
        return reply


def create_answer_key_tasks(
    exam: ExamSpec, instructions: str = "", question_instructions: Mapping[str, str] | None = None
) -> list[AnswerKeyGenerationTask]:
    """Return a task for each question of the exam, in its order."""
    return [
        AnswerKeyGenerationTask(
            question=question,
            instructions=instructions,
            question_instructions=(question_instructions or {}).get(question.question_id, ""),
        )
        for question in exam.questions
    ]


def describe_question(question: Question) -> str:
    """Return the question as prompts show it."""
    return (
        f"Question id: {question.question_id}\nType: {question.question_type}\n"
        f"Points: {question.points:g}\nQuestion:\n{question.question_text}"
    )


def check_question_id(replied: str, question: Question) -> None:
    """Raise BrokenRule unless a reply is about this question."""
    if replied != question.question_id:
        raise BrokenRule(f"question_id must be {question.question_id!r}")
