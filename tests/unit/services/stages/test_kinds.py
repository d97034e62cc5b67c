"""A kind of tasks as a pipeline of its own, over the lines of a file."""

import json
from typing import Any

import pytest
from pydantic import BaseModel

from aita.errors import InvalidMaterialError, MissingMaterialError, RequestError
from aita.models.run import Run, RunStatus, TaskStatus
from aita.tasks.llm_task import LLMTask
from aita.tasks.registry import register
from aita.tasks.request import Message
from tests.support.fakes import Harness

FOREIGN = {"key": "other/pages/1.jpg", "sha256": "0" * 64}


def gathered(harness: Harness, run: Run) -> list[dict[str, Any]]:
    """Return what a run gathered of its lines."""
    lines: list[dict[str, Any]] = harness.objects.json(f"runs/{run.run_id}/{run.pipeline}/gathered.json")
    return lines


class Level(BaseModel):
    level: int


@register("test_set")
class SetTask(LLMTask[Any]):
    """Answer with a result that is no JSON."""

    response_model = Level
    text: str

    def messages(self) -> tuple[Message, ...]:
        return (Message("user", self.text),)

    def validate_reply(self, reply: Level) -> Any:
        return object() if reply.level else {"level": 0}


class TestKindsAsPipelines:
    def test_each_line_is_a_task_with_a_result_of_its_own(self, harness: Harness) -> None:
        harness.put(
            "tasks/chat.jsonl",
            '\ufeff{"prompt": "one"}\n\n{"messages": [{"role": "system", "text": "s"}, {"text": "two"}]}',
        )
        harness.model.otherwise = lambda request: request.messages[-1].text.upper()
        run = harness.run("kind.chat")
        assert run.status is RunStatus.SUCCEEDED
        assert [(each["line"], each["result"]) for each in gathered(harness, run)] == [
            (1, {"text": "ONE"}), (3, {"text": "TWO"}),
        ]  # fmt: skip

    def test_a_changed_line_is_new_work_and_the_others_are_not(self, harness: Harness) -> None:
        harness.put("tasks/chat.jsonl", '{"prompt": "one"}\n{"prompt": "two"}')
        harness.model.otherwise = lambda request: "x"
        harness.run("kind.chat")
        harness.put("tasks/chat.jsonl", '{"prompt": "one"}\n{"prompt": "three"}')
        harness.run("kind.chat")
        assert harness.model.calls == 3

    def test_built_in_kinds_take_their_fields(self, harness: Harness) -> None:
        question = {"question_id": "1", "question_text": "Why?", "points": 1, "question_type": "long_answer"}
        harness.put("tasks/answer_key.jsonl", json.dumps({"question": question}))
        assert harness.run("kind.answer_key").status is RunStatus.SUCCEEDED

    @pytest.mark.parametrize(
        ("data", "told"),
        [
            ("{", "line 1: it is not JSON"),
            ('{"prompt": "x"}\n[]', "line 2: it is no JSON object"),
            ('{"prompt": 7}', "line 1: prompt"),
            ('{"prompt": "x", "secret": 1}', "line 1: secret"),
            ("{}", "line 1: give either prompt or messages"),
            (b"\xff", "not UTF-8"),
            ("[" * 5_000, "line 1: it is not JSON"),
            (json.dumps({"messages": [{"text": "x", "images": [FOREIGN]}]}), "line 1: an image"),
        ],
    )
    def test_a_wrong_line_is_named_before_the_run(self, harness: Harness, data: Any, told: str) -> None:
        harness.put("tasks/chat.jsonl", data)
        with pytest.raises(InvalidMaterialError, match=told):
            harness.begin("kind.chat")

    def test_there_must_be_a_task(self, harness: Harness) -> None:
        harness.put("tasks/chat.jsonl", "\n\n")
        with pytest.raises(MissingMaterialError, match="has no tasks"):
            harness.begin("kind.chat")

    def test_there_must_be_a_file(self, harness: Harness) -> None:
        with pytest.raises(MissingMaterialError, match=r"no tasks/chat\.jsonl"):
            harness.begin("kind.chat")

    @pytest.mark.parametrize("pipeline", ["kind.", "kind.none", "kind.../x", "kind.os"])
    def test_there_must_be_such_a_kind(self, harness: Harness, pipeline: str) -> None:
        with pytest.raises(RequestError, match="there is no kind"):
            harness.begin(pipeline)

    def test_a_result_that_is_no_json_fails_its_task_alone(self, harness: Harness) -> None:
        harness.put("tasks/test_set.jsonl", '{"text": "0"}\n{"text": "1"}')
        harness.model.otherwise = lambda request: json.dumps({"level": int(request.messages[0].text)})
        run = harness.run("kind.test_set")
        assert run.status is RunStatus.PARTIAL
        first, second = gathered(harness, run)
        assert (first["line"], first["result"]) == (1, {"level": 0})
        assert (second["line"], second["error"].partition(":")[0]) == (2, "TaskError")
        (failed,) = [row for row in harness.rows(run) if row.status is TaskStatus.FAILED]
        assert "can't be written as JSON" in failed.error_message
