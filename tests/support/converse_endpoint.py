"""Amazon Bedrock to test against: Converse on loopback, which answers what a test says, byte for byte if it likes."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

import pytest

from aita.llm.bedrock import BedrockModel
from aita.llm.bedrock_client import BedrockClient

MODEL = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
PATIENCE = 60.0
USAGE = {"inputTokens": 10, "outputTokens": 5, "totalTokens": 15}


def said(text: str, stop_reason: str = "end_turn", **usage: int) -> dict[str, Any]:
    """Return a response with a text."""
    return answered([{"text": text}], stop_reason, **usage)


def called(name: str, given: Any, stop_reason: str = "tool_use", **usage: int) -> dict[str, Any]:
    """Return a response with the call of a tool."""
    return answered([{"toolUse": {"toolUseId": "t-1", "name": name, "input": given}}], stop_reason, **usage)


def answered(content: list[dict[str, Any]], stop_reason: str, **usage: int) -> dict[str, Any]:
    return {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": stop_reason,
        "usage": USAGE | usage,
        "metrics": {"latencyMs": 3},
    }


@dataclass(frozen=True)
class Refusal:
    """An exception by its name, as Amazon Bedrock sends it."""

    status: int
    exception: str
    message: str = "no"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Raw:
    """A body that is sent as it is, with status 200."""

    body: bytes


DROP = object()
"""Answer of a server that closes the connection once it has the request."""

Answer = Callable[[dict[str, Any]], Any]


@dataclass
class Converse:
    """What the endpoint was asked. ``answer`` makes the response, a refusal or raw bytes of a request's JSON."""

    answer: Answer
    url: str = ""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    @property
    def calls(self) -> int:
        return len(self.bodies)

    def model(self, monkeypatch: pytest.MonkeyPatch, timeout: float = PATIENCE) -> BedrockModel:
        """Return the model behind this endpoint, with credentials of its own."""
        for name, value in {
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": self.url,
            "AWS_ACCESS_KEY_ID": "AKIATEST",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "us-east-1",
        }.items():
            monkeypatch.setenv(name, value)
        return BedrockModel(BedrockClient(timeout), MODEL)


@contextmanager
def converse_endpoint(answer: Answer | None = None) -> Iterator[Converse]:
    """Serve Converse on a free port."""
    converse = Converse(answer or (lambda _: said("hi")))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            model = unquote(self.path.removeprefix("/model/").removesuffix("/converse"))
            converse.bodies.append(body)
            converse.models.append(model)
            converse.paths.append(self.path)
            converse.headers.append({name.lower(): value for name, value in self.headers.items()})
            answer = converse.answer(body)
            if answer is DROP:
                self.close_connection = True
                return
            status, headers, data = _parts(answer)
            self.send_response(status)
            for name, value in {
                "Content-Type": "application/json",
                "Content-Length": str(len(data)),
                **headers,
            }.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(BrokenPipeError, ConnectionResetError):  # the client waits no longer
                self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    converse.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield converse
    finally:
        server.shutdown()
        thread.join(PATIENCE)
        server.server_close()


def _parts(answer: Any) -> tuple[int, dict[str, str], bytes]:
    match answer:
        case Raw(body):
            return 200, {}, body
        case Refusal(status, exception, message, headers):
            kind = {"x-amzn-errortype": f"{exception}:http://internal.amazon.com/coral/"} if exception else {}
            return status, kind | headers, json.dumps({"message": message}).encode()
    return 200, {}, json.dumps(answer).encode()
