"""Answer keys: the content of a right answer to each question."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Self

from pydantic import BaseModel

from aita.errors import BrokenRuleError, InvalidMaterialError
from aita.models.exam import AnswerKey, AnswerKeys, ExamSpec, Question, listed_questions
from aita.models.model_role import ModelRole
from aita.tasks.batchable import BatchableLLMTask
from aita.tasks.json_reply import read_reply, written
from aita.tasks.llm_task import LLMTask, RetryPolicy
from aita.tasks.prompt import load_prompt
from aita.tasks.registry import register
from aita.tasks.request import DEFAULT_MAX_OUTPUT_TOKENS, LLMRequest, Message, Parameters

SHORT_QUESTION = 600
"""Characters of the longest question that shares a call, with its options and its own instructions: a hundred words.
The rules before a question are 1,100 characters: most of a short question's prompt, so that sharing them saves most.
A longer question saves little, and its longer answer key is better given a whole reply."""

_PARAMETERS = Parameters(expected_output_tokens=300)

_MOST_OUTPUT = 16_384
"""Limit of output tokens of a reply about several questions: that of gpt-4o, which larger models have, too. Endpoints
refuse a request for more than they have."""


@register("answer_key")
class AnswerKeyGenerationTask(BatchableLLMTask[AnswerKey]):
    """Write the answer key of one question, or take the instructor's own."""

    model_role: ClassVar[ModelRole | None] = "grader"
    response_model: ClassVar[type[BaseModel]] = AnswerKey
    parameters: ClassVar[Parameters] = _PARAMETERS

    question: Question
    instructions: str = ""
    question_instructions: str = ""
    user_answer_key: AnswerKey | None = None

    def given(self) -> AnswerKey | None:
        """Return the instructor's own answer key, which wins over the model's."""
        return self.user_answer_key

    def digest(self, *context: str) -> str:
        """Return the identity of this work; of a written answer key, that of versions without own ones."""
        own = [self.user_answer_key.model_dump_json()] if self.user_answer_key else []
        return self.request().digest(*context, *own)

    def messages(self) -> tuple[Message, ...]:
        """Return the instructions, then the question."""
        return load_prompt("answer_key").messages(
            instructions=self.instructions or "None.",
            question=describe_question(self.question),
            question_instructions=self.question_instructions or "None.",
        )

    def validate_reply(self, reply: AnswerKey) -> AnswerKey:
        """Check that the answer key has this question's id."""
        check_question_id(reply.question_id, self.question)
        return reply

    def checkpoint_data(self) -> dict[str, Any]:
        """Return the question's id."""
        return {"question_id": self.question.question_id}

    def can_batch_with(self, other: Self) -> bool:
        """Tell whether both questions are short, under the same instructions, and not of the same id."""
        if self.instructions != other.instructions or self.question.question_id == other.question.question_id:
            return False
        return self._is_short() and other._is_short()

    def combine_with(self, others: Sequence[Self]) -> "AnswerKeyBatch":
        """Return the task that asks for all the answer keys at once."""
        return AnswerKeyBatch(tasks=(self, *others))

    def split_batch_result(self, result: dict[str, str], tasks: Sequence[Self]) -> list[str | None]:
        """Return each question's answer key as it was replied; an id that two questions have is neither's."""
        ids = [task.question.question_id for task in tasks]
        return [result.get(question_id) if ids.count(question_id) == 1 else None for question_id in ids]

    def block(self) -> str:
        """Return this question's part of a prompt about several questions."""
        return self.messages()[1].text if self.question_instructions else describe_question(self.question)

    def _is_short(self) -> bool:
        return len(self.question.question_text) + len(self.question_instructions) <= SHORT_QUESTION


class _Parts(BaseModel):
    """A reply about several questions, its answer keys not validated."""

    answer_keys: list[Any]


class AnswerKeyBatch(LLMTask[dict[str, str]]):
    """Write the answer keys of several questions; the result is each one's reply, not validated, by question id."""

    model_role: ClassVar[ModelRole | None] = "grader"
    response_model: ClassVar[type[BaseModel]] = AnswerKeys
    retry_policy: ClassVar[RetryPolicy] = RetryPolicy(unparsable=0, broken_rule=0)

    tasks: tuple[AnswerKeyGenerationTask, ...]

    def messages(self) -> tuple[Message, ...]:
        """Return the system message of a single question's prompt, then the questions."""
        questions = "\n\n".join(task.block() for task in self.tasks)
        _, user = load_prompt("answer_keys").messages(questions=questions, count=str(len(self.tasks)))
        return self.tasks[0].messages()[0], user

    def request(self) -> LLMRequest:
        """Return the request, with output tokens for every answer key."""
        request = super().request()
        expected = _PARAMETERS.expected_output_tokens * len(self.tasks)
        parameters = Parameters(
            max_output_tokens=max(min(DEFAULT_MAX_OUTPUT_TOKENS * len(self.tasks), _MOST_OUTPUT), 2 * expected),
            expected_output_tokens=expected,
        )
        return replace(request, parameters=parameters, kind=AnswerKeyGenerationTask.kind)

    def parse(self, reply: str) -> dict[str, str]:
        """Return the reply's answer keys as JSON, not validated: a wrong one fails its own question only.

        Answer keys with the same id are left out.

        Raises
        ------
        UnparsableReplyError
            If it holds no list of answer keys.
        DoubtfulReplyError
            If a backslash in it may be LaTeX's or JSON's own.
        """
        read = read_reply(_Parts, reply)
        read.check()
        parts = [(part["question_id"], written(part)) for part in read.value.answer_keys if _has_question_id(part)]
        times = Counter(question_id for question_id, _ in parts)
        return {question_id: text for question_id, text in parts if times[question_id] == 1}


def _has_question_id(part: Any) -> bool:
    return isinstance(part, dict) and isinstance(part.get("question_id"), str)


def create_answer_key_tasks(
    questions: ExamSpec | Iterable[Question | Mapping[str, Any]],
    instructions: str = "",
    question_instructions: Mapping[str, str] | None = None,
) -> list[AnswerKeyGenerationTask]:
    """Return a task for each question, in their order.

    Parameters
    ----------
    questions
        The exam, or its questions; each is a ``Question``, or a mapping of its fields as in questions.json.
    """
    return [
        AnswerKeyGenerationTask(
            question=question,
            instructions=instructions,
            question_instructions=(question_instructions or {}).get(question.question_id, ""),
        )
        for question in listed_questions(questions)
    ]


def check_user_answer_keys(exam: ExamSpec, user_answer_keys: Iterable[str]) -> None:
    """Check that the instructor's own answer keys are of the exam's questions.

    Parameters
    ----------
    user_answer_keys
        Ids of the questions that have one.

    Raises
    ------
    InvalidMaterialError
        If one is for no question of the exam.
    """
    known = [question.question_id for question in exam.questions]
    for question_id in user_answer_keys:
        if question_id not in known:
            raise InvalidMaterialError(
                f"user_answer_keys.json: {question_id!r} is no question_id of questions.json: use "
                f"{', '.join(known)}, or take it out"
            )


def describe_question(question: Question) -> str:
    """Return a question in the form of the prompts."""
    return (
        f"Question id: {question.question_id}\nType: {question.question_type}\n"
        f"Points: {question.points:g}\nQuestion:\n{question.question_text}"
    )


def check_question_id(replied: str, question: Question) -> None:
    """Check that a reply is about this question.

    Raises
    ------
    BrokenRuleError
        If it has another question's id.
    """
    if replied != question.question_id:
        raise BrokenRuleError(f"question_id must be {question.question_id!r}")
