"""What a class's grades come to: how each question was answered, and what was missed most."""

from collections.abc import Iterable, Mapping

from aita.models.exam import Criterion, ExamSpec, Rubric
from aita.models.grade import Cell, CellState, StudentGrades
from aita.models.points import fitted, total
from aita.models.report import CriterionFigures, QuestionFigures

MISSED_SHOWN = 10
"""How many of the most-missed criteria are told."""


def question_figures(exam: ExamSpec, grades: Iterable[StudentGrades]) -> tuple[QuestionFigures, ...]:
    """Return how each question of the exam was answered. A blank answer is a closed one of 0 points."""
    columns = list(zip(*(each.cells for each in grades), strict=True)) or [()] * len(exam.questions)
    figures = []
    for question, cells in zip(exam.questions, columns, strict=True):
        closed = [cell.points or 0.0 for cell in cells if not cell.state.is_open]
        figures.append(
            QuestionFigures(
                question=question,
                closed=len(closed),
                open=len(cells) - len(closed),
                blank=sum(cell.state is CellState.BLANK for cell in cells),
                mean_share=total(closed) / (len(closed) * question.points) if closed else None,
            )
        )
    return tuple(figures)


def most_missed(rubrics: Mapping[str, Rubric], grades: Iterable[StudentGrades]) -> tuple[CriterionFigures, ...]:
    """Return the criteria that lost the largest shares of their points, the largest first.

    Answers that are open, blank, or given other points by a person than by the criteria tell nothing of these.

    Parameters
    ----------
    rubrics
        By their versions, as the cells name them.
    """
    criteria: dict[tuple[str, str, int], Criterion] = {}
    lost: dict[tuple[str, str, int], list[float]] = {}
    for student in grades:
        for cell in student.cells:
            if cell.state is not CellState.GRADED:
                continue
            for place, criterion in enumerate(graded_criteria(cell, rubrics)):
                if criterion.points > 0:
                    which = (cell.question_id, cell.rubric, place)
                    criteria[which] = criterion
                    lost.setdefault(which, []).append(max(0.0, 1 - cell.criteria[place].points / criterion.points))
    figures = [
        CriterionFigures(
            question_id=which[0], criterion=criteria[which], answers=len(shares), lost_share=sum(shares) / len(shares)
        )
        for which, shares in lost.items()
    ]
    missed = sorted((each for each in figures if each.lost_share > 0), key=lambda each: -each.lost_share)
    return tuple(missed[:MISSED_SHOWN])


def graded_criteria(cell: Cell, rubrics: Mapping[str, Rubric]) -> tuple[Criterion, ...]:
    """Return the criteria that a cell's are of, each with what it was worth there; none if they are not known.

    Parameters
    ----------
    rubrics
        By their versions, as the cells name them.
    """
    rubric = rubrics.get(cell.rubric)
    if rubric is None or len(rubric.criteria) != len(cell.criteria):
        return ()
    worth = fitted([criterion.points for criterion in rubric.criteria], cell.max_points)
    return tuple(
        criterion.model_copy(update={"points": points})
        for criterion, points in zip(rubric.criteria, worth, strict=True)
    )
