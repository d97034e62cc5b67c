"""Stage ``grade``: one task for each grader of each student's answer to each question."""

import json
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import groupby
from typing import Any

from pydantic import BaseModel, TypeAdapter

from aita.models.exam import Question
from aita.models.grade import Cell, GradedAnswer
from aita.models.run import Refs, RunSettings, TaskRow
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.grading.grade_assembly import assemble
from aita.services.grading.grade_inputs import GradeInputs, check_rubrics, require_answers
from aita.services.grading.grade_reuse import kept_cell
from aita.services.grading.material_versions import rubric_version
from aita.services.grading.question_inputs import check_question_instructions
from aita.services.grading.question_wording import check_wording
from aita.services.grading.second_readings import compared
from aita.services.grading.unequal_points import flag_unequal_points
from aita.services.stages.base import INPUTS, Gathered, LLMStage, ReadFile, StagePlan
from aita.tasks.grading import GradingTask

KEPT = "kept"
"""Name of the stage's file with the cells of an earlier run that still count."""

Cells = dict[str, dict[str, Cell]]

_CELLS = TypeAdapter(Cells)


class GradeStage(LLMStage):
    """Grade every answer, except those whose earlier cells still count."""

    name = "grade"
    artifact = object_keys.GRADES
    inputs_model: type[BaseModel] = GradeInputs
    model_role = GradingTask.model_role

    def require(self, material: AssignmentFiles, made: frozenset[str]) -> None:
        """Require answers, and rubrics and answer keys that fit the exam, unless the run makes them."""
        if not {object_keys.EXAM_SPEC, object_keys.RUBRICS} & made:
            exam, rubrics = material.countable_exam(), material.rubrics()
            check_rubrics(material, exam, rubrics)
            check_wording(material, exam, rubrics)
            check_question_instructions(exam, material.question_instructions())
        if object_keys.ANSWERS not in made:
            require_answers(material)

    def plan(self, material: AssignmentFiles, settings: RunSettings) -> StagePlan:
        """Return one task for each grader of each answer, by student; none for an answer whose earlier cell counts."""
        return self.plan_of(GradeInputs.of(material, settings).only_cut(), material, settings)

    def plan_of(self, inputs: GradeInputs, material: AssignmentFiles, settings: RunSettings) -> StagePlan:
        """Return the plan for these inputs, as ``plan`` does for those that there are."""
        earlier = material.grades()
        kept = kept_cells(inputs, earlier, material, settings)
        inputs = compared(inputs, material.readings(), kept)
        inputs = inputs.model_copy(update={"continued": _continued_bases(inputs, earlier)})
        return StagePlan(inputs, _refs(inputs, kept), {KEPT: _CELLS.dump_json(kept)})

    def task(self, refs: Refs, inputs: GradeInputs) -> GradingTask:
        """Return the task of one grader."""
        return inputs.task(str(refs["student_id"]), inputs.question(refs), int(refs["grader"]))

    def gather_all(self, ended: Iterable[Gathered], read: ReadFile) -> dict[str, Any]:
        """Return a cell for each student and question, also for those whose tasks failed, and the rubrics' versions."""
        inputs = GradeInputs.model_validate_json(read(INPUTS))
        cells: dict[str, dict[str, Any]] = json.loads(read(KEPT))
        for cell in graded_cells(inputs, ended):
            cells.setdefault(cell.student_id, {})[cell.question_id] = cell.model_dump(mode="json")
        for student_id, question in inputs.cells():
            if question.question_id not in cells.setdefault(student_id, {}):
                cell = assemble(inputs, student_id, question, (), ())
                cells[student_id][question.question_id] = cell.model_dump(mode="json")
        flag_unequal_points(inputs, cells)
        versions = {
            object_keys.rubric_version(rubric_version(rubric)): rubric.model_dump(mode="json")
            for rubric in inputs.rubrics.values()
        }
        return {self.artifact: _in_order(inputs, cells)} | versions


def graded_cells(inputs: GradeInputs, ended: Iterable[Gathered]) -> Iterator[Cell]:
    """Yield the cell of each answer that has items, in the plan's order."""
    questions = {question.question_id: question for question in inputs.exam.questions}
    for (student_id, question_id), each in groupby(ended, _student_and_question):
        graders = list(each)
        yield assemble(
            inputs,
            student_id,
            questions[question_id],
            [GradedAnswer.model_validate(grader.result) for grader in graders if grader.succeeded],
            [_failure(grader.row) for grader in graders if not grader.succeeded],
        )


def grader_refs(inputs: GradeInputs, student_id: str, question: Question) -> Iterator[Refs]:
    """Yield the refs of an answer's graders; of a single one, which makes no call, if there is nothing to grade."""
    graders = inputs.graders if inputs.answers[student_id][question.question_id].needs_grader(question) else 1
    for grader in range(1, graders + 1):
        yield {"student_id": student_id, "question_id": question.question_id, "grader": grader}


def _refs(inputs: GradeInputs, kept: Cells) -> Iterator[Refs]:
    for student_id, question in inputs.cells():
        if question.question_id in inputs.rubrics and question.question_id not in kept.get(student_id, {}):
            yield from grader_refs(inputs, student_id, question)


def _continued_bases(inputs: GradeInputs, earlier: Cells) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for student_id, question in inputs.cells():
        cell = earlier.get(student_id, {}).get(question.question_id)
        if cell is not None and (basis := inputs.basis_of_0_1_0(cell, question)):
            found.setdefault(student_id, {})[question.question_id] = basis
    return found


def kept_cells(inputs: GradeInputs, earlier: Cells, material: AssignmentFiles, settings: RunSettings) -> Cells:
    """Return the earlier cells that still count, as they count now; none without checkpointing.

    Of a run about some cells, all others stay as they are, whatever has changed since they were graded.
    """
    kept = Cells()
    versions = cache(material.rubric_version)
    for student_id, question in inputs.cells():
        cell = earlier.get(student_id, {}).get(question.question_id)
        if cell is None:
            continue
        if settings.cells and cell.cell_id not in settings.cells:
            kept.setdefault(student_id, {})[question.question_id] = cell
            continue
        if not settings.enable_checkpointing or (settings.regrade_older and inputs.is_older(cell)):
            continue
        if (now := kept_cell(inputs, cell, question, versions)) is not None:
            kept.setdefault(student_id, {})[question.question_id] = now
    return kept


def _student_and_question(gathered: Gathered) -> tuple[str, str]:
    return str(gathered.item.refs["student_id"]), str(gathered.item.refs["question_id"])


def _failure(row: TaskRow | None) -> str:
    return f"{row.error_type}: {row.error_message}" if row else "its task has no recorded end: resume the run"


def _in_order(inputs: GradeInputs, cells: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    questions = [question.question_id for question in inputs.exam.questions]
    return {student_id: {each: cells[student_id][each] for each in questions} for student_id in inputs.answers}
