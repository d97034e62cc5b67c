"""Emulator of AWS: MiniStack on loopback, from its own virtual environment, with its state under the home."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from aita.errors import LocalStackError
from aita_local.daemon import Daemon
from aita_local.health import answers, answers_while_running, wait_for
from aita_local.state_dir import LOOPBACK, PROJECT, StateDir

REGION = "us-east-1"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": REGION}
ENVIRONMENT = PROJECT / ".aita" / "emulator"
"""Virtual environment of the emulator and of the functions' imports; ``make emulator`` makes it."""

_START, _STOP = 180.0, 60.0  # time limits in seconds
# Variables with which a function reaches a real model from behind a proxy; AUTH=true, with which the emulator enforces
# the functions' roles; and SFN_WAIT_SCALE, by which tests shorten the state machine's waits. No others are passed on:
# functions would inherit all of them, including keys.
_PASSED_ON = (
    "PATH", "HOME", "LANG", "LC_ALL", "AUTH", "SFN_WAIT_SCALE",
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE",
)  # fmt: skip


@dataclass(frozen=True)
class Emulator:
    """The emulator of one home."""

    home: StateDir
    environment: Path = ENVIRONMENT

    @cached_property
    def daemon(self) -> Daemon:
        """Process of the emulator."""
        return Daemon(self.home, "emulator")

    @property
    def endpoint_url(self) -> str:
        """URL that takes the place of every AWS endpoint."""
        return f"http://{LOOPBACK}:{self.home.port('emulator')}"

    @cached_property
    def runtime(self) -> str:
        """Runtime of the functions: the version of the emulator's interpreter, for which wheels are compiled."""
        code = "import sys; print('python%d.%d' % sys.version_info[:2])"
        return subprocess.run([self._python, "-c", code], check=True, capture_output=True, text=True).stdout.strip()

    def is_running(self) -> bool:
        """Tell whether the emulator runs and answers."""
        return self.daemon.is_running() and answers(self._health)

    def start(self) -> bool:
        """Start the emulator unless it runs, and wait until it answers; return whether it was started.

        Raises
        ------
        LocalStackError
            If its environment does not exist, its port is taken, or it does not answer.
        """
        if answers_while_running(self.daemon, self._health, _START):
            return False
        python = self._python
        self.home.require_free("emulator")
        scratch = self.home.folder("scratch")
        shutil.rmtree(scratch)  # leftovers of killed functions
        # The emulator saves the key with the rest of its state, unless ``stack.down`` stopped it.
        (self.home.folder("state") / "secretsmanager.json").unlink(missing_ok=True)
        self.daemon.start(
            [python, "-m", "ministack"], environment=self._variables(), folder=self.home.folder("scratch")
        )
        wait_for(self.daemon, self._health, _START)
        return True

    def stop(self) -> bool:
        """Stop the emulator so that its state is saved; return whether it was running."""
        return self.daemon.stop(_STOP)

    @property
    def _health(self) -> str:
        return f"{self.endpoint_url}/_ministack/health"

    @property
    def _python(self) -> str:
        python = self.environment / "bin" / "python"
        if not python.exists():
            raise LocalStackError(f"the emulator's environment {self.environment} is not there: run `make emulator`")
        return str(python)

    def _variables(self) -> dict[str, str]:
        passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        return passed_on | CREDENTIALS | {
            "GATEWAY_PORT": str(self.home.port("emulator")),
            "BIND_HOST": LOOPBACK,  # its own default is every interface
            "MINISTACK_REGION": REGION,
            "PERSIST_STATE": "1",
            "STATE_DIR": str(self.home.folder("state")),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(self.home.folder("objects")),
            "TMPDIR": str(self.home.folder("scratch")),
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "LOG_LEVEL": "WARNING",
            # For the functions: the emulator's own Bedrock leaves pictures out, and makes replies of failures.
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": f"http://{LOOPBACK}:{self.home.port('simulated-model')}",
            "NO_PROXY": no_proxy(),
            "no_proxy": no_proxy(),
            # The user's own AWS configuration does not apply.
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }  # fmt: skip


def no_proxy() -> str:
    """Return the hosts that are reached without a proxy: the user's, and this machine."""
    given = os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or ""
    return ",".join(part for part in (given, LOOPBACK, "localhost") if part)
