"""Runs whose requests go to the provider's batches first: equal results, half the price, and what is left to calls."""

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from aita.errors import BatchGoneError, ConflictError, ProviderBusy, RunStopped, TaskError
from aita.models.provider_batch import BatchState, BatchStep
from aita.models.run import Run, RunStatus, StageEvent
from aita.services.assignments import object_keys
from aita.services.execution.stage_batches import BOOK
from tests.support.fake_batches import busy
from tests.support.fakes import (
    COST_OF_A_CALL,
    HIGHEST_COST,
    NONSENSE,
    QUESTIONS,
    Crash,
    Harness,
    answer_key,
    question_of,
    right,
)

IDS = [question["question_id"] for question in QUESTIONS]
ROUND = 300


class Killed(BaseException):
    """The process dies here, and does nothing more."""


@pytest.fixture
def harness() -> Harness:
    harness = Harness()
    harness.exam()
    return harness


def book(harness: Harness, run: Run, stage: str = "answer_key") -> dict[str, Any]:
    return dict(harness.objects.json(object_keys.stage_file(run.run_id, stage, BOOK)))


def step(harness: Harness, run: Run, stage: str = "answer_key") -> BatchStep:
    """Do one step of a stage's batches."""
    event = StageEvent(run_id=run.run_id, attempt=run.attempt, stage=stage)
    return harness.stage_batches.step(event, lambda: 900).step


def planned(harness: Harness, **options: Any) -> Run:
    """Start a run and plan its first stage."""
    run = harness.begin(**{"provider_batch": "first"} | options)
    assert harness.plan(run).provider_batch
    return run


def results(harness: Harness, run: Run) -> dict[str, bytes]:
    """Return the artifacts and the results of all tasks."""
    return {
        key.replace(run.run_id, "RUN"): data
        for key, data in harness.objects.data.items()
        if key.startswith("midterm/") or (f"runs/{run.run_id}" in key and "/results/" in key)
    }


class TestARun:
    def test_has_the_results_of_one_without_batches(self, harness: Harness) -> None:
        other = Harness()
        other.exam()
        run, ordinary = harness.run("rubric", provider_batch="first"), other.run("rubric")
        assert run.status is ordinary.status is RunStatus.SUCCEEDED
        assert results(harness, run) == results(other, ordinary)

    @pytest.mark.parametrize("size", [1, 2, 5])
    def test_has_them_if_tasks_share_calls(self, size: int) -> None:
        found = []
        for use in ("never", "first"):
            harness = Harness()
            harness.exam(*({"question_id": str(each)} | QUESTIONS[0] | {"question_id": str(each)} for each in range(7)))
            run = harness.run("rubric", provider_batch=use, batch_size=size)
            assert run.status is RunStatus.SUCCEEDED
            found.append(harness.artifact("answer_keys.json"))
        assert found[0] == found[1]

    def test_pays_half_for_all_requests_but_the_first_of_each_process(self, harness: Harness) -> None:
        run = harness.run("rubric", provider_batch="first")
        assert harness.model.calls == 1
        assert (run.usage.calls, run.usage.batch_calls) == (6, 5)
        assert run.usage.cost_usd == COST_OF_A_CALL * (1 + Decimal("0.5") * 5)
        assert [row.usage.batch_calls for row in harness.rows(run)].count(1) == 5

    def test_asks_by_calls_what_no_batch_answers(self, harness: Harness) -> None:
        harness.batches.unanswered = lambda request: question_of(request) == IDS[1]
        run = harness.run("rubric", provider_batch="first")
        assert run.status is RunStatus.SUCCEEDED
        assert (run.usage.calls, run.usage.batch_calls) == (6, 3)

    def test_asks_again_by_a_call_after_an_invalid_reply(self, harness: Harness) -> None:
        def answer(request: Any) -> str:
            again = any(message.role == "assistant" for message in request.messages)
            return NONSENSE if question_of(request) == IDS[1] and not again else right(request)

        harness.model.otherwise = answer
        run = harness.run("rubric", provider_batch="first")
        assert run.status is RunStatus.SUCCEEDED
        assert (run.usage.calls, run.usage.batch_calls) == (8, 5)
        assert harness.row(run, "rubric", question_id=IDS[1]).asks == 2

    def test_fails_what_no_batch_answers_if_it_uses_them_only_and_goes_on_when_resumed(self, harness: Harness) -> None:
        harness.batches.unanswered = lambda request: question_of(request) == IDS[1]
        run = harness.run("rubric", provider_batch="only")
        assert run.status is RunStatus.PARTIAL
        assert harness.row(run, "answer_key", question_id=IDS[1]).error_type == "UnansweredError"
        assert harness.model.calls == 1
        harness.batches.unanswered = lambda request: False
        run = harness.resume(run)
        assert run.status is RunStatus.SUCCEEDED
        assert harness.model.calls == 1
        assert len({request.digest() for request in harness.batches.answered}) == len(harness.batches.answered)

    def test_puts_the_request_after_an_invalid_reply_into_another_batch_if_it_uses_them_only(
        self, harness: Harness
    ) -> None:
        def answer(request: Any) -> str:
            again = any(message.role == "assistant" for message in request.messages)
            return NONSENSE if question_of(request) == IDS[1] and not again else right(request)

        harness.model.otherwise = answer
        run = harness.run("rubric", provider_batch="only")
        while run.status is RunStatus.PARTIAL:
            run = harness.resume(run)
        assert run.status is RunStatus.SUCCEEDED
        assert harness.model.calls == 1
        assert len(set(harness.batches.submitted)) == len(harness.batches.submitted)

    def test_makes_no_batch_of_what_is_answered(self, harness: Harness) -> None:
        harness.run("rubric")
        run = harness.run("rubric", provider_batch="first")
        assert (run.status, run.usage.calls, harness.batches.batches) == (RunStatus.SUCCEEDED, 0, [])

    def test_without_checkpointing_asks_anew(self, harness: Harness) -> None:
        harness.run("rubric")
        run = harness.run("rubric", provider_batch="first", enable_checkpointing=False)
        assert run.status is RunStatus.SUCCEEDED
        assert (run.usage.calls, run.usage.batch_calls) == (6, 5)

    def test_counts_a_question_that_two_tasks_ask_once(self, harness: Harness) -> None:
        run = harness.run("rubric", provider_batch="first")
        assert len(set(harness.batches.submitted)) == len(harness.batches.submitted) == run.usage.batch_calls


