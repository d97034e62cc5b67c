"""Assembly of cells from the gradings of one answer, and rescaling of cells after a change of points alone."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import combinations
from typing import Any

from aita.models.exam import Question, Rubric
from aita.models.grade import Cell, CellState, FirstGrading, GradedAnswer, cell_id
from aita.models.points import exact, fitted, fitted_in_0_1_0, in_steps, total
from aita.models.review_flags import Flag, FlagKind
from aita.models.second_look import SecondLook
from aita.services.grading.grade_inputs import GradeInputs
from aita.version import VERSION

Points = tuple[float, ...]

BLANK = "blank"
"""Reason of a cell with a blank answer."""


_READ_APART = Flag(kind=FlagKind.READING_DIFFERS, note="the graders read it differently")


def assemble(
    inputs: GradeInputs,
    student_id: str,
    question: Question,
    graded: Sequence[GradedAnswer],
    failures: Sequence[str],
) -> Cell:
    """Return the cell of one answer.

    The cell takes one grader's grading as a whole: the one nearest to all others, criterion by criterion.

    Parameters
    ----------
    graded
        Gradings of the graders that succeeded.
    failures
        Reasons of the graders that failed.
    """
    answer, rubric = inputs.answers[student_id][question.question_id], inputs.rubrics.get(question.question_id)
    flags = (*answer.flags, *answer.reading_flags, *(flag for each in graded for flag in each.flags))
    values = _base_values(inputs, student_id, question, rubric)
    values["second_look"] = _second_look(answer.second_look, graded)
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
    if len({each.reading for each in graded}) > 1:
        flags = (*flags, _READ_APART)
    return _nearest_cell(inputs, values, flags, graded, _worth(rubric, question.points))


def as_graded(cell: Cell) -> Cell:
    """Return a cell with the points that were graded, before any change of points."""
    if cell.first_grading is None:
        return cell
    return cell.model_copy(update={**dict(cell.first_grading), "first_grading": None})


def rescaled(inputs: GradeInputs, cell: Cell, question: Question, before: Rubric) -> Cell:
    """Return a cell after a change of the rubric's or the question's points: each criterion keeps its earned share.

    Parameters
    ----------
    cell
        Cell as it was graded, for which ``is_rescalable`` is true.
    before
        Rubric that the cell was graded against.
    """
    rubric = inputs.rubrics[question.question_id]
    graded_by = {
        "aita": cell.aita,
        "model": cell.model,
        "reasoning_effort": cell.reasoning_effort,
        "second_look": cell.second_look,
    }
    values = _base_values(inputs, cell.student_id, question, rubric) | {"reason": cell.reason} | graded_by
    values["first_grading"] = _first_grading(cell, values)
    values["older_basis"] = inputs.basis_of_0_1_0(cell, question)
    if not cell.criteria:
        return _cell(values, cell.flags, state=cell.state, points=cell.points, feedback=cell.feedback)
    was, now, step = _worth_then(cell, before), _worth(rubric, question.points), inputs.exam.points_step

    def scale(points: Sequence[float]) -> Points:
        if values["first_grading"] is None:  # the change was taken back: nothing is rounded to what can be earned now
            return tuple(points)
        return tuple(_scaled(*each, step) for each in zip(points, was, now, strict=True))

    flags = tuple(flag for flag in cell.flags if flag.kind is not FlagKind.GRADERS_DISAGREE)
    if cell.gradings or len(cell.by_grader) < 2:  # noqa: PLR2004 - one
        gradings = cell.gradings or (GradedAnswer(criteria=cell.criteria, feedback=cell.feedback),)
        return _nearest_cell(
            inputs, values, flags, [_with_points(each, scale(_points(each))) for each in gradings], now
        )
    # A cell of version 0.1.0: the medians of several graders, with the words of one.
    kept = _with_points(GradedAnswer(criteria=cell.criteria, feedback=cell.feedback), scale(_points(cell)))
    return _graded_cell(inputs, values, flags, kept, tuple(map(scale, cell.by_grader)), now)


def _first_grading(cell: Cell, values: Mapping[str, Any]) -> FirstGrading | None:
    """Return the grading of a cell as it was graded; ``None`` if it counts as it is, or has no criteria."""
    is_same = values["rubric"] == cell.rubric and exact(values["max_points"]) == exact(cell.max_points)
    if is_same or not cell.criteria:
        return None
    return FirstGrading(**{name: getattr(cell, name) for name in FirstGrading.model_fields})


def is_rescalable(cell: Cell, question: Question, before: Rubric, rubric: Rubric) -> bool:
    """Return whether the points of a cell can be rescaled to the present points.

    They can't if a criterion that had 0 points now has some, as its earned share is unknown.
    """
    if not cell.criteria:
        return True
    parts = zip(_worth_then(cell, before), _worth(rubric, question.points), strict=True)
    return all(was or not now for was, now in parts)


def _base_values(inputs: GradeInputs, student_id: str, question: Question, rubric: Rubric | None) -> dict[str, Any]:
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
        "see": inputs.see,
        "readings": inputs.readings,
        "aita": VERSION,
        **inputs.versions(student_id, question, rubric),
    }


def _second_look(look: SecondLook | None, graded: Sequence[GradedAnswer]) -> SecondLook | None:
    """Return an answer's second look with the lines that its graders read otherwise."""
    if look is None:
        return None
    lines = dict.fromkeys(line for each in graded for line in each.reading)
    return look.model_copy(update={"reading": tuple(lines)})


