"""Tasks without a class of their own: a prompt, images if there are any, and a parser."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from aita.errors import MissingInputError
from aita.tasks.llm_task import LLMTask, validate
from aita.tasks.request import Image, LLMRequest, Message
from aita.tasks.thoughts import text_of


class SimpleLLMTask(LLMTask[Any]):
    """A prompt, and a function that makes the result of the reply's text.

    Parameters
    ----------
    task_id
        Id of the task, unique in its batch.
    prompt
        Text of the request.
    parse_fn
        Function that makes the result; if it raises a ValueError, the model is asked again with its
        message. Without one the result is the text.
    system
        System message before the prompt: the place for the part that many tasks share.
    metadata
        Data recorded beside the reply, and returned with the result.
    """

    prompt: str
    parse_fn: Callable[[str], Any] = str
    system: str = ""
    metadata: dict[str, Any] = {}

    def messages(self) -> tuple[Message, ...]:
        """Return the system's message, if there is one, and the prompt."""
        before = (Message("system", self.system),) if self.system else ()
        return (*before, Message("user", self.prompt, self.load_images()))

    def load_images(self) -> tuple[Image, ...]:
        """Return the images that go with the prompt: none."""
        return ()

    def request(self) -> LLMRequest:
        """Return the request, for plain text."""
        return LLMRequest(self.messages(), "", None, self.parameters)

    def parse(self, reply: str) -> Any:
        """Return the result of ``parse_fn`` for the reply's text, without thoughts before it.

        Raises
        ------
        UnparsableReplyError
            If there is no text.
        """
        return validate(self.parse_fn, text_of(reply))

    def checkpoint_data(self) -> dict[str, Any]:
        """Return the metadata."""
        return self.metadata


class VisionLLMTask(SimpleLLMTask):
    """A prompt about images in files: JPEG, PNG, GIF or WebP."""

    images: tuple[Path, ...]

    def load_images(self) -> tuple[Image, ...]:
        """Return the images, each with the SHA-256 of its file's current content.

        Raises
        ------
        MissingInputError
            If a file can't be read.
        """
        try:
            return tuple(Image.of(path) for path in self.images)
        except OSError as error:
            raise MissingInputError(f"an image of this task can't be read: {error.strerror or error}") from None
