"""Chat: any request, with a reply that is not validated. The stack's executor sends tasks in this form."""

from dataclasses import asdict
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, Field, StringConstraints, model_validator

from aita.errors import RequestError
from aita.models.base import StrictModel
from aita.tasks.llm_task import LLMTask
from aita.tasks.registry import register
from aita.tasks.request import Image, LLMRequest, Message, Parameters
from aita.tasks.thoughts import text_of

_DEFAULTS = Parameters()
_NAME = "Reply"

Pixels = Annotated[int, Field(ge=0)]


class ChatImage(StrictModel):
    """An image by its S3 key and the SHA-256 of its bytes; its size in pixels, if given, is for estimates."""

    key: str
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    width: Pixels = 0
    height: Pixels = 0


class ChatMessage(StrictModel):
    """One message; its images stand before its text."""

    role: Literal["system", "user", "assistant"] = "user"
    text: str
    images: tuple[ChatImage, ...] = ()


class ChatReply(StrictModel):
    """What the model said."""

    text: str


@register("chat")
class ChatTask(LLMTask[ChatReply]):
    """Ask anything: a prompt, or the messages of a chat.

    Parameters
    ----------
    prompt
        Text of the request, if it is one message.
    messages
        Messages of the chat, if there are more: each with ``role``, ``text`` and ``images``.
    schema, schema_name
        JSON schema of the reply, and its name; without one the reply is plain text.
    temperature, max_output_tokens, expected_output_tokens, max_reply_characters
        As in ``Parameters``.
    sample
        Number that separates equal tasks that must not share a reply.
    """

    response_model: ClassVar[type[BaseModel]] = ChatReply

    prompt: str = ""
    chat: Annotated[tuple[ChatMessage, ...], Field(alias="messages")] = ()
    json_schema: Annotated[dict[str, Any] | None, Field(alias="schema")] = None
    schema_name: Annotated[str, StringConstraints(min_length=1, max_length=200)] = _NAME
    temperature: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = _DEFAULTS.temperature
    max_output_tokens: Annotated[int, Field(ge=1)] | None = _DEFAULTS.max_output_tokens
    expected_output_tokens: Annotated[int, Field(ge=0)] = _DEFAULTS.expected_output_tokens
    max_reply_characters: Annotated[int, Field(ge=1)] | None = _DEFAULTS.max_reply_characters
    sample: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _either_prompt_or_messages(self) -> Self:
        if bool(self.prompt) == bool(self.chat):
            raise ValueError("give either prompt or messages")
        return self

    @classmethod
    def line(cls, request: LLMRequest) -> str:
        """Return a request as a line of a file of tasks, without the line break.

        Raises
        ------
        ValueError
            If the request can't be sent: pydantic's ValidationError or PydanticSerializationError.
        RequestError
            If it is for a model of its own.
        TaskError
            If a message holds half a character.
        """
        request.check_text()
        if request.parameters.model:
            raise RequestError("the stack has one model: leave the task's model out, or take backend='in-process'")
        fields = {
            "messages": tuple(_chat_message(message) for message in request.messages),
            "schema": request.schema,
            "schema_name": request.schema_name or _NAME,
            "sample": request.sample,
        }
        parameters = asdict(request.parameters)
        del parameters["model"]
        return cls.model_validate(fields | parameters).model_dump_json(by_alias=True, exclude_defaults=True)

    def messages(self) -> tuple[Message, ...]:
        """Return the chat as it is."""
        if self.prompt:
            return (Message("user", self.prompt),)
        return tuple(Message(message.role, message.text, _images(message)) for message in self.chat)

    def request(self) -> LLMRequest:
        """Return the request."""
        parameters = Parameters(
            temperature=self.temperature,
            max_output_tokens=self.max_output_tokens,
            expected_output_tokens=self.expected_output_tokens,
            max_reply_characters=self.max_reply_characters,
        )
        name = "" if self.json_schema is None else self.schema_name
        return LLMRequest(self.messages(), name, self.json_schema, parameters, self.sample, kind=self.kind)

    def parse(self, reply: str) -> ChatReply:
        """Return the reply's text, without thoughts before it.

        Raises
        ------
        UnparsableReplyError
            If there is no text.
        """
        return ChatReply(text=text_of(reply))


def _images(message: ChatMessage) -> tuple[Image, ...]:
    return tuple(Image(image.key, image.sha256, image.width, image.height) for image in message.images)


def _chat_message(message: Message) -> ChatMessage:
    images = tuple(
        ChatImage(key=image.key, sha256=image.sha256, width=image.width, height=image.height)
        for image in message.images
    )
    return ChatMessage(role=message.role, text=message.text, images=images)
