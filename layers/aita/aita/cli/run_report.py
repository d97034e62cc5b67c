"""What is told of a run: itself, the tasks that failed, who its students are, and what their answers came to."""

import io
from collections import Counter
from typing import Any, Self

from pydantic import ValidationError

from aita.cli.files.assignment_download import fetch_graded
from aita.client.api_client import PAGE, ApiClient
from aita.client.file_transfer import FileTransfer
from aita.errors import AitaError, RequestError
from aita.models.api import Estimate, RunOptions, RunView, StartRunRequest, TaskView
from aita.models.base import StrictModel
from aita.models.grade import CellState
from aita.models.run import TaskStatus
from aita.models.student import Students
from aita.services.assignments.object_keys import STUDENTS
from aita.services.grading.gradebook import Gradebook
from aita.services.stages.split import SplitStage

GRADE = "grade"
"""The stage that grades."""


class GradeCounts(StrictModel):
    """What became of an assignment's answers, people's decisions included; ``final`` counts students.

    ``older`` counts the answers that an older version of aita or another model graded. ``regrading`` is what grading
    them again would take; ``None`` if there are none, or if it can't be estimated now.
    """

    students: int
    final: int
    states: dict[CellState, int]
    older: int = 0
    regrading: Estimate | None = None

    @classmethod
    def of(cls, grades: Gradebook, model: str) -> Self:
        """Return a gradebook's counts; ``model`` is that of the run."""
        counted = Counter(cell.state for cell in grades.cells())
        return cls(
            students=len(grades.students),
            final=sum(student.final for student in grades.students.values()),
            states={state: counted[state] for state in CellState},
            older=sum(
                cell.criteria != () and (cell.is_of_older_version or cell.model != model) for cell in grades.cells()
            ),
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


def report_of(view: RunView, api: ApiClient, transfer: FileTransfer) -> RunReport:
    """Return a run's report; what can't be fetched is named in it, and the rest is told."""
    found = RunReport(**view.model_dump())
    try:
        if found.failed:
            tasks = api.tasks(view.run_id, TaskStatus.FAILED, PAGE).tasks
            found = found.model_copy(update={"failed_tasks": tasks})
        if any(stage.stage == SplitStage.name for stage in view.stages):
            found = found.model_copy(update={"students": _students(view.run_id, api, transfer)})
        if any(stage.stage == GRADE and stage.ended_at is not None for stage in view.stages):
            found = found.model_copy(update=_graded(view, api, transfer))
    except AitaError as error:
        return found.model_copy(update={"problem": str(error)})
    except ValidationError:
        return found.model_copy(update={"problem": f"{STUDENTS} is not as it should be"})
    return found


def _graded(view: RunView, api: ApiClient, transfer: FileTransfer) -> dict[str, Any]:
    material = fetch_graded(api, transfer, view.assignment)
    grades = Gradebook.of(material, api.decisions(view.assignment))
    counts = GradeCounts.of(grades, view.model)
    if counts.older:
        counts = counts.model_copy(update={"regrading": _regrading(view.assignment, api)})
    return {"students": material.students()[0], "grades": counts}


def _regrading(assignment: str, api: ApiClient) -> Estimate | None:
    options = RunOptions(regrade_older=True)
    try:
        return api.estimate(StartRunRequest(assignment=assignment, pipeline=GRADE, options=options))
    except RequestError:  # grading could not start now: it says why when it is asked for
        return None


def _students(run_id: str, api: ApiClient, transfer: FileTransfer) -> Students | None:
    for file in api.results(run_id).files:
        if file.name == STUDENTS:
            buffer = io.BytesIO()
            transfer.fetch(file.url, buffer)
            return Students.model_validate_json(buffer.getvalue())
    return None
