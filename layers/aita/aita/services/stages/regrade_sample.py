"""Stage ``regrade_sample``: grades some of the answers that a changed rubric affects, before it is applied.

The results are stored with the run, and count as no grades. The replies are cached, so that the run that applies the
rubric does not pay for them again.
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
from aita.services.grading.decided_grades import decided_as_graded
from aita.services.grading.grade_inputs import GradeInputs
from aita.services.grading.rubric_diff import compare
from aita.services.grading.second_readings import compared
from aita.services.stages.base import INPUTS, Gathered, ReadFile, StagePlan
from aita.services.stages.grade import GradeStage, graded_cells, grader_refs

SAMPLE = 5
"""Number of graded answers: enough to show a trend, and few enough to look at each."""

BEFORE = "before"
"""Name of the stage's file with the earlier cells of these answers."""

_CELLS = TypeAdapter(dict[str, Cell])


class RegradeSampleStage(GradeStage):
    """Grade a sample of the answers that a changed rubric affects, and record their points before and after."""

    name = "regrade_sample"
    artifact = object_keys.REGRADE_SAMPLE

    def require(self, material: AssignmentFiles, made: frozenset[str]) -> None:
        """Require the material of grading, and earlier grades."""
        super().require(material, made)
        if not material.grades():
            raise MissingMaterialError(
                f"nothing of assignment {material.assignment} was graded yet: grade it first "
                f"(aita grade --assignment {material.assignment})"
            )

    def plan_of(self, inputs: GradeInputs, material: AssignmentFiles, settings: RunSettings) -> StagePlan:  # noqa: ARG002 - see GradeStage
        """Return one task for each grader of up to ``SAMPLE`` answers, chosen without regard to students or points."""
        cells = material.grades()
        affected = compare(inputs, cells, cache(material.rubric_version)).regrade
        sample = sorted(affected, key=lambda answer: cell_id(*answer))[:SAMPLE]
        questions = {question.question_id: question for question in inputs.exam.questions}
        decided = decided_as_graded(inputs.exam, cells, material.cell_decisions())
        before = {cell_id(*answer): decided.get(cell_id(*answer), cells[answer[0]][answer[1]]) for answer in sample}
        refs = [
            each
            for student_id, question_id in sample
            for each in grader_refs(inputs, student_id, questions[question_id])
        ]
        answers = {student_id: inputs.answers[student_id] for student_id, _ in sample}
        sampled = compared(inputs.model_copy(update={"answers": answers}), material.readings(), {})
        return StagePlan(sampled, refs, {BEFORE: _CELLS.dump_json(before)})

    def artifact_key(self, assignment: str, run_id: str, name: str) -> str:  # noqa: ARG002 - it is the run's
        """Return a key in the run's files, as the sample counts as no grades."""
        return object_keys.stage_file(run_id, self.name, "gathered")

    def gather_all(self, ended: Iterable[Gathered], read: ReadFile) -> dict[str, Any]:
        """Return each answer of the sample with its points before and after."""
        inputs = GradeInputs.model_validate_json(read(INPUTS))
        before = _CELLS.validate_json(read(BEFORE))
        rows = [_regraded_cell(before[cell.cell_id], cell) for cell in graded_cells(inputs, ended)]
        return {self.artifact: [row.model_dump(mode="json") for row in rows]}


def _regraded_cell(before: Cell, after: Cell) -> RegradedCell:
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
