"""The console of a stack on the emulator, in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.harness.emulator_stack import Emulated


@contextmanager
def console(stack: Emulated) -> Iterator[str]:
    """Serve the console as a person does, and return its address."""
    command = [str(Path(sys.executable).with_name("aita")), "--local", "--json", "console", "--no-browser"]
    environ = os.environ | {"AITA_HOME": str(stack.home.path)}
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            yield next(line for line in process.stdout if "http" in line).split('"')[3]
        finally:
            process.terminate()
