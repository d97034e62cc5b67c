"""What is told of a run: itself, the tasks that failed, who its students are, and what their answers came to."""

import io
from collections import Counter
from typing import Any, Self

from pydantic import ValidationError

from aita.aws.api import PAGE, Api
from aita.aws.transfer import Transfer
from aita.cli.assignment_files import OF_GRADEBOOK, fetch_material
from aita.errors import AitaError
from aita.models.api import RunView, TaskView
from aita.models.base import Frozen
from aita.models.grade import CellState
from aita.models.run import TaskStatus
from aita.models.student import Students
from aita.services.gradebook import Gradebook
from aita.services.keys import STUDENTS
from aita.services.stages.split import SplitStage

GRADE = "grade"
"""The stage that grades."""


class GradeCounts(Frozen):
    """What became of an assignment's answers, people's decisions included; ``final`` counts students."""

    students: int
    final: int
    states: dict[CellState, int]

    @classmethod
    def of(cls, grades: Gradebook) -> Self:
        """Return a gradebook's counts."""
        counted = Counter(cell.state for cell in grades.cells())
        return cls(
            students=len(grades.students),
            final=sum(student.final for student in grades.students.values()),
            states={state: counted[state] for state in CellState},
        )


class RunReport(RunView):
    """A run with its first failed tasks and, once its scans were looked at, its students.

    ``grades`` is there once the run has graded; ``problem`` tells what could not be found out, which takes
    nothing from the run itself.
    """

    failed_tasks: tuple[TaskView, ...] = ()
    students: Students | None = None
    grades: GradeCounts | None = None
    problem: str = ""

    @property
    def failed(self) -> int:
        """How many tasks have failed."""
        return sum(stage.failed for stage in self.stages)


def report_of(view: RunView, api: Api, transfer: Transfer) -> RunReport:
    """Return a run's report; what can't be fetched is named in it, and the rest is told."""
    found = RunReport(**view.model_dump())
    try:
        if found.failed:
            tasks = api.tasks(view.run_id, TaskStatus.FAILED, PAGE).tasks
            found = found.model_copy(update={"failed_tasks": tasks})
        if any(stage.stage == SplitStage.name for stage in view.stages):
            found = found.model_copy(update={"students": _students(view.run_id, api, transfer)})
        if any(stage.stage == GRADE and stage.ended_at is not None for stage in view.stages):
            found = found.model_copy(update=_graded(view.assignment, api, transfer))
    except AitaError as error:
        return found.model_copy(update={"problem": str(error)})
    except ValidationError:
        return found.model_copy(update={"problem": f"{STUDENTS} is not as it should be"})
    return found


def _graded(assignment: str, api: Api, transfer: Transfer) -> dict[str, Any]:
    material = fetch_material(api, transfer, assignment, (*OF_GRADEBOOK, STUDENTS))
    grades = Gradebook.of(material, api.decisions(assignment))
    return {"students": material.students()[0], "grades": GradeCounts.of(grades)}


def _students(run_id: str, api: Api, transfer: Transfer) -> Students | None:
    for file in api.results(run_id).files:
        if file.name == STUDENTS:
            buffer = io.BytesIO()
            transfer.fetch(file.url, buffer)
            return Students.model_validate_json(buffer.getvalue())
    return None
