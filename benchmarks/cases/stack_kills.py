"""Kills of the emulator and of its workers in the middle of a run: answered tasks are not asked again."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

from benchmarks.cases.kills import SHARES
from benchmarks.harness.emulator_stack import Emulated, emulated
from benchmarks.harness.model_server import Counts
from benchmarks.harness.results_table import Case, Limit, say
from benchmarks.harness.stack_chats import Chats, chat, ended, start

TASKS, WORKERS, LATENCY = 60, 5, 0.5
PATIENCE = 120.0
_AT = " and ".join(", ".join(f"{share:.0%}" for share in SHARES).rsplit(", ", 1))
_TASK_FUNCTION = b"AWS_LAMBDA_FUNCTION_NAME=aita-TaskFunction"


def measure() -> list[Case]:
    """Kill workers in the middle of one run, and the emulator in the middle of another."""
    with emulated(WORKERS) as stack:
        stack.model.control(latency=LATENCY)
        say("a run on the emulator, undisturbed")
        undisturbed = chat(stack, "undisturbed", TASKS)
        return [_workers(stack, undisturbed), _emulator(stack, undisturbed)]


def _workers(stack: Emulated, undisturbed: Chats) -> Case:
    """Kill a worker of the task function at each share; the run goes on by itself, without a resume."""
    name = f"a Lambda worker of {WORKERS}, {TASKS} tasks, kill -9 at {_AT}"
    say(name)
    run = start(stack, "workers", TASKS)
    for share in SHARES:
        stack.model.wait_until(_answered(share * TASKS), PATIENCE)
        os.kill(_worker_pid(stack.emulator_pid), signal.SIGKILL)
    after = ended(stack, run, TASKS)
    return _case(name, after.counted.replies - TASKS, len(SHARES), after, undisturbed)


def _emulator(stack: Emulated, undisturbed: Chats) -> Case:
    """Kill the emulator at each share and resume; its tables return to their state at its last clean stop."""
    name = f"the emulator, {TASKS} tasks, {WORKERS} at once, kill -9 at {_AT}"
    say(name)
    run = start(stack, "emulator", TASKS)
    stack.api.cancel(run.run_id)
    stack.ended(run)
    before = stack.model.wait_until(lambda counted: counted.in_flight == 0, PATIENCE).replies
    stack.restart()  # a clean stop keeps the run; the model starts anew
    stack.model.control(latency=LATENCY)
    for share in SHARES:
        stack.api.resume(run.run_id)
        stack.model.wait_until(_answered(share * TASKS - before), PATIENCE)
        stack.kill()
        stack.model.wait_until(lambda counted: counted.in_flight == 0, PATIENCE)
        stack.up()
    after = ended(stack, stack.api.resume(run.run_id), TASKS)
    return _case(name, before + after.counted.replies - TASKS, WORKERS * len(SHARES), after, undisturbed)


def _answered(count: float) -> Callable[[Counts], bool]:
    """Return the condition that this many calls have been answered."""
    return lambda counted: counted.replies >= count


def _case(name: str, repeated: int, in_flight: int, after: Chats, undisturbed: Chats) -> Case:
    return Case(
        f"on the emulator: {name}",
        f"{repeated} calls repeated",
        f"{in_flight} in flight at the kills",
        limits=(
            Limit("repeated", repeated, in_flight),
            Limit("lost", TASKS - after.right, 0),
            Limit("other results", int(after.replies != undisturbed.replies), 0),
        ),
    )


def _worker_pid(emulator: int) -> int:
    """Return the process id of a child of the emulator that runs the task function."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            environment = (process / "environ").read_bytes() if parent == emulator else b""
        except OSError:  # it has ended meanwhile
            continue
        if _TASK_FUNCTION in environment:
            return int(process.name)
    raise RuntimeError("the emulator has no worker of the task function")
