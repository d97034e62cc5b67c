"""A kind as a run of the real definition and handlers, and the executor on that stack."""

import json
from pathlib import Path
from typing import Any

import pytest

from aita import SimpleLLMTask, VisionLLMTask
from aita.client.api_client import ApiClient
from aita.executor.chat_runs import ChatRuns
from aita.executor.config import ParallelExecutionConfig
from aita.executor.stack import StackExecutor
from tests.integration.in_process import InProcess
from tests.integration.material import page
from tests.integration.provider import Answer
from tests.integration.stack import Stack


def text_of(request: dict[str, Any]) -> str:
    content = request["messages"][-1]["content"]
    return str(content if isinstance(content, str) else content[-1]["text"])


def echo(request: dict[str, Any]) -> Answer:
    return Answer(f"re: {text_of(request)}")


def jsonl(*lines: dict[str, Any]) -> str:
    return "".join(json.dumps(line) + "\n" for line in lines)


def gathered(stack: Stack, run: dict[str, Any]) -> list[dict[str, Any]]:
    code, answer = stack.call("GET", f"/runs/{run['run_id']}/results")
    assert code == 200, answer
    assert [file["name"] for file in answer["files"]] == ["chat.results.json"]
    lines: list[dict[str, Any]] = stack.get(f"runs/{run['run_id']}/kind.chat/gathered.json")
    return lines


def executor(stack: Stack) -> StackExecutor:
    config = ParallelExecutionConfig(show_progress=False, rate_limit_rps=0)
    reached = InProcess(stack)
    return StackExecutor(
        config, lambda assignment: ChatRuns(ApiClient(reached), reached, assignment, pause=lambda _: None)
    )


def test_a_file_of_prompts_goes_through(stack: Stack, assignment: str) -> None:
    stack.provider.answer = echo
    prompts = [{"prompt": f"{assignment} {number}"} for number in range(3)]
    stack.put(f"{assignment}/tasks/chat.jsonl", jsonl(*prompts))
    run = stack.wait(stack.start(assignment, "kind.chat"))
    assert run["status"] == "SUCCEEDED"
    assert [(each["line"], each["result"]["text"]) for each in gathered(stack, run)] == [
        (number + 1, f"re: {assignment} {number}") for number in range(3)
    ]
    assert "response_format" not in stack.provider.requests[0]


def test_one_that_the_model_refuses_fails_alone(stack: Stack, assignment: str) -> None:
    stack.provider.answer = lambda request: (
        Answer(status=400, code="content_filter") if "bad" in text_of(request) else echo(request)
    )
    stack.put(f"{assignment}/tasks/chat.jsonl", jsonl({"prompt": f"{assignment} bad"}, {"prompt": assignment}))
    run = stack.wait(stack.start(assignment, "kind.chat"))
    assert run["status"] == "PARTIAL"
    first, second = gathered(stack, run)
    assert first["error"].startswith("RefusalError: ")
    assert second["result"] == {"text": f"re: {assignment}"}
    (task,) = stack.tasks(run["run_id"], "FAILED")
    assert task["refs"] == {"line": 1}


def test_what_a_halted_run_has_done_is_gathered(stack: Stack, assignment: str) -> None:
    stack.provider.answer = lambda request: (
        Answer(status=401, code="invalid_api_key") if text_of(request).endswith("last") else echo(request)
    )
    prompts = [{"prompt": f"{assignment} first"}, {"prompt": f"{assignment} last"}]
    stack.put(f"{assignment}/tasks/chat.jsonl", jsonl(*prompts))
    run = stack.wait(stack.start(assignment, "kind.chat"))
    assert run["status"] == "HALTED"
    assert {each["line"] for each in gathered(stack, run)} <= {1}
    code, runs = stack.call("GET", f"/runs?assignment={assignment}")
    assert (code, runs["runs"][0]["status"]) == (200, "HALTED")


