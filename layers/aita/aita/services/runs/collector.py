"""Collection of a stage: exact counts, gathered results, and the run's next stage or end."""

import json
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from aita.concurrency import map_concurrently
from aita.errors import ConflictError, RequestError
from aita.models.run import CollectResponse, Item, Run, RunStatus, StageEvent, TaskRow, TaskStatus
from aita.ports import Clock, ObjectStore, RunStore, TaskStore
from aita.services.assignments import object_keys
from aita.services.runs.pipelines import REVIEW_AFTER, next_stage, stage_of
from aita.services.runs.planner import MANIFEST, read_items
from aita.services.runs.task_recorder import TaskFile
from aita.services.stages.base import Gathered
from aita.services.stages.encoded_artifact import EncodedArtifact

logger = logging.getLogger(__name__)

_CONCURRENT_IO = 16  # results read from S3, or rows written
_READ_AHEAD = 20 * _CONCURRENT_IO  # results in memory before they are gathered
_UNRECORDED = (
    "FunctionStopped",
    "the function that ran this task stopped unexpectedly and recorded no end: resume the run to try again",
)
_LAMBDA_ERROR = "Lambda."  # prefix that Step Functions gives to Lambda's own errors
_REVIEW = "check the questions, the answer keys and the rubrics, upload what you change, then resume the run"
_SUPERSEDED = (
    "another run has done stage {stage} from newer material, and its results are kept: resume this run to do "
    "the stage again with the present material"
)
_HALTED = (RunStatus.HALTED, RunStatus.BUDGET_REACHED)


