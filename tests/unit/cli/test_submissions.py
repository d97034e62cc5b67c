"""LMSs' downloads and files named for students, as folders and as archives, and archives that are hostile."""

import io
import json
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from aita.cli.files import archives
from aita.cli.files.anything_discovery import OF_NOBODY, find_anything
from aita.cli.files.archives import unpacked
from aita.cli.files.upload_discovery import Found, find_uploads
from aita.errors import InvalidMaterialError
from aita.models.student import RosterEntry
from aita.services.assignments.roster_matching import find_on_roster


def folder(path: Path, *names: str) -> Path:
    for name in names:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(b"%PDF-1.7 of a student")
    return path


def names(found: Found) -> list[str]:
    return [one.name for one in found.uploads]


CANVAS = ("mustererika_12345_678901_exam1.pdf", "testtina_LATE_12346_678902_exam1.pdf")
MOODLE = (
    "Erika Muster_123456_assignsubmission_file/exam.pdf",
    "Erika Muster_123456_assignsubmission_onlinetext/onlinetext.html",
    "Tina Test_123457_assignsubmission_file/exam.pdf",
)
BRIGHTSPACE = (
    "12-34 - Erika Muster - Oct 1, 2025 1130 AM/exam.pdf",
    "12-34 - Erika Muster - Oct 2, 2025 930 AM/exam.pdf",
    "index.html",
)
BLACKBOARD = (
    "Exam_emuster_attempt_2025-10-01-11-30-00.txt",
    "Exam_emuster_attempt_2025-10-01-11-30-00_old.pdf",
    "Exam_emuster_attempt_2025-10-02-11-30-00_new.pdf",
)
TAKEN = {
    CANVAS: [
        "scans/mustererika_12345_canvas/mustererika_12345_678901_exam1.pdf",
        "scans/testtina_12346_canvas/testtina_LATE_12346_678902_exam1.pdf",
    ],
    MOODLE: [
        "scans/Erika Muster_123456_assignsubmission_file/exam.pdf",
        "scans/Tina Test_123457_assignsubmission_file/exam.pdf",
    ],
    BRIGHTSPACE: ["scans/12-34 - Erika Muster/exam.pdf"],
    BLACKBOARD: ["scans/Exam_emuster_attempt/Exam_emuster_attempt_2025-10-02-11-30-00_new.pdf"],
}


@pytest.mark.parametrize("files", TAKEN, ids=["Canvas", "Moodle", "Brightspace", "Blackboard"])
@pytest.mark.parametrize("packed", ["", "submissions.zip", "submissions in a folder.zip"])
def test_downloads_of_submissions(files: tuple[str, ...], packed: str, tmp_path: Path) -> None:
    made = folder(tmp_path / "midterm", *files)
    if packed:
        with zipfile.ZipFile(tmp_path / packed, "w") as archive:
            for name in files:
                archive.write(made / name, f"submissions/{name}" if "folder" in packed else name)
        made = tmp_path / packed
    with unpacked([made]) as paths:
        found = find_uploads(paths)
        assert names(found) == TAKEN[files]
        assert all(one.path.read_bytes() for one in found.uploads)
    if packed:
        assert not found.uploads[0].path.exists()


def test_what_is_passed_over_is_told(tmp_path: Path) -> None:
    made = folder(tmp_path / "x", "Ada/1.jpg", "Ada/IMG_1.MOV", "Ada/IMG_1.AAE", "Bo/a.pdf", "Bo/notes.txt")
    found = find_uploads([made])
    assert names(found) == ["scans/Ada/1.jpg", "scans/Bo/a.pdf"]
    assert found.notes == ["no scan, and passed over: Ada/IMG_1.AAE, Ada/IMG_1.MOV, Bo/notes.txt"]
    (note,) = find_uploads([folder(tmp_path / "y", *BRIGHTSPACE[:2])]).notes
    assert "later submission" in note
    assert any("late, and taken" in note for note in find_uploads([folder(tmp_path / "z", *CANVAS)]).notes)


