"""Names of reports in the archives that Canvas and Moodle take back, read by each one's own rules."""

import io
import zipfile
from collections.abc import Mapping

import pytest

from aita.errors import RequestError
from aita.models.export import ExportFormat
from aita.models.match import MatchAction, MatchDecision
from aita.models.read_name import ReadName
from aita.models.student import RosterEntry, Student, Students
from aita.services.assignments.class_list import ClassList
from aita.services.exports.export_roster import call_roll
from aita.services.exports.feedback import Feedback, feedback
from tests.support.gradebooks import BLANK, FAILED, MATCHED, cell, gradebook
from tests.support.lms_importers import import_canvas_feedback, import_moodle_feedback

MOODLE, CANVAS = ExportFormat.MOODLE_FEEDBACK, ExportFormat.CANVAS_FEEDBACK


def returned(
    to: ExportFormat,
    folders: Mapping[str, tuple[str, ...]],
    roster: tuple[RosterEntry, ...] | None = None,
    matches: tuple[MatchDecision, ...] = (),
    not_final: str = "",
    ending: str = ".html",
    section: str | None = None,
    read: Mapping[str, ReadName] | None = None,
) -> Feedback:
    """Return the feedback of blank answers in these folders, with the names of the files in each."""
    students = tuple(
        Student(student_id=f"s-{number}", folder=folder, files={f"f-{name}": name for name in files})
        for number, (folder, files) in enumerate(folders.items(), 1)
    )
    listed = ClassList.match(Students(students=students), roster, matches, (), read)
    cells = [
        cell(each.student_id, question, FAILED if each.folder == not_final else BLANK)
        for each in students
        for question in ("1a", "2")
    ]
    return feedback(call_roll(gradebook(cells, decisions=()), listed, section), listed, to, ending)


def archive(found: Feedback) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as opened:
        for student_id, name in found.names.items():
            opened.writestr(name, student_id)
    return data.getvalue()


def reasons(found: Feedback) -> dict[str, str]:
    return {each.name: each.reason for each in found.roll.left_out}


def decided(student_id: str, entry: RosterEntry) -> MatchDecision:
    return MATCHED.model_copy(
        update={"student_id": student_id, "action": MatchAction.MATCH, "line": entry.version, "why": "said so"}
    )


class TestMoodle:
    FOLDERS = {
        "Maya Lindqvist_101_assignsubmission_file": ("exam.pdf",),
        "Ann Lee_102_assignsubmission_file": ("exam.pdf",),
        "Ann Lee_103_assignsubmission_file": ("exam.pdf",),
        "王 小明_104_assignsubmission_file": ("exam.pdf",),
        "Ola 7_Nordmann_105_assignsubmission_file": ("exam.pdf",),
        "Grace Hopper": ("exam.pdf",),
    }

    def test_each_report_reaches_the_participant_who_handed_in(self) -> None:
        found = returned(MOODLE, self.FOLDERS)
        assert import_moodle_feedback(archive(found), {101, 102, 103, 104, 105, 106, 7}) == {
            101: {"report.html": b"s-1"},
            102: {"report.html": b"s-2"},
            103: {"report.html": b"s-3"},
            104: {"report.html": b"s-4"},
            105: {"report.html": b"s-5"},
        }
        assert reasons(found) == {"Grace Hopper": "without Moodle's id: the folder was not downloaded from there"}

    def test_who_is_not_final_is_told_with_the_open_questions(self) -> None:
        found = returned(MOODLE, self.FOLDERS, not_final="Maya Lindqvist_101_assignsubmission_file")
        assert "s-1" not in found.names
        assert found.roll.left_out[0].reason == "not final"
        assert found.roll.left_out[0].open_questions == ("1a", "2")

    @pytest.mark.parametrize("number", ["7", "007", "\u0667"])
    def test_folders_with_one_id_are_nobodys(self, number: str) -> None:
        found = returned(MOODLE, {"A B_7_assignsubmission_file": (), f"C D_{number}_assignsubmission_file": ()})
        assert found.names == {}
        assert set(reasons(found).values()) == {f"several folders have Moodle's id {each}" for each in ("7", number)}

    def test_so_they_are_where_one_of_them_is_in_no_section(self) -> None:
        roster = (RosterEntry(name="Maya Lindqvist", number="1", section="A"),)
        folders = {"Maya Lindqvist_7_assignsubmission_file": (), "C D_7_assignsubmission_file": ()}
        assert returned(MOODLE, folders, roster, section="A").names == {}

    def test_what_the_heads_of_its_pages_contradict_goes_back_to_nobody(self) -> None:
        roster = (RosterEntry(name="Maya Lindqvist", number="1"), RosterEntry(name="Hans Holm", number="2"))
        read = {"s-1": ReadName(name="Hans Holm", number="2")}
        found = returned(MOODLE, {"Maya Lindquist_101_assignsubmission_file": ()}, roster, read=read)
        assert found.names == {}
        assert reasons(found)["Hans Holm"] == (
            "the submission is Maya Lindquist's, and the heads of its pages say that it is Hans Holm's"
        )

    def test_what_a_person_gave_to_another_student_goes_back_to_nobody(self) -> None:
        maya, hans = RosterEntry(name="Maya Lindqvist", number="1"), RosterEntry(name="Hans Holm", number="2")
        folders = {"Maya Lindqvist_101_assignsubmission_file": (), "H. Holm_102_assignsubmission_file": ()}
        found = returned(MOODLE, folders, (maya, hans), (decided("s-1", hans), decided("s-2", hans)))
        assert "s-1" not in found.names
        found = returned(MOODLE, folders, (maya, hans), (decided("s-1", hans),))
        assert reasons(found)["Hans Holm"] == (
            "the submission is Maya Lindqvist's, and a person decided that it is Hans Holm's"
        )
        assert returned(MOODLE, folders, (maya, hans), (decided("s-2", hans),)).names.keys() == {"s-1", "s-2"}


