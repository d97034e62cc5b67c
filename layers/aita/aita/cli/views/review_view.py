"""Cells that await a person's decision, and everything that a decision needs, for people."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from aita.cli.pasteable import Pasteable
from aita.cli.views import formatting
from aita.cli.views.terminal_escape import printable
from aita.models.exam import Rubric
from aita.models.grade import Decision, DecisionAction
from aita.models.review import ReviewLine, ReviewPage, ReviewView

Command = Callable[..., str]

_COMMAND = "aita "
"""In a line that is to be pasted."""


def queue_view(page: ReviewPage, names: Mapping[str, str], pasteable: Pasteable) -> RenderableType:
    """Return the cells, question by question, each with its student and the reasons for its review."""
    parts: list[RenderableType] = [Text(f"{formatting.count(page.open_cells, 'answer')} to review", "bold")]
    for question_id, cells in groupby(page.cells, lambda cell: cell.question_id):
        parts += [Text(""), Text(f"Question {printable(question_id)}", "bold")]
        for cell in cells:
            name = printable(names.get(cell.student_id, cell.student_id))
            parts.append(Text.assemble(f"  {cell.cell_id}  {name}  ", (f"{_points(cell)}  {cell.state}", "cyan")))
            parts += [_indented(reason, "dim", 4) for reason in _reasons(cell, pasteable)]
    return Group(*parts)


def cell_view(review: ReviewView, name: str, command: Command, pasteable: Pasteable) -> RenderableType:
    """Return a cell with its question, answer, proposal and flags; ``command`` makes its command lines."""
    heading = Text.assemble(
        (f"Question {printable(review.question_id)}", "bold"),
        f"  {_points(review)}  ",
        (review.state, "bold cyan"),
        f"\n{printable(name)}, {review.cell_id}",
    )
    parts: list[RenderableType] = [heading]
    for title, block in (
        ("Reasons", [_indented(reason) for reason in _reasons(review, pasteable)]),
        ("Question", [_indented(review.question.question_text)]),
        ("Answer", [*_answer(review)]),
        ("Answer key", [_indented(review.answer_key.correct_answer)] if review.answer_key else []),
        ("Rubric", [*_rubric(review.rubric)] if review.rubric else []),
        ("Proposal", [*_proposal(review)]),
        ("Decisions", [_indented(_decided(decision)) for decision in review.decisions]),
        ("Decide", [*_next(review, command)]),
    ):
        if block:
            parts += [Text(""), Text(title, "bold"), *block]
    return Group(*parts)


def decided_view(
    decision: Decision, review: ReviewView, name: str, open_cells: int, command: Command
) -> RenderableType:
    """Return a decision, the number of open cells, and a note that reports have to be made anew."""
    question, points = printable(review.question_id), f"{decision.points:g} of {review.max_points:g}"
    action = {DecisionAction.ACCEPT: "Accepted", DecisionAction.SET: "Set"}[decision.action]
    parts = [Text(f"{action}: {points} for {printable(name)}, question {question} (was {_was(decision)})")]
    if decision.action is DecisionAction.ACCEPT and (missing := _without_quote(review)):
        parts.append(Text(f"{missing}: the student's report says that a person accepted it", "yellow"))
    return Group(
        *parts,
        Text(f"{formatting.count(open_cells, 'answer')} still to review", "dim"),
        Text(f"Reports that were made before are out of date. Make them anew: {command('report')}", "dim"),
    )


def _points(cell: ReviewLine) -> str:
    if cell.points is None:
        return f"no proposal, of {cell.max_points:g}"
    proposed = "proposed " if cell.state.is_open else ""
    return f"{proposed}{cell.points:g} of {cell.max_points:g}"


def _reasons(cell: ReviewLine, pasteable: Pasteable) -> Iterator[str]:
    yield from (pasteable.complete(flag.text) for flag in cell.flags)
    if cell.reason:
        yield pasteable.complete(cell.reason)


def _answer(review: ReviewView) -> Iterator[RenderableType]:
    yield _indented(review.raw_text or "nothing was read", "" if review.raw_text else "dim")
    places = [f"page {place.page} from {place.top:.0%} to {place.bottom:.0%} of its height" for place in review.pages]
    where = ", ".join(places) or "its place on the pages is not known"
    yield _indented(f"{where}; confidence {review.confidence:.2f}", "dim")


def _rubric(rubric: Rubric) -> Iterator[RenderableType]:
    for number, criterion in enumerate(rubric.criteria, 1):
        yield _indented(f"{number}. {criterion.description} ({criterion.points:g})")


def _proposal(review: ReviewView) -> Iterator[RenderableType]:
    proposal = review.proposal
    if proposal.points is None:
        yield _indented("none", "dim")
        return
    graders = ", ".join(f"{points:g}" for points in proposal.graders)
    by_grader = f" (the graders: {graders})" if len(proposal.graders) > 1 else ""
    yield _indented(f"{proposal.points:g} of {review.max_points:g}{by_grader}")
    for number, (criterion, worth) in enumerate(zip(proposal.criteria, _worths(review), strict=True), 1):
        yield _indented(f"{number}. {criterion.points:g}{worth}: {criterion.reason}")
        if criterion.quote:
            missing = "" if criterion.quote_found else "  [not in the transcription]"
            yield _indented(f'"{criterion.quote}"{missing}', "dim" if criterion.quote_found else "yellow", 5)
    if missing := _without_quote(review):
        yield _indented(missing, "yellow")
    if proposal.feedback:
        yield _indented(proposal.feedback)
    if review.of_older_version:
        yield _indented("graded by an older version of aita", "dim")


def _without_quote(review: ReviewView) -> str:
    """Return a sentence about criteria of the proposal whose quote is not in the transcription; empty without any."""
    numbers = [str(number) for number, each in enumerate(review.proposal.criteria, 1) if not each.quote_found]
    if not numbers:
        return ""
    which = f"Criteria {', '.join(numbers)} have" if len(numbers) > 1 else f"Criterion {numbers[0]} has"
    return f"{which} no quote that stands in the transcription"


def _worths(review: ReviewView) -> list[str]:
    """Return each criterion's full points in words; empty if the rubric has changed since grading."""
    criteria = review.proposal.criteria
    if review.rubric is None or len(review.rubric.criteria) != len(criteria):
        return [""] * len(criteria)
    return [f" of {criterion.points:g}" for criterion in review.rubric.criteria]


