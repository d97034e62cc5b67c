"""Calls that items share, cut off anywhere: nothing is lost, paid twice, counted twice or shown as a success."""

import itertools
import json
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest
from pydantic import BaseModel

from aita.errors import RunStopped, TaskError
from aita.models.run import Outcome, RetryState, Run, RunStatus, TaskStatus
from aita.tasks.batchable import BatchableLLMTask
from aita.tasks.llm_task import LLMTask
from aita.tasks.registry import register
from aita.tasks.request import LLMRequest, Message
from tests.support.fakes import NONSENSE, Crash, Harness, answer_key, busy, question_of, questions_of, reply, right

IDS = ("q0", "q1", "q2", "q3")
Say = Callable[[LLMRequest], str]


def exam(harness: Harness, **texts: str) -> None:
    """Give four short questions, some with another text."""
    harness.exam(
        *(
            {
                "question_id": each,
                "question_text": texts.get(each, f"Why {each}?"),
                "points": 2,
                "question_type": "short_answer",
            }
            for each in IDS
        )
    )


def asked(harness: Harness) -> list[list[str]]:
    """Return the questions of each call about answer keys."""
    return [questions_of(each) for each in harness.model.requests if each.schema_name != "Rubric"]


def every_part(request: LLMRequest) -> str:
    return right(request)


def some_parts(request: LLMRequest) -> str:
    """Leave q1 out of replies about several questions, and reply wrongly about q2."""
    if request.schema_name != "AnswerKeys":
        return right(request)
    keys = [answer_key(each) for each in questions_of(request) if each != "q1"]
    return json.dumps({"answer_keys": [key if key["question_id"] != "q2" else {"question_id": "q2"} for key in keys]})


def no_part(request: LLMRequest) -> str:
    return NONSENSE if request.schema_name == "AnswerKeys" else right(request)


def failing_alone(*ids: str) -> Say:
    """Reply with nonsense to what is asked together, and to these questions."""
    return lambda request: (
        NONSENSE if request.schema_name == "AnswerKey" and question_of(request) in ids else no_part(request)
    )


SAYS: list[Say] = [every_part, some_parts, no_part]


def paid_keys(harness: Harness) -> set[str]:
    """Return where the replies to the model's calls are cached."""
    context = harness.model.provider, harness.model.model
    return {f"cache/{request.digest(*context)}.json" for request in harness.model.requests}


class Effects:
    """Counts what is written of replies and tasks; dies at one of these places, before or after it is done."""

    def __init__(self, harness: Harness, place: int | None = None, *, after: bool = False) -> None:
        self.count = self.lost = 0
        self._harness, self._place, self._after = harness, place, after
        self._places = itertools.count()
        put, record, count = harness.objects.put, harness.tasks.record, harness.runs.count
        harness.objects.put = self._dying(put)  # type: ignore[method-assign]
        harness.tasks.record = self._dying(record)  # type: ignore[method-assign]
        harness.runs.count = self._dying(count)  # type: ignore[method-assign]

    def _dying(self, do: Callable[..., Any]) -> Callable[..., Any]:
        def act(where: str, *args: Any) -> Any:
            if "/" in where and "cache/" not in where and "/results/" not in where:
                return do(where, *args)  # the files of Plan and Collect
            place = next(self._places)
            self.count = max(self.count, place + 1)
            if place == self._place and not self._after:
                self.lost += where in paid_keys(self._harness)
                raise Crash("before")
            done = do(where, *args)
            if place == self._place:
                raise Crash("after")
            return done

        return act


def effects_of_a_call(say: Say) -> int:
    harness = Harness()
    exam(harness)
    harness.model.otherwise = say
    (event,) = harness.events(harness.begin(batch_size=5))
    effects = Effects(harness)
    harness.invoke(event)
    return effects.count


def calls_of(say: Say) -> int:
    harness = Harness()
    exam(harness)
    harness.model.otherwise = say
    return harness.run(batch_size=5).usage.calls


def check_whole(harness: Harness, run: Run, lost: int = 0) -> None:
    """Check that all succeeded, that nothing was asked twice, and that rows sum to what was paid."""
    assert run.status is RunStatus.SUCCEEDED
    assert set(harness.artifact("answer_keys.json")) == set(IDS)
    assert [run.stages[stage].succeeded for stage in ("answer_key", "rubric")] == [4, 4]
    paid = Counter(request.digest() for request in harness.model.requests)
    assert paid.total() - len(paid) == lost, "only what a crash kept from the cache is asked again"
    assert sum(row.usage.calls for row in harness.rows(run)) == run.usage.calls == paid.total() - lost


