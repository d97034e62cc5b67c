"""The form in which the pipeline asks a model to read a page, and a reading in this form. No other module knows it."""

import json
from collections.abc import Mapping

from aita.tasks.request import LLMRequest
from tests.adversary.pages import Page
from tests.adversary.reading import Reading, read

FORMS = frozenset({"Transcription", "PageAnswers"})
"""Names of the schemas in which pages are asked for."""


def reply(request: LLMRequest, images: Mapping[str, bytes]) -> str:
    """Return the reply to a request of one of the forms."""
    reading = read(Page.of_image(next(iter(images.values()))))
    return _starts(reading) if request.schema_name == "PageAnswers" else _transcription(reading)


def _transcription(reading: Reading) -> str:
    if reading.raw is not None:
        return reading.raw
    text = "\n".join(line.text for line in reading.lines)
    notes = "; ".join(warned.note for warned in reading.warnings)
    return json.dumps({"text": text, "confidence": reading.confidence, "notes": notes})


def _starts(reading: Reading) -> str:
    numbers = {id(line): number for number, line in enumerate(reading.lines, 1)}
    starts = [
        {
            "question_id": start.question_id,
            "line": numbers.get(id(start.line), 0),
            "top": start.top,
            "confidence": start.confidence,
        }
        for start in reading.starts
    ]
    return json.dumps({"starts": starts})
