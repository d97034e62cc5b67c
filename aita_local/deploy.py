"""Build of the template and its deployment to the emulator, by the same commands as to AWS."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from aita.errors import LocalStackError
from aita.models.call_limits import CallLimits, written
from aita.models.effort import DEFAULT_EFFORT, ReasoningEffort
from aita.models.model_role import ROLES, ModelRole
from aita_local.emulator import CREDENTIALS, ENVIRONMENT, REGION, no_proxy
from aita_local.state_dir import PROJECT, StateDir, write_state

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.client import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackTypeDef

STACK = "aita"

_INPUTS = ("template.yaml", "samconfig.toml", "statemachine", "functions", "layers")
_TAG = "aita-inputs"
_DEPLOYED = {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
_UPDATABLE = _DEPLOYED | {"UPDATE_ROLLBACK_COMPLETE"}
_DEFAULT_LIMITS = CallLimits()
_CONFIG = ("--config-file", str(PROJECT / "samconfig.toml"), "--config-env", "local")
_PATIENCE = 600.0  # seconds for one sam command
_DIRECT = Config(proxies={}, retries={"max_attempts": 2})  # a proxy can't reach this machine's loopback


@dataclass(frozen=True, slots=True)
class RoleModel:
    """Model of a role. Without a name or an endpoint, those of the stack's model count; an endpoint has its own key."""

    model: str = ""
    base_url: str = ""
    api_key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Parameters:
    """Parameters of the template that differ on the laptop."""

    runtime: str
    max_concurrency: int
    rate_limit_rps: float
    model_base_url: str
    model_name: str
    mask_header: float
    reasoning_effort: ReasoningEffort = DEFAULT_EFFORT
    roles: Mapping[ModelRole, RoleModel] = field(default_factory=dict)
    model_prices: str = ""
    call_limits: CallLimits = _DEFAULT_LIMITS

    def overrides(self) -> list[str]:
        """Return the parameters in the form of sam's ``--parameter-overrides``, in which an empty one is quoted."""
        rate = f"{self.rate_limit_rps:.6f}".rstrip("0").rstrip(".")
        values: dict[str, Any] = {
            "Runtime": self.runtime,
            "MaxConcurrency": self.max_concurrency,
            "RateLimitRps": rate,
            "ModelBaseUrl": self.model_base_url,
            "ModelName": self.model_name,
            "MaskHeader": f"{self.mask_header:g}",
            "ReasoningEffort": self.reasoning_effort,
            "ModelPrices": self.model_prices,
            "CallTimeout": written(self.call_limits.seconds),
            "ReplyTokens": written(self.call_limits.tokens),
        }
        for role in ROLES:
            own = self.roles.get(role, RoleModel())
            values |= {f"{role.capitalize()}Model": own.model, f"{role.capitalize()}BaseUrl": own.base_url}
        # An empty value is said: sam keeps the last one of a parameter that it is not given.
        return [f'{name}="{value}"' if value == "" else f"{name}={value}" for name, value in values.items()]


