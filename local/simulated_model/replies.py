"""What the simulated model answers: transcriptions, answer keys and rubrics, in the form that was asked for."""

import hashlib
import json
import re
import time
from collections.abc import Callable
from typing import Any, Literal

from local.simulated_model.chat import ChatRequest
from local.simulated_model.errors import NotInSampleExam
from local.simulated_model.sample_exam import KnownPage, SampleExam

Kind = Literal["AnswerKey", "AnswerKeys", "Rubric"]

_QUESTION_ID = re.compile(r"^[ \t]*Question id:[ \t]*(.+?)[ \t]*$", re.MULTILINE)
_POINTS = re.compile(r"^[ \t]*Points:[ \t]*([0-9]+(?:\.[0-9]+)?)[ \t]*$", re.MULTILINE)
_KIND_WORDS: tuple[tuple[str, Kind], ...] = (("rubric", "Rubric"), ("answer key", "AnswerKey"))

CHARACTERS_PER_TOKEN = 4  # English text, roughly
_TOKENS_PER_IMAGE = 1000  # a page at high detail, roughly


def transcription(chat: ChatRequest, pages: list[KnownPage]) -> str:
    """Return the reply that transcribes the known pages among a request's images.

    Raises
    ------
    NotInSampleExam
        If the request asks for something else about them.
    """
    if chat.schema_name not in {None, "Transcription"}:
        raise NotInSampleExam(f"an image with the schema {chat.schema_name!r}")
    transcriptions = [page.transcription for page in pages]
    content = {
        "text": "\n\n".join(filter(None, (each["text"] for each in transcriptions))),
        "confidence": min(each["confidence"] for each in transcriptions),
        "notes": " ".join(filter(None, (each["notes"] for each in transcriptions))),
    }
    return _formatted(chat, content)


def about_questions(chat: ChatRequest, exam: SampleExam, omits: Callable[[], bool]) -> str:
    """Return the reply to a prompt with several blocks that each begin with a question's id: their answer keys.

    Raises
    ------
    NotInSampleExam
        If a block has no sample question.
    """
    found = list(_QUESTION_ID.finditer(chat.text))
    ends = [match.start() for match in found[1:]] + [len(chat.text)]
    keys = []
    for match, end in zip(found, ends, strict=True):
        question = exam.question(chat.text[match.start() : end])
        if question is None:
            raise NotInSampleExam("a block of the prompt has no question of the sample exam")
        if not omits():
            keys.append(question.answer_key | {"question_id": match[1]})
    return _formatted(chat, {"answer_keys": keys})


def asks_for_several(chat: ChatRequest) -> bool:
    """Tell whether a request is about several questions at once."""
    return _kind(chat) == "AnswerKeys"


def about_question(chat: ChatRequest, exam: SampleExam) -> str:
    """Return the reply to a request without images: an answer key or a rubric.

    The question's id and points are those that the prompt gives, so that variations of a sample
    question get replies of their own.

    Raises
    ------
    NotInSampleExam
        If no sample question is in the prompt, or something else is asked about it.
    """
    question = exam.question(chat.text)
    if question is None:
        raise NotInSampleExam("no question of the sample exam is in the prompt")
    kind = _kind(chat)
    content = dict(question.answer_key if kind == "AnswerKey" else question.rubric)
    if ids := _QUESTION_ID.findall(chat.text):
        content["question_id"] = ids[-1]
    if kind == "Rubric" and (points := _POINTS.findall(chat.text)):
        content = _scaled(content, float(points[-1]))
    return _formatted(chat, content)


def cut(content: str) -> str:
    """Return the first half of a reply, as when a connection or a token limit ends it early."""
    return content[: len(content) // 2]


def completion(chat: ChatRequest, content: str, cached: int = 0) -> dict[str, Any]:
    """Return the chat completion around a reply. Equal requests get equal replies and ids.

    ``cached`` is how many tokens of the prompt a cache had.
    """
    digest = hashlib.sha256("\0".join((chat.text, chat.format, *chat.images)).encode()).hexdigest()
    prompt = len(chat.text) // CHARACTERS_PER_TOKEN + _TOKENS_PER_IMAGE * len(chat.images)
    reply = len(content) // CHARACTERS_PER_TOKEN + 1
    message: dict[str, Any] = {"role": "assistant", "content": content, "refusal": None, "annotations": []}
    return {
        "id": f"chatcmpl-{digest[:29]}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": "simulated",
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": {
            "prompt_tokens": prompt,
            "completion_tokens": reply,
            "total_tokens": prompt + reply,
            "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
        },
        "system_fingerprint": "fp_simulated",
        "service_tier": "default",
    }


def _kind(chat: ChatRequest) -> Kind:
    """Return what is asked for: the schema's name, or else the word that comes first in the prompt."""
    match chat.schema_name:
        case "AnswerKey" | "AnswerKeys" | "Rubric":
            return chat.schema_name
        case None:
            prompt = chat.text.lower()
            found = [(place, kind) for word, kind in _KIND_WORDS if (place := prompt.find(word)) >= 0]
            if found:
                kind = min(found)[1]
                return "AnswerKeys" if kind == "AnswerKey" and "answer_keys" in prompt else kind
            raise NotInSampleExam("the prompt asks neither for a rubric nor for an answer key")
    raise NotInSampleExam(f"a question with the schema {chat.schema_name!r}")


def _scaled(rubric: dict[str, Any], points: float) -> dict[str, Any]:
    """Return the rubric for another number of points; its criteria have cents and sum to it exactly."""
    factor = points / rubric["total_points"]
    criteria, given, exact = [], 0.0, 0.0
    for criterion in rubric["criteria"]:
        exact += criterion["points"] * factor
        # Rounding the running sum, not each criterion, keeps the errors from adding up.
        upto = points if criterion is rubric["criteria"][-1] else round(exact, 2)
        criteria.append({**criterion, "points": round(upto - given, 4)})
        given = upto
    return {**rubric, "total_points": points, "criteria": criteria}


def _formatted(chat: ChatRequest, content: dict[str, Any]) -> str:
    if chat.format == "text":
        return f"Here it is:\n\n```json\n{json.dumps(content, ensure_ascii=False, indent=2)}\n```\n"
    return json.dumps(content, ensure_ascii=False)
