"""One upload of a folder of anything: what each thing is taken for, what is missing, and what could not be placed."""

import io
import json
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from aita.cli.files.upload_plan import Plan, Taken, planned
from aita.errors import InvalidMaterialError
from aita.memory.objects import MemoryObjects
from aita.services.assignments.assignment_files import AssignmentFiles
from tests.support.command_fixtures import Aita
from tests.support.fake_stack import FakeStack

PDF = b"%PDF-1.7 of a student"
CANVAS_GRADES = (
    b'Student,ID,SIS User ID,Section\n"Muster, Erika",12345,1,S\n"Test, Tina",12346,2,S\n"Lovelace, Ada",7,3,S\n'
)


def put(folder: Path, *names: str, **content: bytes) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(PDF)
    return folder


def archive(path: Path, *names: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as made:
        for name in names:
            made.writestr(name, PDF)
    return path


@contextmanager
def plan_of(*paths: Path, stored: frozenset[str] = frozenset()) -> Iterator[Plan]:
    with planned(
        paths, "midterm", lambda _: AssignmentFiles(MemoryObjects(), "midterm"), lambda: stored, guess=True
    ) as plan:
        yield plan


def names(*paths: Path) -> list[str]:
    with plan_of(*paths) as plan:
        assert all(one.path.read_bytes() for one in plan.uploads)
        return [one.name for one in plan.uploads]


def unplaced(*paths: Path) -> dict[str, str]:
    """Return the reason of each unplaced path, by its name."""
    with plan_of(*paths) as plan:
        return {Path(path).name: each.reason for each in plan.unplaced for path in each.paths}


def problem(*paths: Path) -> str:
    with pytest.raises(InvalidMaterialError) as caught, plan_of(*paths):
        pass
    return str(caught.value)


@pytest.fixture
def midterm(tmp_path: Path) -> Path:
    folder = put(
        tmp_path / "midterm",
        *("midterm blank.pdf", "class.pdf", "Ada Lovelace/1.jpg", "Ada Lovelace/2.jpg", "photos/1.jpg", "notes.docx"),
    )
    (folder / "2025-11-01_Grades-Math.csv").write_bytes(CANVAS_GRADES)
    archive(folder / "submissions.zip", "mustererika_12345_678901_exam.pdf", "index.html")
    return folder


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let a person sit at the terminal, who answers so."""

    def answer(said: str) -> None:
        class Terminal(io.StringIO):
            def isatty(self) -> bool:
                return True

        monkeypatch.setattr(sys, "stdin", Terminal(said))

    return answer


SENT = [
    "blank_exam.pdf",
    "roster.csv",
    "scans/Ada Lovelace/1.jpg",
    "scans/Ada Lovelace/2.jpg",
    "scans/mustererika_12345_canvas/mustererika_12345_678901_exam.pdf",
]


def test_each_thing_of_a_folder_of_anything_is_told(midterm: Path) -> None:
    with plan_of(midterm) as plan:
        assert [one.name for one in plan.uploads] == SENT
        assert plan.taken == (
            Taken(f"{midterm}/midterm blank.pdf", "the blank exam", (), 1, guessed=True),
            Taken(f"{midterm}/2025-11-01_Grades-Math.csv", "the roster", (), 1, guessed=True),
            Taken(str(midterm), "scans in students' folders", ("Ada Lovelace",), 2, guessed=True),
            Taken("submissions.zip", "submissions to Canvas", ("mustererika_12345_canvas",), 1, guessed=True),
        )
        (nobodys,) = plan.unplaced
        assert nobodys.paths == (f"{midterm}/class.pdf", f"{midterm}/photos")
        assert nobodys.command == f"aita upload {midterm}/class.pdf {midterm}/photos --pile --assignment midterm"
        assert plan.missing == ()
        assert [line.split(": ", 1)[1] for line in plan.without_scans] == [
            "on the roster, and no scans are surely theirs: Test, Tina"
        ]
        assert "no scan, and passed over: index.html, notes.docx" in plan.notes


@pytest.mark.parametrize(("said", "sends"), [("y\n", True), ("n\n", False), ("\n", False), ("", False)])
def test_a_person_is_asked_before_a_byte_is_sent(
    stack: FakeStack, aita: Aita, midterm: Path, terminal: Callable[[str], None], said: str, sends: bool
) -> None:
    terminal(said)
    code, out, _ = aita("upload", str(midterm), "-a", "midterm")
    assert "submissions.zip: submissions to Canvas, 1 file of 1 student, as it seems" in out
    assert "--pile --assignment midterm" in out
    assert sorted(stack.uploads) == (SENT if sends else [])
    assert code == (3 if sends else 2 if said else 130), "3: something was not placed"


def test_without_a_terminal_nothing_is_guessed(stack: FakeStack, aita: Aita, midterm: Path) -> None:
    code, _, err = aita("upload", str(midterm), "-a", "midterm")
    assert (code, stack.uploads) == (2, {})
    assert "class.pdf" in err
    assert "--yes" in err


def test_yes_uploads_what_could_be_placed(stack: FakeStack, aita: Aita, midterm: Path) -> None:
    code, out, err = aita("upload", str(midterm), "-a", "midterm", "--yes", "--json")
    assert code == 3
    assert sorted(stack.uploads) == SENT
    document = json.loads(out)
    assert [one["name"] for one in document["files"]] == SENT
    assert [each["taken_for"] for each in document["plan"]["taken"]][:2] == ["the blank exam", "the roster"]
    assert document["plan"]["unplaced"][0]["command"].startswith("aita upload ")
    assert "not uploaded: " in err
    for name in ("class.pdf", "photos/1.jpg"):
        (midterm / name).unlink()
    assert aita("upload", str(midterm), "-a", "midterm", "-y")[0] == 0


def test_nothing_that_could_be_placed_is_an_error(stack: FakeStack, aita: Aita, tmp_path: Path) -> None:
    folder = put(tmp_path / "x", "class.pdf")
    code, _, err = aita("upload", str(folder), "-a", "midterm", "--yes")
    assert (code, stack.uploads) == (2, {})
    assert f"aita upload {folder}/class.pdf --pile --assignment midterm" in err


def test_what_an_assignment_has_is_not_missing(tmp_path: Path) -> None:
    folder = put(tmp_path / "x", "Ada Lovelace/1.pdf")
    with plan_of(folder) as plan:
        assert [line.split(" (")[0].split(":")[0] for line in plan.missing] == [
            "the questions",
            "the blank exam",
            "the roster",
        ]
    with plan_of(folder, stored=frozenset({"questions.json", "roster.csv"})) as plan:
        assert [line.split(" (")[0] for line in plan.missing] == ["the blank exam"]
    with plan_of(put(tmp_path / "y", "blank_exam.pdf")) as plan:
        assert plan.missing[-1] == "scans of students"


@pytest.mark.parametrize("columns", ["60", "80"])
def test_the_plan_fits_a_narrow_terminal(
    stack: FakeStack, aita: Aita, midterm: Path, columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(midterm.parent)
    monkeypatch.setenv("COLUMNS", columns)
    out = aita("upload", "midterm", "-a", "midterm", "--yes")[1]
    plan = out.split("Uploaded 5 files")[0]
    assert all(len(line) <= int(columns) for line in plan.splitlines() if "--pile" not in line), out