def test_a_pdf_that_is_named_for_its_student_is_theirs(tmp_path: Path) -> None:
    made = folder(tmp_path / "x", "Muster, Erika.pdf", "Tina Test (late).pdf", "王小明.pdf")
    found = find_uploads([made])
    assert names(found) == [
        "scans/Muster, Erika/Muster, Erika.pdf",
        "scans/Tina Test (late)/Tina Test (late).pdf",
        "scans/王小明/王小明.pdf",
    ]
    assert "taken for the scan of the student whose name it has" in found.notes[0]


@pytest.mark.parametrize(
    "name", ["class.pdf", "exam scans.pdf", "IMG_0001.pdf", "all students.pdf", "midterm 2.pdf", "scan.jpg"]
)
def test_other_files_are_nobodys(name: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidMaterialError, match="whose is it"):
        find_uploads([folder(tmp_path / "x", name, "Ada/1.jpg")])


def test_a_folder_with_a_space_at_its_end_is_told_as_that(tmp_path: Path) -> None:
    with pytest.raises(InvalidMaterialError, match="no spaces at the ends of its name"):
        find_uploads([folder(tmp_path / "x", "Ada /1.jpg", "Bo/1.jpg")])


def archive(path: Path, *entries: tuple[zipfile.ZipInfo | str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for info, data in entries:
            made.writestr(info, data)
    return path


def link() -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("Ada/1.pdf")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def encrypted(path: Path) -> Path:
    data = bytearray(archive(path, ("Ada/1.pdf", b"x")).read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ([("../Ada/1.pdf", b"x")], "outside of the archive"),
        ([("/etc/1.pdf", b"x")], "outside of the archive"),
        ([("C:/1.pdf", b"x")], "outside of the archive"),
        ([("Ada\\..\\..\\1.pdf", b"x")], "outside of the archive"),
        ([(link(), b"/etc/passwd")], "is a link"),
        ([("Ada/1.pdf", bytes(3_000_000))], "times as large as packed"),
        ([("Ada/1.pdf", b"x"), ("ada/1.PDF", b"y")], "is there twice"),
    ],
)
def test_hostile_archives_are_refused_before_anything_is_unpacked(
    entries: list[tuple[zipfile.ZipInfo | str, bytes]], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "TemporaryDirectory", None)
    with pytest.raises(InvalidMaterialError, match=said), unpacked([archive(tmp_path / "x.zip", *entries)]):
        pytest.fail("it was unpacked")


def test_encrypted_broken_and_endless_archives_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "TemporaryDirectory", None)
    with pytest.raises(InvalidMaterialError, match="is encrypted"), unpacked([encrypted(tmp_path / "e.zip")]):
        pytest.fail("it was unpacked")
    (tmp_path / "b.zip").write_bytes(b"no archive")
    with pytest.raises(InvalidMaterialError, match="no zip archive"), unpacked([tmp_path / "b.zip"]):
        pytest.fail("it was unpacked")
    many = io.BytesIO(struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 65_535, 65_535, 0, 0, 0))
    (tmp_path / "m.zip").write_bytes(many.getvalue())
    with pytest.raises(InvalidMaterialError, match="more than 20,000 files"), unpacked([tmp_path / "m.zip"]):
        pytest.fail("it was unpacked")


@pytest.mark.parametrize("names", [("Ada", "Ada/1.pdf"), ("x" * 300 + "/1.pdf",), ("./.",)])
def test_an_archive_that_can_not_be_written_here_says_how_to_go_on(names: tuple[str, ...], tmp_path: Path) -> None:
    path = archive(tmp_path / "x.zip", *((name, b"some content") for name in names))
    with pytest.raises(InvalidMaterialError, match="unpack it by hand"), unpacked([path]):
        pytest.fail("it was unpacked")


@pytest.mark.parametrize("packed", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_archive_with_any_byte_changed_is_refused_or_the_same(packed: int, tmp_path: Path) -> None:
    path, content = tmp_path / "x.zip", b"some content of a scan" * 3
    with zipfile.ZipFile(path, "w", packed) as made:
        made.writestr("Ada/1.pdf", content)
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            with unpacked([path]) as (folder,):
                assert {file.read_bytes() for file in folder.rglob("*") if file.is_file()} == {content}
        except InvalidMaterialError as error:
            assert str(path) in str(error)  # noqa: PT017 - either is right


def test_an_archive_whose_entry_is_damaged_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "x.zip", ("Ada/1.pdf", b"some content"))
    data = bytearray(path.read_bytes())
    data[45] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(InvalidMaterialError, match=r"can't be unpacked|no zip"), unpacked([path]):
        pytest.fail("it was unpacked")


