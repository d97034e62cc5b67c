"""Serves the simulated model on loopback, and lets it close a connection in the middle of a request."""

import asyncio
import signal
import socket
from pathlib import Path

import uvicorn
from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from aita_local.simulated_model.app import create_app
from aita_local.simulated_model.fault_injection import Faults, FaultSettings
from aita_local.simulated_model.sample.exam import SampleExam

HOST = "127.0.0.1"

_GRACE = 3  # seconds that the requests in flight have when the server is told to end
_BACKLOG = 2048

_connections: dict[tuple[str, int], asyncio.Transport] = {}


class DroppableProtocol(HttpToolsProtocol):
    """uvicorn's protocol, but that its connections can be found by the client's address."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # of TCP alone
        """Remember the connection."""
        super().connection_made(transport)
        if self.client:
            _connections[self.client] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        if self.client:
            _connections.pop(self.client, None)
        super().connection_lost(exc)


async def drop_connection(scope: Scope) -> None:
    """Close the connection that a request came on; its client sees it reset, with no answer."""
    client = tuple(scope["client"])
    if transport := _connections.get(client):
        transport.abort()
    while client in _connections:  # connection_lost runs in one of the loop's next rounds
        await asyncio.sleep(0)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, port: int, port_file: Path | None) -> None:
        super().__init__(config)
        self._port = port
        self._port_file = port_file

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to accept connections, then tell the port."""
        await super().startup(sockets)
        if self._port_file:
            partial = self._port_file.with_name(self._port_file.name + ".part")
            partial.write_text(f"{self._port}\n", "ascii")
            partial.replace(self._port_file)


def serve(port: int, port_file: Path | None, settings: FaultSettings) -> None:
    """Serve until SIGTERM or SIGINT. Port 0 takes a free one; ``port_file`` tells which, while the server runs.

    Raises
    ------
    OSError
        If the port is taken, or ``samples/truth.json`` isn't there.
    """
    app = create_app(SampleExam.load(), Faults(settings), drop_connection)
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, port))
    config = uvicorn.Config(
        app,
        http=DroppableProtocol,
        log_level="warning",
        access_log=False,
        backlog=_BACKLOG,
        timeout_graceful_shutdown=_GRACE,
    )
    server = _Server(config, listener.getsockname()[1], port_file)
    # uvicorn raises the signal that ended it once more, for whoever handled it before. Ending as
    # told is no error here, so nobody does.
    for end in (signal.SIGTERM, signal.SIGINT):
        signal.signal(end, lambda *_: None)
    try:
        server.run(sockets=[listener])
    finally:
        if port_file:
            port_file.unlink(missing_ok=True)
