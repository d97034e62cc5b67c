"""Questions that share a call on the stack: one reply, an end of its own for each."""

import json
from typing import Any

import pytest

from aita.errors import TooLongError
from aita.models.exam import ExamSpec
from aita.models.run import Outcome, RunStatus, TaskStatus
from aita.tasks.answer_key import SHORT_QUESTION, create_answer_key_tasks
from aita.tasks.batchable import group
from aita.tasks.request import LLMRequest
from aita.tasks.tokens import input_tokens
from tests.support.fakes import (
    NONSENSE,
    Crash,
    Harness,
    answer_key,
    busy,
    question_of,
    questions_of,
    reply,
    right,
)


def questions(count: int, length: int = 60) -> list[dict[str, Any]]:
    return [
        {
            "question_id": f"q{n}",
            "question_text": f"{n}? " * (length // 4),
            "points": 2,
            "question_type": "short_answer",
        }
        for n in range(count)
    ]


def asked(harness: Harness, schema: str) -> list[list[str]]:
    return [questions_of(request) for request in harness.model.requests if request.schema_name == schema]


def lacking(*missing: str) -> Any:
    """Answer rightly, but leave these questions out of replies about several."""

    def say(request: LLMRequest) -> str:
        if request.schema_name != "AnswerKeys":
            return right(request)
        return json.dumps({"answer_keys": [answer_key(q) for q in questions_of(request) if q not in missing]})

    return say


class TestRuns:
    def test_five_questions_share_a_call(self, harness: Harness) -> None:
        harness.exam(*questions(12))
        run = harness.run(batch_size=5)
        assert run.status is RunStatus.SUCCEEDED
        assert [len(ids) for ids in asked(harness, "AnswerKeys")] == [5, 5, 2]
        assert asked(harness, "AnswerKey") == []
        assert run.stages["answer_key"].total == run.stages["answer_key"].succeeded == 12
        assert set(harness.artifact("answer_keys.json")) == {f"q{n}" for n in range(12)}

    def test_rows_sum_to_what_was_paid(self, harness: Harness) -> None:
        harness.exam(*questions(5))
        run = harness.run(batch_size=5)
        rows = harness.rows(run, "answer_key")
        assert len(rows) == 5
        assert sum(row.usage.calls for row in rows) == 1
        assert run.usage.calls == harness.model.calls == 6

    def test_long_questions_are_asked_alone(self, harness: Harness) -> None:
        harness.exam(*questions(3, 2 * SHORT_QUESTION))
        harness.run(batch_size=5)
        assert [len(ids) for ids in asked(harness, "AnswerKey")] == [1, 1, 1]

    def test_one_alone_is_asked_as_ever(self, harness: Harness) -> None:
        harness.exam(*questions(3))
        harness.run(batch_size=1)
        alone = [request.digest() for request in harness.model.requests[:3]]
        tasks = create_answer_key_tasks(ExamSpec.model_validate(harness.artifact("questions.json")))
        assert alone == [task.request().digest() for task in tasks]

    def test_the_prefix_is_that_of_a_single_question(self) -> None:
        exam = ExamSpec.model_validate({"exam_name": "x", "total_pages": 1, "questions": questions(2)})
        first, second = create_answer_key_tasks(exam, "mind the units")
        assert first.combine_with([second]).request().prefix == first.request().prefix


class TestParts:
    def test_a_missing_part_is_asked_alone(self, harness: Harness) -> None:
        harness.exam(*questions(5))
        harness.model.otherwise = lacking("q1", "q3")
        run = harness.run(batch_size=5)
        assert run.status is RunStatus.SUCCEEDED
        assert asked(harness, "AnswerKey") == [["q1"], ["q3"]]
        assert run.usage.calls == harness.model.calls

    @pytest.mark.parametrize(
        "part",
        [{"question_id": "q0"}, {"question_id": "q0", "correct_answer": 7}, {"question_id": 0}, "q0", None],
    )
    def test_a_wrong_part_too(self, harness: Harness, part: Any) -> None:
        harness.exam(*questions(2))
        harness.model.say(json.dumps({"answer_keys": [part, answer_key("q1")]}))
        run = harness.run(batch_size=5)
        assert run.status is RunStatus.SUCCEEDED
        assert asked(harness, "AnswerKey") == [["q0"]]

    def test_an_id_that_is_there_twice_is_nobodys(self, harness: Harness) -> None:
        harness.exam(*questions(2))
        harness.model.say(json.dumps({"answer_keys": [answer_key("q0"), answer_key("q0"), answer_key("q1")]}))
        harness.run(batch_size=5)
        assert asked(harness, "AnswerKey") == [["q0"]]

    @pytest.mark.parametrize("said", [NONSENSE, reply("{}", finish_reason="length"), reply("", refusal=True), "[]"])
    def test_a_reply_that_is_no_use_has_each_asked_alone_and_is_not_asked_again(
        self, harness: Harness, said: Any
    ) -> None:
        harness.exam(*questions(3))
        harness.model.say(said)
        run = harness.run(batch_size=5)
        assert run.status is RunStatus.SUCCEEDED
        assert (len(asked(harness, "AnswerKeys")), len(asked(harness, "AnswerKey"))) == (1, 3)
        assert run.usage.calls == harness.model.calls

    def test_one_that_fails_fails_alone(self, harness: Harness) -> None:
        harness.exam(*questions(3))
        harness.model.otherwise = lambda request: (
            lacking("q1")(request) if request.schema_name != "AnswerKey" else NONSENSE
        )
        run = harness.run(batch_size=5)
        assert run.status is RunStatus.PARTIAL
        failed = [row for row in harness.rows(run, "answer_key") if row.status is TaskStatus.FAILED]
        assert [row.refs["question_id"] for row in failed] == ["q1"]
        harness.model.otherwise = right
        before = harness.model.calls
        assert harness.resume(run).status is RunStatus.SUCCEEDED
        assert [question_of(request) for request in harness.model.requests[before:]] == ["q1", "q1"], "key and rubric"


class TestInterrupted:
    def test_a_crash_between_two_parts_pays_nothing_again(self, harness: Harness) -> None:
        harness.exam(*questions(3))
        run = harness.begin(batch_size=5)
        (event,) = harness.events(run)
        harness.objects.crashes.append(event.item.batch[0].task_id)
        with pytest.raises(Crash):
            harness.invoke(event)
        harness.cold()
        assert harness.invoke(event).answer.outcome is Outcome.SUCCEEDED
        assert harness.model.calls == 1
        rows = harness.rows(run, "answer_key")
        assert len(rows) == 3
        assert sum(row.usage.calls for row in rows) == 1

    def test_a_wait_in_the_middle_keeps_what_is_recorded(self, harness: Harness) -> None:
        harness.exam(*questions(3))
        run = harness.begin(batch_size=5)
        (event,) = harness.events(run)
        harness.model.say(lacking("q2"), busy())
        assert harness.invoke(event).answer.outcome is Outcome.WAIT
        assert len(harness.rows(run, "answer_key")) == 2
        assert harness.invoke(event).answer.outcome is Outcome.SUCCEEDED
        assert sum(row.usage.calls for row in harness.rows(run, "answer_key")) == 2
        assert harness.model.calls == 3

    def test_what_a_dead_function_left_is_never_a_success_and_is_resumed(self, harness: Harness) -> None:
        harness.exam(*questions(4))
        run = harness.begin(batch_size=5)
        (event,) = harness.events(run)
        harness.record_failure(event, "Sandbox.Timedout")
        harness.collect(run, "answer_key")
        assert harness.runs.get(run.run_id).stages["answer_key"].failed == 4
        assert harness.resume(harness.runs.get(run.run_id)).status is RunStatus.SUCCEEDED

    def test_a_resume_groups_what_is_left(self, harness: Harness) -> None:
        harness.exam(*questions(6))
        harness.model.say(TooLongError("x"), *[NONSENSE] * 4, *[NONSENSE] * 4)  # q0 and q1 of the first call fail
        run = harness.run(batch_size=3)
        assert run.stages["answer_key"].failed == 2
        harness.model.requests.clear()
        assert harness.resume(run).status is RunStatus.SUCCEEDED
        assert asked(harness, "AnswerKeys") == [["q0", "q1"]]


def test_twenty_short_questions_take_a_third_of_the_calls_and_of_the_prompts() -> None:
    exam = ExamSpec.model_validate({"exam_name": "x", "total_pages": 1, "questions": questions(20, 120)})
    tasks = create_answer_key_tasks(exam)
    groups = [[tasks[place] for place in places] for places in group(tasks, 5)]
    together = sum(input_tokens(first.combine_with(others).request()) for first, *others in groups)
    alone = sum(input_tokens(task.request()) for task in tasks)
    assert len(groups) <= 20 / 3
    assert together <= alone / 2