@dataclass(frozen=True)
class Deployment:
    """The stack of one home on its emulator."""

    home: StateDir
    endpoint_url: str

    @cached_property
    def cloudformation(self) -> "CloudFormationClient":
        """Client of the emulator's CloudFormation."""
        cloudformation: CloudFormationClient = client("cloudformation", self.endpoint_url)
        return cloudformation

    def is_current(self, parameters: Parameters) -> bool:
        """Tell whether the stack exists and was made from the current files with these parameters.

        The stack's tag decides: after a crash the emulator may hold an earlier stack than the last deployed one.
        """
        stack = self.describe()
        if stack is None or stack["StackStatus"] not in _DEPLOYED:
            return False
        tags = {tag["Key"]: tag["Value"] for tag in stack.get("Tags", [])}
        return tags.get(_TAG) == _fingerprint(parameters.overrides())

    def describe(self) -> "StackTypeDef | None":
        """Return CloudFormation's description of the stack, or ``None`` if there is no stack."""
        try:
            return self.cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            return None

    def outputs(self) -> dict[str, str]:
        """Return the stack's outputs; none if there is no stack."""
        stack = self.describe()
        outputs = stack.get("Outputs", []) if stack else []
        return {output["OutputKey"]: output["OutputValue"] for output in outputs}

    def build(self, parameters: Parameters) -> bool:
        """Build the template unless its files are unchanged; return whether it was built.

        Raises
        ------
        LocalStackError
            If ``sam build`` fails, with the end of its output.
        """
        record = self.home.path / "built"
        inputs = _fingerprint([parameters.runtime])
        if self._template.exists() and record.exists() and record.read_text() == inputs:
            return False
        self._sam("build", "--build-dir", str(self._template.parent), *_overrides(parameters))
        write_state(record, inputs)
        return True

    def deploy(self, parameters: Parameters) -> None:
        """Deploy the build.

        Raises
        ------
        LocalStackError
            If ``sam deploy`` fails, with the end of its output.
        """
        self._delete_failed_stack()
        self._sam(
            *("deploy", "--template-file", str(self._template), "--no-progressbar"),
            *("--tags", f"{_TAG}={_fingerprint(parameters.overrides())}"),
            *_overrides(parameters),
        )

    @property
    def _template(self) -> Path:
        return self.home.path / "build" / "template.yaml"

    def _delete_failed_stack(self) -> None:
        stack = self.describe()
        if stack is not None and stack["StackStatus"] not in _UPDATABLE:  # it can't be updated
            self.cloudformation.delete_stack(StackName=STACK)
            self.cloudformation.get_waiter("stack_delete_complete").wait(
                StackName=STACK, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
            )

    def _sam(self, command: str, *arguments: str) -> None:
        log = self.home.folder("logs") / f"sam-{command}.log"
        with log.open("wb") as output:
            try:
                code = subprocess.run(
                    [sys.executable, "-m", "samcli", command, *_CONFIG, *arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    cwd=PROJECT,
                    env=self._variables(),
                    timeout=_PATIENCE,
                    check=False,
                ).returncode
            except subprocess.TimeoutExpired:
                code = -1
        if code:
            end = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
            raise LocalStackError(f"`sam {command}` failed ({log}):\n{end}")

    def _variables(self) -> Mapping[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "OPENAI_"))}
        # The Makefile calls the interpreter by its version: this one's, or else the emulator's.
        path = os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", ""), str(ENVIRONMENT / "bin")])
        return kept | CREDENTIALS | {
            "PATH": path,
            "AITA_LAYERS": _layers(),
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "NO_PROXY": no_proxy(),
            "no_proxy": no_proxy(),
            "SAM_CLI_TELEMETRY": "0",
            "SAM_CLI_POLL_DELAY": "0.5",  # its default of 5 s between two polls is meant for AWS
        }  # fmt: skip


def client(service: str, endpoint_url: str) -> Any:
    """Return a boto3 client of the emulator, independent of proxies and of the user's own configuration."""
    session = boto3.session.Session(
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        region_name=REGION,
    )
    return session.client(service, endpoint_url=endpoint_url, config=_DIRECT)  # type: ignore[call-overload]  # typed for literal names alone


def _overrides(parameters: Parameters) -> list[str]:
    return ["--parameter-overrides", *parameters.overrides()]


def _layers() -> str:
    """Return the kind of the layers' build: thin, unless a test sets AWS's kind (see layers/builds/layer.mk)."""
    return os.environ.get("AITA_LAYERS", "thin")


def _fingerprint(more: list[str]) -> str:
    """Return a digest of the input files and of further parts."""
    digest = hashlib.sha256(_layers().encode())
    for file in _input_files():
        digest.update(str(file.relative_to(PROJECT)).encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    for part in more:
        digest.update(b"\0" + part.encode())
    return digest.hexdigest()


def _input_files() -> Iterator[Path]:
    for name in _INPUTS:
        path = PROJECT / name
        files = [path] if path.is_file() else sorted(path.rglob("*"))
        yield from (file for file in files if file.is_file() and "__pycache__" not in file.parts)
