"""What is told of a run: itself, the tasks that failed, and who its students are."""

import io

from pydantic import ValidationError

from aita.aws.api import PAGE, Api
from aita.aws.transfer import Transfer
from aita.errors import AitaError
from aita.models.api import RunView, TaskView
from aita.models.run import TaskStatus
from aita.models.student import Students
from aita.services.keys import STUDENTS
from aita.services.stages.split import SplitStage


class RunReport(RunView):
    """A run with its first failed tasks and, once its scans were looked at, its students.

    ``problem`` tells what could not be found out, which takes nothing from the run itself.
    """

    failed_tasks: tuple[TaskView, ...] = ()
    students: Students | None = None
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
    except AitaError as error:
        return found.model_copy(update={"problem": str(error)})
    except ValidationError:
        return found.model_copy(update={"problem": f"{STUDENTS} is not as it should be"})
    return found


def _students(run_id: str, api: Api, transfer: Transfer) -> Students | None:
    for file in api.results(run_id).files:
        if file.name == STUDENTS:
            buffer = io.BytesIO()
            transfer.fetch(file.url, buffer)
            return Students.model_validate_json(buffer.getvalue())
    return None
