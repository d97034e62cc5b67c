"""Queries of the API: runs, tasks, results, files and upload forms."""

from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice

from aita.errors import ObjectNotFoundError
from aita.models.api import (
    FilePage,
    GradeCounts,
    PresignedPost,
    ResultFile,
    ResultResponse,
    RunPage,
    RunView,
    StageView,
    TaskPage,
    TaskView,
    UploadedFile,
    UploadedPage,
    UploadRequest,
    UploadResponse,
    UsageView,
)
from aita.models.file_version import WrittenFile
from aita.models.names import check_assignment, check_upload
from aita.models.page_token import place_of
from aita.models.run import Run, TaskRow, TaskStatus, Usage
from aita.ports import Clock, DecisionStore, ObjectStore, RunStore, TaskStore
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.assignments.deciding_person import signed_by
from aita.services.grading.grade_counts import grade_counts
from aita.services.grading.gradebook import Gradebook
from aita.services.runs.pipelines import stage_of, stages_of
from aita.services.runs.planner import read_items
from aita.services.stages.grade import GradeStage
from aita.services.stages.split import SplitStage

PAGE_SIZE = 100
FILES_PAGE = 1000
"""Most files in one response: a presigned URL has up to 2 KB, and a response of Lambda at most 6 MB."""

_INTERNAL = {"stages", "usage", "removed_usage", "committed_usd", "settings", "execution_arn", "error_type", "reviewed"}
_FILES = (
    object_keys.QUESTIONS,
    object_keys.EXAM_SPEC,
    object_keys.USER_ANSWER_KEYS,
    object_keys.USER_RUBRICS,
    object_keys.RUBRICS,
    object_keys.ANSWER_KEYS,
    object_keys.GRADE_SCALE,
    object_keys.RUBRIC_INSTRUCTIONS,
    object_keys.QUESTION_INSTRUCTIONS,
    object_keys.ROSTER,
    object_keys.PILE_SETTINGS,
    object_keys.STUDENTS,
    object_keys.SCANS,
    object_keys.BOOKLETS,
    object_keys.HEADS,
    object_keys.READ_NAMES,
    object_keys.PAGES,
    object_keys.TRANSCRIPTIONS,
    object_keys.ANSWERS,
    object_keys.LEDGER,
    object_keys.GRADES,
    object_keys.REPORTS,
)


