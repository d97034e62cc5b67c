"""Tasks without a class of their own: a prompt, images if there are any, and the form of the result."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypedDict, TypeVar, Unpack, overload

from pydantic import BaseModel, Field, field_validator

from aita.errors import MissingInputError, RequestError
from aita.models.result import ResultT_co
from aita.tasks.llm_task import LLMTask, validate
from aita.tasks.request import Image, LLMRequest, Message, Parameters
from aita.tasks.thoughts import text_of

ModelT = TypeVar("ModelT", bound=BaseModel)


class _Fields(TypedDict, total=False):
    """Arguments of every simple task beside prompt, images and form of the result."""

    task_id: str
    system: str
    metadata: dict[str, Any]
    model: str
    temperature: float | None
    max_tokens: int | None


class SimpleLLMTask(LLMTask[ResultT_co]):
    """A prompt, and the form of the result.

    Parameters
    ----------
    task_id
        Id of the task, unique in its batch. Default: an id that follows from the request.
    prompt
        Text of the request.
    response_model
        Pydantic model of the reply; without one the reply is plain text.
    parse_fn
        Function that makes the result of the reply's text or, with a ``response_model``, of the model's object; if it
        raises a ValueError, the model is asked again with its message. ``None`` is no result, and fails the task.
        Without a function they are the result themselves.
    system
        System message before the prompt: the place for the part that many tasks share.
    metadata
        Data recorded beside the reply, and returned with the result. A checkpoint takes what JSON has.
    model
        Name of another model at the executor's endpoint.
    temperature
        Temperature of the sampling. Default: the executor's.
    max_tokens
        Limit of the reply's tokens, without a model's thoughts. Default: the executor's.
    """

    prompt: str
    response_model: type[BaseModel] | None = None  # type: ignore[assignment,misc] # each task's own
    parse_fn: Callable[[Any], ResultT_co] | None = None
    system: str = ""
    metadata: dict[str, Any] = {}
    model: str = ""
    temperature: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None

    if TYPE_CHECKING:

        @overload
        def __init__(self: "SimpleLLMTask[str]", *, prompt: str, **fields: Unpack[_Fields]) -> None: ...
        @overload
        def __init__(
            self: "SimpleLLMTask[ModelT]", *, prompt: str, response_model: type[ModelT], **fields: Unpack[_Fields]
        ) -> None: ...
        @overload
        def __init__(
            self, *, prompt: str, parse_fn: Callable[[str], ResultT_co], **fields: Unpack[_Fields]
        ) -> None: ...
        @overload
        def __init__(
            self,
            *,
            prompt: str,
            response_model: type[ModelT],
            parse_fn: Callable[[ModelT], ResultT_co],
            **fields: Unpack[_Fields],
        ) -> None: ...

    def __init__(self, *unnamed: Any, **fields: Any) -> None:
        if unnamed:
            raise RequestError(f"a {type(self).__name__} takes its arguments by name: write prompt= before the prompt")
        super().__init__(**fields)

    def messages(self) -> tuple[Message, ...]:
        """Return the system's message, if there is one, and the prompt."""
        before = (Message("system", self.system),) if self.system else ()
        return (*before, Message("user", self.prompt, self.load_images()))

    def load_images(self) -> tuple[Image, ...]:
        """Return the images that go with the prompt: none."""
        return ()

    def call_parameters(self) -> Parameters:
        """Return the task's own model, temperature and limit of tokens, over those of the class."""
        own = {"model": self.model or None, "temperature": self.temperature, "max_output_tokens": self.max_tokens}
        given: dict[str, Any] = {name: value for name, value in own.items() if value is not None}
        return replace(self.parameters, **given) if given else self.parameters

    def request(self) -> LLMRequest:
        """Return the request, for plain text or for the model's object."""
        if self.response_model is not None:
            return super().request()
        return LLMRequest(self.messages(), "", None, self.call_parameters())

    def validate_reply(self, reply: Any) -> Any:
        """Return the result of ``parse_fn``; without one, the reply itself."""
        return reply if self.parse_fn is None else self.parse_fn(reply)

    def parse(self, reply: str) -> Any:
        """Return the result of the reply's text, without thoughts before it, or of the model's object.

        Raises
        ------
        UnparsableReplyError
            If there is no text, or no object that fits the model.
        BrokenRuleError
            If ``parse_fn`` raises a ValueError.
        TaskCodeError
            If ``parse_fn`` raises anything else, or returns ``None``.
        """
        if self.response_model is not None:
            return super().parse(reply)
        return validate(self.validate_reply, text_of(reply))

    def checkpoint_data(self) -> dict[str, Any]:
        """Return the metadata."""
        return self.metadata


class VisionLLMTask(SimpleLLMTask[ResultT_co]):
    """A prompt about images in files: JPEG, PNG, GIF or WebP. ``images`` is a list of their paths, at least one."""

    images: tuple[Path, ...]

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: "VisionLLMTask[str]", *, prompt: str, images: Iterable[Path | str], **fields: Unpack[_Fields]
        ) -> None: ...
        @overload
        def __init__(
            self: "VisionLLMTask[ModelT]",
            *,
            prompt: str,
            images: Iterable[Path | str],
            response_model: type[ModelT],
            **fields: Unpack[_Fields],
        ) -> None: ...
        @overload
        def __init__(
            self,
            *,
            prompt: str,
            images: Iterable[Path | str],
            parse_fn: Callable[[str], ResultT_co],
            **fields: Unpack[_Fields],
        ) -> None: ...
        @overload
        def __init__(
            self,
            *,
            prompt: str,
            images: Iterable[Path | str],
            response_model: type[ModelT],
            parse_fn: Callable[[ModelT], ResultT_co],
            **fields: Unpack[_Fields],
        ) -> None: ...
        def __init__(self, **fields: Any) -> None: ...

    @field_validator("images", mode="before")
    @classmethod
    def _are_listed(cls, images: Any) -> Any:
        if isinstance(images, str | bytes | PathLike):
            raise ValueError(  # noqa: TRY004 - pydantic passes a TypeError on as it is
                "images takes a list of paths, and this is one path: put it into a list, [path]"
            )
        return images

    @field_validator("images")
    @classmethod
    def _are_some(cls, images: tuple[Path, ...]) -> tuple[Path, ...]:
        if not images:
            raise ValueError("images is an empty list of paths: give an image, or make a SimpleLLMTask, which has none")
        return images

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
