"""Batches over a real endpoint: openai's client, HTTP, and a server of this process."""

import errno
import json
import logging
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from pathlib import Path
from typing import Any, ClassVar

import openai
import pytest

from aita import create_executor
from aita.llm import price_table
from tests.support.documents import Document
from tests.unit.executor.conftest import Make
from tests.unit.executor.test_batches import tasks

GUIDE = Path(__file__).parents[3] / "docs" / "guide.md"

Answer = tuple[int, dict[str, str], dict[str, Any]]


def said(text: Any) -> Answer:
    message = {"message": {"content": text}, "finish_reason": "stop"}
    return 200, {}, {"model": "m", "choices": [message], "usage": {"prompt_tokens": 7, "completion_tokens": 2}}


def refused(status: int, code: str, **headers: str) -> Answer:
    return status, headers, {"error": {"message": code, "code": code}}


class Endpoint(ThreadingHTTPServer):
    """Answers what ``answer`` makes of a prompt, and keeps the prompts, keys and tenants."""

    daemon_threads = True
    request_queue_size = 64
    answer: Callable[[str], Answer] = staticmethod(lambda prompt: said(prompt.upper()))

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str] = []
        self.keys: list[str | None] = []
        self.tenants: list[str | None] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}/v1"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Endpoint
    disable_nagle_algorithm: ClassVar[bool] = True

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))["messages"][-1]["content"]
        self.server.asked.append(asked)
        self.server.keys.append(self.headers["authorization"])
        self.server.tenants.append(self.headers["x-tenant"])
        status, headers, body = self.server.answer(asked)
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"content-type": "application/json", "content-length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def client(endpoint: Endpoint) -> openai.OpenAI:
    return openai.OpenAI(api_key="k", base_url=endpoint.url)


def test_every_task_has_its_own_answer(make: Make, endpoint: Endpoint) -> None:
    names = [f"task {number} é\0" for number in range(60)]
    batch = make(client(endpoint), max_workers=16).execute_batch(tasks(*names))
    assert [result.result for result in batch.task_results] == [name.upper() for name in names]
    assert (batch.metrics.calls, batch.metrics.tokens) == (60, 540)
    assert sorted(endpoint.asked) == sorted(names)


