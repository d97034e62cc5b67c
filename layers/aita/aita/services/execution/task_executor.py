"""Execution of one item of an LLM stage, from its refs to the recorded task."""

import logging
import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from aita.errors import (
    BudgetReached,
    CallError,
    ProviderBusy,
    ProviderSetting,
    RequestError,
    RunStopped,
    SlotLater,
    StorageError,
    Superseded,
    TaskError,
    UnansweredError,
)
from aita.models.names import DOCTOR
from aita.models.run import ItemEvent, ItemResponse, Outcome, Refs, RetryState, RunStatus, StageCounts
from aita.ports import Clock, ObjectStore, RunStore
from aita.services.assignments import object_keys
from aita.services.calls import patience
from aita.services.calls.call_loop import TaskCalls
from aita.services.calls.item_calls import ItemCalls, ItemPacer
from aita.services.calls.model_identity import changed_model
from aita.services.calls.patience import OtherCalls
from aita.services.execution.shared_call_executor import Member, SharedCallExecutor
from aita.services.runs.pipelines import stage_of
from aita.services.runs.run_cache import RunCache
from aita.services.runs.task_recorder import Executed, Recorder
from aita.services.stages.base import INPUTS, LLMStage
from aita.services.stages.custom_tasks import KIND
from aita.tasks.batchable import may_share
from aita.tasks.llm_task import LLMTask

logger = logging.getLogger(__name__)

LONGEST_WAIT_STATE = 60
"""Longest WAIT of the state machine, in seconds. After it, the function checks again whether the run is current."""

REMEDIES = {
    ProviderSetting.KEY: "set it with 'aita key set'",
    ProviderSetting.MODEL: "deploy the stack with the right ModelName and ModelBaseUrl",
    ProviderSetting.BASE_URL: "deploy the stack with a ModelBaseUrl that is that of the provider's API",
}
"""How the provider's settings are corrected on the stack."""

_SHOWN = 3
"""Failures of a task between which others were answered, by which the provider was there while the task failed: one or
two may be due to calls that were under way."""

_AT_FIRST = RetryState().model_dump(exclude={"apart", "given_up"})
"""State of a task whose last call was answered."""


