"""Demo: the sample exam through the whole stack on this machine, by the commands that a person would type."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import typer

ROOT = Path(__file__).parents[1]
AITA = Path(sys.executable).with_name("aita")
ASSIGNMENT = "sample"
OUT = Path("out") / ASSIGNMENT
PARTIAL = 3
ENVIRONMENT = {"AITA_MASK_HEADER": "0.12"} | os.environ
"""The mask covers the student's name on the sample's pages, for any model; a share of the page's height."""


def main() -> int:
    """Run the demo; return the exit status of the first command that fails, or 0."""
    commands = (
        ["local", "up"],
        ["--local", "upload", "samples/exam", "--assignment", ASSIGNMENT],
        ["--local", "exam", "--assignment", ASSIGNMENT],
        ["--local", "review", "list", "--assignment", ASSIGNMENT],
        ["--local", "report", "--assignment", ASSIGNMENT, "--no-run", "--out", str(OUT / "reports")],
        ["--local", "export", "gradescope", "--assignment", ASSIGNMENT, "--out", str(OUT / "gradescope.csv")],
    )
    for command in commands:
        if (status := _run(command)) not in (0, PARTIAL):  # the sample holds answers that await a person's decision
            return status
    for run in _latest_runs():
        if status := _run(["--local", "results", run, "--out", str(OUT)]):
            return status
    typer.echo(f"\nWhat the demo made is in {OUT}/. The stack keeps running; stop it with: aita local down")
    typer.echo("Grade in the browser: aita --local console")
    if os.environ.get("VIRTUAL_ENV") != str(AITA.parents[1]):  # PATH does not show it: make itself has .venv in it
        activate = shlex.quote(os.path.relpath(AITA.with_name("activate")))
        typer.echo(f"To give this command and those above yourself, let the shell find aita first: . {activate}")
    return 0


def _run(command: list[str]) -> int:
    typer.echo(f"\n$ aita {shlex.join(command)}")
    return subprocess.run([str(AITA), *command], cwd=ROOT, env=ENVIRONMENT, check=False).returncode


def _latest_runs() -> list[str]:
    """Return the ids of the last run of each pipeline."""
    command = [str(AITA), "--local", "--json", "runs", "--assignment", ASSIGNMENT]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    runs: list[dict[str, Any]] = json.loads(listed)["runs"]
    return list({run["pipeline"]: run["run_id"] for run in reversed(runs)}.values())


if __name__ == "__main__":
    sys.exit(main())
