"""Creation of executors."""

import math
from collections.abc import Sequence
from pathlib import Path
from types import EllipsisType
from typing import Any, Literal, Protocol

from aita.errors import SettingsError
from aita.executor.cap import Cap
from aita.executor.checkpoint import DIRECTORY
from aita.executor.config import ParallelExecutionConfig
from aita.models.result import BatchExecutionResult
from aita.tasks.llm_task import LLMTask


class Executor(Protocol):
    """Executor of batches of tasks."""

    def execute_batch(
        self,
        tasks: Sequence[LLMTask[Any]],
        checkpoint_name: str | None = None,
        resume_from_checkpoint: bool | None = None,  # noqa: FBT001 - given by position as often as by name
    ) -> BatchExecutionResult:
        """Execute tasks, and return their results in the same order."""
        ...


def create_executor(
    llm_client: Any = None,
    max_workers: int | None = None,
    rate_limit: float | EllipsisType | None = ...,
    enable_checkpointing: bool | None = None,  # noqa: FBT001 - given by position as often as by name
    checkpoint_dir: Path | str | None = None,
    show_progress: bool | None = None,  # noqa: FBT001
    backend: Literal["in-process", "stack"] = "in-process",
    *,
    config: ParallelExecutionConfig | None = None,
) -> Executor:
    """Create an executor. Omitted arguments are read from the AITA_* variables, as by ``ParallelExecutionConfig``.

    Parameters
    ----------
    llm_client
        ``openai.OpenAI``, or any object that implements ``aita.ports.LLM``; with ``None``, the client is created from
        OPENAI_BASE_URL, OPENAI_API_KEY, AITA_MODEL and AITA_REASONING_EFFORT.
    max_workers
        Number of concurrent calls. Default: AITA_MAX_WORKERS, or 5.
    rate_limit
        Calls a second. Default: AITA_RATE_LIMIT_RPS, or 10. With 0 or ``None``, only the provider's refusals slow the
        calls.
    enable_checkpointing
        Whether each finished task is recorded immediately. Default: AITA_ENABLE_CHECKPOINTING, or true.
    checkpoint_dir
        Directory of checkpoints. Default: ``.aita/checkpoints``.
    show_progress
        Whether a terminal shows a progress bar. Default: AITA_SHOW_PROGRESS, or true.
    backend
        ``in-process``, or ``stack`` for the deployed state machine with its own model.
    config
        Configuration that replaces ``max_workers``, ``rate_limit``, ``enable_checkpointing`` and ``show_progress``.

    Raises
    ------
    SettingsError
        If a value is invalid, with its name and valid values; or if the cost is capped (AITA_MAX_COST_USD) and the
        model's price is unknown.

    Examples
    --------
    >>> executor = create_executor(max_workers=20, rate_limit=0)  # doctest: +SKIP
    """
    if not isinstance(config, ParallelExecutionConfig | None):
        raise SettingsError(f"config is a {type(config).__name__}: it takes a ParallelExecutionConfig")
    if config is None:
        given = {
            "max_workers": max_workers,
            "rate_limit_rps": _rate_limit_rps(rate_limit),
            "enable_checkpointing": enable_checkpointing,
            "show_progress": show_progress,
        }
        config = ParallelExecutionConfig(**{name: value for name, value in given.items() if value is not None})
    match backend:
        case "in-process":
            from aita.executor.in_process import InProcessExecutor  # noqa: PLC0415 - one backend is enough
            from aita.llm.client import model_of  # noqa: PLC0415

            llm = model_of(llm_client, config.max_workers)
            if config.max_cost_usd is not None:
                Cap.of(llm, config.max_cost_usd)
            return InProcessExecutor(llm, config, Path(checkpoint_dir or DIRECTORY))
        case "stack":
            if llm_client is not None:
                raise SettingsError("backend 'stack' takes no llm_client: the stack has its own model and key")
            from aita.executor.stack import StackExecutor  # noqa: PLC0415

            return StackExecutor(config)
    raise SettingsError(f"there is no backend {backend!r}: take 'in-process' or 'stack'")


def _rate_limit_rps(rate_limit: float | EllipsisType | None) -> float | None:
    """Return the rate for the configuration, in which 0 means no limit; ``None`` if the argument was omitted."""
    if rate_limit is ...:
        return None
    if rate_limit is None:
        return 0.0
    if not isinstance(rate_limit, int | float) or math.isnan(rate_limit) or rate_limit < 0:
        raise SettingsError(f"rate_limit is wrong: it takes a number from 0 up, 0 is none; it was {rate_limit!r}")
    return rate_limit
