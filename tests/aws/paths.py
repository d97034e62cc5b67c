"""Every path through the state machine's definition: what the functions answer, what else is so, and what follows.

One table for each interpreter of the definition: the emulator's (``tests/local/test_paths.py``), moto's
(``tests/integration/test_paths.py``) and AWS's own (``make aws-check``).
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from tests.aws.definition import SUBSTITUTIONS, Json

ATTEMPT, STAGE, TASK = 1, "transcribe", "page-1"
EXPIRES_AT = 1893456000
BUCKET = SUBSTITUTIONS["BucketName"]
FUNCTION = SUBSTITUTIONS["PlanFunctionArn"].replace("plan", "task")

THROTTLED, SERVICE, CRASHED = "Lambda.TooManyRequestsException", "Lambda.ServiceException", "RuntimeError"
TIMED_OUT, NO_ANSWER = "Sandbox.Timedout", "States.Timeout"
TRIES = {THROTTLED: 1001, SERVICE: 16, CRASHED: 3, TIMED_OUT: 3, NO_ANSWER: 3}
"""How often an item is tried, at most, when it fails so each time: once, and its retries."""


@dataclass(frozen=True, slots=True)
class Returned:
    """What a function returns."""

    payload: Json
    times = 1


@dataclass(frozen=True, slots=True)
class Thrown:
    """The error with which a function, or its invocation, fails so many times in a row."""

    error: str
    times: int = 1


Answer = Returned | Thrown


class Circumstance(StrEnum):
    """What else is so on a path: whatever it keeps from succeeding stands in ``BREAKS``."""

    NOTHING = "nothing"
    NO_MANIFEST = "the file that the map reads is not there"
    RECORDED = "the function recorded the item's end"
    NO_TABLE = "the table is not there"
    LATER_ATTEMPT = "a later attempt of the run has begun"
    ENDED = "the run has ended"


_REFUSED = "DynamoDB.ConditionalCheckFailedException"
BREAKS = {
    Circumstance.NO_MANIFEST: ("RunItems", Thrown("States.ItemReaderFailed", 16)),
    Circumstance.RECORDED: ("RecordFailure", Thrown(_REFUSED)),
    Circumstance.NO_TABLE: ("RecordFailure", Thrown("DynamoDB.ResourceNotFoundException", 16)),
    Circumstance.LATER_ATTEMPT: ("CountFailure", Thrown(_REFUSED)),
    Circumstance.ENDED: ("RecordRunFailure", Thrown(_REFUSED)),
}
"""The state that fails for a circumstance, with the error and how often it is tried."""


@dataclass(frozen=True, kw_only=True)
class Path:
    """One way through the definition.

    Attributes
    ----------
    name
        What happens on this path.
    answers
        By the state that calls a function, what comes of one try after the other.
    run
        States that the run enters, in order.
    item
        States that the run's item enters, in order; none where nothing is mapped.
    ends
        How the execution ends: nothing for a success, else the error and the cause.
    why
        How the words begin by which the table says why the item, or else the run, failed; nothing where the state
        machine writes none.
    circumstance
        What else is so.
    """

    name: str
    answers: Mapping[str, Sequence[Answer]]
    run: str
    item: str = ""
    ends: tuple[str, str] | None = None
    why: str = field(default="")
    circumstance: Circumstance = Circumstance.NOTHING

    @property
    def run_id(self) -> str:
        """Id of the run, made of the path's name, so that interpreters can run all paths side by side."""
        return "".join(filter(str.isalnum, self.name.title()))[:60]

    @property
    def input(self) -> Json:
        """Input of the execution."""
        return {"run_id": self.run_id, "attempt": ATTEMPT, "stage": STAGE}

    def tries(self, state: str) -> Iterator[Answer]:
        """Yield what comes of each try of a state, one by one."""
        for answer in self.answers.get(state, ()):
            for _ in range(answer.times):
                yield answer

    def item_input(self) -> Json:
        """Return what the map's ItemSelector makes of the item."""
        return self.input | {
            "function": FUNCTION, "expires_at": EXPIRES_AT, "item": {"task_id": TASK}, "answer": {"waited": {}}
        }  # fmt: skip


