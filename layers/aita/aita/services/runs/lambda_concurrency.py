"""Concurrency of Lambda: what the runs at work want of it together, and what the account has."""

from dataclasses import dataclass

from aita.errors import StackError
from aita.models.run import Run
from aita.ports import Executions, LambdaQuota

BESIDE_TASKS = 3
"""Invocations beside the tasks: two of the API, and the Plan or Collect of a run that is between two stages."""

ASK_FOR_MORE = (
    "ask AWS for more (in the console of Service Quotas: AWS Lambda, Concurrent executions; or aws service-quotas "
    "request-service-quota-increase --service-code lambda --quota-code L-B99A9384 --desired-value 1000)"
)


def wanted(tasks_at_once: int, runs: int) -> int:
    """Return how many functions run at once while runs are at work; ``tasks_at_once`` is of each run."""
    return tasks_at_once * runs + BESIDE_TASKS


def shortage(quota: int, tasks_at_once: int, runs: int) -> str:
    """Return that runs want more than the account's quota, and what to do; empty if they do not."""
    if wanted(tasks_at_once, runs) <= quota:
        return ""
    at_work = f"{runs} runs are at work" if runs > 1 else "a run is at work"
    return (
        f"{at_work} with up to {tasks_at_once} tasks at once each. With {BESIDE_TASKS} functions beside them, that is "
        f"{wanted(tasks_at_once, runs)} functions of the {quota} that Lambda runs at once in this account and region. "
        "No task is lost, but what finds no place waits, and so do people's requests: let a run end before the next "
        f"one, or {ASK_FOR_MORE}"
    )


@dataclass(frozen=True, slots=True)
class ConcurrencyCheck:
    """Comparison of the runs at work with the account's quota; ``tasks_at_once`` is the stack's for each run."""

    executions: Executions
    quota: LambdaQuota
    tasks_at_once: int

    def warning(self, run: Run) -> str:
        """Return a warning if the runs at work want more than the quota, or if AWS tells neither; else empty.

        A run that was started just now counts, though it may not be listed yet.
        """
        begun = {run.execution_arn} if run.active and run.execution_arn else set()
        try:
            return shortage(self.quota.left(), self.tasks_at_once, len(self.executions.list_running() | begun))
        except StackError as error:
            return f"whether the account's quota of Lambda is enough for the runs at work is not known: {error}"
