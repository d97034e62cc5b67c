"""Transcription of an answer on its strips: a second reading, which knows nothing of the first."""

from typing import Annotated, ClassVar

from pydantic import BaseModel, Field

from aita.models.base import LenientModel
from aita.models.model_role import ModelRole
from aita.models.second_look import AnswerReading, Strip
from aita.tasks.llm_task import LLMTask
from aita.tasks.prompt import load_prompt
from aita.tasks.registry import register
from aita.tasks.request import Image, Message, Parameters


class StripTranscription(LenientModel):
    """A model's reply about an answer's strips: the lines of handwriting in reading order."""

    lines: tuple[str, ...]


@register("strip_transcription")
class StripTranscriptionTask(LLMTask[AnswerReading]):
    """Read an answer once more, on its strips alone.

    The prompt has neither the transcription nor the question, and the temperature is another one, so that two readings
    err apart from each other.

    Parameters
    ----------
    strips
        Strips of the pages, in reading order.
    """

    model_role: ClassVar[ModelRole | None] = "reader"
    response_model: ClassVar[type[BaseModel]] = StripTranscription
    parameters: ClassVar[Parameters] = Parameters(temperature=0.7, expected_output_tokens=250)

    strips: Annotated[tuple[Strip, ...], Field(min_length=1)]

    def messages(self) -> tuple[Message, ...]:
        """Return the instructions, then the strips."""
        images = tuple(Image(strip.key, strip.sha256, strip.width, strip.height) for strip in self.strips)
        return load_prompt("strip_transcription").messages(images=images)

    def validate_reply(self, reply: StripTranscription) -> AnswerReading:
        """Return the lines as the reading of these strips."""
        return AnswerReading(strips=tuple(strip.sha256 for strip in self.strips), lines=reply.lines)
