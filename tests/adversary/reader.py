"""The form in which the pipeline asks a model to read a page, and a reading in this form. No other module knows it."""

import json
from collections.abc import Mapping
from typing import Any

from aita.tasks.request import LLMRequest
from tests.adversary.pages import Page
from tests.adversary.reading import Reading, read
from tests.support.fakes import questions_shown

FORMS = frozenset({"Transcription"})
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
    return reading.raw if reading.raw is not None else _transcription(reading, questions_shown(request))


def _transcription(reading: Reading, known: list[str]) -> str:
    numbers = {id(line): number for number, line in enumerate(reading.lines, 1)}
    starts = [
        {
            "question_id": start.question_id,
            "line": numbers.get(id(start.line), 0),
            "top": start.top,
            "confidence": start.confidence,
        }
        for start in reading.starts
        if start.question_id in known
    ]
    reply = {
        "lines": [{"text": line.text, "kind": line.kind, "top": line.top} for line in reading.lines],
        "starts": starts,
        "confidence": reading.confidence,
        "warnings": [{"kind": warned.kind, "note": warned.note} for warned in reading.warnings],
    }
    return json.dumps(reply)


def of_0_1_0(transcriptions: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """Return stored transcriptions in the form of version 0.1.0: a text and notes for each page."""
    return {student_id: [_page_of_0_1_0(page) for page in pages] for student_id, pages in transcriptions.items()}


def _page_of_0_1_0(page: dict[str, Any]) -> dict[str, Any]:
    kept = {name: page[name] for name in ("page", "confidence", "flagged") if name in page}
    text = "\n".join(line["text"] for line in page["lines"])
    return kept | {"text": text, "notes": "; ".join(each["note"] for each in page["warnings"])}
