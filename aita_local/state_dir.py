"""Folder of the local stack's state, and its ports."""

import json
import os
import random
import socket
from dataclasses import dataclass
from pathlib import Path

from aita.atomic_write import write_whole
from aita.errors import LocalStackError

PROJECT = Path(__file__).resolve().parent.parent
LOOPBACK = "127.0.0.1"

# Below the range of ephemeral ports, so that a stored port is rarely taken.
_PORTS = range(20_000, 30_000)
_TRIES = 200


@dataclass(frozen=True, slots=True)
class StateDir:
    """Folder of the local stack's files: ``.aita``, or ``AITA_HOME``."""

    path: Path

    @classmethod
    def default(cls) -> "StateDir":
        """Return the home for the commands."""
        return cls(Path(os.environ.get("AITA_HOME") or PROJECT / ".aita").resolve())

    def folder(self, name: str) -> Path:
        """Return a folder of the home, created if missing, readable by its owner only."""
        folder = self.path / name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    @property
    def is_default(self) -> bool:
        """Whether it is the project's own home, which commands find from any folder; others need AITA_HOME."""
        return self.path == (PROJECT / ".aita").resolve()

    @property
    def connection(self) -> Path:
        """File with the connection to the running stack."""
        return self.path / "local.json"

    def port(self, name: str) -> int:
        """Return the port of a server, the same each time; a free one is chosen the first time."""
        file = self._ports_file
        ports: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
        if name not in ports:
            ports[name] = _choose_port(set(ports.values()))
            write_state(file, json.dumps(ports))
        return ports[name]

    def require_free(self, name: str) -> None:
        """Check that the server's port is free.

        Raises
        ------
        LocalStackError
            If another program has it, with the remedy.
        """
        port = self.port(name)
        if not _is_free(port):
            raise LocalStackError(
                f"port {port} of {LOOPBACK}, which the {name} uses, is taken by another program: "
                f"stop that program, or delete {self._ports_file} to have other ports chosen"
            )

    @property
    def _ports_file(self) -> Path:
        return self.path / "ports.json"


def write_state(file: Path, text: str) -> None:
    """Write a file whole or not at all; its folder is created if missing, for its owner only."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(file, text.encode())


def _choose_port(taken: set[int]) -> int:
    for port in random.sample(_PORTS, _TRIES):
        if port not in taken and _is_free(port):
            return port
    raise LocalStackError(f"no free port found on {LOOPBACK} in {_TRIES} tries")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the servers do
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
