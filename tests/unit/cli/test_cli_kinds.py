"""``aita kinds`` and ``aita run``: what is checked before anything is sent, and what is written at the end."""

import json
from pathlib import Path
from typing import Any

import pytest

from aita.errors import ConflictError
from aita.models.run import RunStatus
from aita.services.assignments import task_files
from tests.support.command_fixtures import Aita
from tests.support.fake_stack import RUN, FakeStack, Raw, run_view, stage

RUN_PATH = f"/runs/{RUN}"
UPLOADS = "/assignments/{}/uploads"


def ended(status: RunStatus = RunStatus.SUCCEEDED, pipeline: str = "kind.chat") -> Any:
    return run_view(status, stage(pipeline, 3, 3, ended=True), pipeline=pipeline)


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    path = tmp_path / "prompts.jsonl"
    path.write_text('{"prompt": "one"}\n\n{"prompt": "two", "task_id": "second"}\n{"prompt": "three"}\n')
    return path


def answer_with(stack: FakeStack, end: Any, *gathered: dict[str, Any]) -> None:
    stack.answer("POST", "/runs", run_view(pipeline="kind.chat", assignment="chat"))
    stack.answer("GET", RUN_PATH, run_view(pipeline="kind.chat"), end)
    files = [stack.file("chat.results.json", json.dumps(gathered).encode())] if gathered else []
    stack.answer("GET", f"{RUN_PATH}/results", {"files": files})


class TestKinds:
    def test_they_are_listed_without_a_stack(self, aita: Aita) -> None:
        code, out, _ = aita("kinds")
        assert code == 0
        for told in (
            "answer_key",
            "chat",
            "transcription",
            "Write the answer key of one question, or",
            "image_sha256*",
        ):
            assert told in out

    def test_as_a_document(self, aita: Aita) -> None:
        code, out, err = aita("kinds", "--json")
        kinds = {each["kind"]: each for each in json.loads(out)["kinds"]}
        assert (code, err) == (0, "")
        assert kinds["transcription"]["about"].startswith("Transcribe one page and say where answers begin on it.")
        assert {"name": "page", "required": True} in kinds["transcription"]["fields"]
        assert {"name": "messages", "required": False} in kinds["chat"]["fields"]


class TestRun:
    def test_a_file_is_uploaded_and_its_run_is_started_and_watched(
        self, stack: FakeStack, aita: Aita, prompts: Path
    ) -> None:
        answer_with(stack, ended())
        code, out, _ = aita("run", "chat", "--input", str(prompts))
        (sent,) = stack.asked("POST", "/runs")
        assert code == 0
        assert (sent.body["assignment"], sent.body["pipeline"]) == ("chat", "kind.chat")
        assert stack.uploads == {"tasks/chat.jsonl": prompts.read_bytes()}
        assert f"aita results {RUN} --out DIR" in out
        assert out.startswith(f"Run {RUN} has started: kind.chat of chat")

    def test_the_assignment_can_be_named(self, stack: FakeStack, aita: Aita, prompts: Path) -> None:
        answer_with(stack, ended())
        aita("run", "chat", "-i", str(prompts), "-a", "week-3", "--detach")
        (sent,) = stack.asked("POST", "/runs")
        assert sent.body["assignment"] == "week-3"
        assert stack.asked("POST", UPLOADS.format("week-3"))
        assert not stack.asked("GET", RUN_PATH)

    def test_an_underscore_is_written_as_an_assignment_may_have_it(
        self, stack: FakeStack, aita: Aita, tmp_path: Path
    ) -> None:
        stack.answer("POST", "/runs", run_view())
        question = {"question_id": "1", "question_text": "Why?", "points": 1, "question_type": "long_answer"}
        path = tmp_path / "q.jsonl"
        path.write_text(json.dumps({"question": question}))
        assert aita("run", "answer_key", "-i", str(path), "--detach")[0] == 0
        (sent,) = stack.asked("POST", "/runs")
        assert (sent.body["assignment"], sent.body["pipeline"]) == ("answer-key", "kind.answer_key")

    def test_results_are_written_in_the_files_order(
        self, stack: FakeStack, aita: Aita, prompts: Path, tmp_path: Path
    ) -> None:
        out = tmp_path / "out.jsonl"
        took = {"task_id": "kind.chat-0", "asks": 1, "latency_ms": 1, "usage": {}}
        answer_with(
            stack,
            ended(RunStatus.PARTIAL),
            took | {"line": 4, "result": {"text": "drei\u2028"}},
            took | {"line": 1, "result": {"text": "eins"}},
            took | {"line": 3, "error": "RefusalError: the model refuses"},
        )
        code, _, err = aita("run", "chat", "--input", str(prompts), "--out", str(out))
        assert code == 3
        assert [json.loads(line) for line in out.read_bytes().decode().split("\n")[:-1]] == [
            {"line": 1, "result": {"text": "eins"}},
            {"line": 3, "task_id": "second", "error": "RefusalError: the model refuses"},
            {"line": 4, "result": {"text": "drei\u2028"}},
        ]
        assert "3 lines in" in err
        assert "1 of them with an error" in err
        assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["out.jsonl", "prompts.jsonl"]

    def test_lines_without_an_end_say_so(self, stack: FakeStack, aita: Aita, prompts: Path, tmp_path: Path) -> None:
        out = tmp_path / "out.jsonl"
        answer_with(stack, ended(RunStatus.HALTED), {"line": 1, "result": {"text": "eins"}})
        assert aita("run", "chat", "--input", str(prompts), "--out", str(out))[0] == 1
        errors = [json.loads(line).get("error", "") for line in out.read_text().splitlines()]
        assert errors == ["", *[f"NotRun: run {RUN} is HALTED: resume it"] * 2]

    def test_with_json_the_document_is_the_runs(
        self, stack: FakeStack, aita: Aita, prompts: Path, tmp_path: Path
    ) -> None:
        answer_with(stack, ended(), {"line": 1, "result": {"text": "eins"}})
        code, out, _ = aita("run", "chat", "--input", str(prompts), "--out", str(tmp_path / "out.jsonl"), "--json")
        assert (code, json.loads(out)["status"]) == (0, "SUCCEEDED")

    def test_results_that_can_not_be_fetched_are_told_with_how_to(
        self, stack: FakeStack, aita: Aita, prompts: Path, tmp_path: Path
    ) -> None:
        answer_with(stack, ended())
        stack.answers["GET", f"{RUN_PATH}/results"].clear()
        stack.answer("GET", f"{RUN_PATH}/results", Raw(500))
        code, _, err = aita("run", "chat", "--input", str(prompts), "--out", str(tmp_path / "out.jsonl"))
        assert code == 1
        assert f"aita results {RUN} --out DIR" in err
        assert not (tmp_path / "out.jsonl").exists()

    def test_a_run_in_the_way_is_told(self, stack: FakeStack, aita: Aita, prompts: Path) -> None:
        stack.answer("POST", "/runs", ConflictError("run X of chat / kind.chat is active: watch it"))
        code, _, err = aita("run", "chat", "--input", str(prompts))
        assert code == 1
        assert "run X of chat / kind.chat is active" in err


