"""Installation of packages by pip with its progress: on one line of a terminal, elsewhere on a line from time to time.

Run it as a file, by the interpreter of the environment: it needs Python's standard library only.
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
"""Seconds after which the time is updated, also without output of pip."""

EVERY = 50
"""Packages between two lines if there is no terminal."""

_ANEW = "\r\033[K"
_FOUND = re.compile(r"(?:Collecting|Processing|Obtaining) (?:\S+/)?(\S+)")
_UNPACKED = re.compile(r"Installing collected packages: ")


def install(arguments: list[str]) -> int:
    """Run ``pip install`` with these arguments, and return its exit status; its warnings are shown unchanged."""
    with subprocess.Popen(
        [*PIP, *arguments], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    ) as pip:
        show_progress(_ticking(pip.stdout or ()), sys.stderr)
    return pip.returncode


def show_progress(lines: Iterable[str | None], out: TextIO) -> None:
    """Write the progress of an installation, from pip's lines; ``None`` stands for a tick without a line."""
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
    """Yield lines as they arrive, and ``None`` after each tick without a line."""
    arrived: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        for line in stream:
            arrived.put(line)
        arrived.put(None)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    while True:
        try:
            line = arrived.get(timeout=TICK)
        except queue.Empty:
            yield None
            continue
        if line is None:
            return
        yield line


if __name__ == "__main__":
    sys.exit(install(sys.argv[1:]))
