"""Time and memory of Plan by the number of pages, over stores in memory."""

import json
import resource
import subprocess
import sys
import time

from benchmarks.harness.in_memory_run import ASSIGNMENT, RUN_ID, running
from benchmarks.harness.results_table import Case

SIZES = (1_000, 10_000, 100_000)
SECONDS, MEGABYTES = 60.0, 300.0


def measure() -> list[Case]:
    """Plan each size in a process of its own, so that its peak of memory can be measured."""
    taken = {size: _in_own_process(size) for size in SIZES}
    seconds, megabytes = taken[SIZES[-1]]
    cases = [
        Case(
            f"plan {SIZES[-1]:,} pages: time",
            f"{seconds:.1f} s",
            f"{SECONDS:g} s",
            seconds / SECONDS,
            1.0,
            at_least=False,
        ),
        Case(
            f"plan {SIZES[-1]:,} pages: peak memory",
            f"{megabytes:.0f} MB",
            f"{MEGABYTES:g} MB",
            megabytes / MEGABYTES,
            1.0,
            at_least=False,
        ),
    ]
    each = {size: taken[size][0] / size * 1e6 for size in SIZES}
    growth = each[SIZES[-1]] / each[SIZES[0]]
    times = ", ".join(f"{each[size]:.0f} µs at {size:,}" for size in SIZES)
    cases.append(Case("plan: time for one page, growth", times, f"{SIZES[0]:,} pages", growth, 1.25, at_least=False))
    return cases


def _in_own_process(size: int) -> tuple[float, float]:
    command = [sys.executable, "-m", "benchmarks.cases.planning", str(size)]
    answer = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return answer["seconds"], answer["megabytes"]


def _plan(size: int) -> None:
    from aita.bootstrap import utc_now
    from aita.memory.objects import MemoryObjects
    from aita.models.exam import Page
    from aita.models.run import StageEvent
    from aita.services.assignments import object_keys
    from aita.services.runs.planner import Planner
    from tests.support.memory_decisions import MemoryDecisions
    from tests.support.memory_runs import MemoryRuns, MemoryTasks

    def page(student: int, number: int) -> dict[str, object]:
        key = object_keys.page(ASSIGNMENT, f"s-{student:016x}", "0123456789abcdef", number)
        return Page(page=number, key=key, sha256=f"{student * 20 + number:064x}", width=1654, height=2339).model_dump()

    objects, runs = MemoryObjects(), MemoryRuns(utc_now)
    pages = {f"s-{student:016x}": [page(student, n + 1) for n in range(20)] for student in range(size // 20)}
    objects.put(f"{ASSIGNMENT}/pages.json", json.dumps(pages).encode())
    del pages
    runs.create(running("transcribe"), None)
    functions = {"task": "task", "split": "split"}
    planner = Planner(runs, MemoryTasks(), objects, utc_now, functions, 365, MemoryDecisions())
    started = time.perf_counter()
    answer = planner.plan(StageEvent(run_id=RUN_ID, attempt=1, stage="transcribe"))
    seconds = time.perf_counter() - started
    if answer.count != size:
        raise RuntimeError(f"planned {answer.count} of {size} pages")
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "megabytes": megabytes}))


if __name__ == "__main__":
    _plan(int(sys.argv[1]))
