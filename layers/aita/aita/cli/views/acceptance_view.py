"""Previews and results of accepting many proposals, for people."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from rich.console import Group, RenderableType
from rich.text import Text

from aita.cli.pasteable import Command
from aita.cli.views import formatting
from aita.cli.views.decision_words import outdated_reports, still_to_review
from aita.cli.views.indented_text import indented, wrapped
from aita.cli.views.terminal_escape import printable
from aita.models.points import total
from aita.models.review import ReviewLine


class Left(NamedTuple):
    """Numbers of open answers that are left as they are.

    They have no proposal, an outdated one, or a note that leaves them to the instructor.
    """

    without_proposal: int
    outdated: int
    asked: int


def preview(cells: Sequence[ReviewLine], left: Left, names: Mapping[str, str], command: Command) -> RenderableType:
    """Return the answers by question, each with its student and points, with the numbers of their doubts.

    Parameters
    ----------
    cells
        Open answers whose proposals are to be accepted.
    names
        Students' names by id.
    """
    parts: list[RenderableType] = [Text(f"{formatting.count(len(cells), 'proposal')} to accept", "bold")]
    for question_id in dict.fromkeys(cell.question_id for cell in cells):
        of_question = [cell for cell in cells if cell.question_id == question_id]
        points = total(cell.points or 0 for cell in of_question)
        out_of = total(cell.max_points for cell in of_question)
        answers = formatting.count(len(of_question), "answer")
        parts.append(Text(f"Question {printable(question_id)}: {answers}, {points:g} of {out_of:g} points proposed"))
        for cell in of_question:
            name = printable(names.get(cell.student_id, cell.student_id))
            parts.append(wrapped(Text(f"{cell.cell_id}  {name}  {cell.points:g} of {cell.max_points:g}")))
        flags = Counter(kind for cell in of_question for kind in {flag.kind for flag in cell.flags})
        parts += [indented(f"{count} with: {kind.words} [{kind}]", "dim") for kind, count in sorted(flags.items())]
    if outdated := sum(cell.outdated for cell in cells):
        count = formatting.count(outdated, "proposal")
        parts.append(Text(f"{count} of before a change: grading again ({command('grade')}) opens them", "yellow"))
    return Group(*parts, *_left(left, command))


def accepted(count: int, changed: Mapping[str, str], left: Left, open_cells: int, command: Command) -> RenderableType:
    """Return the number of accepted proposals, why the others were left, and the number of open answers.

    Parameters
    ----------
    changed
        Reasons why answers were left that had changed since the preview, by their ids.
    """
    parts: list[RenderableType] = [Text(f"Accepted: {formatting.count(count, 'proposal')}", "bold")]
    if changed:
        parts.append(Text(f"{formatting.count(len(changed), 'answer')} changed meanwhile, and not accepted:", "yellow"))
        parts += [indented(printable(reason), "yellow") for reason in changed.values()]
    parts += _left(left, command)
    parts.append(still_to_review(open_cells))
    return Group(*parts, outdated_reports(command)) if count else Group(*parts)


def _left(left: Left, command: Command) -> Iterator[RenderableType]:
    if left.without_proposal:
        yield Text(f"{formatting.count(left.without_proposal, 'answer')} without a proposal: not accepted", "yellow")
    if left.outdated:
        yield Text(
            f"{formatting.count(left.outdated, 'proposal')} of before a change: not accepted, as grading again "
            f"({command('grade')}) opens them. With --flag changed they are",
            "yellow",
        )
    if left.asked:
        yield Text(
            f"{formatting.count(left.asked, 'answer')} left to the instructor: not accepted. "
            "With --flag asked they are",
            "yellow",
        )
