"""Stage ``report``: one task for each student's reports, and one for the class's."""

import secrets
from collections.abc import Iterable
from typing import Any, ClassVar

from pydantic import BaseModel

from aita.models.base import StrictModel
from aita.models.report import ReportFiles
from aita.models.run import Item, Refs, RunSettings
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.stages.base import ItemFunction, Stage, StagePlan

STUDENT = "student_id"
"""Name of the ref in a student's item; the class's item does not have it."""

CLASS: Refs = {"report": "class"}
"""Refs of the class's item."""


class ReportInputs(StrictModel):
    """Inputs of the reports. ``rendering`` is a random text of each plan, as earlier reports may show other grades."""

    rendering: str


class ReportStage(Stage):
    """Render the reports for people. Each attempt renders all of them, as a person may have decided in between."""

    name = "report"
    artifact = object_keys.REPORTS
    function: ClassVar[ItemFunction] = "report"

    def require(self, material: AssignmentFiles, made: frozenset[str]) -> None:
        """Require transcriptions or grades, unless the run makes them."""
        if made & {object_keys.TRANSCRIPTIONS, object_keys.GRADES} or material.transcriptions() or material.grades():
            return
        raise material.missing(
            f"assignment {material.assignment} has nothing to report yet: transcribe its scans "
            f"(aita transcribe --assignment {material.assignment}), then grade them"
        )

    def plan(self, material: AssignmentFiles, settings: RunSettings) -> StagePlan:  # noqa: ARG002 - the same for all
        """Return one task for each student, and one for the class."""
        students, _ = material.students()
        refs: list[Refs] = [{STUDENT: student.student_id} for student in students.students]
        return StagePlan(ReportInputs(rendering=secrets.token_hex(8)), [*refs, CLASS], {})

    def digest(self, refs: Refs, inputs: BaseModel, model: str) -> str:  # noqa: ARG002 - no model is asked
        """Return the plan's random text, so that no result of another plan is reused."""
        return ReportInputs.model_validate(inputs).rendering

    def gather(self, results: Iterable[tuple[Item, Any]]) -> Any:
        """Return the written files, each with its name and key."""
        return [file.model_dump() for _, result in results for file in ReportFiles.model_validate(result).files]
