"""LLM task: a prompt, the model of its reply, and the rules that the reply must keep."""

import inspect
import json
import os
import traceback
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, Self

from pydantic import BaseModel, ValidationError, model_validator

from aita.errors import (
    AitaError,
    BrokenRuleError,
    DoubtfulReplyError,
    InvalidReplyError,
    RequestError,
    TaskCodeError,
    TaskError,
)
from aita.models.base import StrictModel
from aita.models.model_role import ModelRole
from aita.models.result import ResultT_co
from aita.tasks.json_reply import read_reply
from aita.tasks.json_schema import strict_schema
from aita.tasks.request import LLMRequest, Message, Parameters

_AITA = Path(__file__).parents[1]
_LIBRARY = Path(traceback.__file__).parent


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Number of times that an invalid reply is asked for again in the same invocation, by the kind of problem."""

    unparsable: int = 3
    broken_rule: int = 5
    doubtful: int = 1


class LLMTask(StrictModel, Generic[ResultT_co]):
    """One unit of work that one LLM call answers.

    A kind of task is a subclass. Its fields are its inputs; it defines the messages, the model of
    the reply, and further rules of the reply. The engine calls, caches, asks again and records.
    """

    kind: ClassVar[str] = ""
    """Name of the kind, set by ``register``."""
    model_role: ClassVar[ModelRole | None] = None
    """Role of the model that a stack asks; with ``None``, its ``ModelName``. In process it has no effect."""
    response_model: ClassVar[type[BaseModel]]
    parameters: ClassVar[Parameters] = Parameters()
    retry_policy: ClassVar[RetryPolicy] = RetryPolicy()

    task_id: str = ""
    """Id chosen by the caller; without one, ``id`` is derived from the work."""

    @model_validator(mode="after")
    def _check_response_model(self) -> Self:
        model = getattr(self, "response_model", None)
        if type(self).request is LLMTask.request and not (isinstance(model, type) and issubclass(model, BaseModel)):
            name = type(self).__name__
            raise RequestError(
                f"{name} has no response_model: give the class `response_model = ...`, the pydantic model of a reply"
            )
        return self

    @property
    def id(self) -> str:
        """The task's id; unless ``task_id`` is set, equal work has the same id and other work another."""
        return self.task_id or f"{self.kind or type(self).__name__}-{self.digest()[:32]}"

    def call_parameters(self) -> Parameters:
        """Return the parameters of the call: those of the class, unless overridden."""
        return self.parameters

    @abstractmethod
    def messages(self) -> tuple[Message, ...]:
        """Return the prompt: the part that many tasks share first, for the provider's prefix cache."""

    def validate_reply(self, reply: Any) -> ResultT_co:
        """Return the result of a reply that fits ``response_model``; unless overridden, the reply itself.

        ``None`` is no result, and fails the task.

        Raises
        ------
        ValueError, BrokenRuleError
            If the reply breaks a rule. The message is sent back to the model; only a BrokenRuleError's own
            message is also shown and recorded, so it must not quote the reply.
        DoubtfulReplyError
            If the reply could be used, and a better one is worth asking for; ``salvage`` then gets the last one.
        """
        result: ResultT_co = reply
        return result

    def given(self) -> ResultT_co | None:
        """Return the result if it is given, so that no call is made; ``None`` if the model is to answer.

        Raises
        ------
        TaskError
            If the given result breaks a rule.
        """
        return None

    def salvage(self, reply: str) -> ResultT_co | None:
        """Return a usable result of the last reply, which was invalid; ``None`` if there is none.

        Unless overridden, a reply is usable if only its backslashes are in doubt; they are read as JSON's.
        """
        try:
            self.parse(reply)
        except DoubtfulReplyError as doubt:
            kept: ResultT_co | None = doubt.kept
            return kept
        except InvalidReplyError:
            pass
        return None

    def checkpoint_data(self) -> dict[str, Any]:
        """Return data to record beside the reply, as the result's ``metadata``: JSON, without names of students."""
        return {}

    def request(self) -> LLMRequest:
        """Return the request."""
        model = self.response_model
        schema = strict_schema(model)
        return LLMRequest(self.messages(), model.__name__, schema, self.call_parameters(), kind=self.kind)

    def parse(self, reply: str) -> ResultT_co:
        """Return the result of a reply's text.

        Raises
        ------
        UnparsableReplyError
            If the reply holds no JSON object that fits the response model, or several that differ.
        BrokenRuleError
            If the object breaks a rule.
        DoubtfulReplyError
            If ``validate_reply`` raises it, or a backslash may be LaTeX's or JSON's own.
        TaskCodeError
            If ``validate_reply`` itself fails, or returns ``None``.
        """
        read = read_reply(self.response_model, reply)
        result: ResultT_co = validate(self.validate_reply, read.value)
        read.check(result)
        return result

    def digest(self, *context: str) -> str:
        """Return the identity of this work: a changed prompt, image, rule or given result is new work."""
        given = [] if type(self).given is LLMTask.given else [self.model_dump_json(exclude={"task_id"})]
        return self.request().digest(*context, *given)