def manifest_key(run_id: str, count: int) -> str:
    """Return the key of the file that the map reads."""
    return f"runs/{run_id}/{count}.json"


def manifest(count: int) -> str:
    """Return the file that the map reads, with so many items."""
    return json.dumps([{"task_id": TASK}] * count)


def planned(count: int = 1) -> Returned:
    """Return Plan's answer on so many items; whoever plays Plan adds the run and the manifest."""
    return Returned({"count": count, "function": FUNCTION, "expires_at": EXPIRES_AT})


def collected(status: str, reason: str = "") -> Returned:
    """Return Collect's answer: how the stage, or the run, ended."""
    return Returned({"status": status, "reason": reason})


def outcome(word: str, wait: int = 0, waited: Json | None = None) -> Returned:
    """Return the task function's answer on an item."""
    return Returned({"outcome": word, "wait": wait, "waited": waited or {}})


def payload(answer: Returned, path: Path) -> Json:
    """Return what the function returns in the run of a path: Plan and Collect name the run and its stage."""
    if "outcome" in answer.payload:
        return answer.payload
    told = path.input | answer.payload
    if "count" in told:
        told["manifest"] = {"bucket": BUCKET, "key": manifest_key(path.run_id, told["count"])}
    return told


_DONE = "Plan AnythingToRun RunItems Collect RunStatus RunEnded"
_PART = "Plan AnythingToRun RunItems Collect RunStatus RunStopped"
_ITEM = "RunItem Outcome ItemEnded"
_RECORDED = "RecordFailure CountFailure FailureRecorded"
_PARTIAL = collected("PARTIAL", "1 of 1 tasks failed")
_STOPPED = ("PARTIAL", "1 of 1 tasks failed")
_BROKEN = ("RunFailed", "An unexpected error stopped the run; its row says FAILED, or how it had ended already.")


def _item(name: str, item: str, *answers: Answer, why: str = "", so: Circumstance = Circumstance.NOTHING) -> Path:
    """Return a path on which an item fails, and so the run in part."""
    told = {"Plan": [planned()], "RunItem": answers, "Collect": [_PARTIAL]}
    return Path(name=name, answers=told, run=_PART, item=item, ends=_STOPPED, why=why, circumstance=so)


def _good(name: str, *answers: Answer, item: str = _ITEM, before: Sequence[Answer] = ()) -> Path:
    """Return a path on which an item is done, and so the run; ``before`` comes first of Plan and of Collect."""
    told = {"Plan": [*before, planned()], "RunItem": answers, "Collect": [*before, collected("SUCCEEDED")]}
    return Path(name=name, answers=told, run=_DONE, item=item)


def _always(error: str) -> Thrown:
    return Thrown(error, TRIES[error])


_CRASH, _LAMBDA, _THROTTLE = (
    "the function that ran this task stopped",
    "Lambda itself could not",
    "Lambda was throttled",
)
_UNEXPECTED = "the run stopped at an unexpected error"

