"""Files that are replaced whole or not at all."""

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
