"""Rubric changes: the cells that changed rubrics affect."""

from collections.abc import Collection, Mapping

from aita.models.exam import Question
from aita.models.grade import Cell
from aita.models.points import exact
from aita.models.rubric_change import QuestionChange, RubricChanges
from aita.services.grading.grade_inputs import GradeInputs
from aita.services.grading.grade_reuse import RubricVersions, kept_cell
from aita.services.grading.material_versions import rubric_version


def compare(
    inputs: GradeInputs,
    cells: Mapping[str, Mapping[str, Cell]],
    versions: RubricVersions,
    decided: Collection[str] = (),
) -> RubricChanges:
    """Return the cells whose rubric has changed since they were graded.

    Parameters
    ----------
    inputs
        Inputs of the next run. With another number of graders, it grades all cells again, whether their rubric has
        changed or not.
    cells
        Graded cells, by student id and question id.
    decided
        Ids of the cells on whose grade a person's decision counts.
    """
    questions, regrade, others = [], [], 0
    for question in inputs.exam.questions:
        rescaled, regraded, without_rubric, lapsing = 0, 0, 0, 0
        for student_id in inputs.answers:
            cell = cells.get(student_id, {}).get(question.question_id)
            now = None if cell is None else kept_cell(inputs, cell, question, versions)
            if cell is None or not _has_changed(inputs, question, cell):
                others += now is None and question.question_id in inputs.rubrics
                continue
            lapsing += cell.cell_id in decided
            if question.question_id not in inputs.rubrics:
                without_rubric += 1
            elif now is not None or not inputs.answers[student_id][question.question_id].needs_grader(question):
                rescaled += 1
            else:
                regraded += 1
                regrade.append((student_id, question.question_id))
        change = QuestionChange(
            question_id=question.question_id,
            rescaled=rescaled,
            regraded=regraded,
            without_rubric=without_rubric,
            lapsing=lapsing,
        )
        if rescaled or regraded or without_rubric:
            questions.append(change)
    return RubricChanges(questions=tuple(questions), regrade=tuple(regrade), others=others)


def _has_changed(inputs: GradeInputs, question: Question, cell: Cell) -> bool:
    """Return whether the rubric or the question's points have changed since a cell was graded."""
    version = rubric_version(inputs.rubrics.get(question.question_id))
    return cell.rubric != version or exact(cell.max_points) != exact(question.points)
