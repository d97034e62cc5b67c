"""Seconds that calls of the model took in earlier runs, by stage and model."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from math import ceil

from aita.errors import NotFoundError, RequestError
from aita.models.names import RESERVED
from aita.models.provider_batch import BatchUse
from aita.models.run import Run, RunSummary
from aita.ports import ObjectStore, RunStore
from aita.services.runs.pipelines import stage_of
from aita.services.stages.base import LLMStage

_OWN_RUNS, _OTHERS = 10, 5
"""Runs of the assignment, and further assignments of which the newest run is looked at: each takes requests."""

_FEWEST_CALLS = 5
_CACHED = 0.1  # share of a run's calls, above which its stages were faster than calls are
_FAILED = 0.1  # share of a stage's tasks, above which its calls were no usual ones: refused at once, or tried for long


@dataclass(frozen=True, slots=True)
class StageHistory:
    """Earlier runs of the stack."""

    runs: RunStore
    objects: ObjectStore

    def seconds_per_call(self, assignment: str) -> dict[tuple[str, str], float]:
        """Return the seconds of a call by stage and model; the assignment's own newest run counts before others'.

        It is a stage's time over the rounds of calls that its run could make at once, with all that the rate limiter,
        retries and the functions' starts took.
        """
        found: dict[tuple[str, str], float] = {}
        for run in self._runs(assignment):
            for key, seconds in _of_run(run):
                found.setdefault(key, seconds)
        return found

    def _runs(self, assignment: str) -> Iterator[Run]:
        own, _ = self.runs.list(assignment, _OWN_RUNS, None)
        yield from self._read(own)
        others = (name for name in self.objects.folders() if name not in RESERVED and name != assignment)
        newest = [run for name in islice(others, _OTHERS) for run in self.runs.list(name, 1, None)[0]]
        yield from self._read(sorted(newest, key=lambda run: run.created_at, reverse=True))

    def _read(self, summaries: list[RunSummary]) -> Iterator[Run]:
        for summary in summaries:
            try:
                yield self.runs.get(summary.run_id)
            except NotFoundError:  # the row expired before its summary
                continue


def _of_run(run: Run) -> Iterator[tuple[tuple[str, str], float]]:
    settings, usage = run.settings, run.usage
    if settings.provider_batch is not BatchUse.NEVER or usage.cached_calls > _CACHED * usage.calls:
        return
    for name, counts in run.stages.items():
        stage = _stage(name)
        if stage is None or counts.started_at is None or counts.ended_at is None:
            continue
        if counts.failed > _FAILED * counts.ended:
            continue
        tasks = counts.ended - counts.done_before
        calls = ceil(tasks / settings.batch_size) if stage.batchable else tasks
        if calls >= _FEWEST_CALLS:
            rounds = ceil(calls / settings.max_workers)
            seconds = (counts.ended_at - counts.started_at).total_seconds() / rounds
            yield (name, settings.model_of(stage.model_role)), seconds


def _stage(name: str) -> LLMStage | None:
    try:
        stage = stage_of(name)
    except RequestError:  # a stage that this version has no more
        return None
    return stage if isinstance(stage, LLMStage) else None
