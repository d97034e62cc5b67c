"""The logic of the console's pages, run by Node's own runner."""

import shutil
import subprocess
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[3] / "pages"
NODE = shutil.which("node")


@pytest.mark.slow
@pytest.mark.skipif(NODE is None, reason="Node is not installed")
def test_the_pages_logic() -> None:
    files = sorted(str(file) for file in TESTS.glob("*.test.mjs"))
    assert files
    command = [str(NODE), "--test", *files]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout[-5000:]