def test_files_of_two_places_are_not_merged_into_one_student(tmp_path: Path) -> None:
    groups = [folder(tmp_path / "a", "Ada Lee/1.pdf"), folder(tmp_path / "b", "Ada Lee/2.pdf")]
    with pytest.raises(InvalidMaterialError, match="rename one"):
        find_uploads(groups)


def test_submissions_of_times_that_are_not_understood_are_not_merged(tmp_path: Path) -> None:
    made = folder(tmp_path / "x", *(f"5-6 - Ada Lee - {day} oct. 2025 11 h 30/{day}.pdf" for day in (1, 2)))
    with pytest.raises(InvalidMaterialError, match="which is the last is not told"):
        find_uploads([made])


def test_loose_files_of_times_that_are_not_understood_are_not_merged(tmp_path: Path) -> None:
    first, second = ("5-6 - Ada Lee - 1 oct. 2025 11 h 30 - a.pdf", "5-6 - Ada Lee - 2 oct. 2025 11 h 30 - b.pdf")
    one = folder(tmp_path / "one", first, first.replace("a.pdf", "b.pdf"))
    assert len(names(find_uploads([one]))) == 2, "the files of one submission"
    for others in ((second,), (second.replace("2 oct. 2025 11 h 30", "Oct 2, 2025 1130 AM"),)):
        with pytest.raises(InvalidMaterialError, match="which is the last is not told"):
            find_uploads([folder(tmp_path / others[0], first, *others)])


def test_what_is_in_an_archive_is_told_by_the_archives_name(tmp_path: Path) -> None:
    path = archive(tmp_path / "class.zip", ("Ada/1.jpg", b"x"), ("Bo/inner.zip", b"PK"), ("Cy/empty.jpg", b""))
    with pytest.raises(InvalidMaterialError) as caught, unpacked([path]) as paths:
        find_uploads(paths)
    assert "class.zip/Bo/inner.zip: an archive here is not unpacked" in str(caught.value)
    assert "aita-upload-" not in str(caught.value)


def test_a_download_within_a_folder_is_not_one_students(tmp_path: Path) -> None:
    made = folder(tmp_path / "x", *(f"submissions/{name}" for name in CANVAS), "Ada/1.pdf")
    with pytest.raises(InvalidMaterialError, match="submissions: it holds submissions of several students"):
        find_uploads([made])
    assert names(find_uploads([made / "submissions"])) == TAKEN[CANVAS]


def test_earlier_submissions_of_all_downloads_are_told(tmp_path: Path) -> None:
    other = [name.replace("12-34 - Erika Muster", "56-34 - Tina Test") for name in BRIGHTSPACE]
    (note,) = [
        note
        for note in find_uploads([folder(tmp_path / "x", *BRIGHTSPACE), folder(tmp_path / "y", *other)]).notes
        if "later" in note
    ]
    assert "Erika Muster" in note
    assert "Tina Test" in note


def test_names_of_macs_archives_are_utf_8(tmp_path: Path) -> None:
    data = bytearray(archive(tmp_path / "x.zip", ("Jürgen Groß/1.pdf", b"x"), ("Bo/1.pdf", b"x")).read_bytes())
    for mark, flags in ((b"PK\x03\x04", 7), (b"PK\x01\x02", 9)):
        data[data.index(mark) + flags] &= ~0x08
    (tmp_path / "x.zip").write_bytes(data)
    with unpacked([tmp_path / "x.zip"]) as paths:
        assert names(find_uploads(paths)) == ["scans/Bo/1.pdf", "scans/Jürgen Groß/1.pdf"]


def test_an_archive_that_tells_fewer_files_than_it_has_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MOST_ENTRIES", 2)
    path = archive(tmp_path / "x.zip", *((f"Ada/{page}.pdf", b"x") for page in range(3)))
    data = bytearray(path.read_bytes())
    data[-14:-10] = struct.pack("<HH", 1, 1)
    path.write_bytes(data)
    with pytest.raises(InvalidMaterialError, match="more than 2 files"), unpacked([path]):
        pytest.fail("it was unpacked")
    with (
        pytest.raises(InvalidMaterialError, match="control characters"),
        unpacked([archive(path, ("A\x1b[2J/1.pdf", b""))]),
    ):
        pytest.fail("it was unpacked")


