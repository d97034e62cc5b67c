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
        settings: dict[str, Any] = {} if "config" in options else {"rate_limit": 0, "show_progress": False}
        executor = create_executor(llm, **{"checkpoint_dir": tmp_path / "checkpoints"} | settings | options)
        assert isinstance(executor, InProcessExecutor)
        return executor

    return make
