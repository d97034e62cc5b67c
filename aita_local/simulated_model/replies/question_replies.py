"""Replies about questions: answer keys and rubrics.

A question has the id and points of the prompt, so that variations of a sample question get replies
of their own.
"""

from collections.abc import Callable
from typing import Any

from aita_local.simulated_model.chat_request import ChatRequest
from aita_local.simulated_model.errors import NotInSampleExamError
from aita_local.simulated_model.sample.exam import KnownQuestion, SampleExam
from aita_local.simulated_model.sample.prompt_parsing import last_points, last_question_id, question_blocks


def question_in(prompt: str, exam: SampleExam) -> KnownQuestion:
    """Return the sample question that stands last in a prompt.

    Raises
    ------
    NotInSampleExamError
        If there is none.
    """
    question = exam.question(prompt)
    if question is None:
        raise NotInSampleExamError("no question of the sample exam is in the prompt")
    return question


def answer_key(chat: ChatRequest, exam: SampleExam) -> dict[str, Any]:
    """Return the answer key of the prompt's question."""
    return _with_question_id(question_in(chat.text, exam).answer_key, last_question_id(chat.text))


def answer_keys(chat: ChatRequest, exam: SampleExam, omits: Callable[[], bool]) -> dict[str, Any]:
    """Return the answer keys of the prompt's questions, except for omitted ones."""
    keys = [
        _with_question_id(question_in(block, exam).answer_key, block_id)
        for block_id, block in question_blocks(chat.text)
    ]
    return {"answer_keys": [key for key in keys if not omits()]}


def rubric(chat: ChatRequest, exam: SampleExam) -> dict[str, Any]:
    """Return the rubric of the prompt's question."""
    known = _with_question_id(question_in(chat.text, exam).rubric, last_question_id(chat.text))
    points = last_points(chat.text)
    return known if points is None else _scaled(known, points)


def _with_question_id(content: dict[str, Any], question_id: str | None) -> dict[str, Any]:
    return content if question_id is None else {**content, "question_id": question_id}


def _scaled(rubric: dict[str, Any], points: float) -> dict[str, Any]:
    """Return the rubric for another number of points; its criteria have two decimals and sum to it exactly."""
    factor = points / rubric["total_points"]
    criteria, given, exact = [], 0.0, 0.0
    for criterion in rubric["criteria"]:
        exact += criterion["points"] * factor
        # Rounding the running sum, not each criterion, keeps the errors from adding up.
        upto = points if criterion is rubric["criteria"][-1] else round(exact, 2)
        criteria.append({**criterion, "points": round(upto - given, 4)})
        given = upto
    return {**rubric, "total_points": points, "criteria": criteria}
