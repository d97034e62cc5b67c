"""Server of the console, on a port of this computer's loopback that is free."""

import secrets
import signal
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import uvicorn

from aita.client.console.application import bucket_urls, make_application
from aita.client.console.own_work import OwnWork
from aita.client.console.staging import Staging
from aita.client.file_transfer import FileTransfer
from aita.client.sigv4 import SigV4Transport
from aita.client.stack_outputs import Stack
from aita.client.stack_target import StackTarget

_LOOPBACK = "127.0.0.1"


def serve_console(
    place: StackTarget,
    stack: Stack,
    port: int,
    own_work: Callable[[Staging], Mapping[str, OwnWork[Any]]],
    ready: Callable[[str], None],
) -> None:
    """Serve the console until the process is told to end.

    Parameters
    ----------
    port
        Port of 127.0.0.1; 0 for any that is free.
    own_work
        Function that returns the server's own work, which takes files that were dropped on its pages.
    ready
        Function that takes the console's address once it accepts connections. It holds a secret of this process.

    Raises
    ------
    OSError
        If the port is taken.
    KeyboardInterrupt
        If the process was told to end.
    """
    with (
        _ending_cleanly(),
        socket.create_server((_LOOPBACK, port), backlog=128) as listening,
        TemporaryDirectory(prefix="aita-console-") as dropped,
    ):
        staging = Staging(Path(dropped))
        port = listening.getsockname()[1]
        token = secrets.token_urlsafe(32)
        application = make_application(
            lambda: SigV4Transport(replace(place), stack.api_url, stack.region),  # a copy has read no credentials yet
            FileTransfer(place),
            bucket_urls(stack.bucket, place.endpoint_url),
            hosts=(f"{_LOOPBACK}:{port}", f"localhost:{port}"),
            token=token,
            staging=staging,
            work=own_work(staging),
        )
        config = uvicorn.Config(
            application, log_config=None, access_log=False, server_header=False, ws="none", lifespan="off"
        )
        ready(f"http://{_LOOPBACK}:{port}/#token={token}")
        uvicorn.Server(config).run(sockets=[listening])


@contextmanager
def _ending_cleanly() -> Iterator[None]:
    """End by SIGTERM, and when the terminal is closed, as by Ctrl-C: else what was dropped would stay on the disk."""
    hangup = getattr(signal, "SIGHUP", None)  # not on Windows
    before = {signal.SIGTERM: signal.signal(signal.SIGTERM, signal.default_int_handler)}
    if hangup is not None:  # uvicorn ends gracefully by SIGTERM and knows no SIGHUP
        before[hangup] = signal.signal(hangup, lambda *_: signal.raise_signal(signal.SIGTERM))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
