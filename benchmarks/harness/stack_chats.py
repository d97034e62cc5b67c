"""Chats on the emulator: runs of the same questions as those of the clients in process."""

import json
from dataclasses import dataclass
from typing import Any

from aita.models.api import RunOptions, RunView
from aita.models.run import RunStatus
from aita.services.runs.pipelines import stage_of
from benchmarks.harness.emulator_stack import Emulated
from benchmarks.harness.model_server import Counts
from benchmarks.harness.questions import questions

CHAT = "kind.chat"
NO_LIMIT = RunOptions(rate_limit_rps=0)


@dataclass(frozen=True, slots=True)
class Chats:
    """Finished run: its replies in order (``None`` where there is none), the number of right ones, and the counts."""

    seconds: float
    replies: list[dict[str, Any] | None]
    right: int
    counted: Counts


def chat(stack: Emulated, assignment: str, count: int, options: RunOptions = NO_LIMIT) -> Chats:
    """Run ``count`` chats; chats of a new assignment have no reply in the cache."""
    return ended(stack, start(stack, assignment, count, options), count)


def start(stack: Emulated, assignment: str, count: int, options: RunOptions = NO_LIMIT) -> RunView:
    """Reset the model's counts and start a run of ``count`` chats."""
    lines = [
        json.dumps({"task_id": each.question_id, "prompt": f"An exam of {assignment}.\n{each.prompt}"})
        for each in questions(count)
    ]
    stack.put(f"{assignment}/tasks/chat.jsonl", "\n".join(lines).encode())
    stack.model.control(reset_stats=True)
    return stack.start(assignment, CHAT, options)


def ended(stack: Emulated, run: RunView, count: int) -> Chats:
    """Wait until a run has ended, and return its replies and counts.

    Raises
    ------
    RuntimeError
        If it did not end in time, or was stopped.
    """
    run = stack.ended(run)
    if run.ended_at is None or run.status not in {RunStatus.SUCCEEDED, RunStatus.PARTIAL}:
        raise RuntimeError(f"the run of {run.assignment} is {run.status}: {run.reason}")
    asked = questions(count)
    replies: list[dict[str, Any] | None] = [None] * count
    stage = stage_of(CHAT)
    for line in stack.read(stage.artifact_key(run.assignment, run.run_id, stage.artifact)):
        place = line["line"] - 1
        if "result" in line:
            replies[place] = asked[place].read(line["result"]["text"])
    return Chats(
        seconds=(run.ended_at - run.created_at).total_seconds(),
        replies=replies,
        right=sum(reply == each.right for reply, each in zip(replies, asked, strict=True)),
        counted=stack.model.stats(),
    )