PATHS = (
    _good("an item is done", outcome("SUCCEEDED")),
    _good("an item is skipped", outcome("SKIPPED")),
    _item("the function recorded the item's failure", _ITEM, outcome("FAILED")),
    _good(
        "an item waits twice, and keeps its place",
        outcome("WAIT", 1, {"slot": 7}),
        outcome("WAIT", 1, {"slot": 8}),
        outcome("SUCCEEDED"),
        item="RunItem Outcome Wait RunItem Outcome Wait RunItem Outcome ItemEnded",
    ),
    Path(
        name="an empty stage is collected, and another follows",
        answers={
            "Plan": [planned(0), planned()],
            "RunItem": [outcome("SUCCEEDED")],
            "Collect": [collected("RUNNING"), collected("SUCCEEDED")],
        },
        run=f"Plan AnythingToRun Collect RunStatus {_DONE}",
        item=_ITEM,
    ),
    Path(
        name="a run waits for a review",
        answers={"Plan": [planned(0)], "Collect": [collected("WAITING_FOR_REVIEW")]},
        run="Plan AnythingToRun Collect RunStatus RunEnded",
    ),
    Path(
        name="a run was cancelled",
        answers={"Plan": [planned(0)], "Collect": [collected("CANCELLED", "cancelled")]},
        run="Plan AnythingToRun Collect RunStatus RunStopped",
        ends=("CANCELLED", "cancelled"),
    ),
    _good("Lambda throttles for a while", Thrown(THROTTLED, 40), outcome("SUCCEEDED"), before=[Thrown(THROTTLED, 7)]),
    _good("Lambda itself fails for a while", Thrown(SERVICE, 3), outcome("SUCCEEDED"), before=[Thrown(SERVICE, 3)]),
    _good("the function crashes twice", Thrown(CRASHED, 2), outcome("SUCCEEDED")),
    _item("Lambda throttles an item for good", f"RunItem Throttled {_RECORDED}", _always(THROTTLED), why=_THROTTLE),
    _item("Lambda itself fails for good", f"RunItem LambdaFailed {_RECORDED}", _always(SERVICE), why=_LAMBDA),
    _item("the function crashes each time", f"RunItem FunctionStopped {_RECORDED}", _always(CRASHED), why=_CRASH),
    _item("the function runs out of time", f"RunItem FunctionStopped {_RECORDED}", _always(TIMED_OUT), why=_CRASH),
    _item("Lambda does not answer in time", f"RunItem FunctionStopped {_RECORDED}", _always(NO_ANSWER), why=_CRASH),
    _item(
        "an item waits, and then the function crashes each time",
        f"RunItem Outcome Wait RunItem FunctionStopped {_RECORDED}",
        outcome("WAIT", 1),
        _always(CRASHED),
        why=_CRASH,
    ),
    _item("an outcome that nobody knows", "RunItem Outcome UnknownOutcome", outcome("PERHAPS")),
    _item(
        "the function crashes when it has recorded its end",
        "RunItem FunctionStopped RecordFailure FailureAlreadyRecorded",
        _always(CRASHED),
        so=Circumstance.RECORDED,
    ),
    _item(
        "the table takes no record of the failure",
        "RunItem FunctionStopped RecordFailure FailureNotRecorded",
        _always(CRASHED),
        so=Circumstance.NO_TABLE,
    ),
    _item(
        "the failure of an attempt that is over is not counted",
        f"RunItem FunctionStopped {_RECORDED}",
        _always(CRASHED),
        why=_CRASH,
        so=Circumstance.LATER_ATTEMPT,
    ),
    Path(
        name="Plan crashes",
        answers={"Plan": [Thrown(CRASHED)]},
        run="Plan RunBroken RecordRunFailure RunFailed",
        ends=_BROKEN,
        why=_UNEXPECTED,
    ),
    Path(
        name="Lambda throttles Plan for good",
        answers={"Plan": [_always(THROTTLED)]},
        run="Plan RunThrottled RecordRunFailure RunFailed",
        ends=_BROKEN,
        why=_THROTTLE,
    ),
    Path(
        name="the map cannot be started",
        answers={"Plan": [planned()]},
        run="Plan AnythingToRun RunItems RunBroken RecordRunFailure RunFailed",
        ends=_BROKEN,
        why=_UNEXPECTED,
        circumstance=Circumstance.NO_MANIFEST,
    ),
    Path(
        name="Collect crashes, and the run has ended",
        answers={"Plan": [planned(0)], "Collect": [Thrown(CRASHED)]},
        run="Plan AnythingToRun Collect RunBroken RecordRunFailure RunFailed",
        ends=_BROKEN,
        circumstance=Circumstance.ENDED,
    ),
    Path(
        name="Lambda throttles Collect for good",
        answers={"Plan": [planned(0)], "Collect": [_always(THROTTLED)]},
        run="Plan AnythingToRun Collect RunThrottled RecordRunFailure RunFailed",
        ends=_BROKEN,
        why=_THROTTLE,
    ),
)
