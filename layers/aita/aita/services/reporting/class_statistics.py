"""Statistics of a class: figures of each question, and the criteria that lost most points."""

from collections.abc import Iterable, Mapping

from aita.models.class_report import CriterionFigures, GraderLine, QuestionFigures
from aita.models.exam import Criterion, ExamSpec, Rubric
from aita.models.grade import Cell, CellState, StudentGrades
from aita.models.points import fitted, total

MISSED_SHOWN = 10
"""Number of most-missed criteria in the report."""


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
            )
        )
    return tuple(figures)


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
