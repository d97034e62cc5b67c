"""What mypy's strict mode says of a user's program, which reads the package's own source.

Here without pydantic's plugin; with it the mypy of ``make test`` reads the same program.
"""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # mypy reads the package

LAYER = Path(__file__).parents[3] / "layers" / "aita"

PROGRAM = Path(__file__).with_name("typed_program.py").read_text("utf-8")

WRONG = {
    "next(executor.stream([LabelTask(text='x')])).result.label": 'has no attribute "label"',
    "executor.execute_batch([ShortTask(prompt='x')], on_result=show)": "incompatible type",
    "labels.successful_results[0].result.lable": 'has no attribute "lable"',
    "labels.task_results[0].result.label": 'has no attribute "label"',
    'executor.execute_batch(SimpleLLMTask(prompt="x"))': 'incompatible type "SimpleLLMTask[str]"',
    'SimpleLLMTask(promt="x")': 'Unexpected keyword argument "promt"',
}


def test_a_program_is_typed_and_nothing_is_found_in_the_package(tmp_path: Path) -> None:
    assert checked(tmp_path, PROGRAM) == []


def test_mistakes_are_found(tmp_path: Path) -> None:
    body = "\n".join(f"    {line}" for line in WRONG)
    errors = checked(tmp_path, PROGRAM + body + "\n")
    assert len(errors) == len(WRONG)
    for error, told in zip(errors, WRONG.values(), strict=True):
        assert told in error


def checked(folder: Path, program: str) -> list[str]:
    """Return mypy's errors; its cache is kept for the tests of this module."""
    (folder / "program.py").write_text(program)
    (folder / "mypy.ini").write_text(f"[mypy]\nstrict = true\nmypy_path = {LAYER}\n")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--cache-dir", str(folder.parent / "mypy"), "program.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return [line for line in done.stdout.splitlines() if ": error: " in line] or ([done.stderr] if done.stderr else [])
