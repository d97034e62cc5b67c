"""Statistics of a class: figures of each question, of each criterion, and of the letters."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_CEILING, Decimal
from itertools import pairwise
from statistics import pstdev

from aita.models.class_report import Bin, CriterionFigures, GraderLine, QuestionFigures
from aita.models.exam import Criterion, ExamSpec, Question, Rubric
from aita.models.grade import Cell, CellState, GradeScale, StudentGrades
from aita.models.points import exact, fitted, total

MISSED_SHOWN = 10
"""Number of most-missed criteria in the report."""

_HUNDREDTH = Decimal("0.01")

MOST_BINS = 11
"""Points that can be earned for a question, up to which each has a bin of its own; else the bins are tenths."""


def question_figures(exam: ExamSpec, grades: Iterable[StudentGrades]) -> tuple[QuestionFigures, ...]:
    """Return the figures of each question of the exam.

    A blank answer has 0 points in the mean, except in a choice: there the question was left out for others.
    """
    columns = list(zip(*(each.cells for each in grades), strict=True)) or [()] * len(exam.questions)
    figures = []
    for question, cells in zip(exam.questions, columns, strict=True):
        closed = [cell for cell in cells if not cell.state.is_open]
        answered = [cell.points or 0.0 for cell in closed if cell.state is not CellState.BLANK]
        blank = len(closed) - len(answered)
        meant = answered if exam.choice_of(question.question_id) else answered + [0.0] * blank
        figures.append(
            QuestionFigures(
                question=question,
                graded=len(answered),
                blank=blank,
                open=len(cells) - len(closed),
                mean_share=total(meant) / (len(meant) * question.points) if meant else None,
                deviation=pstdev([exact(each) for each in meant]) if meant else None,
                bins=_bins(question, exam.points_step, [exact(each) for each in meant]),
            )
        )
    return tuple(figures)


def _bins(question: Question, step: float, points: Sequence[Decimal]) -> tuple[Bin, ...]:
    """Return the bins of a question: its steps if they are few and all points are in steps, else tenths."""
    whole, size = exact(question.points), exact(step)
    steps = {size * number for number in range(MOST_BINS) if size * number < whole} | {whole}
    if len(steps) <= MOST_BINS and steps.issuperset(points):
        counts = Counter(points)
        return tuple(Bin(each, each, counts[each]) for each in sorted(steps))
    tenths = Counter(min(int(each * 10 // whole), 9) for each in points)
    edges = [(whole * number / 10).quantize(_HUNDREDTH, ROUND_CEILING) for number in range(11)]  # as they are shown
    return tuple(
        Bin(start, end, tenths[number])
        for number, (start, end) in enumerate(pairwise(edges))
        if start < end or tenths[number]  # of a question below 0.1 points, some tenths have no hundredth
    )


def letter_counts(scale: GradeScale, grades: Iterable[StudentGrades]) -> tuple[tuple[str, int], ...]:
    """Return the number of students with each letter of the scale, the best one first."""
    counts = Counter(each.letter for each in grades if each.letter is not None)
    return tuple((letter, counts[letter]) for letter in dict.fromkeys(step.letter for step in scale.steps))


def grader_lines(cells: Iterable[tuple[str, Cell]]) -> tuple[GraderLine, ...]:
    """Return the ways in which answers were graded, the most frequent one first and without places.

    Parameters
    ----------
    cells
        Cells before people's decisions, each with its student's name. Those without criteria had no grader.
    """
    found: dict[tuple[str, str, str], list[str]] = {}
    for name, cell in cells:
        if cell.criteria:
            way = cell.model, cell.reasoning_effort, cell.aita
            found.setdefault(way, []).append(f"{name}, question {cell.question_id}")
    ways = sorted(found.items(), key=lambda item: -len(item[1]))
    return tuple(
        GraderLine(*way, answers=len(places), places=tuple(places) if number else ())
        for number, (way, places) in enumerate(ways)
    )


def criterion_figures(
    rubrics: Mapping[str, Rubric], exam: ExamSpec, grades: Iterable[StudentGrades]
) -> tuple[CriterionFigures, ...]:
    """Return the figures of each criterion that something was graded against, in the order of questions and rubric.

    Answers that are open or blank, or whose points a person set, are left out.

    Parameters
    ----------
    rubrics
        Rubrics by the versions in the cells.
    """
    criteria: dict[tuple[str, str, int], Criterion] = {}
    earned: dict[tuple[str, str, int], list[float]] = {}
    for student in grades:
        for cell in student.cells:
            if cell.state is not CellState.GRADED:
                continue
            for place, criterion in enumerate(graded_criteria(cell, rubrics)):
                if criterion.points > 0:
                    key = (cell.question_id, cell.rubric, place)
                    criteria[key] = criterion
                    earned.setdefault(key, []).append(cell.criteria[place].points)
    order = {question.question_id: place for place, question in enumerate(exam.questions)}
    return tuple(_criterion(key[0], criteria[key], earned[key]) for key in sorted(earned, key=lambda k: order[k[0]]))


def _criterion(question_id: str, criterion: Criterion, earned: Sequence[float]) -> CriterionFigures:
    full = sum(exact(points) >= exact(criterion.points) for points in earned)
    none = sum(exact(points) == 0 for points in earned)
    return CriterionFigures(
        question_id=question_id,
        criterion=criterion,
        answers=len(earned),
        lost_share=sum(max(0.0, 1 - points / criterion.points) for points in earned) / len(earned),
        full=full,
        part=len(earned) - full - none,
        none=none,
    )


def most_missed(figures: Iterable[CriterionFigures]) -> tuple[CriterionFigures, ...]:
    """Return the criteria that lost the largest shares of their points, from the largest share on."""
    missed = sorted((each for each in figures if each.lost_share > 0), key=lambda each: -each.lost_share)
    return tuple(missed[:MISSED_SHOWN])


def graded_criteria(cell: Cell, rubrics: Mapping[str, Rubric]) -> tuple[Criterion, ...]:
    """Return the rubric's criteria of a graded cell, with their points in that cell; empty if they are unknown.

    Parameters
    ----------
    rubrics
        Rubrics by the versions in the cells.
    """
    rubric = rubrics.get(cell.rubric)
    if rubric is None or len(rubric.criteria) != len(cell.criteria):
        return ()
    worth = fitted([criterion.points for criterion in rubric.criteria], cell.max_points)
    return tuple(
        criterion.model_copy(update={"points": points})
        for criterion, points in zip(rubric.criteria, worth, strict=True)
    )
