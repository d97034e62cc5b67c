"""Overhead of the engine with many concurrent tasks, in process, beside the peers."""

from benchmarks.harness.client_runs import PEERS, Run, Runs, perform
from benchmarks.harness.clients import Job
from benchmarks.harness.model_server import simulated_model
from benchmarks.harness.results_table import Case, say

TASKS, CONCURRENCY, LATENCY = 2_000, 200, 0.5
IDEAL = TASKS * LATENCY / CONCURRENCY
BOUND, MEGABYTES = 1.05, 120.0
REPEATS = 3


def measure() -> list[Case]:
    """Measure the engine, with every task checkpointed, and the thread pool in turn, then the other peers once."""
    name = f"{TASKS:,} tasks at {LATENCY:g} s, {CONCURRENCY} at once, each checkpointed"
    ran: dict[str, list[Run]] = {client: [] for client in ("aita", *PEERS)}
    with simulated_model(latency=LATENCY) as model:
        for repeat in range(REPEATS):
            for client, mine in ran.items():
                if repeat == 0 or client in {"aita", "threads"}:
                    say(f"{name}: {client}")
                    job = Job(model.base_url, tasks=TASKS, concurrency=CONCURRENCY)
                    mine.append(perform(model, client, job))
    runs = {client: Runs(some, TASKS) for client, some in ran.items()}
    ours, pool = runs["aita"], runs["threads"]
    return [
        Case(
            f"{name}: time",
            ours.summary,
            f"{PEERS['threads']}: {pool.seconds:.2f} s",
            ours.seconds / pool.seconds,
            BOUND,
            at_least=False,
            limits=(ours.lost_at_most(0),),
        ),
        Case(
            "the same: peak memory",
            f"{ours.megabytes:.0f} MB",
            f"{MEGABYTES:g} MB",
            ours.megabytes / MEGABYTES,
            1.0,
            at_least=False,
        ),
        *(
            Case(
                f"peer: {peer}",
                f"{runs[client].summary}, {runs[client].megabytes:.0f} MB",
                f"ideal {IDEAL:g} s",
                runs[client].seconds / IDEAL,
                limits=(runs[client].lost_at_most(None),),
            )
            for client, peer in PEERS.items()
        ),
    ]
