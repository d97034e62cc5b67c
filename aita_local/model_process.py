"""The simulated model's process: an OpenAI-compatible server for a laptop without a key."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from aita_local.daemon import Daemon
from aita_local.health import answers, settles, wait_for
from aita_local.state_dir import LOOPBACK, PROJECT, StateDir

NAME = "simulated"
"""What it is called wherever a model is named."""

_START, _STOP = 120.0, 30.0  # seconds of patience


@dataclass(frozen=True)
class SimulatedModelProcess:
    """The simulated model of one home. Its port is remembered, as the deployed functions know it."""

    home: StateDir

    @cached_property
    def daemon(self) -> Daemon:
        """Its process."""
        return Daemon(self.home, "simulated-model")

    @property
    def base_url(self) -> str:
        """Its base URL, as the openai client takes it."""
        return f"http://{LOOPBACK}:{self.home.port('simulated-model')}/v1"

    def is_running(self) -> bool:
        """Tell whether it is there and answers."""
        return self.daemon.is_running() and answers(self.base_url)

    def start(self, options: Sequence[str] = ()) -> bool:
        """Start it with options such as ``--latency 1``, anew if it runs with others; tell whether it was started."""
        port_file = self.home.folder("processes") / "simulated-model.port"
        arguments = [
            *(sys.executable, "-m", "aita_local.simulated_model"),
            *("--port", str(self.home.port("simulated-model")), "--port-file", str(port_file)),
            *options,
        ]
        if self.daemon.is_running():
            if self.daemon.started_with() != arguments:
                self.stop()
            elif settles(self.daemon, self.base_url, _START):
                return False
        self.home.require_free("simulated-model")
        self.daemon.start(arguments, environment=os.environ, folder=PROJECT)
        wait_for(self.daemon, self.base_url, _START)
        return True

    def stop(self) -> bool:
        """Stop it; tell whether it was running."""
        return self.daemon.stop(_STOP)
