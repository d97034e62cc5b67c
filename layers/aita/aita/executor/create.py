"""Making an executor."""

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
    """What executes batches of tasks."""

    def execute_batch(
        self,
        tasks: Sequence[LLMTask[Any]],
        checkpoint_name: str | None = None,
        resume_from_checkpoint: bool = False,  # noqa: FBT001, FBT002 - given by position as often as by name
    ) -> BatchExecutionResult:
        """Execute tasks, and return what came of each, in the order given."""
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
    """Make an executor. What is left out is read from the AITA_* variables, as ``ParallelExecutionConfig`` reads it.

    Parameters
    ----------
    llm_client
        An ``openai.OpenAI``, or any object that calls a model as ``aita.ports.LLM`` says;
        ``None`` makes one from OPENAI_BASE_URL, OPENAI_API_KEY, AITA_MODEL and AITA_REASONING_EFFORT.
    max_workers
        Calls at once, AITA_MAX_WORKERS or 5; 1 makes one after the other.
    rate_limit
        Calls a second, AITA_RATE_LIMIT_RPS or 10; with 0 or ``None`` only the provider's answers slow the calls.
    enable_checkpointing
        Whether each finished task is kept at once; AITA_ENABLE_CHECKPOINTING or yes.
    checkpoint_dir
        Where; ``.aita/checkpoints`` unless given.
    show_progress
        Whether a terminal shows a bar; AITA_SHOW_PROGRESS or yes.
    backend
        ``in-process``, or ``stack``: the deployed state machine, with the stack's own model.
    config
        All of it in one object, which then counts instead of the arguments above.

    Raises
    ------
    SettingsError
        If a value is wrong, naming it and what it takes; or if a cap on the cost is set (AITA_MAX_COST_USD) and
        the model's price is not known.

    Examples
    --------
    >>> executor = create_executor(max_workers=20, rate_limit=0)  # doctest: +SKIP
    """
    if not isinstance(config, ParallelExecutionConfig | None):
        raise SettingsError(f"config is a {type(config).__name__}: it takes a ParallelExecutionConfig")
    if config is None:
        given = {
            "max_workers": max_workers,
            "rate_limit_rps": _checked(rate_limit),
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


def _checked(rate_limit: float | EllipsisType | None) -> float | None:
    """Return the rate as the configuration takes it, where 0 is none; ``None`` if none was given."""
    if rate_limit is ...:
        return None
    if rate_limit is None:
        return 0.0
    if not isinstance(rate_limit, int | float) or math.isnan(rate_limit) or rate_limit < 0:
        raise SettingsError(f"rate_limit is wrong: it takes a number from 0 up, 0 is none; it was {rate_limit!r}")
    return rate_limit