@dataclass(slots=True)
class TaskExecutor:
    """Executes items of LLM stages. One object lives as long as its function and keeps the last stage's inputs.

    Parameters
    ----------
    jitter
        Returns a random number between two bounds, for backoff.
    remedies
        How the settings of the model are corrected.
    """

    runs: RunStore
    objects: ObjectStore
    watch: RunCache
    calls: ItemCalls
    recorder: Recorder
    clock: Clock
    jitter: Callable[[float, float], float] = random.uniform
    remedies: Mapping[ProviderSetting, str] = field(default_factory=lambda: REMEDIES)
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
        calls = TaskCalls.after(event.waited.lost)
        pacer = self.calls.pacer(event, remaining, goes_to_batches=stage_of(event.stage).goes_to_batches)
        try:
            self._check_model(event)
            return self._complete(event, calls, pacer)
        except Superseded:
            return Executed.skipped()
        except SlotLater as later:
            state = event.waited.model_copy(update=_AT_FIRST | {"slot_due": later.available_at, "lost": calls.lost})
            return _wait(later.wait, state)
        except ProviderBusy as busy:
            return self._wait_for_provider(event, busy, calls, pacer)
        except RunStopped as stopped:
            return self._stop(event, RunStatus.HALTED, stopped.with_remedy(self.remedies))
        except BudgetReached as reached:
            return self._stop(event, RunStatus.BUDGET_REACHED, str(reached))

    def _complete(self, event: ItemEvent, calls: TaskCalls, pacer: ItemPacer) -> Executed:
        try:
            if members := self._members(event):
                return SharedCallExecutor(self.calls, self.recorder).execute(members, calls, pacer)
            if event.item.batch:
                raise StorageError(
                    f"the tasks of stage {event.stage} share no calls: they were planned by another version"
                )
            return self._ask(event, calls, pacer)
        except CallError as error:
            self._reveal_to_doctor(event, error)
            raise

    def _ask(self, event: ItemEvent, calls: TaskCalls, pacer: ItemPacer) -> Executed:
        try:
            result = self._result(event, calls, pacer)
        except TaskError as error:
            return self._fail(event, error, calls)
        return self.recorder.succeeded(event, result, calls.spent)

    def _fail(self, event: ItemEvent, error: TaskError, calls: TaskCalls) -> Executed:
        logger.warning("task failed: %s", type(error).__name__)
        self._reveal_to_doctor(event, error)
        return self.recorder.failed(event, error, calls.spent, calls.last_reply)

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

    def _result(self, event: ItemEvent, calls: TaskCalls, pacer: ItemPacer) -> Any:
        task = self._task(event, event.item.refs)
        given = task.given()
        return self.calls.loop(event, pacer).ask(task, calls) if given is None else given

    def _reveal_to_doctor(self, event: ItemEvent, error: CallError) -> None:
        """Add the provider's own text to the error in the doctor's runs, whose prompts hold no student's work."""
        run = self.watch.get(event.run_id)
        if run.assignment == DOCTOR and run.pipeline.startswith(KIND):
            error.tell_all()

    def _check_model(self, event: ItemEvent) -> None:
        """Raise RunStopped if the stack now has another model or effort than the run: results must not mix."""
        settings, llm, stage = self.watch.get(event.run_id).settings, self.calls.llm, stage_of(event.stage)
        role = stage.model_role if isinstance(stage, LLMStage) else None
        if (difference := changed_model(settings, llm, role)) is not None:
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

    def _wait_for_provider(self, event: ItemEvent, busy: ProviderBusy, calls: TaskCalls, pacer: ItemPacer) -> Executed:
        if busy.retry_after == 0:  # no call was made
            return _wait(0, event.waited.model_copy(update={"lost": calls.lost}))
        before = event.waited.model_copy(update=_AT_FIRST) if calls.answered else event.waited
        try:
            state, seconds = patience.after_failure(
                before,
                busy,
                self._other_calls(event, before),
                math.floor(self.clock().timestamp()),
                LONGEST_WAIT_STATE + self.calls.longest_call,
                self.jitter,
            )
        except UnansweredError as error:
            return self._give_up(event, error, calls, pacer)
        except RunStopped as stopped:
            return self._stop(event, RunStatus.HALTED, stopped.with_remedy(self.remedies))
        self.watch.refresh(self.runs.count_wait(event.run_id, str(busy)))
        return _wait(seconds, state.model_copy(update={"slot_due": pacer.reservation, "lost": calls.lost}))

    def _other_calls(self, event: ItemEvent, before: RetryState) -> OtherCalls:
        run = self.watch.get(event.run_id)
        counts = run.stages.get(event.stage, StageCounts())
        answered, waits = run.usage.calls - before.answered, run.waits - before.waits
        left = counts.total - counts.ended
        return OtherCalls(
            answered=run.usage.calls,
            waits=run.waits,
            mostly_answered=answered > 0 and answered >= waits,
            over=left <= run.settings.max_workers and patience.is_few(left, counts.succeeded),
            beside=before.failures - before.lone >= _SHOWN,
        )

    def _give_up(self, event: ItemEvent, error: UnansweredError, calls: TaskCalls, pacer: ItemPacer) -> Executed:
        """End a task that the provider does not answer, or ask the tasks of a shared call one by one."""
        if not event.item.batch:
            return self._fail(event, error, calls)
        state = RetryState(apart=True, given_up=event.waited.given_up)
        if (alone := pacer.asked_alone) is not None:
            self._fail(alone, error, calls)
            state = state.model_copy(update={"given_up": (*state.given_up, alone.item.task_id)})
        return _wait(0, state)

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
