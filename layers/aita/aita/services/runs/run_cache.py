"""Whether a run's tasks may go on: the run's row, at most a few seconds old."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from aita.models.run import Run
from aita.ports import RunStore

FRESH_SECONDS = 5.0
"""How old the copy may be: a cancelled run stops within it, and a busy function reads it rarely."""


@dataclass(slots=True)
class RunCache:
    """Reads a run's row and keeps it for FRESH_SECONDS; what a counter's write returns refreshes it for free."""

    runs: RunStore
    now: Callable[[], float] = time.monotonic
    _seen: dict[str, tuple[float, Run]] = field(default_factory=dict)

    def get(self, run_id: str) -> Run:
        """Return the run, at most FRESH_SECONDS old."""
        read_at, run = self._seen.get(run_id, (float("-inf"), None))
        if run is None or self.now() - read_at >= FRESH_SECONDS:
            run = self.runs.get(run_id)
            self.refresh(run)
        return run

    def refresh(self, run: Run) -> None:
        """Take a copy that was read from the table just now, and forget other runs'."""
        self._seen = {run.run_id: (self.now(), run)}

    def is_current(self, run_id: str, attempt: int) -> bool:
        """Tell whether tasks of this attempt may call the model."""
        run = self.get(run_id)
        if run.attempt < attempt:  # the copy is from before the resume that this attempt began with
            run = self.runs.get(run_id)
            self.refresh(run)
        return run.active and run.attempt == attempt
