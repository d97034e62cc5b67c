"""Cells that await a person's decision, and everything that a decision needs, for people."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from rich.console import Group, RenderableType
from rich.text import Text

from aita.cli.pasteable import Command, Pasteable
from aita.cli.views import formatting
from aita.cli.views.cell_decisions import before, deciding_commands, decisions_made
from aita.cli.views.decision_words import STATES, flag_line, outdated_reports, still_to_review
from aita.cli.views.indented_text import indented, wrapped
from aita.cli.views.masked_places import Scans, masked_note
from aita.cli.views.terminal_escape import printable
from aita.models.decision import Decision, DecisionAction
from aita.models.effort import graded_by
from aita.models.exam import Rubric
from aita.models.grade import CellState
from aita.models.review import ReviewLine, ReviewPage, ReviewView, fingerprint
from aita.models.review_flags import FlagKind
from aita.models.second_look import ReadLine, SecondLook


def queue_view(
    page: ReviewPage, names: Mapping[str, str], command: Command, pasteable: Pasteable, *, closed: bool
) -> RenderableType:
    """Return the cells, question by question, each with its student and the reasons for its review.

    Parameters
    ----------
    closed
        Whether closed cells are among them.
    """
    to_review = f"{formatting.count(page.open_cells, 'answer')} to review"
    listed = f"{formatting.count(len(page.cells), 'answer')} listed, open and closed. " if closed else ""
    parts: list[RenderableType] = [Text(f"{listed}{to_review}", "bold")]
    if any(cell.points is not None for cell in page.cells):
        parts.append(
            wrapped(Text("--seen CODE, given with a decision, refuses it if the answer has changed since", "dim"))
        )
    for question_id, cells in groupby(page.cells, lambda cell: cell.question_id):
        parts += [Text(""), Text(f"Question {printable(question_id)}", "bold")]
        for cell in cells:
            name = printable(names.get(cell.student_id, cell.student_id))
            seen = "" if cell.points is None else f"  --seen {fingerprint(cell.basis)}"
            line = Text.assemble(
                f"{cell.cell_id}  {name}  ", (f"{_points(cell)}  {STATES[cell.state]}", "cyan"), (seen, "dim")
            )
            parts.append(wrapped(line))
            parts += [indented(reason, "dim", 4) for reason in _reasons(cell, pasteable)]
            parts += [indented(command("review", "part", part_id), "dim", 4) for part_id in cell.parts]
    if page.cells:
        parts += [Text(""), Text(f"look, and decide  {command('review', 'show', 'ANSWER')}")]
    return Group(*parts)


def cell_view(review: ReviewView, name: str, scans: Scans, command: Command, pasteable: Pasteable) -> RenderableType:
    """Return a cell with its question, answer, proposal and flags; ``command`` makes its command lines."""
    heading = Text.assemble(
        (f"Question {printable(review.question_id)}", "bold"),
        f"  {_points(review)}  ",
        (STATES[review.state], "bold cyan"),
        f"\n{printable(name)}, {review.cell_id}",
    )
    parts: list[RenderableType] = [heading]
    of_doubts, doubts = _doubts(review, pasteable)
    for title, block in (
        (of_doubts, [indented(doubt) for doubt in doubts]),
        ("Question", [indented(review.question.question_text)]),
        ("Answer", [*_answer(review, scans)]),
        ("Second look", [*_second_look(review.second_look)] if review.second_look else []),
        ("Answer key", [indented(review.answer_key.correct_answer)] if review.answer_key else []),
        ("Rubric", [*_rubric(review.rubric)] if review.rubric else []),
        (_of_grading(review), [*_proposal(review)]),
        ("Decisions", [*decisions_made(review.decisions)]),
        ("Decide", [*_opens_again(review, command, pasteable), *deciding_commands(review, command)]),
    ):
        if block:
            parts += [Text(""), Text(title, "bold"), *block]
    return Group(*parts)


def decided_view(
    decision: Decision, review: ReviewView, name: str, open_cells: int, command: Command, pasteable: Pasteable
) -> RenderableType:
    """Return a decision, the number of open cells, and a note that reports have to be made anew.

    Parameters
    ----------
    review
        Cell before the decision or, of an undo, after it.
    """
    whose = f"{printable(name)}, question {printable(review.question_id)}"
    match decision.action:
        case DecisionAction.ACCEPT | DecisionAction.SET:
            did = "Accepted" if decision.action is DecisionAction.ACCEPT else "Set"
            told = f"{did}: {decision.points:g} of {review.max_points:g} for {whose} (before: {before(decision)})"
        case DecisionAction.CORRECT:
            told = f"Corrected: the text for {whose}. Grade it from this text: {command('grade')}"
        case DecisionAction.NOTE:
            told = f"Left to the instructor: {whose} is open, with your note"
        case DecisionAction.UNDO:
            told = f"Taken back for {whose}: now {_points(review)}, {STATES[review.state]} (before: {before(decision)})"
    parts = [Text(told)]
    if decision.action is DecisionAction.ACCEPT and (missing := _without_quote(review)):
        parts.append(Text(f"{missing}: the student's report says that a person accepted it", "yellow"))
    if decision.action is DecisionAction.SET:
        parts.append(Text(f"The student reads your reason: {printable(decision.why)}", "dim"))
    return Group(
        *parts,
        *(_opens_again(review, command, pasteable) if decision.points is not None else ()),
        still_to_review(open_cells),
        outdated_reports(command),
    )


def _points(cell: ReviewLine) -> str:
    if cell.points is None:
        return f"no proposal, of {cell.max_points:g}"
    proposed = "proposed " if cell.state.is_open else ""
    return f"{proposed}{cell.points:g} of {cell.max_points:g}"


def _reasons(cell: ReviewLine, pasteable: Pasteable) -> Iterator[str]:
    yield from (pasteable.complete(flag_line(flag)) for flag in cell.flags)
    if cell.reason:
        yield pasteable.complete(cell.reason) if cell.state.is_open else f"decided: {cell.reason}"


def _doubts(review: ReviewView, pasteable: Pasteable) -> tuple[str, Iterator[str]]:
    """Return the reasons for the review of a cell or, of a closed one, the doubts that the grading left to a person."""
    if review.state.is_open:
        return "Reasons", _reasons(review, pasteable)
    return "Doubts of the grading", (pasteable.complete(flag_line(flag)) for flag in review.proposal.flags)


def _of_grading(review: ReviewView) -> str:
    """Return the title of the graders' points, which are a proposal while the cell is open."""
    if review.state.is_open:
        return "Proposal"
    return "Grading, in place of which a person set points" if review.state is CellState.OVERRIDDEN else "Grading"


