"""The local stack is found from any folder: AITA_HOME's, the nearest project's, or the one that was started last."""

import json
from pathlib import Path

import pytest

from aita.client.target_selection import find_local_stack, last_started
from aita.errors import LocalStackError
from aita_local.state_dir import PROJECT, StateDir


def home(folder: Path, stack: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "local.json").write_text(json.dumps({"endpoint_url": "http://x", "region": "r", "stack": stack}))
    return folder


def started(folder: Path) -> None:
    last_started().parent.mkdir(parents=True, exist_ok=True)
    last_started().write_text(str(folder))


def test_the_last_one_is_found_from_anywhere(tmp_path: Path) -> None:
    started(home(tmp_path / "clone" / ".aita", "last"))
    assert find_local_stack(Path("/")).stack == "last"


def test_a_project_above_comes_first(tmp_path: Path) -> None:
    started(home(tmp_path / "clone" / ".aita", "last"))
    home(tmp_path / "other" / ".aita", "nearest")
    (tmp_path / "other" / "exams").mkdir()
    assert find_local_stack(tmp_path / "other" / "exams").stack == "nearest"


def test_the_variable_comes_first_of_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started(home(tmp_path / "clone" / ".aita", "last"))
    monkeypatch.setenv("AITA_HOME", str(home(tmp_path / "named", "named")))
    assert find_local_stack(tmp_path / "clone").stack == "named"
    monkeypatch.setenv("AITA_HOME", str(tmp_path / "nowhere"))
    with pytest.raises(LocalStackError, match=r"no local.json in .*nowhere\): start it with 'aita local up'"):
        find_local_stack(tmp_path / "clone")


def test_one_that_was_stopped_is_named(tmp_path: Path) -> None:
    folder = home(tmp_path / "clone" / ".aita", "last")
    started(folder)
    (folder / "local.json").unlink()
    with pytest.raises(LocalStackError, match=r"the one that was started last, of .*clone.*, was stopped"):
        find_local_stack(Path("/"))


def test_a_state_folder_that_is_no_absolute_path_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the XDG Base Directory Specification has it."""
    monkeypatch.setenv("XDG_STATE_HOME", "state")
    assert last_started() == Path.home() / ".local" / "state" / "aita" / "local_home"


def test_only_the_projects_own_is_known_from_any_folder(tmp_path: Path) -> None:
    assert StateDir(PROJECT / ".aita").is_default
    assert not StateDir(tmp_path).is_default
