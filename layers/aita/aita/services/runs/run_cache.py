"""Cache of run rows, for the check whether an attempt is current."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from aita.models.run import Run
from aita.ports import RunStore

FRESH_SECONDS = 5.0
"""Maximum age of a copy: a cancelled run stops within this time, and a busy function rarely reads the row."""


@dataclass(slots=True)
class RunCache:
    """Copy of the last run's row, kept for FRESH_SECONDS. The result of any write of the row refreshes it for free.

    ``now`` returns seconds.
    """

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
        """Replace the copy with a run that was just read from the table."""
        self._seen = {run.run_id: (self.now(), run)}

    def is_current(self, run_id: str, attempt: int) -> bool:
        """Return whether the run is active in this attempt, so that its tasks may call the model."""
        run = self.get(run_id)
        if run.attempt < attempt:  # the copy is older than the resume that began this attempt
            run = self.runs.get(run_id)
            self.refresh(run)
        return run.active and run.attempt == attempt
