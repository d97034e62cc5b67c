"""Stage ``read_names``: one task for each student whom nobody knows, which reads the heads of the first pages."""

from collections.abc import Iterable
from typing import Any, ClassVar

from pydantic import BaseModel, TypeAdapter

from aita.models.base import StrictModel
from aita.models.exam import Page
from aita.models.read_name import ReadName
from aita.models.run import Refs, RunSettings
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.stages.base import Gathered, ItemFunction, LLMStage, ReadFile, StagePlan
from aita.tasks.name_reading import NameReadingTask

HEADS_READ = 2
"""Number of a student's heads that the model is shown: a cover and the first page, or the first two pages."""

_KEPT = "kept"
"""Name of the stage's file with what was read before."""

_READ_NAMES = TypeAdapter(dict[str, ReadName])


class HeadsToRead(StrictModel):
    """Shared inputs of the tasks: the heads by student id."""

    students: dict[str, tuple[Page, ...]]


class ReadNamesStage(LLMStage):
    """Read who students are on the heads of their pages, of those whom nobody knows; in runs that were told to."""

    name = "read_names"
    function: ClassVar[ItemFunction] = "names"
    artifact = object_keys.READ_NAMES
    inputs_model: type[BaseModel] = HeadsToRead
    model_role = NameReadingTask.model_role
    is_needed = False

    def require(self, material: AssignmentFiles, made: frozenset[str]) -> None:
        """Require nothing: split, which comes before, requires scans and a valid roster."""

    def plan(self, material: AssignmentFiles, settings: RunSettings) -> StagePlan:
        """Return one task for each student with heads that were not read, whom neither folder nor person tells."""
        from aita.services.assignments.class_list import ClassList  # noqa: PLC0415 - only Plan needs it

        heads = material.heads()
        read = material.read_names()
        done = read if settings.enable_checkpointing else {}
        listed = ClassList.of(material, material.match_decisions())
        unknown = [
            each.student_id for each in listed.students.students if not (each.is_decided or each.match == "exact")
        ]
        students = {each: heads[each][:HEADS_READ] for each in unknown if each in heads and each not in done}
        refs: list[Refs] = [{"student_id": student_id} for student_id in students]
        return StagePlan(HeadsToRead(students=students), refs, {_KEPT: _READ_NAMES.dump_json(read)})

    def task(self, refs: Refs, inputs: HeadsToRead) -> NameReadingTask:
        """Return the task of one student."""
        return NameReadingTask(heads=inputs.students[str(refs["student_id"])])

    def gather_all(self, ended: Iterable[Gathered], read: ReadFile) -> dict[str, Any]:
        """Return what was read of each student, now and before; no file if nothing was read now."""
        found = {
            str(each.item.refs["student_id"]): ReadName.model_validate(each.result) for each in ended if each.succeeded
        }
        if not found:
            return {}
        return {self.artifact: _READ_NAMES.dump_python(_READ_NAMES.validate_json(read(_KEPT)) | found, mode="json")}
