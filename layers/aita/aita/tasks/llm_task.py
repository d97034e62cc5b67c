"""The LLM task: a prompt, the reply that is wanted, and the rules that the reply must keep."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel

from aita.errors import AitaError, BrokenRuleError, DoubtfulReplyError, InvalidReplyError, TaskError
from aita.models.base import StrictModel
from aita.tasks.json_reply import read_reply
from aita.tasks.json_schema import strict_schema
from aita.tasks.request import LLMRequest, Message, Parameters

ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often a reply that is not what was asked for is asked again, in the same invocation."""

    unparsable: int = 3
    broken_rule: int = 5
    doubtful: int = 1


class LLMTask(StrictModel, Generic[ResultT]):
    """One unit of work that one LLM call answers.

    A kind of task is a subclass. Its fields are its inputs; it says what the messages are, which
    model the reply must fit, and what else makes a reply wrong. The engine calls, caches, asks
    again and records.
    """

    kind: ClassVar[str] = ""
    """The name that ``register`` gives the class."""
    response_model: ClassVar[type[BaseModel]]
    parameters: ClassVar[Parameters] = Parameters()
    retry_policy: ClassVar[RetryPolicy] = RetryPolicy()

    task_id: str = ""
    """A name of the caller's own; without one, ``id`` is made from the work."""

    @property
    def id(self) -> str:
        """The task's id: unlike tasks have unlike ids, equal work has the same."""
        return self.task_id or f"{self.kind or type(self).__name__}-{self.digest()[:32]}"

    @abstractmethod
    def messages(self) -> tuple[Message, ...]:
        """Return the prompt: what many tasks share first, what differs last, for the provider's prefix cache."""

    def validate_reply(self, reply: Any) -> ResultT:
        """Make the result of a reply that has the right shape; unless overridden, the reply is the result.

        Raises
        ------
        ValueError, BrokenRuleError
            If its content breaks a rule. The message is sent back to the model; only a BrokenRuleError's own
            message is also shown and recorded, so it must not quote the reply.
        DoubtfulReplyError
            If it could be used, and a better one is worth asking for; ``salvage`` then takes the last.
        """
        result: ResultT = reply
        return result

    def given(self) -> ResultT | None:
        """Return the result if a person provided it, so that no call is made; ``None`` if the model is to answer.

        Raises
        ------
        TaskError
            If what was provided breaks a rule.
        """
        return None

    def salvage(self, reply: str) -> ResultT | None:
        """Return a result from the last reply, which was not what was asked for; ``None`` if it is worth nothing.

        Unless overridden, that is one in which nothing but backslashes is in doubt, as JSON has them.
        """
        try:
            self.parse(reply)
        except DoubtfulReplyError as doubt:
            kept: ResultT | None = doubt.kept
            return kept
        except InvalidReplyError:
            pass
        return None

    def checkpoint_data(self) -> dict[str, Any]:
        """Return what is kept beside the reply and given back as the result's ``metadata``: JSON, no student's name."""
        return {}

    def request(self) -> LLMRequest:
        """Return what the model is asked."""
        model = self.response_model
        return LLMRequest(self.messages(), model.__name__, strict_schema(model), self.parameters)

    def parse(self, reply: str) -> ResultT:
        """Judge a reply.

        Raises
        ------
        UnparsableReplyError
            If it holds no JSON object of the response model's shape, or several that differ.
        BrokenRuleError
            If it does, and breaks a rule.
        DoubtfulReplyError
            If the task's rules say so, or a backslash in it may be LaTeX's or JSON's own.
        TaskError
            If ``validate_reply`` itself fails.
        """
        read = read_reply(self.response_model, reply)
        result: ResultT = validate(self.validate_reply, read.value)
        read.check(result)
        return result

    def digest(self, *context: str) -> str:
        """Return the identity of this work: a changed prompt, image, rule or provided result is new work."""
        given = [] if type(self).given is LLMTask.given else [self.model_dump_json(exclude={"task_id"})]
        return self.request().digest(*context, *given)


def validate(judge: Any, reply: Any) -> Any:
    """Return the result of a task's own validation of a reply, with its exceptions converted to aita's errors.

    Raises
    ------
    BrokenRuleError
        For a ValueError. Its text is feedback for the model and is not recorded, as it may quote the reply.
    TaskError
        For any other exception, which is an error in the validation itself.
    """
    try:
        return judge(reply)
    except AitaError:
        raise
    except ValueError as error:
        raise BrokenRuleError(f"the task's own rules refuse it ({type(error).__name__})", feedback=str(error)) from None
    except Exception as error:
        raise TaskError(
            f"the code that judges this task's reply raised {type(error).__name__}: see the task's class or parse_fn"
        ) from error
