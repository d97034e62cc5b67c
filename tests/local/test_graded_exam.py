"""The sample exam from scans to gradebook through the deployed stack, by the commands that a person types."""

import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from aita.models.names import DOCTOR
from aita_local.deploy import client
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
    rows = {row["First Name"]: row for row in csv.DictReader(io.StringIO(out.read_text("utf-8"), newline=""))}
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


def test_an_auditors_script_confirms_every_total(stack: LocalStack, exam_run: Json, tmp_path: Path) -> None:
    told = stack.run("audit", "--assignment", ASSIGNMENT, "--out", str(tmp_path))
    script = next(file for file in told["files"] if file.endswith(".py"))
    done = subprocess.run([sys.executable, "-I", "-S", script], capture_output=True, text=True, check=False)
    count = len(stack.artifact(ASSIGNMENT, "grades.json"))
    assert done.returncode == 0
    assert re.fullmatch(rf"{count} totals recomputed(, \d+ of them not final)?: all as recorded\n", done.stdout)


def test_the_doctor_finds_the_stack_healthy_and_leaves_nothing(stack: LocalStack, exam_run: Json) -> None:
    found = stack.aita("--json", "doctor")
    problems = [check for check in found.json["checks"] if not check["ok"]]
    assert [check["check"] for check in problems] in ([], ["quota"]), "an emulator's quota is whatever it likes"
    model = next(check for check in found.json["checks"] if check["check"] == "model")
    assert model["found"] == "simulated answers with up to 8,192 tokens; sees pictures"
    assert holding(stack, DOCTOR) == []


def test_a_student_and_then_the_assignment_are_purged(stack: LocalStack, exam_run: Json) -> None:
    students = {each["folder"]: each for each in stack.artifact(ASSIGNMENT, "students.json")["students"]}
    maya = students["Maya Lindqvist"]["student_id"]
    runs = [each["run_id"] for each in stack.run("runs", "--assignment", ASSIGNMENT)["runs"]]
    assert holding(stack, maya)
    assert not any(stack.run("purge", "-a", ASSIGNMENT, "--student", "Maya Lindqvist", "--yes")["remains"].values())
    assert holding(stack, maya, f"{ASSIGNMENT}/scans/Maya Lindqvist") == []
    assert stack.artifact(ASSIGNMENT, "grades.json").keys() == {
        each["student_id"] for each in students.values() if each["student_id"] != maya
    }
    assert stack.aita("purge", "-a", ASSIGNMENT, "--student", "Maya Lindqvist", "--yes").status == 1
    assert not any(stack.run("purge", "-a", ASSIGNMENT, "--yes")["remains"].values())
    ids = [each["student_id"] for each in students.values()]
    assert holding(stack, f"{ASSIGNMENT}/", f"#{ASSIGNMENT}", *ids, *runs) == []
    again = stack.aita("purge", "-a", ASSIGNMENT, "--yes")
    assert (again.status, f"nothing is kept of assignment {ASSIGNMENT}" in again.err) == (1, True)


def holding(stack: LocalStack, *needles: str) -> list[str]:
    """Return what has one of these: versions of objects and deletion marks by key or content, and rows."""
    s3, bucket = client("s3", stack.endpoint_url), stack.deployed.bucket
    kept = [json.dumps(row, ensure_ascii=False) for row in stack.rows() if row["pk"]["S"] != "IDEMPOTENCY"]
    for listed in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for each in listed.get("Versions", ()):
            place = {"Bucket": bucket, "Key": each["Key"], "VersionId": each["VersionId"]}
            kept.append(f"{each['Key']} {s3.get_object(**place)['Body'].read().decode('utf-8', 'replace')}")
        kept += [each["Key"] for each in listed.get("DeleteMarkers", ())]
    return [each[:120] for each in kept if any(needle in each for needle in needles)]
