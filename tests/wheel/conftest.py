"""The wheel of a clean copy, and an environment outside of the checkout that has it and what it declares to need."""

import os
import shutil
import subprocess
import sys
import time
import venv
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from email.parser import HeaderParser
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
_NOT_COPIED = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "out", "build")


@dataclass(frozen=True)
class Wheel:
    """A wheel: its file, the names in it, and the fields of its metadata."""

    path: Path

    @property
    def names(self) -> list[str]:
        with zipfile.ZipFile(self.path) as archive:
            return archive.namelist()

    def fields(self, name: str) -> list[str]:
        with zipfile.ZipFile(self.path) as archive:
            (file,) = [each for each in archive.namelist() if each.endswith(".dist-info/METADATA")]
            return HeaderParser().parsestr(archive.read(file).decode()).get_all(name, [])

    def needs(self, extra: str = "") -> list[Requirement]:
        """Return what it declares to need; with an extra, also what that adds."""
        return [need for need in map(Requirement, self.fields("Requires-Dist")) if _applies(need, {extra})]


@dataclass(frozen=True)
class Installed:
    """An environment with the wheel, and an empty folder to run in."""

    environment: Path
    folder: Path

    def run(self, program: str, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.environment / "bin" / program), *arguments],
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder), "COLUMNS": "120", **environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Wheel:
    """Build as `pip wheel` does, by the setuptools that is here and without an index."""
    made = tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT, made / "copy", ignore=_NOT_COPIED)
    _pip(sys.executable, "wheel", "--no-build-isolation", "--wheel-dir", str(made / "dist"), str(made / "copy"))
    (built,) = (made / "dist").iterdir()
    return Wheel(built)


@pytest.fixture(scope="session")
def installed(wheel: Wheel, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Install the wheel beside what it needs, and only that: no imaging, no sam, nothing of the checkout."""
    made = tmp_path_factory.mktemp("elsewhere")
    venv.create(made / "environment", with_pip=False)
    (site,) = (made / "environment").glob("lib/python*/site-packages")
    for name in _closure(wheel.needs()):
        for path in _top_level(name):
            link = site / path.name
            if not link.exists():
                link.symlink_to(path)
    (made / "folder").mkdir()
    _pip(sys.executable, "--python", str(made / "environment" / "bin" / "python"), "install", str(wheel.path))
    return Installed(made / "environment", made / "folder")


@pytest.fixture
def model_url(tmp_path: Path) -> Iterator[str]:
    """The address of the simulated model, which the checkout serves on loopback."""
    port = tmp_path / "port"
    command = [sys.executable, "-m", "aita_local.simulated_model", "--anything", "--latency", "0"]
    with subprocess.Popen([*command, "--port-file", str(port)], cwd=ROOT) as server:
        try:
            for _ in range(600):
                if port.exists() or server.poll() is not None:
                    break
                time.sleep(0.05)
            yield f"http://127.0.0.1:{int(port.read_text())}/v1"
        finally:
            server.terminate()


def _pip(python: str, *arguments: str) -> None:
    options = ("--disable-pip-version-check", "--quiet")
    command = [python, "-m", "pip", *options, *arguments, "--no-deps", "--no-index"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr


def _applies(need: Requirement, extras: set[str]) -> bool:
    return need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in extras)


def _closure(needs: list[Requirement]) -> set[str]:
    """Return the names of all that these need in turn."""
    reached: set[str] = set()
    ahead = list(needs)
    while ahead:
        need = ahead.pop()
        name = canonicalize_name(need.name)
        if name not in reached:
            reached.add(name)
            below = map(Requirement, distribution(name).requires or [])
            ahead += [each for each in below if _applies(each, need.extras or {""})]
    return reached


def _top_level(name: str) -> set[Path]:
    """Return the files and folders of site-packages that are a distribution's."""
    found = distribution(name)
    names = {file.parts[0] for file in found.files or () if file.parts[0] not in {"..", "__pycache__"}}
    return {Path(str(found.locate_file(each))) for each in names}
