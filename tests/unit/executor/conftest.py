"""An executor over a fake model, with its checkpoints in a folder of the test's own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aita import create_executor
from aita.executor.in_process import InProcessExecutor

Make = Callable[..., InProcessExecutor]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def make(llm: Any, **options: Any) -> InProcessExecutor:
        given: dict[str, Any] = {
            "rate_limit": 0,
            "show_progress": False,
            "checkpoint_dir": tmp_path / "checkpoints",
        } | options
        executor = create_executor(llm, **given)
        assert isinstance(executor, InProcessExecutor)
        return executor

    return make