def listed(tasks: Iterable[LLMTask[Any]]) -> tuple[LLMTask[Any], ...]:
    """Return a batch's tasks.

    Raises
    ------
    RequestError
        If they are a single task, a text or a mapping, or nothing that can be gone through.
    """
    if isinstance(tasks, LLMTask):
        raise RequestError("a batch is a list of tasks, and this is one task: put it into a list, [task]")
    if isinstance(tasks, str | bytes | Mapping) or not isinstance(tasks, Iterable):
        raise RequestError(f"a batch is a list of tasks, or what yields them; this is a {type(tasks).__name__}")
    return tuple(tasks)


def check_recordable(data: Any) -> None:
    """Check that a task's ``checkpoint_data`` can be recorded.

    Raises
    ------
    TaskError
        If it holds something that JSON does not have.
    """
    try:
        json.dumps(data)
    except (TypeError, ValueError) as error:  # of json's own, whose messages name a type and hold no value
        raise TaskError(
            f"its metadata is no JSON, which a checkpoint records ({error}): write dates and other objects as text, "
            "or set enable_checkpointing=False"
        ) from None


def validate(judge: Any, reply: Any) -> Any:
    """Return the result of a task's own validation of a reply, with its exceptions converted to aita's errors.

    Raises
    ------
    BrokenRuleError
        For a ValueError. Its text is feedback for the model and is not recorded, as it may quote the reply.
    TaskCodeError
        For any other exception, which is an error in the validation itself; for a change of a frozen model, such as
        the task; for ``None``, as a function without a ``return`` gives it; and for the object of an async function.
    """
    try:
        result = judge(reply)
    except AitaError:
        raise
    except ValueError as error:
        if _is_change_of_frozen(error):
            raise TaskCodeError(
                "the code that judges this task's reply sets a field, and tasks are frozen: keep what changes elsewhere"
            ) from error
        raise BrokenRuleError(f"the task's own rules refuse it ({raised(error)})", feedback=str(error)) from None
    except Exception as error:
        raise TaskCodeError(
            f"the code that judges this task's reply raised {raised(error)}: see the task's class or parse_fn"
        ) from error
    if result is None:
        raise TaskCodeError(
            "the code that judges this task's reply returned None, which is no result: see that validate_reply or "
            "parse_fn ends with a return; for a reply without a result let it return another value, such as an empty "
            "text"
        )
    if inspect.isawaitable(result):
        if inspect.iscoroutine(result):
            result.close()
        raise TaskCodeError("the code that judges this task's reply is async: make it a plain function")
    return result


def _is_change_of_frozen(error: ValueError) -> bool:
    return isinstance(error, ValidationError) and all(
        detail["type"] in {"frozen_instance", "frozen_field"} for detail in error.errors(include_url=False)
    )


def raised(error: BaseException) -> str:
    """Return the class of an exception and the author's line that raised it; its text, which may quote a reply, is not.

    Lines of aita and of Python's own library are passed over. A name that is no file's is not told, as code that was
    compiled has any name, also a reply's.
    """
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        file = Path(frame.filename)
        if not file.is_relative_to(_AITA) and (not file.is_relative_to(_LIBRARY) or "site-packages" in file.parts):
            where = f" of {file.name}" if os.path.isfile(file) else ""  # noqa: PTH113 - also of what is too long for a name
            return f"{type(error).__name__} in line {frame.lineno}{where}"
    return type(error).__name__
