"""The wheel, installed where the checkout is not: what is in it, what it asks for, and that it works."""

import json

import pytest

from aita.version import VERSION
from tests.wheel.conftest import ROOT, Installed, Wheel

PACKAGE = ROOT / "layers" / "aita"
IMAGING = {"pillow", "pillow-heif", "pypdfium2", "zxing-cpp"}
CONSOLE = {"starlette", "uvicorn"}

IMPORT_ALL = """
import importlib, json, pkgutil, aita
names = [found.name for found in pkgutil.walk_packages(aita.__path__, "aita.")]
names = [name for name in names if not name.startswith(("aita.imaging", "aita.client.console"))]
for name in names:
    importlib.import_module(name)
print(json.dumps({"file": aita.__file__, "names": names}))
"""

BATCH = """
import json
from aita import SimpleLLMTask, create_executor
tasks = [SimpleLLMTask(task_id=word, prompt=f"Explain {word}.") for word in ("entropy", "osmosis")]
batch = create_executor(show_progress=False).execute_batch(tasks, checkpoint_name="glossary")
print(json.dumps({result.task_id: [result.success, bool(result.result)] for result in batch.task_results}))
"""


def test_the_package_and_its_data_are_in_it_and_nothing_else(wheel: Wheel) -> None:
    files = [path for path in (PACKAGE / "aita").rglob("*") if path.is_file() and path.suffix != ".pyc"]
    here = {path.relative_to(PACKAGE).as_posix() for path in files}
    assert {"aita/py.typed", "aita/llm/prices/openai.json", "aita/tasks/cues.toml", "aita/tasks/injection.toml"} <= here
    assert len([name for name in here if name.startswith(("aita/prompts/", "aita/reports/templates/"))]) > 10
    assert {name for name in wheel.names if ".dist-info/" not in name} == here


def test_its_metadata_names_it_and_has_extras_for_imaging_and_the_console(wheel: Wheel) -> None:
    assert wheel.fields("Name") == ["aita-grader"]
    assert wheel.fields("Version") == [VERSION]
    assert sorted(wheel.fields("Provides-Extra")) == ["console", "imaging"]
    plain, imaging, console = ({need.name for need in wheel.needs(extra)} for extra in ("", "imaging", "console"))
    assert imaging - plain == IMAGING
    assert console - plain == CONSOLE
    assert plain & (IMAGING | CONSOLE) == set()
    assert plain.isdisjoint({"aws-sam-cli", "ministack", "moto", "pytest"})
    assert not [need for need in wheel.needs("imaging") if "==" in str(need.specifier)]


def test_every_module_is_imported_without_the_extras(installed: Installed) -> None:
    done = installed.run("python", "-c", IMPORT_ALL)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["file"].startswith(str(installed.environment))
    assert {"aita.cli.main", "aita.client.api_client", "aita.bootstrap", "aita.executor.create"} <= set(found["names"])


def test_the_command_is_there(installed: Installed) -> None:
    assert installed.run("aita", "--version").stdout == f"aita {VERSION}\n"
    told = installed.run("aita", "--help")
    assert told.returncode == 0
    assert "generate-rubric" in told.stdout


def test_the_console_says_what_it_takes(installed: Installed) -> None:
    done = installed.run("aita", "console")
    assert done.returncode == 2
    assert "aita-grader[console]" in done.stderr


@pytest.mark.parametrize("arguments", [("local",), ("local", "up"), ("local", "down", "--help-me")])
def test_the_laptops_stack_takes_a_clone_and_says_so(installed: Installed, arguments: tuple[str, ...]) -> None:
    done = installed.run("aita", *arguments)
    assert done.returncode == 1
    assert "takes a clone of the project" in done.stderr
    assert "'make venv emulator'" in done.stderr


def test_a_batch_is_executed_and_kept(installed: Installed, model_url: str) -> None:
    environ = {"OPENAI_BASE_URL": model_url, "OPENAI_API_KEY": "none", "AITA_MODEL": "simulated"}
    first = installed.run("python", "-c", BATCH, **environ)
    assert first.returncode == 0, first.stderr
    assert json.loads(first.stdout) == {"entropy": [True, True], "osmosis": [True, True]}
    assert list((installed.folder / ".aita" / "checkpoints").iterdir())
