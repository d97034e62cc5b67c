"""The progress of a batch on a terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Show = Callable[[int, int], None]
"""Takes how many tasks have ended, and how many of them failed."""


@contextmanager
def progress(total: int, *, shown: bool) -> Iterator[Show]:
    """Show a bar while the batch runs, on standard error, if that is a terminal and rich is there."""
    if not shown or not sys.stderr.isatty():
        yield lambda _ended, _failed: None
        return
    from rich.console import Console  # noqa: PLC0415 - not in the layer: functions show nothing
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[failed]}"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total, failed="")
        yield lambda ended, failed: bar.update(task, completed=ended, failed=f"{failed} failed" if failed else "")
