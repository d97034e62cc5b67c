"""Work of the executor in process for each call, beside the peers, against a server that takes next to none.

The peers are measured in the same run and in turn; imports are left out of each client's time and processor time.
"""

from dataclasses import dataclass

from benchmarks.harness.client_runs import PEERS, Outcomes, run_checkpointed
from benchmarks.harness.clients import Job, Outcome
from benchmarks.harness.model_server import measuring_server
from benchmarks.harness.results_table import Case, say

REPEATS = 5
PROCESSOR_MS = 0.7
"""Most processor time of a call, in milliseconds."""

MEGABYTES = 120.0


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
    return [case for load in LOADS for case in _cases(load)]


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