def _decided(decision: Decision) -> str:
    when = decision.at.astimezone().strftime("%Y-%m-%d %H:%M")
    did = {DecisionAction.ACCEPT: "accepted", DecisionAction.SET: "set"}[decision.action]
    why = f": {decision.why}" if decision.why else ""
    who = f"{decision.by} ({decision.caller})" if decision.caller else decision.by
    return f"{when}  {who} {did} {decision.points:g} (was {_was(decision)}){why}"


def _was(decision: Decision) -> str:
    if decision.old_points is None:
        return decision.old_state
    return f"{decision.old_state}, {decision.old_points:g}"


def _next(review: ReviewView, command: Command) -> Iterator[RenderableType]:
    if review.proposal.points is not None:
        yield _indented(command("review", "accept", review.cell_id))
    yield _indented(command("review", "set", review.cell_id, "--points", "P", "--why", "TEXT"))


def _indented(text: str, style: str = "", by: int = 2) -> RenderableType:
    """Return text from outside, line by line, so that what wraps stays indented; a line with a command stays whole."""
    lines: list[RenderableType] = []
    for line in _lines(text):
        shown = Text(printable(line), style)
        if _COMMAND in line:
            lines.append(Text(" " * by).append_text(shown))
            continue
        row = Table.grid()
        row.add_column(width=by)
        row.add_column(overflow="fold")
        row.add_row("", shown)
        lines.append(row)
    return Group(*lines)


def _lines(text: str) -> Iterable[str]:
    return text.replace("\r\n", "\n").expandtabs(4).split("\n")
