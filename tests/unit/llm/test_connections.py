"""One connection for each call under way, and none to look for."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from aita.errors import ProviderBusy, TooLongError
from tests.support.raw_endpoint import PATIENCE, REPLY, WHOLE, listening, model, request_of

BODY = json.dumps(REPLY).encode()
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)


@dataclass
class Server:
    """Answers each connection in a thread of its own, and counts each one's requests."""

    answer: Callable[[int], bytes] = lambda _: OK
    counts: list[int] = field(default_factory=list)
    ends: list[threading.Event] = field(default_factory=list)

    def serve(self, connection: socket.socket) -> None:
        number = len(self.counts)
        self.counts.append(0)
        self.ends.append(threading.Event())
        mine = connection.dup()
        threading.Thread(target=self._serve, args=(mine, number), daemon=True).start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        with connection:
            try:
                while True:
                    request_of(connection)
                    self.counts[number] += 1
                    connection.sendall(self.answer(number))
            except OSError:
                self.ends[number].set()


@contextmanager
def serving(server: Server) -> Iterator[str]:
    with listening(server.serve) as url:
        yield url


def test_calls_one_after_the_other_share_a_connection() -> None:
    server = Server()
    with serving(server) as url:
        llm = model(url)
        assert [llm.complete(WHOLE, {}).text for _ in range(5)] == ["hi"] * 5
    assert server.counts == [5]


def test_calls_at_once_have_one_each_and_keep_them() -> None:
    count = 8
    together = threading.Barrier(count, timeout=PATIENCE)

    def answer(number: int) -> bytes:
        together.wait()
        return OK

    server = Server(answer)
    with serving(server) as url, ThreadPoolExecutor(count) as pool:
        llm = model(url)
        for _ in range(3):
            list(pool.map(lambda _: llm.complete(WHOLE, {}), range(count)))
    assert server.counts == [3] * count


def test_one_that_broke_is_made_anew() -> None:
    answers = [b"what is this\r\n\r\n", OK]
    server = Server(lambda number: answers[number])
    with serving(server) as url:
        llm = model(url)
        with pytest.raises(ProviderBusy, match="not HTTP"):
            llm.complete(WHOLE, {})
        assert [llm.complete(WHOLE, {}).text for _ in range(2)] == ["hi", "hi"]
    assert server.counts == [1, 2]


def test_one_whose_reply_was_left_is_made_anew() -> None:
    endless = b"HTTP/1.1 200 OK\r\nContent-Length: 99000000\r\n\r\n" + b" " * 21_000_000
    server = Server(lambda number: OK if number else endless)
    with serving(server) as url:
        llm = model(url)
        with pytest.raises(TooLongError):
            llm.complete(WHOLE, {})
        assert llm.complete(WHOLE, {}).text == "hi"
    assert server.counts == [1, 1]


def test_all_are_closed_with_the_client() -> None:
    server = Server()
    with serving(server) as url:
        llm = model(url)
        llm.complete(WHOLE, {})
        llm.client.close()
        assert server.ends[0].wait(PATIENCE)


def test_nobody_listens() -> None:
    with pytest.raises(ProviderBusy, match="can't be reached"):
        model("http://127.0.0.1:1/v1").complete(WHOLE, {})


def test_a_proxy_of_the_environment_is_gone_through(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        lines.append(connection.recv(65536).split(b"\r\n")[0])
        connection.sendall(OK)

    with listening(answer) as url:
        monkeypatch.setenv("HTTP_PROXY", url.removesuffix("/v1"))
        assert model("http://model.test/v1").complete(WHOLE, {}).text == "hi"
    assert lines == [b"POST http://model.test/v1/chat/completions HTTP/1.1"]
