"""Results with a model that answers some calls with half a reply, a 500 or nothing at all: all must be right."""

from benchmarks.harness.client_runs import PEERS, Runs, perform
from benchmarks.harness.clients import Job
from benchmarks.harness.model_server import Model, simulated_model
from benchmarks.harness.results_table import Case, Limit, say

TASKS, CONCURRENCY = 500, 50
FAULTS = {"cut_rate": 0.10, "error_rate": 0.05, "drop_rate": 0.02}


def measure() -> list[Case]:
    """Run each client with the same sequence of faults."""
    say("a model with faults")
    with simulated_model(**FAULTS) as model:
        ours = _run(model, "aita")
        name = f"10% of replies cut, 5% 500s, 2% dropped, {TASKS} tasks, {CONCURRENCY} at once"
        wrong = Limit("lost or wrong", ours.lost, 0)
        cases = [Case(name, ours.summary, f"{TASKS} right results", limits=(wrong,))]
        converse = _run(model, "aita_bedrock")
        wrong = Limit("lost or wrong", converse.lost, 0)
        cases.append(
            Case("the same by Amazon Bedrock's Converse", converse.summary, f"aita: {ours.summary}", limits=(wrong,))
        )
        for client, peer in PEERS.items():
            theirs = _run(model, client)
            wrong = Limit("lost or wrong", theirs.lost, None)
            cases.append(Case(f"peer: {peer}", theirs.summary, f"{TASKS} right results", limits=(wrong,)))
    return cases


def _run(model: Model, client: str) -> Runs:
    return Runs([perform(model, client, Job(model.base_url, tasks=TASKS, concurrency=CONCURRENCY))], TASKS)
