"""`sam local` on what was built for AWS: functions in Lambda's container, against servers on this machine."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samcli.yamlhelper import yaml_dump, yaml_parse

from aita_local.state_dir import LOOPBACK, PROJECT

RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
IMAGE = f"public.ecr.aws/lambda/{RUNTIME.replace('python', 'python:')}-x86_64"
HOST = "host.docker.internal"
"""This machine's loopback, as a container names it."""

EVENTS = PROJECT / "tests" / "events"
Json = dict[str, Any]

_ADD_HOST = f"{HOST}:host-gateway"
_CONTAINERS = "label=sam.cli.container.type=lambda"
_SAMS_OWN = "/var/rapid/aws-lambda-rie"
"""What sam puts into each image that it makes, as the image's history has it."""

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def docker(*arguments: str, patience: float = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=patience, check=False)


def why_not(port: int) -> str | None:
    """Return why functions can't be run in containers here, or ``None``; ``port`` is one of a server on loopback."""
    try:
        if docker("info").returncode:
            return "Docker does not answer"
    except (OSError, subprocess.TimeoutExpired):
        return "Docker is not there"
    if docker("image", "inspect", IMAGE).returncode:
        return f"the Lambda image {IMAGE} is not there: docker pull {IMAGE}"
    look = f"import socket; socket.create_connection(('{HOST}', {port}), 5)"
    python = ("--entrypoint", f"/var/lang/bin/{RUNTIME}", IMAGE, "-c", look)
    if docker("run", "--rm", "--add-host", _ADD_HOST, *python).returncode:
        return f"a container does not reach this machine's loopback as {HOST}"
    return None


@contextmanager
def nothing_left(build: Path) -> Iterator[None]:
    """Remove the containers that mount this build, and the images that were made meanwhile."""
    before = set(_images())
    try:
        yield
    finally:
        for container in _containers_of(build):
            docker("rm", "--force", container)
        for image in set(_images()) - before:
            if _SAMS_OWN in docker("history", "--no-trunc", "--format", "{{.CreatedBy}}", image).stdout:
                docker("rmi", "--force", image)


def _containers_of(build: Path) -> Iterator[str]:
    """Yield the containers that mount this build."""
    for container in docker("ps", "--all", "--quiet", "--no-trunc", "--filter", _CONTAINERS).stdout.split():
        if str(build) in docker("inspect", "--format", "{{range .Mounts}}{{.Source}} {{end}}", container).stdout:
            yield container


def _images() -> list[str]:
    return docker("images", "--no-trunc", "--quiet").stdout.split()


