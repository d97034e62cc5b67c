"""A second reading of an answer: what the reader is shown, and what of its reply counts."""

import json

import pytest

from aita.errors import UnparsableReplyError
from aita.models.second_look import Strip
from aita.tasks.strip_transcription import StripTranscriptionTask
from aita.tasks.transcription import TranscriptionTask

STRIPS = tuple(
    Strip(page=page, top=0.2, bottom=0.5, key=f"e/strips/s-1/{page}.jpg", sha256=f"{page}" * 64, width=800, height=300)
    for page in (3, 4)
)
TASK = StripTranscriptionTask(strips=STRIPS)


def test_the_strips_are_shown_in_reading_order_and_nothing_else() -> None:
    instructions, shown = TASK.messages()
    assert [image.key for image in shown.images] == [strip.key for strip in STRIPS]
    assert (instructions.images, shown.text) == ((), "Transcribe these strips.")


def test_all_answers_share_the_instructions() -> None:
    assert TASK.request().prefix == StripTranscriptionTask(strips=STRIPS[:1]).request().prefix


def test_it_is_asked_at_another_temperature_than_the_transcription() -> None:
    assert TASK.parameters.temperature != TranscriptionTask.parameters.temperature


def test_the_reading_is_that_of_its_strips() -> None:
    found = TASK.parse(json.dumps({"lines": ["x = 4", "so"]}))
    assert (found.text, found.strips) == ("x = 4\nso", ("3" * 64, "4" * 64))


@pytest.mark.parametrize("reply", ['{"lines": "x = 4"}', "x = 4", "{}"])
def test_a_reply_of_another_form_is_no_reading(reply: str) -> None:
    with pytest.raises(UnparsableReplyError):
        TASK.parse(reply)
    assert TASK.salvage(reply) is None
