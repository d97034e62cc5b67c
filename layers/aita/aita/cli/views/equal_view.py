"""View of answers that say the same."""

from collections.abc import Mapping

from rich.console import Group, RenderableType
from rich.text import Text

from aita.cli.views import formatting
from aita.cli.views.decision_words import STATES
from aita.cli.views.terminal_escape import printable
from aita.models.equal_answers import EqualAnswers, EqualAnswersList
from aita.models.review import ReviewLine

_SHOWN = 100
"""Characters of an answer that are shown."""


def equal_view(found: EqualAnswersList, names: Mapping[str, str]) -> RenderableType:
    """Return the groups of answers that say the same, with each answer's student and points."""
    if not found.groups:
        return Text("No two answers say the same")
    return Group(
        *(line for group in found.groups for line in (_heading(group), *(_line(c, names) for c in group.cells)))
    )


def _heading(group: EqualAnswers) -> Text:
    shown = " | ".join(map(_cut, group.texts or (group.text,)))
    differ = ", with different points" if group.differ else ""
    answers = formatting.count(len(group.cells), "answer")
    heading = f"Question {printable(group.question_id)}, {answers}{differ}: {printable(shown)}"
    return Text(heading, "bold yellow" if group.differ else "bold")


def _cut(text: str) -> str:
    """Return the beginning of a text in one line."""
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else line[:_SHOWN] + "..."


def _line(cell: ReviewLine, names: Mapping[str, str]) -> Text:
    points = "no points" if cell.points is None else f"{cell.points:g} of {cell.max_points:g}"
    return Text(
        f"  {cell.cell_id}  {printable(names.get(cell.student_id, cell.student_id))}  {points}  {STATES[cell.state]}"
    )
