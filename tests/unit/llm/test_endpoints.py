"""Endpoints that are none, or no good ones: each ends a call in time, as the one who must act would want it told."""

import gzip
import json
import socket
import ssl
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest

from aita.errors import CallError, ProviderBusy, RunStopped, TaskError, TooLongError
from aita.llm.chat import ChatModel, connect
from aita.llm.completion import read_completion
from aita.models.transcription import Transcription
from aita.tasks.json_schema import strict_schema
from aita.tasks.request import LLMRequest, Message, Parameters
from tests.support.raw_endpoint import PATIENCE, REPLY, STREAMED, WHOLE, listening, model, request_of, respond


def fails(url: str, **changes: Any) -> CallError:
    """Return the error that a call ends in, and check that it came in time and tells no secret."""
    before = time.monotonic()
    with pytest.raises(CallError) as caught:
        model(url, **changes).complete(WHOLE, {})
    assert time.monotonic() - before < PATIENCE
    error = caught.value
    assert error.__cause__ is None
    assert "sk-" not in f"{error!r} {error.__context__!r}"
    return error


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
        "usage",
        [None, 7, {}, {"prompt_tokens": "x", "completion_tokens": 1}, {"prompt_tokens": -1, "completion_tokens": 1},
         {"prompt_tokens": True, "completion_tokens": 1}, {"prompt_tokens": 10**40, "completion_tokens": 1}],
    )  # fmt: skip
    def test_usage_that_was_not_told_is_not_known(self, usage: Any) -> None:
        body = {"choices": [{"message": {"content": "x"}}], "usage": usage}
        assert read_completion(json.dumps(body).encode(), "").usage is None

    def test_text_of_any_kind(self) -> None:
        body = b'{"choices": [{"message": {"content": "a\\u0000\\ud800b"}, "finish_reason": "stop"}]}'
        assert read_completion(body, "").text == "a\0\ufffdb"
        large = json.dumps({"choices": [{"message": {"content": "x" * 5_000_000}}]}).encode()
        assert len(read_completion(large, "").text) == 5_000_000

    @pytest.mark.parametrize(
        ("content", "text"),
        [
            ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "ab"),
            ([{"type": "reasoning", "text": "no, a"}, {"type": "text", "text": "b"}], "b"),
            (["a", "b"], "ab"),
            ({"type": "text", "text": "a"}, "a"),
            ({"type": ["odd"], "text": "a"}, "a"),
            ([{"type": "thinking", "thinking": []}, 7, {"text": None}, {"text": [{"text": "x"}]}], ""),
            ([], ""),
            (7, ""),
        ],
    )
    def test_text_in_parts(self, content: Any, text: str) -> None:
        body = {"choices": [{"message": {"content": content}}]}
        assert read_completion(json.dumps(body).encode(), "").text == text

    def test_names_are_short(self) -> None:
        body = {"choices": [{"message": {"content": "x"}, "finish_reason": "x" * 10_000}], "model": "x" * 10_000}
        completion = read_completion(json.dumps(body).encode(), "")
        assert (len(completion.model), len(completion.finish_reason)) == (200, 200)

    @pytest.mark.parametrize("form", ["application/json", "text/event-stream", ""])
    @pytest.mark.parametrize("before", [": PROCESSING\n\n", "\n\n: a\r\n: b\r\n\r\n", "\ufeff"])
    def test_comments_before_it_are_passed_over(self, before: str, form: str) -> None:
        completion = read_completion(f"{before}{json.dumps(REPLY, indent=1)}\n".encode(), form)
        assert (completion.text, completion.finish_reason) == ("hi", "stop")

    @pytest.mark.parametrize("form", ["application/json", "text/event-stream", "text/plain"])
    @pytest.mark.parametrize("field", ["delta", "message"])
    def test_events_that_nobody_asked_for_are_read(self, field: str, form: str) -> None:
        parts = [
            {"choices": [{field: {"content": "hi"}, "finish_reason": None}]},
            {"choices": [{"finish_reason": "stop"}]},
        ]
        lines = [": PROCESSING", *(f"data: {json.dumps(part)}" for part in parts), "data: [DONE]", ""]
        completion = read_completion("\n\n".join(lines).encode(), form)
        assert (completion.text, completion.finish_reason) == ("hi", "stop")

    @pytest.mark.parametrize(
        "body",
        [": PROCESSING\n\n", ': a\n{"choices": [{"mess', 'data: {"choices": [{"delta": {"content": "h', ": a\ndata: "],
    )
    def test_what_was_cut_among_them_is_asked_again(self, body: str) -> None:
        with pytest.raises(ProviderBusy) as caught:
            read_completion(body.encode(), "application/json")
        assert caught.value.__context__ is None or caught.value.__suppress_context__

    def test_an_error_among_events_is_what_it_tells(self) -> None:
        with pytest.raises(RunStopped):
            read_completion(b': a\n\ndata: {"error": {"code": 402}}\n\n', "application/json")

    @pytest.mark.parametrize(
        ("error", "kind"),
        [({"code": 429}, ProviderBusy), ({"code": 401}, RunStopped), ({"code": 422}, TaskError), ({}, TaskError)],
    )
    def test_an_error_in_place_of_a_reply(self, error: Any, kind: type[CallError]) -> None:
        with pytest.raises(CallError) as caught:
            read_completion(json.dumps({"error": error}).encode(), "application/json")
        assert type(caught.value) is kind


