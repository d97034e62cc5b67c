"""Where the local stack keeps its things, and which ports it has."""

import json
import os
import random
import socket
from dataclasses import dataclass
from pathlib import Path

from aita.client.atomic_write import write_whole
from aita.errors import LocalStackError

PROJECT = Path(__file__).resolve().parent.parent
LOOPBACK = "127.0.0.1"

# Below what systems hand out for outgoing connections, so that a remembered port is rarely taken.
_PORTS = range(20_000, 30_000)
_TRIES = 200


@dataclass(frozen=True, slots=True)
class StateDir:
    """The folder with everything that the local stack writes: ``.aita``, or what ``AITA_HOME`` names."""

    path: Path

    @classmethod
    def default(cls) -> "StateDir":
        """Return the home that the commands use."""
        return cls(Path(os.environ.get("AITA_HOME") or PROJECT / ".aita").resolve())

    def folder(self, name: str) -> Path:
        """Return a folder of the home, made if missing, readable by its owner alone."""
        folder = self.path / name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    @property
    def is_default(self) -> bool:
        """Whether it is the project's own, which commands find from any folder: others are named by AITA_HOME."""
        return self.path == (PROJECT / ".aita").resolve()

    @property
    def connection(self) -> Path:
        """The file that says where the running stack is."""
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
        """Refuse to go on if another program has the server's port.

        Raises
        ------
        LocalStackError
            With what to do.
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
    """Write a file so that no reader sees a part of it; its folder is made if missing, for its owner alone."""
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
