"""A kind over a file: what its lines may hold, what a run gathers of them, and how a kind is found."""

import hashlib
import json
import logging
import subprocess
import sys
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel

from aita.cli.commands.kinds import default_assignment
from aita.errors import InvalidMaterialError, RequestError, RunStopped
from aita.models.names import check_assignment, check_upload
from aita.models.run import Run, RunStatus, TaskStatus
from aita.services.assignments import task_files
from aita.services.assignments.task_files import read_lines
from aita.services.runs.pipelines import stage_of, stages_of
from aita.tasks.chat import ChatTask
from aita.tasks.llm_task import LLMTask, RetryPolicy
from aita.tasks.registry import all_kinds, find_kind, register
from aita.tasks.request import Message
from tests.support.fakes import Harness
from tests.unit.test_privacy import NAME, TEXT, holds, told

JPEG = b"\xff\xd8\xff a page"


class Grade(BaseModel):
    points: int


@register("test_grade")
class GradeTask(LLMTask[Grade]):
    """Grade an answer.

    More of it.
    """

    response_model: ClassVar[type[BaseModel]] = Grade
    retry_policy: ClassVar[RetryPolicy] = RetryPolicy(unparsable=0)

    answer: str
    provided: int | None = None

    def messages(self) -> tuple[Message, ...]:
        return Message("system", "Grade."), Message("user", self.answer)

    def given(self) -> Grade | None:
        return None if self.provided is None else Grade(points=self.provided)


def lines(*tasks: dict[str, Any]) -> str:
    return "".join(json.dumps(task) + "\n" for task in tasks)


def gathered(harness: Harness, run: Run) -> list[dict[str, Any]]:
    (file,) = harness.reader.results(harness.runs.get(run.run_id)).files
    assert file.name == f"{run.pipeline.removeprefix('kind.')}.results.json"
    found: list[dict[str, Any]] = harness.objects.json(file.url.removeprefix("memory:///").partition("?")[0])
    return found


