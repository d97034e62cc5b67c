"""OpenAI-compatible endpoint on loopback, whose answers are a function of the request, as a real one's are."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATIENCE = 60.0


@dataclass(frozen=True)
class Answer:
    """Response of the endpoint. A ``body`` that is no text is sent as JSON."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)


Rule = Callable[[dict[str, Any]], Answer | None]
"""Returns the answer to a request's body; ``None`` if the rule has none."""


def completion(text: str = '{"ok": true}', **changes: Any) -> dict[str, Any]:
    """Return a chat completion."""
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
    usage = {"prompt_tokens": 50, "completion_tokens": 7, "total_tokens": 57}
    return {"object": "chat.completion", "model": "m", "choices": [choice], "usage": usage} | changes


@dataclass
class ScriptedEndpoint:
    """Running endpoint: its base URL, and the bodies that it was sent."""

    url: str = ""
    bodies: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def scripted_endpoint(*rules: Rule) -> Iterator[ScriptedEndpoint]:
    """Serve on a free port. The first rule that has an answer gives it; without one, the answer is a good one."""
    endpoint = ScriptedEndpoint()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            endpoint.bodies.append(body)
            found = next((answer for rule in rules if (answer := rule(body)) is not None), Answer(200, completion()))
            is_text = isinstance(found.body, str)
            data = (found.body if is_text else json.dumps(found.body)).encode()
            headers = {"content-type": "text/html" if is_text else "application/json"} | found.headers
            self.send_response(found.status)
            for name, value in (headers | {"content-length": str(len(data))}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    endpoint.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
        thread.join(PATIENCE)
