"""Previews and results of accepting many proposals, for people."""

from collections import Counter
from collections.abc import Mapping, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from aita.cli.pasteable import Command
from aita.cli.views import formatting
from aita.cli.views.decision_words import outdated_reports
from aita.cli.views.indented_text import indented
from aita.cli.views.terminal_escape import printable
from aita.models.points import total
from aita.models.review import ReviewLine


def preview(cells: Sequence[ReviewLine], without: int) -> RenderableType:
    """Return the counts and points of answers by question, with the kinds of their doubts.

    Parameters
    ----------
    cells
        Open answers with a proposal.
    without
        Number of open answers that have none.
    """
    parts: list[RenderableType] = [Text(f"{formatting.count(len(cells), 'proposal')} to accept", "bold")]
    for question_id in dict.fromkeys(cell.question_id for cell in cells):
        of_question = [cell for cell in cells if cell.question_id == question_id]
        points = total(cell.points or 0 for cell in of_question)
        out_of = total(cell.max_points for cell in of_question)
        answers = formatting.count(len(of_question), "answer")
        parts.append(Text(f"Question {printable(question_id)}: {answers}, {points:g} of {out_of:g} points proposed"))
        flags = Counter(kind for cell in of_question for kind in {flag.kind for flag in cell.flags})
        parts += [indented(f"{kind}: {count}", "dim") for kind, count in sorted(flags.items())]
    if without:
        parts.append(Text(f"{formatting.count(without, 'answer')} without a proposal: left as they are", "yellow"))
    return Group(*parts)


def accepted(count: int, changed: Mapping[str, str], without: int, command: Command) -> RenderableType:
    """Return the number of accepted proposals, and why the others were left.

    Parameters
    ----------
    changed
        Reasons why answers were left that had changed since the preview, by their ids.
    without
        Number of answers without a proposal.
    """
    parts: list[RenderableType] = [Text(f"Accepted: {formatting.count(count, 'proposal')}", "bold")]
    if changed:
        parts.append(
            Text(f"{formatting.count(len(changed), 'answer')} changed meanwhile, and left as they are:", "yellow")
        )
        parts += [indented(printable(reason), "yellow") for reason in changed.values()]
    if without:
        parts.append(Text(f"{formatting.count(without, 'answer')} without a proposal left"))
    return Group(*parts, outdated_reports(command)) if count else Group(*parts)
