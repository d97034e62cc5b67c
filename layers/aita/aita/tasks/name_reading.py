"""Reading of the name and the number that a student wrote on the heads of pages."""

from typing import Annotated, ClassVar

from pydantic import BaseModel, Field

from aita.models.base import LenientModel
from aita.models.exam import Page
from aita.models.model_role import ModelRole
from aita.models.read_name import ReadName
from aita.tasks.llm_task import LLMTask
from aita.tasks.prompt import load_prompt
from aita.tasks.registry import register
from aita.tasks.request import Image, Message, Parameters

_LONGEST = 200  # characters


class NameReading(LenientModel):
    """A model's reply about heads of pages: name and number as they were written, each empty if it is not there."""

    name: str
    number: str


@register("name_reading")
class NameReadingTask(LLMTask[ReadName]):
    """Read a student's name and number on the heads of pages. No name of the roster is in the prompt.

    Parameters
    ----------
    heads
        Heads of the student's first pages.
    """

    model_role: ClassVar[ModelRole | None] = "reader"
    response_model: ClassVar[type[BaseModel]] = NameReading
    parameters: ClassVar[Parameters] = Parameters(expected_output_tokens=40)

    heads: Annotated[tuple[Page, ...], Field(min_length=1)]

    def messages(self) -> tuple[Message, ...]:
        """Return the instructions, then the heads."""
        images = tuple(Image(head.key, head.sha256, head.width, head.height) for head in self.heads)
        return load_prompt("name_reading").messages(images=images)

    def validate_reply(self, reply: NameReading) -> ReadName:
        """Return the name and the number as read on these heads."""
        return ReadName(
            name=" ".join(reply.name.split())[:_LONGEST],
            number=" ".join(reply.number.split())[:_LONGEST],
            heads=tuple(head.sha256 for head in self.heads),
        )
