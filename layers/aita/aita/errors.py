"""Every error that aita raises, in one tree, and the signals that delay or end calls without being errors.

::

    AitaError                          the root: nothing else is raised on purpose
    ├── SettingsError                  a setting's value is wrong
    ├── LocalStackError                the laptop's stack can't be started, stopped or reached
    ├── StackError                     the deployed stack, or the credentials for it, are not there
    ├── RequestError                   the caller asked for something that can't be done as asked
    │   ├── InvalidMaterialError       a file that the instructor gave breaks a rule
    │   ├── MissingMaterialError       a pipeline lacks what it needs
    │   ├── NotFoundError              no such run, task or assignment
    │   ├── RequestTooLargeError       a request has more than the API takes
    │   └── ConflictError              it can't be done in the state things are in
    ├── StorageError                   what is kept is not as it should be
    │   ├── ObjectNotFoundError        there is no object under this key
    │   ├── ObjectChangedError         the object was written by another
    │   └── CheckpointError            a batch's checkpoint can't be written, read or taken
    └── CallError                      a task's call came to nothing
        ├── TaskError                  this task fails for good; the others go on
        │   ├── UnreadableScanError    an image or PDF that can't be read
        │   ├── MissingInputError      what an earlier stage should have made is not there
        │   ├── InvalidReplyError      the model's reply is not what was asked for
        │   │   ├── UnparsableReplyError   it is not valid JSON of the right shape
        │   │   ├── BrokenRuleError        it has the right shape, and breaks a rule
        │   │   └── DoubtfulReplyError     it could be used, and another may be better
        │   ├── RefusalError           the model or its provider refuses this input
        │   └── TooLongError           the input or the reply is past the model's limit
        └── CallSignal                 control flow: whether and when calls go on
            ├── ProviderBusy           not now: wait and call again
            ├── SlotLater              the limiter's next slot is reserved, and too far away to sleep until it
            ├── BudgetReached          the run's next call could cost more than the run may
            ├── NotRun                 the batch stopped before this task was run
            ├── Superseded             the run was stopped, or a later attempt has begun
            └── RunStopped             no task of this run can go on until a person acts

A message says what is wrong, where, and what to do. It never holds a student's name or work, a
prompt, a reply or a key: messages are shown, logged and kept in DynamoDB.

A class's name is kept in rows and sent by the API. ``request_error_class`` reads the names that aita 0.1.0 sends, too.
"""

from typing import Any, ClassVar


class AitaError(Exception):
    """The root of the tree. ``http_status`` is what the API answers for it."""

    http_status: ClassVar[int] = 500


class SettingsError(AitaError):
    """A setting has a value that it does not take; the message names it and what it takes."""


class LocalStackError(AitaError):
    """The laptop's stack can't be started, stopped or reached."""


class StackError(AitaError):
    """The stack, the credentials or the network to reach it are not there."""


class RequestError(AitaError):
    """The caller's request can't be done as it was asked."""

    http_status = 400


class InvalidMaterialError(RequestError):
    """A file that the instructor provides breaks a rule; the message gives file, path and rule."""

    http_status = 422


class MissingMaterialError(RequestError):
    """A pipeline was started without what it needs."""

    http_status = 422


class NotFoundError(RequestError):
    """There is no such run, task or assignment."""

    http_status = 404


class RequestTooLargeError(RequestError):
    """The request's body is larger than the API takes."""

    http_status = 413


class ConflictError(RequestError):
    """The request does not fit the state that things are in, such as a second active run."""

    http_status = 409


class StorageError(AitaError):
    """An object or a row is missing, or was changed by another writer in the meantime."""


class ObjectNotFoundError(StorageError):
    """There is no object under this key."""


class ObjectChangedError(StorageError):
    """The object was written by another since it was read."""


class CheckpointError(StorageError):
    """A checkpoint is damaged, of another version, in use, or can't be written; the message names the file."""


