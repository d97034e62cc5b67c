"""Ports of what executes: the state machine and its functions, and the clock."""

from datetime import datetime
from typing import Protocol

from aita.models.run import Run


class Executions(Protocol):
    """Executions of the state machine."""

    def start(self, run: Run) -> str:
        """Start the run's current attempt at its current stage; return the execution's ARN."""
        ...

    def stop(self, execution_arn: str) -> None:
        """Stop an execution; does nothing if it has ended or does not exist."""
        ...

    def is_running(self, execution_arn: str) -> bool | None:
        """Return whether the execution is running; ``None`` if it is not known, as it may be just after its start."""
        ...

    def list_running(self) -> frozenset[str]:
        """Return the ARNs of the executions that are running; what was started seconds ago may be missing.

        Raises
        ------
        StackError
            If that is not told.
        """
        ...


class LambdaQuota(Protocol):
    """The account's quota of functions that run at once."""

    def left(self) -> int:
        """Return the quota, less what is reserved.

        Raises
        ------
        StackError
            If it is not told.
        """
        ...


class BatchInvoker(Protocol):
    """Function that looks after batches, invoked outside of an execution."""

    def invoke(self, run: Run) -> None:
        """Have the run's batches looked at soon, without waiting for it."""
        ...


class Clock(Protocol):
    """Clock in UTC."""

    def __call__(self) -> datetime:
        """Return the current time, timezone-aware and in UTC."""
        ...
