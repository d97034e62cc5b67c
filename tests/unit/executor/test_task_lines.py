"""JSON Lines in and out: each line a task, a wrong line by its number, and results whole or not at all."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel

from aita import RequestError, SimpleLLMTask, TaskResult, read_tasks
from aita.errors import InvalidMaterialError
from aita.models.result import BatchExecutionResult
from aita.models.run import Usage
from tests.support.fake_llm import FakeLLM
from tests.unit.executor.conftest import Make


class Label(BaseModel):
    label: str


class Dated(BaseModel):
    on: datetime
    points: Decimal


def written(path: Path, *lines: str | bytes) -> Path:
    path.write_bytes(b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines))
    return path


class TestReading:
    def test_each_line_is_a_task(self, tmp_path: Path) -> None:
        path = written(
            tmp_path / "in.jsonl",
            b'\xef\xbb\xbf{"id": 7, "text": "\xc3\xa4 {x} \xe2\x80\xa8"}',
            "  ",
            '{"id": "b", "text": "2"}',
        )
        first, second = read_tasks(
            path, 'Label {text} as {{"label": ...}}', id_field="id", response_model=Label, model="m"
        )
        assert (first.task_id, first.prompt) == ("7", 'Label ä {x} \u2028 as {"label": ...}')
        assert (second.task_id, second.model, second.response_model) == ("b", "m", Label)
        assert first.metadata == {"id": 7, "text": "ä {x} \u2028"}

    def test_values_that_are_no_text_stand_as_json(self, tmp_path: Path) -> None:
        path = written(tmp_path / "in.jsonl", '{"a": 1.50, "b": [true, null], "c": {"ü": 1}}\r')
        (task,) = read_tasks(path, "{a} {b} {c}")
        assert task.prompt == '1.5 [true, null] {"ü": 1}'
        assert task.task_id == ""

    @pytest.mark.parametrize(
        ("line", "told"),
        [
            ("{", "line 2: it is not JSON"),
            ("[1]", "line 2: it is no JSON object"),
            ('{"text": NaN, "id": 1}', "line 2: it is not JSON"),
            ('{"text": "a", "text": "b", "id": 1}', "line 2: an object in it has a field twice"),
            ('{"text": "a", "x": {"y": 1, "y": 2}, "id": 1}', "line 2: an object in it has a field twice"),
            ('{"text": 1e400, "id": 1}', "line 2: a number in it is too large"),
            (b'{"text": "\xff", "id": 1}', "line 2: byte 10 is not UTF-8"),
            ('{"id": 1}', "line 2: the field 'text' is missing or null"),
            ('{"text": null, "id": 1}', "line 2: the field 'text' is missing or null"),
            ('{"text": "x"}', "line 2: the field 'id' is missing or null"),
            ('{"text": "x", "id": 1.5}', "line 2: its id is no text or whole number"),
            ('{"text": "x", "id": true}', "line 2: its id is no text or whole number"),
            ('{"text": "x", "id": "0"}', "line 2: line 1 has the same 'id'"),
        ],
    )
    def test_a_wrong_line_is_named_by_its_number_and_never_quoted(
        self, tmp_path: Path, line: str | bytes, told: str
    ) -> None:
        path = written(tmp_path / "in.jsonl", '{"text": "SECRET", "id": 0}', line)
        with pytest.raises(InvalidMaterialError) as caught:
            read_tasks(path, "{text}", id_field="id")
        assert str(caught.value).startswith(f"{path}, {told}")

    @pytest.mark.parametrize(
        "prompt", ["{text", "text}", "{}", "{0}", "{text.upper}", "{text!r}", "{text:>9}", "{a b}"]
    )
    def test_braces_that_are_no_fields(self, tmp_path: Path, prompt: str) -> None:
        with pytest.raises(RequestError, match="write braces of its own twice"):
            read_tasks(written(tmp_path / "in.jsonl", '{"text": "x"}'), prompt)

    def test_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(RequestError, match=r"none\.jsonl can't be read: No such file"):
            read_tasks(tmp_path / "none.jsonl", "{text}")


class TestWriting:
    def test_results_come_back_with_their_lines(self, make: Make, tmp_path: Path) -> None:
        path = written(tmp_path / "in.jsonl", '{"n": 1, "text": "ü"}', '{"n": 2, "text": "no"}')
        llm = FakeLLM(lambda request: '{"label": "Ä"}' if "ü" in request.messages[0].text else "?")
        batch = make(llm).execute_batch(read_tasks(path, "{text}", response_model=Label))
        batch.to_jsonl(tmp_path / "out.jsonl")
        lines = (tmp_path / "out.jsonl").read_text("utf-8").splitlines()
        good, bad = map(json.loads, lines)
        assert '"Ä"' in lines[0]
        assert (good["result"], good["metadata"]["n"], good["usage"]["cost_usd"]) == ({"label": "Ä"}, 1, "0.01")
        assert (bad["success"], bad["result"], bad["metadata"]["n"]) == (False, None, 2)
        assert bad["error"].startswith("UnparsableReplyError")
        assert json.loads(json.dumps(batch.to_dict()))["task_results"] == [good, bad]

    def test_an_unknown_cost_is_nowhere_0(self) -> None:
        usage = Usage(calls=2, input_tokens=5, output_tokens=7, cost_usd=Decimal("0.01"), unpriced_calls=1)
        written = TaskResult("a", True, usage=usage).to_dict()
        assert (written["cost"], written["usage"]["cost_usd"], written["usage"]["unpriced_calls"]) == (None, None, 1)
        assert written["tokens"] == 12

    def test_a_known_cost_is_written_exactly(self) -> None:
        written = TaskResult("a", True, usage=Usage(calls=1, cost_usd=Decimal("0.0100000000000000001"))).to_dict()
        assert written["cost"] == written["usage"]["cost_usd"] == "0.0100000000000000001"

    def test_results_of_many_types(self) -> None:
        result = TaskResult("a", True, Dated(on=datetime(2026, 1, 2, tzinfo=UTC), points=Decimal("1.50")))
        assert result.to_dict()["result"] == {"on": "2026-01-02T00:00:00Z", "points": "1.50"}

    @pytest.mark.parametrize("value", [object(), float("nan"), {"x": float("inf")}, {1: lambda: 0}])
    def test_a_result_without_a_form_in_json_is_named_and_the_file_stays(self, tmp_path: Path, value: Any) -> None:
        path = written(tmp_path / "out.jsonl", "before")
        batch: BatchExecutionResult[Any] = BatchExecutionResult(
            (TaskResult("a", True, 1), TaskResult("b", True, value)), 0
        )
        with pytest.raises(RequestError, match="the result of task 'b' has no form in JSON"):
            batch.to_jsonl(path)
        assert path.read_text() == "before"
        assert list(tmp_path.iterdir()) == [path]

    @given(st.text(st.characters(codec=None, exclude_categories=())))
    @example("half \ud83d")
    @example('"\u2028\n\\')
    def test_any_text_is_read_back(self, tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
        path = tmp_path_factory.getbasetemp() / "out.jsonl"
        result = TaskResult(text, True, text, raw_response=text, metadata={"text": text})
        BatchExecutionResult((result, result), 0.0).to_jsonl(path)
        first, second, rest = path.read_bytes().split(b"\n")
        assert first == second
        assert rest == b""
        read = json.loads(first)
        assert (read["result"], read["metadata"], read["task_id"]) == (text, {"text": text}, text)

    def test_a_metadata_of_a_line_is_what_the_task_got(self, make: Make) -> None:
        (result,) = make(FakeLLM()).execute_batch([SimpleLLMTask(prompt="x", metadata={"a": [1]})]).task_results
        assert result.to_dict()["metadata"] == {"a": [1]}
