"""Queue of a batch's work, by a clock of the test's own."""

import pytest

from aita import SimpleLLMTask
from aita.executor.work_queue import Work, WorkQueue


def queue(tasks: int) -> tuple[WorkQueue, list[Work]]:
    """Return a queue, at a time that stands still, with all of its tasks handed out."""
    works = [Work([(number, SimpleLLMTask(prompt=str(number)))]) for number in range(tasks)]
    made = WorkQueue(works, tasks, lambda: 1000.0)
    for each in works:
        assert made.poll() == (each, None)
    return made, works


def answer(made: WorkQueue, work: Work) -> None:
    made.record_answer(0.02)
    made.finish(work)


class TestTheEndOfABatch:
    @pytest.mark.parametrize(("due", "after"), [(60.0, 1.0), (0.5, 0.5)])
    def test_a_task_waits_for_at_most_a_second_after_another_was_answered(self, due: float, after: float) -> None:
        """The provider is there, but a task that fails by itself is not called for at each of the last answers."""
        made, (parked, *others) = queue(6)
        for each in others[:3]:
            answer(made, each)
        made.park(parked, due)
        answer(made, others[3])
        assert made.poll() == (None, after)

    def test_earlier_it_waits_for_as_long_as_it_would_alone(self) -> None:
        made, (parked, *others) = queue(6)
        made.park(parked, 60.0)
        answer(made, others[0])
        assert made.poll() == (None, 60.0)
