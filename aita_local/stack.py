"""The local stack as a whole: start, stop and status."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Self

from botocore.exceptions import ClientError

from aita.client.target_selection import last_started
from aita.errors import SettingsError
from aita.llm.pricing import as_list, read_prices
from aita.models.call_limits import CallLimits
from aita.models.effort import DEFAULT_EFFORT, ReasoningEffort
from aita.models.model_role import ROLES, ModelRole
from aita.settings import BEDROCK, DEFAULT_MODEL, UserSettings
from aita_local.daemon import exclusive_lock
from aita_local.deploy import STACK, Deployment, Parameters, RoleModel, client
from aita_local.emulator import REGION, Emulator
from aita_local.model_process import NAME as SIMULATED
from aita_local.model_process import SimulatedModelProcess
from aita_local.state_dir import StateDir, write_state

API_KEY_SECRET = "aita/api-key"  # noqa: S105 - its name, as the template's default has it
ROLE_SECRETS: dict[ModelRole, str] = {role: f"aita/{role}-key" for role in ROLES}
_NO_KEY = "no-key-is-needed"
_MAX_WORKERS, _RATE_LIMIT_RPS = 5, 10.0
_HEADER_OF_SAMPLE = 0.12  # of the page's height: the header with the name on the sample exam's pages

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class LocalSettings:
    """Settings of the local stack. Without an ``api_key`` its model is the simulated one, for the sample only.

    With the ``base_url`` ``bedrock`` the simulated model is asked as Amazon Bedrock's models are.
    """

    max_workers: int = _MAX_WORKERS
    rate_limit_rps: float = _RATE_LIMIT_RPS
    model: str = SIMULATED
    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    mask_header: float = _HEADER_OF_SAMPLE
    reasoning_effort: ReasoningEffort = DEFAULT_EFFORT
    roles: Mapping[ModelRole, RoleModel] = field(default_factory=dict)
    model_prices: str = ""
    call_limits: CallLimits = field(default_factory=CallLimits)

    @classmethod
    def of(cls, user: UserSettings) -> Self:
        """Return the local settings that follow from a user's settings.

        Raises
        ------
        SettingsError
            If a real model is set without a key, or one of Amazon Bedrock, as the emulator has no credentials for it,
            or the file of prices can't be read.
        """
        asks_bedrock = user.openai_base_url == BEDROCK
        key = None if asks_bedrock else user.openai_api_key
        roles: dict[ModelRole, RoleModel] = {
            "reader": RoleModel(user.reader_model or "", user.reader_base_url or "", user.reader_api_key),
            "grader": RoleModel(user.grader_model or "", user.grader_base_url or "", user.grader_api_key),
        }
        if BEDROCK in (roles["reader"].base_url, roles["grader"].base_url):
            raise SettingsError(
                "AITA_READER_BASE_URL or AITA_GRADER_BASE_URL is bedrock: this stack has no AWS credentials for it. "
                "Unset it, or deploy to AWS"
            )
        at_model = {f"AITA_{role.upper()}_MODEL": own.model for role, own in roles.items() if not own.base_url}
        for variable, model in {"AITA_MODEL": user.model, **at_model}.items():
            if key is not None or model in (None, "", SIMULATED):
                continue
            if asks_bedrock:
                raise SettingsError(
                    f"{variable} is {model} and OPENAI_BASE_URL is bedrock: this stack has no AWS credentials for it. "
                    f"Unset {variable} to have the simulated model answer as Amazon Bedrock does, or deploy to AWS"
                )
            raise SettingsError(
                f"{variable} is {model} and OPENAI_API_KEY is not set: set the key (any word, for a server that "
                f"asks for none), or unset {variable} to have the simulated model"
            )
        base_url = BEDROCK if asks_bedrock else None
        if key is not None:
            base_url = user.openai_base_url or "https://api.openai.com/v1"
        default_mask = _HEADER_OF_SAMPLE if key is None else 0.0
        return cls(
            max_workers=user.max_workers if user.max_workers is not None else _MAX_WORKERS,
            rate_limit_rps=user.rate_limit_rps if user.rate_limit_rps is not None else _RATE_LIMIT_RPS,
            model=user.model or (SIMULATED if key is None else DEFAULT_MODEL),
            base_url=base_url,
            api_key=key,
            mask_header=user.mask_header if user.mask_header is not None else default_mask,
            reasoning_effort=user.reasoning_effort or DEFAULT_EFFORT,
            roles=roles,
            model_prices="" if user.prices is None else as_list(read_prices(user.prices)),
            call_limits=CallLimits(user.llm_timeout or CallLimits().seconds, user.reply_tokens or {}),
        )

    @property
    def is_simulated(self) -> bool:
        """Whether the simulated model answers."""
        return self.base_url in (None, BEDROCK)


@dataclass(frozen=True, slots=True)
class Connection:
    """Connection to the running stack: the content of ``local.json`` in the home."""

    endpoint_url: str
    region: str
    stack: str
    api_url: str
    model: str
    model_base_url: str
    max_workers: int


@dataclass(frozen=True, slots=True)
class Status:
    """Status of the local stack. ``stack`` is CloudFormation's status, empty if there is no stack."""

    emulator: bool
    simulated_model: bool
    stack: str
    connection: Connection | None


