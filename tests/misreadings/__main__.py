"""Let a reader err on order, and print how often each mode of the second look keeps a wrong grade from being given.

The exit status is 1 if a bound does not hold.
"""

import argparse
import sys
import time

from tests.misreadings.measurement import measure
from tests.misreadings.table import Table


def main() -> int:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.misreadings", description=__doc__)
    parser.add_argument("--classes", type=int, default=20, help="of 15 students who answer 10 questions")
    parser.add_argument("--seed", type=int, default=0, help="of the first class")
    asked = parser.parse_args()
    began = time.monotonic()
    seeds = range(asked.seed, asked.seed + asked.classes)
    table = Table([outcome for seed in seeds for outcome in measure(seed, 15)])
    for line in (*table.lines(), "", *table.broken(), f"{time.monotonic() - began:.0f} s"):
        sys.stdout.write(f"{line}\n")
    return int(bool(table.broken()))


if __name__ == "__main__":
    sys.exit(main())
