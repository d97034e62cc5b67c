"""Configuration of an executor."""

import os
from decimal import Decimal
from typing import Any

from pydantic import ConfigDict, ValidationError

from aita.errors import SettingsError
from aita.models.limits import BatchSize, Burst, CheckpointInterval, MaxCost, MaxWorkers, RateLimit, TokenLimit
from aita.models.provider_batch import BatchUse
from aita.settings import Environment, explain, variable_of, wrong

_NUMBER = (int, float)
_TYPES: dict[str, tuple[type, ...]] = {
    "max_workers": (int,),
    "rate_limit_rps": _NUMBER,
    "rate_limit_tpm": _NUMBER,
    "burst": (int,),
    "checkpoint_interval": (int,),
    "batch_size": (int,),
    "max_cost_usd": (*_NUMBER, Decimal, str),
    "provider_batch": (str,),
}
"""Types of arguments. Variables are texts, but an argument of another type is a mistake. The others are booleans."""


class ParallelExecutionConfig(Environment):
    """Configuration of batches. Values that are not passed are read from the AITA_* variables.

    ``rate_limit_rps`` is in requests a second, ``rate_limit_tpm`` in tokens a minute, and ``max_cost_usd`` in USD.
    ``burst`` is the number of requests that may be made at once after a pause; without one, it is those of 0.9 seconds.
    ``provider_batch`` has requests asked in the provider's batches: ``first``, ``only`` or ``never``.

    Raises
    ------
    SettingsError
        If values are invalid; it names each of them and its valid values.

    Examples
    --------
    >>> ParallelExecutionConfig(max_workers=8).max_workers
    8
    """

    model_config = ConfigDict(extra="forbid", validate_by_name=True)

    max_workers: MaxWorkers = 5
    rate_limit_rps: RateLimit = 10.0
    rate_limit_tpm: TokenLimit = 0
    burst: Burst | None = None
    enable_checkpointing: bool = True
    checkpoint_interval: CheckpointInterval = 10
    retry_failed_tasks: bool = True
    show_progress: bool = True
    batch_size: BatchSize = 5
    prefix_scheduling: bool = True
    max_cost_usd: MaxCost | None = None
    provider_batch: BatchUse = BatchUse.NEVER

    def __init__(self, **given: Any) -> None:
        fields = type(self).model_fields
        unknown = given.keys() - fields.keys()
        if unknown:
            raise SettingsError(f"there is no setting {sorted(unknown)[0]!r}: take one of {', '.join(fields)}")
        mistyped = [name for name, value in given.items() if not _is_of_type(name, value)]
        if mistyped:
            raise SettingsError("; ".join(wrong(name) for name in mistyped))
        variables = [variable_of(name) for name in fields if name not in given]
        read = {variable: os.environ[variable] for variable in variables if os.environ.get(variable)}
        try:
            super().__init__(**read | given)
        except ValidationError as error:
            problems = "; ".join(explain(type(self), detail) for detail in error.errors(include_input=False))
        else:
            if self.burst is not None and not self.rate_limit_rps:
                problems = "burst needs a rate: give rate_limit (AITA_RATE_LIMIT_RPS) more than 0, or leave burst out"
            else:
                return
        raise SettingsError(problems)

    @property
    def brief(self) -> str:
        """The limits in words, for an executor's ``repr``."""
        rate = f"{self.rate_limit_rps:g} calls a second" if self.rate_limit_rps else "no limit of calls a second"
        cap = "" if self.max_cost_usd is None else f", at most {self.max_cost_usd} USD a batch"
        return f"max_workers={self.max_workers}, {rate}{cap}"


def _is_of_type(name: str, value: object) -> bool:
    if value is None:
        return name in ("burst", "max_cost_usd")
    if isinstance(value, bool):
        return name not in _TYPES
    return isinstance(value, _TYPES.get(name, ()))
