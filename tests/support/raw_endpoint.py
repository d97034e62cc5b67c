"""An endpoint of which each byte is the test's own: a socket on a free port."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from aita.llm.chat import ChatModel, connect
from aita.tasks.request import LLMRequest, Message, Parameters

PATIENCE = 60.0

WHOLE = LLMRequest((Message("user", "hello"),), "", None, Parameters())
STREAMED = LLMRequest((Message("user", "hello"),), "", None, Parameters(max_reply_characters=100))
REPLY = {"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]}


@contextmanager
def listening(answer: Callable[[socket.socket], object]) -> Iterator[str]:
    """Answer each connection on a free port by hand, one after the other, and give the base URL."""
    server = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def serve() -> None:
        while not ended.is_set():
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                try:
                    answer(connection)
                except OSError:
                    continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/v1"
    finally:
        ended.set()
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def request_of(connection: socket.socket) -> bytes:
    """Read a request and return its body; OSError if the other side has gone."""
    return message_of(connection)[1]


def message_of(connection: socket.socket) -> tuple[bytes, bytes]:
    """Read a request and return its head and its body; OSError if the other side has gone."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _received(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    (length,) = [int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")]
    while len(body) < length:
        body += _received(connection)
    return head, body


def _received(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise ConnectionResetError
    return data


def respond(connection: socket.socket, body: Any, status: str = "200 OK", headers: str = "") -> None:
    """Answer with JSON, or with a text as it is, and close."""
    text = body if isinstance(body, str) else json.dumps(body)
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(text.encode())}\r\nConnection: close\r\n{headers}\r\n"
    connection.sendall(head.encode() + text.encode())


def model(url: str, timeout: float = PATIENCE, key: str = "sk-secret") -> ChatModel:
    """Return the model behind an endpoint."""
    return ChatModel(connect(url, lambda: key, timeout), "m", forget_key=lambda: None)
