"""Request to a model: messages, images, the form of the reply and its limits."""

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self

_QUOTED = 20_000
"""Characters of a wrong reply that are quoted back: enough to see the error, and not megabytes."""

_NOTHING = "(nothing)"
"""Quotation of an empty reply: some endpoints refuse a message without text."""


@dataclass(frozen=True, slots=True)
class Image:
    """An image, known by its key and the SHA-256 of its bytes.

    The key is an S3 key on the stack and a path in process. ``width`` and ``height`` are in pixels,
    0 where not known; they only serve to estimate tokens.
    """

    key: str
    sha256: str
    width: int = 0
    height: int = 0

    @classmethod
    def of(cls, path: Path | str) -> Self:
        """Return the image in a file.

        Raises
        ------
        OSError
            If the file can't be read.
        """
        return cls(str(path), hashlib.sha256(Path(path).read_bytes()).hexdigest())


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat; its images stand before its text."""

    role: Literal["system", "user", "assistant"]
    text: str
    images: tuple[Image, ...] = ()


@dataclass(frozen=True, slots=True)
class Parameters:
    """Parameters of a call beside the messages.

    Parameters
    ----------
    max_output_tokens
        Limit of a reply's tokens, and so of its cost.
    expected_output_tokens
        Usual tokens of a reply: for estimates and for the limit of tokens a minute.
    max_reply_characters
        Limit of a reply's characters; if set, the reply is streamed and cut there, which fails the task as too long.
    """

    temperature: float = 0.0
    max_output_tokens: int = 8192
    expected_output_tokens: int = 500
    max_reply_characters: int | None = None


@dataclass(frozen=True, slots=True)
class LLMRequest:
    """Everything that determines a call's reply, except for the model. Without a schema the reply is plain text.

    ``sample`` is a number that separates equal requests that must not share a reply, such as several graders'.
    ``sample_line`` is added to the prompt as its last line, so that a further sample is another request to the
    endpoint, too; the digest covers the sample's number in its place.
    """

    messages: tuple[Message, ...]
    schema_name: str
    schema: dict[str, Any] | None
    parameters: Parameters
    sample: int = 0
    sample_line: str = ""

    @property
    def sent(self) -> tuple[Message, ...]:
        """The messages as they are sent, with ``sample_line``."""
        if not self.sample_line:
            return self.messages
        *before, last = self.messages
        return (*before, replace(last, text=f"{last.text}\n\n{self.sample_line}"))

    @property
    def prefix(self) -> str:
        """The text that requests of the kind have in common: all messages before the last."""
        return "\n".join(message.text for message in self.messages[:-1])

    def digest(self, *context: str) -> str:
        """Return the SHA-256, in hexadecimal, of this request and of the caller's ``context`` (provider, model ...)."""
        messages = [(m.role, m.text, [image.sha256 for image in m.images]) for m in self.messages]
        parameters: list[float | None] = [self.parameters.temperature, self.parameters.max_output_tokens]
        if self.parameters.max_reply_characters is not None:
            parameters.append(self.parameters.max_reply_characters)
        samples = [self.sample] if self.sample else []
        content = json.dumps([context, messages, self.schema_name, self.schema, parameters, *samples])
        return hashlib.sha256(content.encode()).hexdigest()

    def answered(self, reply: str, problem: str) -> "LLMRequest":
        """Return the request that asks again after ``reply``, with the reply and its problem."""
        form = "the whole answer" if self.schema is None else "the whole JSON object"
        again = f"That reply can't be used: {problem}\nAnswer again with {form}, and nothing else."
        quoted = reply[:_QUOTED] if reply.strip() else _NOTHING
        messages = (*self.messages, Message("assistant", quoted), Message("user", again))
        return replace(self, messages=messages)
