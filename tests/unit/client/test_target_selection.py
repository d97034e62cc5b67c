"""The local stack is found from any folder: AITA_HOME's, the nearest project's, or the one that was started last."""

import json
from pathlib import Path

import pytest

from aita.client.target_selection import find_local_stack, last_started
from aita.errors import LocalStackError
from aita_local.stack import _register
from aita_local.state_dir import PROJECT, StateDir


def home(folder: Path, stack: str, url: str = "http://127.0.0.1:4566") -> Path:
    folder.mkdir(parents=True)
    (folder / "local.json").write_text(json.dumps({"endpoint_url": url, "region": "r", "stack": stack}))
    (folder / "ports.json").write_text("{}")
    return folder


def started(folder: Path) -> None:
    registered = last_started()
    assert registered is not None
    registered.parent.mkdir(parents=True, exist_ok=True)
    registered.write_text(str(folder))


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


def test_a_project_whose_own_was_stopped_means_no_other(tmp_path: Path) -> None:
    started(home(tmp_path / "clone" / ".aita", "last"))
    (home(tmp_path / "other" / ".aita", "own") / "local.json").unlink()
    with pytest.raises(LocalStackError, match=r"no local.json in .*other"):
        find_local_stack(tmp_path / "other")


def test_a_folder_of_checkpoints_is_no_project(tmp_path: Path) -> None:
    started(home(tmp_path / "clone" / ".aita", "last"))
    (tmp_path / "exams" / ".aita" / "checkpoints").mkdir(parents=True)
    assert find_local_stack(tmp_path / "exams").stack == "last"


@pytest.mark.parametrize("url", ["http://203.0.113.9", "http://127.0.0.1.example.org", "http://10.0.0.1:4566", "x"])
def test_one_of_another_computer_is_refused(tmp_path: Path, url: str) -> None:
    home(tmp_path / ".aita", "far", url)
    with pytest.raises(LocalStackError, match="which is not this computer"):
        find_local_stack(tmp_path)


def test_one_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home(tmp_path / ".aita", "theirs")
    monkeypatch.setattr("os.getuid", lambda: 12_345)
    with pytest.raises(LocalStackError, match="is another user's"):
        find_local_stack(tmp_path)


@pytest.mark.parametrize("content", ["", "relative", "\n"])
def test_an_empty_registration_names_none(tmp_path: Path, content: str) -> None:
    started(Path(content))
    registered = last_started()
    assert registered is not None
    registered.write_text(content)
    with pytest.raises(LocalStackError, match="no local stack is running"):
        find_local_stack(Path("/"))


def test_a_user_without_a_home_has_no_registration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setattr("pathlib.Path.home", failing_home)
    assert last_started() is None
    with pytest.raises(LocalStackError, match="no local stack is running"):
        find_local_stack(Path("/"))


def failing_home() -> Path:
    raise RuntimeError("Could not determine home directory.")


def test_a_stack_is_up_though_it_can_not_be_registered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    said: list[str] = []
    _register(StateDir(tmp_path / "clone" / ".aita"), said.append)
    assert len(said) == 1
    assert f"finds it in {tmp_path / 'clone'} alone" in said[0]


def test_a_state_folder_that_is_no_absolute_path_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the XDG Base Directory Specification has it."""
    monkeypatch.setenv("XDG_STATE_HOME", "state")
    assert last_started() == Path.home() / ".local" / "state" / "aita" / "local_home"


def test_only_the_projects_own_is_known_from_any_folder(tmp_path: Path) -> None:
    assert StateDir(PROJECT / ".aita").is_default
    assert not StateDir(tmp_path).is_default
