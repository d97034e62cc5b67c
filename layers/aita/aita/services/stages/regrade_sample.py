"""Stage ``regrade_sample``: grades a few of the answers that a changed rubric touches, before it is applied.

Its results are the run's own. The replies are cached, so that the run that applies the rubric has them for nothing.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from aita.errors import MissingMaterialError
from aita.models.grade import Cell, cell_id
from aita.models.rubric_change import RegradedCell
from aita.models.run import RunSettings
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.grading.grade_inputs import GradeInputs
from aita.services.grading.rubric_diff import compare
from aita.services.stages.base import INPUTS, Gathered, ReadFile, StagePlan
from aita.services.stages.grade import GradeStage, graded_cells, grader_refs

SAMPLE = 5
"""Answers that are graded: enough to see where scores go, and few enough to look at each."""

BEFORE = "before"
"""The stage's file of the cells of these answers as they were graded."""

_CELLS = TypeAdapter(dict[str, Cell])


class RegradeSampleStage(GradeStage):
    """Grade a sample of what a changed rubric touches, and keep what it was and what it is."""

    name = "regrade_sample"
    artifact = object_keys.REGRADE_SAMPLE

    def require(self, material: AssignmentFiles, made: frozenset[str]) -> None:
        """As for grading; and there must be graded answers that a rubric touches."""
        super().require(material, made)
        if not material.grades():
            raise MissingMaterialError(
                f"nothing of assignment {material.assignment} was graded yet: grade it first "
                f"(aita grade --assignment {material.assignment})"
            )

    def plan(self, material: AssignmentFiles, settings: RunSettings) -> StagePlan:
        """One task for each grader of up to ``SAMPLE`` answers, chosen without regard to students or points."""
        inputs, cells = GradeInputs.of(material, settings), material.grades()
        touched = compare(inputs, cells, cache(material.rubric_version)).regrade
        sample = sorted(touched, key=lambda answer: cell_id(*answer))[:SAMPLE]
        questions = {question.question_id: question for question in inputs.exam.questions}
        before = {cell_id(*answer): cells[answer[0]][answer[1]] for answer in sample}
        refs = [
            each
            for student_id, question_id in sample
            for each in grader_refs(inputs, student_id, questions[question_id])
        ]
        answers = {student_id: inputs.answers[student_id] for student_id, _ in sample}
        sampled = inputs.model_copy(update={"answers": answers})
        return StagePlan(sampled, refs, {BEFORE: _CELLS.dump_json(before)})

    def artifact_key(self, assignment: str, run_id: str, name: str) -> str:  # noqa: ARG002 - it is the run's
        """Return the run's own place: nothing of it counts as a grade."""
        return object_keys.stage_file(run_id, self.name, "gathered")

    def gather_all(self, ended: Iterable[Gathered], read: ReadFile) -> dict[str, Any]:
        """Return what each answer of the sample earned before, and what it earns now."""
        inputs = GradeInputs.model_validate_json(read(INPUTS))
        before = _CELLS.validate_json(read(BEFORE))
        rows = [_compared(before[cell.cell_id], cell) for cell in graded_cells(inputs, ended)]
        return {self.artifact: [row.model_dump(mode="json") for row in rows]}


def _compared(before: Cell, after: Cell) -> RegradedCell:
    return RegradedCell(
        cell_id=after.cell_id,
        student_id=after.student_id,
        question_id=after.question_id,
        before=before.points,
        out_of_before=before.max_points,
        after=after.points,
        out_of=after.max_points,
        state=after.state,
        reason=after.reason,
    )
