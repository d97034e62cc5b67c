"""A kind over a file, and the executor on the stack, against a model that answers anything."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from aita import LLMTask, SimpleLLMTask, VisionLLMTask, create_executor
from tests.local.stack import LocalStack


@pytest.fixture
def anything(stack: LocalStack, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalStack]:
    stack.model.control(anything=True)
    monkeypatch.setenv("AITA_LOCAL", "true")
    monkeypatch.setenv("AITA_HOME", str(stack.home.path))
    yield stack
    stack.model.control(anything=False)


def test_each_line_of_a_file_gets_a_line_of_results(anything: LocalStack, tmp_path: Path) -> None:
    prompts, out = tmp_path / "prompts.jsonl", tmp_path / "out.jsonl"
    prompts.write_text("".join(json.dumps({"prompt": f"prompt {n}"}) + "\n" for n in range(5)))
    report = anything.run("run", "chat", "--input", str(prompts), "--out", str(out))
    assert report["status"] == "SUCCEEDED"
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [line["line"] for line in lines] == [1, 2, 3, 4, 5]
    assert all(line["result"]["text"].startswith("simulated reply") for line in lines)


def test_a_batch_on_the_stack_ends_as_it_does_in_process(anything: LocalStack, tmp_path: Path) -> None:
    Image.new("RGB", (40, 30), "red").save(tmp_path / "red.png")
    seen: list[str] = []

    def second_only(text: str) -> str:
        """Refuse the first reply, so that a further run asks again."""
        seen.append(text)
        if len(seen) == 1:
            raise ValueError("once more")
        return text.upper()

    tasks: list[LLMTask[object]] = [
        SimpleLLMTask(task_id="plain", prompt="one"),
        SimpleLLMTask(task_id="again", prompt="two", parse_fn=second_only),
        SimpleLLMTask(task_id="broken", prompt="three", parse_fn=dict[str, str]().__getitem__),
        VisionLLMTask(task_id="image", prompt="four", images=[tmp_path / "red.png"]),
    ]
    executor = create_executor(backend="stack", show_progress=False, rate_limit=0)
    batch = executor.execute_batch(tasks, checkpoint_name="Übung 3")
    results = {result.task_id: result for result in batch.task_results}
    assert list(results) == ["plain", "again", "broken", "image"]
    assert {name for name, result in results.items() if not result.success} == {"broken"}
    assert str(results["again"].result).startswith("SIMULATED REPLY")
    assert results["again"].retry_count == 1
    assert "KeyError" in (results["broken"].error or "")
    before = anything.model.requests
    again = executor.execute_batch([tasks[0], tasks[3]], checkpoint_name="Übung 3", resume_from_checkpoint=True)
    assert again.success_rate == 1
    assert anything.model.requests == before, "the stack keeps what it was answered"
