"""The form in which the pipeline asks a model to read a page, and a reading in this form. No other module knows it."""

import json
import re
from collections.abc import Mapping
from typing import Any

from aita.tasks.request import LLMRequest
from tests.adversary.pages import Page
from tests.adversary.reading import Reading, read

_QUESTION_ID = re.compile(r"^Question id: (.*)$", re.MULTILINE)
_LINE = re.compile(r"^\d+: ", re.MULTILINE)

FORMS = frozenset({"Transcription", "PageAnswers"})
"""Names of the schemas in which pages are asked for."""


def reply(request: LLMRequest, images: Mapping[str, bytes], renamed: Mapping[str, str]) -> str:
    """Return the reply to a request of one of the forms.

    Parameters
    ----------
    renamed
        Present ids of questions that have another one on the pages.
    """
    reading = read(Page.of_image(next(iter(images.values()))))
    for start in reading.starts:
        start.question_id = renamed.get(start.question_id, start.question_id)
    return _starts(reading, request) if request.schema_name == "PageAnswers" else _transcription(reading)


def _transcription(reading: Reading) -> str:
    if reading.raw is not None:
        return reading.raw
    text = "\n".join(line.text for line in reading.lines)
    notes = "; ".join(warned.note for warned in reading.warnings)
    return json.dumps({"text": text, "confidence": reading.confidence, "notes": notes})


def _starts(reading: Reading, request: LLMRequest) -> str:
    known = set(_QUESTION_ID.findall(request.messages[0].text))
    lines = len(_LINE.findall(request.messages[1].text))
    numbers = {id(line): number for number, line in enumerate(reading.lines, 1)}
    starts = [
        {
            "question_id": start.question_id,
            "line": number if (number := numbers.get(id(start.line), 0)) <= lines else 0,
            "top": start.top,
            "confidence": start.confidence,
        }
        for start in reading.starts
        if start.question_id in known
    ]
    return json.dumps({"starts": starts})


def of_0_1_0(transcriptions: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """Return stored transcriptions in the form of version 0.1.0: a text and notes for each page."""
    return transcriptions
