"""The limits of what a run may be started with, for settings, requests and runs alike."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

MaxWorkers = Annotated[int, Field(ge=1, le=10_000)]
"""Calls at once; a Distributed Map runs at most 10,000 (AWS Step Functions, quotas)."""

RateLimit = Annotated[float, Field(ge=0, le=10_000, allow_inf_nan=False)]
"""Calls a second; 0 is no limit."""

CheckpointInterval = Annotated[int, Field(ge=1)]
"""Tasks between two refreshes of a run's line in the list."""

TokenLimit = Annotated[float, Field(ge=0, le=1_000_000_000, allow_inf_nan=False)]
"""Tokens a minute; 0 is no limit."""

BatchSize = Annotated[int, Field(ge=1, le=50)]
"""Small tasks that share a call; 1 is none."""

MaxCost = Annotated[Decimal, Field(gt=0, le=1_000_000, allow_inf_nan=False)]
"""What a run may cost, in USD."""

Graders = Annotated[int, Field(ge=1, le=9)]
"""Independent calls for each answer; the grading that is nearest to all others counts."""

Disagreement = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
"""How far two graders may differ over the criteria, as a share of the question's points: at this, a person decides."""

MaskHeader = Annotated[float, Field(ge=0, le=0.5)]
"""How much of a student's page is painted white from its top, as a share of its height; 0 is none."""
