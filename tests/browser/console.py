"""The console as people have it, served on loopback in front of the API's own handler on moto."""

import io
import json
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

import uvicorn
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from urllib3 import HTTPResponse

from aita.cli.console_work.kinds import own_work
from aita.client.console.application import bucket_urls, make_application
from aita.client.console.staging import Staging
from aita.client.file_transfer import FileTransfer
from aita.client.sigv4 import SigV4Transport
from aita.client.stack_target import StackTarget
from aita.errors import StackError
from aita.models.api import PresignedPost
from tests.integration.in_process import BUCKET, fetched, put
from tests.integration.stack import Stack

PATIENCE = 60.0


@dataclass(frozen=True)
class Call:
    """A call of the stack's API that the console passed on."""

    method: str
    path: str
    query: Mapping[str, Any]
    body: Any


@dataclass
class Console:
    """A console that a person started; ``person`` is the user whose credentials sign.

    ``fault`` is asked before each call, and may raise StackError, or return an answer in the API's place.
    """

    stack: Stack
    person: str = "ada"
    calls: list[Call] = field(default_factory=list)
    fault: Callable[[Call], AWSResponse | None] = lambda call: None
    address: str = ""
    port: int = 0
    _server: uvicorn.Server | None = None
    _thread: threading.Thread | None = None
    _dropped: TemporaryDirectory[str] | None = None
    _under_way: int = 0
    _ended: threading.Condition = field(default_factory=threading.Condition)

    def start(self) -> None:
        """Serve, on the port of the time before if there is one; with a new token, as each process has its own."""
        listening = socket.create_server(("127.0.0.1", self.port))
        self.port = listening.getsockname()[1]
        token = secrets.token_urlsafe(32)
        place = StackTarget("aita", "us-east-1", local=True)
        self._dropped = TemporaryDirectory()
        staging = Staging(Path(self._dropped.name))
        application = make_application(
            lambda: Signed(place, self),
            Files(place, self),
            bucket_urls(BUCKET, None),
            [f"127.0.0.1:{self.port}"],
            token,
            staging,
            own_work(staging),
        )
        config = uvicorn.Config(application, log_config=None, access_log=False, ws="none", lifespan="off")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listening]})
        self._thread.start()
        self.address = f"http://127.0.0.1:{self.port}/#token={token}"
        end = time.monotonic() + PATIENCE
        while not self._server.started:
            assert time.monotonic() < end
            time.sleep(0.005)

    def stop(self) -> None:
        """End, as a console does that is killed: connections are cut, and the stack does what it was asked for."""
        assert self._server is not None
        assert self._thread is not None
        assert self._dropped is not None
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        with self._ended:
            assert self._ended.wait_for(lambda: self._under_way == 0, PATIENCE)
        self._dropped.cleanup()

    @contextmanager
    def calling(self) -> Iterator[None]:
        """Be counted as under way, so that no call is left to run beside the tests after these."""
        with self._ended:
            self._under_way += 1
        try:
            yield
        finally:
            with self._ended:
                self._under_way -= 1
                self._ended.notify_all()

    def made(self, method: str, ending: str) -> list[Call]:
        """Return the calls of a method whose path ends so."""
        return [call for call in self.calls if call.method == method and call.path.endswith(ending)]


class Signed(SigV4Transport):
    """Transport to the handler, which gets the person as API Gateway tells it of who signed."""

    def __init__(self, place: StackTarget, console: Console) -> None:
        super().__init__(place, "https://unused", "us-east-1")
        self._console = console

    def exchange(
        self,
        method: str,
        path: Sequence[str],
        query: Mapping[str, str | int | None],
        data: bytes,
        idempotency_key: str | None = None,
        *,
        repeatable: bool = False,
    ) -> AWSResponse:
        route = "/" + "/".join(path)
        body = json.loads(data) if data else None
        call = Call(method, route, query, body)
        self._console.calls.append(call)
        if (refused := self._console.fault(call)) is not None:
            return refused
        if given := {name: value for name, value in query.items() if value is not None}:
            route += "?" + "&".join(f"{name}={value}" for name, value in given.items())
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        identity = {"userArn": f"arn:aws:iam::123456789012:user/{self._console.person}"}
        with self._console.calling():
            status, answer = self._console.stack.call(method, route, body, headers=headers, identity=identity)
        return response(status, answer)


class Files(FileTransfer):
    """The bucket in place of its presigned URLs."""

    def __init__(self, place: StackTarget, console: Console) -> None:
        super().__init__(place)
        self._console = console

    def fetch(self, url: str, target: BinaryIO) -> None:
        with self._console.calling():
            target.write(fetched(self._console.stack, url))

    def send(
        self,
        post: PresignedPost,
        file: Path,
        size: int,
        on_bytes: Callable[[int], None],
        first: int = 0,
        whole: int | None = None,
    ) -> None:
        part = file.read_bytes()[first : first + size]
        with self._console.calling():
            put(self._console.stack, post, part)
        on_bytes(size)


def response(status: int, answer: Any) -> AWSResponse:
    """Return a response of the API."""
    raw = HTTPResponse(io.BytesIO(json.dumps(answer).encode()), preload_content=False)
    return AWSResponse("https://unused", status, HTTPHeaders(), raw)


def unreachable(call: Call) -> AWSResponse | None:
    """Lose each call on its way, as without a network."""
    raise StackError("AWS can't be reached: check the network")
