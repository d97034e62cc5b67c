"""Replies that are read as they come, cut when they run away; and endpoints that are none."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from aita.errors import CallError, ProviderBusy, RunStopped, TaskError, TooLong
from aita.llm.chat import ChatModel, connect
from aita.llm.completion import read_completion, read_stream
from aita.services.conversation import usable
from aita.tasks.request import LLMRequest, Message, Parameters

STREAMED = LLMRequest((Message("user", "hello"),), "", None, Parameters(max_reply_characters=100))
WHOLE = LLMRequest((Message("user", "hello"),), "", None, Parameters())
PATIENCE = 10.0


def event(**changes: Any) -> str:
    return "data: " + json.dumps({"object": "chat.completion.chunk", "model": "m", "choices": []} | changes)


def piece(text: str, finish: str | None = None) -> str:
    return event(choices=[{"index": 0, "delta": {"content": text}, "finish_reason": finish}])


USAGE = event(usage={"prompt_tokens": 3, "completion_tokens": 2})
DONE = "data: [DONE]"


def never() -> bool:
    return False


class TestReadStream:
    def test_pieces_make_the_reply(self) -> None:
        lines = [": a comment", piece("Hel"), "", piece("lo", "stop"), USAGE, DONE]
        read = read_stream(lines, 100, never)
        assert (read.text, read.finish_reason, read.model) == ("Hello", "stop", "m")
        assert read.usage is not None
        assert (read.usage.input_tokens, read.usage.output_tokens) == (3, 2)

    def test_one_that_runs_away_is_left_at_its_limit_and_its_cost_is_unknown(self) -> None:
        taken: list[str] = []

        def endless() -> Iterator[str]:
            while True:
                taken.append("x")
                yield piece("x" * 10)

        read = read_stream(endless(), 100, never)
        assert (len(read.text), read.finish_reason, read.usage) == (110, "length", None)
        assert len(taken) == 11
        with pytest.raises(TooLong):
            usable(read.text, read.finish_reason, refusal=read.refusal)

    @pytest.mark.parametrize("lines", [[], [piece("Hel")], [piece("Hel"), DONE], [piece("Hel"), 'data: {"choi']])
    def test_one_that_ends_before_its_end_is_asked_again(self, lines: list[str]) -> None:
        with pytest.raises(ProviderBusy, match="cut off"):
            read_stream(lines, 100, never)

    def test_one_that_takes_too_long_is_left(self) -> None:
        with pytest.raises(ProviderBusy, match="in time"):
            read_stream([piece("x"), piece("y", "stop"), DONE], 100, lambda: True)

    @pytest.mark.parametrize("line", ["data: []", "data: 7", 'data: {"error": {"message": "x"}}'])
    def test_what_is_no_completion(self, line: str) -> None:
        with pytest.raises(CallError):
            read_stream([line], 100, never)


class TestReadCompletion:
    @pytest.mark.parametrize(
        "body", [b"", b"<html>", b"[]", b"7", b"null", b'{"choices": []}', b'{"choices": [7]}', b"[" * 100_000, b"\xff"]
    )
    def test_what_is_no_completion(self, body: bytes) -> None:
        with pytest.raises(TaskError):
            read_completion(body, "text/html")

    def test_json_that_was_cut_is_asked_again(self) -> None:
        with pytest.raises(ProviderBusy):
            read_completion(b'{"choices": [{"mess', "application/json; charset=utf-8")

    @pytest.mark.parametrize(
        "usage", [None, 7, {}, {"prompt_tokens": "x", "completion_tokens": 1}, {"prompt_tokens": -1}]
    )
    def test_usage_that_was_not_told_is_not_known(self, usage: Any) -> None:
        body = {"choices": [{"message": {"content": "x"}}], "usage": usage}
        assert read_completion(json.dumps(body).encode(), "").usage is None

    def test_text_of_any_kind(self) -> None:
        body = b'{"choices": [{"message": {"content": "a\\u0000\\ud800b"}, "finish_reason": "stop"}]}'
        assert read_completion(body, "").text == "a\0?b"
        large = json.dumps({"choices": [{"message": {"content": "x" * 5_000_000}}]}).encode()
        assert len(read_completion(large, "").text) == 5_000_000


@contextmanager
def listening(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """Answer each connection on a free port by hand, and give the base URL."""
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


def request_of(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    (length,) = [int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")]
    while len(body) < length:
        body += connection.recv(65536)
    return body


def respond(connection: socket.socket, text: str, status: str = "200 OK", headers: str = "") -> None:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(text.encode())}\r\nConnection: close\r\n{headers}\r\n"
    connection.sendall(head.encode() + text.encode())


def model(url: str, timeout: float = 1.0) -> ChatModel:
    return ChatModel(connect(url, lambda: "sk-secret", timeout), "m", forget_key=lambda: None)


class TestEndpoints:
    def test_a_stream_is_asked_for_and_left_when_it_runs_away(self) -> None:
        closed = threading.Event()
        asked: list[dict[str, Any]] = []

        def run_away(connection: socket.socket) -> None:
            asked.append(json.loads(request_of(connection)))
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
            try:
                while True:
                    connection.sendall(piece("x" * 20).encode() + b"\n\n")
            except OSError:
                closed.set()

        with listening(run_away) as url:
            reply = model(url).complete(STREAMED, {})
            assert closed.wait(PATIENCE), "the connection is closed as soon as the limit is passed"
        assert (reply.finish_reason, reply.usage) == ("length", None)
        assert (asked[0]["stream"], asked[0]["stream_options"]) == (True, {"include_usage": True})

    def test_one_that_does_not_stream_is_asked_without(self) -> None:
        asked: list[dict[str, Any]] = []

        def answer(connection: socket.socket) -> None:
            asked.append(json.loads(request_of(connection)))
            refused = next((name for name in ("stream_options", "stream") if name in asked[-1]), None)
            if refused:
                respond(connection, json.dumps({"error": {"message": f"{refused} is unknown"}}), "400 Bad Request")
            else:
                respond(connection, '{"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]}')

        with listening(answer) as url:
            assert model(url).complete(STREAMED, {}).text == "hi"
        assert [sorted({"stream", "stream_options"} & set(body)) for body in asked] == [
            ["stream", "stream_options"], ["stream"], [],
        ]  # fmt: skip

    def test_a_stream_that_trickles_for_ever_is_left(self) -> None:
        ended = threading.Event()

        def trickle(connection: socket.socket) -> None:
            request_of(connection)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
            while not ended.wait(0.05):
                connection.sendall(b": still here\n\n")

        with listening(trickle) as url:
            before = time.monotonic()
            with pytest.raises(ProviderBusy, match="in time"):
                model(url, timeout=0.5).complete(STREAMED, {})
            assert time.monotonic() - before < PATIENCE
            ended.set()

    def test_one_that_is_cut_in_the_middle_is_asked_again(self) -> None:
        def cut(connection: socket.socket) -> None:
            request_of(connection)
            head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
            connection.sendall(head + b"5\r\ndata:")

        with listening(cut) as url, pytest.raises(ProviderBusy, match="cut off"):
            model(url).complete(STREAMED, {})

    def test_one_that_is_not_http(self) -> None:
        with (
            listening(lambda connection: connection.sendall(b"220 mail.test ESMTP\r\n")) as url,
            pytest.raises(ProviderBusy),
        ):
            model(url).complete(WHOLE, {})

    def test_one_that_never_answers(self) -> None:
        ended = threading.Event()
        with listening(lambda connection: ended.wait(PATIENCE) and None) as url:
            with pytest.raises(ProviderBusy, match="in time"):
                model(url, timeout=0.3).complete(WHOLE, {})
            ended.set()

    def test_one_that_redirects_for_ever(self) -> None:
        def redirect(connection: socket.socket) -> None:
            request_of(connection)
            respond(connection, "", "307 Temporary Redirect", "Location: /v1/chat/completions\r\n")

        with listening(redirect) as url, pytest.raises((TaskError, RunStopped, ProviderBusy)):
            model(url).complete(WHOLE, {})
