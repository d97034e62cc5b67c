"""Making an executor."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

from aita.errors import SettingsError
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
    max_workers: int = 5,
    rate_limit: float | None = 10.0,
    enable_checkpointing: bool = True,  # noqa: FBT001, FBT002 - given by position as often as by name
    checkpoint_dir: Path | str | None = None,
    show_progress: bool = True,  # noqa: FBT001, FBT002
    backend: Literal["in-process", "stack"] = "in-process",
    *,
    config: ParallelExecutionConfig | None = None,
) -> Executor:
    """Make an executor.

    Parameters
    ----------
    llm_client
        An ``openai.OpenAI``, or any object that calls a model as ``aita.services.protocols.LLM`` says;
        ``None`` makes one from OPENAI_BASE_URL, OPENAI_API_KEY and AITA_MODEL.
    max_workers
        Calls at once; 1 makes one after the other.
    rate_limit
        Calls a second; with 0 or ``None`` only the provider's answers slow the calls.
    enable_checkpointing
        Whether each finished task is kept at once.
    checkpoint_dir
        Where; ``.aita/checkpoints`` unless given.
    show_progress
        Whether a terminal shows a bar.
    backend
        ``in-process``, or ``stack``: the deployed state machine, with the stack's own model.
    config
        All of it in one object, which then counts instead of the arguments above.

    Raises
    ------
    SettingsError
        If a value is wrong, naming it and what it takes.

    Examples
    --------
    >>> executor = create_executor(max_workers=20, rate_limit=0)  # doctest: +SKIP
    """
    if not isinstance(config, ParallelExecutionConfig | None):
        raise SettingsError(f"config is a {type(config).__name__}: it takes a ParallelExecutionConfig")
    if config is None:
        config = ParallelExecutionConfig(
            max_workers=max_workers,
            rate_limit_rps=_checked(rate_limit),
            enable_checkpointing=enable_checkpointing,
            show_progress=show_progress,
        )
    match backend:
        case "in-process":
            from aita.executor.in_process import InProcessExecutor  # noqa: PLC0415 - one backend is enough
            from aita.llm.client import model_of  # noqa: PLC0415

            llm = model_of(llm_client, config.max_workers)
            return InProcessExecutor(llm, config, Path(checkpoint_dir or DIRECTORY))
        case "stack":
            if llm_client is not None:
                raise SettingsError("backend 'stack' takes no llm_client: the stack has its own model and key")
            from aita.executor.stack import StackExecutor  # noqa: PLC0415

            return StackExecutor(config)
    raise SettingsError(f"there is no backend {backend!r}: take 'in-process' or 'stack'")


def _checked(rate_limit: float | None) -> float:
    if rate_limit is None:
        return 0.0
    if not isinstance(rate_limit, int | float) or math.isnan(rate_limit) or rate_limit < 0:
        raise SettingsError(f"rate_limit is wrong: it takes a number from 0 up, 0 is none; it was {rate_limit!r}")
    return rate_limit
