"""Effects of changed rubrics on the grades, for people."""

from collections.abc import Mapping, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from aita.cli.views import formatting
from aita.cli.views.decision_words import STATES
from aita.cli.views.estimate_view import calls_line
from aita.cli.views.fitting_table import FittingTable
from aita.cli.views.terminal_escape import printable
from aita.models.api import RubricDiff
from aita.models.rubric_change import RegradedCell


def diff_view(diff: RubricDiff) -> RenderableType:
    """Return the numbers of answers that changed rubrics affect, by question, and the estimate for grading them."""
    more = [Text(_others(diff), "dim")] if diff.others else []
    if not diff.questions:
        return Group(Text("No rubric has changed since the answers were graded", "bold"), *more)
    counts = ("rescaled, no call", "graded again", "no rubric now", "decisions that lapse")
    table = FittingTable(("question", *counts), frozenset(counts))
    for question in diff.questions:
        affected = (question.rescaled, question.regraded, question.without_rubric, question.lapsing)
        table.add_row(printable(question.question_id), *(f"{count:,}" for count in affected))
    if diff.regraded:
        more.insert(0, Text("An answer that is graded again may come out for review.", "dim"))
    if any(question.lapsing for question in diff.questions):
        more.insert(
            0, Text("Decisions that lapse were about the grade before: decide on these answers anew.", "yellow")
        )
    return Group(table, Text(f"Grading again: {calls_line(diff.estimate)}"), *more)


def _others(diff: RubricDiff) -> str:
    others, beside = formatting.count(diff.others, "answer"), " beside these" if diff.questions else ""
    return f"The next run grades {others}{beside}: what they were graded with changed, the rubric apart, or failed."


def sample_view(cells: Sequence[RegradedCell], names: Mapping[str, str]) -> RenderableType:
    """Return the points of each answer of the sample, before and by the changed rubric."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("student", "question", "before", "after", ""):
        table.add_column(heading, justify="right" if heading in {"before", "after"} else "left")
    for cell in cells:
        table.add_row(
            printable(names.get(cell.student_id, cell.student_id)),
            printable(cell.question_id),
            _points(cell.before, cell.out_of_before),
            _points(cell.after, cell.out_of),
            Text(printable(f"{STATES[cell.state]} {cell.reason}".strip()), "dim"),
        )
    title = Text(f"A sample of {formatting.count(len(cells), 'answer')}, graded by the changed rubrics", "bold")
    return Group(title, table)


def _points(points: float | None, out_of: float) -> str:
    return f"none of {out_of:g}" if points is None else f"{points:g} of {out_of:g}"
