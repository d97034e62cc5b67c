"""Whether the runs at work want more of Lambda together than the account has."""

from dataclasses import dataclass

import pytest

from aita.errors import StackError
from aita.services.runs.lambda_concurrency import ConcurrencyCheck, shortage
from tests.support.fakes import Harness


@dataclass
class Quota:
    """An account's quota, or why it is not known."""

    functions: int
    refuses: str = ""

    def left(self) -> int:
        if self.refuses:
            raise StackError(self.refuses)
        return self.functions


def warned(harness: Harness, quota: Quota, at_work: int) -> str:
    """Start a run beside others that are at work, and return what its starter is told."""
    harness.exam()
    harness.executions.running = {str(each) for each in range(at_work - 1)}
    run = harness.begin()
    harness.executions.unknown = {run.execution_arn}
    return ConcurrencyCheck(harness.executions, quota, tasks_at_once=5).warning(run)


@pytest.mark.parametrize(
    ("at_work", "quota", "short"), [(1, 10, False), (1, 8, False), (1, 7, True), (2, 12, True), (2, 13, False)]
)
def test_each_run_at_work_counts_though_step_functions_may_not_list_it_yet(
    harness: Harness, at_work: int, quota: int, *, short: bool
) -> None:
    assert bool(warned(harness, Quota(quota), at_work)) is short


def test_a_run_that_has_ended_does_not_count(harness: Harness) -> None:
    harness.exam()
    assert ConcurrencyCheck(harness.executions, Quota(7), tasks_at_once=5).warning(harness.run()) == ""


def test_the_warning_has_the_numbers_and_what_to_do() -> None:
    told = shortage(10, 5, 2)
    assert "2 runs are at work with up to 5 tasks at once each" in told
    assert "13 functions of the 10" in told
    assert "--quota-code L-B99A9384" in told
    assert "a run is at work" in shortage(7, 5, 1)


def test_what_is_not_known_is_told(harness: Harness) -> None:
    """A run that was started stays started: the warning is beside it."""
    told = warned(harness, Quota(0, refuses="AccessDeniedException in GetAccountSettings"), 1)
    assert "is not known: AccessDeniedException in GetAccountSettings" in told
