"""``make clean``: of what was made here nothing is left, students' reports and names included."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KEPT = ("Makefile", ".gitignore", "samples/exam/roster.csv")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with this project's Makefile, and something in each place that git ignores."""
    folder = tmp_path / "project"
    (folder / "samples/exam").mkdir(parents=True)
    (folder / "samples/exam/roster.csv").write_text("Name\n")
    for name in KEPT[:2]:
        shutil.copy(ROOT / name, folder)
    for pattern in (ROOT / ".gitignore").read_text().split():
        name = pattern.strip("/").replace("*", "x")
        for place in (name, f"samples/{name}") if name in ("__pycache__", "x.egg-info") else (name,):
            file = folder / place / "file" if pattern.endswith("/") or "*" in pattern else folder / place
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("made here")
    return folder


def clean(project: Path, state: Path) -> None:
    environment = os.environ | {"XDG_STATE_HOME": str(state)}
    subprocess.run(["make", "clean"], cwd=project, env=environment, check=True, capture_output=True)


def test_everything_that_git_ignores_is_removed_and_nothing_else(project: Path, tmp_path: Path) -> None:
    assert (project / "out/file").exists()
    clean(project, tmp_path)
    assert {str(path.relative_to(project)) for path in project.rglob("*") if path.is_file()} == {*KEPT}


@pytest.mark.parametrize(("home", "stays"), [("project/.aita", False), ("another/.aita", True)])
def test_only_the_record_of_its_own_local_stack_is_removed(
    project: Path, tmp_path: Path, home: str, *, stays: bool
) -> None:
    record = tmp_path / "state" / "aita" / "local_home"
    record.parent.mkdir(parents=True)
    record.write_text(str(tmp_path.resolve() / home))
    clean(project, tmp_path / "state")
    assert record.exists() is stays
