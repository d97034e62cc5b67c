"""Every error that aita raises, in one tree, and the signals that delay or end calls without being errors.

::

    AitaError                          root of all errors that are raised on purpose
    ├── SettingsError                  a setting has an invalid value
    ├── LocalStackError                the laptop's stack can't be started, stopped or reached
    ├── StackError                     the deployed stack or its credentials are missing
    ├── RequestError                   a request can't be fulfilled
    │   ├── InvalidMaterialError       a file of the instructor's breaks a rule
    │   ├── MissingMaterialError       a pipeline lacks an input
    │   ├── NotFoundError              no such run, task or assignment
    │   ├── RequestTooLargeError       a request exceeds the API's size limit
    │   └── ConflictError              the request conflicts with the present state
    ├── StorageError                   stored data is missing, damaged or changed
    │   ├── ObjectNotFoundError        no object has this key
    │   ├── ObjectChangedError         another writer changed the object
    │   └── CheckpointError            a batch's checkpoint can't be written, read or taken over
    └── CallError                      a task's call gave no result
        ├── TaskError                  the task fails for good; other tasks continue
        │   ├── UnreadableScanError    an image or PDF can't be read
        │   ├── MissingInputError      the result of an earlier stage is missing
        │   ├── InvalidReplyError      the model's reply is invalid
        │   │   ├── UnparsableReplyError   the reply is no JSON of the right shape
        │   │   ├── BrokenRuleError        the reply has the right shape, but breaks a rule
        │   │   └── DoubtfulReplyError     the reply is usable, but another one may be better
        │   ├── TaskCodeError          the task's own code fails
        │   ├── RefusalError           the model or its provider refuses the input
        │   ├── TooLongError           the input or the reply exceeds the model's limit
        │   ├── UnansweredError        the provider answers other tasks, and not this one
        │   └── BatchGoneError         the provider has a batch, or its file, no longer
        └── CallSignal                 control flow: whether and when calls continue
            ├── ProviderBusy           the provider can't answer now: wait and call again
            ├── SlotLater              the reserved slot of the limiter is too far away to sleep until it
            ├── BudgetReached          the next call could exceed the run's cost cap
            ├── NotRun                 the batch stopped before this task
            ├── Superseded             the run was stopped, or a later attempt has begun
            └── RunStopped             no task of the run can succeed until a person acts

A message says what is wrong, where, and what to do. It never holds a student's name or work, a prompt, a reply or a
key, because messages are shown, logged and stored in DynamoDB.

Class names are stored in rows and sent by the API. ``request_error_class`` also reads the names that aita 0.1.0 sends.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, ClassVar


class AitaError(Exception):
    """Root of the tree. ``http_status`` is the status of the API's response to the error."""

    http_status: ClassVar[int] = 500


class SettingsError(AitaError):
    """A setting has an invalid value; the message names the setting and its valid values."""


class LocalStackError(AitaError):
    """The laptop's stack can't be started, stopped or reached."""


class StackError(AitaError):
    """The deployed stack, its credentials or the network to reach it are missing."""


class RequestError(AitaError):
    """The caller's request can't be fulfilled."""

    http_status = 400


class InvalidMaterialError(RequestError):
    """A file that the instructor provides breaks a rule; the message gives the file, the path in it and the rule."""

    http_status = 422


class MissingMaterialError(RequestError):
    """A pipeline was started without one of its inputs."""

    http_status = 422


class NotFoundError(RequestError):
    """No such run, task or assignment exists."""

    http_status = 404


class RequestTooLargeError(RequestError):
    """The request's body exceeds the API's limit."""

    http_status = 413


class ConflictError(RequestError):
    """The request conflicts with the present state, such as a second active run of an assignment.

    Of two decisions on one answer, ``theirs`` is the one that was recorded, and ``yours`` the one that was asked for.
    Both may hold a student's words: they are for the response, and never for a log.
    """

    http_status = 409
    theirs: Any = None
    yours: Any = None


class StorageError(AitaError):
    """An object or a row is missing, or another writer has changed it."""


class ObjectNotFoundError(StorageError):
    """No object has this key."""


class ObjectChangedError(StorageError):
    """Another writer changed the object after it was read."""


class CheckpointError(StorageError):
    """A checkpoint is damaged, of another version, in use, or not writable; the message names the file."""


class CallError(AitaError):
    """Error or signal that ends or delays one task.

    ``said`` is the provider's own message, which may quote the prompt and is therefore not part of the error's message.
    ``may_be_paid`` is true of a call whose reply was lost, so that its cost is unknown. ``unexplained`` is true if the
    provider refuses the request and its reason may hold for all requests.
    """

    said: str = ""
    may_be_paid: bool = False
    unexplained: bool = False

    def tell_all(self) -> None:
        """Append the provider's message to the error's message. Only for prompts without students' work."""
        if self.said:
            self.args = (f"{self}; the provider says: {self.said}",)


class TaskError(CallError):
    """The task fails for good and is recorded as FAILED; the run's other tasks continue."""


class UnreadableScanError(TaskError):
    """An image or PDF can't be read; the message gives the reason and the remedy."""


class MissingInputError(TaskError):
    """The result of an earlier stage's task is missing, because that task failed."""


