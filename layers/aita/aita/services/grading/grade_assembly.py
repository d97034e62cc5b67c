"""Cells: what the graders of one answer came to, put together; and what a change of points alone makes of it."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import combinations
from typing import Any

from aita.models.exam import Question, Rubric
from aita.models.grade import Cell, CellState, GradedAnswer, cell_id
from aita.models.points import exact, fitted, fitted_in_0_1_0, in_steps, total
from aita.models.review_flags import Flag, FlagKind
from aita.services.grading.grade_inputs import GradeInputs
from aita.version import VERSION

Points = tuple[float, ...]

BLANK = "blank"
"""The reason of a cell whose answer is blank."""


def assemble(
    inputs: GradeInputs,
    student_id: str,
    question: Question,
    graded: Sequence[GradedAnswer],
    failures: Sequence[str],
) -> Cell:
    """Return the cell of one answer.

    It is the grading of one grader as a whole: the one nearest to all others, criterion by criterion.

    Parameters
    ----------
    graded
        What the graders came to that came to an end.
    failures
        Why each of the others did not.
    """
    answer, rubric = inputs.answers[student_id][question.question_id], inputs.rubrics.get(question.question_id)
    flags = (*answer.flags, *(flag for each in graded for flag in each.flags))
    values = _identity(inputs, student_id, question, rubric)
    if rubric is None:
        return _cell(values, (*flags, Flag(kind=FlagKind.NO_RUBRIC)), state=CellState.NEEDS_REVIEW)
    if not graded:
        return _cell(values, flags, state=CellState.FAILED, reason=failures[0])
    if graded[0].blank:
        state = CellState.NEEDS_REVIEW if flags else CellState.BLANK
        return _cell(values, flags, state=state, points=0.0, reason=BLANK)
    if not all(each.criteria for each in graded):
        return _cell(values, flags, state=CellState.NEEDS_REVIEW)
    if failures:
        note = f"{len(failures)} of {len(failures) + len(graded)}: {failures[0]}"
        flags = (*flags, Flag(kind=FlagKind.GRADER_FAILED, note=note))
    return _chosen(inputs, values, flags, graded, _worth(rubric, question.points))


def rescaled(inputs: GradeInputs, cell: Cell, question: Question, before: Rubric) -> Cell:
    """Return a cell whose rubric or question has other points and is else the same: each part earns what it earned.

    Parameters
    ----------
    cell
        One that ``is_rescalable``.
    before
        The rubric that it was graded against.
    """
    rubric = inputs.rubrics[question.question_id]
    graded_by = {"aita": cell.aita, "model": cell.model, "reasoning_effort": cell.reasoning_effort}
    values = _identity(inputs, cell.student_id, question, rubric) | {"reason": cell.reason} | graded_by
    if not cell.criteria:
        return _cell(values, cell.flags, state=cell.state, points=cell.points, feedback=cell.feedback)
    was, now, step = _worth_then(cell, before), _worth(rubric, question.points), inputs.exam.points_step

    def scale(points: Sequence[float]) -> Points:
        return tuple(_scaled(*each, step) for each in zip(points, was, now, strict=True))

    flags = tuple(flag for flag in cell.flags if flag.kind is not FlagKind.GRADERS_DISAGREE)
    if cell.gradings or len(cell.by_grader) < 2:  # noqa: PLR2004 - one
        gradings = cell.gradings or (GradedAnswer(criteria=cell.criteria, feedback=cell.feedback),)
        return _chosen(inputs, values, flags, [_with(each, scale(_points(each))) for each in gradings], now)
    # A cell of version 0.1.0: several graders' medians, with the words of one.
    kept = _with(GradedAnswer(criteria=cell.criteria, feedback=cell.feedback), scale(_points(cell)))
    return _graded(inputs, values, flags, kept, tuple(map(scale, cell.by_grader)), now)


def is_rescalable(cell: Cell, question: Question, before: Rubric, rubric: Rubric) -> bool:
    """Tell whether points that were earned tell what is earned now.

    They don't if a criterion has become worth something: whether all of nothing was earned or none of it is the same.
    """
    if not cell.criteria:
        return True
    parts = zip(_worth_then(cell, before), _worth(rubric, question.points), strict=True)
    return all(was or not now for was, now in parts)


def _identity(inputs: GradeInputs, student_id: str, question: Question, rubric: Rubric | None) -> dict[str, Any]:
    return {
        "cell_id": cell_id(student_id, question.question_id),
        "student_id": student_id,
        "question_id": question.question_id,
        "max_points": question.points,
        "basis": inputs.basis(student_id, question, rubric),
        "older_basis": inputs.continued.get(student_id, {}).get(question.question_id, ""),
        "model": inputs.model,
        "reasoning_effort": inputs.reasoning_effort,
        "graders_asked": inputs.graders,
        "disagreement": inputs.disagreement,
        "aita": VERSION,
        **inputs.versions(student_id, question, rubric),
    }


def _cell(values: dict[str, Any], flags: Sequence[Flag], **more: Any) -> Cell:
    return Cell(**values, flags=tuple(dict.fromkeys(flags)), **more)


def _chosen(
    inputs: GradeInputs, values: dict[str, Any], flags: Sequence[Flag], graded: Sequence[GradedAnswer], worth: Points
) -> Cell:
    said = tuple(each.model_copy(update={"flags": ()}) for each in graded) if len(graded) > 1 else ()
    by_grader = tuple(map(_points, graded))
    return _graded(inputs, values | {"gradings": said}, flags, _nearest(graded), by_grader, worth)


def _graded(
    inputs: GradeInputs,
    values: dict[str, Any],
    flags: Sequence[Flag],
    counts: GradedAnswer,
    by_grader: tuple[Points, ...],
    worth: Points,
) -> Cell:
    if note := _disagreement(by_grader, worth, inputs.disagreement):
        flags = (*flags, Flag(kind=FlagKind.GRADERS_DISAGREE, note=note))
    return _cell(
        values,
        flags,
        state=CellState.NEEDS_REVIEW if flags else CellState.GRADED,
        points=counts.points,
        criteria=counts.criteria,
        feedback=counts.feedback,
        graders=tuple(total(each) for each in by_grader),
        by_grader=by_grader,
    )


def _nearest(graded: Sequence[GradedAnswer]) -> GradedAnswer:
    """Return the grading that differs least from all others, over the criteria.

    Of several, it is the one whose sum is nearest to the median of the sums, then the lowest.
    """
    sums = sorted(exact(each.points) for each in graded)
    median = (sums[(len(sums) - 1) // 2] + sums[len(sums) // 2]) / 2

    def distance(one: GradedAnswer) -> tuple[Decimal, Decimal, Decimal]:
        from_others = sum((_apart(_points(one), _points(other)) for other in graded), Decimal(0))
        return from_others, abs(exact(one.points) - median), exact(one.points)

    return min(graded, key=distance)


def _disagreement(by_grader: Sequence[Points], worth: Points, bound: float) -> str:
    """Tell how two graders differ by too much; empty if none do.

    They do by ``bound`` of the question's points, summed over the criteria: equal sums may hide that each found
    something else. Of two graders none is in the middle, so that one whole criterion is too much.
    """
    pairs = [*combinations(by_grader, 2)]
    apart, whole = max((_apart(one, other) for one, other in pairs), default=None), total(worth)
    if apart is not None and apart >= Decimal(str(bound)) * exact(whole):
        return f"over the criteria, two differ by {float(apart):g} of {whole:g} points"
    if len(pairs) == 1:
        for number, (one, other, most) in enumerate(zip(*pairs[0], worth, strict=True), 1):
            if most and _apart([one], [other]) == exact(most):
                return f"one gave all of criterion {number}, and the other nothing"
    return ""


def _apart(one: Sequence[float], other: Sequence[float]) -> Decimal:
    return sum((abs(exact(each) - exact(its)) for each, its in zip(one, other, strict=True)), Decimal(0))


def _points(graded: GradedAnswer | Cell) -> Points:
    return tuple(criterion.points for criterion in graded.criteria)


def _with(graded: GradedAnswer, points: Points) -> GradedAnswer:
    parts = zip(graded.criteria, points, strict=True)
    criteria = tuple(criterion.model_copy(update={"points": each}) for criterion, each in parts)
    return graded.model_copy(update={"criteria": criteria})


def _worth(rubric: Rubric, points: float) -> Points:
    return fitted([criterion.points for criterion in rubric.criteria], points)


def _worth_then(cell: Cell, rubric: Rubric) -> Points:
    """Return what each criterion was worth where a cell has its points from.

    That is as version 0.1.0 reckoned for its cells, unless one has more than that: then it was rescaled since.
    """
    if not cell.aita:
        then = fitted_in_0_1_0([criterion.points for criterion in rubric.criteria], cell.max_points)
        if all(part <= most for part, most in zip(_points(cell), then, strict=True)):
            return then
    return _worth(rubric, cell.max_points)


def _scaled(points: float, was: float, now: float, step: float) -> float:
    """Return what points are of a criterion that has another worth now; all stays all, whatever the step."""
    return now if points >= was else in_steps(float(exact(points) * exact(now) / exact(was)), now, step)
