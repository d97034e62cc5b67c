"""Report of a run: its state, failed tasks, students, and numbers of answers by state."""

from aita.cli.files.assignment_download import fetch_class_list
from aita.client.api_client import PAGE, ApiClient
from aita.client.file_transfer import FileTransfer
from aita.errors import AitaError, RequestError, StackError
from aita.models.api import Estimate, GradeCounts, RunOptions, RunView, StartRunRequest, TaskView
from aita.models.run import TaskStatus
from aita.models.student import Students
from aita.services.stages.split import SplitStage
from aita.version import VERSION

GRADE = "grade"
"""Name of the grading stage."""


class GradesReport(GradeCounts):
    """Numbers of an assignment's answers by state, and the estimate of grading the older ones again.

    ``regrading`` is ``None`` if there are no older ones, or if it can't be estimated now.
    """

    regrading: Estimate | None = None


class RunReport(RunView):
    """A run with its first failed tasks, and its students once its scans were split.

    ``grades`` is set once the run has graded. ``problem`` is the reason for missing parts of the report; it does not
    concern the run itself.
    """

    failed_tasks: tuple[TaskView, ...] = ()
    students: Students | None = None
    grades: GradesReport | None = None
    problem: str = ""

    @property
    def failed(self) -> int:
        """Number of failed tasks."""
        return sum(stage.failed for stage in self.stages)


def report_of(view: RunView, api: ApiClient, transfer: FileTransfer) -> RunReport:
    """Return a run's report; if a part can't be fetched, ``problem`` has the reason."""
    found = RunReport(**view.model_dump())
    try:
        if found.failed:
            tasks = api.tasks(view.run_id, TaskStatus.FAILED, PAGE).tasks
            found = found.model_copy(update={"failed_tasks": tasks})
        if any(stage.stage in (SplitStage.name, GRADE) for stage in view.stages):
            listed = fetch_class_list(api, transfer, view.assignment).students
            found = found.model_copy(update={"students": listed if listed.students else None})
        if any(stage.stage == GRADE and stage.ended_at is not None for stage in view.stages):
            found = found.model_copy(update={"grades": _grades(view, api)})
    except AitaError as error:
        return found.model_copy(update={"problem": str(error)})
    return found


def _grades(view: RunView, api: ApiClient) -> GradesReport:
    counts = _counts(view.run_id, api)
    return GradesReport(**dict(counts), regrading=_regrading(view.assignment, api) if counts.older else None)


def _counts(run_id: str, api: ApiClient) -> GradeCounts:
    try:
        return api.grade_counts(run_id)
    except (RequestError, StackError) as error:
        deployed = api.version()
        if deployed == VERSION:
            raise
        raise StackError(
            f"the answers' counts are not known, as the stack is of version {deployed} of aita and this is {VERSION}: "
            "deploy the stack again, or install the version of aita that it was deployed with"
        ) from error


def _regrading(assignment: str, api: ApiClient) -> Estimate | None:
    options = RunOptions(regrade_older=True)
    try:
        return api.estimate(StartRunRequest(assignment=assignment, pipeline=GRADE, options=options))
    except RequestError:  # grading could not start now: starting it gives the reason
        return None
