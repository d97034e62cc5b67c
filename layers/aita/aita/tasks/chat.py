"""Chat: any request, answered as it is and unjudged. The stack's executor sends its tasks as these."""

from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel, model_validator

from aita.models.base import Frozen
from aita.tasks.llm_task import LLMTask
from aita.tasks.registry import register
from aita.tasks.request import Image, LLMRequest, Message, Parameters


class ChatImage(Frozen):
    """An image by its S3 key and the SHA-256 of its bytes."""

    key: str
    sha256: str


class ChatMessage(Frozen):
    """One message."""

    role: Literal["system", "user", "assistant"] = "user"
    text: str
    images: tuple[ChatImage, ...] = ()


class ReplyForm(Frozen):
    """The JSON schema that the reply is to fit."""

    name: str
    json_schema: dict[str, Any]


class ChatReply(Frozen):
    """What the model said."""

    text: str


@register("chat")
class ChatTask(LLMTask[ChatReply]):
    """Ask anything: a prompt, or the messages of a chat."""

    response_model: ClassVar[type[BaseModel]] = ChatReply

    prompt: str = ""
    chat: tuple[ChatMessage, ...] = ()
    form: ReplyForm | None = None
    temperature: float = 0.0
    max_output_tokens: int = 8192
    expected_output_tokens: int = 500
    max_reply_characters: int | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if bool(self.prompt) == bool(self.chat):
            raise ValueError("give either prompt or chat")
        return self

    @classmethod
    def of(cls, request: LLMRequest, task_id: str) -> Self:
        """Return the task that makes a request."""
        parameters = request.parameters
        return cls(
            task_id=task_id,
            chat=tuple(
                ChatMessage(
                    role=message.role,
                    text=message.text,
                    images=tuple(ChatImage(key=image.key, sha256=image.sha256) for image in message.images),
                )
                for message in request.messages
            ),
            form=None if request.schema is None else ReplyForm(name=request.schema_name, json_schema=request.schema),
            temperature=parameters.temperature,
            max_output_tokens=parameters.max_output_tokens,
            expected_output_tokens=parameters.expected_output_tokens,
            max_reply_characters=parameters.max_reply_characters,
        )

    def messages(self) -> tuple[Message, ...]:
        """Return the chat as it is."""
        if self.prompt:
            return (Message("user", self.prompt),)
        return tuple(
            Message(message.role, message.text, tuple(Image(image.key, image.sha256) for image in message.images))
            for message in self.chat
        )

    def request(self) -> LLMRequest:
        """Return what the model is asked."""
        parameters = Parameters(
            temperature=self.temperature,
            max_output_tokens=self.max_output_tokens,
            expected_output_tokens=self.expected_output_tokens,
            max_reply_characters=self.max_reply_characters,
        )
        if self.form is None:
            return LLMRequest(self.messages(), "", None, parameters)
        return LLMRequest(self.messages(), self.form.name, self.form.json_schema, parameters)

    def parse(self, reply: str) -> ChatReply:
        """Take any reply."""
        return ChatReply(text=reply)
