"""Execution of one item of an LLM stage, from its refs to the recorded task."""

import logging
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from aita.errors import (
    BudgetReached,
    ProviderBusy,
    RequestError,
    RunStopped,
    SlotLater,
    StorageError,
    Superseded,
    TaskError,
)
from aita.models.run import ItemEvent, ItemResponse, Outcome, Refs, RetryState, RunStatus
from aita.ports import Clock, ObjectStore, RunStore
from aita.services.assignments import object_keys
from aita.services.calls import retry_backoff
from aita.services.calls.model_caller import CallState, ModelCaller
from aita.services.calls.model_identity import changed_model
from aita.services.execution.shared_call_executor import Member, SharedCallExecutor
from aita.services.runs.pipelines import stage_of
from aita.services.runs.run_cache import RunCache
from aita.services.runs.task_recorder import Executed, Recorder
from aita.services.stages.base import INPUTS, LLMStage
from aita.tasks.batchable import may_share
from aita.tasks.llm_task import LLMTask

logger = logging.getLogger(__name__)

LONGEST_WAIT_STATE = 60
"""Longest WAIT of the state machine, in seconds. After it, the function checks again whether the run is current."""


@dataclass(slots=True)
class TaskExecutor:
    """Executes items of LLM stages. One object lives as long as its function and keeps the last stage's inputs.

    Parameters
    ----------
    jitter
        Returns a random number between two bounds, for backoff.
    """

    runs: RunStore
    objects: ObjectStore
    watch: RunCache
    caller: ModelCaller
    recorder: Recorder
    clock: Clock
    jitter: Callable[[float, float], float] = random.uniform
    _inputs: tuple[str, BaseModel] | None = field(default=None)

    def execute(self, event: ItemEvent, remaining: Callable[[], float]) -> Executed:
        """Execute one item and record its tasks, or return the time to wait; idempotent.

        Parameters
        ----------
        remaining
            Returns the seconds that are left to this invocation.
        """
        if not self.watch.is_current(event.run_id, event.attempt):
            return Executed.skipped()
        state = CallState(reservation=event.waited.slot_due)
        try:
            self._check_model(event)
            return self._complete(event, state, remaining)
        except Superseded:
            return Executed.skipped()
        except SlotLater as later:
            return _wait(later.wait, RetryState(slot_due=later.available_at))
        except ProviderBusy as busy:
            return self._wait_for_provider(event, busy, state)
        except RunStopped as stopped:
            return self._stop(event, RunStatus.HALTED, str(stopped))
        except BudgetReached as reached:
            return self._stop(event, RunStatus.BUDGET_REACHED, str(reached))

    def _complete(self, event: ItemEvent, state: CallState, remaining: Callable[[], float]) -> Executed:
        if members := self._members(event):
            return SharedCallExecutor(self.caller, self.recorder).execute(members, state, remaining)
        if event.item.batch:
            raise StorageError(f"the tasks of stage {event.stage} share no calls: they were planned by another version")
        try:
            result = self._result(event, state, remaining)
        except TaskError as error:
            logger.warning("task failed: %s", type(error).__name__)
            return self.recorder.failed(event, error, state.spent, state.last_reply)
        return self.recorder.succeeded(event, result, state.spent)

    def _members(self, event: ItemEvent) -> list[Member]:
        """Return the members of a shared call, each with its own event and task; empty if the run shares no calls.

        In a run that shares calls, a single item is a call's only member, as an earlier shared reply may contain its
        part.
        """
        stage = stage_of(event.stage)
        sharing = isinstance(stage, LLMStage) and stage.batchable
        if not sharing or self.watch.get(event.run_id).settings.batch_size == 1:
            return []
        items = [item.model_copy(update={"batch": ()}) for item in (event.item, *event.item.batch)]
        events = [event.model_copy(update={"item": item}) for item in items]
        members = [(each, task) for each in events if may_share(task := self._task(event, each.item.refs))]
        return members if len(members) == len(items) else []

    def _task(self, event: ItemEvent, refs: Refs) -> LLMTask[Any]:
        stage = stage_of(event.stage)
        if not isinstance(stage, LLMStage):
            raise StorageError(f"stage {event.stage} asks no model: its items are not this function's")
        try:
            return stage.task(refs, self._load_inputs(event, stage))
        except RequestError as error:  # planned by another version, as all items of the stage are
            raise RunStopped(str(error)) from error

    def _result(self, event: ItemEvent, state: CallState, remaining: Callable[[], float]) -> Any:
        task = self._task(event, event.item.refs)
        given = task.given()
        return self.caller.ask(task, event, state, remaining) if given is None else given

    def _check_model(self, event: ItemEvent) -> None:
        """Raise RunStopped if the stack now has another model or effort than the run: results must not mix."""
        settings, llm = self.watch.get(event.run_id).settings, self.caller.llm
        if (difference := changed_model(settings, llm)) is not None:
            name, started_with, deployed = difference
            raise RunStopped(
                f"the run was started with the {name} {started_with} and the stack now has {deployed}: "
                f"start a new run, or deploy the stack with {started_with} and resume"
            )

    def _load_inputs(self, event: ItemEvent, stage: LLMStage) -> BaseModel:
        key = object_keys.stage_file(event.run_id, event.stage, INPUTS)
        version = f"{key}/{event.attempt}"
        if self._inputs is None or self._inputs[0] != version:
            self._inputs = version, stage.read_inputs(self.objects.get(key))
        return self._inputs[1]

    def _wait_for_provider(self, event: ItemEvent, busy: ProviderBusy, state: CallState) -> Executed:
        if busy.retry_after == 0:  # no call was made
            return _wait(0, event.waited)
        before = RetryState() if state.answered else event.waited
        now = math.floor(self.clock().timestamp())
        since = before.failing_since or now
        # A throttled Lambda may return an item hours late; that time is no failure of the provider.
        longest_failing = before.failures * (LONGEST_WAIT_STATE + self.caller.longest_call)
        if reason := retry_backoff.reason_to_give_up(min(now - since, longest_failing)):
            return self._stop(event, RunStatus.HALTED, reason)
        self.runs.count_wait(event.run_id, str(busy))
        failures = before.failures + 1
        seconds = retry_backoff.backoff(failures, self.jitter) if busy.retry_after is None else busy.retry_after
        return _wait(seconds, RetryState(slot_due=state.reservation, failures=failures, failing_since=since))

    def _stop(self, event: ItemEvent, status: RunStatus, reason: str) -> Executed:
        self.watch.refresh(self.runs.end(event.run_id, event.attempt, status, reason))
        return Executed.skipped()


def _wait(seconds: float, waited: RetryState) -> Executed:
    """Return the response that makes the state machine wait, in whole seconds.

    A slot's time is rounded down: the function that comes for the slot sleeps for the rest.
    """
    whole = math.floor(seconds) if waited.slot_due is not None else math.ceil(seconds)
    return Executed(
        answer=ItemResponse(outcome=Outcome.WAIT, wait=min(LONGEST_WAIT_STATE, max(1, whole)), waited=waited)
    )