CUTS = [
    pytest.param(say, place, after, id=f"{say.__name__}-{place}-{'after' if after else 'before'}")
    for say in SAYS
    for place in range(effects_of_a_call(say))
    for after in (False, True)
]


@pytest.mark.parametrize(("say", "place", "after"), CUTS)
class TestCrashAnywhere:
    def test_a_retry_comes_to_the_same(self, harness: Harness, say: Say, place: int, after: bool) -> None:
        exam(harness)
        harness.model.otherwise = say
        effects = Effects(harness, place, after=after)
        run = harness.drive(harness.begin(batch_size=5), retries=1)
        assert effects.count > place, "it did crash"
        check_whole(harness, run, effects.lost)
        assert run.usage.calls == calls_of(say)

    def test_so_does_a_resume(self, harness: Harness, say: Say, place: int, after: bool) -> None:
        exam(harness)
        harness.model.otherwise = say
        effects = Effects(harness, place, after=after)
        run = harness.drive(harness.begin(batch_size=5), retries=0)
        counts = run.stages["answer_key"]
        succeeded = {row.task_id for row in harness.rows(run, "answer_key") if row.status is TaskStatus.SUCCEEDED}
        assert (counts.succeeded, counts.failed) == (len(succeeded), 4 - len(succeeded)), "what has no row has failed"
        if counts.failed:
            assert run.status in {RunStatus.PARTIAL, RunStatus.FAILED}
            run = harness.resume(run)
        check_whole(harness, run, effects.lost)
        again = 0 if say is every_part else 1  # what is left together is another request
        assert calls_of(say) <= run.usage.calls <= calls_of(say) + again


class TestWaiting:
    @pytest.mark.parametrize("checkpointing", [True, False])
    @pytest.mark.parametrize(("say", "place"), [(say, place) for say in SAYS for place in range(calls_of(say) - 4)])
    def test_at_any_call_pays_nothing_twice(self, harness: Harness, say: Say, place: int, checkpointing: bool) -> None:
        exam(harness)
        calls = itertools.count()

        def busy_once(request: LLMRequest) -> str:
            if next(calls) == place:
                harness.model.requests.pop()
                raise busy(3)
            return say(request)

        harness.model.otherwise = busy_once
        run = harness.run(batch_size=5, enable_checkpointing=checkpointing)
        assert run.waits == 1
        check_whole(harness, run)
        assert run.usage.calls == calls_of(say), "what was asked together is not asked together again"

    def test_an_invocation_without_time_goes_on_in_the_next(self, harness: Harness) -> None:
        exam(harness)
        harness.model.otherwise = no_part
        run = harness.begin(batch_size=5, enable_checkpointing=False)
        (event,) = harness.events(run)
        for done in range(5):
            time_for_one = iter([900.0])
            executed = harness.executor.execute(event, partial(next, time_for_one, 0.0))
            assert executed.answer.outcome is (Outcome.WAIT if done < 4 else Outcome.SUCCEEDED)
        assert asked(harness) == [list(IDS), *([each] for each in IDS)]
        assert sum(row.usage.calls for row in harness.rows(run)) == len(asked(harness)) == 5

    def test_who_was_refused_alone_comes_back_with_its_slot(self, harness: Harness) -> None:
        exam(harness)
        harness.model.otherwise = right
        (event,) = harness.events(harness.begin(batch_size=5, rate_limit_rps=4))
        harness.model.say(some_parts, busy(7.5))
        answer = harness.invoke(event).answer
        assert (answer.outcome, answer.wait) == (Outcome.WAIT, 7)
        assert answer.waited.slot_due == round((harness.clock.monotonic() + 7.5) * 1000)
        harness.clock.advance(answer.wait)
        again = event.model_copy(update={"waited": answer.waited})
        assert harness.invoke(again).answer.outcome is Outcome.SUCCEEDED
        assert answer.waited.slot_due / 1000 in harness.limiter.reservations

    def test_an_answer_to_one_ends_the_count_of_failures(self, harness: Harness) -> None:
        exam(harness)
        (event,) = harness.events(harness.begin(batch_size=5))
        event = event.model_copy(update={"waited": RetryState(failures=7, lone=7, lone_since=1)})
        harness.model.say(NONSENSE, right, busy())
        waited = harness.invoke(event).answer.waited
        assert (waited.failures, waited.lone_since) == (1, int(harness.clock.monotonic()))


