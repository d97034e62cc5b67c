"""Fuzz every parser for a minute in total; the exit status tells whether one broke."""

import argparse
import sys

from tests.fuzz.fuzzing import fuzz
from tests.fuzz.targets import TARGETS


def main() -> int:
    """Fuzz, and print a line for each parser."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="for all parsers together")
    seconds = parser.parse_args().seconds
    broken = False
    for name, target in TARGETS.items():
        found = fuzz(target, seconds / len(TARGETS))
        outcome = found.failure or "nothing broke"
        sys.stdout.write(f"{name:32} seeds 0 to {found.seeds - 1:<4} {found.inputs:>7,} inputs   {outcome}\n")
        sys.stdout.flush()
        broken = broken or bool(found.failure)
    return int(broken)


if __name__ == "__main__":
    sys.exit(main())
