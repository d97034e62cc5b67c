"""Start, resume and cancellation of runs."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from ulid import ULID

from aita.errors import ConflictError, NotFoundError, RequestError, StackError
from aita.models.api import StartRunRequest
from aita.models.model_role import ModelRole
from aita.models.names import check_assignment
from aita.models.provider_batch import BatchUse
from aita.models.run import Run, RunSettings, RunStatus
from aita.ports import BatchInvoker, Clock, Executions, ObjectStore, RunStore
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.grading.grading_settings import graded_before
from aita.services.runs.pipelines import asking_alike, first_stage, stage_of, stages_of
from aita.services.runs.unknown_prices import tell_price
from aita.services.stages.base import LLMStage
from aita.services.stages.grade import GradeStage

logger = logging.getLogger(__name__)

QUIET = timedelta(seconds=30)
"""Time without a change after which a run's execution is checked."""

_EXECUTION_LOST = "its execution is no longer there: resume the run"


@dataclass(frozen=True, slots=True)
class RunControl:
    """Operations of people on runs.

    ``defaults`` are the settings of the deployed stack, and ``unpriced`` the roles whose model has no known price.
    """

    runs: RunStore
    objects: ObjectStore
    executions: Executions
    batches: BatchInvoker
    clock: Clock
    defaults: RunSettings
    unpriced: frozenset[ModelRole | None] = frozenset()

    def start(self, request: StartRunRequest) -> Run:
        """Start a run.

        Raises
        ------
        RequestError
            If the assignment's name, the pipeline or an option is invalid, or material is missing.
        ConflictError
            If a run of this assignment and pipeline is active, or one of another pipeline that would pay for the same
            requests in a provider's batch; if one that has ended left such a batch; or if an option differs from the
            deployed stack.
        StackError
            If its execution can't be started; the run is FAILED then.
        """
        assignment = check_assignment(request.assignment)
        stages = stages_of(request.pipeline)
        material = AssignmentFiles(self.objects, assignment)
        settings = self._settings(request, graded_before(material) if any(map(_grades, stages)) else {})
        made: frozenset[str] = frozenset()
        for stage in map(stage_of, stages):
            stage.require(material, made)
            made |= {*stage.artifacts}
        if settings.cells:
            _check_cells(request.pipeline, material, settings.cells)
        now = self.clock()
        run = Run(
            run_id=str(ULID.from_datetime(now)),
            assignment=assignment,
            pipeline=request.pipeline,
            status=RunStatus.RUNNING,
            attempt=1,
            stage=_first_stage(request.pipeline, material),
            settings=settings,
            created_at=now,
            updated_at=now,
        )
        self._check_batches(run)
        self.runs.create(run, self._replaceable(run))
        return self._execute(run)

    def get(self, run_id: str) -> Run:
        """Return a run. After QUIET without a change, its execution is checked as ``current`` does.

        Raises
        ------
        NotFoundError
            If there is no such run.
        """
        run = self.runs.get(run_id)
        quiet = self.clock() - run.updated_at > QUIET
        return self.current(run) if quiet else run

    def resume(self, run_id: str, max_cost_usd: Decimal | None = None) -> Run:
        """Start the next attempt, which executes only failed and missing tasks.

        Parameters
        ----------
        max_cost_usd
            New cap of the run's cost; ``None`` keeps the present one.

        Raises
        ------
        NotFoundError
            If there is no such run.
        ConflictError
            If the run, or another one of its assignment and pipeline, is active, or one of another pipeline as for
            ``start``.
        StackError
            As for ``start``.
        """
        run = self.current(self.runs.get(run_id))
        if run.active:
            raise ConflictError(f"run {run_id} is running: cancel it first, or wait until it ends")
        self._check_batches(run)
        replaces = self._replaceable(run)
        settings, reviewed = run.settings, run.reviewed or run.status is RunStatus.WAITING_FOR_REVIEW
        if max_cost_usd is not None:
            settings = settings.model_copy(update={"max_cost_usd": max_cost_usd})
            self._check_cap(settings, run.pipeline)
        if run.execution_arn:  # if a cancel did not stop it, its items still wait for Lambda
            self.executions.stop(run.execution_arn)
        now = self.clock()
        changes = {
            "settings": settings,
            "reviewed": reviewed,
            "committed_usd": run.usage.cost_usd,
            "status": RunStatus.RUNNING,
            "attempt": run.attempt + 1,
            "stage": _first_stage(run.pipeline, AssignmentFiles(self.objects, run.assignment)),
            "stages": {},
            "reason": "",
            "error_type": "",
            "wait_reason": "",
            "batch_progress": None,
            "execution_arn": "",
            "ended_at": None,
            "updated_at": now,
        }
        run = run.model_copy(update=changes)
        self.runs.restart(run, replaces)
        return self._execute(run)

    def cancel(self, run_id: str) -> Run:
        """End a run. Functions start no new call after at most 5 s, and its batches are cancelled at the provider.

        A cancelled run is cancelled once more, as the first request's answer, or its end, may have been lost; and one
        that has ended otherwise, if it left a batch at the provider.

        Raises
        ------
        NotFoundError
            If there is no such run.
        ConflictError
            If the run has already ended otherwise, and left no batch.
        """
        run = self.runs.get(run_id)
        if run.active:
            run = self.runs.end(run_id, run.attempt, RunStatus.CANCELLED, "cancelled")
        elif run.has_left_batch:
            run = self.runs.cancel_ended(run_id, run.attempt, "cancelled")
        elif run.status is not RunStatus.CANCELLED:
            raise ConflictError(f"run {run_id} is not running: it is {run.status}")
        if run.settings.provider_batch is not BatchUse.NEVER:
            self.batches.invoke(run)  # before the execution ends, which cancels them later if this fails
        if run.execution_arn:
            self.executions.stop(run.execution_arn)
        self.runs.summarise(run)
        return run

    def current(self, run: Run) -> Run:
        """Return the run's true state: a run that is RUNNING without an execution is ended as FAILED first."""
        if not run.active or self._has_execution(run):
            return run
        run = self.runs.get(run.run_id)  # the run may have ended between the two reads
        if run.active:
            run = self.runs.end(run.run_id, run.attempt, RunStatus.FAILED, _EXECUTION_LOST)
            self.runs.summarise(run)
        return run

    def _has_execution(self, run: Run) -> bool:
        running = self.executions.is_running(run.execution_arn) if run.execution_arn else None
        if running is None:  # it is being started, was started just now, or is lost
            return self.clock() - run.updated_at <= QUIET
        return running

    def _execute(self, run: Run) -> Run:
        try:
            self._check_batches(run)  # once more: of two that start at once, each sees the other by now
        except ConflictError as conflict:
            self.runs.end(run.run_id, run.attempt, RunStatus.CANCELLED, str(conflict))
            raise
        try:
            execution_arn = self.executions.start(run)
        except StackError as error:  # one that has started in spite of it finds that the run has ended
            self.runs.summarise(self.runs.end(run.run_id, run.attempt, RunStatus.FAILED, str(error)))
            raise
        self.runs.set_execution(run.run_id, run.attempt, execution_arn)
        run = run.model_copy(update={"execution_arn": execution_arn})
        self.runs.summarise(run)
        logger.info("started attempt %d of run %s", run.attempt, run.run_id)
        return run

    def _replaceable(self, run: Run) -> str | None:
        """Return the id of the ended run that a new or resumed one replaces as the active run, if there is one."""
        active = self.runs.active(run.assignment, run.pipeline)
        if active is None:
            return None
        other = self.current(self.runs.get(active))
        if other.active:
            raise ConflictError(
                f"run {active} of {run.assignment} / {run.pipeline} is active: watch it (aita watch {active}) "
                f"or cancel it (aita cancel {active})"
            )
        if active != run.run_id:
            _check_no_batch_is_left(other)
        return active

    def _check_batches(self, run: Run) -> None:
        """Check that no other run has requests of this one in a batch, for which no reply is stored for a day."""
        for pipeline in asking_alike(run.pipeline):
            active = self.runs.active(run.assignment, pipeline)
            if active is None:
                continue
            other = self.current(self.runs.get(active))
            if not other.active:
                _check_no_batch_is_left(other)
            elif any(each.settings.provider_batch is not BatchUse.NEVER for each in (run, other)):
                raise ConflictError(
                    f"run {active} of {run.assignment} / {pipeline} is active and has requests of this one, which "
                    f"batches at the provider would pay twice: watch it (aita watch {active}) or cancel it "
                    f"(aita cancel {active})"
                )

    def _settings(self, request: StartRunRequest, before: dict[str, Any]) -> RunSettings:
        given = before | request.options.model_dump(exclude_none=True)
        for name, variable, parameter in (
            ("max_workers", "AITA_MAX_WORKERS", "MaxConcurrency"),
            ("model", "AITA_MODEL", "ModelName"),
            ("reader_model", "AITA_READER_MODEL", "ReaderModel"),
            ("grader_model", "AITA_GRADER_MODEL", "GraderModel"),
            ("reasoning_effort", "AITA_REASONING_EFFORT", "ReasoningEffort"),
        ):
            deployed = getattr(self.defaults, name)
            if name in given and given[name] != deployed:
                raise ConflictError(
                    f"{variable} is {given[name]} and the stack is deployed with {deployed or 'none'}: deploy it again "
                    f"(aita local up, or sam deploy --parameter-overrides {parameter}={given[name]}), or unset it"
                )
        settings = self.defaults.model_copy(update=given)
        self._check_cap(settings, request.pipeline)
        return settings

    def _check_cap(self, settings: RunSettings, pipeline: str) -> None:
        if settings.max_cost_usd is None or not self.unpriced:
            return
        for stage in map(stage_of, stages_of(pipeline)):
            if isinstance(stage, LLMStage) and stage.model_role in self.unpriced:
                model = settings.model_of(stage.model_role)
                raise RequestError(
                    f"the price of {model} is not known, so a cap on the run's cost can't be kept: leave out "
                    f"--max-cost and AITA_MAX_COST_USD, or {tell_price(model)}"
                )


def _check_cells(pipeline: str, material: AssignmentFiles, cells: Sequence[str]) -> None:
    if pipeline != GradeStage.name:
        raise RequestError(f"cells are answers to grade, and belong to the pipeline grade, not to {pipeline}")
    graded = {cell.cell_id for each in material.grades().values() for cell in each.values()}
    if unknown := [each for each in cells if each not in graded]:
        raise NotFoundError(f"assignment {material.assignment} has no graded answer {unknown[0]}: grade it as a whole")


def _check_no_batch_is_left(ended: Run) -> None:
    if ended.has_left_batch and ended.batch_progress is not None:
        raise ConflictError(
            f"run {ended.run_id} of {ended.assignment} / {ended.pipeline} has ended, and its batch of "
            f"{ended.batch_progress.total} requests is still at the provider, and is paid: take its replies "
            f"(aita resume {ended.run_id}) or cancel it (aita cancel {ended.run_id})"
        )


def _grades(stage: str) -> bool:
    return isinstance(stage_of(stage), GradeStage)


def _first_stage(pipeline: str, material: AssignmentFiles) -> str:
    has_pile = next(material.objects.list(object_keys.piles(material.assignment)), None) is not None
    return first_stage(pipeline, has_pile=has_pile)