class TestFiles:
    @pytest.mark.parametrize(("limit", "batches"), [(1, [1, 1]), (2, [2]), (3, [2])])
    def test_are_cut_at_the_limit_of_requests(self, harness: Harness, limit: int, batches: list[int]) -> None:
        harness.batch_queue.most_requests = limit
        run = planned(harness)
        while step(harness, run) is BatchStep.AGAIN:
            pass
        assert [len(each.requests) for each in harness.batches.batches] == batches

    def test_are_cut_at_the_limit_of_bytes(self, harness: Harness) -> None:
        line = len(harness.batches.line("0" * 64, None, {}))  # type: ignore[arg-type]
        harness.batch_queue.most_bytes = line
        run = planned(harness)
        while step(harness, run) is BatchStep.AGAIN:
            pass
        assert harness.batches.sizes == [line, line]

    def test_leave_out_a_request_that_none_can_hold(self, harness: Harness) -> None:
        harness.batch_queue.most_bytes = 10
        run = harness.run("rubric", provider_batch="first")
        assert (run.status, harness.batches.batches) == (RunStatus.SUCCEEDED, [])

    def test_are_deleted_once_read(self, harness: Harness) -> None:
        harness.run("rubric", provider_batch="first")
        assert harness.batches.batches
        assert harness.batches.files == {}


