"""The sample exam from scans to gradebook through the deployed stack, by the commands that a person types."""

import csv
from pathlib import Path

import pytest

from tests.local.stack import SAMPLES, TRUTH, Json, LocalStack

ASSIGNMENT = "final"
GRADED = {
    (grade["student"], grade["question_id"]): sum(c["points"] for c in grade["criteria"]) for grade in TRUTH["grades"]
}
OPEN = {("Leopold Quist", "5"), ("Priya Castellane", "4"), ("Priya Castellane", "5")}


@pytest.fixture(scope="module")
def exam_run(fresh_stack: LocalStack) -> Json:
    fresh_stack.run("upload", str(SAMPLES / "exam"), "--assignment", ASSIGNMENT)
    return fresh_stack.run("exam", "--assignment", ASSIGNMENT)


def cells(stack: LocalStack) -> dict[tuple[str, str], Json]:
    students = stack.artifact(ASSIGNMENT, "students.json")["students"]
    folders = {student["student_id"]: student["folder"] for student in students}
    grades = stack.artifact(ASSIGNMENT, "grades.json").items()
    return {(folders[student], question): cell for student, some in grades for question, cell in some.items()}


def test_every_answer_gets_what_the_careful_grader_gives_it(stack: LocalStack, exam_run: Json) -> None:
    assert exam_run["status"] == "SUCCEEDED"
    found = cells(stack)
    assert {place: cell["points"] for place, cell in found.items() if place in GRADED} == GRADED
    assert found["ines munoz tarres", "3"]["state"] == "BLANK"
    assert {place for place, cell in found.items() if cell["state"] == "NEEDS_REVIEW"} == OPEN


def test_a_person_closes_what_is_open_and_the_gradebook_follows(
    stack: LocalStack, exam_run: Json, tmp_path: Path
) -> None:
    out = tmp_path / "grades.csv"
    before = stack.aita("export", "gradescope", "--assignment", ASSIGNMENT, "--out", str(out))
    assert before.status == 3
    assert "Leopold Quist: not final (open: 5)" in before.out + before.err
    for cell in stack.run("review", "list", "--assignment", ASSIGNMENT)["cells"]:
        reason = ["--why", "read in the original"]
        stack.run("review", "set", cell["cell_id"], "--assignment", ASSIGNMENT, "--points", "1.5", *reason)
    assert stack.run("review", "list", "--assignment", ASSIGNMENT)["cells"] == []
    after = stack.aita("export", "gradescope", "--assignment", ASSIGNMENT, "--out", str(out))
    rows = {row["First Name"]: row for row in csv.DictReader(out.open(encoding="utf-8", newline=""))}
    assert after.status == 3, "Oona Bracegirdle has no scans"
    assert float(rows["Priya"]["Total Score"]) == 1.5 + 1.5 + sum(
        points for place, points in GRADED.items() if place[0] == "Priya Castellane" and place not in OPEN
    )


def test_reports_are_made_anew_with_what_people_decided(stack: LocalStack, exam_run: Json, tmp_path: Path) -> None:
    (cell,) = (cell for place, cell in cells(stack).items() if place == ("Maya Lindqvist", "4"))
    why = "an error in the reading of line 3"
    stack.run("review", "set", cell["cell_id"], "--assignment", ASSIGNMENT, "--points", "5.5", "--why", why)
    stack.run("report", "--assignment", ASSIGNMENT, "--out", str(tmp_path))
    (student,) = tmp_path.glob("students/Maya*.html")
    assert why in student.read_text("utf-8")
    assert "Simulated." in student.read_text("utf-8")
    assert "Maya Lindqvist" in (tmp_path / "class.html").read_text("utf-8")


def test_grading_again_asks_nothing_and_plans_nothing(stack: LocalStack, exam_run: Json) -> None:
    again = stack.run("grade", "--assignment", ASSIGNMENT)
    assert stack.model.requests == 0
    assert next(stage["total"] for stage in again["stages"] if stage["stage"] == "grade") == 0
