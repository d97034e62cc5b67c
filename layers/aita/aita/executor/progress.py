"""Progress of a batch on a terminal."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Protocol


class ShowProgress(Protocol):
    """Shows the progress of a batch."""

    def __call__(self, ended: int, failed: int, cost: Decimal | None = None, /) -> None:
        """Show the numbers of finished and of failed tasks, and their cost in USD, if it is known."""
        ...


@contextmanager
def progress(total: int, *, shown: bool) -> Iterator[ShowProgress]:
    """Show a progress bar on standard error, if it is a terminal and rich is installed."""
    if not shown or sys.stderr is None or not sys.stderr.isatty():
        yield _show_nothing
        return
    try:
        from rich.console import Console  # noqa: PLC0415 - not part of the Lambda layer
        from rich.progress import (  # noqa: PLC0415
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )
    except ImportError:
        yield _show_nothing
        return
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[summary]}"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, refresh_per_second=5) as bar:
        task = bar.add_task("", total=total, summary="")

        def show(ended: int, failed: int, cost: Decimal | None = None, /) -> None:
            bar.update(task, completed=ended, summary=_failures_and_cost(failed, cost))

        yield show


def _show_nothing(ended: int, failed: int, cost: Decimal | None = None, /) -> None:
    """Show nothing."""


def _failures_and_cost(failed: int, cost: Decimal | None) -> str:
    return " ".join([*([f"{failed} failed"] if failed else []), *([f"{cost:.4f} USD"] if cost else [])])
