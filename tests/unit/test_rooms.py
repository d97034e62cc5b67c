"""The rooms: modules that moved are where the list says, and the README names each package of the services."""

import ast
import csv
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = ROOT / "layers" / "aita" / "aita" / "services"
PACKAGES = sorted(file.parent for file in SERVICES.glob("*/__init__.py"))


def rooms() -> dict[str, str]:
    """The README's table: what is said of each room, by its path."""
    rows = re.findall(r"^\| (`[^|]+`) \| (.+) \|$", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    return {path: said for paths, said in rows for path in re.findall(r"`([^`]+)`", paths) if path.endswith("/")}


def folders(parent: Path) -> set[str]:
    """The folders with files of the project's own: none that git ignores."""
    found = {folder.name for folder in parent.iterdir() if folder.is_dir() and not folder.name.startswith((".", "_"))}
    return {name for name in found if name not in {"out", "build"} and not name.endswith(".egg-info")}


def test_modules_that_moved_are_where_the_list_says() -> None:
    with (ROOT / "docs" / "moved.tsv").open(encoding="utf-8", newline="") as file:
        moved = [(row["old"], row["new"]) for row in csv.DictReader(file, delimiter="\t")]
    assert moved
    assert [old for old, _ in moved if (ROOT / old).exists()] == []
    assert [new for _, new in moved if not (ROOT / new).is_file()] == []
    assert len({old for old, _ in moved}) == len({new for _, new in moved}) == len(moved)


def test_each_module_of_the_services_is_in_a_package() -> None:
    assert [file.name for file in SERVICES.glob("*.py")] == ["__init__.py"]
    assert {file.parent for file in SERVICES.rglob("*.py")} == {SERVICES, *PACKAGES}


def test_each_room_of_the_readme_is_there() -> None:
    assert "layers/aita/aita/services/" in rooms()
    assert [path for path in rooms() if not (ROOT / path).is_dir()] == []


def test_the_readme_names_what_is_in_the_package_and_each_package_of_the_services() -> None:
    named = re.findall(r"`(\w+)`", rooms()["layers/aita/aita/"])
    package = SERVICES.parent
    assert [name for name in named if not ((package / name).is_dir() or (package / f"{name}.py").is_file())] == []
    assert folders(package) - {*named} == set()
    named = re.findall(r"`(\w+)`", rooms()["layers/aita/aita/services/"])
    assert sorted(named) == [package.name for package in PACKAGES]


def test_each_folder_of_the_project_and_of_its_tests_is_named() -> None:
    tops = {path.rstrip("/") for path in rooms() if path.count("/") == 1}
    assert tops | {"layers"} == folders(ROOT)
    assert {*re.findall(r"`(\w+)`", rooms()["tests/"])} == folders(ROOT / "tests")
    contributing = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    assert {*re.findall(r"`tests/(\w+)`", contributing)} == folders(ROOT / "tests")


def test_the_folders_of_the_unit_tests_are_the_packages() -> None:
    unit = Path(__file__).parent
    folders = [folder.parent.relative_to(unit) for folder in unit.rglob("__init__.py")]
    assert [folder for folder in folders if not (SERVICES.parent / folder / "__init__.py").is_file()] == []


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_each_package_of_the_services_says_in_one_line_what_it_holds(package: Path) -> None:
    module = ast.parse((package / "__init__.py").read_text("utf-8"))
    assert len(module.body) == 1, "importing a module of the package loads nothing else"
    assert len((ast.get_docstring(module) or "").splitlines()) == 1