class TestRuns:
    @pytest.fixture
    def graded(self, harness: Harness) -> Harness:
        harness.model.otherwise = lambda request: json.dumps({"points": len(request.messages[1].text)})
        harness.put(
            "tasks/test_grade.jsonl", lines({"answer": "a"}, {"answer": "bb", "provided": 9}, {"answer": "ccc"})
        )
        return harness

    def test_each_line_comes_to_its_result_and_what_it_took(self, graded: Harness) -> None:
        run = graded.run("kind.test_grade")
        first, second, third = gathered(graded, run)
        assert [(each["line"], each["result"]["points"]) for each in (first, second, third)] == [(1, 1), (2, 9), (3, 3)]
        assert (first["asks"], first["latency_ms"], first["usage"]["calls"]) == (1, 1000, 1)
        assert (second["asks"], second["usage"]) == (0, {})
        assert first["task_id"] in {row.task_id for row in graded.rows(run)}
        assert graded.model.calls == 2

    def test_a_line_that_failed_says_why_and_a_resume_runs_it_alone(self, graded: Harness) -> None:
        graded.model.say("no JSON")
        run = graded.run("kind.test_grade")
        assert run.status is RunStatus.PARTIAL
        assert gathered(graded, run)[0]["error"].startswith("UnparsableReplyError: asked 1 times")
        calls = graded.model.calls
        resumed = graded.resume(run)
        assert (resumed.status, graded.model.calls) == (RunStatus.SUCCEEDED, calls + 1)
        assert [each["result"]["points"] for each in gathered(graded, resumed)] == [1, 9, 3]

    def test_each_run_keeps_its_own_results(self, graded: Harness) -> None:
        first = graded.run("kind.test_grade")
        graded.put("tasks/test_grade.jsonl", lines({"answer": "dddd"}))
        second = graded.run("kind.test_grade")
        assert [len(gathered(graded, run)) for run in (first, second)] == [3, 1]

    def test_what_a_halted_run_has_done_is_gathered(self, graded: Harness) -> None:
        graded.model.say('{"points": 1}', RunStopped("the provider answered 401"))
        run = graded.run("kind.test_grade")
        assert run.status is RunStatus.HALTED
        assert [each["line"] for each in gathered(graded, run)] == [1, 2]
        counts = graded.runs.get(run.run_id).stages["kind.test_grade"]
        assert (counts.total, counts.succeeded, counts.failed) == (3, 2, 0)
        assert graded.resume(run).status is RunStatus.SUCCEEDED

    def test_the_list_of_runs_tells_that_it_was_halted(self, harness: Harness) -> None:
        harness.exam()
        harness.model.say(RunStopped("the provider answered 401"))
        harness.run("rubric")
        (summary,) = harness.reader.runs_of("midterm", 5, None).runs
        assert summary.status is RunStatus.HALTED
        assert "midterm/answer_keys.json" not in harness.objects.data, "an exam's artifact stays as it was"

    def test_a_run_of_a_kind_that_is_gone_can_be_looked_at(self, graded: Harness) -> None:
        run = graded.run("kind.test_grade")
        gone = run.model_copy(update={"pipeline": "kind.gone", "stages": {"kind.gone": run.stages["kind.test_grade"]}})
        assert graded.reader.view(gone).stages[0].stage == "kind.gone"

    def test_pending_tasks_are_listed_by_their_lines(self, graded: Harness) -> None:
        run = graded.begin("kind.test_grade")
        graded.plan(run)
        tasks = graded.reader.tasks_of(graded.runs.get(run.run_id), TaskStatus.PENDING, 100, None).tasks
        assert [task.refs for task in tasks] == [{"line": 1}, {"line": 2}, {"line": 3}]

    def test_what_was_made_wrong_since_ends_the_run_with_its_line(self, graded: Harness) -> None:
        run = graded.begin("kind.test_grade")
        graded.put("tasks/test_grade.jsonl", '{"answer": NaN}')
        assert graded.plan(run).count == 0
        ended = graded.runs.get(run.run_id)
        assert (ended.status, ended.reason) == (RunStatus.FAILED, "tasks/test_grade.jsonl, line 1: it is not JSON")

    def test_answer_keys_of_lines_share_calls_too(self, harness: Harness) -> None:
        question = {"question_text": "Why?", "points": 1, "question_type": "long_answer"}
        tasks = [{"question": question | {"question_id": str(number)}} for number in range(3)]
        harness.put("tasks/answer_key.jsonl", lines(*tasks))
        run = harness.run("kind.answer_key", batch_size=5)
        assert (run.status, harness.model.calls) == (RunStatus.SUCCEEDED, 1)
        assert [each["result"]["question_id"] for each in gathered(harness, run)] == ["0", "1", "2"]


class TestPrivacy:
    @pytest.mark.parametrize("said", ["XYLOPHONE-ANSWER", '{"points": "XYLOPHONE-ANSWER"}', '{"points": 1}'])
    def test_nothing_of_a_line_or_a_reply_is_in_any_state_row_or_log(
        self, harness: Harness, caplog: pytest.LogCaptureFixture, said: str
    ) -> None:
        caplog.set_level(logging.DEBUG)
        harness.model.otherwise = lambda request: said
        harness.put("tasks/test_grade.jsonl", lines({"answer": TEXT, "task_id": NAME}))
        run = harness.run("kind.test_grade")
        assert any(TEXT in request.messages[1].text for request in harness.model.requests)
        for text in told(harness, run):
            assert holds(text) == []
        assert "started attempt" in caplog.text
        assert holds(caplog.text) == []
        if run.status is not RunStatus.SUCCEEDED:
            assert holds(json.dumps(gathered(harness, run))) == []