@dataclass(frozen=True, slots=True)
class SamLocal:
    """A built template, and what its functions are told about this machine."""

    template: Path
    variables: Path
    log: Path

    @classmethod
    def of(cls, built: Path, folder: Path, variables: Mapping[str, str]) -> "SamLocal":
        """Prepare what was built. sam passes on only such variables as the template names, so a copy names them."""
        template = yaml_parse(built.read_text())
        template["Globals"]["Function"]["Environment"]["Variables"].update(variables)
        for resource in template["Resources"].values():  # a container starts slowly on a busy machine
            if resource["Type"] == "AWS::Serverless::Function":
                resource["Properties"]["Timeout"] = 900
        copy = built.with_name("container.yaml")
        copy.write_text(yaml_dump(template))
        given = folder / "variables.json"
        given.write_text(json.dumps({"Parameters": dict(variables)}))
        return cls(copy, given, folder / "sam.log")

    def invoke(self, function: str, event: str) -> Any:
        """Invoke a function with an event of ``tests/events`` and return what it answers."""
        done = subprocess.run(
            [*self._command("invoke"), function, "--event", str(EVENTS / event)],
            cwd=PROJECT,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.stdout.strip(), f"no answer: {done.stderr[-3000:]}"
        # Not the exit status: it is 0 for an exception in the function too.
        return json.loads(done.stdout.strip().splitlines()[-1])

    @property
    def resources(self) -> Json:
        """What the template makes."""
        return dict(yaml_parse(self.template.read_text())["Resources"])

    def layer(self, name: str) -> Path:
        """Return where a layer's content is."""
        return self.template.parent / str(self.resources[name]["Properties"]["ContentUri"])

    @contextmanager
    def api(self, port: int) -> Iterator[str]:
        """Serve the API in a container that stays warm, and is; yield its URL."""
        with self._serving("start-api", port) as url:
            # A container that is not up in time, or a first answer that takes too long, is a 502 of sam's own.
            deadline = time.monotonic() + 120
            while get(f"{url}/openapi.json")[0] == 502:
                assert time.monotonic() < deadline, self.log.read_text()[-3000:]
                time.sleep(1)
            yield url

    @contextmanager
    def functions(self, port: int) -> Iterator["Functions"]:
        """Serve all functions in containers that stay warm."""
        with self._serving("start-lambda", port) as url:
            yield Functions(url, self.template.parent)

    @contextmanager
    def _serving(self, what: str, port: int) -> Iterator[str]:
        command = [*self._command(what), "--port", str(port), "--warm-containers", "LAZY"]
        with self.log.open("wb") as log:
            process = subprocess.Popen(
                command, cwd=PROJECT, env=_environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        try:
            self._wait(process, f"http://{LOOPBACK}:{port}/")
            yield f"http://{LOOPBACK}:{port}"
        finally:
            process.send_signal(signal.SIGINT)  # it removes its containers then
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(20)

    def _command(self, command: str) -> list[str]:
        return [
            *(sys.executable, "-m", "samcli", "local", command),
            *("--config-file", str(PROJECT / "samconfig.toml"), "--config-env", "local"),
            *("--template", str(self.template), "--env-vars", str(self.variables)),
            *("--parameter-overrides", f"Runtime={RUNTIME}"),
            *("--skip-pull-image", "--add-host", _ADD_HOST),
        ]

    def _wait(self, process: "subprocess.Popen[bytes]", url: str) -> None:
        deadline = time.monotonic() + 60
        while get(url)[0] == 0:
            assert process.poll() is None, self.log.read_text()[-3000:]
            assert time.monotonic() < deadline, self.log.read_text()[-3000:]
            time.sleep(0.1)


@dataclass(frozen=True, slots=True)
class Functions:
    """The functions of a build, each in a container that stays."""

    url: str
    build: Path

    def invoke(self, function: str, event: Any) -> Any:
        """Invoke a function and return what it answers.

        A response without a body is sam's own: it gives a container's socket one second. The functions may be repeated.
        """
        deadline = time.monotonic() + 180
        url = f"{self.url}/2015-03-31/functions/{function}/invocations"
        while (response := get(url, json.dumps(event).encode())) == (200, b""):
            assert time.monotonic() < deadline, "sam got no response from the container"
            time.sleep(1)
        status, body = response
        assert status == 200, body
        return json.loads(body)

    def containers(self) -> dict[str, str]:
        """Return the container of each function that was invoked."""
        found = {}
        for container in _containers_of(self.build):
            environment = docker("inspect", "--format", "{{range .Config.Env}}{{println .}}{{end}}", container).stdout
            (name,) = re.findall(r"(?m)^AWS_LAMBDA_FUNCTION_NAME=(.+)$", environment)
            found[name] = container
        return found


def get(url: str, body: bytes | None = None) -> tuple[int, bytes]:
    """Return the status and the body that a URL, or what is posted to it, is answered with; 0 for no answer."""
    try:
        with _DIRECT.open(url, body, timeout=600) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()
    except OSError:
        return 0, b""


def _environment() -> dict[str, str]:
    """Return this process's environment without AWS credentials: with them sam asks AWS who they are at each start."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return kept | {
        "SAM_CLI_TELEMETRY": "0",
        "SAM_CLI_CONTAINER_CONNECTION_TIMEOUT": "90",  # its default of 20 s is short on a busy machine
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
