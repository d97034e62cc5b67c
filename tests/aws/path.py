"""A path through the state machine's definition: what it is made of, and what its functions answer."""

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


def planned(count: int = 1, **more: bool) -> Returned:
    """Return Plan's answer on so many items; whoever plays Plan adds the run and the manifest."""
    return Returned({"count": count, "function": FUNCTION, "expires_at": EXPIRES_AT} | more)


def stepped(word: str) -> Returned:
    """Return the batch function's answer: what is next of the stage's batches at the provider."""
    return Returned({"step": word})


def collected(status: str, reason: str = "") -> Returned:
    """Return Collect's answer: how the stage, or the run, ended."""
    return Returned({"status": status, "reason": reason})


def outcome(word: str, wait: int = 0, waited: Json | None = None) -> Returned:
    """Return the task function's answer on an item."""
    return Returned({"outcome": word, "wait": wait, "waited": waited or {}})


def payload(answer: Returned, path: Path) -> Json:
    """Return what the function returns in the run of a path: Plan and Collect name the run and its stage."""
    if {"outcome", "step"} & set(answer.payload):
        return answer.payload
    told = path.input | answer.payload
    if "count" in told:
        told["manifest"] = {"bucket": BUCKET, "key": manifest_key(path.run_id, told["count"])}
    return told