class TestLines:
    @pytest.mark.parametrize(
        ("data", "told"),
        [
            ('{"prompt": "x", "temperature": NaN}', "line 1: it is not JSON"),
            ('{"prompt": "x", "temperature": -1}', "line 1: temperature: "),
            ('{"prompt": "\\ud800"}', "line 1: it is not JSON"),
            ('{"prompt": "x", "schema": {"a": "\\ud800"}}', "line 1: it is not JSON"),
            ('{"prompt": "x", "schema": ' + '{"a":' * 300 + "1" + "}" * 301, "line 1: it is not JSON"),
            ('{"prompt": "x"}, {"prompt": "y"}', "line 1: it is not JSON"),
            ('{"prompt": "x"}], [{"prompt": "y"}', "line 1: it is not JSON"),
            ('{"prompt": "x"}\n\n"x"', "line 3: it is no JSON object"),
            ('{"prompt": "x"}\r\n{"prompt": 7}\r\n', "line 2: prompt: "),
            (
                '{"prompt": "x", "tempreature": 1}',
                "line 1: tempreature: chat has no such field: it has task_id, prompt",
            ),
            ('{"messages": [{"role": "tool", "text": "x"}]}', "line 1: messages.0.role: "),
            (
                '{"messages": [{"text": "x", "images": [{"key": "k", "sha256": "../x"}]}]}',
                "line 1: messages.0.images.0",
            ),
            (
                lines({"task_id": "a", "prompt": "x"}, {"prompt": "y"}, {"task_id": "a", "prompt": "z"}),
                "line 3: task_id",
            ),
            ('{"prompt": "x"}'.encode("utf-16"), "byte 0 is not UTF-8"),
        ],
    )
    def test_a_wrong_one_is_named_by_its_number_and_field(self, data: Any, told: str) -> None:
        with pytest.raises(InvalidMaterialError) as refused:
            read_lines(ChatTask, data if isinstance(data, bytes) else data.encode(), "prompts.jsonl")
        assert f"prompts.jsonl, {told}" in str(refused.value) or f"prompts.jsonl: {told}" in str(refused.value)

    @pytest.mark.parametrize(
        "line",
        [
            '{"prompt": "VEXILLOLOGY", "temperature": "VEXILLOLOGY"}',
            '{"prompt": "x", "VEXILLOLOGY wrote this": 1}',
            '{"prompt": "x", "max_output_tokens": "VEXILLOLOGY"}',
            '{"messages": [{"text": ["VEXILLOLOGY"], "VEXILLOLOGY, by Quixote": 1}]}',
            '{"prompt": "VEXILLOLOGY',
        ],
    )
    def test_no_value_is_told(self, line: str) -> None:
        with pytest.raises(InvalidMaterialError) as refused:
            read_lines(ChatTask, line.encode(), "prompts.jsonl")
        assert "VEXILLOLOGY" not in str(refused.value)

    def test_what_is_right_is_taken_as_it_is(self) -> None:
        data = '\ufeff{"prompt": "one\u2028line"}\r\n\r\n \n{"prompt": "two", "task_id": "b"}'
        first, second = read_lines(ChatTask, data.encode(), "prompts.jsonl")
        assert (first.number, first.fields) == (1, {"prompt": "one\u2028line"})
        assert (second.number, second.task.task_id) == (4, "b")

    def test_the_deepest_that_is_taken_goes_through(self, harness: Harness) -> None:
        harness.model.otherwise = lambda request: "x"
        for depth in range(190, 205):
            schema = '{"a":' * depth + "1" + "}" * depth
            harness.put("tasks/chat.jsonl", f'{{"prompt": "x", "schema": {schema}}}')
            try:
                run = harness.begin("kind.chat")
            except InvalidMaterialError:
                break
            assert harness.drive(run).status is RunStatus.SUCCEEDED
        else:
            raise AssertionError("any depth was taken")

    def test_a_file_that_is_too_large_is_refused_unread(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(task_files, "MOST_BYTES", 10)
        with pytest.raises(InvalidMaterialError, match=r"prompts.jsonl: it has 0\.0 MB and may have"):
            read_lines(ChatTask, b"\xff" * 11, "prompts.jsonl")


class TestImages:
    def put(self, harness: Harness, key: str, sha256: str = hashlib.sha256(JPEG).hexdigest()) -> None:
        harness.put("tasks/transcription.jsonl", lines({"page": 1, "image_key": key, "image_sha256": sha256}))

    @pytest.mark.parametrize("folder", ["images", "pages/s-1", "scans/Ann"])
    def test_the_assignments_own_are_shown(self, harness: Harness, folder: str) -> None:
        harness.put(f"{folder}/1.jpg", JPEG)
        self.put(harness, f"midterm/{folder}/1.jpg")
        assert harness.run("kind.transcription").status is RunStatus.SUCCEEDED
        assert list(harness.model.images[0].values()) == [JPEG]

    @pytest.mark.parametrize(
        "key",
        [
            "final/pages/1.jpg",
            "midterm/../final/pages/1.jpg",
            "midterm/pages/../../final/pages/1.jpg",
            "midterm/pages/./1.jpg",
            "midterm/pages//1.jpg",
            "midterm/pages",
            "midterm/pages/",
            "midterm/students.json",
            "midterm/tasks/chat.jsonl",
            "midtermX/pages/1.jpg",
            "/midterm/pages/1.jpg",
            "runs/x/pages/1.jpg",
            "cache/0.json",
            "",
        ],
    )
    def test_no_others_can_be_read_through_a_line(self, harness: Harness, key: str) -> None:
        harness.objects.data[key] = JPEG
        self.put(harness, key)
        with pytest.raises(InvalidMaterialError, match="line 1: an image is not one of this assignment's"):
            harness.begin("kind.transcription")

    def test_one_that_is_not_what_its_digest_says_fails_its_task(self, harness: Harness) -> None:
        harness.put("images/1.jpg", JPEG)
        self.put(harness, "midterm/images/1.jpg", "0" * 64)
        run = harness.run("kind.transcription")
        (row,) = harness.rows(run)
        assert (row.error_type, harness.model.calls) == ("MissingInputError", 0)


class TestKinds:
    def test_a_kind_is_a_pipeline_of_one_stage_of_its_name(self) -> None:
        assert stages_of("kind.chat") == ("kind.chat",)
        assert stage_of("kind.chat").name == "kind.chat"
        assert stage_of("answer_key").name == "answer_key"

    @pytest.mark.parametrize(
        "name", ["kind.../chat", "kind.registry", "kind.kind.chat", "kind.Chat", "kind", "chat", ""]
    )
    def test_there_is_no_other_stage(self, name: str) -> None:
        with pytest.raises(RequestError, match="there is no"):
            stage_of(name)

    def test_one_is_found_without_importing_the_others(self) -> None:
        code = (
            "import sys; from aita.tasks.registry import find_kind; print(find_kind('chat').kind);"
            "print([name for name in sys.modules if name in ('aita.tasks.rubric', 'aita.tasks.answer_key', 'pkgutil')])"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.split("\n")[:2] == ["chat", "[]"]

    def test_every_kind_of_the_package_is_found_by_its_modules_name(self) -> None:
        for name, kind in all_kinds().items():
            if kind.__module__.startswith("aita."):
                assert kind.__module__ == f"aita.tasks.{name}"
                assert (kind.__doc__ or "").strip()
            assert find_kind(name) is kind

    def test_a_module_of_another_name_can_not_register_it(self) -> None:
        elsewhere = type("Elsewhere", (GradeTask,), {"__module__": "aita.tasks.elsewhere"})
        with pytest.raises(RequestError, match="module of its name"):
            register("something")(elsewhere)
        assert "something" not in all_kinds()

    @pytest.mark.parametrize(
        ("name", "content_type"),
        [
            ("tasks/chat.jsonl", "application/x-ndjson"),
            (f"images/{'0a' * 32}.png", "image/png"),
            (f"images/{'0a' * 32}.webp", "image/webp"),
        ],
    )
    def test_its_files_can_be_uploaded(self, name: str, content_type: str) -> None:
        assert check_upload(name) == content_type

    @pytest.mark.parametrize(
        "name",
        [
            "tasks/../x.jsonl",
            "tasks/Chat.jsonl",
            "tasks/chat.json",
            "tasks/a/chat.jsonl",
            "tasks/.jsonl",
            "tasks/chat.jsonl\n",
            f"images/{'0a' * 32}.svg",
            f"images/{'0A' * 32}.png",
            "images/../students.json",
            "images/page.png",
            f"images/x/{'0a' * 32}.png",
        ],
    )
    def test_no_others_can(self, name: str) -> None:
        with pytest.raises(InvalidMaterialError):
            check_upload(name)

    def test_every_kind_has_an_assignment_of_its_own(self) -> None:
        names = [default_assignment(kind) for kind in [*all_kinds(), "runs", "cache", "a" * 40, "a_b"]]
        assert [check_assignment(name) for name in names] == names
        assert names[-1] == "a-b"
