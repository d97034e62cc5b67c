"""Reply to several tasks that share a call: the combined task, and each task's part."""

import logging
from collections.abc import Sequence
from typing import Any

from aita.errors import TaskCodeError, TaskError
from aita.services.calls.conversation import require_complete
from aita.services.calls.reply_cache import CachedReply
from aita.tasks.batchable import BatchableLLMTask
from aita.tasks.llm_task import LLMTask, validate
from aita.tasks.request import LLMRequest

logger = logging.getLogger(__name__)


def combine(tasks: Sequence[BatchableLLMTask[Any]]) -> tuple[LLMTask[Any], LLMRequest] | None:
    """Return the task that asks for all of them, and its request; ``None`` if the tasks' own code fails."""
    first, *others = tasks
    try:
        combined = first.combine_with(others)
        return combined, combined.request()
    except Exception as error:  # noqa: BLE001 - the tasks' own code: each task is then asked alone
        logger.warning("the tasks' own code can't combine them: combine_with() raised %s", type(error).__name__)
        return None


def parts_of(combined: LLMTask[Any], tasks: Sequence[BatchableLLMTask[Any]], reply: CachedReply) -> list[str | None]:
    """Return each task's part of a reply as the text of a reply to it alone; ``None`` if its part is missing."""

    def split(text: str) -> list[str | None]:
        parts = list(tasks[0].split_batch_result(combined.parse(text), tasks))
        if len(parts) != len(tasks):
            raise TaskCodeError(f"split_batch_result() returned {len(parts)} parts for {len(tasks)} tasks")
        return parts

    try:
        texts: list[str | None] = validate(
            split, require_complete(reply.text, reply.finish_reason, refusal=reply.refusal)
        )
    except TaskError as error:
        level = logging.WARNING if isinstance(error, TaskCodeError) else logging.INFO
        logger.log(level, "a shared reply can't be used: %s", error)
        return [None] * len(tasks)
    return texts
