"""The executor on the stack: what travels there, what comes back, and what is asked again."""

import hashlib
import json
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel

from aita import BrokenRuleError, LLMTask, Message, Parameters, RetryPolicy, SimpleLLMTask, VisionLLMTask
from aita.errors import ConflictError, LocalStackError, RunStopped, SettingsError, StackError
from aita.executor import stack as stack_module
from aita.executor.config import ParallelExecutionConfig
from aita.executor.stack import StackExecutor, assignment_of
from aita.models.run import Run, RunStatus
from aita.tasks.request import LLMRequest
from tests.support.fakes import COST_OF_A_CALL, Harness, reply
from tests.support.harness_stack import HarnessStack

PNG = b"\x89PNG\r\n\x1a\n a page"
OTHER_PNG = b"\x89PNG\r\n\x1a\n another page"


class Count(BaseModel):
    number: int


class CountTask(LLMTask[Count]):
    """Count, up to a limit."""

    response_model: ClassVar[type[BaseModel]] = Count
    retry_policy: ClassVar[RetryPolicy] = RetryPolicy(unparsable=1, broken_rule=2)

    of: str
    provided: Count | None = None

    def messages(self) -> tuple[Message, ...]:
        return Message("system", "Count."), Message("user", self.of)

    def given(self) -> Count | None:
        return self.provided

    def validate_reply(self, reply: Count) -> Count:
        if reply.number > 9:
            raise BrokenRuleError("number is more than 9")
        return reply

    def checkpoint_data(self) -> dict[str, Any]:
        return {"of": self.of}


class Bounded(SimpleLLMTask):
    """A prompt with parameters of its own."""

    parameters: ClassVar[Parameters] = Parameters(
        temperature=0.5, max_output_tokens=100, expected_output_tokens=20, max_reply_characters=300
    )


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AITA_LOCAL", "AITA_HOME", "AITA_MAX_COST_USD"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def stack() -> HarnessStack:
    harness = Harness()
    harness.model.otherwise = lambda request: f"re: {request.messages[-1].text}"
    return HarnessStack(harness)


def prompts(*texts: str) -> list[LLMTask[Any]]:
    return [SimpleLLMTask(task_id=text, prompt=text) for text in texts]


def last_texts(requests: list[LLMRequest]) -> list[str]:
    return [request.messages[-1].text for request in requests]


