"""Calls below openai's client: its request and its errors, on connections that end at the worst moment."""

import gzip
import json
import os
import socket
import ssl
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest

from aita.errors import CallError, ProviderBusy, RunStopped, TaskError
from aita.llm.chat import ChatModel
from aita.tasks.request import LLMRequest, Message, Parameters
from tests.support.raw_endpoint import PATIENCE, REPLY, WHOLE, listening, message_of, model, request_of

pytestmark = pytest.mark.slow  # talks to servers, some of which keep it waiting

BODY = json.dumps(REPLY).encode()
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
LARGE = LLMRequest((Message("user", "x" * 20_000_000),), "", None, Parameters())
"""A request that no socket takes at once."""

Answer = Callable[[socket.socket], object]


@dataclass
class Script:
    """Server that answers each request, whatever its connection, as the next of its answers does; then well."""

    answers: list[Answer] = field(default_factory=list)
    heads: list[bytes] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    connections: int = 0
    ended: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def serve(self, connection: socket.socket) -> None:
        self.connections += 1
        threading.Thread(target=self._serve, args=(connection.dup(),), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            while connection.recv(1, socket.MSG_PEEK):
                answer = self.answers.pop(0) if self.answers else self.well
                if answer(connection) is _ENDS:
                    break
        self.ended.release()

    def take(self, connection: socket.socket) -> None:
        head, body = message_of(connection)
        self.heads.append(head)
        self.bodies.append(body)

    def well(self, connection: socket.socket) -> None:
        self.take(connection)
        connection.sendall(OK)

    def sends(self, data: bytes) -> Answer:
        def answer(connection: socket.socket) -> None:
            self.take(connection)
            connection.sendall(data)

        return answer

    def well_and_ends(self, connection: socket.socket) -> object:
        self.well(connection)
        connection.shutdown(socket.SHUT_RDWR)
        return _ENDS

    def ends_without_a_word(self, connection: socket.socket) -> object:
        self.take(connection)
        connection.shutdown(socket.SHUT_RDWR)
        return _ENDS


_ENDS = object()


@contextmanager
def serving(script: Script) -> Iterator[str]:
    with listening(script.serve) as url:
        yield url


def breaks_off(connection: socket.socket) -> object:
    """Read the beginning of a request, and reset the connection."""
    connection.recv(1_000)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return _ENDS


def failure(llm: ChatModel, request: LLMRequest = WHOLE) -> CallError:
    with pytest.raises(CallError) as caught:
        llm.complete(request, {})
    assert "sk-secret" not in f"{caught.value!r} {caught.value.__context__!r}"
    return caught.value


class TestKeptConnections:
    def test_one_that_ended_while_it_was_idle_is_made_anew(self) -> None:
        script = Script()
        script.answers = [script.well_and_ends] * 3
        with serving(script) as url:
            llm = model(url)
            for _ in range(3):
                assert llm.complete(WHOLE, {}).text == "hi"
                assert script.ended.acquire(timeout=PATIENCE)
        assert (script.connections, len(script.bodies)) == (3, 3)

    def test_one_that_breaks_before_all_is_sent_is_made_anew_once(self) -> None:
        script = Script()
        script.answers = [script.well, breaks_off, script.well]
        with serving(script) as url:
            llm = model(url)
            assert llm.complete(WHOLE, {}).text == "hi"
            assert llm.complete(LARGE, {}).text == "hi"
        assert (script.connections, len(script.bodies)) == (2, 2)

    def test_a_new_one_that_breaks_is_not(self) -> None:
        script = Script(answers=[breaks_off, breaks_off])
        with serving(script) as url:
            error = failure(model(url), LARGE)
        assert isinstance(error, ProviderBusy)
        assert (script.connections, error.may_be_paid) == (1, False)

    def test_a_call_that_was_sent_is_not_repeated(self) -> None:
        script = Script()
        script.answers = [script.well, script.ends_without_a_word]
        with serving(script) as url:
            llm = model(url)
            llm.complete(WHOLE, {})
            error = failure(llm)
        assert isinstance(error, ProviderBusy)
        assert error.may_be_paid
        assert (script.connections, len(script.bodies)) == (1, 2)

    @pytest.mark.parametrize("own", [True, False])
    def test_a_forked_process_has_its_own(self, *, own: bool) -> None:
        script = Script()
        with serving(script) as url:
            llm = model(url) if own else ChatModel(openai.OpenAI(base_url=url, api_key="k"), "m", lambda: None)
            llm.complete(WHOLE, {})
            child = os.fork()
            if child == 0:  # the server is the parent's
                try:
                    os._exit(0 if llm.complete(WHOLE, {}).text == "hi" else 1)
                finally:
                    os._exit(2)
            assert os.waitpid(child, 0)[1] == 0
            assert script.connections == 2
            llm.complete(WHOLE, {})
            assert (script.connections, len(script.bodies)) == (2, 3)


class TestDeadlines:
    @pytest.mark.parametrize(
        "first", [b"HTTP/1.1 200 OK\r\nX-A: ", b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-A: b\r\n"]
    )
    @pytest.mark.parametrize("own", [True, False])
    def test_a_byte_now_and_then_does_not_move_one(self, first: bytes, *, own: bool) -> None:
        def trickle(connection: socket.socket) -> None:
            request_of(connection)
            connection.sendall(first)
            while True:
                connection.sendall(b"x")
                time.sleep(0.02)

        with listening(trickle) as url:
            client = openai.OpenAI(base_url=url, api_key="k", timeout=0.5)
            error = failure(model(url, timeout=0.5) if own else ChatModel(client, "m", lambda: None))
        assert isinstance(error, ProviderBusy)
        assert "in time" in str(error)
        assert error.may_be_paid

    def test_of_a_handshake(self) -> None:
        def listen(connection: socket.socket) -> None:
            while connection.recv(1_000):
                pass

        with listening(listen) as url:
            error = failure(model(url.replace("http://", "https://"), timeout=0.3))
        assert "in time" in str(error)
        assert not error.may_be_paid

    def test_of_a_request_that_nobody_reads(self) -> None:
        ended = threading.Event()
        with listening(lambda _: ended.wait(PATIENCE)) as url:
            error = failure(model(url, timeout=0.5), LARGE)
            ended.set()
        assert isinstance(error, ProviderBusy)
        assert "in time" in str(error)


class TestResponses:
    def test_one_that_comes_before_all_is_sent(self) -> None:
        ended = threading.Event()

        def refuse(connection: socket.socket) -> None:
            connection.recv(1_000)
            connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
            ended.wait(PATIENCE)

        with listening(refuse) as url:
            error = failure(model(url), LARGE)
            ended.set()
        assert isinstance(error, TaskError)
        assert "413" in str(error)

    @pytest.mark.parametrize("encoding", ["gzip", "identity"])
    def test_one_that_is_encoded(self, encoding: str) -> None:
        script = Script()
        data = gzip.compress(BODY) if encoding == "gzip" else BODY
        head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {len(data)}\r\n\r\n"
        script.answers = [script.sends(head.encode() + data)] * 2
        with serving(script) as url:
            llm = model(url)
            assert [llm.complete(WHOLE, {}).text for _ in range(2)] == ["hi", "hi"]
        assert script.connections == 1

    @pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 408, 413, 422, 429, 500, 503, 529])
    def test_errors_are_those_of_openai(self, status: int) -> None:
        """A call that openai's client makes itself ends in the same error."""
        body = json.dumps({"error": {"code": "some_code", "param": "p", "message": "no, not this"}}).encode()
        headers = {"retry-after": "7", "x-ratelimit-limit-requests": "60", "x-ratelimit-remaining-requests": "0",
                   "x-ratelimit-reset-requests": "60s"}  # fmt: skip
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        data = f"HTTP/1.1 {status} X\r\n{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body
        script = Script()
        script.answers = [script.sends(data)]
        with serving(script) as url:
            below = failure(model(url))
        answered = httpx2.MockTransport(lambda _: httpx2.Response(status, headers=headers, content=body))
        client = openai.OpenAI(
            base_url="http://m.test", api_key="k", max_retries=0, http_client=httpx2.Client(transport=answered)
        )
        above = failure(ChatModel(client, "m", lambda: None))
        assert (repr(below), repr(vars(below))) == (repr(above), repr(vars(above)))
        assert below.said == "p no, not this"

    def test_an_error_without_end_is_what_its_status_is(self) -> None:
        def answer(connection: socket.socket) -> None:
            request_of(connection)
            connection.sendall(b"HTTP/1.1 503 Busy\r\nRetry-After: 9\r\n\r\n")
            while True:
                connection.sendall(b"x" * 100_000)

        with listening(answer) as url:
            error = failure(model(url))
        assert isinstance(error, ProviderBusy)
        assert error.retry_after == 9

    def test_a_redirect_is_followed_and_remembered(self) -> None:
        script = Script()
        moved = b"HTTP/1.1 307 Moved\r\nLocation: /v2/chat/completions\r\nContent-Length: 0\r\n\r\n"
        script.answers = [script.sends(moved)]
        with serving(script) as url:
            llm = model(url)
            assert [llm.complete(WHOLE, {}).text for _ in range(2)] == ["hi", "hi"]
        assert [head.split()[1] for head in script.heads] == [b"/v1/chat/completions", *[b"/v2/chat/completions"] * 2]
        assert len(set(script.bodies)) == 1

    @pytest.mark.parametrize("status", [302, 303, 307, 308])
    def test_but_not_to_another_host(self, status: int) -> None:
        script, other = Script(), Script()
        with serving(script) as url, serving(other) as there:
            elsewhere = there.replace("127.0.0.1", "localhost").encode()
            within = b"HTTP/1.1 307 Moved\r\nLocation: /v2/chat/completions\r\nContent-Length: 0\r\n\r\n"
            away = b"HTTP/1.1 %d Moved\r\nLocation: %b/chat/completions\r\nContent-Length: 0\r\n\r\n"
            script.answers = [script.sends(within), script.sends(away % (status, elsewhere))]
            error = failure(model(url))
        assert isinstance(error, RunStopped)
        assert "another host" in str(error)
        assert other.connections == 0

    def test_nor_as_a_web_page_is(self) -> None:
        script = Script()
        script.answers = [script.sends(b"HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n")]
        with serving(script) as url:
            assert isinstance(failure(model(url)), RunStopped)
        assert len(script.heads) == 1


