"""The LLM task: a prompt, the reply that is wanted, and the rules that the reply must keep."""

import hashlib
import json
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Literal, TypeVar

from pydantic import BaseModel, ValidationError

from aita.errors import UnparsableReply
from aita.models.base import Frozen
from aita.tasks.json_reply import find_object
from aita.tasks.json_schema import strict_schema

ResultT = TypeVar("ResultT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Image:
    """A page image in S3, known by its key and the SHA-256 of its bytes."""

    key: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat; its images stand before its text."""

    role: Literal["system", "user", "assistant"]
    text: str
    images: tuple[Image, ...] = ()


@dataclass(frozen=True, slots=True)
class Parameters:
    """What the model is told beside the messages. ``max_output_tokens`` bounds what one reply may cost."""

    temperature: float = 0.0
    max_output_tokens: int = 8192


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often a reply that is not what was asked for is asked again, in the same invocation."""

    unparsable: int = 3
    broken_rule: int = 5


@dataclass(frozen=True, slots=True)
class LLMRequest:
    """All that decides what a call answers, but for the model itself."""

    messages: tuple[Message, ...]
    schema_name: str
    schema: dict[str, Any]
    parameters: Parameters

    def digest(self, *context: str) -> str:
        """Return the SHA-256, in hexadecimal, of this request and of what the caller adds (provider, model ...)."""
        messages = [(m.role, m.text, [image.sha256 for image in m.images]) for m in self.messages]
        parameters = (self.parameters.temperature, self.parameters.max_output_tokens)
        content = json.dumps([context, messages, self.schema_name, self.schema, parameters])
        return hashlib.sha256(content.encode()).hexdigest()

    def answered(self, reply: str, problem: str) -> "LLMRequest":
        """Return the request that asks again after ``reply``, saying what was wrong with it."""
        again = f"That reply can't be used: {problem}\nAnswer again with the whole JSON object, and nothing else."
        messages = (*self.messages, Message("assistant", reply), Message("user", again))
        return LLMRequest(messages, self.schema_name, self.schema, self.parameters)


class LLMTask(Frozen, Generic[ResultT]):
    """One unit of work that one LLM call answers.

    A kind of task is a subclass. Its fields are its inputs; it says what the messages are, which
    model the reply must fit, and what else makes a reply wrong. The engine calls, caches, asks
    again and records.
    """

    response_model: ClassVar[type[BaseModel]]
    parameters: ClassVar[Parameters] = Parameters()
    retry_policy: ClassVar[RetryPolicy] = RetryPolicy()

    @abstractmethod
    def messages(self) -> tuple[Message, ...]:
        """Return the prompt: what many tasks share first, what differs last, for the provider's prefix cache."""

    @abstractmethod
    def result(self, reply: Any) -> ResultT:
        """Make the result of a reply that has the right shape.

        Raises
        ------
        BrokenRule
            If its content breaks a rule; the message is sent back to the model.
        """

    def given(self) -> ResultT | None:
        """Return the result if a person provided it, so that no call is made; ``None`` if the model is to answer.

        Raises
        ------
        TaskError
            If what was provided breaks a rule.
        """
        return None

    def salvage(self, reply: str) -> ResultT | None:  # noqa: ARG002 - for kinds that can use any text
        """Return a result from a reply that could not be parsed to the last; ``None`` if it is worth nothing."""
        return None

    def request(self) -> LLMRequest:
        """Return what the model is asked."""
        model = self.response_model
        return LLMRequest(self.messages(), model.__name__, strict_schema(model), self.parameters)

    def parse(self, reply: str) -> ResultT:
        """Judge a reply.

        Raises
        ------
        UnparsableReply
            If it holds no JSON object of the response model's shape.
        BrokenRule
            If it does, and breaks a rule.
        """
        try:
            parsed = self.response_model.model_validate_json(find_object(reply))
        except ValidationError as error:
            details = error.errors(include_input=False, include_url=False, include_context=False)
            problems = [f"{'.'.join(map(str, detail['loc'])) or 'JSON'}: {detail['msg']}" for detail in details[:5]]
            raise UnparsableReply("; ".join(problems)) from None
        return self.result(parsed)

    def digest(self, *context: str) -> str:
        """Return the identity of this work: a changed prompt, image, rule or provided result is new work."""
        given = [] if type(self).given is LLMTask.given else [self.model_dump_json()]
        return self.request().digest(*context, *given)
