"""Cells: what the graders of one answer came to, put together; and what a change of points alone makes of it."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from aita.models.exam import Question, Rubric
from aita.models.flag import Flag, FlagKind
from aita.models.grade import Cell, CellState, CriterionGrade, GradedAnswer, cell_id
from aita.models.points import exact, fitted, in_steps, total
from aita.services.grade_inputs import GradeInputs
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

    It has the median of the graders' points for each criterion; of an even number of graders the lower of the two in
    the middle, so that it is always one that a grader gave, and never the highest of several.

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
    if not graded[0].criteria:
        return _cell(values, flags, state=CellState.NEEDS_REVIEW)
    if failures:
        note = f"{len(failures)} of {len(failures) + len(graded)}: {failures[0]}"
        flags = (*flags, Flag(kind=FlagKind.GRADER_FAILED, note=note))
    by_grader = tuple(tuple(criterion.points for criterion in each.criteria) for each in graded)
    criteria, nearest = _medians(graded, by_grader)
    return _with_points(inputs, values | {"feedback": nearest.feedback}, flags, criteria, by_grader)


def rescaled(inputs: GradeInputs, cell: Cell, question: Question, before: Rubric) -> Cell:
    """Return a cell whose rubric or question has other points and is else the same: each part earns what it earned."""
    rubric = inputs.rubrics[question.question_id]
    values = _identity(inputs, cell.student_id, question, rubric) | {
        "feedback": cell.feedback,
        "reason": cell.reason,
        "aita": cell.aita,
    }
    if not cell.criteria:
        return _cell(values, cell.flags, state=cell.state, points=cell.points)
    was, now = _worth(before, cell.max_points), _worth(rubric, question.points)

    def scale(points: Sequence[float]) -> Points:
        parts = zip(points, was, now, strict=True)
        return tuple(in_steps(_share(part, old, new), new, inputs.exam.points_step) for part, old, new in parts)

    earned = scale([criterion.points for criterion in cell.criteria])
    criteria = tuple(
        criterion.model_copy(update={"points": points}) for criterion, points in zip(cell.criteria, earned, strict=True)
    )
    flags = tuple(flag for flag in cell.flags if flag.kind is not FlagKind.GRADERS_DISAGREE)
    return _with_points(inputs, values, flags, criteria, tuple(scale(each) for each in cell.by_grader))


def _identity(inputs: GradeInputs, student_id: str, question: Question, rubric: Rubric | None) -> dict[str, Any]:
    return {
        "cell_id": cell_id(student_id, question.question_id),
        "student_id": student_id,
        "question_id": question.question_id,
        "max_points": question.points,
        "basis": inputs.basis(student_id, question, rubric),
        "model": inputs.model,
        "aita": VERSION,
        **inputs.versions(student_id, question, rubric),
    }


def _cell(values: dict[str, Any], flags: Sequence[Flag], **more: Any) -> Cell:
    return Cell(**values, flags=tuple(dict.fromkeys(flags)), **more)


def _with_points(
    inputs: GradeInputs,
    values: dict[str, Any],
    flags: Sequence[Flag],
    criteria: tuple[CriterionGrade, ...],
    by_grader: tuple[Points, ...],
) -> Cell:
    graders = tuple(total(each) for each in by_grader)
    if len(graders) > 1 and _disagree(graders, inputs.disagreement, values["max_points"]):
        note = f"they gave from {min(graders):g} to {max(graders):g} points"
        flags = (*flags, Flag(kind=FlagKind.GRADERS_DISAGREE, note=note))
    return _cell(
        values,
        flags,
        state=CellState.NEEDS_REVIEW if flags else CellState.GRADED,
        points=total(criterion.points for criterion in criteria),
        criteria=criteria,
        graders=graders,
        by_grader=by_grader,
    )


def _medians(
    graded: Sequence[GradedAnswer], by_grader: Sequence[Points]
) -> tuple[tuple[CriterionGrade, ...], GradedAnswer]:
    """Return each criterion as it is in the middle, and the grader whose points are nearest to their sum.

    Words are taken from that grader or, where it gave other points, from the first who gave these.
    """
    middle = tuple(sorted(points)[(len(graded) - 1) // 2] for points in zip(*by_grader, strict=True))
    nearest, *others = sorted(graded, key=lambda each: abs(exact(each.points) - exact(total(middle))))
    criteria = (
        next(each.criteria[place] for each in (nearest, *others) if each.criteria[place].points == points)
        for place, points in enumerate(middle)
    )
    return tuple(criteria), nearest


def _disagree(graders: Points, disagreement: float, points: float) -> bool:
    return exact(max(graders)) - exact(min(graders)) >= Decimal(str(disagreement)) * exact(points)


def _worth(rubric: Rubric, points: float) -> Points:
    return fitted([criterion.points for criterion in rubric.criteria], points)


def _share(points: float, was: float, now: float) -> float:
    return float(exact(points) * exact(now) / exact(was)) if was else 0.0