def up(
    settings: LocalSettings, *, home: StateDir | None = None, model_options: Sequence[str] = (), say: Say = print
) -> Connection:
    """Start the emulator and the model unless they run, and deploy if files or settings have changed.

    Parameters
    ----------
    settings
        Settings of the stack.
    home
        Folder of the stack's state; by default ``.aita``.
    model_options
        Options of the simulated model, such as ``["--anything"]``.
    say
        Function that takes a line about each step.

    Raises
    ------
    LocalStackError
        If a server can't be started or the stack can't be deployed; running servers keep running.
    """
    home = home or StateDir.default()
    with exclusive_lock(home):
        emulator = Emulator(home)
        if emulator.start():
            say(f"emulator started at {emulator.endpoint_url}")
        base_url = _provide_model(settings, SimulatedModelProcess(home), model_options, say)
        parameters = Parameters(
            runtime=emulator.runtime,
            max_concurrency=settings.max_workers,
            rate_limit_rps=settings.rate_limit_rps,
            model_base_url=base_url,
            model_name=settings.model,
            mask_header=settings.mask_header,
            reasoning_effort=settings.reasoning_effort,
            roles=settings.roles,
            model_prices=settings.model_prices,
            call_limits=settings.call_limits,
        )
        deployment = Deployment(home, emulator.endpoint_url)
        _deploy(deployment, parameters, emulator, say)
        _put_key(emulator.endpoint_url, API_KEY_SECRET, settings.api_key or _NO_KEY)
        for role, own in settings.roles.items():
            if own.base_url:
                say(f"{role} {own.model or settings.model} at {own.base_url}")
                _put_key(emulator.endpoint_url, ROLE_SECRETS[role], own.api_key or _NO_KEY)
        connection = Connection(
            endpoint_url=emulator.endpoint_url,
            region=REGION,
            stack=STACK,
            api_url=f"{emulator.endpoint_url}/_aws/execute-api/{deployment.outputs()['ApiId']}/v1",
            model=settings.model,
            model_base_url=base_url,
            max_workers=settings.max_workers,
        )
        write_state(home.connection, json.dumps(asdict(connection), indent=1))
        if home.is_default:
            _register(home, say)
    return connection


def _register(home: StateDir, say: Say) -> None:
    """Have the stack found from any folder; it is up all the same if that can't be written."""
    try:
        if file := last_started():
            write_state(file, str(home.path))
    except OSError as error:
        say(f"'aita --local' finds it in {home.path.parent} alone: {error.filename}: {error.strerror}")


def down(*, home: StateDir | None = None, say: Say = print) -> None:
    """Stop all servers and keep their state. The key is deleted first, so that it is not saved."""
    home = home or StateDir.default()
    with exclusive_lock(home):
        emulator = Emulator(home)
        if emulator.is_running():
            _delete_keys(emulator.endpoint_url)
        home.connection.unlink(missing_ok=True)
        if SimulatedModelProcess(home).stop():
            say("simulated model stopped")
        if emulator.stop():
            say("emulator stopped; its state is kept")


def status(*, home: StateDir | None = None) -> Status:
    """Return the status of the stack."""
    home = home or StateDir.default()
    emulator = Emulator(home)
    running = emulator.is_running()
    stack = Deployment(home, emulator.endpoint_url).describe() if running else None
    connection = Connection(**json.loads(home.connection.read_text())) if home.connection.exists() else None
    return Status(
        emulator=running,
        simulated_model=SimulatedModelProcess(home).is_running(),
        stack=stack["StackStatus"] if stack else "",
        connection=connection,
    )


def _provide_model(settings: LocalSettings, simulated: SimulatedModelProcess, options: Sequence[str], say: Say) -> str:
    if settings.base_url is not None and not settings.is_simulated:
        simulated.stop()
        say(f"model {settings.model} at {settings.base_url}")
        return settings.base_url
    if simulated.start(options):
        known = "the sample exam, and makes up all else" if "--anything" in options else "the sample exam only"
        why = "in place of Amazon Bedrock" if settings.base_url == BEDROCK else "no OPENAI_API_KEY"
        say(f"{why}: the simulated model answers, which knows {known}")
    return settings.base_url or simulated.base_url


def _deploy(deployment: Deployment, parameters: Parameters, emulator: Emulator, say: Say) -> None:
    if deployment.is_current(parameters):
        return
    if deployment.build(parameters):
        say("built the functions and layers")
    deployment.deploy(parameters)
    # The emulator saves its state when it stops: a crash would lose the new stack, with its bucket's name.
    emulator.stop()
    emulator.start()
    say("deployed the stack to the emulator")


def _put_key(endpoint_url: str, secret: str, key: str) -> None:
    secrets = client("secretsmanager", endpoint_url)
    try:
        secrets.put_secret_value(SecretId=secret, SecretString=key)
    except secrets.exceptions.ResourceNotFoundException:
        secrets.create_secret(Name=secret, SecretString=key)


def _delete_keys(endpoint_url: str) -> None:
    secrets = client("secretsmanager", endpoint_url)
    for secret in (API_KEY_SECRET, *ROLE_SECRETS.values()):
        with suppress(ClientError):  # there may be none
            secrets.delete_secret(SecretId=secret, ForceDeleteWithoutRecovery=True)
