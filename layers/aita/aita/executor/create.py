"""Creation of executors."""

import inspect
import math
import time
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from types import EllipsisType
from typing import Any, Literal

from aita.errors import SettingsError
from aita.executor.batch_executor import BatchExecutor
from aita.executor.cap import Cap
from aita.executor.checkpoint import DIRECTORY
from aita.executor.config import ParallelExecutionConfig
from aita.executor.guarded_llm import GuardedLLM
from aita.llm.pricing import Prices
from aita.memory.rate_limiter import MemoryRateLimiter
from aita.ports import LLM
from aita.services.calls.model_router import ModelRouter
from aita.services.calls.token_bucket import Bucket
from aita.tasks.request import Parameters

Executor = BatchExecutor
"""Earlier name of ``BatchExecutor``."""


def create_executor(
    llm_client: Any = None,
    max_workers: int | None = None,
    rate_limit: float | EllipsisType | None = ...,
    enable_checkpointing: bool | None = None,  # noqa: FBT001 - given by position as often as by name
    checkpoint_dir: Path | str | None = None,
    show_progress: bool | None = None,  # noqa: FBT001
    backend: Literal["in-process", "stack"] = "in-process",
    *,
    model: str | None = None,
    temperature: float | None = None,
    max_tokens: int | None = None,
    rate_limit_tpm: float | None = None,
    burst: int | None = None,
    max_cost_usd: Decimal | str | float | None = None,
    provider_batch: Literal["never", "first", "only"] | None = None,
    prices: Prices | None = None,
    config: ParallelExecutionConfig | None = None,
) -> BatchExecutor:
    """Create an executor. Omitted arguments are read from the AITA_* variables, as by ``ParallelExecutionConfig``.

    Parameters
    ----------
    llm_client
        ``openai.OpenAI``, or any object that implements ``aita.LLM``; with ``None``, the client is created from
        OPENAI_BASE_URL, OPENAI_API_KEY, AITA_MODEL and AITA_REASONING_EFFORT; with the base URL ``bedrock``, from the
        credentials of AWS.
    max_workers
        Number of concurrent calls. Default: AITA_MAX_WORKERS, or 5.
    rate_limit
        Calls a second. Default: AITA_RATE_LIMIT_RPS, or 10. With 0 or ``None``, only the provider's refusals slow the
        calls.
    enable_checkpointing
        Whether each finished task is recorded immediately. Default: AITA_ENABLE_CHECKPOINTING, or true.
    checkpoint_dir
        Directory of checkpoints. Default: ``.aita/checkpoints``.
    show_progress
        Whether a terminal shows a progress bar. Default: AITA_SHOW_PROGRESS, or true.
    backend
        ``in-process``, or ``stack`` for the deployed state machine with its own model.
    model
        Name of the model. Default: AITA_MODEL.
    temperature
        Temperature of the tasks that have none. Default: 0.
    max_tokens
        Limit of a reply's tokens, without a model's thoughts, of the tasks that have none. Default: 8192.
    rate_limit_tpm
        Tokens a minute. Default: AITA_RATE_LIMIT_TPM, or no limit.
    burst
        Calls that may be made at once after a pause. Default: AITA_BURST, or those of 0.9 seconds.
    max_cost_usd
        Cap of a batch's cost in USD. Default: AITA_MAX_COST_USD, or none.
    provider_batch
        ``first`` asks in the provider's batches at half the price, which take up to a day, and by calls for what these
        leave out; ``only`` asks in no other way. Default: AITA_PROVIDER_BATCH, or ``never``.
    prices
        Prices of models that aita has no price for, or in place of aita's: USD per million tokens, by model. They
        count before those in the file that AITA_PRICES names.
    config
        Configuration in place of ``max_workers``, ``rate_limit``, ``rate_limit_tpm``, ``burst``,
        ``enable_checkpointing``, ``show_progress`` and ``max_cost_usd``, none of which stands beside it.

    Raises
    ------
    SettingsError
        If a value is invalid, with its name and valid values; if an argument stands beside a ``config`` that has its
        setting; or if the cost is capped and the model's price is unknown.

    Examples
    --------
    >>> executor = create_executor(max_workers=20, rate_limit=0)  # doctest: +SKIP
    """
    if not isinstance(config, ParallelExecutionConfig | None):
        raise SettingsError(f"config is a {type(config).__name__}: it takes a ParallelExecutionConfig")
    rate_limit_rps = _rate_limit_rps(rate_limit)
    given = {
        "max_workers": max_workers,
        "rate_limit_tpm": rate_limit_tpm,
        "burst": burst,
        "enable_checkpointing": enable_checkpointing,
        "show_progress": show_progress,
        "max_cost_usd": max_cost_usd,
        "provider_batch": provider_batch,
    }
    if config is None:
        given["rate_limit_rps"] = rate_limit_rps
        config = ParallelExecutionConfig(**{name: value for name, value in given.items() if value is not None})
    else:
        beside = "stands beside a config: give it to the ParallelExecutionConfig as rate_limit_rps"
        _refuse({"rate_limit": rate_limit_rps}, beside)
        _refuse(given, "stands beside a config: give it to the ParallelExecutionConfig")
    match backend:
        case "in-process":
            from aita.executor.in_process import InProcessExecutor  # noqa: PLC0415 - one backend is enough

            llm = _model(llm_client, model, prices or {}, _parameters(temperature, max_tokens))
            if config.max_cost_usd is not None:
                Cap.of(GuardedLLM(llm), config.max_cost_usd)
            return InProcessExecutor(llm, config, Path(checkpoint_dir or DIRECTORY), _limiter(config))
        case "stack":
            own = {"llm_client": llm_client, "model": model, "prices": prices}
            _refuse(own, "is not for backend 'stack', which has its own model and key")
            own = {"temperature": temperature, "max_tokens": max_tokens}
            _refuse(own, "is not for backend 'stack': give it to the tasks")
            _refuse({"burst": burst}, "is not for backend 'stack', which has its own limiter")
            from aita.executor.stack import StackExecutor  # noqa: PLC0415

            return StackExecutor(config)
    raise SettingsError(f"there is no backend {backend!r}: take 'in-process' or 'stack'")


