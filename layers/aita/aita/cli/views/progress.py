"""Progress of a run: a bar for each stage on a terminal, a line from time to time elsewhere."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.spinner import Spinner
from rich.style import Style
from rich.table import Table
from rich.text import Text

from aita.cli.views import formatting
from aita.cli.views.batch_view import batch_line
from aita.cli.views.terminal_escape import printable
from aita.errors import RequestError, StackError
from aita.models.api import RunView, StageView
from aita.models.provider_batch import BatchProgress
from aita.models.run import RunStatus
from aita.services.runs.pipelines import NAMES_READ, OF_PILES, stages_of

_REFRESHES = 8  # a second: enough for the spinner
_WIDEST_BAR = 48
_LINE_SECONDS = 10.0


class Progress(Protocol):
    """Display of a run's progress."""

    def show(self, view: RunView) -> None:
        """Show the run's current state."""
        ...

    def missed(self, error: StackError) -> None:
        """Show that a poll failed."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def make_progress(console: Console, *, shown: bool, clock: Callable[[], float] = time.monotonic) -> Progress:
    """Return the display for a console: bars on a terminal, lines elsewhere, none unless ``shown``."""
    if not shown:
        return NullProgress()
    return LiveProgress(console) if console.is_terminal else LogProgress(console, clock)


class NullProgress:
    """Display that shows nothing."""

    def show(self, view: RunView) -> None:
        """Show nothing."""

    def missed(self, error: StackError) -> None:
        """Show nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None


class LogProgress(NullProgress):
    """Display for logs: a line at the end of each stage, and one every 10 seconds."""

    def __init__(self, console: Console, clock: Callable[[], float]) -> None:
        self._console = console
        self._clock = clock
        self._ended: set[str] = set()
        self._last = clock()
        self._batches: BatchProgress | None = None
        self._waits = 0

    def show(self, view: RunView) -> None:
        """Write a line for each stage that has ended, or for the current one if a line is due.

        It has the reason of the run's waits, if there were any since the last line. While the run waits for the
        provider's batches, there is a line whenever these have come further.
        """
        if view.batch_progress != self._batches:
            self._batches = view.batch_progress
            if self._batches is not None:
                self._console.print(Text(f"{printable(view.stage)}: {batch_line(self._batches)}"))
        for stage in view.stages:
            if stage.ended_at is not None and stage.stage not in self._ended:
                self._ended.add(stage.stage)
                self._write(stage, view)
            elif stage.stage == view.stage and stage.ended_at is None and self._is_due():
                self._write(stage, view)

    def _is_due(self) -> bool:
        return self._batches is None and self._clock() - self._last >= _LINE_SECONDS

    def missed(self, error: StackError) -> None:
        """Write that the stack did not answer."""
        self._console.print(Text(printable(f"no answer, trying again: {error}")))

    def _write(self, stage: StageView, view: RunView) -> None:
        self._last = self._clock()
        parts = [f"{stage.stage}: {stage.succeeded + stage.failed} of {stage.total}"]
        parts += [f"{stage.failed} failed"] if stage.failed else []
        seconds = formatting.took(stage)
        parts += [f"took {formatting.duration(seconds)}"] if seconds is not None else []
        if view.waits > self._waits:
            self._waits = view.waits
            parts.append(formatting.waits(view))
        self._console.print(Text(printable(", ".join(parts))))


class LiveProgress:
    """Display for terminals: a bar for each stage, redrawn in place and erased at the end, as a summary follows."""

    def __init__(self, console: Console) -> None:
        self._spinner = Spinner("dots", style="cyan")
        self._view: RunView | None = None
        self._live = Live(console=console, refresh_per_second=_REFRESHES, transient=True)

    def show(self, view: RunView) -> None:
        """Redraw."""
        self._view = view
        self._live.update(draw(view, self._spinner))

    def missed(self, error: StackError) -> None:  # noqa: ARG002 - one line, whatever the reason
        """Redraw, with a note that the stack did not answer."""
        if self._view is not None:
            self._live.update(draw(self._view, self._spinner, "no answer from the stack, trying again"))

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.__exit__(kind, error, trace)


