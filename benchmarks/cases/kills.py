"""Kills of the executor in process in the middle of a run, with a resume: answered tasks are not asked again."""

import tempfile

from benchmarks.harness.client_runs import run_once, started
from benchmarks.harness.clients import Job, Outcome
from benchmarks.harness.model_server import Model, simulated_model
from benchmarks.harness.results_table import Case, Limit, say

TASKS, CONCURRENCY = 200, 20
SHARES = (0.25, 0.50, 0.75)
PATIENCE = 30.0


def measure() -> list[Case]:
    """Kill a run at each share of its tasks, and compare the results of its resume with an undisturbed run's."""
    with simulated_model() as model:
        say("the executor in process, undisturbed")
        undisturbed = _resume(model, "")
        return [_killed(model, share, undisturbed) for share in SHARES]


def _killed(model: Model, share: float, undisturbed: Outcome) -> Case:
    name = f"in process, {TASKS} tasks, {CONCURRENCY} at once, kill -9 at {share:.0%}"
    say(name)
    model.control(reset_stats=True)
    with tempfile.TemporaryDirectory(prefix="aita-bench-") as checkpoints:
        with started("aita", _job(model, checkpoints)) as process:
            model.wait_until(lambda counted: counted.replies >= share * TASKS, PATIENCE)
            process.kill()
            process.wait()
        model.wait_until(lambda counted: counted.in_flight == 0, PATIENCE)
        resumed = _resume(model, checkpoints)
    repeated = model.stats().replies - TASKS
    return Case(
        name,
        f"{repeated} calls repeated",
        f"{CONCURRENCY} in flight at the kill",
        limits=(
            Limit("repeated", repeated, CONCURRENCY),
            Limit("lost", TASKS - resumed.right, 0),
            Limit("other results", int(resumed.digest != undisturbed.digest), 0),
        ),
    )


def _resume(model: Model, checkpoints: str) -> Outcome:
    """Run the tasks that are missing in a checkpoint; without one, all tasks."""
    return run_once("aita", _job(model, checkpoints, resume=bool(checkpoints)))


def _job(model: Model, checkpoints: str, *, resume: bool = False) -> Job:
    return Job(model.base_url, tasks=TASKS, concurrency=CONCURRENCY, checkpoints=checkpoints, resume=resume)
