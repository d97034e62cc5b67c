"""Pipelines on the emulator against the ideal time, beside plain clients in the same run."""

import base64
import itertools
import json
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import openai

from aita.models.api import RunOptions, RunView
from benchmarks.harness import scans
from benchmarks.harness.emulator_stack import Emulated, emulated
from benchmarks.harness.results_table import Case

CONCURRENCY, LATENCY = 10, 1.0
PAGES, QUESTIONS = 100, 20
REPEATS = 3
ONE_BY_ONE = 10
TRANSCRIBE_BOUND, RUBRIC_BOUND = 0.85, 0.80
SAMPLE = Path(__file__).parents[2] / "samples" / "exam" / "questions.json"


def measure() -> list[Case]:
    """Run both pipelines warm, without cached replies, and the same calls by plain clients."""
    pages = scans.jpegs(PAGES * (REPEATS + 1))
    with emulated(CONCURRENCY) as stack:
        _warm_up(stack)
        stack.model.control(latency=LATENCY)
        transcribed, rubrics = [], []
        for repeat in range(REPEATS):
            transcribed.append(_transcribe(stack, f"pages{repeat}", pages[repeat * PAGES : (repeat + 1) * PAGES]))
            rubrics.append(_rubric(stack, f"questions{repeat}"))
        plain = _plain(stack.model.base_url, pages[-PAGES:])
    return [*_transcribe_cases(transcribed), *_rubric_cases(rubrics), *plain]


def _transcribe_cases(runs: list[RunView]) -> list[Case]:
    ideal = PAGES * LATENCY / CONCURRENCY
    stage = statistics.median(stage_seconds(run, "transcribe") for run in runs)
    whole = statistics.median(run_seconds(run) for run in runs)
    name = f"{PAGES} pages at {LATENCY:g} s, {CONCURRENCY} at once"
    return [
        Case(f"transcribe stage, {name}", f"{stage:.2f} s", f"ideal {ideal:g} s", ideal / stage, TRANSCRIBE_BOUND),
        Case("the whole transcribe run, split included", f"{whole:.2f} s", f"ideal {ideal:g} s", ideal / whole),
    ]


def _rubric_cases(runs: list[RunView]) -> list[Case]:
    ideal = 2 * QUESTIONS * LATENCY / CONCURRENCY
    whole = statistics.median(run_seconds(run) for run in runs)
    planned = statistics.median(run_seconds(run) - _start_seconds(run) for run in runs)
    name = f"rubric run, {QUESTIONS} questions in two stages at {LATENCY:g} s, {CONCURRENCY} at once"
    return [
        Case(name, f"{whole:.2f} s", f"ideal {ideal:g} s", ideal / whole, RUBRIC_BOUND),
        Case("the same from when Plan starts", f"{planned:.2f} s", f"ideal {ideal:g} s", ideal / planned),
    ]


def _plain(base_url: str, pages: list[bytes]) -> list[Case]:
    client = openai.OpenAI(base_url=base_url, api_key="none", max_retries=0)
    ideal = PAGES * LATENCY / CONCURRENCY
    with ThreadPoolExecutor(CONCURRENCY) as pool:
        threads = _seconds(lambda: list(pool.map(partial(_ask, client), pages)))
    one_by_one = _seconds(lambda: list(map(partial(_ask, client), pages[:ONE_BY_ONE]))) * PAGES / ONE_BY_ONE
    return [
        Case(
            f"peer: the same {PAGES} calls by a thread pool", f"{threads:.2f} s", f"ideal {ideal:g} s", ideal / threads
        ),
        Case(
            f"peer: one after the other ({ONE_BY_ONE} calls, times {PAGES // ONE_BY_ONE})",
            f"{one_by_one:.1f} s",
            f"ideal {ideal:g} s",
            ideal / one_by_one,
        ),
    ]


def _warm_up(stack: Emulated) -> None:
    """Start the number of workers of the task function that the measured runs use."""
    stack.model.control(latency=LATENCY)
    _transcribe(stack, "warm", scans.jpegs(2 * CONCURRENCY))
    _rubric(stack, "warm")


def _transcribe(stack: Emulated, assignment: str, pages: list[bytes]) -> RunView:
    for number, page in enumerate(pages):
        stack.put(f"{assignment}/scans/student {number // 5}/page {number % 5}.jpg", page)
    return stack.run(assignment, "transcribe")


def _rubric(stack: Emulated, assignment: str) -> RunView:
    exam: dict[str, Any] = json.loads(SAMPLE.read_text())
    questions = itertools.islice(itertools.cycle(exam["questions"]), QUESTIONS)
    exam["questions"] = [q | {"question_id": f"{assignment}-{number}"} for number, q in enumerate(questions)]
    stack.put(f"{assignment}/questions.json", json.dumps(exam).encode())
    return stack.run(assignment, "rubric", RunOptions(batch_size=1))  # a call for each question, as in the ideal


def stage_seconds(run: RunView, name: str) -> float:
    """Return a stage's duration in seconds.

    Raises
    ------
    RuntimeError
        If the stage has not ended.
    """
    stage = next(stage for stage in run.stages if stage.stage == name)
    if stage.started_at is None or stage.ended_at is None:
        raise RuntimeError(f"stage {name} of run {run.run_id} has not ended")
    return (stage.ended_at - stage.started_at).total_seconds()


def _start_seconds(run: RunView) -> float:
    """Return the seconds from the request to the start of the first Plan."""
    if run.stages[0].started_at is None:
        raise RuntimeError(f"run {run.run_id} was not planned")
    return (run.stages[0].started_at - run.created_at).total_seconds()


def run_seconds(run: RunView) -> float:
    """Return the seconds from the request to the run's end.

    Raises
    ------
    RuntimeError
        If the run has not ended.
    """
    if run.ended_at is None:
        raise RuntimeError(f"run {run.run_id} has not ended")
    return (run.ended_at - run.created_at).total_seconds()


def _ask(client: openai.OpenAI, page: bytes) -> None:
    url = f"data:image/jpeg;base64,{base64.b64encode(page).decode()}"
    client.chat.completions.create(
        model="simulated",
        messages=[
            {"role": "system", "content": "Transcribe this page."},
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]},
        ],
    )


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
