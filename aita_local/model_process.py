"""Process of the simulated model: an OpenAI-compatible server for a laptop without a key."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from aita_local.daemon import Daemon
from aita_local.health import answers, answers_while_running, wait_for
from aita_local.state_dir import LOOPBACK, PROJECT, StateDir

NAME = "simulated"
"""Name of the simulated model."""

_START, _STOP = 120.0, 30.0  # time limits in seconds


@dataclass(frozen=True)
class SimulatedModelProcess:
    """The simulated model of one home. Its port stays the same, as the deployed functions know it."""

    home: StateDir

    @cached_property
    def daemon(self) -> Daemon:
        """Process of the simulated model."""
        return Daemon(self.home, "simulated-model")

    @property
    def base_url(self) -> str:
        """Base URL for the openai client."""
        return f"http://{LOOPBACK}:{self.home.port('simulated-model')}/v1"

    def is_running(self) -> bool:
        """Tell whether the simulated model runs and answers."""
        return self.daemon.is_running() and answers(self.base_url)

    def start(self, options: Sequence[str] = ()) -> bool:
        """Start the simulated model, or restart it if it runs with other options; return whether it was started.

        Parameters
        ----------
        options
            Options of its command line, such as ``--latency 1``.

        Raises
        ------
        LocalStackError
            If its port is taken, or it does not answer.
        """
        port_file = self.home.folder("processes") / "simulated-model.port"
        arguments = [
            *(sys.executable, "-m", "aita_local.simulated_model"),
            *("--port", str(self.home.port("simulated-model")), "--port-file", str(port_file)),
            *options,
        ]
        if self.daemon.is_running():
            if self.daemon.started_with() != arguments:
                self.stop()
            elif answers_while_running(self.daemon, self.base_url, _START):
                return False
        self.home.require_free("simulated-model")
        self.daemon.start(arguments, environment=os.environ, folder=PROJECT)
        wait_for(self.daemon, self.base_url, _START)
        return True

    def stop(self) -> bool:
        """Stop the simulated model; return whether it was running."""
        return self.daemon.stop(_STOP)
