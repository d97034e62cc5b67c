"""The documents' code blocks run as they are shown, one after the other, against the simulated model."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aita_local.model_process import SimulatedModelProcess
from aita_local.state_dir import StateDir
from tests.support.documents import Document

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "guide.md"
PATIENCE = 300.0


def file_block(name: str) -> str:
    (found,) = [block.text for block in Document.of(GUIDE).blocks() if block.label == f"file={name}"]
    return found


@pytest.fixture(scope="module")
def model_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the base URL of a simulated model that answers anything."""
    model = SimulatedModelProcess(StateDir(tmp_path_factory.mktemp("home")))
    model.start(["--anything", "--latency", "0.01"])
    try:
        yield model.base_url
    finally:
        model.stop()


@pytest.fixture
def environment(model_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OPENAI_BASE_URL", model_url)
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    monkeypatch.setenv("AITA_MODEL", "simulated")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("document", "least"), [(ROOT / "README.md", 1), (GUIDE, 12)])
def test_the_documents_code_runs(environment: Path, document: Path, least: int) -> None:
    names: dict[str, Any] = {"__name__": "document"}
    ran = 0
    for block in Document.of(document).blocks():
        if block.language == "python" and not block.label:
            code = "\n" * (block.line - 1) + block.text
            exec(compile(code, str(document), "exec"), names)
            ran += 1
    assert ran >= least


def test_the_guides_kind_is_one_module_and_one_prompt(environment: Path) -> None:
    """In a copy of the package: the kind is listed, its inputs are checked, and its task runs."""
    package = environment / "aita"
    shutil.copytree(ROOT / "layers" / "aita" / "aita", package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("tasks/difficulty.py", "prompts/difficulty.txt"):
        (package / name).write_text(file_block(name), "utf-8")
    (after,) = [block.text for block in Document.of(GUIDE).blocks() if block.label == "after=difficulty"]
    script = environment / "script.py"
    script.write_text(f"from aita import create_executor\nexecutor = create_executor()\n{after}", "utf-8")
    listed = python(
        environment, "-c", "import sys; from aita.cli.main import main; sys.exit(main())", "kinds", "--json"
    )
    assert '"difficulty"' in listed
    assert "question_text" in listed
    python(environment, str(script))


def test_the_guides_three_programs_are_as_long_as_it_says() -> None:
    text = GUIDE.read_text("utf-8")
    blocks = Document(text.partition("## Three programs")[2].partition("## Configuration")[0], GUIDE).blocks()[1:]
    told = [int(row.split("|")[2]) for row in re.findall(r"^\| (?:label|describe|two stages).*", text, re.MULTILINE)]
    assert [len(list(filter(None, block.text.splitlines()))) for block in blocks] == told == [6, 3, 4]


def test_the_guides_lines_are_the_kinds_fields(environment: Path) -> None:
    names: dict[str, Any] = {"__name__": "aita.tasks.difficulty"}
    code = file_block("tasks/difficulty.py").replace('@register("difficulty")\n', "")
    exec(compile(code, "difficulty.py", "exec"), names)
    lines = file_block("questions.jsonl").splitlines()
    courses = [names["DifficultyTask"].model_validate_json(line).course for line in lines]
    assert courses == ["a first-year course", "a course on number theory"]


def python(folder: Path, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run(
        [sys.executable, *arguments],
        check=False,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
