"""Request to a model: messages, images, the form of the reply and its limits."""

import hashlib
import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Self

from aita.errors import TaskError

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


DEFAULT_TEMPERATURE = 0.0
DEFAULT_MAX_OUTPUT_TOKENS = 8192


@dataclass(frozen=True, slots=True)
class Parameters:
    """Parameters of a call beside the messages. Those of a task win over its executor's.

    Parameters
    ----------
    temperature
        Temperature of the sampling; ``None`` leaves it to the executor, and to ``DEFAULT_TEMPERATURE``.
    max_output_tokens
        Limit of a reply's tokens, and so of its cost; ``None`` leaves it to the executor, and to
        ``DEFAULT_MAX_OUTPUT_TOKENS``.
    expected_output_tokens
        Usual tokens of a reply: for estimates and for the limit of tokens a minute.
    max_reply_characters
        Limit of a reply's characters; if set, the reply is streamed and cut there, which fails the task as too long.
    model
        Name of another model at the same endpoint; empty for the executor's own.
    """

    temperature: float | None = None
    max_output_tokens: int | None = None
    expected_output_tokens: int = 500
    max_reply_characters: int | None = None
    model: str = ""

    def over(self, others: "Parameters") -> "Parameters":
        """Return these parameters, with the others' model, temperature and limit of tokens where these have none."""
        temperature = others.temperature if self.temperature is None else self.temperature
        most = others.max_output_tokens if self.max_output_tokens is None else self.max_output_tokens
        model = self.model or others.model
        if (temperature, most, model) == (self.temperature, self.max_output_tokens, self.model):
            return self
        return replace(self, temperature=temperature, max_output_tokens=most, model=model)


@dataclass(frozen=True, slots=True)
class LLMRequest:
    """Everything that determines a call's reply, except for the executor's model. Without a schema it is plain text.

    ``sample`` is a number that separates equal requests that must not share a reply, such as several graders'.
    ``sample_line`` is added to the prompt as its last line, so that a further sample is another request to the
    endpoint, too; the digest covers the sample's number in its place. ``kind`` is the task's, by which time-outs and
    limits may differ; the digest leaves it out.
    """

    messages: tuple[Message, ...]
    schema_name: str
    schema: dict[str, Any] | None
    parameters: Parameters
    sample: int = 0
    sample_line: str = ""
    kind: str = field(default="", compare=False)

    @property
    def sent(self) -> tuple[Message, ...]:
        """The messages as they are sent, with ``sample_line``."""
        if not self.sample_line:
            return self.messages
        *before, last = self.messages
        return (*before, replace(last, text=f"{last.text}\n\n{self.sample_line}"))

    @property
    def has_images(self) -> bool:
        """Whether a message has an image."""
        return any(message.images for message in self.messages)

    @property
    def temperature(self) -> float:
        """Temperature that is sent."""
        return DEFAULT_TEMPERATURE if self.parameters.temperature is None else self.parameters.temperature

    @property
    def max_output_tokens(self) -> int:
        """Limit of the reply's tokens, without a model's thoughts."""
        most = self.parameters.max_output_tokens
        return DEFAULT_MAX_OUTPUT_TOKENS if most is None else most

    @property
    def prefix(self) -> str:
        """The text that requests of the kind have in common: all messages before the last."""
        return "\n".join(message.text for message in self.messages[:-1])

    def digest(self, *context: str) -> str:
        """Return the SHA-256, in hexadecimal, of this request and of the caller's ``context`` (provider, model ...)."""
        messages = [(m.role, m.text, [image.sha256 for image in m.images]) for m in self.messages]
        parameters: list[float | str] = [self.temperature, self.max_output_tokens]
        if self.parameters.max_reply_characters is not None:
            parameters.append(self.parameters.max_reply_characters)
        if self.parameters.model:
            parameters.append(f"model {self.parameters.model}")
        samples = [self.sample] if self.sample else []
        content = json.dumps([context, messages, self.schema_name, self.schema, parameters, *samples])
        return hashlib.sha256(content.encode()).hexdigest()

    def check_text(self) -> None:
        """Check that every message can be sent as UTF-8.

        Raises
        ------
        TaskError
            If one holds an unpaired surrogate.
        """
        for message in self.messages:
            try:
                _ = message.text.isascii() or message.text.encode()
            except UnicodeEncodeError as error:
                raise TaskError(
                    f"its {message.role} message holds half a character (an unpaired surrogate, at {error.start}): cut "
                    "texts between characters, and read them as UTF-8"
                ) from None

    def answered(self, reply: str, problem: str) -> "LLMRequest":
        """Return the request that asks again after ``reply``, with the reply and its problem."""
        form = "the whole answer" if self.schema is None else "the whole JSON object"
        again = f"That reply can't be used: {problem}\nAnswer again with {form}, and nothing else."
        quoted = reply[:_QUOTED] if reply.strip() else _NOTHING
        messages = (*self.messages, Message("assistant", quoted), Message("user", again))
        return replace(self, messages=messages)
