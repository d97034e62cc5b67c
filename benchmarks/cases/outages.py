"""Results with a model that is much slower than its callers, and with one that is down for a minute: none are lost."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from benchmarks.cases.limits import Scene, run
from benchmarks.harness.client_runs import PEERS, Run, Runs, run_once
from benchmarks.harness.clients import Job
from benchmarks.harness.model_server import simulated_model
from benchmarks.harness.results_table import Case, Limit, say

FIVE = Scene(rps=5, tasks=200, concurrency=50)
IDEAL = (FIVE.tasks - FIVE.rps) / FIVE.rps
DOWN_SECONDS = 60
DOWN_TASKS, DOWN_CONCURRENCY = 200, 10


def measure() -> list[Case]:
    """Measure all cases concurrently, as they mostly wait."""
    say(f"{FIVE.name}, and a model that is down for {DOWN_SECONDS} s, all at once")
    works: list[Callable[[], Case]] = [
        lambda: _five("aita", f"{FIVE.name}: told nothing", 0, 0),
        lambda: _five("aita", f"{FIVE.name}: told 5", 5, 0),
        *(lambda client=client: _five(client, f"peer: {PEERS[client]}", 0, None) for client in PEERS),
        _down,
    ]
    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(lambda work: work(), works))


def _five(client: str, name: str, rate: float, lost: float | None) -> Case:
    runs = Runs([run(FIVE, client, rate)], FIVE.tasks)
    limits = (runs.lost_at_most(lost), runs.refused_at_most(None))
    return Case(name, runs.summary, f"ideal {IDEAL:g} s", limits=limits)


def _down() -> Case:
    """Take the model down after half of the replies: each task must be answered exactly once."""
    with simulated_model() as model, ThreadPoolExecutor(1) as pool:
        model.control(reset_stats=True)
        job = Job(model.base_url, tasks=DOWN_TASKS, concurrency=DOWN_CONCURRENCY)
        running = pool.submit(run_once, "aita", job)
        model.wait_until(lambda counted: counted.replies >= DOWN_TASKS // 2, 30)
        model.control(down_for=DOWN_SECONDS)
        runs = Runs([Run(running.result(), model.stats())], DOWN_TASKS)
    twice = runs.runs[0].counted.replies - DOWN_TASKS
    return Case(
        f"down (503) for {DOWN_SECONDS} s in the middle of {DOWN_TASKS} tasks, {DOWN_CONCURRENCY} at once",
        runs.summary,
        f"{DOWN_SECONDS} s down",
        limits=(runs.lost_at_most(0), Limit("answered twice", twice, 0)),
    )
