"""Calls and tokens of short questions that share a call, against a call for each question, in process."""

import json
import tempfile
from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import openai

from aita import ParallelExecutionConfig, create_answer_key_tasks, create_executor
from aita.models.exam import ExamSpec
from benchmarks.harness.model_server import Counts, Model, simulated_model
from benchmarks.harness.results_table import Case, Limit, say

QUESTIONS, BATCH = 20, 5
CALLS, TOKENS = 1 / 3, 0.6
_SAMPLE = Path(__file__).parents[2] / "samples" / "exam" / "questions.json"


def measure() -> list[Case]:
    """Generate the answer keys of the same exam with and without batches."""
    say(f"{QUESTIONS} short questions, batched and not")
    with simulated_model() as model:
        batched, alone = _count(model, BATCH), _count(model, 1)
    return [batching_case("in process", batched, alone)]


def exam(name: str) -> dict[str, Any]:
    """Return an exam of short questions: the sample's, with new ids."""
    found: dict[str, Any] = json.loads(_SAMPLE.read_text())
    questions = islice(cycle(found["questions"]), QUESTIONS)
    found["questions"] = [each | {"question_id": f"{name}-{number}"} for number, each in enumerate(questions)]
    return found


def count_during(model: Model, work: Callable[[], object]) -> Counts:
    """Return a model's counts during some work."""
    model.control(reset_stats=True)
    work()
    return model.stats()


def batching_case(where: str, batched: Counts, alone: Counts) -> Case:
    """Return the comparison of batched calls with a call for each question."""
    return Case(
        f"answer keys of {QUESTIONS} short questions, {BATCH} in a call, {where}",
        f"{batched.requests} calls, {batched.tokens:,} tokens",
        f"one in a call: {alone.requests} calls, {alone.tokens:,} tokens",
        limits=(
            Limit("calls", batched.requests / alone.requests, CALLS, is_share=True),
            Limit("tokens", batched.tokens / alone.tokens, TOKENS, is_share=True),
        ),
    )


def _count(model: Model, batch_size: int) -> Counts:
    tasks = create_answer_key_tasks(ExamSpec.model_validate(exam("short")))
    client = openai.OpenAI(base_url=model.base_url, api_key="none")
    config = ParallelExecutionConfig(max_workers=5, rate_limit_rps=0, batch_size=batch_size, show_progress=False)
    with tempfile.TemporaryDirectory(prefix="aita-bench-") as checkpoints:
        executor = create_executor(client, checkpoint_dir=checkpoints, config=config)

        def work() -> None:
            batch = executor.execute_batch(tasks)
            if batch.failed_results:
                raise RuntimeError(f"an answer key failed: {batch.failed_results[0].error}")

        return count_during(model, work)
