"""Audit bundle: a document with the origin of all grades of an assignment, from which its totals can be recomputed."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from aita.errors import MissingMaterialError, NotFoundError
from aita.models.decision import Decision
from aita.models.grade import StudentGrades
from aita.models.ledger import StudentLedger
from aita.models.model_role import ROLES
from aita.models.part_decision import PartDecision
from aita.models.run import Run
from aita.ports import Clock, DecisionStore, ObjectStore, RowStore, RunStore
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.compliance.run_files import RunFiles
from aita.services.grading.gradebook import Gradebook
from aita.services.grading.letter_grades import USUAL_SCALE
from aita.services.grading.material_versions import rubric_version
from aita.version import VERSION

RECOMPUTE = Path(__file__).with_name("recompute.py")
"""Script that recomputes the document's totals. It needs Python's standard library only."""

_RUN_FIELDS = {
    "run_id", "pipeline", "status", "attempt", "settings", "reviewed", "stages", "usage", "created_at", "ended_at",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Auditor:
    """Builds audit bundles from an assignment's files, rows and decisions."""

    objects: ObjectStore
    rows: RowStore
    runs: RunStore
    decisions: DecisionStore
    clock: Clock

    def bundle(self, assignment: str) -> dict[str, Any]:
        """Return the audit bundle of an assignment, as JSON.

        It names students by id only, and holds no more of their work than the graders' quotes and the transcriptions
        that people corrected. The ledger tells where each part of their pages stands and whose it is, without its text.

        Raises
        ------
        MissingMaterialError
            If nothing was graded.
        """
        material = AssignmentFiles(self.objects, assignment, self.decisions)
        cells = material.grades()
        if not cells:
            raise MissingMaterialError(f"assignment {assignment} has no grades yet: grade it first")
        decisions = list(self.decisions.all(assignment))
        book = Gradebook.of(material, decisions)
        scale = material.grade_scale() or USUAL_SCALE
        runs = list(self._runs(assignment))
        return {
            "assignment": assignment,
            "made_at": self.clock().isoformat(),
            "aita": VERSION,
            "grades_version": book.version,
            "exam": book.exam.model_dump(mode="json"),
            "grade_scale": scale.model_dump(mode="json"),
            "rubrics": _rubrics(material, cells.values(), decisions),
            "cells": {student_id: _graded_cells(book, grades) for student_id, grades in book.students.items()},
            "decisions": [_decision(each) for each in decisions],
            "ledger": {student_id: _parts(ledger) for student_id, ledger in material.ledger().items()},
            "part_decisions": [_decision(each) for each in self.decisions.on_parts(assignment)],
            "matches": [each.model_dump(mode="json") for each in self.decisions.matches(assignment)],
            "totals": {student_id: _total(grades) for student_id, grades in book.students.items()},
            "runs": [_run(run) for run in runs],
            "requests": [task for run in runs for task in self._requests(run.run_id)],
            "prompts": dict(sorted(_prompts())),
        }

    def _runs(self, assignment: str) -> Iterator[Run]:
        for row in self.rows.of_assignment(assignment):
            if row.kind == "RUN":
                try:
                    yield self.runs.get(row.name)
                except NotFoundError:  # the row expired before its summary
                    continue

    def _requests(self, run_id: str) -> Iterator[dict[str, Any]]:
        """Yield the digests of each task's requests to a model; tasks without requests are left out.

        A digest covers provider, model, parameters, prompt, schema and images, and is the name of the cached reply.
        """
        for file in RunFiles.read(self.objects, run_id).files:
            if file.is_result and (result := json.loads(file.data)).get("replies"):
                kept = {name: result[name] for name in ("task_id", "status", "refs")}
                yield {"run_id": run_id, **kept, "requests": result["replies"]}


def _run(run: Run) -> dict[str, Any]:
    models = {role: run.settings.model_of(role) for role in ROLES}
    return run.model_dump(mode="json", include=_RUN_FIELDS) | {"models": models}


def _prompts() -> Iterator[tuple[str, str]]:
    """Yield the file name of each prompt, and the digest of its content."""
    for file in resources.files("aita").joinpath("prompts").iterdir():
        if file.name.endswith(".txt"):
            yield file.name, hashlib.sha256(file.read_bytes()).hexdigest()


def _rubrics(material: AssignmentFiles, graded: Iterable[Any], decisions: Iterable[Decision]) -> dict[str, Any]:
    versions = {cell.rubric for cells in graded for cell in cells.values()} | {each.rubric for each in decisions}
    present = {rubric_version(rubric): rubric for rubric in material.rubrics().values()}
    found = {each: material.rubric_version(each) or present.get(each) for each in sorted(versions - {""})}
    return {version: rubric and rubric.model_dump(mode="json") for version, rubric in found.items()}


def _graded_cells(book: Gradebook, grades: StudentGrades) -> dict[str, Any]:
    graded = (book.graded(cell.cell_id) for cell in grades.cells)
    return {cell.question_id: cell.model_dump(mode="json") | {"proposal": cell.proposal} for cell in graded}


def _decision(decision: Decision | PartDecision) -> dict[str, Any]:
    return decision.model_dump(mode="json")


def _parts(ledger: StudentLedger) -> list[dict[str, Any]]:
    return [part.model_dump(mode="json") for part in ledger.parts]


def _total(grades: StudentGrades) -> dict[str, Any]:
    return grades.model_dump(mode="json", exclude={"student_id", "cells"})