class TestEndpoints:
    def test_one_that_is_not_http(self) -> None:
        # It takes the request in, too: the reset of a connection with unread bytes can overtake the answer.
        def greet(connection: socket.socket) -> None:
            connection.sendall(b"220 mail.test\r\n")
            request_of(connection)

        with listening(greet) as url:
            error = fails(url)
        assert isinstance(error, ProviderBusy), "it may be one that was cut off"
        assert "is not HTTP" in str(error)

    def test_one_that_never_answers(self) -> None:
        with listening(lambda connection: (request_of(connection), connection.recv(1))) as url:
            error = fails(url, timeout=0.3)
        assert isinstance(error, ProviderBusy)
        assert "in time" in str(error)

    def test_one_whose_body_trickles_for_ever(self) -> None:
        def trickle(connection: socket.socket) -> None:
            request_of(connection)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
            while True:
                connection.sendall(b" ")
                time.sleep(0.02)

        with listening(trickle) as url:
            error = fails(url, timeout=0.5)
        assert isinstance(error, ProviderBusy)
        assert "in time" in str(error)

    def test_one_that_redirects_for_ever(self) -> None:
        def redirect(connection: socket.socket) -> None:
            request_of(connection)
            respond(connection, "", "307 Temporary Redirect", "Location: /v1/chat/completions\r\n")

        with listening(redirect) as url:
            error = fails(url)
        assert isinstance(error, RunStopped)
        assert "redirects without end" in str(error)

    @pytest.mark.parametrize("base_url", ["127.0.0.1/v1", "ftp://127.0.0.1/v1"])
    def test_a_base_url_that_is_none(self, base_url: str) -> None:
        assert isinstance(fails(base_url), RunStopped)

    def test_https_where_there_is_none(self) -> None:
        def plain(connection: socket.socket) -> None:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

        with listening(plain) as url:
            error = fails(url.replace("http://", "https://"))
        assert isinstance(error, RunStopped)
        assert "does not speak TLS" in str(error)

    def test_a_handshake_that_breaks_may_pass(self) -> None:
        with listening(lambda connection: connection.recv(100)) as url:
            assert isinstance(fails(url.replace("http://", "https://")), ProviderBusy)

    def test_a_certificate_that_nobody_signed(self, tmp_path: Path) -> None:
        key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1",
             "-keyout", key, "-out", certificate], check=True, capture_output=True,
        )  # fmt: skip
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        with listening(lambda connection: context.wrap_socket(connection, server_side=True).close()) as url:
            error = fails(url.replace("http://", "https://"))
        assert isinstance(error, RunStopped)
        assert "certificate" in str(error)

    @pytest.mark.parametrize("key", ["", "sk-“pasted”", "sk-pasted\n", "sk-a\r\nX-Other: b"])
    @pytest.mark.parametrize("request_", [WHOLE, STREAMED])
    def test_a_key_that_no_header_takes(self, key: str, request_: LLMRequest) -> None:
        forgotten = []
        with listening(request_of) as url:
            llm = ChatModel(connect(url, lambda: key, PATIENCE), "m", forget_key=lambda: forgotten.append(1))
            with pytest.raises(RunStopped, match="the API key is empty") as caught:
                llm.complete(request_, {})
        assert forgotten == [1]
        assert "sk-" not in f"{caught.value!r} {caught.value.__context__!r}"

    @pytest.mark.parametrize("parameters", [Parameters(), Parameters(temperature=float("nan"))])
    def test_a_request_that_is_no_json(self, parameters: Parameters) -> None:
        text = "half \ud83d" if parameters == Parameters() else "whole"
        with pytest.raises(TaskError, match="half a character") as caught:
            model("http://127.0.0.1:1/v1").complete(LLMRequest((Message("user", text),), "", None, parameters), {})
        assert caught.value.__suppress_context__, "what is behind it holds the prompt"

    @pytest.mark.parametrize(
        ("encoding", "kind"), [("gzip", TooLongError), ("identity", TooLongError), ("broken", ProviderBusy)]
    )
    def test_a_body_without_end(self, encoding: str, kind: type[CallError]) -> None:
        megabyte = b" " * 1_000_000
        part = gzip.compress(megabyte) if encoding == "gzip" else b"no gzip" if encoding == "broken" else megabyte

        def answer(connection: socket.socket) -> None:
            request_of(connection)
            stated = "gzip" if encoding == "broken" else encoding
            connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Encoding: {stated}\r\n\r\n".encode())
            compressor = gzip.GzipFile(fileobj=connection.makefile("wb"), mode="wb") if encoding == "gzip" else None
            while True:
                if compressor is None:
                    connection.sendall(part)
                else:
                    compressor.write(megabyte)
                    compressor.flush()

        with listening(answer) as url:
            assert type(fails(url)) is kind


class TestManyThreads:
    @pytest.mark.parametrize("lacking", ["temperature", "response_format"])
    def test_what_many_calls_are_refused_at_once_all_of_them_learn(self, lacking: str) -> None:
        count = 8
        together = threading.Barrier(count, timeout=PATIENCE)
        seen: list[Any] = []

        def answer(request: httpx2.Request) -> httpx2.Response:
            body = json.loads(request.content)
            form = body.get("response_format", {}).get("type")
            seen.append(form)
            if "temperature" in body if lacking == "temperature" else form == "json_schema":
                together.wait()
                return httpx2.Response(400, json={"error": {"message": "", "param": lacking}})
            return httpx2.Response(200, json=REPLY)

        client = openai.OpenAI(
            base_url="http://model.test/v1",
            api_key="k",
            max_retries=0,
            http_client=httpx2.Client(transport=httpx2.MockTransport(answer)),
        )
        llm = ChatModel(client, "m", forget_key=lambda: None)
        request = LLMRequest((Message("user", "x"),), "T", strict_schema(Transcription), Parameters())
        with ThreadPoolExecutor(count) as pool:
            replies = list(pool.map(lambda _: llm.complete(request, {}).text, range(count)))
        assert replies == ["hi"] * count
        assert set(seen) == ({"json_schema"} if lacking == "temperature" else {"json_schema", "json_object"})