class TestStopping:
    def stopped(self, harness: Harness, *says: Any, **options: Any) -> Run:
        exam(harness)
        harness.model.otherwise = right
        harness.model.say(*says)
        return harness.run(batch_size=5, **options)

    def test_a_halt_keeps_what_is_recorded_and_a_resume_runs_the_rest(self, harness: Harness) -> None:
        run = self.stopped(harness, some_parts, RunStopped("the provider answered 401"))
        assert run.status is RunStatus.HALTED
        assert {row.refs["question_id"] for row in harness.rows(run)} == {"q0", "q3"}
        harness.model.requests.clear()
        assert harness.resume(run).status is RunStatus.SUCCEEDED
        assert asked(harness) == [["q1", "q2"]]

    def test_so_does_a_cap(self, harness: Harness) -> None:
        run = self.stopped(harness, some_parts, max_cost_usd=0.6)
        assert run.status is RunStatus.BUDGET_REACHED
        assert {row.refs["question_id"] for row in harness.rows(run)} == {"q0", "q3"}
        assert run.usage.calls == harness.model.calls == 1

    def test_a_cancelled_run_asks_nobody_alone(self, harness: Harness) -> None:
        exam(harness)
        run = harness.begin(batch_size=5)
        (event,) = harness.events(run)

        def cancelling(request: LLMRequest) -> str:
            harness.submissions.cancel(run.run_id)
            harness.clock.advance(6)
            return some_parts(request)

        harness.model.otherwise = cancelling
        assert harness.invoke(event).answer.outcome is Outcome.SKIPPED
        assert harness.model.calls == 1
        assert len(harness.rows(run)) == 2

    def test_an_earlier_attempt_writes_nothing_over_a_later_one(self, harness: Harness) -> None:
        exam(harness)
        run = harness.begin(batch_size=5)
        (event,) = harness.events(run)
        harness.submissions.cancel(run.run_id)
        done = harness.resume(run)
        before = harness.snapshot(done)
        assert harness.invoke(event).answer.outcome is Outcome.SKIPPED
        assert harness.snapshot(done) == before


class TestRejected:
    def test_a_reply_whose_tasks_all_failed_is_asked_for_afresh(self, harness: Harness) -> None:
        exam(harness)
        harness.model.otherwise = failing_alone(*IDS)
        run = harness.run(batch_size=5)
        assert run.status is RunStatus.FAILED
        assert run.usage.calls == harness.model.calls == 1 + 4 * 4
        harness.model.otherwise = right
        run = harness.resume(run)
        assert asked(harness)[17:] == [list(IDS)]
        assert run.usage.calls == harness.model.calls

    def test_its_cost_is_counted_once_though_the_run_was_stopped_in_between(self, harness: Harness) -> None:
        exam(harness)
        harness.model.otherwise = right
        harness.model.say(*[NONSENSE] * 5, RunStopped("the provider answered 401"))
        run = harness.run(batch_size=5)
        assert [(row.refs["question_id"], row.usage.calls) for row in harness.rows(run)] == [("q0", 5)]
        run = harness.resume(run)
        assert run.status is RunStatus.SUCCEEDED
        assert run.usage.calls == sum(row.usage.calls for row in harness.rows(run)) == harness.model.calls - 1

    def test_one_whose_tasks_succeed_alone_is_kept_and_a_rerun_is_free(self, harness: Harness) -> None:
        exam(harness)
        harness.model.otherwise = no_part
        harness.run(batch_size=5)
        before = harness.model.calls
        run = harness.run(batch_size=5)
        assert (run.status, harness.model.calls, run.usage.calls) == (RunStatus.SUCCEEDED, before, 0)

    def test_one_that_had_parts_is_kept_though_another_task_failed(self, harness: Harness) -> None:
        exam(harness)
        harness.model.otherwise = lambda request: (
            NONSENSE if request.schema_name == "AnswerKey" else some_parts(request)
        )
        assert harness.run(batch_size=5).status is RunStatus.PARTIAL
        harness.model.otherwise = right
        harness.model.requests.clear()
        assert harness.run(batch_size=5).status is RunStatus.SUCCEEDED
        assert asked(harness) == [["q1"], ["q2"]]

    @pytest.mark.parametrize("changes", [{"refusal": True}, {"finish_reason": "length"}])
    def test_one_that_is_refused_or_cut_is_no_use_whatever_it_holds(
        self, harness: Harness, changes: dict[str, Any]
    ) -> None:
        exam(harness)
        harness.model.say(lambda request: reply(right(request), **changes))
        harness.run(batch_size=5)
        assert asked(harness) == [list(IDS), *([each] for each in IDS)]

    def test_what_the_provider_takes_only_alone_is_asked_alone(self, harness: Harness) -> None:
        exam(harness)
        harness.model.otherwise = right
        harness.model.say(TaskError("the provider answered 400 and refuses the request"))
        run = harness.run(batch_size=5)
        assert run.status is RunStatus.SUCCEEDED
        assert asked(harness) == [list(IDS), *([each] for each in IDS)]
        assert run.usage.calls == harness.model.calls - 1


