"""Stage ``read_again``: one task for each answer, which reads its strips a second time."""

from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import BaseModel, TypeAdapter

from aita.models.base import StrictModel
from aita.models.run import Refs, RunSettings
from aita.models.second_look import AnswerReading, Strip
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.grading.grade_inputs import GradeInputs
from aita.services.grading.second_readings import read_on
from aita.services.stages.base import Gathered, LLMStage, ReadFile, StagePlan
from aita.services.stages.grade import KEPT, GradeStage, kept_cells
from aita.tasks.strip_transcription import StripTranscriptionTask

_READINGS = TypeAdapter(dict[str, tuple[AnswerReading, ...]])


class StripsToRead(StrictModel):
    """Shared inputs of the tasks: each answer's strips, by student id and question id."""

    answers: dict[str, dict[str, tuple[Strip, ...]]]


class ReadAgainStage(LLMStage):
    """Read the answers to be graded a second time, if the run has two readings, except on strips that were read."""

    name = "read_again"
    artifact = object_keys.READINGS
    inputs_model: type[BaseModel] = StripsToRead
    model_role = StripTranscriptionTask.model_role

    def require(self, material: AssignmentFiles, made: frozenset[str]) -> None:
        """Require the material of grading, which follows."""
        GradeStage().require(material, made)

    def plan(self, material: AssignmentFiles, settings: RunSettings) -> StagePlan:
        """Return one task for each answer with strips, by student; none for a single reading."""
        if settings.readings == 1:
            return StagePlan(StripsToRead(answers={}), (), {KEPT: b"{}"})
        return self.plan_of(GradeInputs.of(material, settings).only_cut(), material, settings)

    def plan_of(self, inputs: GradeInputs, material: AssignmentFiles, settings: RunSettings) -> StagePlan:
        """Return the plan for these inputs; the strips of an estimate's need not be cut."""
        cells = kept_cells(inputs, material.grades(), material, settings)
        readings = material.readings() if settings.enable_checkpointing else {}
        known = {(student_id, each.strips) for student_id, found in readings.items() for each in found}
        answers: dict[str, dict[str, tuple[Strip, ...]]] = {}
        for student_id, question in inputs.cells():
            question_id = question.question_id
            strips = inputs.answers[student_id][question_id].strips
            is_graded = question_id in inputs.rubrics and question_id not in cells.get(student_id, {})
            if is_graded and strips and (student_id, read_on(strips)) not in known:
                answers.setdefault(student_id, {})[question_id] = strips
        kept = _READINGS.dump_json(readings)
        return StagePlan(StripsToRead(answers=answers), _refs(answers), {KEPT: kept})

    def task(self, refs: Refs, inputs: StripsToRead) -> StripTranscriptionTask:
        """Return the task of one answer."""
        return StripTranscriptionTask(strips=inputs.answers[str(refs["student_id"])][str(refs["question_id"])])

    def gather_all(self, ended: Iterable[Gathered], read: ReadFile) -> dict[str, Any]:
        """Return each student's readings: those of earlier runs, and those of now; no file if nothing was read now."""
        found: dict[str, dict[tuple[str, ...], AnswerReading]] = {}
        for each in ended:
            if each.succeeded:
                reading = AnswerReading.model_validate(each.result)
                found.setdefault(str(each.item.refs["student_id"]), {})[reading.strips] = reading
        if not found:
            return {}
        readings = _READINGS.validate_json(read(KEPT))
        for student_id, new in found.items():
            by_strips = {each.strips: each for each in readings.get(student_id, ())} | new
            readings[student_id] = tuple(by_strips.values())
        return {self.artifact: _READINGS.dump_python(readings, mode="json")}


def _refs(answers: dict[str, dict[str, tuple[Strip, ...]]]) -> Iterator[Refs]:
    for student_id, questions in answers.items():
        for question_id in questions:
            yield {"student_id": student_id, "question_id": question_id}
