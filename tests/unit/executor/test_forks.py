"""Executors that are used in a process and in those that are forked from it: whose answer is whose?"""

import json
import os
import select
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest

from aita.errors import CheckpointError
from aita.executor.checkpoint import Checkpoint
from aita.executor.in_process import InProcessExecutor
from aita.llm.chat import ChatModel
from aita.services.calls.model_router import ModelRouter
from tests.unit.executor.conftest import Make
from tests.unit.executor.test_batches import tasks
from tests.unit.executor.test_endpoint import Endpoint, Handler, said

PATIENCE = 60.0
"""Seconds until a child is given up; a right one ends in a moment."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork"),
]


class Counting(Handler):
    def setup(self) -> None:
        super().setup()
        assert isinstance(self.server, Echo)
        self.server.connections += 1


class Echo(Endpoint):
    """Says what it is asked, a moment later, so that calls of several processes are under way at once."""

    connections = 0

    def __init__(self) -> None:
        super().__init__()
        self.RequestHandlerClass = Counting
        self.answer = self._echo

    def _echo(self, prompt: str) -> Any:
        time.sleep(0.002)
        return said(prompt)


@pytest.fixture
def echo() -> Iterator[Echo]:
    with Echo() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@dataclass
class Child:
    """A forked process that does its work, tells what came of it, and stays until it is ended."""

    work: Callable[[], Any]
    pid: int = 0
    told: int = 0
    ended: bool = field(default=False)

    def start(self) -> "Child":
        self.told, tells = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:  # nothing of pytest's may run here
            try:
                os.write(tells, json.dumps(self.work()).encode())
                signal.pause()
            finally:
                os._exit(0)
        os.close(tells)
        return self

    def result(self) -> Any:
        ready, _, _ = select.select([self.told], [], [], PATIENCE)
        assert ready, "the child hangs"
        data = os.read(self.told, 1 << 20)
        assert data, "the child failed"
        return json.loads(data)

    def end(self) -> None:
        if not self.ended:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            os.close(self.told)
            self.ended = True


@contextmanager
def children(*works: Callable[[], Any]) -> Iterator[list[Child]]:
    with ExitStack() as stack:
        started = []
        for work in works:
            child = Child(work).start()
            stack.callback(child.end)
            started.append(child)
        yield started


def of_environment(echo: Echo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", echo.url)


def given(echo: Echo, monkeypatch: pytest.MonkeyPatch) -> openai.OpenAI:
    return openai.OpenAI(api_key="k", base_url=echo.url, max_retries=0)


def given_with_transport(echo: Echo, monkeypatch: pytest.MonkeyPatch) -> openai.OpenAI:
    http = openai.DefaultHttpxClient(transport=Retrying(httpx2.HTTPTransport()))
    return openai.OpenAI(api_key="k", base_url=echo.url, http_client=http)


def given_with_mounts(echo: Echo, monkeypatch: pytest.MonkeyPatch) -> openai.OpenAI:
    http = openai.DefaultHttpxClient(mounts={"http://127.0.0.1": httpx2.HTTPTransport()})
    return openai.OpenAI(api_key="k", base_url=echo.url, http_client=http)


def given_with_transports(echo: Echo, monkeypatch: pytest.MonkeyPatch) -> openai.OpenAI:
    http = openai.DefaultHttpxClient(transport=Routing(httpx2.HTTPTransport()))
    return openai.OpenAI(api_key="k", base_url=echo.url, http_client=http)


def given_with_a_pool(echo: Echo, monkeypatch: pytest.MonkeyPatch) -> openai.OpenAI:
    http = openai.DefaultHttpxClient(transport=Slotted(httpx2.HTTPTransport()))
    return openai.OpenAI(api_key="k", base_url=echo.url, http_client=http)


class Retrying(httpx2.BaseTransport):
    """A transport of the caller's own around httpx2's."""

    def __init__(self, inner: httpx2.BaseTransport) -> None:
        self.inner = inner

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        return self.inner.handle_request(request)


class Routing(httpx2.BaseTransport):
    """One that chooses among several, of which one holds itself."""

    def __init__(self, inner: httpx2.BaseTransport) -> None:
        self.by_host = {"any": [Retrying(inner), self]}

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        return self.by_host["any"][0].handle_request(request)


class Slotted(Retrying):
    """One with slots, and httpx2's pool without httpx2's transport."""

    __slots__ = ("call",)

    def __init__(self, inner: httpx2.HTTPTransport) -> None:
        self.call = (Pooled(inner._pool),)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        return self.call[0].handle_request(request)


class Pooled(httpx2.HTTPTransport):
    """As transports for SOCKS proxies are made: with a pool of their own."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool


CLIENTS = [of_environment, given, given_with_transport, given_with_mounts, given_with_transports, given_with_a_pool]