class TestReruns:
    def test_an_identical_run_is_free(self, harness: Harness) -> None:
        exam(harness)
        harness.model.otherwise = some_parts
        harness.run(batch_size=5)
        before = harness.model.calls
        kept = {key: data for key, data in harness.objects.data.items() if key.startswith("cache/")}
        assert harness.run(batch_size=5).usage.calls == 0
        assert harness.model.calls == before
        assert kept == {key: data for key, data in harness.objects.data.items() if key.startswith("cache/")}

    def test_what_was_asked_alone_before_is_not_asked_again_together(self, harness: Harness) -> None:
        exam(harness)
        harness.run(batch_size=1)
        exam(harness, q3="And why?")
        harness.model.requests.clear()
        harness.run(batch_size=5)
        assert asked(harness) == [["q3"]]

    @pytest.mark.parametrize("changed", [["q2"], ["q0", "q3"]])
    def test_only_questions_that_were_changed_are_asked_again(self, harness: Harness, changed: list[str]) -> None:
        exam(harness)
        harness.run(batch_size=5)
        exam(harness, **{each: f"And why {each}?" for each in changed})
        harness.model.requests.clear()
        run = harness.run(batch_size=5)
        assert asked(harness) == [changed]
        assert run.usage.calls == harness.model.calls == 1 + len(changed)
        assert {row.usage.cached_calls for row in harness.rows(run, "answer_key")} == {0, 1}

    def test_a_part_that_the_rules_no_longer_take_is_asked_again(self, harness: Harness) -> None:
        exam(harness)
        harness.run(batch_size=5)
        for key, data in list(harness.objects.data.items()):
            if key.startswith("cache/") and key not in paid_keys(harness):
                harness.objects.data[key] = data.replace(b"correct_answer", b"wrong")
        exam(harness, q0="And why?")
        harness.model.requests.clear()
        assert harness.run(batch_size=5).status is RunStatus.SUCCEEDED
        assert asked(harness) == [list(IDS)]

    def test_without_batching_no_part_of_a_shared_reply_is_taken(self, harness: Harness) -> None:
        exam(harness)
        harness.run(batch_size=5)
        harness.model.requests.clear()
        harness.run(batch_size=1)
        assert asked(harness) == [[each] for each in IDS]

    def test_without_checkpointing_a_resume_asks_all_afresh(self, harness: Harness) -> None:
        exam(harness)
        run = harness.run(batch_size=5, enable_checkpointing=False)
        harness.model.requests.clear()
        assert harness.resume(run).status is RunStatus.SUCCEEDED
        assert asked(harness) == [list(IDS)]


class Twice(BaseModel):
    twice: int


class TwiceAll(BaseModel):
    all: dict[str, int]


class TwiceAllTask(LLMTask[TwiceAll]):
    """Ask for several; it has the usual policy for replies that are wrong."""

    response_model = TwiceAll
    numbers: tuple[int, ...]

    def messages(self) -> tuple[Message, ...]:
        return (Message("user", " ".join(map(str, self.numbers))),)


@register("test_twice")
class TwiceTask(BatchableLLMTask[Twice]):
    """A kind of somebody's own; ``fault`` says where its code is wrong."""

    response_model = Twice
    number: int
    fault: str = ""
    known: bool = False

    def messages(self) -> tuple[Message, ...]:
        return (Message("user", str(self.number)),)

    def given(self) -> Twice | None:
        if self.fault == "given":
            raise TaskError("what was given is wrong")
        return Twice(twice=2 * self.number) if self.known else None

    def can_batch_with(self, other: "TwiceTask") -> bool:
        return True

    def combine_with(self, others: Sequence["TwiceTask"]) -> LLMTask[Any]:
        if self.fault == "combine":
            raise ZeroDivisionError
        return TwiceAllTask(numbers=(self.number, *(other.number for other in others)))

    def split_batch_result(self, result: Any, tasks: Sequence["TwiceTask"]) -> Any:
        match self.fault:
            case "split":
                raise KeyError("x")
            case "short":
                return [json.dumps({"twice": result.all[str(task.number)]}) for task in tasks[1:]]
            case "no text":
                return [7 for _ in tasks]
        return [json.dumps({"twice": result.all[str(task.number)]}) for task in tasks]


