"""Let mishaps happen to classes, and print what came of them; the exit status tells whether an invariant broke."""

import argparse
import sys
import time

from tests.adversary.catalogue import CATALOGUE
from tests.adversary.run import play
from tests.adversary.table import Table


def main() -> int:
    """Run the cases, and print the table and the cases that failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.adversary", description=__doc__)
    parser.add_argument("--classes", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0, help="of the first class")
    parser.add_argument("--jobs", type=int, default=2, help="processes side by side")
    parser.add_argument("--kinds", nargs="*", default=[*CATALOGUE], help="the mishaps, all unless given")
    parser.add_argument("--failures", type=int, default=20, help="how many failed cases are told in full")
    asked = parser.parse_args()
    began = time.monotonic()
    table = Table()
    for outcome in play(asked.kinds, asked.classes, asked.seed, asked.jobs):
        table.add(outcome)
    for line in (*table.lines(), table.pairs(asked.kinds), f"{time.monotonic() - began:.0f} s"):
        sys.stdout.write(f"{line}\n")
    for outcome in table.failed[: asked.failures]:
        sys.stdout.write(f"{outcome.case}\n")
        for violation in outcome.violations:
            sys.stdout.write(f"    {violation.invariant}: {violation.message}\n")
    return int(bool(table.failed))


if __name__ == "__main__":
    sys.exit(main())
