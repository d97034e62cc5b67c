"""Executors where modules of Unix are missing, as on Windows: imported, used, and locked by what there is instead."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # starts processes

UNIX = ("fcntl", "grp", "pwd", "resource", "termios")
UNIX_FUNCTIONS = ("fork", "getuid", "geteuid", "pread")

HIDDEN = f"""
import fcntl as real_fcntl
import os, sys, types

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name in {UNIX!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

for name in {UNIX!r}:
    sys.modules.pop(name, None)
sys.meta_path.insert(0, Hidden())
for name in {UNIX_FUNCTIONS!r}:
    delattr(os, name)
"""

LOCKING = """
import subprocess  # tells Windows by this module, and then needs others

def locking(file, mode, size):
    assert mode == 2 and size == 1
    assert os.lseek(file, 0, os.SEEK_CUR) > 1 << 30, "nobody else reads a locked byte"
    try:
        real_fcntl.flock(file, real_fcntl.LOCK_EX | real_fcntl.LOCK_NB)
    except BlockingIOError:
        raise PermissionError(13, "Permission denied") from None

sys.modules["msvcrt"] = types.SimpleNamespace(LK_NBLCK=2, locking=locking)
"""

BATCHES = """
import logging, threading
logging.basicConfig(format="%(levelname)s %(message)s", stream=sys.stdout)
import aita
from aita import CheckpointError, SimpleLLMTask, cleanup_checkpoints, create_executor, latest_checkpoint
from tests.support.fake_llm import FakeLLM

begun, go_on = threading.Event(), threading.Event()

def say(request):
    begun.set()
    assert go_on.wait(60)
    return "yes"

def execute(llm, **options):
    tasks = [SimpleLLMTask(task_id="a", prompt="a")]
    executor = create_executor(llm, rate_limit=0, show_progress=False, checkpoint_dir=sys.argv[1])
    return executor.execute_batch(tasks, "x", **options)

thread = threading.Thread(target=execute, args=(FakeLLM(say),))
thread.start()
assert begun.wait(60)
try:
    execute(FakeLLM())
except CheckpointError as error:
    print("refused", "in use" in str(error))
finally:
    go_on.set()
    thread.join()
print("resumed", execute(FakeLLM()).metrics.resumed, latest_checkpoint("x", sys.argv[1]) is not None)
"""


def run(script: str, folder: Path) -> list[str]:
    """Return the lines that a script printed in a process of its own."""
    root = str(Path(__file__).parents[3])
    command = [sys.executable, "-c", f"import sys\nsys.path.insert(0, {root!r})\n{script}", str(folder)]
    process = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert process.returncode == 0, process.stderr
    return process.stdout.splitlines()


@pytest.mark.parametrize("name", ["create_executor", "latest_checkpoint", "ParallelExecutionConfig", "SimpleLLMTask"])
def test_the_framework_is_imported(tmp_path: Path, name: str) -> None:
    script = (
        f"import aita\nprint(aita.{name}.__name__)\nimport aita.executor.in_process, aita.llm.chat, aita.llm.client"
    )
    assert run(HIDDEN + script, tmp_path) == [name]


def test_batches_of_one_name_are_told_apart_by_windows_locks(tmp_path: Path) -> None:
    assert run(HIDDEN + LOCKING + BATCHES, tmp_path) == ["refused True", "resumed 1 True"]


def test_a_system_without_locks_warns_and_goes_on(tmp_path: Path) -> None:
    script = BATCHES.replace("    execute(FakeLLM())\nexcept", "    pass\nexcept")
    told = run(HIDDEN + script, tmp_path)
    assert told[-1] == "resumed 1 True"
    assert set(told[:-1]) == {
        "WARNING this system locks no files: nothing tells two batches of one name from each other"
    }
