"""``make bench``: measure everything, print one table and put it into ``docs/benchmarks.md``."""

import os
import platform
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from benchmarks import (
    batching,
    cold_start,
    faults,
    kills,
    limits,
    on_stack,
    outages,
    pipelines,
    planning,
    prefix_cache,
    report,
    splitting,
    stack_kills,
    throughput,
)

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
PARTS = (
    cold_start,
    planning,
    splitting,
    pipelines,
    throughput,
    limits,
    outages,
    faults,
    kills,
    batching,
    prefix_cache,
    on_stack,
    stack_kills,
)
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"


def main() -> int:
    """Return 0 if every bound is kept, else 1."""
    console = Console()
    cases = []
    for part in PARTS:
        console.print(f"measuring {part.__name__.rpartition('.')[2]} ...", style="dim")
        cases += part.measure()
    report.show(cases, console)
    _write(report.markdown(cases))
    return 0 if all(case.met is not False for case in cases) else 1


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
    sys.exit(main())
