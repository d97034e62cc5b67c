"""Replies about images of pages: transcriptions, the exam's questions, and the places of answers."""

import re
from typing import Any

from aita_local.simulated_model.chat_request import ChatRequest
from aita_local.simulated_model.errors import NotInSampleExamError
from aita_local.simulated_model.sample.exam import KnownPage, SampleExam
from aita_local.simulated_model.sample.prompt_parsing import question_blocks

_NUMBERS = re.compile(r"These are pages? ([0-9]+(?:, [0-9]+)*) of")
_BEGINS = re.compile(r"^Begins: (.+)$", re.MULTILINE)
_TRANSCRIPTION = re.compile(r"^<transcription>\n(.*?)^</transcription>$", re.MULTILINE | re.DOTALL)
_LINE = re.compile(r"^([0-9]+): (.*)$", re.MULTILINE)
_SURE = 0.98


def transcription(pages: list[KnownPage]) -> dict[str, Any]:
    """Return the reply that transcribes the pages."""
    transcriptions = [page.transcription for page in pages]
    return {
        "text": "\n\n".join(filter(None, (each["text"] for each in transcriptions))),
        "confidence": min(each["confidence"] for each in transcriptions),
        "notes": " ".join(filter(None, (each["notes"] for each in transcriptions))),
    }


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


def page_answers(chat: ChatRequest, exam: SampleExam, page: KnownPage) -> dict[str, Any]:
    """Return the reply with the starts of answers on a page, by the prompt's own line numbers and question ids.

    Questions that the prompt does not list are left out.
    """
    ids: dict[str, str] = {}
    for question_id, block in question_blocks(chat.text):
        if (begins := _BEGINS.search(block)) and (question := exam.question_that_begins(begins[1])):
            ids.setdefault(question.question_id, question_id)
    written = _TRANSCRIPTION.search(chat.text)
    lines = {text: int(number) for number, text in reversed(_LINE.findall(written[1] if written else ""))}
    starts = [
        {
            "question_id": ids[mark.question_id],
            "line": lines[label] + 1 if (label := f"{mark.question_id}.") in lines else 0,
            "top": mark.top,
            "confidence": _SURE,
        }
        for mark in page.marks
        if mark.question_id in ids
    ]
    return {"starts": starts}
