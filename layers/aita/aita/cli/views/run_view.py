"""Summary of a run, for people."""

from collections.abc import Iterable, Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from aita.cli.pasteable import Command, Pasteable
from aita.cli.run_report import RunReport
from aita.cli.views import formatting
from aita.cli.views.batch_view import batch_line, left_line, uncancelled_line
from aita.cli.views.decision_words import STATES
from aita.cli.views.estimate_view import calls_line
from aita.cli.views.fitting_table import FittingTable
from aita.cli.views.roster_notes import student_lines
from aita.cli.views.students_view import OPEN
from aita.cli.views.task_view import TaskList
from aita.cli.views.terminal_escape import printable
from aita.models.grade import CellState
from aita.models.model_role import ROLES
from aita.models.run import SIMULATED, RunStatus, RunSummary
from aita.services.assignments.pile_files import is_booklet_folder
from aita.services.stages.split import SplitStage

_REPORT = "report"
"""Pipeline whose results are the reports, which ``aita report`` fetches."""

FAILED_SHOWN = 10
"""Number of failed tasks that a summary lists."""

_STYLES = {
    RunStatus.RUNNING: "cyan",
    RunStatus.SUCCEEDED: "green",
    RunStatus.WAITING_FOR_REVIEW: "green",
    RunStatus.PARTIAL: "yellow",
}

_CLOSED = (CellState.GRADED, CellState.BLANK, CellState.OVERRIDDEN)


def summary(report: RunReport, pasteable: Pasteable) -> RenderableType:
    """Return a run's summary, with command lines that can be pasted."""
    command = pasteable.command
    parts: list[RenderableType] = [_heading(report, pasteable), Text(""), _stages(report), Text(""), _usage(report)]
    for block in (
        [*_failed(report, pasteable)],
        [*_students(report, command)],
        [*_grades(report, command)],
        [f"Not everything could be found out: {pasteable.complete(report.problem)}"] if report.problem else [],
        [*_simulated(report)],
        [*_next(report, command)],
    ):
        if block:
            parts += [Text(""), *(line if isinstance(line, Text) else _line(line) for line in block)]
    return Group(*parts)


def runs_table(runs: Iterable[RunSummary]) -> RenderableType:
    """Return a list of runs; the numbers of tasks are those of each one's last stage."""
    table = FittingTable(("run", "pipeline", "status", "last stage", "failed", "started"), frozenset({"failed"}))
    for run in runs:
        table.add_row(
            run.run_id,
            printable(run.pipeline),
            _status(run.status),
            f"{printable(run.stage)} {run.succeeded + run.failed:,}/{run.total:,}",
            f"{run.failed:,}",
            formatting.local_time(run.created_at),
        )
    return table


def _line(text: str) -> Text:
    return Text(printable(text))


def _status(status: RunStatus) -> Text:
    return Text(status, _STYLES.get(status, "red"))


def _heading(report: RunReport, pasteable: Pasteable) -> Text:
    text = Text.assemble(
        ("Run ", "bold"), (report.run_id, "bold"), f"  {report.pipeline} of {printable(report.assignment)}  "
    )
    text.append(report.status, f"bold {_STYLES.get(report.status, 'red')}")
    if report.reason and report.status is not RunStatus.SUCCEEDED:
        text.append(f"\n{printable(pasteable.complete(report.reason))}")
    if report.status is RunStatus.RUNNING and report.waits:
        text.append(f"\n{printable(formatting.waits(report))}", "yellow")
    return text


def _stages(report: RunReport) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    for stage in report.stages:
        seconds = formatting.took(stage)
        table.add_row(
            f"  {printable(stage.stage)}",
            f"{stage.succeeded:,} of {stage.total:,} done",
            Text(f"{stage.failed:,} failed", "red" if stage.failed else "dim"),
            Text(formatting.duration(seconds) if seconds is not None else "not ended", "dim"),
        )
    if report.batch_progress is not None and report.status is RunStatus.RUNNING:
        return Group(table, Text(f"  {batch_line(report.batch_progress)}", "cyan"))
    if report.batch_progress is not None and report.status is RunStatus.CANCELLED:
        return Group(table, Text(f"  {uncancelled_line(report.batch_progress, report.run_id)}", "yellow"))
    if report.batch_progress is not None:
        return Group(table, Text(f"  {left_line(report.batch_progress, report.run_id)}", "yellow"))
    if not report.stages:
        table.add_row(Text("  nothing was planned yet", "dim"))
    return table