def doubling(request: LLMRequest) -> str:
    numbers = request.messages[0].text.split()
    if request.schema_name == "Twice":
        return json.dumps({"twice": 2 * int(numbers[0])})
    return json.dumps({"all": {number: 2 * int(number) for number in numbers}})


class TestKindsOfOnesOwn:
    def run(self, harness: Harness, *lines: dict[str, Any]) -> Run:
        harness.put("tasks/test_twice.jsonl", "\n".join(map(json.dumps, lines)))
        harness.model.otherwise = doubling
        return harness.run("kind.test_twice", batch_size=5)

    def texts(self, harness: Harness) -> list[str]:
        return [request.messages[0].text for request in harness.model.requests]

    def test_they_share_calls(self, harness: Harness) -> None:
        assert self.run(harness, *({"number": n} for n in range(7))).status is RunStatus.SUCCEEDED
        assert self.texts(harness) == ["0 1 2 3 4", "5 6"]

    @pytest.mark.parametrize("fault", ["combine", "split", "short", "no text"])
    def test_code_that_is_wrong_has_each_asked_alone(self, harness: Harness, fault: str) -> None:
        run = self.run(harness, *({"number": n, "fault": fault} for n in range(3)))
        assert run.status is RunStatus.SUCCEEDED
        assert self.texts(harness)[-3:] == ["0", "1", "2"]
        assert [harness.result(harness.row(run, "kind.test_twice", line=n + 1))["result"] for n in range(3)] == [
            {"twice": 2 * n} for n in range(3)
        ]
        assert run.usage.calls == harness.model.calls

    def test_a_result_that_was_given_joins_no_call(self, harness: Harness) -> None:
        run = self.run(harness, {"number": 0}, {"number": 1, "known": True}, {"number": 2})
        assert run.status is RunStatus.SUCCEEDED
        assert self.texts(harness) == ["0 2"]

    def test_a_wrong_given_result_fails_its_task_alone(self, harness: Harness) -> None:
        run = self.run(harness, {"number": 0}, {"number": 1, "fault": "given"}, {"number": 2})
        assert (run.status, run.stages["kind.test_twice"].failed) == (RunStatus.PARTIAL, 1)
        assert self.texts(harness) == ["0 2"]

    def test_whatever_its_policy_a_shared_call_is_made_once(self, harness: Harness) -> None:
        harness.model.say(NONSENSE)
        assert self.run(harness, {"number": 0}, {"number": 1}).status is RunStatus.SUCCEEDED
        assert self.texts(harness) == ["0 1", "0", "1"]


class TestTold:
    def test_an_answer_says_how_many_ended_how(self, harness: Harness) -> None:
        exam(harness)
        harness.model.otherwise = failing_alone("q3")
        run = harness.begin(batch_size=5)
        (event,) = harness.events(run)
        executed = harness.invoke(event)
        assert executed.answer.outcome is Outcome.FAILED
        assert executed.ends == {Outcome.SUCCEEDED: 3, Outcome.FAILED: 1}
        assert executed.spent.usage.calls == harness.model.calls == harness.runs.get(run.run_id).usage.calls

    def test_the_progress_counts_tasks_and_not_calls(self, harness: Harness) -> None:
        exam(harness)
        run = harness.begin(batch_size=3)
        first, second = harness.events(run)
        assert len(harness.items(run, "answer_key")) == 4
        assert [len(each["batch"]) if "batch" in each else 0 for each in harness.to_run(run, "answer_key")] == [2, 0]
        harness.clock.advance(30)
        harness.invoke(first)
        view = harness.reader.view(harness.runs.get(run.run_id))
        assert (view.stages[0].succeeded, view.stages[0].total, view.eta_seconds) == (3, 4, 10.0)
        pending = harness.reader.tasks_of(harness.runs.get(run.run_id), TaskStatus.PENDING, 10, None)
        assert [task.task_id for task in pending.tasks] == [second.item.task_id]

    def test_a_state_holds_ids_and_refs_only(self, harness: Harness) -> None:
        exam(harness, q1="VEXILLOLOGY")
        run = harness.begin(batch_size=5)
        harness.plan(run)
        (entry,) = harness.to_run(run, "answer_key")
        assert set(entry) == {"task_id", "refs", "batch"}
        assert [set(each) for each in entry["batch"]] == [{"task_id", "refs"}] * 3
        assert "VEXILLOLOGY" not in json.dumps(entry)