def test_an_archive_of_nothing_is_told(tmp_path: Path) -> None:
    with unpacked([archive(tmp_path / "x.zip")]) as paths, pytest.raises(InvalidMaterialError, match="no files"):
        find_uploads(paths)


GRADESCOPE = """---
submission_101.pdf:
  :submitters:
  - :name: Erika Muster
    :sid: '0012345'
    :email: erika@example.edu
  :created_at: 2025-10-01 11:30:00.000000000 Z
submission_102.pdf:
  :submitters:
  - :name: Ada Lee
    :sid: 0012346
    :email: ada@example.edu
submission_103.pdf:
  :submitters:
  - :name: Ada Lee
    :sid: 12347
submission_104.pdf:
  :submitters:
  - :name: Two
    :sid: 1
  - :name: Three
    :sid: 2
submission_105.pdf:
  :submitters:
  - :name: Bo Chan
    :sid:
submission_106.pdf:
  :submitters:
  - :name: Bo Chan
    :sid:
submission_107.pdf:
  :submitters:
  - :name: Not There
    :sid: 9
"""


def test_gradescopes_export_is_taken_by_its_metadata(tmp_path: Path) -> None:
    numbers = (101, 102, 103)
    with zipfile.ZipFile(tmp_path / "submissions.zip", "w") as made:
        made.writestr("assignment_7_export/submission_metadata.yml", GRADESCOPE)
        for number in numbers:
            made.writestr(f"assignment_7_export/submission_{number}.pdf", b"%PDF")
    with unpacked([tmp_path / "submissions.zip"]) as paths:
        found = find_uploads(paths)
    assert names(found) == [
        "scans/Ada Lee 0012346/submission_102.pdf",
        "scans/Ada Lee 12347/submission_103.pdf",
        "scans/Erika Muster 0012345/submission_101.pdf",
    ]
    roster = [RosterEntry(name="Erika Muster", number="0012345"), RosterEntry(name="Lee, Ada", number="12347")]
    matched = find_on_roster([name.split("/")[1] for name in names(found)], roster)
    assert [entry and entry.number for entry, _ in matched.values()] == [None, "12347", "0012345"]
    assert any("submission_107.pdf" in note for note in found.notes)


@pytest.mark.parametrize("number", [104, 105, 999])
def test_a_submission_to_gradescope_of_several_or_of_nobody_is_nobodys(number: int, tmp_path: Path) -> None:
    made = folder(tmp_path / "x", f"submission_{number}.pdf", "submission_101.pdf")
    (made / "submission_metadata.yml").write_text(GRADESCOPE)
    with pytest.raises(InvalidMaterialError, match=f"submission_{number}.pdf: whose is it"):
        find_uploads([made])


def of_gradescope(*people: tuple[str, str]) -> str:
    return "".join(
        f"submission_{number}.pdf:\n  :submitters:\n  - :name: {json.dumps(name)}\n    :sid: {sid}\n"
        for number, (name, sid) in enumerate(people, 1)
    )


@pytest.mark.parametrize("name", [".Ann", "../Ann", "x" * 300, "Ann\0Lee", "Ann\x1b[31m"])
def test_a_name_that_is_no_folders_keeps_nobody_elses_submission_back(name: str, tmp_path: Path) -> None:
    made = folder(tmp_path / "x", "submission_1.pdf", "submission_2.pdf")
    (made / "submission_metadata.yml").write_text(of_gradescope((name, "7"), ("Bob Fox", "007")))
    assert names(find_anything([made], {}, {})) == ["scans/Bob Fox 007/submission_2.pdf"]
    with pytest.raises(InvalidMaterialError, match=r"submission_1\.pdf: whose is it"):
        find_uploads([made])


