"""Statistics of a class: figures of each question, and the criteria that lost most points."""

from collections.abc import Iterable, Mapping

from aita.models.exam import Criterion, ExamSpec, Rubric
from aita.models.grade import Cell, CellState, StudentGrades
from aita.models.points import fitted, total
from aita.models.report import CriterionFigures, QuestionFigures

MISSED_SHOWN = 10
"""Number of most-missed criteria in the report."""


def question_figures(exam: ExamSpec, grades: Iterable[StudentGrades]) -> tuple[QuestionFigures, ...]:
    """Return the figures of each question of the exam. A blank answer has 0 points in the mean."""
    columns = list(zip(*(each.cells for each in grades), strict=True)) or [()] * len(exam.questions)
    figures = []
    for question, cells in zip(exam.questions, columns, strict=True):
        closed = [cell.points or 0.0 for cell in cells if not cell.state.is_open]
        blank = sum(cell.state is CellState.BLANK for cell in cells)
        figures.append(
            QuestionFigures(
                question=question,
                graded=len(closed) - blank,
                blank=blank,
                open=len(cells) - len(closed),
                mean_share=total(closed) / (len(closed) * question.points) if closed else None,
            )
        )
    return tuple(figures)


def most_missed(rubrics: Mapping[str, Rubric], grades: Iterable[StudentGrades]) -> tuple[CriterionFigures, ...]:
    """Return the criteria that lost the largest shares of their points, from the largest share on.

    Answers that are open or blank, or whose points a person set, are left out.

    Parameters
    ----------
    rubrics
        Rubrics by the versions in the cells.
    """
    criteria: dict[tuple[str, str, int], Criterion] = {}
    lost: dict[tuple[str, str, int], list[float]] = {}
    for student in grades:
        for cell in student.cells:
            if cell.state is not CellState.GRADED:
                continue
            for place, criterion in enumerate(graded_criteria(cell, rubrics)):
                if criterion.points > 0:
                    key = (cell.question_id, cell.rubric, place)
                    criteria[key] = criterion
                    lost.setdefault(key, []).append(max(0.0, 1 - cell.criteria[place].points / criterion.points))
    figures = [
        CriterionFigures(
            question_id=key[0], criterion=criteria[key], answers=len(shares), lost_share=sum(shares) / len(shares)
        )
        for key, shares in lost.items()
    ]
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
