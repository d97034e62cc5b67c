"""Work of the executor in process for each call, beside the peers, against a server that takes next to none.

The peers are measured in the same run and in turn; imports are left out of each client's time and processor time.
"""

import tempfile
from dataclasses import dataclass, replace

from benchmarks.harness.client_runs import PEERS, Outcomes, run_checkpointed, run_once
from benchmarks.harness.clients import Job, Outcome
from benchmarks.harness.model_server import measuring_server
from benchmarks.harness.results_table import Case, say

REPEATS = 5
PROCESSOR_MS = 0.7
"""Most processor time of a call, in milliseconds."""

MEGABYTES = 120.0

MANY = 20_000
"""Tasks of which memory holds all results."""

MANY_MEGABYTES = 100.0
"""Most memory of their process, with what it imports."""

RESUMED_MS = 0.04
"""Most processor time in which a task that is done is made and restored, in milliseconds."""


@dataclass(frozen=True, slots=True)
class Load:
    """Tasks, each with a checkpoint, and the bounds of aita's time.

    Parameters
    ----------
    latency
        Seconds of each call.
    of_ideal, of_flexllm
        Most time, as a share of what the latencies alone take, and of what flexllm takes.
    """

    tasks: int
    concurrency: int
    latency: float
    of_ideal: float | None
    of_flexllm: float

    @property
    def name(self) -> str:
        """Name for the table."""
        return f"{self.tasks:,} calls at {self.latency:g} s, {self.concurrency} at once, each checkpointed"

    @property
    def ideal(self) -> float:
        """Seconds that the latencies alone take."""
        return self.tasks * self.latency / self.concurrency


AT_ONCE = Load(2_000, 50, 0, of_ideal=None, of_flexllm=1 / 1.6)
LOADS = (AT_ONCE, Load(500, 50, 0.5, of_ideal=1.06, of_flexllm=1.0), Load(2_000, 200, 0.5, 1.15, of_flexllm=0.9))


def measure() -> list[Case]:
    """Measure the loads with aita and flexllm in turn, and with the other peers once."""
    return [case for load in LOADS for case in _cases(load)] + _many()


def _cases(load: Load) -> list[Case]:
    found = _measured(load)
    ours, flexllm = found["aita"], found["flexllm"]
    none_lost = (ours.lost_at_most(0),)
    cases = [
        Case(
            f"{load.name}: time",
            _summary(ours),
            f"flexllm: {_summary(flexllm)}",
            ours.seconds / flexllm.seconds,
            load.of_flexllm,
            at_least=False,
            limits=none_lost,
        )
    ]
    if load.of_ideal is None:
        spent = f"{ours.processor_ms:.2f} ms"
        limit = f"{PROCESSOR_MS:g} ms"
        ratio = ours.processor_ms / PROCESSOR_MS
        cases.append(Case("the same: processor time of a call", spent, limit, ratio, 1.0, at_least=False))
    else:
        ratio = ours.seconds / load.ideal
        cases.append(Case("the same", _summary(ours), f"ideal: {load.ideal:g} s", ratio, load.of_ideal, at_least=False))
    used = f"{ours.megabytes:.0f} MB"
    ratio = ours.megabytes / MEGABYTES
    cases.append(Case("the same: peak memory", used, f"{MEGABYTES:g} MB", ratio, 1.0, at_least=False))
    for client, peer in PEERS.items():
        theirs = found[client]
        ratio = theirs.seconds / load.ideal if load.ideal else theirs.seconds / ours.seconds
        against = f"ideal: {load.ideal:g} s" if load.ideal else f"aita: {ours.seconds:.2f} s"
        limits = (theirs.lost_at_most(None),)
        cases.append(Case(f"peer: {peer}", _summary(theirs), against, ratio, limits=limits))
    return cases


def _many() -> list[Case]:
    """Measure many tasks with short prompts, and a resume when all of them are done."""
    name = f"{MANY:,} short tasks, each checkpointed"
    with (
        measuring_server(0, MANY, short=True) as base_url,
        tempfile.TemporaryDirectory(prefix="aita-bench-") as checkpoints,
    ):
        job = Job(base_url, tasks=MANY, concurrency=50, checkpoints=checkpoints, short=True)
        say(name)
        first = Outcomes([run_once("aita", job)], MANY)
        resumed = Outcomes([run_once("aita", replace(job, resume=True)) for _ in range(REPEATS)], MANY)
        say(f"{name}: asyncio with openai")
        peer = run_once("gathered", replace(job, checkpoints=""))
    none_lost = (first.lost_at_most(0),)
    used, beside = f"{first.megabytes:.0f} MB", f"{MANY_MEGABYTES:g} MB; {PEERS['gathered']}: {peer.megabytes:.0f} MB"
    spent, limit = f"{resumed.processor_ms:.3f} ms", f"{RESUMED_MS:g} ms"
    of_memory, of_time = first.megabytes / MANY_MEGABYTES, resumed.processor_ms / RESUMED_MS
    none_lost_later = (resumed.lost_at_most(0),)
    return [
        Case(f"{name}: peak memory", used, beside, of_memory, 1.0, at_least=False, limits=none_lost),
        Case(
            "the same, resumed when all are done: processor time of a task, median of 5",
            spent,
            limit,
            of_time,
            1.0,
            at_least=False,
            limits=none_lost_later,
        ),
    ]


def _measured(load: Load) -> dict[str, Outcomes]:
    found: dict[str, list[Outcome]] = {client: [] for client in ("aita", *PEERS)}
    with measuring_server(load.latency, load.tasks) as base_url:
        job = Job(base_url, tasks=load.tasks, concurrency=load.concurrency)
        for repeat in range(REPEATS):
            for client, mine in found.items():
                if repeat == 0 or client in {"aita", "flexllm"}:
                    say(f"{load.name}: {client}")
                    mine.append(run_checkpointed(client, job))
    return {client: Outcomes(outcomes, load.tasks) for client, outcomes in found.items()}


def _summary(outcomes: Outcomes) -> str:
    rate = outcomes.tasks / outcomes.seconds
    times = len(outcomes.outcomes)
    median = f", median of {times}" if times > 1 else ""
    return f"{outcomes.seconds:.2f} s{median}, {rate:,.0f} calls/s, {outcomes.processor_ms:.2f} ms of processor a call"
