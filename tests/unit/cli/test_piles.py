"""Uploading a pile: which files it has, in which parts they are sent, and what is not sent again."""

import json
import zipfile
from pathlib import Path

import pytest

from aita.cli.files.pile_discovery import find_pile
from aita.errors import InvalidMaterialError
from aita.models import names
from tests.support.command_fixtures import Aita
from tests.support.fake_stack import FakeStack


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aita.cli.files.pile_discovery.PART_BYTES", 10)


def found(*paths: Path) -> list[str]:
    return [one.name for one in find_pile(paths).uploads]


def test_a_file_a_folder_and_a_zip(stack: FakeStack, aita: Aita, tmp_path: Path) -> None:
    (tmp_path / "class.pdf").write_bytes(b"%PDF")
    (tmp_path / "photos" / "monday").mkdir(parents=True)
    (tmp_path / "photos" / "monday" / "IMG_10.jpg").write_bytes(b"10")
    (tmp_path / "photos" / "monday" / "IMG_9.jpg").write_bytes(b"9")
    (tmp_path / "photos" / "notes.txt").write_bytes(b"x")
    with zipfile.ZipFile(tmp_path / "more.zip", "w") as archive:
        archive.writestr("late.pdf", b"%PDF late")
    paths = [str(tmp_path / name) for name in ("photos", "more.zip", "class.pdf")]
    code, out, err = aita("upload", *paths, "--pile", "-a", "midterm")
    assert code == 0, err
    assert stack.uploads == {
        "piles/class.pdf": b"%PDF",
        "piles/more/late.pdf": b"%PDF late",
        "piles/photos/monday/IMG_9.jpg": b"9",
        "piles/photos/monday/IMG_10.jpg": b"10",
    }
    assert "Uploaded a pile of 4 files to midterm" in out
    assert "no scan, and passed over: photos/notes.txt" in err


def test_files_are_in_natural_order(tmp_path: Path) -> None:
    for number in (10, 9, 1):
        (tmp_path / f"IMG_{number}.jpg").write_bytes(b"x%d" % number)
    assert found(*(tmp_path / f"IMG_{number}.jpg" for number in (10, 1, 9))) == [
        "piles/IMG_1.jpg",
        "piles/IMG_9.jpg",
        "piles/IMG_10.jpg",
    ]


@pytest.mark.usefixtures("small_parts")
def test_a_large_file_is_sent_in_parts_and_what_has_arrived_is_not_sent_again(
    stack: FakeStack, aita: Aita, tmp_path: Path
) -> None:
    data = bytes(range(65, 90))
    (tmp_path / "class.pdf").write_bytes(data)
    parts = [f"piles/class.pdf.part-{number:03}-of-003" for number in (1, 2, 3)]
    assert found(tmp_path / "class.pdf") == parts
    assert aita("upload", str(tmp_path / "class.pdf"), "--pile", "-a", "midterm")[0] == 0
    assert b"".join(stack.uploads[part] for part in parts) == data
    del stack.uploads[parts[1]]
    stack.requests.clear()
    code, out, _ = aita("upload", str(tmp_path / "class.pdf"), "--pile", "-a", "midterm", "--json")
    assert code == 0
    assert [one["name"] for one in json.loads(out)["files"]] == [parts[1]]
    assert json.loads(out)["notes"] == ["2 of 3 files and parts are in the bucket already"]
    assert b"".join(stack.uploads[part] for part in parts) == data


def test_the_same_file_under_another_name_is_not_sent(stack: FakeStack, aita: Aita, tmp_path: Path) -> None:
    for name in ("class.pdf", "class (1).pdf"):
        (tmp_path / name).write_bytes(b"%PDF")
    assert aita("upload", str(tmp_path / "class.pdf"), "--pile", "-a", "midterm")[0] == 0
    code, _, err = aita("upload", str(tmp_path / "class (1).pdf"), "--pile", "-a", "midterm")
    assert code == 0
    assert list(stack.uploads) == ["piles/class.pdf"]
    assert "it is piles/class.pdf, which was uploaded before" in " ".join(err.split())


@pytest.mark.usefixtures("small_parts")
def test_another_version_in_parts_is_not_mixed_with_the_first(stack: FakeStack, aita: Aita, tmp_path: Path) -> None:
    (tmp_path / "class.pdf").write_bytes(b"x" * 25)
    assert aita("upload", str(tmp_path / "class.pdf"), "--pile", "-a", "midterm")[0] == 0
    (tmp_path / "class.pdf").write_bytes(b"x" * 35)
    code, _, err = aita("upload", str(tmp_path / "class.pdf"), "--pile", "-a", "midterm")
    assert code != 0
    assert "another version of piles/class.pdf is in the bucket" in " ".join(err.split())


def test_the_number_of_pages_goes_with_it(stack: FakeStack, aita: Aita, tmp_path: Path) -> None:
    (tmp_path / "class.pdf").write_bytes(b"%PDF")
    assert aita("upload", str(tmp_path / "class.pdf"), "--pile", "--pages", "8", "-a", "midterm")[0] == 0
    assert json.loads(stack.uploads["piles.json"]) == {"pages": 8, "given": []}


def test_another_number_of_pages_leaves_what_people_placed(stack: FakeStack, aita: Aita, tmp_path: Path) -> None:
    (tmp_path / "class.pdf").write_bytes(b"%PDF")
    given = {"file": "class.pdf", "source": "", "first": 3, "last": 4, "folder": "Ann"}
    stored = stack.file("piles.json", json.dumps({"pages": 8, "given": [given]}).encode())
    stack.answer("GET", "/assignments/midterm/files", {"files": [stored]})
    assert aita("upload", str(tmp_path / "class.pdf"), "--pile", "--pages", "6", "-a", "midterm")[0] == 0
    assert json.loads(stack.uploads["piles.json"]) == {"pages": 6, "given": [given]}


def test_a_number_of_pages_is_of_a_pile(aita: Aita, tmp_path: Path) -> None:
    code, _, err = aita("upload", str(tmp_path), "--pages", "8", "-a", "midterm")
    assert code != 0
    assert "--pages is of a pile" in err


@pytest.mark.parametrize(("content", "said"), [(b"", "it is empty"), (None, "no such file"), (b"x" * 30, "scan it in")])
def test_what_is_refused(tmp_path: Path, content: bytes | None, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aita.cli.files.pile_discovery.MAX_PILE_BYTES", 20)
    if content is not None:
        (tmp_path / "class.pdf").write_bytes(content)
    with pytest.raises(InvalidMaterialError, match=said):
        find_pile([tmp_path / "class.pdf"])


def test_names_of_parts() -> None:
    assert names.part_of(names.part_name("piles/class.pdf", 3, 12)) == ("piles/class.pdf", 3, 12)
    assert names.part_name("piles/class.pdf", 1, 1) == "piles/class.pdf"
    assert names.check_upload("piles/class.pdf.part-003-of-012") == "application/pdf"