class TestRequests:
    def test_it_is_that_of_openai(self) -> None:
        """A call that openai's client makes itself has the same headers."""
        below, above = Script(), Script()
        for script, http in ((below, None), (above, httpx2.Client())):
            with serving(script) as url:
                options: dict[str, Any] = {"default_headers": {"X-Own": "mine"}, "default_query": {"a": "b"}}
                client = openai.OpenAI(base_url=url, api_key="k", organization="o", http_client=http, **options)
                assert ChatModel(client, "m", lambda: None).complete(WHOLE, {}).text == "hi"
        assert below.bodies == above.bodies
        first, second = (
            {line.lower() for line in script.heads[0].split(b"\r\n") if not line.lower().startswith(b"host")}
            for script in (below, above)
        )
        assert first == second
        assert b"x-own: mine" in first

    @pytest.mark.parametrize("own", [True, False])
    def test_a_deployment_of_azure(self, *, own: bool) -> None:
        script = Script()
        with serving(script) as url:
            client = openai.AzureOpenAI(
                azure_endpoint=url.removesuffix("/v1"),
                api_key="sk-secret",
                api_version="2024-10-21",
                http_client=None if own else httpx2.Client(),
            )
            llm = ChatModel(client, "my-deployment", lambda: None)
            assert [llm.complete(WHOLE, {}).text for _ in range(2)] == ["hi", "hi"]
        for head in script.heads:
            assert head.split()[1] == b"/openai/deployments/my-deployment/chat/completions?api-version=2024-10-21"
            assert b"api-key: sk-secret" in head
        assert json.loads(script.bodies[0])["model"] == "my-deployment"

    def test_a_token_of_azure_is_asked_for_before_each_call(self) -> None:
        script, tokens = Script(), iter(("first", "second"))
        with serving(script) as url:
            client = openai.AzureOpenAI(
                azure_endpoint=url, azure_ad_token_provider=lambda: next(tokens), api_version="2024-10-21"
            )
            llm = ChatModel(client, "m", lambda: None)
            for _ in range(2):
                llm.complete(WHOLE, {})
        assert b"Bearer first" in script.heads[0]
        assert b"Bearer second" in script.heads[1]

    @pytest.mark.parametrize("kind", [openai.OpenAI, openai.AzureOpenAI])
    def test_a_key_is_asked_for_once_before_each_call(self, kind: type[openai.OpenAI]) -> None:
        script = Script()
        given: list[str] = []

        def key() -> str:
            given.append(f"key-{len(given) // 2}")
            return given[-1]

        with serving(script) as url:
            more: Any = {"api_version": "2024-10-21"} if kind is openai.AzureOpenAI else {}
            llm = ChatModel(kind(base_url=url, api_key=key, **more), "m", lambda: None)
            for _ in range(4):
                llm.complete(WHOLE, {})
        assert given == ["key-0", "key-0", "key-1", "key-1"]
        assert all(f"{wanted}\r\n".encode() in head + b"\r\n" for wanted, head in zip(given, script.heads, strict=True))

    def test_a_refused_key_is_read_again(self) -> None:
        script, keys = Script(), ["old"]
        script.answers = [script.sends(b"HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\n{}")]
        with serving(script) as url:
            client = openai.OpenAI(base_url=url, api_key=lambda: keys[-1], max_retries=0)
            llm = ChatModel(client, "m", forget_key=lambda: keys.append("new"))
            assert isinstance(failure(llm), RunStopped)
            assert llm.complete(WHOLE, {}).text == "hi"
        assert [b"Bearer new" in head for head in script.heads] == [False, True]

    @pytest.mark.parametrize("how", ["hooks", "transport", "class", "environment"])
    def test_a_client_that_does_more_makes_its_calls_itself(self, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
        script, seen = Script(), []

        class Watched(httpx2.HTTPTransport):
            def handle_request(self, request: httpx2.Request) -> httpx2.Response:
                seen.append(request)
                return super().handle_request(request)

        class Own(openai.OpenAI):
            def _prepare_request(self, request: httpx2.Request) -> None:
                seen.append(request)

        with serving(script) as url:
            proxied = "http://model.test/v1"
            if how == "environment":
                monkeypatch.setenv("HTTP_PROXY", url.removesuffix("/v1"))
            http = {
                "hooks": lambda: httpx2.Client(event_hooks={"request": [seen.append]}),
                "transport": lambda: httpx2.Client(transport=Watched()),
            }.get(how, lambda: None)()
            kind = Own if how == "class" else openai.OpenAI
            client = kind(base_url=proxied if how == "environment" else url, api_key="k", http_client=http)
            llm = ChatModel(client, "m", lambda: None)
            for _ in range(2):
                assert llm.complete(WHOLE, {}).text == "hi"
        if how == "environment":
            assert script.heads[1].split()[1] == b"http://model.test/v1/chat/completions"
        else:
            assert len(seen) == 2


def test_a_certificate_is_verified_for_the_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    requests: list[bytes] = []

    def serve(connection: socket.socket) -> None:
        with context.wrap_socket(connection.dup(), server_side=True) as secured:
            while True:
                requests.append(request_of(secured))
                secured.sendall(OK)

    with listening(serve) as url:
        secure = url.replace("http://", "https://")
        assert "certificate" in str(failure(model(secure)))
        llm = model(secure.replace("127.0.0.1", "localhost"))
        assert [llm.complete(each, {}).text for each in (WHOLE, LARGE, WHOLE)] == ["hi"] * 3
        llm.client.close()
    assert len(requests) == 3
