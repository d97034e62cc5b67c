"""Planning of a stage: its items, except those that are done."""

import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from pydantic import BaseModel

from aita.errors import RequestError
from aita.models.provider_batch import BatchUse
from aita.models.run import (
    Item,
    Manifest,
    PlanResponse,
    Refs,
    Run,
    RunStatus,
    StageCounts,
    StageEvent,
    TaskRow,
    TaskStatus,
    Usage,
)
from aita.ports import Clock, DecisionStore, ObjectStore, RunStore, TaskStore
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.compliance.retention import rows_expire_at
from aita.services.runs.older_transcriptions import OlderTranscriptions
from aita.services.runs.pipelines import stage_of
from aita.services.stages.base import INPUTS, LLMStage, Stage
from aita.services.stages.transcribe import TranscriptionInputs
from aita.tasks.batchable import group

logger = logging.getLogger(__name__)

ITEMS, MANIFEST = "items", "manifest"
"""Files of a stage beside its inputs: all of its items, and the items that this attempt's Map executes."""


@dataclass(frozen=True, slots=True)
class Planner:
    """Plans stages.

    Parameters
    ----------
    functions
        ARN of each function that executes items, by its name in ``Stage.function``.
    retention_days
        Lifetime of runs' rows and objects.
    """

    runs: RunStore
    tasks: TaskStore
    objects: ObjectStore
    clock: Clock
    functions: dict[str, str]
    retention_days: int
    decisions: DecisionStore

    def plan(self, event: StageEvent) -> PlanResponse:
        """Write the stage's items and the manifest of remaining ones; return the manifest's key and their number.

        A cancelled run or superseded attempt has no remaining items.
        """
        run = self.runs.get(event.run_id)
        stage = stage_of(event.stage)
        todo: list[Item] = []
        if run.active and run.attempt == event.attempt:
            try:
                todo = self._write(run, stage)
            except RequestError as error:  # the material has become invalid since the run was started
                self.runs.end(run.run_id, run.attempt, RunStatus.FAILED, str(error))
        return PlanResponse(
            **event.model_dump(),
            count=len(todo),
            manifest=Manifest(bucket=self.objects.bucket, key=object_keys.stage_file(run.run_id, stage.name, MANIFEST)),
            function=self.functions[stage.function],
            expires_at=rows_expire_at(self.clock(), self.retention_days),
            provider_batch=run.settings.provider_batch is not BatchUse.NEVER and stage.goes_to_batches,
        )

    def _write(self, run: Run, stage: Stage) -> list[Item]:
        started_at = self.clock()
        material = AssignmentFiles(self.objects, run.assignment, self.decisions)
        plan = stage.plan(material, run.settings)
        items = make_items(run, stage, plan.refs, plan.inputs)
        if isinstance(plan.inputs, TranscriptionInputs) and run.attempt > 1 and run.settings.enable_checkpointing:
            older = OlderTranscriptions(self.tasks, self.objects)
            older.adopt(run.run_id, run.attempt, items, plan.inputs.questions)
        ended, removed = self._remove_unwanted(run, stage, {item.task_id for item in items})
        left = [item for item in items if item.task_id not in ended]
        todo = _group_items(stage, left, plan.inputs, run.settings.batch_size)
        every = _dump(items)
        files = plan.files | {
            INPUTS: plan.inputs.model_dump_json().encode(),
            ITEMS: every,
            MANIFEST: every if len(todo) == len(items) else _dump(todo),
        }
        for name, data in files.items():
            self.objects.put(object_keys.stage_file(run.run_id, stage.name, name), data)
        succeeded = sum(status is TaskStatus.SUCCEEDED for status in ended.values())
        counts = StageCounts(
            total=len(items),
            succeeded=succeeded,
            failed=len(ended) - succeeded,
            done_before=len(ended),
            started_at=started_at,
        )
        self.runs.begin_stage(run.run_id, stage.name, counts, run.removed_usage + removed)
        logger.info("planned stage %s of run %s: %d of %d tasks", stage.name, run.run_id, len(left), len(items))
        return todo

    def _remove_unwanted(self, run: Run, stage: Stage, wanted: set[str]) -> tuple[dict[str, TaskStatus], Usage]:
        """Return the status of each task that need not run again; remove rows of unwanted tasks and return their usage.

        Without checkpointing every task runs again, so that all rows of earlier attempts are unwanted.
        """
        if run.attempt == 1:
            return {}, Usage()
        rows: list[TaskRow] = list(self.tasks.rows(run.run_id, stage.name))
        if not run.settings.enable_checkpointing:
            wanted = set()
        removed = [row for row in rows if row.task_id not in wanted]
        self.tasks.remove(run.run_id, [row.task_id for row in removed])
        ended: dict[str, TaskStatus] = {
            row.task_id: row.status for row in rows if row.task_id in wanted and _keeps(run, row.status)
        }
        return ended, sum((row.usage for row in removed), Usage())


def _group_items(stage: Stage, items: list[Item], inputs: BaseModel, size: int) -> list[Item]:
    """Return the items, with the members of each shared call merged into one; at most ``size`` share a call."""
    if size == 1 or not isinstance(stage, LLMStage) or not stage.batchable:
        return items
    groups = group([stage.task(item.refs, inputs) for item in items], size)
    return [
        items[first].model_copy(update={"batch": tuple(items[place] for place in others)}) for first, *others in groups
    ]


def make_items(run: Run, stage: Stage, refs: Iterable[Refs], inputs: BaseModel) -> list[Item]:
    """Return a stage's items. Each id is a hash of the assignment, the item's refs and the digest of its work."""
    model = run.settings.model_of(stage.model_role if isinstance(stage, LLMStage) else None)
    return [
        Item(task_id=item_id(run.assignment, stage, ref, stage.digest(ref, inputs, model)), refs=ref) for ref in refs
    ]


def read_items(objects: ObjectStore, run_id: str, stage: str) -> list[Item]:
    """Return all items of a planned stage.

    Raises
    ------
    ObjectNotFoundError
        If the stage is not planned.
    """
    data: list[dict[str, Any]] = json.loads(objects.get(object_keys.stage_file(run_id, stage, ITEMS)))
    return [Item.model_construct(**item) for item in data]  # validated by Plan, which wrote them


def _keeps(run: Run, status: TaskStatus) -> bool:
    return status is TaskStatus.SUCCEEDED or not run.settings.retry_failed_tasks


def item_id(assignment: str, stage: Stage, refs: Refs, digest: str) -> str:
    """Return an item's id, which reveals nothing but the stage."""
    place = json.dumps([assignment, stage.name, sorted(refs.items()), digest])
    return f"{stage.name}-{sha256(place.encode()).hexdigest()[:32]}"


def _dump(items: list[Item]) -> bytes:
    return b"[" + b",\n".join(item.model_dump_json(exclude_defaults=True).encode() for item in items) + b"]"