@pytest.mark.parametrize(
    ("pipeline", "name", "data", "code", "told"),
    [
        ("kind.chat", "tasks/chat.jsonl", '{"prompt": 7}', 422, "tasks/chat.jsonl, line 1: prompt: "),
        ("kind.chat", "tasks/chat.jsonl", "\n", 422, "has no tasks"),
        ("kind.chat", "tasks/other.jsonl", "{}", 422, "has no tasks/chat.jsonl"),
        ("kind.../x", "tasks/x.jsonl", "{}", 400, "there is no kind '../x'"),
        ("kind.nope", "tasks/nope.jsonl", "{}", 400, "there is no kind 'nope'"),
    ],
)
def test_what_can_not_be_run_is_refused_at_the_start(
    stack: Stack, assignment: str, pipeline: str, name: str, data: str, code: int, told: str
) -> None:
    stack.put(f"{assignment}/{name}", data)
    answered, error = stack.call("POST", "/runs", {"assignment": assignment, "pipeline": pipeline})
    assert answered == code
    assert told in error["message"]


def test_no_key_of_another_assignment_can_be_read(stack: Stack, assignment: str) -> None:
    stack.put("final/pages/1.jpg", page("secret"))
    for key in ("final/pages/1.jpg", f"{assignment}/../final/pages/1.jpg"):
        image = {"key": key, "sha256": "0" * 64}
        stack.put(f"{assignment}/tasks/chat.jsonl", jsonl({"messages": [{"text": "What is it?", "images": [image]}]}))
        code, error = stack.call("POST", "/runs", {"assignment": assignment, "pipeline": "kind.chat"})
        assert (code, error["error"]) == (422, "InvalidMaterialError")


def test_the_list_of_a_kinds_tasks_pages(stack: Stack, assignment: str) -> None:
    stack.provider.answer = echo
    stack.put(f"{assignment}/tasks/chat.jsonl", jsonl(*({"prompt": f"{assignment} {n}"} for n in range(3))))
    run = stack.wait(stack.start(assignment, "kind.chat"))
    seen: list[int] = []
    query = "limit=2"
    while query:
        code, answer = stack.call("GET", f"/runs/{run['run_id']}/tasks?{query}")
        assert code == 200, answer
        seen += [task["refs"]["line"] for task in answer["tasks"]]
        query = f"limit=2&next_token={answer['next_token']}" if answer["next_token"] else ""
    assert sorted(seen) == [1, 2, 3]


def test_the_executor_asks_again_in_a_further_run_and_pays_nothing_twice(
    stack: Stack, assignment: str, tmp_path: Path
) -> None:
    def answer(request: dict[str, Any]) -> Answer:
        return Answer("at last" if len(request["messages"]) > 1 else f"re: {text_of(request)}")

    def patient(text: str) -> str:
        if text != "at last":
            raise ValueError("once more")
        return text

    stack.provider.answer = answer
    (tmp_path / "page.jpg").write_bytes(page(assignment))
    tasks = [
        SimpleLLMTask(task_id="plain", prompt=f"{assignment} plain"),
        SimpleLLMTask(task_id="again", prompt=f"{assignment} again", parse_fn=patient),
        VisionLLMTask(task_id="page", prompt=f"{assignment} page", images=(tmp_path / "page.jpg",)),
    ]
    batch = executor(stack).execute_batch(tasks, assignment)
    assert [result.result for result in batch.task_results] == [
        f"re: {assignment} plain",
        "at last",
        f"re: {assignment} page",
    ]
    assert [result.retry_count for result in batch.task_results] == [0, 1, 0]
    assert batch.metrics.tokens == 4 * 120
    asked = len(stack.provider.requests)
    again = executor(stack).execute_batch(tasks, assignment, resume_from_checkpoint=True)
    assert [result.result for result in again.task_results] == [result.result for result in batch.task_results]
    assert (len(stack.provider.requests), again.metrics.resumed) == (asked, 3)
    for function, event in stack.invocations:
        if function != "api":
            assert assignment not in json.dumps(event), "what is asked is no part of any state"
