"""Tasks that can share one call."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, Self, TypeGuard

from aita.models.result import ResultT_co
from aita.tasks.llm_task import LLMTask


class BatchableLLMTask(LLMTask[ResultT_co]):
    """Small task that shares a call with others of its class; if the reply lacks its part, it is asked alone."""

    @abstractmethod
    def can_batch_with(self, other: Self) -> bool:
        """Tell whether both may share a call."""

    @abstractmethod
    def combine_with(self, others: Sequence[Self]) -> LLMTask[Any]:
        """Return the task that asks for this one and the others at once."""

    @abstractmethod
    def split_batch_result(self, result: Any, tasks: Sequence[Self]) -> Sequence[str | None]:
        """Return each task's part of the reply, in the form of a reply to it alone; ``None`` if the part is missing.

        Parameters
        ----------
        result
            The combined task's result.
        tasks
            This task and the others.
        """


def group(tasks: Sequence[LLMTask[Any]], size: int) -> list[list[int]]:
    """Return groups of tasks that share a call, as their places in ``tasks``; most groups hold one.

    A task joins the last group of its class if this holds fewer than ``size`` tasks and its first one accepts the
    task. A task whose result a person provided needs no call and joins none.
    """
    groups: list[list[int]] = []
    latest: dict[type, tuple[BatchableLLMTask[Any], list[int]]] = {}
    for place, task in enumerate(tasks):
        alone = [place]
        if size > 1 and may_share(task):
            first, members = latest.get(type(task), (task, alone))
            if members is not alone and len(members) < size and task.can_batch_with(first):
                members.append(place)
                continue
            latest[type(task)] = task, alone
        groups.append(alone)
    return groups


def may_share(task: LLMTask[Any]) -> TypeGuard[BatchableLLMTask[Any]]:
    """Tell whether a task may share a call: whether it is batchable and its result is not given.

    A task whose given result is invalid may not: it fails alone when it is run.
    """
    try:
        return isinstance(task, BatchableLLMTask) and task.given() is None
    except Exception:  # noqa: BLE001 - a user's task may raise anything
        return False