def draw(view: RunView, spinner: RenderableType, note: str = "") -> RenderableType:
    """Return the drawing of a run's progress."""
    title = Text.assemble((printable(view.pipeline), "bold"), " of ", (printable(view.assignment), "bold"))
    title.append(f"  {view.run_id}", "dim")
    heading = Table.grid(padding=(0, 1))
    heading.add_row(spinner if view.status is RunStatus.RUNNING else " ", title)
    stages = Table.grid(padding=(0, 2), pad_edge=True)
    stages.add_column(no_wrap=True)
    stages.add_column(max_width=_WIDEST_BAR, ratio=1)
    stages.add_column(justify="right", no_wrap=True)
    for widest in ("99 failed", "99.9/s", "59 min 59 s left"):  # fixed widths, so that nothing moves
        stages.add_column(no_wrap=True, min_width=len(widest))
    known = {stage.stage: stage for stage in view.stages}
    for name in _names(view):
        stages.add_row(*_row(name, known.get(name), view))
    lines: list[RenderableType] = [
        heading,
        stages,
        Text(f"  {_footer(view)}", "dim", no_wrap=True, overflow="ellipsis"),
    ]
    if view.batch_progress is not None and view.status is RunStatus.RUNNING:
        lines.append(Text(f"  {batch_line(view.batch_progress)}", "cyan", no_wrap=True, overflow="ellipsis"))
    if note or view.wait_reason:
        shown = printable(note or formatting.waits(view))
        lines.append(Text(f"  {shown}", "yellow", no_wrap=True, overflow="ellipsis"))
    return Group(*lines)


def _names(view: RunView) -> tuple[str, ...]:
    begun = tuple(stage.stage for stage in view.stages)  # of an older or newer stack there may be others
    try:
        stages = stages_of(view.pipeline)
    except RequestError:  # a pipeline of a newer stack
        return begun
    to_come = (stage for stage in stages if stage != NAMES_READ and (stage not in OF_PILES or view.stage in OF_PILES))
    return tuple(dict.fromkeys((*begun, *to_come)))


def _row(name: str, stage: StageView | None, view: RunView) -> tuple[RenderableType, ...]:
    if stage is None:
        return Text(name, "dim"), Bar(0, 0, 0), "", "", "", ""
    done = stage.succeeded + stage.failed
    current = stage.ended_at is None and view.status is RunStatus.RUNNING
    failed = Text(f"{stage.failed} failed", "red") if stage.failed else Text("")
    return (
        Text(name, "bold" if current else ""),
        Bar(stage.succeeded, stage.failed, stage.total),
        f"{done:,}/{stage.total:,}",
        failed,
        Text(_rate(stage, view) if current else "", "cyan"),
        Text(_left(view) if current else _took(stage), "cyan" if current else "dim"),
    )


def _rate(stage: StageView, view: RunView) -> str:
    left = stage.total - stage.succeeded - stage.failed
    return f"{left / view.eta_seconds:.1f}/s" if view.eta_seconds and left else ""


def _left(view: RunView) -> str:
    return f"{formatting.duration(view.eta_seconds)} left" if view.eta_seconds is not None else ""


def _took(stage: StageView) -> str:
    seconds = formatting.took(stage)
    return formatting.duration(seconds) if seconds is not None else ""


def _footer(view: RunView) -> str:
    usage = view.usage
    return f"cost {formatting.cost(usage)} · tokens {formatting.tokens(usage)} · {printable(view.model)}"


class Bar:
    """A bar of three parts: succeeded, failed and remaining tasks. Failed tasks are never rounded away."""

    def __init__(self, succeeded: int, failed: int, total: int) -> None:
        self._succeeded = succeeded
        self._failed = failed
        self._total = total

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = min(options.max_width, _WIDEST_BAR)
        good, bad = self.parts(width)
        full, rest = ("#", "-") if options.ascii_only else ("━", "─")
        bar = Text(no_wrap=True, end="")
        bar.append(full * good, Style(color="green"))
        bar.append(full * bad, Style(color="red"))
        bar.append(rest * (width - good - bad), Style(dim=True))
        yield bar

    def parts(self, width: int) -> tuple[int, int]:
        """Return the numbers of a bar's cells for succeeded and for failed tasks."""
        if self._total == 0:
            return 0, 0
        done = min(width * (self._succeeded + self._failed) // self._total, width)
        bad = round(width * self._failed / self._total)
        if self._failed:
            bad = max(bad, 1)
            done = max(done, 1)
        bad = min(bad, done)
        return done - bad, bad
