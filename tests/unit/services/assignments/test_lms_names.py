"""Names of LMSs' submissions: whose each is, on a roster and among others like it."""

from datetime import datetime

import pytest

from aita.models.student import RosterEntry
from aita.services.assignments.lms_names import parse
from aita.services.assignments.roster_matching import find_on_roster

ROSTER = (
    RosterEntry(name="Muster, Erika", number="17", canvas_id="12345", login="emuster"),
    RosterEntry(name="O'Brien, Sean", number="18", canvas_id="12346", login="sobrien"),
    RosterEntry(name="Ng, Li", number="19", canvas_id="12347", login="lng"),
)

SAMPLES = [
    ("Canvas", "mustererika_12345_678901_exam1.pdf", "mustererika_12345_canvas"),
    ("Canvas", "mustererika_LATE_12345_678901_exam_1-2.pdf", "mustererika_12345_canvas"),
    ("Canvas", "obriensean_12346_678902_IMG_0001.jpg", "obriensean_12346_canvas"),
    ("Moodle", "Erika Muster_123456_assignsubmission_file", "Erika Muster_123456_assignsubmission_file"),
    ("Moodle", "Erika Muster_123456_assignsubmission_file_", "Erika Muster_123456_assignsubmission_file"),
    ("Moodle", "Erika Muster_123456_assignsubmission_file_exam_1.pdf", "Erika Muster_123456_assignsubmission_file"),
    ("Brightspace", "12345-67890 - Erika Muster - Oct 1, 2025 1130 AM", "12345-67890 - Erika Muster"),
    ("Brightspace", "12345-67890 - Erika Muster - Oct 1, 2025 1130 AM - exam.pdf", "12345-67890 - Erika Muster"),
    ("Blackboard", "Exam 1_emuster_attempt_2025-10-01-11-30-00_exam_1.pdf", "Exam 1_emuster_attempt"),
]


@pytest.mark.parametrize(("system", "name", "folder"), SAMPLES)
def test_each_is_its_students(system: str, name: str, folder: str) -> None:
    found = parse(name)
    assert found is not None
    assert (found.system, found.folder) == (system, folder)
    entry, match = find_on_roster([folder], ROSTER)[folder]
    assert match == "exact"
    assert entry is not None
    assert entry.name == ("O'Brien, Sean" if "obrien" in name else "Muster, Erika")


@pytest.mark.parametrize("name", ["Erika Muster", "Muster, Erika", "12345", "IMG_1.jpg", "Erika_2", "page_1_2.jpg", ""])
def test_other_names_are_none(name: str) -> None:
    assert parse(name) is None


def test_when_and_how_it_was_handed_in() -> None:
    late, early = parse("mustererika_LATE_12345_678901_a.pdf"), parse("mustererika_12345_678901_a.pdf")
    assert late is not None
    assert early is not None
    assert (late.is_late, early.is_late) == (True, False)
    typed, tried = parse("Erika Muster_1_assignsubmission_onlinetext"), parse("E_x_attempt_2025-10-01-11-30-00.txt")
    assert typed is not None
    assert tried is not None
    assert typed.is_text
    assert (tried.is_text, tried.submitted_at) == (True, datetime(2025, 10, 1, 11, 30))  # noqa: DTZ001 - told so


def test_september_has_a_short_name_of_four_letters_in_some_countries() -> None:
    found = parse("12-34 - Erika Muster - Sept 3, 2025 1015 PM")
    assert found is not None
    assert found.submitted_at == datetime(2025, 9, 3, 22, 15)  # noqa: DTZ001 - told so


def test_an_id_of_another_name_decides_nothing() -> None:
    folder = "obriensean_12345_678901"
    assert find_on_roster([folder], ROSTER)[folder][0] is ROSTER[1], "the name, as the id is another's"


def test_two_folders_of_one_student_are_nobodys() -> None:
    folders = ["Erika Muster_1_assignsubmission_file", "mustererika_12345_678901"]
    assert {match for _, match in find_on_roster(folders, ROSTER).values()} == {"ambiguous"}


def student(*files: str) -> set[str]:
    return {found.folder if (found := parse(file)) else "" for file in files}


def test_all_files_of_a_submission_are_one_students() -> None:
    assert len(student("mustererika_12345_1_a.pdf", "mustererika_LATE_12345_2_b.pdf")) == 1, "Canvas numbers the files"
    assert len(student("mustererika_12345_1_a.pdf", "mustererika_12346_2_b.pdf")) == 2, "two students of one name"


def test_a_login_name_is_whole() -> None:
    roster = (RosterEntry(name="Ada Lee", login="a_lee"), RosterEntry(name="Bo Lee", login="b_lee"))
    folders = [parse(f"Exam_1_{login}_attempt_2025-10-01-11-30-00_x.pdf") for login in ("a_lee", "b_lee")]
    first, second = (folder.folder if folder else "" for folder in folders)
    assert find_on_roster([first, second], roster) == {first: (roster[0], "exact"), second: (roster[1], "exact")}