class TestWaiting:
    def test_shows_how_far_the_batches_are(self, harness: Harness) -> None:
        harness.batches.looks = 2
        run = planned(harness)
        assert step(harness, run) is BatchStep.WAIT
        progress = harness.reader.view(harness.runs.get(run.run_id)).batch_progress
        assert progress is not None
        assert (progress.done, progress.total, progress.since) == (0, 2, harness.clock())
        for _ in range(3):
            harness.clock.advance(ROUND)
            last = step(harness, run)
        assert last is BatchStep.DONE
        assert harness.runs.get(run.run_id).batch_progress is None

    def test_ends_after_two_days_with_what_is_there(self, harness: Harness) -> None:
        harness.batches.looks = 1000
        run = harness.run("rubric", provider_batch="first")
        assert run.status is RunStatus.SUCCEEDED
        assert all(each.cancelled for each in harness.batches.batches)

    def test_gives_up_a_batch_that_never_ends(self, harness: Harness) -> None:
        harness.batches.looks = 10**6
        harness.batches.cancel = lambda batch_id: None  # type: ignore[method-assign]
        run = harness.run("rubric", provider_batch="first", max_cost_usd=Decimal(10))
        assert (run.status, run.usage.calls, run.usage.batch_calls) == (RunStatus.SUCCEEDED, 6, 0)
        assert run.committed_usd == run.usage.cost_usd + HIGHEST_COST * 5 / 2, "it may be paid"

    @pytest.mark.parametrize("lost", ["get", "replies"])
    def test_halts_at_a_batch_that_is_gone_and_goes_on_without_it_when_resumed(
        self, harness: Harness, lost: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        known = getattr(harness.batches, lost)
        first = "batch-0"

        def gone(batch: Any) -> Any:
            if first in (batch, getattr(batch, "batch_id", "")):
                raise BatchGoneError("the provider knows it no longer")
            return known(batch)

        setattr(harness.batches, lost, gone)
        harness.batches.find = lambda file_id, token: []  # type: ignore[method-assign]
        run = harness.run("rubric", provider_batch="first", max_cost_usd=Decimal(10))
        assert run.status is RunStatus.HALTED
        assert "a batch of 2 requests is lost: the provider knows it no longer" in run.reason
        assert "the key was changed to another account's" in run.reason
        assert len(harness.batches.submitted) == 2, "nothing is asked again unasked"
        run = harness.resume(run)
        assert (run.status, run.usage.calls, run.usage.batch_calls) == (RunStatus.SUCCEEDED, 6, 5)
        assert "given up" in caplog.text

    def test_is_found_again_with_the_key_of_before(self, harness: Harness) -> None:
        def unknown(batch_id: str) -> Any:
            raise BatchGoneError("the provider knows it no longer")

        get, find = harness.batches.get, harness.batches.find
        harness.batches.looks = 3
        harness.batches.get = unknown  # type: ignore[method-assign]
        harness.batches.find = lambda file_id, token: []  # type: ignore[method-assign]
        run = harness.run("rubric", provider_batch="first")
        assert run.status is RunStatus.HALTED
        harness.batches.get, harness.batches.find = get, find  # type: ignore[method-assign]
        assert harness.resume(run).status is RunStatus.SUCCEEDED
        assert len(set(harness.batches.submitted)) == len(harness.batches.submitted), "nothing is paid twice"

    @pytest.mark.parametrize("lost", ["gone", "failed"])
    def test_halts_once_for_all_batches_that_are_lost(self, harness: Harness, lost: str) -> None:
        harness.batch_queue.most_requests, harness.batches.looks = 1, 5
        run = planned(harness)
        while step(harness, run) is BatchStep.AGAIN:
            pass
        first = {"batch-0", "batch-1"}
        assert {each.batch.batch_id for each in harness.batches.batches} == first
        get = harness.batches.get

        def look(batch_id: str) -> Any:
            if batch_id in first and lost == "gone":
                raise BatchGoneError("the provider knows it no longer")
            if batch_id in first:
                return replace(get(batch_id), ended=True, failure="model not supported")
            return get(batch_id)

        harness.batches.get = look  # type: ignore[method-assign]
        harness.batches.find = lambda file_id, token: []  # type: ignore[method-assign]
        harness.batches.unanswered = lambda request: len(harness.batches.batches) == 2
        halted = harness.drive(run)
        assert halted.status is RunStatus.HALTED
        assert "the first of 2 batches" in halted.reason
        assert harness.resume(halted).status is RunStatus.SUCCEEDED

    def test_halts_again_for_a_batch_that_was_there_again_meanwhile(self, harness: Harness) -> None:
        def unknown(batch_id: str) -> Any:
            raise BatchGoneError("the provider knows it no longer")

        get, find = harness.batches.get, harness.batches.find
        harness.batches.looks = 100
        run = planned(harness)
        step(harness, run)
        for _ in range(3):
            harness.batches.get = unknown  # type: ignore[method-assign]
            harness.batches.find = lambda file_id, token: []  # type: ignore[method-assign]
            assert step(harness, run) is BatchStep.STOPPED
            harness.batches.get, harness.batches.find = get, find  # type: ignore[method-assign]
            run = harness.submissions.resume(run.run_id)
            harness.plan(run)
            assert step(harness, run) is BatchStep.WAIT
        assert len(harness.batches.submitted) == 2

    def test_gives_up_replies_that_are_refused_after_two_days(self, harness: Harness) -> None:
        def refuse(batch: Any) -> Any:
            raise TaskError("the provider answered 400")

        replies, harness.batches.replies = harness.batches.replies, refuse  # type: ignore[method-assign]
        run = harness.run("rubric", provider_batch="first")
        assert run.status is RunStatus.HALTED
        harness.clock.advance(3 * 86400)
        harness.batches.replies = (  # type: ignore[method-assign]
            lambda batch: refuse(batch) if batch.batch_id == "batch-0" else replies(batch)
        )
        assert harness.resume(run).status is RunStatus.SUCCEEDED

    def test_asks_nothing_at_the_full_price_if_the_halt_is_lost(self, harness: Harness) -> None:
        """The function dies between the record of a failed batch and the end of the run."""
        get, release = harness.batches.get, harness.runs.release_cost

        def fail(batch_id: str) -> Any:
            return replace(get(batch_id), failure="model not supported")

        def die(run_id: str, attempt: int, amount: Decimal) -> bool:
            harness.batches.get, harness.batches.unanswered = get, lambda request: False  # type: ignore[method-assign]
            harness.runs.release_cost = release  # type: ignore[method-assign]
            raise Crash

        harness.batches.unanswered = lambda request: True
        harness.batches.get = fail  # type: ignore[method-assign]
        run = planned(harness, max_cost_usd=Decimal(10))
        assert step(harness, run) is BatchStep.WAIT
        harness.runs.release_cost = die  # type: ignore[method-assign]
        harness.clock.advance(ROUND)
        step(harness, run)
        with pytest.raises(Crash):
            step(harness, run)
        run = harness.drive(run)
        assert (run.status, run.usage.batch_calls) == (RunStatus.SUCCEEDED, 5)

    def test_halts_where_a_batch_is_gone_as_the_endpoint_has_none(self, harness: Harness) -> None:
        def gone(batch_id: str) -> Any:
            harness.batches.failures = [RunStopped("the endpoint has no batches")]
            raise BatchGoneError("the provider knows it no longer")

        harness.batches.get = gone  # type: ignore[method-assign]
        run = harness.run("rubric", provider_batch="first")
        assert (run.status, run.reason) == (RunStatus.HALTED, "the endpoint has no batches")

    def test_gives_up_a_batch_that_is_refused_after_two_days(self, harness: Harness) -> None:
        def refuse(batch_id: str) -> Any:
            raise TaskError("the provider answered 400")

        get, harness.batches.get = harness.batches.get, refuse  # type: ignore[method-assign]
        run = harness.run("rubric", provider_batch="first")
        assert run.status is RunStatus.HALTED
        harness.clock.advance(3 * 86400)
        run = harness.resume(run)
        assert run.status is RunStatus.HALTED, "that is another batch's"
        harness.batches.get = get  # type: ignore[method-assign]
        assert harness.resume(run).status is RunStatus.SUCCEEDED

    def test_goes_on_through_an_outage_and_halts_after_two_hours_of_it(self, harness: Harness) -> None:
        run = planned(harness)
        harness.batches.failures = [busy(), busy()]
        assert [step(harness, run) for _ in range(2)] == [BatchStep.WAIT] * 2
        assert harness.runs.get(run.run_id).wait_reason == "the provider answered 503"
        assert step(harness, run) is BatchStep.WAIT
        harness.batches.failures = [busy() for _ in range(100)]
        for _ in range(30):
            harness.clock.advance(ROUND)
            last = step(harness, run)
            if last is BatchStep.STOPPED:
                break
        halted = harness.runs.get(run.run_id)
        assert (last, halted.status) == (BatchStep.STOPPED, RunStatus.HALTED)
        harness.batches.failures = []
        assert harness.resume(halted).status is RunStatus.SUCCEEDED
        assert len(set(harness.batches.submitted)) == len(harness.batches.submitted)

    def test_halts_at_an_endpoint_without_batches(self, harness: Harness) -> None:
        harness.batches.failures = [RunStopped("the endpoint has no batches")]
        run = harness.run("rubric", provider_batch="first")
        assert (run.status, run.reason) == (RunStatus.HALTED, "the endpoint has no batches")

    def test_halts_at_a_refused_batch_instead_of_paying_the_full_price(self, harness: Harness) -> None:
        create = harness.batches.create

        def refuse(file_id: str, token: str) -> Any:
            harness.batches.create = create  # type: ignore[method-assign]
            raise TaskError("the provider answered 400")

        harness.batches.create = refuse  # type: ignore[method-assign]
        run = harness.run("rubric", provider_batch="first")
        assert (run.status, run.usage.calls) == (RunStatus.HALTED, 1)
        assert "refused a batch of 2 requests: the provider answered 400" in run.reason
        run = harness.resume(run)
        assert (run.status, run.usage.calls, run.usage.batch_calls) == (RunStatus.SUCCEEDED, 6, 5)

    def test_halts_at_a_batch_that_failed_as_a_whole(self, harness: Harness) -> None:
        get = harness.batches.get
        harness.batches.unanswered = lambda request: True
        harness.batches.get = lambda batch_id: replace(get(batch_id), failure="model not supported")  # type: ignore[method-assign]
        run = harness.run("rubric", provider_batch="first")
        assert (run.status, run.usage.calls) == (RunStatus.HALTED, 1)
        assert "did nothing of a batch of 2 requests: model not supported" in run.reason
        assert "without batches they are asked at the full price" in run.reason
        harness.batches.get, harness.batches.unanswered = get, lambda request: False  # type: ignore[method-assign]
        assert harness.resume(run).usage.batch_calls == 5

    @pytest.mark.parametrize("limit", [0, 1, 2, 3])
    def test_makes_smaller_batches_where_the_queue_is_full(self, limit: int) -> None:
        harness = Harness()
        harness.exam(*(QUESTIONS[0] | {"question_id": str(each)} for each in range(8)))
        harness.batches.queue_limit = limit
        run = harness.run("rubric", provider_batch="first")
        assert run.status is RunStatus.SUCCEEDED
        assert len(set(harness.batches.submitted)) == len(harness.batches.submitted)
        assert run.usage.batch_calls == (len(harness.batches.submitted) if limit else 0)
        if limit:
            assert run.usage.batch_calls == 15


class TestALostAnswer:
    def test_of_a_creation_is_looked_for_before_another_is_made(self, harness: Harness) -> None:
        create = harness.batches.create

        def lose(file_id: str, token: str) -> Any:
            create(file_id, token)
            harness.batches.create = create  # type: ignore[method-assign]
            raise ProviderBusy("the model did not answer in time", timed_out=True)

        harness.batches.create = lose  # type: ignore[method-assign]
        run = harness.run("rubric", provider_batch="first")
        assert run.status is RunStatus.SUCCEEDED
        assert len(set(harness.batches.submitted)) == len(harness.batches.submitted) == run.usage.batch_calls == 5

    def test_of_one_that_came_to_nothing_is_waited_for_before_another_is_made(self, harness: Harness) -> None:
        create, tried = harness.batches.create, []

        def fail(file_id: str, token: str) -> Any:
            tried.append(harness.clock())
            harness.batches.create = count  # type: ignore[method-assign]
            raise busy()

        def count(file_id: str, token: str) -> Any:
            tried.append(harness.clock())
            return create(file_id, token)

        harness.batches.create = fail  # type: ignore[method-assign]
        run = planned(harness)
        assert step(harness, run) is BatchStep.WAIT
        assert step(harness, run) is BatchStep.WAIT
        assert len(tried) == 1, "it may still be on its way"
        harness.clock.advance(ROUND)
        assert step(harness, run) is BatchStep.WAIT
        assert len(tried) == 2
        assert book(harness, run)["batches"][0]["state"] == BatchState.OPEN

    def test_of_two_functions_at_once_one_goes_on(self, harness: Harness) -> None:
        run = planned(harness)
        put_if = harness.objects.put_if
        others: list[BatchStep] = []

        def meanwhile(key: str, data: bytes, etag: str | None) -> str:
            harness.objects.put_if = put_if  # type: ignore[method-assign]
            others.append(step(harness, run))
            return put_if(key, data, etag)

        harness.objects.put_if = meanwhile  # type: ignore[method-assign]
        assert step(harness, run) is BatchStep.WAIT
        assert others == [BatchStep.WAIT]
        assert len(set(harness.batches.submitted)) == len(harness.batches.submitted) == 2


def test_a_function_that_begins_while_another_makes_a_batch_waits(harness: Harness) -> None:
    """It would ask at once for what is in the other one's file."""
    run, upload = planned(harness), harness.batches.upload
    others: list[BatchStep] = []

    def meanwhile(file: Any, name: str) -> str:
        calls = harness.model.calls
        harness.cold()
        others.append(step(harness, run))
        assert harness.model.calls == calls
        return upload(file, name)

    harness.batches.upload = meanwhile  # type: ignore[method-assign]
    assert step(harness, run) is BatchStep.WAIT
    assert others == [BatchStep.WAIT]
    assert harness.model.calls == 1


def test_one_that_died_while_it_made_a_batch_is_not_waited_for_for_ever(harness: Harness) -> None:
    run, upload = planned(harness), harness.batches.upload

    def die(file: Any, name: str) -> str:
        harness.batches.upload = upload  # type: ignore[method-assign]
        raise Killed

    harness.batches.upload = die  # type: ignore[method-assign]
    with pytest.raises(Killed):
        step(harness, run)
    steps = []
    for _ in range(4):
        steps.append(step(harness, run))
        harness.clock.advance(ROUND)
    assert steps == [BatchStep.WAIT] * 4
    assert len(harness.batches.batches) == 1


@pytest.mark.parametrize("error", [Killed, ValueError])
def test_one_that_dies_whenever_it_makes_a_batch_halts_the_run(harness: Harness, error: type[BaseException]) -> None:
    def die(file: Any, name: str) -> str:
        raise error

    harness.batches.upload = die  # type: ignore[method-assign]
    run = planned(harness)
    for _ in range(20):
        try:
            last = step(harness, run)
        except error:
            harness.cold()
        else:
            if last is BatchStep.STOPPED:
                break
        harness.clock.advance(ROUND)
    halted = harness.runs.get(run.run_id)
    assert halted.status is RunStatus.HALTED
    assert "batch" in halted.reason
    assert halted.batch_progress is None


@pytest.mark.parametrize("request_name", ["upload", "get", "find", "replies"])
def test_a_refused_request_about_batches_halts_the_run_and_a_resume_goes_on(
    harness: Harness, request_name: str
) -> None:
    ask = getattr(harness.batches, request_name)

    def refuse(*args: Any) -> Any:
        raise TaskError("the provider answered 400")

    def lose(file_id: str, token: str) -> Any:
        harness.batches.create = create  # type: ignore[method-assign]
        raise busy()

    create = harness.batches.create
    if request_name == "find":
        harness.batches.create = lose  # type: ignore[method-assign]
    setattr(harness.batches, request_name, refuse)
    run = harness.run("rubric", provider_batch="first")
    assert run.status is RunStatus.HALTED
    assert "batches: the provider answered 400" in run.reason
    assert run.has_left_batch is (request_name != "upload")
    setattr(harness.batches, request_name, ask)
    assert harness.resume(run).status is RunStatus.SUCCEEDED
    assert len(set(harness.batches.submitted)) == len(harness.batches.submitted)


class TestABatchThatAnEndedRunLeft:
    @pytest.fixture
    def halted(self, harness: Harness) -> Run:
        harness.batches.looks = 10
        run = planned(harness)
        step(harness, run)
        harness.batches.failures = [RunStopped("the key is wrong")]
        assert step(harness, run) is BatchStep.STOPPED
        return harness.runs.get(run.run_id)

    def test_is_shown_and_stays_when_the_last_invocation_is_repeated(self, harness: Harness, halted: Run) -> None:
        assert (halted.status, halted.batch_progress and halted.batch_progress.total) == (RunStatus.HALTED, 2)
        assert step(harness, halted) is BatchStep.STOPPED
        assert harness.runs.get(halted.run_id) == halted
        assert [each.cancelled for each in harness.batches.batches] == [False]

    @pytest.mark.parametrize("pipeline", ["rubric", "exam"])
    def test_is_not_paid_twice_by_another_run(self, harness: Harness, halted: Run, pipeline: str) -> None:
        harness.put("exam.pdf", b"1")
        harness.put("scans/anna/1.pdf", b"1")
        with pytest.raises(ConflictError, match=rf"2 requests .* \(aita resume {halted.run_id}\) or cancel"):
            harness.begin(pipeline)
        resumed = harness.resume(halted)
        assert (resumed.status, resumed.batch_progress) == (RunStatus.SUCCEEDED, None)
        assert len(set(harness.batches.submitted)) == len(harness.batches.submitted)
        harness.begin(pipeline)

    def test_can_be_cancelled(self, harness: Harness, halted: Run) -> None:
        cancelled = harness.submissions.cancel(halted.run_id)
        assert cancelled.status is RunStatus.CANCELLED
        assert step(harness, harness.batch_invoker.runs[-1]) is BatchStep.STOPPED
        assert [each.cancelled for each in harness.batches.batches] == [True]
        assert harness.runs.get(halted.run_id).batch_progress is None
        assert harness.run("rubric").status is RunStatus.SUCCEEDED


class TestCancelling:
    def test_cancels_at_the_provider_and_a_resume_takes_what_was_paid(self, harness: Harness) -> None:
        harness.batches.looks = 10
        run = planned(harness)
        step(harness, run)
        harness.submissions.cancel(run.run_id)
        (invoked,) = harness.batch_invoker.runs
        assert step(harness, invoked) is BatchStep.STOPPED
        assert [each.cancelled for each in harness.batches.batches] == [True]
        harness.batches.unanswered = lambda request: question_of(request) == IDS[2]
        run = harness.runs.get(run.run_id)
        resumed = harness.resume(run)
        assert resumed.status is RunStatus.SUCCEEDED
        assert Counter(harness.batches.submitted).most_common(1)[0][1] <= 2, "what the cancelled batch did not answer"
        answered = [request.digest() for request in harness.batches.answered]
        assert len(set(answered)) == len(answered), "no reply is paid twice"

    def test_tries_each_batch_and_shows_the_run_as_uncancelled_while_one_can_not_be(self, harness: Harness) -> None:
        harness.batches.looks = 10
        run = planned(harness)
        step(harness, run)
        harness.submissions.cancel(run.run_id)
        harness.batches.failures = [busy()]
        with pytest.raises(ProviderBusy):  # so that Lambda tries again
            step(harness, run)
        assert harness.runs.get(run.run_id).batch_progress is not None
        assert step(harness, run) is BatchStep.STOPPED
        assert harness.runs.get(run.run_id).batch_progress is None
        assert [each.cancelled for each in harness.batches.batches] == [True]

    def test_leaves_it_to_the_execution_if_the_function_can_not_be_invoked(self, harness: Harness) -> None:
        def refuse(_: Run) -> None:
            raise ConnectionError

        harness.batches.looks = 10
        run = planned(harness)
        step(harness, run)
        harness.batch_invoker.invoke = refuse  # type: ignore[method-assign,assignment]
        with pytest.raises(ConnectionError):
            harness.submissions.cancel(run.run_id)
        assert harness.executions.stopped == []
        assert step(harness, run) is BatchStep.STOPPED
        assert [each.cancelled for each in harness.batches.batches] == [True]

    def test_of_a_batch_whose_id_is_not_known_finds_it(self, harness: Harness) -> None:
        create = harness.batches.create

        def lose(file_id: str, token: str) -> Any:
            create(file_id, token)
            raise Crash

        harness.batches.create = lose  # type: ignore[method-assign]
        run = planned(harness)
        with pytest.raises(Crash):
            step(harness, run)
        harness.submissions.cancel(run.run_id)
        assert step(harness, run) is BatchStep.STOPPED
        assert [each.cancelled for each in harness.batches.batches] == [True]

    def test_of_a_batch_that_the_provider_does_not_know_is_not_confirmed(self, harness: Harness) -> None:
        """The key may be another account's by now, and the batch go on."""

        def unknown(batch_id: str) -> None:
            raise BatchGoneError("the provider does not know it")

        harness.batches.looks = 10
        run = planned(harness)
        step(harness, run)
        harness.batches.cancel = unknown  # type: ignore[method-assign]
        harness.submissions.cancel(run.run_id)
        with pytest.raises(BatchGoneError):
            step(harness, run)
        assert harness.runs.get(run.run_id).batch_progress is not None

    def test_reaches_the_batches_of_a_later_stage_in_which_an_earlier_attempt_was(self, harness: Harness) -> None:
        run = planned(harness)
        while step(harness, run) is not BatchStep.DONE:
            harness.clock.advance(ROUND)
        for event in harness.events(run):
            harness.invoke(event)
        harness.collect(run)
        harness.batches.looks = 100
        harness.plan(run, "rubric")
        assert step(harness, run, "rubric") is BatchStep.WAIT
        harness.submissions.cancel(run.run_id)
        resumed = harness.submissions.resume(run.run_id)
        cancelled = harness.submissions.cancel(resumed.run_id)
        assert cancelled.stage == "answer_key"
        assert step(harness, cancelled) is BatchStep.STOPPED
        assert harness.batches.batches[-1].cancelled

    def test_while_a_batch_is_created_cancels_it(self, harness: Harness) -> None:
        create = harness.batches.create

        def meanwhile(file_id: str, token: str) -> Any:
            harness.submissions.cancel(run.run_id)
            return create(file_id, token)

        harness.batches.create = meanwhile  # type: ignore[method-assign]
        run = planned(harness)
        step(harness, run)
        assert [each.cancelled for each in harness.batches.batches] == [True]

    def test_leaves_the_batches_of_a_run_that_was_resumed_meanwhile(self, harness: Harness) -> None:
        harness.batches.looks = 10
        run = planned(harness)
        step(harness, run)
        cancelled = harness.submissions.cancel(run.run_id)
        harness.submissions.resume(run.run_id)
        assert step(harness, cancelled) is BatchStep.STOPPED
        assert [each.cancelled for each in harness.batches.batches] == [False]


class TestTheCap:
    def test_is_committed_by_half_and_settled_when_a_batch_is_read(self, harness: Harness) -> None:
        run = planned(harness, max_cost_usd=Decimal(10))
        step(harness, run)
        assert harness.runs.get(run.run_id).committed_usd == COST_OF_A_CALL + 2 * HIGHEST_COST / 2
        for _ in range(2):
            harness.clock.advance(ROUND)
            step(harness, run)
        assert harness.runs.get(run.run_id).committed_usd == COST_OF_A_CALL * 2

    def test_cuts_a_batch_and_goes_on_when_it_is_settled(self, harness: Harness) -> None:
        run = harness.run("rubric", provider_batch="first", max_cost_usd=HIGHEST_COST + 3 * COST_OF_A_CALL)
        assert run.status is RunStatus.SUCCEEDED
        assert run.usage.batch_calls == 5
        assert run.committed_usd == run.usage.cost_usd <= HIGHEST_COST + 3 * COST_OF_A_CALL

    def test_ends_the_run_if_it_has_no_room_for_one_request(self, harness: Harness) -> None:
        run = harness.run("rubric", provider_batch="first", max_cost_usd=HIGHEST_COST)
        assert run.status is RunStatus.BUDGET_REACHED
        assert run.committed_usd <= HIGHEST_COST
        resumed = harness.drive(harness.submissions.resume(run.run_id, Decimal(10)))
        assert resumed.status is RunStatus.SUCCEEDED
        assert len(set(harness.batches.submitted)) == len(harness.batches.submitted)

    def test_counts_replies_of_an_attempt_before_that_no_task_has_used(self, harness: Harness) -> None:
        run = planned(harness, max_cost_usd=Decimal(10))
        while step(harness, run) is not BatchStep.DONE:
            harness.clock.advance(ROUND)
        harness.submissions.cancel(run.run_id)
        run = harness.submissions.resume(run.run_id)
        harness.plan(run)
        step(harness, run)
        assert harness.runs.get(run.run_id).committed_usd == COST_OF_A_CALL * 2

    def test_stays_committed_where_a_cost_is_not_known(self, harness: Harness) -> None:
        price = harness.batches.price
        harness.batches.price = lambda reply: price(reply).model_copy(  # type: ignore[method-assign]
            update={"cost_usd": Decimal(0), "unpriced_calls": 1}
        )
        run = planned(harness, max_cost_usd=Decimal(10))
        while step(harness, run) is not BatchStep.DONE:
            harness.clock.advance(ROUND)
        assert harness.runs.get(run.run_id).committed_usd == COST_OF_A_CALL + 2 * HIGHEST_COST / 2


def test_answer_keys_are_those_of_the_model(harness: Harness) -> None:
    harness.run("rubric", provider_batch="first")
    assert harness.artifact("answer_keys.json").keys() == {answer_key(each)["question_id"] for each in IDS}
