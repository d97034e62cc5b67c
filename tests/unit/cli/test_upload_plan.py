"""One upload of a folder of anything: what each thing is taken for, what is missing, and what could not be placed."""

import io
import json
import os
import shlex
import sys
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from aita.cli.files.anything_discovery import find_anything
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


def put(folder: Path, *names: str) -> Path:
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


@pytest.mark.parametrize("name", ["roster.csv", "class.csv", "blank.pdf", "x.jpg"])
@pytest.mark.parametrize("is_pipe", [True, False])
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_pipe_or_a_broken_link_is_left_out_and_not_read(name: str, is_pipe: bool, tmp_path: Path) -> None:
    scan = tmp_path / "Ann Lee" / "1.jpg"
    scan.parent.mkdir()
    scan.write_bytes(b"a page")
    if is_pipe:
        os.mkfifo(tmp_path / name)  # whose reader waits for ever
    else:
        (tmp_path / name).symlink_to(tmp_path / "nowhere")
    found = find_anything([tmp_path], {}, {})
    assert [one.name for one in found.uploads] == ["scans/Ann Lee/1.jpg"]
    reason = "it is a pipe or a device, and no file" if is_pipe else "it is a link that leads nowhere"
    assert found.unplaced == {reason: [str(tmp_path / name)]}


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


ROSTER = b"Name,ID\nLovelace Ada,12345\nBo Chan,2\n"
LETTER = b"%PDF-1.7 of another"


