"""Share of the formulas in a file of transcriptions that are shown as formulas: ``python -m benchmarks.formulas FILE``.

The file is JSON with texts at any depth, such as the transcripts of EDU-CIRCUIT-HW. It is read and not kept.
"""

import argparse
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aita.reports.formulas import formulas

_PART = re.compile(r"<math.*?</math>|<code class=\"latex\">.*?</code>", re.DOTALL)


def main() -> None:
    """Count each formula once, and print those that are shown as they were written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    found: dict[str, bool] = {}
    began = time.perf_counter()
    for text in _texts(json.loads(parser.parse_args().file.read_text(encoding="utf-8"))):
        for part in _PART.findall(formulas(text)):
            found[part] = part.startswith("<math")
    seconds = time.perf_counter() - began
    for source in (each for each, converted in found.items() if not converted):
        print(f"as written: {source}")
    shown = sum(found.values())
    print(f"{shown:,} of {len(found):,} formulas shown ({shown / len(found):.2%}), {seconds:.1f} s")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)


if __name__ == "__main__":
    main()
