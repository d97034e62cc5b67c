"""Limits of a run's options, shared by settings, requests and runs."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

MaxWorkers = Annotated[int, Field(ge=1, le=10_000)]
"""Concurrent calls; a Distributed Map runs at most 10,000 (AWS Step Functions, quotas)."""

RateLimit = Annotated[float, Field(ge=0, le=10_000, allow_inf_nan=False)]
"""Calls a second; 0 means no limit."""

Burst = Annotated[int, Field(ge=1, le=10_000)]
"""Calls that may be made at once after a pause."""

CheckpointInterval = Annotated[int, Field(ge=1)]
"""Tasks between two updates of a run's summary."""

TokenLimit = Annotated[float, Field(ge=0, le=1_000_000_000, allow_inf_nan=False)]
"""Tokens a minute; 0 means no limit."""

BatchSize = Annotated[int, Field(ge=1, le=50)]
"""Most small tasks that share a call; with 1, no tasks share one."""

MaxCost = Annotated[Decimal, Field(gt=0, le=1_000_000, allow_inf_nan=False)]
"""Cost cap of a run, in USD."""

Graders = Annotated[int, Field(ge=1, le=9)]
"""Independent gradings of each answer; the one nearest to all others counts."""

Disagreement = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
"""Difference between two graders over the criteria from which on a person decides, as a share of the question's
points."""

Readings = Annotated[int, Field(ge=1, le=2)]
"""Readings of each answer: with 2, its strips are read once more, and a person looks where the two differ."""

MaskHeader = Annotated[float, Field(ge=0, le=0.5)]
"""Part of a student's page that is painted white, from its top, as a share of its height; 0 masks nothing."""
