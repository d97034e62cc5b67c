"""The lock against what is asked for, and the layers' share of it against the lock."""

import importlib.metadata
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.template.conftest import ROOT

Locked = dict[str, tuple[str, frozenset[str]]]
"""The version and the hashes of each distribution."""

LAYERS = ("aita", "imaging")
PARTS = (*((layer, "requirements") for layer in LAYERS), ("aita", "sdk"))
"""The lists of what the layers hold: AWS's SDK by itself, as the laptop's emulator has its own."""


def locked(file: Path) -> Locked:
    entries = re.split(r"\n(?=[a-z0-9])", re.sub(r"(?m)^\s*#.*\n", "", file.read_text()))
    found = {}
    for entry in filter(None, entries):
        name, version = re.match(r"([a-z0-9.-]+)==(\S+)", entry).groups()  # type: ignore[union-attr]
        found[name] = (version, frozenset(re.findall(r"--hash=sha256:([0-9a-f]{64})", entry)))
    return found


def asked(*files: Path) -> list[Requirement]:
    lines = [line.partition("#")[0].strip() for file in files for line in file.read_text().splitlines()]
    return [Requirement(line) for line in lines if line]


def layer_files(suffix: str) -> list[Path]:
    return [ROOT / "layers" / layer / f"{part}.{suffix}" for layer, part in PARTS]


def of_the_package() -> list[Requirement]:
    return asked(*layer_files("txt"), ROOT / "requirements-cli.txt", ROOT / "requirements-console.txt")


def dependency_groups() -> dict[str, list[str]]:
    groups: dict[str, list[str]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    return groups


def test_everything_that_is_asked_for_is_locked_within_its_range() -> None:
    lock = locked(ROOT / "requirements.lock")
    wanted = of_the_package() + [Requirement(line) for line in dependency_groups()["dev"]]
    assert len(wanted) > 20
    for requirement in wanted:
        name = canonicalize_name(requirement.name)
        assert name in lock, f"{name} is not locked: run `make lock`"
        assert lock[name][0] in requirement.specifier, f"{name} is locked otherwise: run `make lock`"


def test_the_package_takes_ranges_and_the_locks_alone_pin() -> None:
    """So it installs beside what others take of the same packages; what breaks it comes with a new first number."""
    for requirement in of_the_package():
        assert sorted(bound.operator for bound in requirement.specifier) == ["<", ">="], requirement


def test_what_builds_the_site_is_locked_too_and_what_both_have_is_the_same() -> None:
    lock, site = locked(ROOT / "requirements.lock"), locked(ROOT / "docs" / "requirements.lock")
    wanted = [Requirement(line) for line in dependency_groups()["docs"]]
    assert {requirement.name for requirement in wanted} <= set(site), "run `make lock`"
    for requirement in wanted:
        assert site[requirement.name][0] in requirement.specifier, (
            f"{requirement.name} is locked otherwise: run `make lock`"
        )
    shared = set(lock) & set(site)
    assert "ruff" in shared
    assert {name: site[name][0] for name in shared} == {name: lock[name][0] for name in shared}, "run `make lock`"


def test_everything_that_is_locked_has_its_hashes() -> None:
    for file in (ROOT / "requirements.lock", ROOT / "docs" / "requirements.lock", *layer_files("lock")):
        assert all(hashes for _, hashes in locked(file).values())


@pytest.mark.parametrize("file", layer_files("lock"), ids=str)
def test_a_layer_is_a_part_of_the_lock(file: Path) -> None:
    lock, part = locked(ROOT / "requirements.lock"), locked(file)
    assert part
    assert {name: lock.get(name) for name in part} == part, "run `make lock`"


@pytest.mark.parametrize("file", layer_files("txt"), ids=str)
def test_a_layer_has_all_that_it_imports_and_nothing_else(file: Path) -> None:
    """As the installed distributions tell what they need here: a marker of another system may add to the lock."""
    reached: set[str] = set()
    ahead = asked(file)
    while ahead:
        requirement = ahead.pop()
        name = canonicalize_name(requirement.name)
        if name in reached:
            continue
        reached.add(name)
        needs = map(Requirement, importlib.metadata.requires(name) or [])
        extras = requirement.extras or {""}
        ahead += [need for need in needs if _applies(need, extras)]
    lock = file.with_suffix(".lock")
    elsewhere = set(re.findall(r"(?m)^([a-z0-9.-]+)==\S+ ; ", lock.read_text()))
    assert reached - set(locked(lock)) == set(), "run `make lock`"
    assert set(locked(lock)) - reached <= elsewhere, "run `make lock`"


def test_a_layer_is_installed_from_its_lock_alone() -> None:
    rules = (ROOT / "layers" / "builds" / "layer.mk").read_text()
    assert re.findall(r"--requirement (\S+)", rules) == ["requirements.lock", "sdk.lock", "requirements.lock"]
    assert rules.count("--require-hashes") == 2


def _applies(need: Requirement, extras: set[str]) -> bool:
    return need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in extras)