def test_a_login_name_that_is_the_longer_ones_end_is_not_its() -> None:
    roster = (RosterEntry(name="Ada Lee", login="a_lee"), RosterEntry(name="Bo Lee", login="lee"))
    assert find_on_roster(["Exam_a_lee_attempt"], roster)["Exam_a_lee_attempt"] == (roster[0], "exact")


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("E_emuster_attempt_2025-10-01-11-30-00_sobrien_attempt_2025-12-01-11-30-00_x.pdf", "E_emuster_attempt"),
        ("E_emuster_attempt_2025-10-01-11-30-00_Sean_12_assignsubmission_file_x.pdf", "E_emuster_attempt"),
        ("12-34 - Erika Muster - Oct 1, 2025 1130 AM - x_sobrien_attempt_2025-12-01-11-30-00_x.pdf",
         "12-34 - Erika Muster"),
        ("Erika_1_assignsubmission_file_Sean_2_assignsubmission_file_x.pdf", "Erika_1_assignsubmission_file"),
        ("mustererika_12345_1_sobrien_attempt_2025-12-01-11-30-00_x.pdf", ""),
    ],
)  # fmt: skip
def test_a_students_own_file_name_makes_it_nobody_elses(name: str, folder: str) -> None:
    assert student(name) == {folder}


def test_a_name_whose_id_is_another_ones_is_not_sure() -> None:
    folder = "obriensean_99_canvas"
    assert find_on_roster([folder], ROSTER)[folder][1] == "close"


def test_an_lms_id_that_is_another_ones_number_says_nothing() -> None:
    roster = (RosterEntry(name="Ann Lee", number="115"), RosterEntry(name="Ann Lee", number="200"))
    folder = "Ann Lee_115_assignsubmission_file"
    assert find_on_roster([folder], roster)[folder] == (None, "ambiguous")
    assert find_on_roster([folder], roster[1:])[folder] == (roster[1], "exact")


@pytest.mark.parametrize("written", ["Nguyễn Văn de la Cruz", "de la Cruz, Nguyễn Văn"])
def test_canvas_names_put_the_last_name_first_whichever_words_it_has(written: str) -> None:
    roster = (RosterEntry(name=written, number="1", canvas_id="115"), RosterEntry(name=written, number="2"))
    folder = "delacruznguyễnvăn_115_canvas"
    assert find_on_roster([folder], roster)[folder] == (roster[0], "exact")


def test_a_canvas_id_of_one_person_and_the_name_of_another_are_not_sure() -> None:
    roster = (RosterEntry(name="Lee, Ann", canvas_id="7"), RosterEntry(name="Muster, Erika"))
    assert find_on_roster(["mustererika_7_canvas"], roster)["mustererika_7_canvas"] == (None, "ambiguous")


@pytest.mark.parametrize("late", ["", "LATE_"])
@pytest.mark.parametrize("anonymous_id", ["Ab12C", "12345"])
def test_canvas_submissions_without_names_are_told_apart_and_nobodys(late: str, anonymous_id: str) -> None:
    found = parse(f"{late}anon_{anonymous_id}_678901_exam.pdf")
    assert found is not None
    assert (found.folder, found.is_late, found.file_id) == (f"anon_{anonymous_id}_canvas", bool(late), "678901")
    assert find_on_roster([found.folder], ROSTER)[found.folder] == (None, "none")
    assert parse(found.folder) is not None


def test_the_end_of_a_login_name_that_is_not_on_the_roster_is_nobodys_for_sure() -> None:
    roster = (RosterEntry(name="Bo Fox", login="bo"), RosterEntry(name="Cy Lee", login="lee"))
    result = find_on_roster(["Exam_1_ann_lee_attempt", "Exam_1_bo_attempt"], roster)
    assert result == {"Exam_1_ann_lee_attempt": (roster[1], "close"), "Exam_1_bo_attempt": (roster[0], "exact")}
    result = find_on_roster(["Exam_1_lee_attempt", "Exam_1_bo_attempt"], roster)
    assert {match for _, match in result.values()} == {"exact"}


def test_an_address_is_whose_it_is() -> None:
    roster = (RosterEntry(name="Bo Fox", email="Bo.Fox@x.test"), RosterEntry(name="Cy Lee", email="fox@x.test"))
    assert find_on_roster(["bo.fox@x.test"], roster)["bo.fox@x.test"] == (roster[0], "exact")


@pytest.mark.parametrize("team", ["Team 7", "Group A", "Default group", "Gruppe 1", "3b"])
def test_a_team_before_a_members_name_is_no_part_of_it(team: str) -> None:
    folder = f"{team}-Erika Muster_9_assignsubmission_file"
    assert find_on_roster([folder], ROSTER)[folder] == (ROSTER[0], "exact")


@pytest.mark.parametrize("name", ["Anna-Lena Muster", "Team-Erika Muster 2", "Groupie-Erika Muster"])
def test_a_hyphen_in_a_name_ends_no_team(name: str) -> None:
    folder = f"{name}_9_assignsubmission_file"
    assert find_on_roster([folder], (RosterEntry(name="Lena Muster"), *ROSTER[1:]))[folder][1] != "exact"
