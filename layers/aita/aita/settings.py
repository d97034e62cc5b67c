"""Settings: typed groups of AITA_* environment variables, with errors that name each invalid one."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import AfterValidator, AliasGenerator, ConfigDict, Field, ValidationError

from aita.errors import SettingsError
from aita.models.base import StrictModel
from aita.models.call_limits import ALL, DEFAULT_TIMEOUT, CallLimits, ReplyTokens, Timeouts
from aita.models.effort import DEFAULT_EFFORT, EFFORTS, ReasoningEffort
from aita.models.limits import BatchSize, CheckpointInterval, MaskHeader, MaxCost, MaxWorkers, RateLimit, TokenLimit
from aita.models.model_role import ModelRole, model_in
from aita.models.provider_batch import BatchUse

DEFAULT_MODEL = "gpt-6-luna"

BEDROCK = "bedrock"
"""Word in place of a base URL: the models of Amazon Bedrock, called by the credentials of AWS."""

_URL = "a URL that starts with http:// or https://, or bedrock"

_TAKES = {
    "max_workers": "a whole number from 1 to 10000",
    "rate_limit_rps": "a number from 0 to 10000; 0 is none",
    "rate_limit_tpm": "a number from 0 to 1000000000; 0 is none",
    "burst": "a whole number from 1 to 10000",
    "batch_size": "a whole number from 1 to 50; 1 is none",
    "prefix_scheduling": "true or false",
    "max_cost_usd": "a number of US dollars, more than 0",
    "enable_checkpointing": "true or false",
    "checkpoint_interval": "a whole number from 1 up",
    "retry_failed_tasks": "true or false",
    "show_progress": "true or false",
    "retention_days": "a whole number of days from 1 up",
    "provider_batch": "never, first (at half the price, what is missing by calls) or only",
    "longest_side": "a whole number of pixels from 256 to 8192",
    "model": "the name of a model, without blanks around it",
    "reader_model": "the name of a model, without blanks around it",
    "grader_model": "the name of a model, without blanks around it",
    "mask_header": "a part of the page's height, from 0 (none) to 0.5",
    "reasoning_effort": f"{', '.join(EFFORTS)}, or default, which leaves it to the model",
    "llm_timeout": "a number of seconds, more than 0 and at most 600, and others by kind: 120,transcription=300",
    "reply_tokens": "a whole number of tokens, more than 0 and at most 1000000, and others by kind: 8192,rubric=4096",
    "openai_base_url": _URL,
    "model_base_url": _URL,
    "reader_base_url": _URL,
    "grader_base_url": _URL,
}


def variable_of(field: str) -> str:
    """Return the name of a setting's environment variable."""
    return field.upper() if field.startswith("openai_") else f"AITA_{field.upper()}"


class Environment(StrictModel):
    """Group of settings, read from environment variables: ``max_workers`` from ``AITA_MAX_WORKERS``."""

    model_config = ConfigDict(extra="ignore", alias_generator=AliasGenerator(validation_alias=variable_of))

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Return the settings in ``environ``, or in the process's environment; an empty variable counts as unset.

        Raises
        ------
        SettingsError
            If variables are missing or invalid; it names each of them and its valid values.
        """
        values = {name: value for name, value in (os.environ if environ is None else environ).items() if value != ""}
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            problems = "; ".join(explain(cls, detail) for detail in error.errors(include_input=False))
        raise SettingsError(problems)


def explain(model: type[Environment], detail: Any) -> str:
    """Return a message for one of pydantic's errors: the variable and its valid values."""
    variable = str(detail["loc"][0])
    if detail["type"] == "missing":
        return f"{variable} is not set"
    field = next(name for name in model.model_fields if variable in (name, variable_of(name)))
    return wrong(field, variable)


def wrong(field: str, name: str | None = None) -> str:
    """Return a message for a wrong value of a setting, by its name or another that it has: what it takes."""
    return f"{name or field} is wrong: it takes {_TAKES[field]}"


def _base_url(value: str) -> str:
    if value == BEDROCK:
        return value
    if not value.startswith(("http://", "https://")):
        raise ValueError("must start with http:// or https://, or be bedrock")
    return value.rstrip("/")


BaseUrl = Annotated[str, AfterValidator(_base_url)]
ModelName = Annotated[str, Field(pattern=r"^\S(.*\S)?$")]


