"""Server of the simulated model on loopback, which can close a connection in the middle of a request."""

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

_GRACE = 3  # seconds for the requests in flight when the server is terminated
_BACKLOG = 2048

_connections: dict[tuple[str, int], asyncio.Transport] = {}


class DroppableProtocol(HttpToolsProtocol):
    """uvicorn's protocol with a register of its connections by the client's address."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # of TCP alone
        """Register the connection."""
        super().connection_made(transport)
        if self.client:
            _connections[self.client] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Remove the connection from the register."""
        if self.client:
            _connections.pop(self.client, None)
        super().connection_lost(exc)


async def drop_connection(scope: Scope) -> None:
    """Close a request's connection; the client sees a reset without a response."""
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
        """Start to accept connections, then write the port to the port file."""
        await super().startup(sockets)
        if self._port_file:
            partial = self._port_file.with_name(self._port_file.name + ".part")
            partial.write_text(f"{self._port}\n", "ascii")
            partial.replace(self._port_file)


def serve(port: int, port_file: Path | None, settings: FaultSettings) -> None:
    """Serve until SIGTERM or SIGINT. Port 0 takes a free one; ``port_file`` holds the port while the server runs.

    Raises
    ------
    OSError
        If the port is taken, or ``samples/truth.json`` does not exist.
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
    # uvicorn raises the signal that ended it again, for the previous handler. The process is to end
    # without an error, so the previous handlers do nothing.
    for end in (signal.SIGTERM, signal.SIGINT):
        signal.signal(end, lambda *_: None)
    try:
        server.run(sockets=[listener])
    finally:
        if port_file:
            port_file.unlink(missing_ok=True)