@dataclass(frozen=True, slots=True)
class Collector:
    """Collects stages."""

    runs: RunStore
    tasks: TaskStore
    objects: ObjectStore
    clock: Clock

    def collect(self, event: StageEvent) -> CollectResponse:
        """Recount a stage from its items and rows, write its artifacts, and return the next stage or the end.

        The status of the Map is ignored: an item without a SUCCEEDED row has failed.
        """
        run = self.runs.get(event.run_id)
        if run.attempt != event.attempt:
            return self._response(event, run)
        if not run.active:
            self._update_stopped(event, run)
            return self._response(event, run)
        try:
            run, succeeded = self._recount(run, event.stage)
        except RequestError as refusal:
            return self._end(event, run, RunStatus.FAILED, str(refusal))
        following = next_stage(run.pipeline, event.stage, read_names=run.settings.read_names)
        if following is not None and event.stage == REVIEW_AFTER and run.settings.review and not run.reviewed:
            return self._end(event, run, RunStatus.WAITING_FOR_REVIEW, _REVIEW)
        goes_on = succeeded or not run.stages[event.stage].failed or not stage_of(event.stage).is_needed
        if following is not None and goes_on:
            self.runs.summarise(run)
            return CollectResponse(run_id=run.run_id, attempt=event.attempt, stage=following, status=RunStatus.RUNNING)
        return self._end(event, run, *_verdict(run))

    def _end(self, event: StageEvent, run: Run, status: RunStatus, reason: str) -> CollectResponse:
        run = self.runs.end(run.run_id, event.attempt, status, reason)
        self.runs.summarise(run)
        logger.info("run %s ended: %s", run.run_id, run.status)
        return self._response(event, run)

    def _update_stopped(self, event: StageEvent, run: Run) -> None:
        """Update a stopped run's summary and, if its stage gathers halted runs, gather the results so far."""
        if run.status in _HALTED and event.stage in run.stages and stage_of(event.stage).gathers_halted:
            run, _ = self._recount(run, event.stage)
        self.runs.summarise(run)

    def _recount(self, run: Run, stage: str) -> tuple[Run, int]:
        """Set a stage's exact counts and write its artifacts; return the run and the number of succeeded items.

        Raises
        ------
        RequestError
            If the stage refuses to gather. It then has counts, but no end.
        """
        items = read_items(self.objects, run.run_id, stage)
        rows = {row.task_id: row for row in self.tasks.rows(run.run_id)}
        if run.active:
            rows |= self._fail_unrecorded(run, stage, [item for item in items if item.task_id not in rows], rows)
        ended = [rows[item.task_id].status for item in items if item.task_id in rows]
        succeeded = ended.count(TaskStatus.SUCCEEDED)
        failed = (len(items) if run.active else len(ended)) - succeeded  # items that a stop left out have not failed
        counts = run.stages[stage].model_copy(update={"succeeded": succeeded, "failed": failed})
        usage = sum((row.usage for row in rows.values()), run.removed_usage)
        try:
            self._gather(run, stage, items, rows)
        except RequestError:
            self.runs.finish_stage(run.run_id, stage, counts, usage)
            raise
        counts = counts.model_copy(update={"ended_at": self.clock()})
        return self.runs.finish_stage(run.run_id, stage, counts, usage), succeeded

    def _fail_unrecorded(self, run: Run, stage: str, items: list[Item], rows: dict[str, TaskRow]) -> dict[str, TaskRow]:
        """Record items without a row as failed, and return their rows.

        The state machine's Catch records only the first item of a shared call.
        """
        of_lambda = self._errors_of_lambda(run, stage, rows) if items else {}

        def fail(item: Item) -> TaskRow | None:
            error_type, error_message = of_lambda.get(item.task_id, _UNRECORDED)
            row = TaskRow(
                task_id=item.task_id,
                stage=stage,
                status=TaskStatus.FAILED,
                attempt=run.attempt,
                error_type=error_type,
                error_message=error_message,
                refs=item.refs,
                ended_at=self.clock(),
            )
            return row if self.tasks.record(run.run_id, row) else None

        return {row.task_id: row for row in map_concurrently(fail, items, _CONCURRENT_IO) if row is not None}

    def _errors_of_lambda(self, run: Run, stage: str, rows: dict[str, TaskRow]) -> dict[str, tuple[str, str]]:
        """Return the Lambda error of each failed shared call, by the ids of all of its items but the first.

        The error is in the row of the first item.
        """
        calls = json.loads(self.objects.get(object_keys.stage_file(run.run_id, stage, MANIFEST)))
        return {
            other["task_id"]: (row.error_type, row.error_message)
            for call in calls
            if (row := rows.get(call["task_id"])) and row.attempt == run.attempt
            if row.error_type.startswith(_LAMBDA_ERROR)
            for other in call.get("batch", ())
        }

    def _gather(self, run: Run, stage: str, items: list[Item], rows: dict[str, TaskRow]) -> None:
        gathering = stage_of(stage)
        artifacts = gathering.gather_all(
            self._read_results(run, stage, items, rows),
            lambda name: self.objects.get(object_keys.stage_file(run.run_id, stage, name)),
        )
        made_from = run.stages[stage].started_at or run.created_at  # when Plan read the material
        for name, artifact in artifacts.items():
            key = gathering.artifact_key(run.assignment, run.run_id, name)
            data = artifact.end() if isinstance(artifact, EncodedArtifact) else _encoded(artifact)
            if not self.objects.put_unless_newer(key, data, made_from):
                raise ConflictError(_SUPERSEDED.format(stage=stage))

    def _read_results(self, run: Run, stage: str, items: list[Item], rows: dict[str, TaskRow]) -> Iterator[Gathered]:
        def read(item: Item) -> Gathered:
            ended = Gathered(item, rows.get(item.task_id))
            if not ended.succeeded:
                return ended
            data = self.objects.get(object_keys.result(run.run_id, stage, item.task_id))
            file = TaskFile.model_validate_json(data)
            return Gathered(item, ended.row, file.result, file.lacks)

        with ThreadPoolExecutor(_CONCURRENT_IO) as readers:
            for first in range(0, len(items), _READ_AHEAD):  # a pool reads ahead all that it is given
                yield from readers.map(read, items[first : first + _READ_AHEAD])

    def _response(self, event: StageEvent, run: Run) -> CollectResponse:
        status = run.status if run.attempt == event.attempt else RunStatus.CANCELLED
        reason = run.reason if run.attempt == event.attempt else "a later attempt has begun"
        return CollectResponse(**event.model_dump(), status=status, reason=reason or status)


def _encoded(artifact: Any) -> bytes:
    return json.dumps(artifact, ensure_ascii=False, indent=1).encode()


def _verdict(run: Run) -> tuple[RunStatus, str]:
    failed = sum(counts.failed for counts in run.stages.values())
    last = run.stages[run.stage]
    if not failed:
        return RunStatus.SUCCEEDED, ""
    reason = f"{failed} of {sum(counts.total for counts in run.stages.values())} tasks failed"
    if last.failed and not last.succeeded:
        return RunStatus.FAILED, f"{reason}: nothing of stage {run.stage} succeeded"
    return RunStatus.PARTIAL, f"{reason}: see them with their reasons, then resume"