def _answer(review: ReviewView, scans: Scans) -> Iterator[RenderableType]:
    yield indented(review.raw_text or "nothing was read", "" if review.raw_text else "dim")
    places = [f"page {place.page} from {place.top:.0%} to {place.bottom:.0%} of its height" for place in review.pages]
    if review.read_by_person:
        yield indented("read by a person, not as it was transcribed", "dim")
    where = ", ".join(places) or "its place on the pages is not known"
    yield indented(f"{where}; confidence {review.confidence:.2f}", "dim")
    for place in review.pages:
        if masked := masked_note(place, place.masked, place.source, scans):
            yield indented(masked, "yellow")


def _second_look(look: SecondLook) -> Iterator[RenderableType]:
    """Yield how the answer was seen and read once more, and each line that was read otherwise than transcribed."""
    why = f" ({', '.join(look.doubts)})" if look.doubts else ""
    if look.missing:
        yield indented(f"the graders did not see it on the page{why}: {look.missing}", "yellow")
    elif look.strips:
        places = ", ".join(place.where for place in look.strips)
        yield indented(f"the graders saw it on the page{why}: {places}", "dim")
    yield from _read_lines(look.reading)
    if look.read_twice:
        found = "differs" if look.second_reading else "says the same"
        yield indented(f"a second reading of it on the page{'' if look.strips else why} {found}", "dim")
    yield from _read_lines(look.second_reading)


def _read_lines(lines: Iterable[ReadLine]) -> Iterator[RenderableType]:
    for line in lines:
        yield indented(f"transcribed: {line.transcribed or '(nothing)'}")
        yield indented(f"read:        {line.read or '(nothing)'}", "yellow")


def _rubric(rubric: Rubric) -> Iterator[RenderableType]:
    for number, criterion in enumerate(rubric.criteria, 1):
        yield indented(f"{number}. {criterion.description} ({criterion.points:g})")


def _proposal(review: ReviewView) -> Iterator[RenderableType]:
    proposal = review.proposal
    if proposal.points is None:
        yield indented("none", "dim")
        return
    graders = ", ".join(f"{points:g}" for points in proposal.graders)
    by_grader = f" (the graders: {graders})" if len(proposal.graders) > 1 else ""
    yield indented(f"{proposal.points:g} of {review.max_points:g}{by_grader}")
    for number, (criterion, worth) in enumerate(zip(proposal.criteria, _worths(review), strict=True), 1):
        yield indented(f"{number}. {criterion.points:g}{worth}: {criterion.reason}")
        if criterion.quote:
            missing = "" if criterion.quote_found else "  [not in the transcription]"
            yield indented(f'"{criterion.quote}"{missing}', "dim" if criterion.quote_found else "yellow", 5)
    if missing := _without_quote(review):
        yield indented(missing, "yellow")
    if proposal.feedback:
        yield indented(proposal.feedback)
    if proposal.criteria:
        older = ", an older version" if review.of_older_version else ""
        yield indented(f"graded by {graded_by(proposal.model, proposal.reasoning_effort, proposal.aita)}{older}", "dim")


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


def _opens_again(review: ReviewView, command: Command, pasteable: Pasteable) -> Iterator[RenderableType]:
    """Yield that grading opens a cell whatever was decided, and by which commands, in their order."""
    if not review.outdated:
        return
    told = "Something changed after it was graded, or it never was. Grading opens it, whatever was decided:"
    yield indented(told, "yellow")
    flags = dict.fromkeys((*review.flags, *review.proposal.flags))
    changes = [pasteable.complete(flag.text) for flag in flags if flag.kind is FlagKind.CHANGED]
    for how in changes or [command("grade")]:
        yield indented(how, "yellow")