def _usage(report: RunReport) -> RenderableType:
    usage = report.usage
    replies = formatting.count(usage.cached_calls, "reply", "replies")
    cached = f", and {replies} from the cache" if usage.cached_calls else ""
    batched = f" ({usage.batch_calls:,} in the provider's batches)" if usage.batch_calls else ""
    price = formatting.cost(usage)
    if usage.cost_usd is None:
        price += ": the price of this model is not known; deploy with ModelPrices=MODEL=INPUT/OUTPUT to tell it"
    elif usage.unpriced_calls:
        price += f": {formatting.count(usage.unpriced_calls, 'call')} of a price that is not known"
    if report.max_cost_usd is not None:
        price += f", of at most {formatting.money(report.max_cost_usd)}"
    table = Table.grid(padding=(0, 2))
    own = {"reader": report.reader_model, "grader": report.grader_model}
    for name, value in (
        ("  model", report.model),
        *((f"  {role}", model) for role, model in own.items() if model),
        ("  calls", f"{usage.calls:,}{batched}{cached}"),
        ("  tokens", formatting.tokens(usage)),
        ("  cost", price),
    ):
        table.add_row(Text(name, "dim"), _line(value))
    return table


def _failed(report: RunReport, pasteable: Pasteable) -> Iterator[str | Text]:
    if not report.failed:
        return
    yield Text(f"Failed: {formatting.count(report.failed, 'task')}", "bold red")
    listed = TaskList(report.students, report.stages, pasteable)
    yield from map(listed.line, listed.in_order(report.failed_tasks)[:FAILED_SHOWN])
    shown = min(len(report.failed_tasks), FAILED_SHOWN)
    if shown and report.failed > shown:
        yield f"  and {report.failed - shown:,} more: {pasteable.command('tasks', report.run_id, '--status', 'FAILED')}"


def _students(report: RunReport, command: Command) -> Iterator[str | Text]:
    if report.students is None or all(stage.stage != SplitStage.name for stage in report.stages):
        return
    yield Text(formatting.count(len(report.students.students), "student") + " with scans", "bold")
    failed_files = {str(task.refs.get("source")) for task in report.failed_tasks if task.stage == SplitStage.name}
    yield from (f"  {line}" for line in student_lines(report.students, failed_files))
    unnamed = [each for each in report.students.students if each.match == "none" and is_booklet_folder(each.folder)]
    if unnamed:
        yield f"  say whose they are       {command('names', 'list', '--assignment', report.assignment)}"
    if any(student.match in OPEN and student not in unnamed for student in report.students.students):
        yield f"  decide whose they are   {command('students', 'list', '--assignment', report.assignment)}"


def _grades(report: RunReport, command: Command) -> Iterator[str | Text]:
    if report.grades is None:
        return
    states = report.grades.states
    answers = formatting.count(sum(states.values()), "answer")
    yield Text(f"{answers} of {formatting.count(report.grades.students, 'student')}", "bold")
    yield "  " + ", ".join(f"{states[state]:,} {STATES[state]}" for state in _CLOSED)
    open_cells = states[CellState.NEEDS_REVIEW] + states[CellState.FAILED]
    if open_cells:
        yield (
            f"  {open_cells:,} ungraded: {states[CellState.NEEDS_REVIEW]:,} to review, "
            f"{states[CellState.FAILED]:,} failed; {formatting.count(report.grades.final, 'total')} final"
        )
        yield f"  review them   {command('review', 'list', '--assignment', report.assignment)}"
    else:
        yield "  all answers are graded: all totals are final"
    if report.grades.older:
        again = command("grade", "--assignment", report.assignment, "--regrade-older")
        regrading = report.grades.regrading
        yield f"  {report.grades.older:,} of an older version of aita or another model: they count as they are"
        yield f"  grade them again  {again}" + (f"  ({calls_line(regrading)})" if regrading else "")


def _simulated(report: RunReport) -> Iterator[str | Text]:
    if {report.model_of(role) for role in (None, *ROLES)} == {SIMULATED}:
        if any(stage.succeeded for stage in report.stages):
            yield Text("All of this is simulated: no model was asked.", "bold yellow")
        yield "  The simulated model knows the sample exam only. To let it make the rest up:"
        yield "  aita local up --anything"
        yield "  For a real one:"
        yield "  export OPENAI_API_KEY=...  and then  aita local up"


def _next(report: RunReport, command: Command) -> Iterator[str | Text]:
    if report.status is RunStatus.RUNNING:
        yield f"  watch it    {command('watch', report.run_id)}"
        yield f"  cancel it   {command('cancel', report.run_id)}"
        return
    if report.pipeline != _REPORT and any(stage.ended_at is not None for stage in report.stages):
        yield f"  results     {command('results', report.run_id, '--out', 'DIR')}"
    if report.status is not RunStatus.SUCCEEDED:
        yield f"  resume it   {command('resume', report.run_id)}"
