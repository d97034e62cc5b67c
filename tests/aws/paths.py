"""Every path through the state machine's definition: what the functions answer, what else is so, and what follows.

One table for each interpreter of the definition: the emulator's (``tests/local/test_paths.py``), moto's
(``tests/integration/test_paths.py``) and AWS's own (``make aws-check``).
"""

from collections.abc import Sequence

from tests.aws.path import (
    CRASHED,
    NO_ANSWER,
    SERVICE,
    THROTTLED,
    TIMED_OUT,
    TRIES,
    Answer,
    Circumstance,
    Path,
    Thrown,
    collected,
    outcome,
    planned,
    stepped,
)

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


def _batched(name: str, run: str, *steps: Answer, ends: tuple[str, str] | None = None, why: str = "") -> Path:
    """Return a path on which a stage goes by batches at the provider."""
    told: dict[str, Sequence[Answer]] = {"Plan": [planned(provider_batch=True)], "AdvanceBatches": steps}
    if "Collect" in run:
        told["Collect"] = [collected("SUCCEEDED")]
    if "RunItems" in run:
        told["RunItem"] = [outcome("SUCCEEDED")]
    item = _ITEM if "RunItems" in run else ""
    return Path(name=name, answers=told, run=f"Plan AnythingToRun {run}", item=item, ends=ends, why=why)


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
    _batched(
        "batches at the provider are made and waited for",
        "AdvanceBatches BatchStep AdvanceBatches BatchStep WaitForBatches AdvanceBatches BatchStep"
        " RunItems Collect RunStatus RunEnded",
        stepped("AGAIN"),
        Thrown(CRASHED, 2),
        stepped("WAIT"),
        stepped("DONE"),
    ),
    _batched(
        "batches are stopped",
        "AdvanceBatches BatchStep Collect RunStatus RunEnded",
        stepped("STOPPED"),
    ),
    _batched(
        "a step of batches that nobody knows",
        "AdvanceBatches BatchStep UnknownBatchStep RunBroken RecordRunFailure RunFailed",
        stepped("PERHAPS"),
        ends=_BROKEN,
        why=_UNEXPECTED,
    ),
    _batched(
        "the batch function crashes each time",
        "AdvanceBatches RunBroken RecordRunFailure RunFailed",
        _always(CRASHED),
        ends=_BROKEN,
        why=_UNEXPECTED,
    ),
    _batched(
        "Lambda throttles the batch function for good",
        "AdvanceBatches RunThrottled RecordRunFailure RunFailed",
        _always(THROTTLED),
        ends=_BROKEN,
        why=_THROTTLE,
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
