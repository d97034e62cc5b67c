"""The server of the console: its end."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

SERVE = """
from aita.client.console.server import serve_console
from aita.client.stack_outputs import Stack
from aita.client.stack_target import StackTarget

stack = Stack("aita", "us-east-1", "http://127.0.0.1:9", "exams", "", "", 5, "", None)
serve_console(StackTarget("aita", "us-east-1"), stack, 0, lambda _: {}, lambda address: print(address, flush=True))
"""


@pytest.mark.skipif(os.name != "posix", reason="signals are those of POSIX")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_however_it_is_told_to_end_it_deletes_what_was_dropped(tmp_path: Path, name: str) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", SERVE], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        base, _, token = process.stdout.readline().strip().partition("/#token=")
        headers = {"Aita-Console-Token": token, "Aita-Console-Path": "a.pdf"}
        drop = Request(f"{base}/dropped/{'0' * 36}", b"scan", headers)
        with urlopen(drop, timeout=60) as answer:
            assert answer.status == 200
        assert list(tmp_path.rglob("a.pdf"))
        process.send_signal(getattr(signal, name))
        process.wait(60)
    assert list(tmp_path.iterdir()) == []