class InvalidReplyError(TaskError):
    """The model's reply is invalid.

    Parameters
    ----------
    message
        The problem, without quotes of the reply.
    feedback
        Message to the model, which may quote the reply; it is neither shown nor recorded. By default ``message``.
    """

    def __init__(self, message: str, *, feedback: str | None = None) -> None:
        super().__init__(message)
        self.feedback = message if feedback is None else feedback


class UnparsableReplyError(InvalidReplyError):
    """The reply is no JSON, or JSON of another shape."""


class BrokenRuleError(InvalidReplyError):
    """The reply has the right shape, but its content breaks a rule, such as points that do not sum."""


class DoubtfulReplyError(InvalidReplyError):
    """The reply is usable with a doubt. The request is repeated, and ``salvage`` makes a result of the last reply.

    Parameters
    ----------
    kept
        Result that a task without a ``salvage`` of its own keeps after the last request; ``None`` for no result.
    """

    def __init__(self, message: str, *, feedback: str | None = None, kept: Any = None) -> None:
        super().__init__(message, feedback=feedback)
        self.kept: Any = kept


class TaskCodeError(TaskError):
    """The task's own code fails, such as its parser: the model's reply is not to blame."""


class RefusalError(TaskError):
    """The model or the provider's filter refuses the input."""


class TooLongError(TaskError):
    """The prompt or the reply exceeds the model's limit."""


class UnansweredError(TaskError):
    """The provider answers other tasks, and has failed to answer this one too often."""


class BatchGoneError(TaskError):
    """The provider has a batch, or a file of it, no longer."""


class CallSignal(CallError):  # noqa: N818 - signals are no errors
    """Control flow: whether and when calls continue. A signal fails a task only if no later call succeeds."""


class ProviderBusy(CallSignal):
    """The provider can't answer now: a rate limit, an overload, a lost connection, a time-out.

    Parameters
    ----------
    message
        Reason for the wait, shown in the run's status.
    retry_after
        Wait in seconds that the provider demands; ``None`` if it named none.
    limited
        Whether a rate limit is the reason, so that calls must be made more slowly.
    timed_out
        Whether no reply came in time.
    requests_per_second, tokens_per_minute
        Provider's limits from the headers of its response; ``None`` if it sent none.
    """

    def __init__(
        self,
        message: str,
        retry_after: float | None = None,
        *,
        limited: bool = False,
        timed_out: bool = False,
        requests_per_second: float | None = None,
        tokens_per_minute: float | None = None,
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.limited = limited
        self.timed_out = timed_out
        self.requests_per_second = requests_per_second
        self.tokens_per_minute = tokens_per_minute


class SlotLater(CallSignal):
    """The slot that was reserved at the limiter is further away than a function sleeps.

    Parameters
    ----------
    wait
        Seconds until the slot.
    available_at
        The slot's time, in ms since the epoch.
    """

    def __init__(self, wait: float, available_at: int) -> None:
        super().__init__(f"the next slot of the rate limit is {wait:.1f} s away")
        self.wait = wait
        self.available_at = available_at


class BudgetReached(CallSignal):
    """The next call could exceed the run's cost cap. The run ends, and can be resumed with a higher cap."""


class NotRun(CallSignal):
    """The batch stopped before this task, for the reason in the message; a resume runs the task."""


class Superseded(CallSignal):
    """The run was stopped, or a later attempt has begun, so that this call must not be made."""


class ProviderSetting(StrEnum):
    """Setting of the provider that only a person can correct, and that is made elsewhere on the stack."""

    KEY = "key"
    MODEL = "model"
    BASE_URL = "base URL"


class RunStopped(CallSignal):
    """No task of the run can succeed until a person acts: a wrong key, no quota, no such model.

    Parameters
    ----------
    message
        The problem, and its remedy unless that is to correct a setting.
    setting
        Setting to correct; ``None`` if it is none.
    of_one_input
        Refusal of this call's input alone, which replaces the signal if other calls succeed; ``None`` if no call can
        succeed.
    """

    def __init__(
        self, message: str, *, setting: ProviderSetting | None = None, of_one_input: TaskError | None = None
    ) -> None:
        super().__init__(message)
        self.setting = setting
        self.of_one_input = of_one_input

    def with_remedy(self, remedies: Mapping[ProviderSetting, str]) -> str:
        """Return the message with the remedy.

        Parameters
        ----------
        remedies
            How each setting is corrected where the call was made.
        """
        return str(self) if self.setting is None else f"{self}: {remedies[self.setting]}"


_NAMES_OF_0_1_0 = {
    "InvalidMaterial": InvalidMaterialError,
    "MissingMaterial": MissingMaterialError,
    "NotFound": NotFoundError,
    "RequestTooLarge": RequestTooLargeError,
    "Conflict": ConflictError,
}
"""Request errors by the names that the API of aita 0.1.0 sends."""


def request_error_class(name: str) -> type[RequestError]:
    """Return the error class for a name that the API sent; ``RequestError`` for an unknown name."""
    found = _NAMES_OF_0_1_0.get(name) or globals().get(name)
    return found if isinstance(found, type) and issubclass(found, RequestError) else RequestError