def answers(executor: InProcessExecutor, name: str, count: int) -> dict[str, Any]:
    names = [f"{name}-{number}" for number in range(count)]
    batch = executor.execute_batch(tasks(*names))
    return {task: result.result or result.error for task, result in zip(names, batch.task_results, strict=True)}


@pytest.mark.parametrize("client", CLIENTS)
def test_each_process_has_its_own_answers(
    make: Make, echo: Echo, monkeypatch: pytest.MonkeyPatch, client: Callable[[Echo, pytest.MonkeyPatch], Any]
) -> None:
    executor = make(client(echo, monkeypatch), max_workers=8, enable_checkpointing=False)
    answers(executor, "warm", 20)
    works = [lambda name=name: answers(executor, name, 40) for name in "ABC"]
    with children(*works) as forked:
        found = answers(executor, "parent", 40) | {k: v for child in forked for k, v in child.result().items()}
    assert len(found) == 160
    assert found == {name: name for name in found}
    assert len(echo.asked) == 180, "nothing was asked twice"


@pytest.mark.parametrize("client", CLIENTS)
def test_the_parents_connection_is_left_as_it_is(
    make: Make, echo: Echo, monkeypatch: pytest.MonkeyPatch, client: Callable[[Echo, pytest.MonkeyPatch], Any]
) -> None:
    executor = make(client(echo, monkeypatch), max_workers=1, enable_checkpointing=False)
    answers(executor, "first", 2)
    assert echo.connections == 1
    with children(lambda: answers(executor, "child", 2)) as (child,):
        child.result()
    answers(executor, "second", 2)
    assert echo.connections == 2


def test_what_a_thread_holds_at_the_fork_is_free_in_the_child(make: Make, echo: Echo) -> None:
    executor = make(openai.OpenAI(api_key="k", base_url=echo.url), rate_limit=1000, enable_checkpointing=False)
    answers(executor, "warm", 2)
    assert isinstance(executor.llm, ModelRouter)
    model = executor.llm.llm
    assert isinstance(model, ChatModel)
    pool = model.client._client._transport._pool  # type: ignore[attr-defined]
    locks = [executor.limiter._lock, executor.prefixes._lock, pool._optional_thread_lock]
    held, ends = threading.Event(), threading.Event()

    def hold() -> None:
        with ExitStack() as stack:
            for lock in locks:
                stack.enter_context(lock)
            held.set()
            ends.wait(PATIENCE)

    with ThreadPoolExecutor(1) as pool_of_one:
        holding = pool_of_one.submit(hold)
        assert held.wait(PATIENCE)
        try:
            with children(lambda: answers(executor, "child", 3)) as (child,):
                assert child.result() == {f"child-{number}": f"child-{number}" for number in range(3)}
        finally:
            ends.set()
            holding.result(PATIENCE)


def test_calls_that_are_under_way_at_the_fork_are_the_parents(make: Make, echo: Echo) -> None:
    waiting, go = threading.Barrier(5, timeout=PATIENCE), threading.Event()

    def answer(prompt: str) -> Any:
        if prompt.startswith("parent"):
            waiting.wait()
            assert go.wait(PATIENCE)
        return said(prompt)

    echo.answer = answer
    executor = make(openai.OpenAI(api_key="k", base_url=echo.url), max_workers=4)
    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(answers, executor, "parent", 4)
        waiting.wait()
        try:
            with children(lambda: answers(executor, "child", 8)) as (child,):
                assert child.result() == {f"child-{number}": f"child-{number}" for number in range(8)}
        finally:
            go.set()
        assert running.result(PATIENCE) == {f"parent-{number}": f"parent-{number}" for number in range(4)}


def test_a_checkpoint_stays_with_the_process_that_opened_it(tmp_path: Path) -> None:
    checkpoint = Checkpoint.open(tmp_path, "x", 1)
    with children(lambda: [checkpoint.file, checkpoint._closed]) as (child,):
        assert child.result() == [-1, True]
        with pytest.raises(CheckpointError, match="in use"):
            Checkpoint.open(tmp_path, "x", 1)
        checkpoint.close()
        Checkpoint.open(tmp_path, "x", 1).close()


def test_one_that_could_not_be_opened_takes_no_other_file_along(tmp_path: Path) -> None:
    first = Checkpoint.open(tmp_path, "x", 1)
    with pytest.raises(CheckpointError, match="in use") as kept:
        Checkpoint.open(tmp_path, "x", 1)
    second = Checkpoint.open(tmp_path, "y", 1)
    with children(lambda: [second.file, second._closed]) as (child,):
        assert child.result() == [-1, True]
    assert kept.value  # and with it, where it was raised
    first.close()
    second.close()
