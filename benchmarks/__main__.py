"""``make bench``: measure everything, print one table and write it into ``docs/benchmarks.md``.

``python -m benchmarks limits faults`` measures these parts only, and leaves the page unchanged.
"""

import os
import platform
import re
import signal
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

from rich.console import Console

from benchmarks.cases import (
    batching,
    cold_start,
    console,
    faults,
    grading,
    grading_desk,
    kills,
    limits,
    outages,
    piles,
    pipelines,
    planning,
    prompt_cache,
    splitting,
    stack_engine,
    stack_kills,
    throughput,
)
from benchmarks.harness import results_table
from benchmarks.harness.model_server import stopping

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
ALONE = (
    cold_start,
    planning,
    splitting,
    piles,
    pipelines,
    throughput,
    limits,
    faults,
    prompt_cache,
    stack_engine,
    grading,
    grading_desk,
    console,
)
TOGETHER = (outages, kills, batching, stack_kills)
"""Parts that assert no times, and mostly wait: they are measured concurrently."""

BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"


def main(names: list[str]) -> int:
    """Return 0 if every bound is kept, else 1."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    chosen = [part for part in (*ALONE, *TOGETHER) if not names or _name(part) in names]
    terminal = Console()
    cases: list[results_table.Case] = []
    for part in chosen:
        if part in ALONE:
            cases += _measure(part)
    with ThreadPoolExecutor(len(TOGETHER)) as pool:
        for found in pool.map(_measure, (part for part in chosen if part in TOGETHER)):
            cases += found
    results_table.show(cases, terminal)
    if not names:
        _write(results_table.markdown(cases))
    return 0 if all(case.met is not False for case in cases) else 1


def _measure(part: ModuleType) -> list[results_table.Case]:
    started = time.monotonic()
    print(f"measuring {_name(part)} ...", flush=True)
    try:
        cases: list[results_table.Case] = part.measure()
    except Exception as error:  # noqa: BLE001 - the other parts are measured all the same
        traceback.print_exc()
        failed = results_table.Limit("failed", 1, 0)
        return [results_table.Case(f"{_name(part)}: could not be measured", type(error).__name__, "", limits=(failed,))]
    print(f"measured {_name(part)} in {time.monotonic() - started:.0f} s", flush=True)
    return cases


def _name(part: ModuleType) -> str:
    return part.__name__.rpartition(".")[2]


def _interrupt(*_: object) -> None:
    """End like Ctrl-C, including waiting threads, each of which ends the processes that it has started."""
    stopping.set()
    raise KeyboardInterrupt


def _write(table: str) -> None:
    load, _, _ = os.getloadavg()
    measured = (
        f"Measured on {datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {os.cpu_count()} cores, "
        f"load average at the end {load:.1f}."
    )
    page = PAGE.read_text()
    text = f"{BEGIN}\n{measured}\n\n{table}\n{END}"
    PAGE.write_text(re.sub(f"{BEGIN}.*{END}", lambda _: text, page, flags=re.DOTALL))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
