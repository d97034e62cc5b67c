"""Dispatch of a request to the replies of its kind, and their format."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from aita.cli import word_picture
from aita_local.simulated_model.chat_request import ChatRequest
from aita_local.simulated_model.errors import NotInSampleExamError
from aita_local.simulated_model.replies import fallback_reply, grading_replies, page_replies, question_replies
from aita_local.simulated_model.replies.request_kind import Kind, kind_of
from aita_local.simulated_model.sample.exam import KnownPage, SampleExam
from aita_local.simulated_model.sample.page_fingerprint import data_url_bytes


def reply(chat: ChatRequest, kind: Kind, exam: SampleExam, pages: list[KnownPage], omits: Callable[[], bool]) -> str:
    """Return the reply of a kind to a request.

    Parameters
    ----------
    pages
        Sample pages that its images show, for the kinds that are about pages.
    omits
        Function that tells, at each call, whether a part of a reply about several questions is left out.

    Raises
    ------
    NotInSampleExamError
        If the request is about anything but the sample exam.
    """
    if kind == "Word":
        return _word(chat)
    return _formatted(chat, _content(chat, kind, exam, pages, omits))


def strip_transcription(chat: ChatRequest, lines: list[str]) -> str:
    """Return the reply that reads these lines on strips of pages."""
    return _formatted(chat, {"lines": lines})


def name_reading(chat: ChatRequest, name: str) -> str:
    """Return the reply that reads this name on heads of pages, and no number."""
    return _formatted(chat, {"name": name, "number": ""})


def improvised(chat: ChatRequest) -> str:
    """Return a reply to a request that is not about the sample exam: of the right form, and plainly simulated."""
    with suppress(NotInSampleExamError):
        if (kind := kind_of(chat)) in ("Grading", "StripGrading"):
            on_strips = kind == "StripGrading"
            return _formatted(chat, grading_replies.improvised_grading(chat.text, on_strips=on_strips))
    return fallback_reply.reply(chat)


def _word(chat: ChatRequest) -> str:
    """Return a word for ``aita doctor``: any, one by a schema, or the one on its picture."""
    if chat.schema is not None:
        return fallback_reply.reply(chat)
    if not chat.images:
        return "simulated"
    if any(not _shows_word(url) for url in chat.images):
        raise NotInSampleExamError("a picture shows no word that it knows")
    return f"{word_picture.WORD} (simulated)"


def _shows_word(url: str) -> bool:
    with suppress(ValueError):
        return data_url_bytes(url) == word_picture.draw()
    return False


def _content(
    chat: ChatRequest, kind: Kind, exam: SampleExam, pages: list[KnownPage], omits: Callable[[], bool]
) -> dict[str, Any]:
    match kind, len(pages):
        case "Transcription", _ if pages:
            return page_replies.transcription(chat, exam, pages)
        case "ExtractedQuestions", _ if pages:
            return page_replies.extracted_questions(chat, exam, pages)
        case "AnswerKey", 0:
            return question_replies.answer_key(chat, exam)
        case "AnswerKeys", 0:
            return question_replies.answer_keys(chat, exam, omits)
        case "Rubric", 0:
            return question_replies.rubric(chat, exam)
        case (("Grading" | "StripGrading"), _):
            return grading_replies.grading(chat.text, exam, on_strips=kind == "StripGrading")
    raise NotInSampleExamError(f"{kind} with {len(pages)} images is asked for")


def _formatted(chat: ChatRequest, content: dict[str, Any]) -> str:
    if chat.format == "text":
        return f"Here it is:\n\n```json\n{json.dumps(content, ensure_ascii=False, indent=2)}\n```\n"
    return json.dumps(content, ensure_ascii=False)