@dataclass(frozen=True, slots=True)
class RunQueries:
    """Read-only operations, and presigned URLs."""

    runs: RunStore
    tasks: TaskStore
    objects: ObjectStore
    decisions: DecisionStore
    clock: Clock

    def view(self, run: Run) -> RunView:
        """Return a run with its counts, usage and estimated remaining time (seconds)."""
        stages = tuple(
            StageView(stage=name, **run.stages[name].model_dump(exclude={"done_before"})) for name in _in_order(run)
        )
        shown = run.model_dump(exclude=_INTERNAL)
        return RunView(
            **shown,
            stages=stages,
            model=run.settings.model,
            reader_model=run.settings.reader_model,
            grader_model=run.settings.grader_model,
            max_cost_usd=run.settings.max_cost_usd,
            usage=_usage_view(run.usage),
            eta_seconds=_eta(run, self.clock()),
        )

    def runs_of(self, assignment: str, limit: int, token: str | None) -> RunPage:
        """Return an assignment's runs, newest first."""
        runs, following = self.runs.list(check_assignment(assignment), limit, token)
        return RunPage(runs=tuple(runs), next_token=following)

    def tasks_of(self, run: Run, status: TaskStatus | None, limit: int, token: str | None) -> TaskPage:
        """Return a run's finished tasks; with status PENDING, the unfinished ones of its current stage."""
        if status is TaskStatus.PENDING:
            return self._pending(run, limit, token)
        rows, following = self.tasks.page(run.run_id, status, limit, token)
        return TaskPage(tasks=tuple(_task_view(row) for row in rows), next_token=following)

    def grade_counts(self, run: Run) -> GradeCounts:
        """Return what became of the answers of a run's assignment, people's decisions included.

        Raises
        ------
        MissingMaterialError, InvalidMaterialError
            If the assignment has no questions, or a file of it is wrong.
        """
        material = AssignmentFiles(self.objects, run.assignment, self.decisions)
        return grade_counts(Gradebook.of(material, self.decisions.all(run.assignment)), run.settings.model_of("grader"))

    def results(self, run: Run) -> ResultResponse:
        """Return download URLs of the run's artifacts and, after a split or grading, of the map of students."""
        stages = [stage_of(name) for name in _in_order(run) if run.stages[name].ended_at is not None]
        found = {
            name: stage.artifact_key(run.assignment, run.run_id, name) for stage in stages for name in stage.artifacts
        }
        if {SplitStage.name, GradeStage.name} & run.stages.keys():
            found[object_keys.STUDENTS] = object_keys.material(run.assignment, object_keys.STUDENTS)
        files = [
            ResultFile(name=name, url=self.objects.presign_get(key, name))
            for name, key in found.items()
            if self._exists(key)  # a stage of an earlier version may have had fewer artifacts
        ]
        return ResultResponse(files=tuple(files))

    def files(self, assignment: str, limit: int, token: str | None) -> FilePage:
        """Return download URLs of an assignment's existing files, followed by those of its reports.

        Raises
        ------
        RequestError
            If the assignment's name is invalid, or the token did not come from this list.
        """
        folder = object_keys.material(check_assignment(assignment), "")
        found = [folder + name for name in _FILES if self._exists(folder + name)]
        found += [stored.key for stored in self.objects.list(object_keys.reports(assignment))]
        start = place_of(token)
        shown = found[start : start + limit]
        files = (
            ResultFile(name=key.removeprefix(folder), url=self.objects.presign_get(key, key.rpartition("/")[2]))
            for key in shown
        )
        following = str(start + limit) if start + limit < len(found) else None
        return FilePage(files=tuple(files), next_token=following)

    def uploaded(self, assignment: str, limit: int, token: str | None) -> UploadedPage:
        """Return names, sizes (bytes) and ETags of the uploaded blank exam, piles and scans, split or not.

        Raises
        ------
        RequestError
            If the assignment's name is invalid, or the token did not come from this list.
        """
        folder = object_keys.material(check_assignment(assignment), "")
        start = place_of(token)
        prefixes = object_keys.blank_exam(assignment), object_keys.piles(assignment), object_keys.scans(assignment)
        stored = chain.from_iterable(map(self.objects.list, prefixes))
        found = list(islice(stored, start, start + limit + 1))
        files = (
            UploadedFile(name=each.key.removeprefix(folder), size=each.size, etag=each.etag) for each in found[:limit]
        )
        return UploadedPage(files=tuple(files), next_token=str(start + limit) if len(found) > limit else None)

    def uploads(self, assignment: str, request: UploadRequest, caller: str = "") -> UploadResponse:
        """Return an upload form for each file, bound to its key, content type and size.

        What a person writes keeps who uploaded it: ``caller`` is the ARN that signed the request.

        Raises
        ------
        RequestError
            If the assignment's name or a file's name is invalid.
        """
        check_assignment(assignment)
        by = signed_by(caller)
        forms = (self._presign(assignment, file.name, file.size, by) for file in request.files)
        return UploadResponse(uploads=tuple(forms))

    def _exists(self, key: str) -> bool:
        return any(stored.key == key for stored in self.objects.list(key))

    def _presign(self, assignment: str, name: str, size: int, by: str) -> PresignedPost:
        content_type, key = check_upload(name), object_keys.material(assignment, name)
        url, fields = self.objects.presign_post(key, content_type, size, by if name in set(WrittenFile) else "")
        return PresignedPost(name=name, url=url, fields=fields)

    def _pending(self, run: Run, limit: int, token: str | None) -> TaskPage:
        try:
            items = read_items(self.objects, run.run_id, run.stage)
        except ObjectNotFoundError:  # not planned yet
            return TaskPage(tasks=())
        ended = {row.task_id for row in self.tasks.rows(run.run_id, run.stage)}
        places = range(place_of(token), len(items))  # a token is an index of all items, as tasks end between two pages
        pending = [place for place in places if items[place].task_id not in ended]
        shown = [items[place] for place in pending[:limit]]
        following = pending[limit : limit + 1]
        return TaskPage(
            tasks=tuple(
                TaskView(task_id=item.task_id, stage=run.stage, status=TaskStatus.PENDING, refs=item.refs)
                for item in shown
            ),
            next_token=str(following[0]) if following else None,
        )


def _in_order(run: Run) -> list[str]:
    """Return the names of the stages that a run has begun, also of stages that its pipeline no longer has."""
    order = stages_of(run.pipeline)
    begun = sorted(run.stages, key=lambda name: order.index(name) if name in order else len(order))
    return sorted(begun, key=lambda name: run.stages[name].started_at or run.created_at)


def _usage_view(usage: Usage) -> UsageView:
    priced = usage.calls - usage.unpriced_calls
    known = usage.cost_usd if priced or not usage.calls else None
    return UsageView(**usage.model_dump() | {"cost_usd": known})


def _task_view(row: TaskRow) -> TaskView:
    return TaskView(**row.model_dump(include=set(TaskView.model_fields)))


def _eta(run: Run, now: datetime) -> float | None:
    counts = run.stages.get(run.stage)
    if not run.active or counts is None or counts.started_at is None or counts.ended_at is not None:
        return None
    done = counts.ended - counts.done_before
    if done <= 0:
        return None
    return round((now - counts.started_at).total_seconds() / done * (counts.total - counts.ended), 1)
