"""Replies about images of pages: transcriptions with the places of answers, and the exam's questions."""

import re
from typing import Any

from aita_local.simulated_model.chat_request import ChatRequest
from aita_local.simulated_model.errors import NotInSampleExamError
from aita_local.simulated_model.sample.exam import KnownPage, SampleExam
from aita_local.simulated_model.sample.prompt_parsing import question_blocks

_NUMBERS = re.compile(r"These are pages? ([0-9]+(?:, [0-9]+)*) of")
_BEGINS = re.compile(r"^Begins: (.+)$", re.MULTILINE)
_SURE = 0.98


def transcription(chat: ChatRequest, exam: SampleExam, pages: list[KnownPage]) -> dict[str, Any]:
    """Return the reply that transcribes the pages and, of a single one, says where the prompt's questions begin."""
    lines = [line for page in pages for line in page.lines]
    reply = {
        "lines": lines,
        "confidence": min(page.confidence for page in pages),
        "warnings": [warning for page in pages for warning in page.warnings],
    }
    ids = _question_ids(chat, exam)
    return reply | {"starts": _starts(pages[0], ids)} if ids and len(pages) == 1 else reply


def _question_ids(chat: ChatRequest, exam: SampleExam) -> dict[str, str]:
    """Return the prompt's own ids of the sample's questions that it lists, by the sample's id."""
    ids: dict[str, str] = {}
    for question_id, block in question_blocks(chat.text):
        if (begins := _BEGINS.search(block)) and (question := exam.question_that_begins(begins[1])):
            ids.setdefault(question.question_id, question_id)
    return ids


def _starts(page: KnownPage, ids: dict[str, str]) -> list[dict[str, Any]]:
    """Return the starts of answers on a page; questions that the prompt does not list are left out."""
    labels = {line["text"]: number for number, line in enumerate(page.lines, 1) if line["kind"] == "label"}
    return [
        {
            "question_id": ids[mark.question_id],
            "line": labels[label] + 1 if (label := f"{mark.question_id}.") in labels else 0,
            "top": mark.top,
            "confidence": _SURE,
        }
        for mark in page.marks
        if mark.question_id in ids
    ]


def extracted_questions(chat: ChatRequest, exam: SampleExam, pages: list[KnownPage]) -> dict[str, Any]:
    """Return the reply with the questions on the pages, by the prompt's own page numbers."""
    found = _NUMBERS.search(chat.text)
    numbers = [int(number) for number in found[1].split(", ")] if found else list(range(1, len(pages) + 1))
    if len(numbers) != len(pages):
        raise NotInSampleExamError(f"the prompt numbers {len(numbers)} pages and has {len(pages)}")
    known = {question.question_id: question for question in exam.questions}
    questions = [
        {"question_id": mark.question_id, **known[mark.question_id].printed, "page_number": number, "complete": True}
        for number, page in zip(numbers, pages, strict=True)
        for mark in page.marks
    ]
    return {"exam_name": exam.name if numbers[0] == 1 else "", "questions": questions, "continuation": None}
