"""The progress of a batch on a terminal."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Protocol


class ShowProgress(Protocol):
    """Shows how far a batch is."""

    def __call__(self, ended: int, failed: int, cost: Decimal | None = None, /) -> None:
        """Take how many tasks have ended, how many of them failed, and what they cost in USD, if that is known."""
        ...


@contextmanager
def progress(total: int, *, shown: bool) -> Iterator[ShowProgress]:
    """Show a bar while the batch runs, on standard error, if that is a terminal and rich is there."""
    if not shown or sys.stderr is None or not sys.stderr.isatty():
        yield _show_nothing
        return
    try:
        from rich.console import Console  # noqa: PLC0415 - not in the layer: functions show nothing
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
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[told]}"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, refresh_per_second=5) as bar:
        task = bar.add_task("", total=total, told="")

        def show(ended: int, failed: int, cost: Decimal | None = None, /) -> None:
            bar.update(task, completed=ended, told=_failures_and_cost(failed, cost))

        yield show


def _show_nothing(ended: int, failed: int, cost: Decimal | None = None, /) -> None:
    """Take the numbers and show none."""


def _failures_and_cost(failed: int, cost: Decimal | None) -> str:
    return " ".join([*([f"{failed} failed"] if failed else []), *([f"{cost:.4f} USD"] if cost else [])])
