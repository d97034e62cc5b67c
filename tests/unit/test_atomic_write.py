"""Files that are replaced whole or not at all."""

import os
import threading
from pathlib import Path

import pytest

from aita.atomic_write import replacing, write_whole


def test_a_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "grades.csv"
    for data in (b"a longer text", b"short"):
        write_whole(path, data)
        assert path.read_bytes() == data
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_leaves_what_was_there_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "grades.csv"
    path.write_bytes(b"before")

    def fail() -> None:
        with replacing(path) as file:
            file.write(b"half of")
            file.flush()
            assert path.read_bytes() == b"before"
            raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        fail()
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "grades.csv"
    write_whole(path, b"x")
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_and_its_target_is_replaced(tmp_path: Path, there: bool) -> None:
    (tmp_path / "elsewhere").mkdir()
    target = tmp_path / "elsewhere" / "grades.csv"
    if there:
        target.write_bytes(b"before")
    link, second = tmp_path / "link.csv", tmp_path / "second.csv"
    link.symlink_to(Path("elsewhere") / "grades.csv")
    second.symlink_to(link)
    write_whole(second, b"after")
    assert (link.is_symlink(), second.is_symlink(), target.read_bytes()) == (True, True, b"after")
    assert sorted(tmp_path.rglob("*")) == sorted([tmp_path / "elsewhere", target, link, second])


@pytest.mark.parametrize("linked", [False, True])
def test_a_pipe_stays_and_gets_the_data(tmp_path: Path, linked: bool) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    path = tmp_path / "link"
    path.symlink_to(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()), daemon=True)
    reader.start()
    write_whole(path if linked else pipe, b"data")
    reader.join()
    assert (read, pipe.is_fifo(), path.is_symlink()) == ([b"data"], True, True)


def test_a_device_stays(tmp_path: Path) -> None:
    link = tmp_path / "null"
    link.symlink_to(os.devnull)
    write_whole(link, b"data")
    assert (link.is_symlink(), link.is_char_device()) == (True, True)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        write_whole(tmp_path, b"data")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_whole(path, b"1")
    path.chmod(0o640)
    write_whole(path, b"2")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"2", 0o640)


def test_a_link_that_leads_to_itself_is_refused(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(link)
    with pytest.raises(OSError, match="symbolic links") as caught:
        write_whole(link, b"1")
    assert (caught.value.filename, list(tmp_path.iterdir())) == (str(link), [link])
    assert link.is_symlink()