def test_the_environments_endpoint_is_the_default(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", endpoint.url)
    monkeypatch.chdir(tmp_path)
    batch = create_executor(rate_limit=0).execute_batch(tasks("a", "b"))
    assert batch.success_rate == 1
    assert list((tmp_path / ".aita" / "checkpoints").glob("batch-*.jsonl"))


class Tenant(openai.OpenAI):
    def __init__(self, tenant: str, url: str) -> None:
        super().__init__(api_key="k", base_url=url)
        self.tenant = tenant

    @property
    def default_headers(self) -> dict[str, Any]:
        return {**super().default_headers, "X-Tenant": self.tenant}


CLIENTS: dict[str, Callable[[str], openai.OpenAI]] = {
    "plain": lambda url: openai.OpenAI(api_key="k", base_url=url),
    "own HTTP": lambda url: openai.OpenAI(api_key="k", base_url=url, http_client=openai.DefaultHttpxClient()),
    "own __init__": lambda url: Tenant("north", url),
}


@pytest.mark.parametrize("kind", CLIENTS)
def test_a_429_is_made_again_by_us_and_not_by_openai_too(make: Make, endpoint: Endpoint, kind: str) -> None:
    left = [refused(429, "slow down", **{"retry-after-ms": "50"})]
    endpoint.answer = lambda prompt: left.pop() if left else said("fine")
    (result,) = make(CLIENTS[kind](endpoint.url)).execute_batch(tasks("a")).task_results
    assert (result.result, result.retry_count, endpoint.asked) == ("fine", 1, ["a", "a"])


def test_a_client_of_a_class_of_its_own_makes_its_calls_itself(make: Make, endpoint: Endpoint) -> None:
    given = Tenant("north", endpoint.url)
    executor = make(given)
    assert executor.execute_batch(tasks("a")).success_rate == 1
    given.tenant = "south"
    assert executor.execute_batch(tasks("b")).success_rate == 1
    assert (endpoint.tenants, given.max_retries) == (["north", "south"], openai.DEFAULT_MAX_RETRIES)


def test_a_key_that_is_changed_later_is_the_next_calls(make: Make, endpoint: Endpoint) -> None:
    given = client(endpoint)
    executor = make(given)
    executor.execute_batch(tasks("a"))
    given.api_key = "new"
    executor.execute_batch(tasks("b"))
    assert endpoint.keys == ["Bearer k", "Bearer new"]


def test_a_paid_reply_is_not_lost_for_want_of_a_file(
    make: Make, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: str) -> Any:
        raise OSError(errno.EMFILE, "Too many open files")

    price_table.table.cache_clear()
    executor = make(client(endpoint))
    monkeypatch.setattr(resources, "files", full)
    assert executor.execute_batch(tasks("a")).success_rate == 1


@pytest.mark.parametrize(("status", "code"), [(401, "invalid_api_key"), (429, "insufficient_quota")])
def test_what_no_call_gets_past_stops_the_batch(make: Make, endpoint: Endpoint, status: int, code: str) -> None:
    endpoint.answer = lambda prompt: refused(status, code)
    batch = make(client(endpoint), max_workers=4).execute_batch(tasks(*"abcdefghijkl"), "x")
    assert len(endpoint.asked) <= 4
    assert batch.stopped
    assert {(result.error or "").partition(":")[0] for result in batch.failed_results} == {"NotRun"}
    endpoint.answer = lambda prompt: said("fine")
    again = make(client(endpoint)).execute_batch(tasks(*"abcdefghijkl"), "x", resume_from_checkpoint=True)
    assert again.success_rate == 1


@pytest.mark.parametrize(
    ("status", "code", "remedy"),
    [
        (401, "invalid_api_key", "set OPENAI_API_KEY, or give create_executor another llm_client"),
        (403, "invalid_api_key", "set OPENAI_API_KEY, or give create_executor another llm_client"),
        (404, "model_not_found", "another model= (AITA_MODEL), and see that OPENAI_BASE_URL is right"),
        (403, "unsupported_country_region_territory", "set OPENAI_BASE_URL, or the llm_client's base_url"),
        (429, "insufficient_quota", "add credit at the provider"),
    ],
)
@pytest.mark.parametrize(
    ("arguments", "again"),
    [
        ({"checkpoint_name": "x"}, "execute_batch(tasks, 'x') goes on"),
        ({"checkpoint_name": "x", "resume_from_checkpoint": False}, "execute_batch(tasks, 'x') goes on"),
        ({}, "execute_batch(tasks, resume_from_checkpoint=True) goes on"),
    ],
)
def test_a_batch_that_stopped_says_what_to_do_and_how_it_goes_on(
    make: Make, endpoint: Endpoint, arguments: dict[str, Any], again: str, status: int, code: str, remedy: str
) -> None:
    endpoint.answer = lambda prompt: refused(status, code)
    batch = make(client(endpoint), max_workers=1).execute_batch(tasks("a", "b"), **arguments)
    assert remedy in (batch.stopped or "")
    assert {result.error for result in batch.task_results} == {f"NotRun: {batch.stopped}: {again}"}
    assert re.search(r"aita \w|stack|resume the run", f"{batch.task_results[0].error}") is None


def test_without_checkpoints_everything_is_run_anew(make: Make, endpoint: Endpoint) -> None:
    endpoint.answer = lambda prompt: refused(401, "invalid_api_key")
    (result,) = make(client(endpoint), enable_checkpointing=False).execute_batch(tasks("a")).task_results
    assert (result.error or "").endswith(": execute_batch(tasks) runs all of them anew")


def test_what_one_call_is_refused_is_its_tasks_end(make: Make, endpoint: Endpoint) -> None:
    endpoint.answer = lambda prompt: refused(400, "content_filter") if prompt == "a" else said("fine")
    batch = make(client(endpoint)).execute_batch(tasks("a", "b"))
    assert [result.success for result in batch.task_results] == [False, True]


FLAGGED: Answer = (403, {}, {"error": {"code": 403, "message": "flagged", "metadata": {"reasons": ["violence"]}}})
FORBIDDEN: Answer = (403, {}, {"message": "Forbidden"})


def test_one_flagged_input_stops_no_batch(make: Make, endpoint: Endpoint) -> None:
    endpoint.answer = lambda prompt: FLAGGED if prompt == "a" else said("fine")
    batch = make(client(endpoint), max_workers=1).execute_batch(tasks("a", "b", "c"))
    assert [result.success for result in batch.task_results] == [False, True, True]
    assert (batch.stopped, (batch.task_results[0].error or "").partition(":")[0]) == (None, "RefusalError")


def test_a_403_without_a_reason_is_the_inputs_once_others_are_answered(make: Make, endpoint: Endpoint) -> None:
    endpoint.answer = lambda prompt: FORBIDDEN if prompt == "b" else said("fine")
    executor = make(client(endpoint), max_workers=1)
    assert [r.success for r in executor.execute_batch(tasks("a", "b", "c")).task_results] == [True, False, True]
    assert [r.success for r in executor.execute_batch(tasks("b", "d")).task_results] == [False, True]


def test_and_before_that_it_stops_the_batch_which_a_resume_gets_past(make: Make, endpoint: Endpoint) -> None:
    def answer(prompt: str) -> Answer:
        return FORBIDDEN if prompt == "b" else said("fine")

    endpoint.answer = answer
    names = ("b", "a", "c")
    first = make(client(endpoint), max_workers=1).execute_batch(tasks(*names), "x")
    assert "403" in (first.stopped or "")
    executor = make(client(endpoint), max_workers=1)
    executor.execute_batch(tasks("a"), "x", resume_from_checkpoint=True)
    again = make(client(endpoint), max_workers=1).execute_batch(tasks(*names), "x", resume_from_checkpoint=True)
    assert [(r.success, r.resumed) for r in again.task_results] == [(False, False), (True, True), (True, False)]


def test_a_key_that_is_taken_away_stops_the_batch(make: Make, endpoint: Endpoint) -> None:
    endpoint.answer = lambda prompt: said("fine") if prompt == "0" else FORBIDDEN
    batch = make(client(endpoint), max_workers=1).execute_batch(tasks(*map(str, range(20))))
    assert "the API key is wrong" in (batch.stopped or "")
    assert len(endpoint.asked) == 5


@pytest.mark.parametrize("content", [None, "", " \n", [], "<think>so"])
def test_an_empty_reply_is_asked_again_and_then_fails(make: Make, endpoint: Endpoint, content: Any) -> None:
    replies = iter([content, content, "fine", content, content, content, content])
    endpoint.answer = lambda prompt: said(next(replies))
    results = make(client(endpoint), max_workers=1).execute_batch(tasks("a", "b")).task_results
    assert [(result.success, result.retry_count) for result in results] == [(True, 2), (False, 3)]
    assert (results[1].error or "").startswith("UnparsableReplyError: asked 4 times")


def test_with_the_guides_logging_waits_are_told_and_calls_are_not(
    make: Make, endpoint: Endpoint, caplog: pytest.LogCaptureFixture
) -> None:
    assert 'logging.getLogger("aita").setLevel("INFO")' in GUIDE.read_text("utf-8")
    caplog.set_level(logging.INFO, logger="aita")
    left = [refused(429, "slow down", **{"retry-after-ms": "50"})]
    endpoint.answer = lambda prompt: left.pop() if left else said("fine")
    make(client(endpoint)).execute_batch(tasks(*"abcdef"))
    assert "waiting for the provider" in caplog.text
    assert {record.name.partition(".")[0] for record in caplog.records} == {"aita"}


@pytest.mark.parametrize(
    ("status", "headers", "told"),
    [
        (429, {"Retry-After": "0"}, None),
        (503, {}, None),
        (401, {}, "NotRun: the provider answered 401: check key, quota and model"),
        (422, {}, "TaskError: the provider answered 422 to this request"),
    ],
)
def test_the_guides_client_tells_errors_from_each_other(
    make: Make, endpoint: Endpoint, status: int, headers: dict[str, str], told: str | None
) -> None:
    (code,) = [block.text for block in Document.of(GUIDE).blocks() if "class PlainClient" in block.text]
    names: dict[str, Any] = {}
    exec(code.partition("\nexecutor = ")[0], names)
    left = [refused(status, "SECRET", **headers)]
    endpoint.answer = lambda prompt: left.pop() if left else said(prompt.upper())
    (result,) = make(names["PlainClient"](endpoint.url, "m")).execute_batch(tasks("a")).task_results
    assert result.result == ("A" if told is None else None)
    assert (result.error or "").startswith(told or "")
    assert "SECRET" not in (result.error or "")