@pytest.mark.parametrize(
    ("one", "other"), [("Jos\u00e9", "Jose\u0301"), ("Ann Lee", "ann lee"), ("Ann/Lee", "Ann Lee")]
)
def test_students_who_cannot_be_told_apart_are_not_made_one(one: str, other: str, tmp_path: Path) -> None:
    made = folder(tmp_path / "x", "submission_1.pdf", "submission_2.pdf", "submission_3.pdf")
    text = of_gradescope((one, "7"), (other, "7"), ("Bob Fox", "8"))
    (made / "submission_metadata.yml").write_text(text)
    found = find_anything([made], {}, {})
    assert names(found) == ["scans/Bob Fox 8/submission_3.pdf"]
    assert [Path(path).name for path in found.unplaced[OF_NOBODY]] == ["submission_1.pdf", "submission_2.pdf"]


def test_what_is_no_scan_in_gradescopes_export_keeps_no_scans_back(tmp_path: Path) -> None:
    made = folder(tmp_path / "x", "submission_1.pdf", "submission_2.exe", "submission_3.txt")
    text = of_gradescope(("Ann Lee", "1"), ("Bob Fox", "2"), ("Cy Kim", "3"))
    (made / "submission_metadata.yml").write_text(text.replace("2.pdf", "2.exe").replace("3.pdf", "3.txt"))
    found = find_anything([made], {}, {})
    assert names(found) == ["scans/Ann Lee 1/submission_1.pdf"]
    assert [Path(path).name for paths in found.unplaced.values() for path in paths] == ["submission_2.exe"]
    assert any(note.endswith("submission_3.txt") for note in found.notes)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[",
        "a: 1",
        "- 1",
        "&a [*a, *a]",
        "? [1]\n: 2",
        "[" * 100_000,
        "!!python/object/apply:os.system [ls]",
        "\xff",
    ],
)
def test_metadata_that_are_not_gradescopes_place_nobody(text: str, tmp_path: Path) -> None:
    made = folder(tmp_path / "x", "submission_101.pdf")
    (made / "submission_metadata.yml").write_bytes(text.encode("latin-1"))
    with pytest.raises(InvalidMaterialError, match=r"Gradescope's|tells no submission|whose is it"):
        find_uploads([made])


@pytest.mark.parametrize("name", ["Exam 1.zip", "Exam: a.b.ZIP"])
def test_a_message_on_a_whole_archive_has_its_name_and_then_the_reason(name: str, tmp_path: Path) -> None:
    """The archive's ending once stood at the end of the message, as the name of its folder had no end."""
    path = archive(tmp_path / name, ("a/notes/b/1.pdf", b"x"), ("c/notes/b/1.pdf", b"x"))
    with pytest.raises(InvalidMaterialError) as told, unpacked([path]) as (inside,):
        find_uploads([inside])
    assert f": {name}: this is no exam's folder" in str(told.value)


def told(tmp_path: Path, *names: str) -> str:
    path = archive(tmp_path / "x.zip", *((name, b"x") for name in names))
    with pytest.raises(InvalidMaterialError) as caught, unpacked([path]) as (inside,):
        find_uploads([inside])
    return str(caught.value)


def test_an_archive_of_folders_without_end_is_refused(tmp_path: Path) -> None:
    assert "folders deep: nothing of it is unpacked" in told(tmp_path, f"{'a/' * 2000}1.pdf")


def test_a_macs_own_folder_beside_the_packed_one_is_passed_over(tmp_path: Path) -> None:
    path = archive(tmp_path / "x.zip", ("__MACOSX/x/._1.pdf", b"x"), *((f"x/{name}", b"x") for name in MOODLE))
    with unpacked([path]) as paths:
        assert names(find_uploads(paths)) == TAKEN[MOODLE]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Ada Lee_1_assignsubmission_file_/pages/1.pdf", "move the scans in it out of it"),
        ("Ada Lee_1_assignsubmission_file_/exam.7z", "unpack it into its student's folder"),
        ("Ada Lee/exam.zip", "unpack it into its student's folder"),
        ("Ada Lee.zip", "unpack it into its student's folder"),
        ("Ada Lee_1_assignsubmission_onlinetext/onlinetext.html", "typed into the LMS, and passed over: Ada Lee_1_"),
    ],
)
def test_a_download_without_a_scan_says_why(name: str, reason: str, tmp_path: Path) -> None:
    assert reason in told(tmp_path, name)
