"""What the model is asked: messages, images, the form of the reply, and what bounds it."""

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self

_QUOTED = 20_000
"""Characters of a wrong reply that are quoted back: enough to see what was wrong, and not megabytes."""

_NOTHING = "(nothing)"
"""What stands for an empty reply: some endpoints refuse a message without text."""


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
    """What the model is told beside the messages.

    Parameters
    ----------
    max_output_tokens
        Bounds what one reply may cost.
    expected_output_tokens
        What a reply usually takes: for estimates and for the limit of tokens a minute.
    max_reply_characters
        If set, the reply is streamed and cut as soon as it is longer, which fails the task as too long.
    """

    temperature: float = 0.0
    max_output_tokens: int = 8192
    expected_output_tokens: int = 500
    max_reply_characters: int | None = None


@dataclass(frozen=True, slots=True)
class LLMRequest:
    """All that decides what a call answers, but for the model itself. Without a schema the reply is plain text.

    ``sample`` tells apart requests that ask the same and must not share a reply, such as several graders'. With
    ``sample_line``, a last line of the prompt for the model alone, a further sample is another request to the endpoint
    too; the digest has the sample's number for it.
    """

    messages: tuple[Message, ...]
    schema_name: str
    schema: dict[str, Any] | None
    parameters: Parameters
    sample: int = 0
    sample_line: str = ""

    @property
    def sent(self) -> tuple[Message, ...]:
        """The messages as the model gets them."""
        if not self.sample_line:
            return self.messages
        *before, last = self.messages
        return (*before, replace(last, text=f"{last.text}\n\n{self.sample_line}"))

    @property
    def prefix(self) -> str:
        """The text that other requests of the kind begin with too: all messages before the last."""
        return "\n".join(message.text for message in self.messages[:-1])

    def digest(self, *context: str) -> str:
        """Return the SHA-256, in hexadecimal, of this request and of what the caller adds (provider, model ...)."""
        messages = [(m.role, m.text, [image.sha256 for image in m.images]) for m in self.messages]
        parameters: list[float | None] = [self.parameters.temperature, self.parameters.max_output_tokens]
        if self.parameters.max_reply_characters is not None:
            parameters.append(self.parameters.max_reply_characters)
        samples = [self.sample] if self.sample else []
        content = json.dumps([context, messages, self.schema_name, self.schema, parameters, *samples])
        return hashlib.sha256(content.encode()).hexdigest()

    def answered(self, reply: str, problem: str) -> "LLMRequest":
        """Return the request that asks again after ``reply``, saying what was wrong with it."""
        form = "the whole answer" if self.schema is None else "the whole JSON object"
        again = f"That reply can't be used: {problem}\nAnswer again with {form}, and nothing else."
        said = reply[:_QUOTED] if reply.strip() else _NOTHING
        messages = (*self.messages, Message("assistant", said), Message("user", again))
        return replace(self, messages=messages)