class TestRefused:
    """Before anything is sent, with the status of wrong usage."""

    @pytest.fixture(autouse=True)
    def nothing_is_sent(self, stack: FakeStack) -> Any:
        yield
        assert (stack.requests, stack.uploads) == ([], {})

    @pytest.mark.parametrize("kind", ["nope", "../chat", "registry", "Chat", "kind.chat"])
    def test_another_kind(self, stack: FakeStack, aita: Aita, prompts: Path, kind: str) -> None:
        code, _, err = aita("run", kind, "--input", str(prompts))
        assert code == 2
        assert "there is no kind" in err
        assert "chat" in err

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("{", "line 1: it is not JSON"),
            ('{"prompt": "x"}\n{"promt": "y"}', "line 2: promt: chat has no such field"),
            ("[]", "line 1: it is no JSON object"),
            ("\n", "has no tasks"),
            ('{"messages": [{"text": "x", "images": [{"key": "final/pages/1.jpg", "sha256": "%s"}]}]}' % ("0" * 64),
             "line 1: an image is not one of this assignment's"),
        ],
    )  # fmt: skip
    def test_a_wrong_file(self, stack: FakeStack, aita: Aita, tmp_path: Path, text: str, told: str) -> None:
        path = tmp_path / "prompts.jsonl"
        path.write_text(text)
        code, _, err = aita("run", "chat", "--input", str(path))
        assert code == 2
        assert "nothing was uploaded: " in err
        assert str(path) in err
        assert told in err

    def test_a_large_file(self, stack: FakeStack, aita: Aita, prompts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(task_files, "MOST_BYTES", 10)
        monkeypatch.setattr(Path, "read_bytes", None)  # it is not read
        assert aita("run", "chat", "--input", str(prompts))[0] == 2

    def test_a_file_that_is_not_there(self, stack: FakeStack, aita: Aita, tmp_path: Path) -> None:
        assert aita("run", "chat", "--input", str(tmp_path / "none.jsonl"))[0] == 2
        assert aita("run", "chat", "--input", str(tmp_path))[0] == 2

    def test_an_assignment_of_a_wrong_name(self, stack: FakeStack, aita: Aita, prompts: Path) -> None:
        assert aita("run", "chat", "--input", str(prompts), "-a", "../x")[0] == 2

    def test_results_where_they_can_not_be_written(
        self, stack: FakeStack, aita: Aita, prompts: Path, tmp_path: Path
    ) -> None:
        for out in (tmp_path / "none" / "out.jsonl", prompts / "out.jsonl", tmp_path, prompts):
            assert aita("run", "chat", "--input", str(prompts), "--out", str(out))[0] == 2
        assert aita("run", "chat", "--input", str(prompts), "--out", str(tmp_path / "o"), "--detach")[0] == 2
