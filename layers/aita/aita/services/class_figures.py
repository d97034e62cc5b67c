"""What a class's grades come to: how each question was answered, and what was missed most."""

from collections.abc import Iterable, Mapping, Sequence

from aita.models.exam import Criterion, ExamSpec, Rubric
from aita.models.grade import Cell, CellState, StudentGrades
from aita.models.points import exact, total
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
    """
    lost: dict[tuple[str, int], list[float]] = {}
    for student in grades:
        for cell in student.cells:
            if cell.state is CellState.GRADED:
                for number, criterion in enumerate(graded_criteria(cell, rubrics.get(cell.question_id))):
                    share = 1 - cell.criteria[number].points / criterion.points
                    lost.setdefault((cell.question_id, number), []).append(share)
    figures = [
        CriterionFigures(
            question_id=question_id,
            number=number + 1,
            criterion=rubrics[question_id].criteria[number],
            answers=len(shares),
            lost_share=sum(shares) / len(shares),
        )
        for (question_id, number), shares in lost.items()
    ]
    missed = sorted((each for each in figures if each.lost_share > 0), key=lambda each: -each.lost_share)
    return tuple(missed[:MISSED_SHOWN])


def graded_criteria(cell: Cell, rubric: Rubric | None) -> Sequence[Criterion]:
    """Return the rubric's criteria that a cell's are of; none if the rubric is plainly another by now."""
    if rubric is None or len(rubric.criteria) != len(cell.criteria):
        return ()
    fits = all(
        exact(earned.points) <= exact(criterion.points) and criterion.points > 0
        for earned, criterion in zip(cell.criteria, rubric.criteria, strict=True)
    )
    return rubric.criteria if fits else ()
