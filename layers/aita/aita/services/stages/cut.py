"""Stage ``cut``: one task for each student, which cuts the strips on which answers are seen or read again."""

from collections.abc import Iterable
from typing import Any, ClassVar

from pydantic import BaseModel, TypeAdapter

from aita.models.run import Refs, RunSettings
from aita.models.second_look import Strip
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.grading.grade_inputs import GradeInputs
from aita.services.stages.base import Gathered, ItemFunction, ReadFile, Stage, StagePlan
from aita.services.stages.grade import KEPT, GradeStage, kept_cells
from aita.services.stages.strip_cuts import CUT, CutInputs, CutStrips, StudentCuts

_STRIPS = TypeAdapter(dict[str, tuple[Strip, ...]])


class CutStage(Stage):
    """Cut the strips on which the answers to be graded are seen or read again, except those that were cut before."""

    name = CUT
    artifact = object_keys.STRIPS
    function: ClassVar[ItemFunction] = "split"

    def require(self, material: AssignmentFiles, made: frozenset[str]) -> None:
        """Require the material of grading, which follows."""
        GradeStage().require(material, made)

    def plan(self, material: AssignmentFiles, settings: RunSettings) -> StagePlan:
        """Return one task for each student with strips to cut."""
        pages, students = material.pages(), dict[str, StudentCuts]()
        for student_id, found in strips_to_cut(GradeInputs.of(material, settings), material, settings).items():
            numbers = {strip.page for strip in found}
            shown = tuple(page for page in pages.get(student_id, ()) if page.page in numbers)
            students[student_id] = StudentCuts(pages=shown, strips=tuple(found))
        refs: list[Refs] = [{"student_id": student_id} for student_id in students]
        return StagePlan(CutInputs(students=students), refs, {KEPT: _STRIPS.dump_json(material.strips())})

    def digest(self, refs: Refs, inputs: BaseModel, model: str) -> str:  # noqa: ARG002 - no model is asked
        """Return the keys of the student's strips, which change with the pages' images and the places."""
        cuts = CutInputs.model_validate(inputs).students[str(refs["student_id"])]
        return " ".join(strip.key for strip in cuts.strips)

    def gather_all(self, ended: Iterable[Gathered], read: ReadFile) -> dict[str, Any]:
        """Return each student's strips: those of earlier runs, and those that were cut now; no file if none was."""
        cut = {
            str(each.item.refs["student_id"]): CutStrips.model_validate(each.result).strips
            for each in ended
            if each.succeeded
        }
        if not cut:
            return {}
        strips = _STRIPS.validate_json(read(KEPT))
        for student_id, found in cut.items():
            by_key = {strip.key: strip for strip in (*strips.get(student_id, ()), *found)}
            strips[student_id] = tuple(by_key.values())
        return {self.artifact: _STRIPS.dump_python(strips, mode="json")}


def strips_to_cut(inputs: GradeInputs, material: AssignmentFiles, settings: RunSettings) -> dict[str, list[Strip]]:
    """Return the strips of the answers that the next stage grades and that are not cut yet, by student id."""
    kept = kept_cells(inputs, material.grades(), material, settings)
    found: dict[str, list[Strip]] = {}
    for student_id, question in inputs.cells():
        if question.question_id in inputs.rubrics and question.question_id not in kept.get(student_id, {}):
            missing = [strip for strip in inputs.answers[student_id][question.question_id].strips if not strip.sha256]
            if missing:
                found.setdefault(student_id, []).extend(missing)
    return found
