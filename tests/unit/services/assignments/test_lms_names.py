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
    ("Canvas", "mustererika_12345_678901_exam1.pdf", "mustererika_12345_678901"),
    ("Canvas", "mustererika_LATE_12345_678901_exam_1-2.pdf", "mustererika_12345_678901"),
    ("Canvas", "obriensean_12346_678902_IMG_0001.jpg", "obriensean_12346_678902"),
    ("Moodle", "Erika Muster_123456_assignsubmission_file", "Erika Muster_123456_assignsubmission_file"),
    ("Moodle", "Erika Muster_123456_assignsubmission_file_", "Erika Muster_123456_assignsubmission_file"),
    ("Moodle", "Erika Muster_123456_assignsubmission_file_exam_1.pdf", "Erika Muster_123456_assignsubmission_file"),
    ("Brightspace", "12345-67890 - Erika Muster - Oct 1, 2025 1130 AM", "12345-67890 - Erika Muster"),
    ("Brightspace", "12345-67890 - Erika Muster - Oct 1, 2025 1130 AM - exam.pdf", "12345-67890 - Erika Muster"),
    ("Blackboard", "Exam 1_emuster_attempt_2025-10-01-11-30-00_exam_1.pdf", "emuster"),
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


def test_an_id_of_another_name_decides_nothing() -> None:
    folder = "obriensean_12345_678901"
    assert find_on_roster([folder], ROSTER)[folder][0] is ROSTER[1], "the name, as the id is another's"


def test_two_folders_of_one_student_are_nobodys() -> None:
    folders = ["Erika Muster_1_assignsubmission_file", "mustererika_12345_678901"]
    assert {match for _, match in find_on_roster(folders, ROSTER).values()} == {"ambiguous"}
