"""Install packages by pip, and tell how far it is: on a terminal on one line, elsewhere on a line now and then.

Run it as a file, by the interpreter of the environment: it needs nothing that is not Python's own.
"""

import os
import queue
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from typing import IO, TextIO

PIP = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off"]

TICK = 1.0
"""Seconds after which the time is written anew, whatever pip says."""

EVERY = 50
"""Packages between two lines where there is no terminal."""

_ANEW = "\r\033[K"
_FOUND = re.compile(r"(?:Collecting|Processing|Obtaining) (?:\S+/)?(\S+)")
_UNPACKED = re.compile(r"Installing collected packages: ")


def install(arguments: list[str]) -> int:
    """Run ``pip install`` with these arguments, and return its exit status; what it warns of is shown as it is."""
    with subprocess.Popen(
        [*PIP, *arguments], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    ) as pip:
        tell(_ticking(pip.stdout or ()), sys.stderr)
    return pip.returncode


def tell(lines: Iterable[str | None], out: TextIO) -> None:
    """Write how far an installation is, from pip's lines; ``None`` is one that did not come within a tick."""
    begin, found, doing, terminal = time.monotonic(), 0, "looking up packages", out.isatty()
    for line in lines:
        seconds = time.monotonic() - begin
        if match := _FOUND.match(line or ""):
            found += 1
            doing = f"fetching {match[1]}"
            if not terminal and found % EVERY == 0:
                out.write(f"  {found} packages found, {seconds:.0f} s\n")
        elif _UNPACKED.match(line or ""):
            doing = "unpacking them"
            if not terminal:
                out.write(f"  {found} packages found, {seconds:.0f} s: {doing}\n")
        if terminal:
            out.write(f"{_ANEW}  {found} packages, {seconds:.0f} s: {doing}"[:80])
        out.flush()
    out.write(f"{_ANEW if terminal else ''}  {found} packages, {time.monotonic() - begin:.0f} s\n")


def _ticking(stream: Iterable[str] | IO[str]) -> Iterator[str | None]:
    """Give lines as they come, and ``None`` whenever none came for a tick."""
    coming: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        for line in stream:
            coming.put(line)
        coming.put(None)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    while True:
        try:
            line = coming.get(timeout=TICK)
        except queue.Empty:
            yield None
            continue
        if line is None:
            return
        yield line


if __name__ == "__main__":
    sys.exit(install(sys.argv[1:]))
