"""aita: an AI teaching assistant that runs serverless, and the framework under it.

What is listed here is the framework's public face: tasks, executors, the protocol of a model's client, and the errors
that the author of a task or of a client meets or raises. It is loaded when it is first used, so that a function pays
for what it needs alone.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aita.errors import (
        AitaError,
        BrokenRuleError,
        CheckpointError,
        InvalidReplyError,
        MissingInputError,
        ProviderBusy,
        RefusalError,
        RequestError,
        RunStopped,
        SettingsError,
        TaskCodeError,
        TaskError,
        TooLongError,
        UnansweredError,
        UnparsableReplyError,
    )
    from aita.executor.batch_executor import BatchExecutor, BatchInterrupted
    from aita.executor.checkpoint import cleanup_checkpoints, latest_checkpoint, read_checkpoint
    from aita.executor.config import ParallelExecutionConfig
    from aita.executor.create import Executor, create_executor
    from aita.executor.task_lines import read_tasks
    from aita.models.rate_limits import Rates
    from aita.models.result import BatchExecutionResult, BatchMetrics, TaskResult
    from aita.models.run import Usage
    from aita.ports import LLM, Reply, TokenUsage
    from aita.tasks.answer_key import AnswerKeyGenerationTask, create_answer_key_tasks
    from aita.tasks.batchable import BatchableLLMTask
    from aita.tasks.llm_task import LLMTask, RetryPolicy
    from aita.tasks.registry import register
    from aita.tasks.request import Image, LLMRequest, Message, Parameters
    from aita.tasks.rubric import RubricGenerationTask, create_rubric_tasks
    from aita.tasks.simple import SimpleLLMTask, VisionLLMTask
    from aita.tasks.transcription import TranscriptionTask, create_transcription_tasks

_MODULES = {
    "aita.errors": (
        "AitaError",
        "BrokenRuleError",
        "CheckpointError",
        "InvalidReplyError",
        "MissingInputError",
        "ProviderBusy",
        "RefusalError",
        "RequestError",
        "RunStopped",
        "SettingsError",
        "TaskCodeError",
        "TaskError",
        "TooLongError",
        "UnansweredError",
        "UnparsableReplyError",
    ),
    "aita.executor.batch_executor": ("BatchExecutor", "BatchInterrupted"),
    "aita.executor.checkpoint": ("cleanup_checkpoints", "latest_checkpoint", "read_checkpoint"),
    "aita.executor.config": ("ParallelExecutionConfig",),
    "aita.executor.create": ("Executor", "create_executor"),
    "aita.executor.task_lines": ("read_tasks",),
    "aita.models.rate_limits": ("Rates",),
    "aita.models.result": ("BatchExecutionResult", "BatchMetrics", "TaskResult"),
    "aita.models.run": ("Usage",),
    "aita.ports": ("LLM", "Reply", "TokenUsage"),
    "aita.tasks.answer_key": ("AnswerKeyGenerationTask", "create_answer_key_tasks"),
    "aita.tasks.batchable": ("BatchableLLMTask",),
    "aita.tasks.llm_task": ("LLMTask", "RetryPolicy"),
    "aita.tasks.registry": ("register",),
    "aita.tasks.request": ("Image", "LLMRequest", "Message", "Parameters"),
    "aita.tasks.rubric": ("RubricGenerationTask", "create_rubric_tasks"),
    "aita.tasks.simple": ("SimpleLLMTask", "VisionLLMTask"),
    "aita.tasks.transcription": ("TranscriptionTask", "create_transcription_tasks"),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "LLM",
    "AitaError",
    "AnswerKeyGenerationTask",
    "BatchExecutionResult",
    "BatchExecutor",
    "BatchInterrupted",
    "BatchMetrics",
    "BatchableLLMTask",
    "BrokenRuleError",
    "CheckpointError",
    "Executor",
    "Image",
    "InvalidReplyError",
    "LLMRequest",
    "LLMTask",
    "Message",
    "MissingInputError",
    "ParallelExecutionConfig",
    "Parameters",
    "ProviderBusy",
    "Rates",
    "RefusalError",
    "Reply",
    "RequestError",
    "RetryPolicy",
    "RubricGenerationTask",
    "RunStopped",
    "SettingsError",
    "SimpleLLMTask",
    "TaskCodeError",
    "TaskError",
    "TaskResult",
    "TokenUsage",
    "TooLongError",
    "TranscriptionTask",
    "UnansweredError",
    "UnparsableReplyError",
    "Usage",
    "VisionLLMTask",
    "cleanup_checkpoints",
    "create_answer_key_tasks",
    "create_executor",
    "create_rubric_tasks",
    "create_transcription_tasks",
    "latest_checkpoint",
    "read_checkpoint",
    "read_tasks",
    "register",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
