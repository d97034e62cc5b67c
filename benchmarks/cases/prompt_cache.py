"""Use of a provider's prefix cache by prompts that begin alike, with and without scheduling of the calls."""

from benchmarks.harness.client_runs import Runs, perform
from benchmarks.harness.clients import Job
from benchmarks.harness.model_server import Model, simulated_model
from benchmarks.harness.results_table import Case, say

TASKS, CONCURRENCY, PREFIX_TOKENS = 40, 20, 1_500


def measure() -> list[Case]:
    """Run the same tasks with the scheduling on and off, each with an empty cache."""
    say("prefix cache")
    with simulated_model(prefix_cache=True) as model:
        on, off = _run(model, scheduled=True), _run(model, scheduled=False)
    share_on, share_off = _cached(on), _cached(off)
    return [
        Case(
            f"cached share of the prompts, {TASKS} tasks that share {PREFIX_TOKENS:,} tokens, {CONCURRENCY} at once",
            f"prefix_scheduling on: {share_on:.0%}, {on.seconds:.2f} s",
            f"off: {share_off:.0%}, {off.seconds:.2f} s",
            share_on / share_off,
            limits=(on.lost_at_most(0),),
        )
    ]


def _run(model: Model, *, scheduled: bool) -> Runs:
    job = Job(
        model.base_url,
        tasks=TASKS,
        concurrency=CONCURRENCY,
        prefix_tokens=PREFIX_TOKENS,
        prefix_scheduling=scheduled,
    )
    return Runs([perform(model, "aita", job)], TASKS)


def _cached(runs: Runs) -> float:
    counted = runs.runs[0].counted
    return counted.cached_tokens / counted.prompt_tokens