class CallError(AitaError):
    """Something that ends or delays one task.

    ``said`` is what the provider said. It may quote the prompt, so it is no part of the message. ``may_be_paid`` says
    that a call was made and its reply was lost: nobody knows what it cost.
    """

    said: str = ""
    may_be_paid: bool = False

    def tell_all(self) -> None:
        """Make what the provider said a part of the message: only where the prompt is aita's own."""
        if self.said:
            self.args = (f"{self}; the provider says: {self.said}",)


class TaskError(CallError):
    """The task fails for good, and is recorded as FAILED; the others go on."""


class UnreadableScanError(TaskError):
    """An image or PDF that can't be read, with the reason and what to do."""


class MissingInputError(TaskError):
    """What an earlier stage should have made is not there, as that task failed."""


class InvalidReplyError(TaskError):
    """The model's reply is not what was asked for.

    Parameters
    ----------
    message
        What is wrong, without quoting the reply.
    feedback
        What the model is told instead, which may quote it; it is neither shown nor recorded.
    """

    def __init__(self, message: str, *, feedback: str | None = None) -> None:
        super().__init__(message)
        self.feedback = message if feedback is None else feedback


class UnparsableReplyError(InvalidReplyError):
    """The reply is not JSON, or JSON of another shape."""


class BrokenRuleError(InvalidReplyError):
    """The reply has the right shape, and its content breaks a rule, such as points that do not sum."""


class DoubtfulReplyError(InvalidReplyError):
    """The reply could be used with a doubt; it is asked for again, and the last one is what ``salvage`` makes of it.

    Parameters
    ----------
    kept
        The result to keep in the end if the task has no ``salvage`` of its own; ``None`` for none.
    """

    def __init__(self, message: str, *, feedback: str | None = None, kept: Any = None) -> None:
        super().__init__(message, feedback=feedback)
        self.kept: Any = kept


class RefusalError(TaskError):
    """The model or the provider's filter refuses this input."""


class TooLongError(TaskError):
    """The prompt or the reply is longer than the model takes or gives."""


class CallSignal(CallError):  # noqa: N818 - signals are no errors
    """Control flow: whether and when calls go on. No task fails by it, unless nothing else ever comes."""


class ProviderBusy(CallSignal):
    """The provider can't answer now: a rate limit, an overload, a lost connection, a time-out.

    Parameters
    ----------
    message
        What happened, for the run's status.
    retry_after
        Seconds that the provider asks to wait; ``None`` if it did not say.
    requests_per_second, tokens_per_minute
        Its limits, as far as its answer's headers tell them.
    """

    def __init__(
        self,
        message: str,
        retry_after: float | None = None,
        *,
        requests_per_second: float | None = None,
        tokens_per_minute: float | None = None,
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.requests_per_second = requests_per_second
        self.tokens_per_minute = tokens_per_minute


class SlotLater(CallSignal):
    """A slot was reserved at the limiter, and it is further away than a function sleeps.

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
    """The next call could make the run cost more than it may: the run ends, and can be resumed with more."""


class NotRun(CallSignal):
    """The batch stopped, for a reason that the message gives, before this task was run; a resume runs it."""


class Superseded(CallSignal):
    """The run was stopped, or a later attempt has begun: this call must not be made."""


class RunStopped(CallSignal):
    """No task of the run can succeed until a person acts: a wrong key, no quota, no such model.

    Parameters
    ----------
    message
        What is wrong and what to do.
    of_one_input
        What it is instead if other calls are answered: the refusal of this call's input. ``None`` if no call can be.
    """

    def __init__(self, message: str, *, of_one_input: RefusalError | None = None) -> None:
        super().__init__(message)
        self.of_one_input = of_one_input


_OF_0_1_0 = {
    "InvalidMaterial": InvalidMaterialError,
    "MissingMaterial": MissingMaterialError,
    "NotFound": NotFoundError,
    "RequestTooLarge": RequestTooLargeError,
    "Conflict": ConflictError,
}
"""The errors of requests by the names that the API of aita 0.1.0 sends."""


def request_error_class(name: str) -> type[RequestError]:
    """Return the class that the API's error of a name stands for; ``RequestError`` for a name that is not known."""
    named = _OF_0_1_0.get(name) or globals().get(name)
    return named if isinstance(named, type) and issubclass(named, RequestError) else RequestError
