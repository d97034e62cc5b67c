"""Whether the runs at work want more of Lambda together than the account has."""

from dataclasses import dataclass

import pytest

from aita.errors import StackError
from aita.services.runs.lambda_concurrency import ConcurrencyCheck, shortage
from tests.support.fakes import FakeExecutions


@dataclass
class Quota:
    """An account's quota, or why it is not known."""

    functions: int
    refuses: str = ""

    def left(self) -> int:
        if self.refuses:
            raise StackError(self.refuses)
        return self.functions


def check(at_work: int, quota: Quota) -> ConcurrencyCheck:
    executions = FakeExecutions()
    executions.running = {str(each) for each in range(at_work)}
    return ConcurrencyCheck(executions, quota, tasks_at_once=5)


@pytest.mark.parametrize(
    ("at_work", "quota", "short"),
    [(0, 10, False), (1, 10, False), (1, 8, False), (1, 7, True), (2, 12, True), (2, 13, False)],
)
def test_each_run_at_work_counts(at_work: int, quota: int, *, short: bool) -> None:
    assert bool(check(at_work, Quota(quota)).warning()) is short


def test_the_warning_has_the_numbers_and_what_to_do() -> None:
    told = shortage(10, 5, 2)
    assert "2 runs are at work with up to 5 tasks at once each" in told
    assert "13 functions of the 10" in told
    assert "--quota-code L-B99A9384" in told
    assert "a run is at work" in shortage(7, 5, 1)


def test_what_is_not_known_is_told() -> None:
    """A run that was started stays started: the warning is beside it."""
    told = check(1, Quota(0, refuses="AccessDeniedException in GetAccountSettings")).warning()
    assert "is not known: AccessDeniedException in GetAccountSettings" in told
