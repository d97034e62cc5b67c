"""Commands of a smoke test, as a person types them."""

import json
import os
import subprocess
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.aws.definition import ROOT, Json

_SHOWN = 600
"""Characters of a failed command's last words."""


class CommandFailed(Exception):
    """Raised where a command fails; its argument has the command and its last words."""


@dataclass(frozen=True)
class Commands:
    """sam and aita for one stack, in one environment.

    Attributes
    ----------
    stack
        Name of the stack.
    folder
        Where the build, results and logs are put.
    environ
        Environment variables beside this process's own.
    patience
        Seconds for one command: a first deploy, and the sample exam on a slow model, take minutes.
    """

    stack: str
    folder: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    patience: float = 1800.0

    def aita(self, *arguments: str, given: str = "", good: Collection[int] = (0, 3)) -> Json:
        """Run an ``aita`` command with ``--json``, and return its document.

        Parameters
        ----------
        *arguments
            The command and its options.
        given
            What it reads.
        good
            Exit statuses that are no failure of the command: 3 is that of a run of which a part failed.
        """
        aita = str(Path(sys.executable).with_name("aita"))
        done = self._run([aita, "--json", "--stack", self.stack, *arguments], good, given)
        document: Json = json.loads(done)
        return document

    def sam(self, command: str, *arguments: str) -> None:
        """Run a ``sam`` command with the project's configuration."""
        config = str(ROOT / "samconfig.toml")
        self._run([sys.executable, "-m", "samcli", command, "--config-file", config, *arguments], (0,))

    def _run(self, command: list[str], good: Collection[int], given: str = "") -> str:
        try:
            done = subprocess.run(
                command,
                cwd=ROOT,
                env={**os.environ, "SAM_CLI_TELEMETRY": "0", **self.environ},
                input=given,
                capture_output=True,
                text=True,
                timeout=self.patience,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise CommandFailed(f"`{' '.join(command[2:])}` did not end within {self.patience:g} s") from error
        if done.returncode not in good:
            last = f"{done.stdout.strip()[-_SHOWN:]} {done.stderr.strip()[-_SHOWN:]}"
            raise CommandFailed(f"`{' '.join(command[2:])}` ended with {done.returncode}: {last}")
        return done.stdout
