"""The engine on the emulator: with a rate-limited model, and with calls that several tasks share."""

import json
import statistics
from dataclasses import replace

from aita.models.api import RunOptions
from benchmarks.cases import batching
from benchmarks.cases.limits import TWENTY, TWENTY_IDEAL, Scene
from benchmarks.harness.emulator_stack import Emulated, emulated
from benchmarks.harness.results_table import Case, Limit, say
from benchmarks.harness.stack_chats import chat

BOUND = 1.25
REPEATS = 3

FOUND_BOUND, FOUND_WORST, FOUND_REPEATS = 2.2, 3.0, 5
"""Bounds of the median and of the worst ratio to the ideal where no limit is configured."""


def measure() -> list[Case]:
    """Measure all cases on one warm stack, with as many workers started as the runs use."""
    with emulated(TWENTY.concurrency) as stack:
        say(f"starting {TWENTY.concurrency} workers on the emulator")
        stack.model.control(latency=1.0)
        chat(stack, "warm", 2 * TWENTY.concurrency)
        return [
            _limited(stack, TWENTY, TWENTY.rps, BOUND, 0.05, REPEATS),
            *(
                _limited(stack, scene, 0, FOUND_BOUND, 0.20, FOUND_REPEATS, worst=FOUND_WORST)
                for scene in (TWENTY, replace(TWENTY, is_plain=True))
            ),
            _batching(stack),
        ]


def _limited(
    stack: Emulated, scene: Scene, rate: float, bound: float, refused: float, times: int, worst: float | None = None
) -> Case:
    """Measure runs at a limit; without a ``rate``, each of them must find it anew."""
    name = f"on the emulator: {scene.name}: told {rate or 'nothing'}"
    say(name)
    runs = []
    for number in range(times):
        if not rate:
            stack.forget_limits()
        stack.model.control(**scene.settings)
        assignment = f"told{rate}{'plain' if scene.is_plain else ''}x{number}"
        runs.append(chat(stack, assignment, scene.tasks, RunOptions(rate_limit_rps=rate)))
    seconds = statistics.median(run.seconds for run in runs)
    requests = sum(run.counted.requests for run in runs)
    limited = sum(run.counted.rate_limited for run in runs)
    median = f", median of {times}" if times > 1 else ""
    return Case(
        name,
        f"{seconds:.2f} s{median}, 429s {limited} of {requests}",
        f"ideal {TWENTY_IDEAL:g} s",
        seconds / TWENTY_IDEAL,
        bound,
        at_least=False,
        limits=(
            Limit("lost", times * scene.tasks - sum(run.right for run in runs), 0),
            Limit("429s", limited / requests, refused, is_share=True),
            Limit("times the ideal at worst", round(max(run.seconds for run in runs) / TWENTY_IDEAL, 2), worst),
        ),
    )


def _batching(stack: Emulated) -> Case:
    """Run the rubric pipeline with the instructor's own rubrics, so that only its answer keys make calls."""
    say("batching on the emulator")
    stack.model.control(rps=0)

    def work(assignment: str, batch_size: int) -> None:
        exam = batching.exam(assignment)
        own = {
            each["question_id"]: {
                "total_points": each["points"],
                "criteria": [{"points": each["points"], "description": "The answer is right."}],
            }
            for each in exam["questions"]
        }
        stack.put(f"{assignment}/questions.json", json.dumps(exam).encode())
        stack.put(f"{assignment}/user_rubrics.json", json.dumps(own).encode())
        stack.run(assignment, "rubric", RunOptions(batch_size=batch_size, rate_limit_rps=0))

    together = batching.count_during(stack.model, lambda: work("together", batching.BATCH))
    alone = batching.count_during(stack.model, lambda: work("alone", 1))
    return batching.batching_case("on the emulator", together, alone)