def _cell(values: dict[str, Any], flags: Sequence[Flag], **more: Any) -> Cell:
    return Cell(**values, flags=tuple(dict.fromkeys(flags)), **more)


def _nearest_cell(
    inputs: GradeInputs, values: dict[str, Any], flags: Sequence[Flag], graded: Sequence[GradedAnswer], worth: Points
) -> Cell:
    gradings = tuple(each.model_copy(update={"flags": ()}) for each in graded) if len(graded) > 1 else ()
    by_grader = tuple(map(_points, graded))
    return _graded_cell(inputs, values | {"gradings": gradings}, flags, _nearest(graded), by_grader, worth)


def _graded_cell(
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
    """Return the grading with the least difference from all others, over the criteria.

    A tie goes to the grading whose sum is nearest to the median of the sums, then to the lowest sum.
    """
    sums = sorted(exact(each.points) for each in graded)
    median = (sums[(len(sums) - 1) // 2] + sums[len(sums) // 2]) / 2

    def distance(one: GradedAnswer) -> tuple[Decimal, Decimal, Decimal]:
        from_others = sum((_difference(_points(one), _points(other)) for other in graded), Decimal(0))
        return from_others, abs(exact(one.points) - median), exact(one.points)

    return min(graded, key=distance)


def _disagreement(by_grader: Sequence[Points], worth: Points, bound: float) -> str:
    """Return a note if two graders disagree; empty if none do.

    Graders disagree if their points differ by ``bound`` of the question's points, summed over the criteria, as equal
    totals may hide different criteria. If there are only two graders, a difference of one whole criterion also counts,
    as none of the two is in the middle.
    """
    pairs = [*combinations(by_grader, 2)]
    largest, whole = max((_difference(one, other) for one, other in pairs), default=None), total(worth)
    if largest is not None and largest >= Decimal(str(bound)) * exact(whole):
        return f"over the criteria, two differ by {float(largest):g} of {whole:g} points"
    if len(pairs) == 1:
        for number, (one, other, most) in enumerate(zip(*pairs[0], worth, strict=True), 1):
            if most and _difference([one], [other]) == exact(most):
                return f"one gave all of criterion {number}, and the other nothing"
    return ""


def _difference(one: Sequence[float], other: Sequence[float]) -> Decimal:
    return sum((abs(exact(each) - exact(its)) for each, its in zip(one, other, strict=True)), Decimal(0))


def _points(graded: GradedAnswer | Cell) -> Points:
    return tuple(criterion.points for criterion in graded.criteria)


def _with_points(graded: GradedAnswer, points: Points) -> GradedAnswer:
    parts = zip(graded.criteria, points, strict=True)
    criteria = tuple(criterion.model_copy(update={"points": each}) for criterion, each in parts)
    return graded.model_copy(update={"criteria": criteria})


def _worth(rubric: Rubric, points: float) -> Points:
    return fitted([criterion.points for criterion in rubric.criteria], points)


def _worth_then(cell: Cell, rubric: Rubric) -> Points:
    """Return the points of each criterion at the time of a cell's grading.

    Cells of version 0.1.0 have the points that 0.1.0 computed, unless a criterion earned more than these: then the cell
    was rescaled by a later version.
    """
    if not cell.aita:
        then = fitted_in_0_1_0([criterion.points for criterion in rubric.criteria], cell.max_points)
        if all(part <= most for part, most in zip(_points(cell), then, strict=True)):
            return then
    return _worth(rubric, cell.max_points)


def _scaled(points: float, was: float, now: float, step: float) -> float:
    """Return a criterion's earned points after a change of its worth. All points stay all points, whatever the step."""
    return now if points >= was else in_steps(float(exact(points) * exact(now) / exact(was)), now, step)
