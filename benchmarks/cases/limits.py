"""The executor in process with a rate-limited model, with and without a configured limit, beside the peers."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from benchmarks.harness.client_runs import PEERS, Run, Runs, perform
from benchmarks.harness.clients import Job
from benchmarks.harness.model_server import simulated_model
from benchmarks.harness.results_table import Case, Limit, say

REPEATS = 5


@dataclass(frozen=True)
class Scene:
    """A rate-limited model and its load; the burst is that of a second.

    With ``is_plain`` a refusal has Retry-After in whole seconds, and no header states the limit.
    """

    rps: float
    tasks: int
    concurrency: int
    latency: float = 0.2
    is_plain: bool = False

    @property
    def settings(self) -> dict[str, object]:
        """Settings of the simulated model."""
        return {
            "latency": self.latency,
            "rps": self.rps,
            "burst": round(self.rps),
            "plain_limit": self.is_plain,
        }

    @property
    def name(self) -> str:
        """Name in the table."""
        plain = ", told by Retry-After: 1 alone" if self.is_plain else ""
        return f"limit {self.rps:g}/s{plain}, {self.tasks} tasks, {self.concurrency} at once"


TWENTY, TWENTY_IDEAL = Scene(rps=20, tasks=200, concurrency=50), 9.0
FIFTY, FIFTY_IDEAL = Scene(rps=50, tasks=500, concurrency=100, latency=0.5), 9.5
FIFTY_PLAIN = replace(FIFTY, is_plain=True)


def measure() -> list[Case]:
    """Measure both limits. Runs of one kind are concurrent, each with a model of its own, as they mostly wait."""
    return [
        _ours(TWENTY, TWENTY_IDEAL, 1.10, refused=0.05, rate=TWENTY.rps),
        _ours(TWENTY, TWENTY_IDEAL, None, refused=0.20),
        *_peers(TWENTY, TWENTY_IDEAL),
        _ours(FIFTY_PLAIN, FIFTY_IDEAL, 1.10, refused=0.20),
        _ours(FIFTY, FIFTY_IDEAL, 1.10, refused=0.20),
        *_peers(FIFTY_PLAIN, FIFTY_IDEAL),
    ]


def run(scene: Scene, client: str, rate: float = 0) -> Run:
    """Run a client in a scene with a model of its own."""
    with simulated_model(**scene.settings) as model:
        job = Job(model.base_url, tasks=scene.tasks, concurrency=scene.concurrency, rate=rate)
        return perform(model, client, job)


def case(name: str, runs: Runs, ideal: float, bound: float | None, *limits: Limit) -> Case:
    """Return the comparison of some runs with an ideal time; without a ratio if tasks were lost."""
    ratio = None if runs.lost else runs.seconds / ideal
    return Case(name, runs.summary, f"ideal {ideal:g} s", ratio, bound, at_least=False, limits=limits)


def _ours(scene: Scene, ideal: float, bound: float | None, *, refused: float, rate: float = 0) -> Case:
    name = f"{scene.name}: told {f'{rate:g}' if rate else 'nothing'}"
    say(name)
    with ThreadPoolExecutor(REPEATS) as pool:
        runs = Runs(list(pool.map(lambda _: run(scene, "aita", rate), range(REPEATS))), scene.tasks)
    return case(name, runs, ideal, bound, runs.lost_at_most(0), runs.refused_at_most(refused))


def _peers(scene: Scene, ideal: float) -> list[Case]:
    say(f"{scene.name}, the peers")
    asked = [(client, name, 0.0) for client, name in PEERS.items()]
    asked.append(("flexllm", f"{PEERS['flexllm']}, told {scene.rps:g}", scene.rps))
    with ThreadPoolExecutor(len(asked)) as pool:
        ran = list(pool.map(lambda each: Runs([run(scene, each[0], each[2])], scene.tasks), asked))
    return [
        case(f"peer: {name}", runs, ideal, None, runs.lost_at_most(None), runs.refused_at_most(None))
        for (_, name, _), runs in zip(asked, ran, strict=True)
    ]
