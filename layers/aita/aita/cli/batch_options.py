"""Options of commands that start runs: whether requests go to the provider's batches."""

from typing import Annotated, Any

import typer

from aita.errors import RequestError
from aita.models.provider_batch import BatchUse

Batch = Annotated[
    bool,
    typer.Option("--batch", help="Ask in the provider's batches first: half the price, and up to a day for each step."),
]
BatchOnly = Annotated[
    bool,
    typer.Option("--batch-only", help="As --batch, and what no batch answers fails, until the run is resumed."),
]


def batch_options(batch: bool, batch_only: bool) -> dict[str, Any]:
    """Return the run's option; ``None`` leaves it to the stack.

    Raises
    ------
    RequestError
        If both are given.
    """
    if batch and batch_only:
        raise RequestError("--batch and --batch-only are two ways: give one of them")
    use = BatchUse.ONLY if batch_only else BatchUse.FIRST if batch else None
    return {"provider_batch": use}