class TestCanvas:
    FOLDERS = {
        "lindqvistmaya_881_canvas": ("lindqvistmaya_881_9001_exam.pdf", "lindqvistmaya_881_9002_page_2.jpg"),
        "leeann_882_canvas": ("leeann_LATE_882_9003_12_34.pdf",),
        "1234_883_canvas": ("1234_883_9004_exam.pdf",),
        "anon_884_canvas": ("anon_884_9005_exam.pdf",),
        "typed_885_canvas": ("exam.pdf",),
    }
    SUBMITTED = {
        881: {9001: "exam.pdf", 9002: "page 2.jpg"},
        882: {9003: "12_34.pdf"},
        883: {9004: "exam.pdf"},
        884: {9005: "exam.pdf"},
        1234: {883: "somebody else's.pdf", 9004: "another.pdf"},
    }

    def test_each_report_reaches_the_user_who_handed_in(self) -> None:
        found = returned(CANVAS, self.FOLDERS, ending=".pdf")
        taken, ignored = import_canvas_feedback(archive(found), self.SUBMITTED)
        assert taken == {
            881: [("exam.pdf", b"s-1")],
            882: [("12_34.pdf", b"s-2")],
            883: [("exam.pdf", b"s-3")],
            884: [("exam.pdf", b"s-4")],
        }
        assert ignored == []
        assert found.roll.notes == ()
        assert reasons(found) == {
            "typed_885_canvas": "without Canvas's id of a file: upload the submissions as they were downloaded, then "
            "transcribe"
        }

    def test_a_report_of_another_kind_than_the_file_is_told(self) -> None:
        (note,) = returned(CANVAS, self.FOLDERS).roll.notes
        assert note.startswith("Canvas shows each report under the name of the file that was handed in, and 4 of these")
        assert "such as exam.pdf" in note
        assert "--pdf" in note
        (note,) = returned(CANVAS, {"a_1_canvas": ("a_1_2_photo.jpg",)}, ending=".pdf").roll.notes
        assert "such as photo.jpg" in note
        assert note.endswith("tell these students to give the file the ending .pdf before they open it")

    def test_an_id_that_the_roster_contradicts_is_nobodys(self) -> None:
        roster = (RosterEntry(name="Maya Lindqvist", number="1", canvas_id="999"),)
        folders = {"lindqvistmaya_881_canvas": self.FOLDERS["lindqvistmaya_881_canvas"]}
        found = returned(CANVAS, folders, roster, (decided("s-1", roster[0]),))
        assert reasons(found) == {
            "Maya Lindqvist": "the submission is of Canvas's user 881, who is 999 on the roster",
        }

    def test_what_was_downloaded_without_names_is_handed_back_in_canvas(self) -> None:
        found = returned(CANVAS, {"anon_Ab12C_canvas": ("anon_Ab12C_678901_exam.pdf",)}, ending=".pdf")
        assert found.names == {}
        assert reasons(found) == {
            "anon_Ab12C_canvas": "downloaded without names, of which Canvas takes no report back: hand it back there"
        }

    def test_a_file_of_another_user_in_the_folder_names_nothing(self) -> None:
        found = returned(CANVAS, {"a_1_canvas": ("b_2_77_exam.pdf", "a_1_78_exam.pdf")}, ending=".pdf")
        assert found.names == {"s-1": "a_1_78_report.pdf"}


def test_brightspace_is_refused_with_the_reason() -> None:
    with pytest.raises(RequestError, match="how it reads these is not published"):
        returned(ExportFormat.BRIGHTSPACE_FEEDBACK, {})