class TestOneRound:
    def test_results_come_in_the_order_given_with_what_they_took(self, stack: HarnessStack) -> None:
        batch = stack.executor().execute_batch(prompts("a", "b", "c"), "glossary")
        assert [result.task_id for result in batch.task_results] == ["a", "b", "c"]
        assert [result.result for result in batch.task_results] == ["re: a", "re: b", "re: c"]
        first = batch.task_results[0]
        assert (first.raw_response, first.retry_count, first.error, first.resumed) == ("re: a", 0, None, False)
        assert (first.execution_time, first.tokens, first.cost) == (1.0, 110, COST_OF_A_CALL)
        assert batch.stopped is None
        assert batch.metrics.calls == stack.harness.model.calls == 3

    def test_a_task_of_ones_own_is_judged_here(self, stack: HarnessStack) -> None:
        stack.harness.model.otherwise = lambda request: '{"number": 3}'
        (result,) = stack.executor().execute_batch([CountTask(of="apples")]).task_results
        assert (result.result, result.metadata) == (Count(number=3), {"of": "apples"})

    @pytest.mark.parametrize("task", [CountTask(of="apples"), SimpleLLMTask(prompt="a"), Bounded(prompt="b")])
    def test_the_model_is_asked_what_it_is_asked_in_process(self, stack: HarnessStack, task: LLMTask[Any]) -> None:
        stack.harness.model.otherwise = lambda request: '{"number": 3}'
        stack.executor().execute_batch([task])
        assert stack.harness.model.requests == [task.request()]

    def test_what_a_person_provided_makes_no_call_and_needs_no_stack(self) -> None:
        executor = StackExecutor(ParallelExecutionConfig(show_progress=False), no_stack)
        (result,) = executor.execute_batch([CountTask(of="pears", provided=Count(number=2))]).task_results
        assert (result.success, result.result, result.metadata) == (True, Count(number=2), {"of": "pears"})
        assert executor.execute_batch([]).success_rate == 1

    def test_runs_are_started_with_the_configuration_and_the_stacks_own_workers(self, stack: HarnessStack) -> None:
        stack.executor(max_workers=50, checkpoint_interval=3).execute_batch(prompts("a"), "glossary")
        (started,) = stack.started
        assert (started["assignment"], started["pipeline"]) == ("glossary", "kind.chat")
        assert started["options"]["checkpoint_interval"] == 3
        assert "max_workers" not in started["options"]

    def test_a_warning_of_the_api_is_shown_once_for_a_batch(
        self, stack: HarnessStack, caplog: pytest.LogCaptureFixture
    ) -> None:
        stack.harness.model.say("no count", '{"number": 3}')
        stack.warning = "the runs at work want more than Lambda runs at once"
        stack.executor().execute_batch([CountTask(of="apples")], "glossary")
        assert len(stack.started) == 2, "a reply was asked for again"
        (record,) = (each for each in caplog.records if each.levelname == "WARNING")
        assert record.getMessage().endswith(f" of glossary: {stack.warning}")

    def test_a_failure_on_the_stack_is_told_as_it_is_there(self, stack: HarnessStack) -> None:
        stack.harness.model.say(reply("no", refusal=True))
        refused, fine = stack.executor().execute_batch(prompts("a", "b")).task_results
        assert (refused.error or "").startswith("RefusalError: ")
        assert fine.success

    def test_more_than_a_file_holds_goes_in_parts(self, stack: HarnessStack, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(stack_module, "MOST_BYTES", 60)
        batch = stack.executor().execute_batch(prompts("a", "b", "c" * 200, "d"))
        assert [result.success for result in batch.task_results] == [True, True, False, True]
        assert (batch.task_results[2].error or "").startswith("TooLongError: ")
        assert len(stack.started) == 2


class TestTasksThatCanNotBeAsked:
    def test_only_they_fail(self, stack: HarnessStack, tmp_path: Path) -> None:
        class Raises(SimpleLLMTask):
            def messages(self) -> tuple[Message, ...]:
                raise KeyError("of the author's own")

        class KeepsAnObject(SimpleLLMTask):
            def checkpoint_data(self) -> dict[str, Any]:
                return {"it": object()}

        tasks = [
            *prompts("a", "a"),
            Raises(task_id="raises", prompt="x"),
            KeepsAnObject(task_id="keeps", prompt="x"),
            SimpleLLMTask(task_id="half a character", prompt="\ud800"),
            VisionLLMTask(task_id="no image", prompt="x", images=(tmp_path / "none.png",)),
            SimpleLLMTask(task_id="parser", prompt="y", parse_fn=dict[str, str]().__getitem__),
        ]
        batch = stack.executor().execute_batch(tasks)
        told = [(result.error or "").partition(":")[0] for result in batch.task_results]
        code = "TaskCodeError"
        assert told == ["", "RequestError", code, "", "TaskError", "MissingInputError", code]
        assert "half a character" in (batch.task_results[4].error or "")
        assert last_texts(stack.harness.model.requests) == ["a", "x", "y"]


class TestAskingAgain:
    def test_a_reply_that_breaks_a_rule_is_answered_in_a_further_run(self, stack: HarnessStack) -> None:
        stack.harness.model.say('{"number": 3}', '{"number": 12}', '{"number": 4}')
        batch = stack.executor().execute_batch([CountTask(of="a"), CountTask(of="b")])
        fine, again = batch.task_results
        assert (fine.result, again.result) == (Count(number=3), Count(number=4))
        assert (fine.retry_count, again.retry_count, again.usage.calls) == (0, 1, 2)
        said = stack.harness.model.requests[-1].messages
        assert [message.role for message in said] == ["system", "user", "assistant", "user"]
        assert (said[2].text, "number is more than 9" in said[3].text) == ('{"number": 12}', True)
        assert len(stack.started) == 2

    @pytest.mark.parametrize(
        ("text", "error", "asks"), [("no", "UnparsableReplyError", 2), ('{"number": 12}', "BrokenRuleError", 3)]
    )
    def test_it_is_asked_as_often_as_the_policy_allows(
        self, stack: HarnessStack, text: str, error: str, asks: int
    ) -> None:
        stack.harness.model.otherwise = lambda request: text
        (result,) = stack.executor().execute_batch([CountTask(of="a")]).task_results
        assert (result.error or "").startswith(f"{error}: asked {asks} times")
        assert (result.raw_response, stack.harness.model.calls, result.usage.calls) == (text, asks, asks)


class TestImages:
    def vision(self, path: Path, **changes: Any) -> VisionLLMTask:
        return VisionLLMTask(**{"task_id": path.name, "prompt": "What is it?", "images": (path,)} | changes)

    def test_they_lie_beside_the_tasks_by_their_digest_and_are_sent_once(
        self, stack: HarnessStack, tmp_path: Path
    ) -> None:
        (tmp_path / "a.png").write_bytes(PNG)
        stack.harness.model.say("no", "yes")

        def agree(text: str) -> str:
            if text == "no":
                raise ValueError("say yes")
            return text

        task = self.vision(tmp_path / "a.png", parse_fn=agree)
        (result,) = stack.executor().execute_batch([task], "pages").task_results
        digest = hashlib.sha256(PNG).hexdigest()
        assert (result.result, result.retry_count) == ("yes", 1)
        first, second = stack.sent[:2], stack.sent[2:]  # what one run needs is sent at once, in any order
        assert (sorted(first), second) == ([f"images/{digest}.png", "tasks/chat.jsonl"], ["tasks/chat.jsonl"])
        assert stack.harness.objects.data[f"pages/images/{digest}.png"] == PNG
        assert stack.harness.model.images == [{digest: PNG}] * 2

    @pytest.mark.parametrize("data", [b"%PDF-1.7", b"RIFF\x24\0\0\0WAVEfmt "], ids=["a PDF", "a sound"])
    def test_a_file_that_is_no_image_fails_its_task_alone(
        self, stack: HarnessStack, tmp_path: Path, data: bytes
    ) -> None:
        (tmp_path / "a.png").write_bytes(data)
        (tmp_path / "b.png").write_bytes(PNG)
        first, second = (
            stack.executor().execute_batch([self.vision(tmp_path / n) for n in ("a.png", "b.png")]).task_results
        )
        assert (first.error or "").startswith("TaskError: an image of this task is neither")
        assert second.success

    def test_a_file_that_was_changed_meanwhile_fails_its_task(self, stack: HarnessStack, tmp_path: Path) -> None:
        path = tmp_path / "a.png"
        path.write_bytes(PNG)

        class ChangesIt(VisionLLMTask):
            def request(self) -> LLMRequest:
                request = super().request()
                path.write_bytes(OTHER_PNG)
                return request

        (result,) = stack.executor().execute_batch([ChangesIt(task_id="x", prompt="x", images=(path,))]).task_results
        assert (result.error or "").startswith("MissingInputError: an image of this task was changed")


class TestExecutedAgain:
    def test_nothing_is_paid_twice(self, stack: HarnessStack) -> None:
        first = stack.executor().execute_batch(prompts("a", "b"), "week 3")
        again = stack.executor().execute_batch(prompts("a", "b", "c"), "week 3", resume_from_checkpoint=True)
        assert [result.result for result in again.task_results] == ["re: a", "re: b", "re: c"]
        assert [result.resumed for result in again.task_results] == [True, True, False]
        assert [result.resumed for result in first.task_results] == [False, False]
        assert (again.metrics.resumed, again.metrics.calls, stack.harness.model.calls) == (2, 1, 3)

    def test_without_checkpointing_everything_is_asked_anew(self, stack: HarnessStack) -> None:
        for _ in range(2):
            stack.executor(enable_checkpointing=False).execute_batch(prompts("a"), "week 3")
        assert stack.harness.model.calls == 2

    def test_what_failed_over_cached_replies_is_asked_anew(self, stack: HarnessStack) -> None:
        stack.harness.model.otherwise = lambda request: "no"
        stack.executor().execute_batch([CountTask(of="a")], "week 3")
        stack.harness.model.otherwise = lambda request: '{"number": 1}'
        (result,) = stack.executor().execute_batch([CountTask(of="a")], "week 3").task_results
        assert (result.result, result.usage.calls, stack.harness.model.calls) == (Count(number=1), 1, 3)
        (result,) = stack.executor().execute_batch([CountTask(of="a")], "week 3").task_results
        assert (result.result, result.resumed, stack.harness.model.calls) == (Count(number=1), True, 3)

    def test_one_that_can_not_be_asked_anew_fails_alone(self, stack: HarnessStack) -> None:
        class AsksOnce(CountTask):
            def messages(self) -> tuple[Message, ...]:
                begun.append(self.of)
                if len(begun) > 2:  # its id and its first question
                    raise KeyError("of the author's own")
                return super().messages()

        begun: list[str] = []
        stack.harness.model.otherwise = lambda request: "no"
        stack.executor().execute_batch([CountTask(of="a")], "week 3")
        batch = stack.executor().execute_batch([AsksOnce(of="a"), *prompts("b")], "week 3")
        assert (batch.task_results[0].error or "").startswith("TaskCodeError: the task's own code raised KeyError")
        assert batch.task_results[1].success

    def test_and_is_not_if_so_set(self, stack: HarnessStack) -> None:
        stack.harness.model.otherwise = lambda request: "no"
        for _ in range(2):
            batch = stack.executor(retry_failed_tasks=False).execute_batch([CountTask(of="a")], "week 3")
        assert (batch.task_results[0].success, stack.harness.model.calls) == (False, 2)

    def test_a_run_that_a_killed_caller_left_is_waited_for(self, stack: HarnessStack) -> None:
        stack.harness.put("tasks/chat.jsonl", '{"messages": [{"text": "a"}]}', "week")
        left = stack.harness.begin("kind.chat", "week")
        (result,) = stack.executor().execute_batch(prompts("a"), "week").task_results
        assert stack.harness.runs.get(left.run_id).status is RunStatus.SUCCEEDED
        assert (result.result, result.resumed, stack.harness.model.calls) == ("re: a", True, 1)

    def test_starts_that_are_refused_for_ever_are_told(self, stack: HarnessStack) -> None:
        stack.harness.put("tasks/chat.jsonl", '{"prompt": "a"}', "week")
        left = stack.harness.begin("kind.chat", "week")
        stack.harness.runs.summaries.clear()  # whoever is in the way is not listed
        with pytest.raises(ConflictError, match=left.run_id):
            stack.executor().execute_batch(prompts("a"), "week")


class TestStopped:
    def test_what_was_done_is_given_and_the_rest_is_not_run(self, stack: HarnessStack) -> None:
        stack.harness.model.say("first", RunStopped("the provider answered 401"))
        batch = stack.executor().execute_batch(prompts("a", "b", "c"))
        first, *rest = batch.task_results
        assert (first.result, first.usage.calls) == ("first", 1)
        assert batch.stopped is not None
        assert "HALTED: the provider answered 401" in batch.stopped
        for result in rest:
            assert (result.error or "").startswith("NotRun: ")
            assert "401" in (result.error or "")

    def test_a_halted_runs_counts_do_not_call_what_was_left_out_failed(self, stack: HarnessStack) -> None:
        stack.harness.model.say("first", RunStopped("the provider answered 401"))
        stack.executor().execute_batch(prompts("a", "b", "c"), "week")
        (summary,) = stack.harness.reader.runs_of("week", 5, None).runs
        assert (summary.status, summary.succeeded, summary.failed) == (RunStatus.HALTED, 1, 0)

    def test_a_cancelled_run_answers_nothing_and_loses_nothing(self, stack: HarnessStack) -> None:
        def cancel(run: Run) -> None:
            stack.harness.submissions.cancel(run.run_id)

        stack.before = cancel
        batch = stack.executor().execute_batch(prompts("a"), "week")
        assert "CANCELLED" in (batch.stopped or "")
        assert (batch.task_results[0].error or "").startswith("NotRun: ")

    def test_a_cap_holds_for_all_rounds_together(self, stack: HarnessStack, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AITA_MAX_COST_USD", str(COST_OF_A_CALL * Decimal("2.5")))
        stack.harness.model.otherwise = lambda request: '{"number": 12}'
        monkeypatch.setattr("tests.support.fakes.HIGHEST_COST", COST_OF_A_CALL)
        batch = stack.executor().execute_batch([CountTask(of="a")])
        assert stack.harness.model.calls == 2
        assert "BUDGET_REACHED" in (batch.stopped or "")
        caps = [Decimal(started["options"]["max_cost_usd"]) for started in stack.started]
        assert caps == [COST_OF_A_CALL * n / 10 for n in (25, 15, 5)]

    def test_answers_to_other_questions_are_refused(self, stack: HarnessStack) -> None:
        def swap(run: Run) -> None:
            stack.harness.put("tasks/chat.jsonl", '{"prompt": "another batch asks"}', run.assignment)

        stack.before = swap
        with pytest.raises(StackError, match="answered other questions"):
            stack.executor().execute_batch(prompts("a"), "week")

    def test_a_stack_that_no_longer_answers(self, stack: HarnessStack) -> None:
        def unreachable(run: Run) -> None:
            raise StackError("the stack does not answer")

        stack.before = unreachable
        with pytest.raises(StackError, match=r"does not answer\. Run \w+ of week goes on"):
            stack.executor().execute_batch(prompts("a"), "week")

    def test_interrupted_it_says_how_to_go_on(self, stack: HarnessStack, capsys: pytest.CaptureFixture[str]) -> None:
        def interrupt(run: Run) -> None:
            raise KeyboardInterrupt

        stack.before = interrupt
        with pytest.raises(
            KeyboardInterrupt, match=r"0 of 1 tasks have a result: execute_batch\(tasks, 'week 3'\) goes on"
        ):
            stack.executor().execute_batch(prompts("a"), "week 3")
        told = capsys.readouterr().err
        assert "0 of 1 tasks are done" in told
        assert assignment_of("week 3") in told


class TestWhere:
    @pytest.mark.parametrize("name", ["glossary", "Week_3-b", "x" * 64])
    def test_a_name_that_an_assignment_may_have_is_its_name(self, name: str) -> None:
        assert assignment_of(name) == name

    @pytest.mark.parametrize("name", ["week 3", "../x", "runs", "Übung", "", "x" * 65, "a/b", "\ud800"])
    def test_another_is_written_as_one(self, name: str) -> None:
        assignment = assignment_of(name)
        assert assignment_of(assignment) == assignment, "an assignment may have it"
        assert assignment == assignment_of(name)

    def test_names_that_look_alike_stay_apart(self) -> None:
        assert len({assignment_of(name) for name in ("week 3", "week/3", "week-3", "week  3")}) == 4
        assert assignment_of(None) != assignment_of(None)

    def test_without_a_stack_it_says_so(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AITA_LOCAL", "true")
        monkeypatch.setenv("AITA_HOME", str(tmp_path))
        executor = StackExecutor(ParallelExecutionConfig(show_progress=False))
        with pytest.raises(LocalStackError, match="aita local up"):
            executor.execute_batch(prompts("a"))

    def test_a_wrong_choice_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AITA_LOCAL", "perhaps")
        with pytest.raises(SettingsError, match="AITA_LOCAL"):
            StackExecutor(ParallelExecutionConfig(show_progress=False)).execute_batch(prompts("a"))


def no_stack(assignment: str) -> Any:
    raise AssertionError("no stack is needed")


def test_what_travels_is_json_lines_that_the_kind_takes(stack: HarnessStack) -> None:
    stack.harness.model.otherwise = lambda request: '{"number": 1}'
    stack.executor().execute_batch([CountTask(of="two\nlines\u2028here")], "week")
    (line,) = stack.harness.objects.data["week/tasks/chat.jsonl"].decode().split("\n")[:-1]
    sent = json.loads(line)
    assert [message["text"] for message in sent["messages"]] == ["Count.", "two\nlines\u2028here"]
    assert (sent["schema_name"], "number" in sent["schema"]["properties"]) == ("Count", True)
