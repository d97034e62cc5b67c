"""Tasks on the stack that the provider does not answer, while it answers others: they end alone, with its reason."""

from typing import Any

import pytest

from aita.models.run import ItemEvent, Outcome, RetryState, Run, TaskStatus
from aita.services.calls import patience
from aita.tasks.request import LLMRequest
from tests.support.fakes import Harness, busy, questions_of, right

POISON = "q0"


def begin(harness: Harness, count: int, **options: Any) -> tuple[Run, list[ItemEvent]]:
    """Start a run for this many questions; the provider answers all requests but those with the first question."""

    def say(request: LLMRequest) -> str:
        if POISON in questions_of(request):
            raise busy()
        return right(request)

    kind = {"question_text": "What?", "points": 5, "question_type": "short_answer"}
    harness.exam(*({"question_id": f"q{number}"} | kind for number in range(count)))
    harness.model.otherwise = say
    run = harness.begin(**options)
    return run, harness.events(run)


def after_a_wait(harness: Harness, event: ItemEvent) -> tuple[Outcome, ItemEvent]:
    """Run an item once, and return its outcome and its next event."""
    answer = harness.invoke(event).answer
    harness.clock.advance(answer.wait + 6)  # so that the run's counters are read anew
    return answer.outcome, event.model_copy(update={"waited": answer.waited})


class TestAlone:
    def test_it_fails_after_a_bounded_number_of_calls_with_the_providers_reason(self, harness: Harness) -> None:
        run, (event, *others) = begin(harness, 20)
        for other in others[: patience.MOST_FAILURES]:
            outcome, event = after_a_wait(harness, event)
            assert outcome is Outcome.WAIT
            harness.invoke(other)
        outcome, _ = after_a_wait(harness, event)
        assert outcome is Outcome.FAILED
        (row,) = [row for row in harness.rows(run, "answer_key") if row.status is TaskStatus.FAILED]
        assert row.error_type == "UnansweredError"
        assert row.error_message.startswith("the provider answered 429: 11 calls of this task failed, and others were")
        assert harness.runs.get(run.run_id).active

    def test_it_waits_on_while_nobody_is_answered(self, harness: Harness) -> None:
        run, (event, *_) = begin(harness, 3)
        for _ in range(30):
            outcome, event = after_a_wait(harness, event)
            assert outcome is Outcome.WAIT
        assert harness.runs.get(run.run_id).waits == 30


class TestInASharedCall:
    @pytest.fixture
    def items(self, harness: Harness) -> tuple[Run, ItemEvent, list[ItemEvent]]:
        run, events = begin(harness, 150, batch_size=5)
        (event,) = [each for each in events if POISON in each.item.refs.values()]
        return run, event, [each for each in events if each is not event]

    def test_the_others_are_asked_alone_and_only_it_fails(
        self, harness: Harness, items: tuple[Run, ItemEvent, list[ItemEvent]]
    ) -> None:
        run, event, others = items
        outcome = Outcome.WAIT
        rounds = 0
        while outcome is Outcome.WAIT:
            outcome, event = after_a_wait(harness, event)
            harness.invoke(others[rounds])
            rounds += 1
        assert outcome is Outcome.FAILED
        ids = {event.item.task_id, *(item.task_id for item in event.item.batch)}
        ends = {row.refs["question_id"]: row.status for row in harness.rows(run, "answer_key") if row.task_id in ids}
        assert ends.pop(POISON) is TaskStatus.FAILED
        assert list(ends.values()) == [TaskStatus.SUCCEEDED] * 4
        assert rounds <= 2 * patience.MOST_FAILURES + 4

    def test_what_it_carries_through_a_wait_is_small(self) -> None:
        """The state is in the state machine's input, of which AWS allows 256 KB for all items of a child."""
        assert len(RetryState().model_dump_json()) < 300