def _refuse(arguments: Mapping[str, object], reason: str) -> None:
    for name, value in arguments.items():
        if value is not None:
            raise SettingsError(f"{name} {reason}")


def _model(client: Any, model: str | None, prices: Prices, defaults: Parameters) -> LLM:
    """Return the executor's model behind a client.

    Raises
    ------
    SettingsError
        If the client, the model's name or a price is of a wrong kind.
    """
    from aita.llm.client import EndpointModel, environment_prices, model_of  # noqa: PLC0415 - the stack does without a model
    from aita.llm.pricing import given_prices  # noqa: PLC0415

    if inspect.iscoroutinefunction(getattr(client, "complete", None)):
        raise SettingsError(
            f"llm_client is a {type(client).__name__}, whose complete is async: give one with a plain complete, which "
            "is called from threads"
        )
    if model is not None and (not isinstance(model, str) or not model.strip()):
        raise SettingsError(f"model is wrong: it takes the name of a model; it was {model!r}")
    llm, known = model_of(client), given_prices(prices)
    if isinstance(llm, EndpointModel):
        known = given_prices(environment_prices()) | known
        name = model or llm.model
        own = llm if name == llm.model and name not in known else llm.with_model(name, known.get(name))
        return ModelRouter(own, defaults, lambda name: own.with_model(name, known.get(name)))
    if known:
        raise SettingsError("prices are for an openai.OpenAI: your llm_client has its own price(reply)")
    choose = getattr(llm, "with_model", None)
    if model in (None, llm.model):
        return ModelRouter(llm, defaults, choose)
    if choose is None:
        raise SettingsError(f"your llm_client has the model {llm.model} alone: leave model out, or give it with_model")
    return ModelRouter(choose(model), defaults, choose)


def _parameters(temperature: float | None, max_tokens: int | None) -> Parameters:
    if temperature is not None and (
        isinstance(temperature, bool)
        or not isinstance(temperature, int | float)
        or not math.isfinite(temperature)
        or temperature < 0
    ):
        raise SettingsError(f"temperature is wrong: it takes a number from 0 up; it was {temperature!r}")
    if max_tokens is not None and (isinstance(max_tokens, bool) or not isinstance(max_tokens, int) or max_tokens < 1):
        raise SettingsError(f"max_tokens is wrong: it takes a whole number from 1 up; it was {max_tokens!r}")
    return Parameters(temperature=temperature, max_output_tokens=max_tokens)


def _limiter(config: ParallelExecutionConfig) -> MemoryRateLimiter:
    if config.burst is None:
        return MemoryRateLimiter(time.monotonic)
    return MemoryRateLimiter(time.monotonic, Bucket(burst=burst_ms(config.burst, config.rate_limit_rps)))


def burst_ms(calls: int, rate: float) -> int:
    """Return the unused time in ms that lets this many calls be made at once, at a rate of calls a second."""
    return round((calls - 1) * 1_000 / rate)  # the first takes the slot of now, and the others those before it


def _rate_limit_rps(rate_limit: float | EllipsisType | None) -> float | None:
    """Return the rate for the configuration, in which 0 means no limit; ``None`` if the argument was omitted."""
    if rate_limit is ...:
        return None
    if rate_limit is None:
        return 0.0
    if (
        isinstance(rate_limit, bool)
        or not isinstance(rate_limit, int | float)
        or math.isnan(rate_limit)
        or rate_limit < 0
    ):
        raise SettingsError(f"rate_limit is wrong: it takes a number from 0 up, 0 is none; it was {rate_limit!r}")
    return rate_limit