class UserSettings(Environment):
    """Settings of a person's shell, with which commands start runs. ``None`` leaves the stack's own value."""

    max_workers: MaxWorkers | None = None
    rate_limit_rps: RateLimit | None = None
    rate_limit_tpm: TokenLimit | None = None
    batch_size: BatchSize | None = None
    prefix_scheduling: bool | None = None
    max_cost_usd: MaxCost | None = None
    enable_checkpointing: bool | None = None
    checkpoint_interval: CheckpointInterval | None = None
    retry_failed_tasks: bool | None = None
    show_progress: bool = True
    mask_header: MaskHeader | None = None
    model: ModelName | None = None
    reader_model: ModelName | None = None
    grader_model: ModelName | None = None
    reasoning_effort: ReasoningEffort | None = None
    provider_batch: BatchUse | None = None
    llm_timeout: Timeouts | None = None
    reply_tokens: ReplyTokens | None = None
    openai_base_url: BaseUrl | None = None
    openai_api_key: Annotated[str | None, Field(repr=False)] = None
    reader_base_url: BaseUrl | None = None
    reader_api_key: Annotated[str | None, Field(repr=False)] = None
    grader_base_url: BaseUrl | None = None
    grader_api_key: Annotated[str | None, Field(repr=False)] = None
    prices: str | None = None


class StackSettings(Environment):
    """Settings of every function of the stack."""

    table: str
    bucket: str
    model: ModelName
    retention_days: Annotated[int, Field(ge=1)] = 365


@dataclass(frozen=True, slots=True)
class Place:
    """Place of a model: its endpoint's base URL, and its name there."""

    base_url: str
    model: str


class RoleSettings(StackSettings):
    """Settings of functions that know the models. A role without a name or an endpoint of its own has the model's.

    ``model_prices`` is a list as ``llm.pricing.listed_prices`` reads it.
    """

    model_base_url: BaseUrl
    reader_model: ModelName = ""
    reader_base_url: BaseUrl | None = None
    grader_model: ModelName = ""
    grader_base_url: BaseUrl | None = None
    model_prices: str = ""
    reasoning_effort: ReasoningEffort = DEFAULT_EFFORT

    def place_of(self, role: ModelRole | None) -> Place:
        """Return the place of a role's model."""
        return Place(self._own_base_url(role) or self.model_base_url, model_in(role, self))

    def _own_base_url(self, role: ModelRole | None) -> str | None:
        return {"reader": self.reader_base_url, "grader": self.grader_base_url, None: None}[role]


class ApiSettings(RoleSettings):
    """Settings of the API's function, among them the defaults of new runs."""

    state_machine_arn: str
    batch_function_arn: str
    max_workers: MaxWorkers
    rate_limit_rps: RateLimit = 10.0
    rate_limit_tpm: TokenLimit = 0


class PlanSettings(StackSettings):
    """Settings of the plan function: ARNs of the functions that execute items."""

    task_function_arn: str
    names_function_arn: str
    split_function_arn: str
    report_function_arn: str


class SplitSettings(StackSettings):
    """Settings of the split function.

    ``longest_side`` is the largest size of a page image in pixels, and ``mask_header`` the masked part of a page's
    height, from the top.
    """

    longest_side: Annotated[int, Field(ge=256, le=8192)] = 2048
    mask_header: MaskHeader = 0.0


class TaskSettings(RoleSettings):
    """Settings of the functions task, names and batch: models, secrets with their API keys, and limits of calls."""

    api_key_secret: str
    reader_key_secret: str = ""
    grader_key_secret: str = ""
    llm_timeout: Timeouts = Field(default={ALL: DEFAULT_TIMEOUT})
    reply_tokens: ReplyTokens = Field(default={})

    @property
    def call_limits(self) -> CallLimits:
        """Limits of calls, by kind of task."""
        return CallLimits(self.llm_timeout, self.reply_tokens)

    def key_secret_of(self, role: ModelRole | None) -> str:
        """Return the secret with the key of a role's model: its own if its endpoint is, as no other may get the key.

        For Amazon Bedrock it is empty.

        Raises
        ------
        SettingsError
            If a role with an endpoint of its own has no secret.
        """
        if self.place_of(role).base_url == BEDROCK:
            return ""
        if self._own_base_url(role) is None:
            return self.api_key_secret
        if not (secret := {"reader": self.reader_key_secret, "grader": self.grader_key_secret, None: ""}[role]):
            raise SettingsError(f"{variable_of(f'{role}_key_secret')} is not set")
        return secret