class TestOddFolders:
    """Folders as desktops, phones, LMSs and people leave them."""

    def test_names_of_all_scripts(self, tmp_path: Path) -> None:
        decomposed = unicodedata.normalize("NFD", "Żółć Gęślą")
        folder = put(tmp_path / "x", f"{decomposed}/1.jpg", "王小明.pdf", "محمد علي/1.jpg")
        assert names(folder) == ["scans/Żółć Gęślą/1.jpg", "scans/محمد علي/1.jpg", "scans/王小明/王小明.pdf"]

    def test_what_desktops_and_offices_leave_is_nothing(self, tmp_path: Path) -> None:
        left = (".DS_Store", "._1.pdf", "Thumbs.db", "desktop.ini", "__MACOSX/._1.jpg", "~$roster.xlsx", ".~lock.a#")
        folder = put(tmp_path / "x", *left, "Ada Lovelace/1.jpg", "Ada Lovelace/._1.jpg")
        assert names(folder) == ["scans/Ada Lovelace/1.jpg"]
        assert unplaced(folder) == {}

    def test_links_are_followed_once_and_broken_ones_told(self, tmp_path: Path) -> None:
        folder = put(tmp_path / "x", "Ada Lovelace/1.jpg", "more/Bo Chan/1.jpg")
        (folder / "again").symlink_to(folder)
        (folder / "more" / "again").symlink_to(folder)
        (folder / "broken.pdf").symlink_to(folder / "nothing")
        assert names(folder) == ["scans/Ada Lovelace/1.jpg", "scans/Bo Chan/1.jpg"]
        assert unplaced(folder) == {"broken.pdf": "it is a link that leads nowhere"}

    def test_empty_folders_are_nothing_and_empty_files_stop_it(self, tmp_path: Path) -> None:
        folder = put(tmp_path / "x", "Ada Lovelace/1.jpg")
        (folder / "scans").mkdir()
        (folder / "Bo Chan").mkdir()
        assert names(folder) == ["scans/Ada Lovelace/1.jpg"]
        (folder / "Bo Chan" / "1.jpg").touch()
        assert "1.jpg: it is empty" in problem(folder)
        assert "no scan, and passed over: film.mp4" in problem(put(tmp_path / "y", "film.mp4"))

    def test_of_two_rosters_none_is_taken(self, tmp_path: Path) -> None:
        folder = put(tmp_path / "x", "Ada Lovelace/1.jpg")
        for name in ("a.csv", "b.csv"):
            (folder / name).write_bytes(ROSTER)
        assert names(folder) == ["scans/Ada Lovelace/1.jpg"]
        assert set(unplaced(folder)) == {"a.csv", "b.csv"}
        (folder / "a.csv").rename(folder / "roster.csv")
        assert names(folder) == ["roster.csv", "scans/Ada Lovelace/1.jpg"]
        assert "roster.csv is the roster" in unplaced(folder)["b.csv"]

    def test_a_table_that_is_no_roster_says_why(self, tmp_path: Path) -> None:
        folder = put(tmp_path / "x", "Ada Lovelace/1.jpg")
        (folder / "list.csv").write_bytes(b"Name,ID\nAda,1\nBo,1\n")
        assert "can't be read as a roster: line 3: it has the number of line 2" in unplaced(folder)["list.csv"]

    @pytest.mark.parametrize("other", ["Blank_Exam v2.pdf", "midterm blank.png", "Blank, Ada.pdf"])
    def test_of_two_blank_exams_none_is_taken(self, other: str, tmp_path: Path) -> None:
        folder = put(tmp_path / "x", "blank exam.pdf", "Ada Lovelace/1.jpg")
        assert names(folder)[0] == "blank_exam.pdf"
        assert names(put(folder, other)) == ["scans/Ada Lovelace/1.jpg"]
        assert "2 files are called so" in unplaced(folder)["blank exam.pdf"]

    def test_two_files_with_the_blank_exams_name_are_refused(self, tmp_path: Path) -> None:
        assert "keep one" in problem(put(tmp_path / "x", "blank_exam.pdf", "blank_exam.PNG"))

    def test_an_archive_beside_what_was_unpacked_of_it_counts_once(self, tmp_path: Path) -> None:
        folder = put(tmp_path / "x", "submissions/mustererika_12_34_exam.pdf")
        archive(folder / "submissions.zip", "mustererika_12_34_exam.pdf")
        with plan_of(folder) as plan:
            assert [one.name for one in plan.uploads] == ["scans/mustererika_12_canvas/mustererika_12_34_exam.pdf"]
            assert any(note.startswith("there twice with the same content") for note in plan.notes)
        (folder / "submissions" / "mustererika_12_34_exam.pdf").write_bytes(LETTER)
        assert "keep one" in problem(folder)

    def test_an_archive_in_an_archive_stays_closed(self, tmp_path: Path) -> None:
        folder = put(tmp_path / "x", "Ada Lovelace/1.jpg")
        inner = archive(tmp_path / "in.zip", "Bo Chan/1.jpg")
        with zipfile.ZipFile(folder / "outer.zip", "w") as made:
            made.write(inner, "in.zip")
        assert "an archive within another one" in unplaced(folder)["in.zip"]

    def test_an_archive_that_can_not_be_read_stops_nothing(self, tmp_path: Path) -> None:
        folder = put(tmp_path / "x", "Ada Lovelace/1.jpg", "a.zip")
        archive(folder / "b.zip", "../out.pdf")
        assert names(folder) == ["scans/Ada Lovelace/1.jpg"]
        assert "no zip archive that can be read" in unplaced(folder)["a.zip"]
        assert "lies outside" in unplaced(folder)["b.zip"]

    def test_a_students_own_archive(self, tmp_path: Path) -> None:
        folder = tmp_path / "x"
        archive(folder / "Ada Lovelace.zip", "1.jpg", "2.jpg")
        archive(folder / "photos.zip", "1.jpg")
        with plan_of(folder) as plan:
            assert [one.name for one in plan.uploads] == ["scans/Ada Lovelace/1.jpg", "scans/Ada Lovelace/2.jpg"]
            assert plan.taken[0].path == "Ada Lovelace.zip"
            (nobodys,) = plan.unplaced
            assert nobodys.paths == (f"{folder}/photos.zip",)
            assert nobodys.command == f"aita upload {folder}/photos.zip --pile --assignment midterm"

    def test_files_of_nobody_in_an_archive_are_to_be_unpacked(self, tmp_path: Path) -> None:
        archive(tmp_path / "x" / "class.zip", "all.pdf", "mustererika_12_34_exam.pdf")
        with plan_of(tmp_path / "x") as plan:
            (nobodys,) = plan.unplaced
            assert (nobodys.paths, nobodys.command) == (("class.zip/all.pdf",), None)
            assert "unpack the archive" in nobodys.reason

    def test_a_whole_exam_in_an_archive(self, tmp_path: Path) -> None:
        folder = tmp_path / "x"
        archive(folder / "exam.zip", "midterm/blank_exam.pdf", "midterm/scans/Ada/1.jpg", "midterm/scans/Bo/1.jpg")
        assert names(folder) == ["blank_exam.pdf", "scans/Ada/1.jpg", "scans/Bo/1.jpg"]

    def test_sections_are_looked_into_and_not_merged(self, tmp_path: Path) -> None:
        folder = put(tmp_path / "x", "Section 1/Ada Lovelace/1.jpg", "Section 2/Bo Chan/1.jpg")
        assert names(folder) == ["scans/Ada Lovelace/1.jpg", "scans/Bo Chan/1.jpg"]
        assert "rename one" in problem(put(folder, "Section 2/Ada Lovelace/2.jpg"))

    def test_a_pile_beside_students_folders_is_proposed(self, tmp_path: Path) -> None:
        folder = put(tmp_path / "x", "scan0001.pdf", "scan 2.pdf", "Ada Lovelace/1.jpg", "New folder/1.jpg")
        with plan_of(folder) as plan:
            assert [one.name for one in plan.uploads] == ["scans/Ada Lovelace/1.jpg"]
            (pile,) = plan.unplaced
            files = sorted(f"{folder}/{name}" for name in ("scan0001.pdf", "scan 2.pdf", "New folder"))
            *words, flag, option, assignment = shlex.split(pile.command or "")
            assert (words[:2], sorted(words[2:])) == (["aita", "upload"], files)
            assert (flag, option, assignment) == ("--pile", "--assignment", "midterm")

    def test_whom_only_the_roster_knows(self, tmp_path: Path) -> None:
        folder = put(tmp_path / "x", "12345/1.jpg", "67890/1.jpg", "Chan.pdf", "2.pdf")
        (folder / "roster.csv").write_bytes(ROSTER)
        assert names(folder) == ["roster.csv", "scans/12345/1.jpg", "scans/2/2.pdf"]
        assert set(unplaced(folder)) == {"67890", "Chan.pdf"}

    def test_a_students_folder_with_folders_in_it(self, tmp_path: Path) -> None:
        folder = put(tmp_path / "x", "Ada Lovelace/pages/1.jpg", "ada/pages/1.jpg", "Bo Chan/1.jpg")
        assert names(folder) == ["scans/Bo Chan/1.jpg"]
        assert unplaced(folder).keys() == {"pages"}

    def test_a_course_is_no_person_if_people_are_in_it(self, tmp_path: Path) -> None:
        folder = put(tmp_path / "x", "Linear Algebra/Ada Lovelace/1.jpg", "Linear Algebra/Bo Chan/1.jpg")
        assert names(folder) == ["scans/Ada Lovelace/1.jpg", "scans/Bo Chan/1.jpg"]
        put(folder, "Linear Algebra/1.jpg")
        assert names(put(folder, "Cy Lee/1.jpg")) == ["scans/Cy Lee/1.jpg", "scans/Linear Algebra/1.jpg"]
        assert set(unplaced(folder)) == {"Ada Lovelace", "Bo Chan"}

    def test_papers_that_are_nobodys(self, tmp_path: Path) -> None:
        papers = ("Answer Key.pdf", "midterm solutions.pdf", "Exam Questions.pdf", "Musterlösung.pdf", "Final v2.pdf")
        assert set(unplaced(put(tmp_path / "x", *papers))) == set(papers)

    def test_names_that_windows_or_a_bucket_does_not_take(self, tmp_path: Path) -> None:
        folder = put(tmp_path / "x", " Ada Lovelace /1.jpg", "Bo Chan/PAGE:1.JPG")
        assert names(folder) == ["scans/Bo Chan/PAGE:1.JPG"]
        assert "no spaces at the ends" in unplaced(folder)[" Ada Lovelace "]
        assert "control characters" in problem(put(folder, "Cy\x07 Lee/1.jpg"))

    def test_a_folder_too_deep_to_look_into_is_told(self, tmp_path: Path) -> None:
        folder = put(tmp_path / "x", "a/b/c/d/e/f/g/h/i/j/Ada Lovelace/1.jpg", "Bo Chan/1.jpg")
        assert "folders deep" in unplaced(folder)["i"]

    def test_downloads_of_several_lmss_beside_each_other(self, tmp_path: Path) -> None:
        folder = put(
            tmp_path / "x",
            "submissions/mustererika_12_34_exam.pdf",
            "submissions/index.html",
            "Exam-123/Tina Test_9_assignsubmission_file/exam.pdf",
        )
        with plan_of(folder) as plan:
            assert {each.taken_for for each in plan.taken} == {"submissions to Canvas", "submissions to Moodle"}
            assert len(plan.uploads) == 2
