"""A provider to test against: chat completions on loopback that answer what a test says."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.testclient import TestClient

from aita_local.simulated_model.batches import Batches
from aita_local.simulated_model.errors import SimulatedModelError
from aita_local.simulated_model.fault_injection import Faults


@dataclass(frozen=True)
class Answer:
    """What the provider answers: a reply's text, or an error by its status, code and headers."""

    text: str = ""
    status: int = 200
    code: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass
class Provider:
    """Answers each request with what ``answer`` makes of it; keeps the requests, their keys and when each began."""

    answer: Callable[[dict[str, Any]], Answer]
    base_url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    began: list[float] = field(default_factory=list)
    faults: Faults = field(default_factory=Faults)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.batches = Batches(self.faults, self._batched, self._drop)

    async def _batched(self, body: bytes) -> dict[str, Any]:
        return _completion(self.answer(json.loads(body)))

    async def _drop(self, _: Request) -> Response:
        return Response(status_code=500)  # an error after the creation is as lost as a dropped answer

    def take(self, request: dict[str, Any]) -> Answer:
        with self._lock:
            self.requests.append(request)
            self.began.append(time.monotonic())
            return self.answer(request)


@contextmanager
def serving(answer: Callable[[dict[str, Any]], Answer]) -> Iterator[Provider]:
    provider = Provider(answer)
    batches = TestClient(Starlette(routes=provider.batches.routes(), exception_handlers={SimulatedModelError: _failed}))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._answer_as_batches_do(b"")

        def do_DELETE(self) -> None:
            self._answer_as_batches_do(b"")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if not self.path.endswith("/chat/completions"):
                self._answer_as_batches_do(body)
                return
            request = json.loads(body)
            provider.keys.add(self.headers["Authorization"])
            answer = provider.take(request)
            time.sleep(answer.seconds)
            body = json.dumps(_error(answer) if answer.status != 200 else _completion(answer)).encode()
            self.send_response(answer.status)
            for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def _answer_as_batches_do(self, body: bytes) -> None:
            kind = {"Content-Type": self.headers.get("Content-Type", "")}
            answered = batches.request(self.command, self.path, content=body, headers=kind)
            self.send_response(answered.status_code)
            self.send_header("Content-Type", answered.headers["Content-Type"])
            self.send_header("Content-Length", str(len(answered.content)))
            self.end_headers()
            self.wfile.write(answered.content)

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    provider.base_url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def _failed(_: Request, error: Exception) -> Response:
    assert isinstance(error, SimulatedModelError)
    return JSONResponse(error.body(), status_code=error.status)


def _error(answer: Answer) -> dict[str, Any]:
    return {"error": {"message": "no", "type": "test", "code": answer.code, "param": None}}


def _completion(answer: Answer) -> dict[str, Any]:
    message = {"role": "assistant", "content": answer.text, "refusal": None}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 0,
        "model": "test-model",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
    }
