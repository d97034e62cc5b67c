"""The API's routes of students: how each is matched with the roster, and people's decisions on it."""

import logging
from typing import Any

import pytest

from aita.services.assignments.roster_csv import read_roster
from tests.integration.stack import Stack

ROSTER = "Name,Student ID\nChristina Miller,1001\nAnn Lee,1002\n"
ARN = "arn:aws:iam::123456789012:user/ada"
CHRISTINA, ANN = (entry.version for entry in read_roster(ROSTER.encode()).entries)


@pytest.fixture
def course(stack: Stack, assignment: str) -> str:
    """An assignment with a student whose folder is close to a name, and one whose folder has a name."""
    stack.put(f"{assignment}/roster.csv", ROSTER)
    folders = {"s-1": "Christian Miller", "s-2": "Ann Lee"}
    students = [{"student_id": student, "folder": folder} for student, folder in folders.items()]
    stack.put(f"{assignment}/students.json", {"students": students})
    return assignment


def decide(stack: Stack, course: str, student: str = "s-1", **changes: Any) -> tuple[int, Any]:
    identity = changes.pop("identity", {})
    body = {"action": "match", "line": CHRISTINA, "why": "asked her", "by": "Ada"} | changes
    return stack.call("POST", f"/assignments/{course}/students/{student}", body, identity=identity)


def test_from_the_list_to_a_decision(stack: Stack, course: str) -> None:
    code, first = stack.call("GET", f"/assignments/{course}/students?limit=1")
    assert code == 200
    told = {"student_id": "s-1", "match": "close", "line": "", "closest": CHRISTINA, "decisions": []}
    assert first["students"] == [told]
    token = first["next_token"]
    code, rest = stack.call("GET", f"/assignments/{course}/students?limit=1&next_token={token}")
    assert [(each["match"], each["line"]) for each in rest["students"]] == [("exact", ANN)]
    assert rest["next_token"] is None
    code, decision = decide(stack, course, line=first["students"][0]["closest"], identity={"userArn": ARN})
    assert code == 201
    assert (decision["by"], decision["caller"], decision["decision_id"]) == ("Ada", ARN, "000001")
    (student, _) = stack.call("GET", f"/assignments/{course}/students")[1]["students"]
    assert student == told | {"match": "decided", "line": CHRISTINA, "closest": "", "decisions": [decision]}
    assert decide(stack, course) == (201, decision), "the same again is the same decision"
    code, undone = decide(stack, course, action="nobody", line="", replaces="000001")
    assert (code, undone["decision_id"]) == (201, "000002")
    (student, _) = stack.call("GET", f"/assignments/{course}/students")[1]["students"]
    assert (student["match"], len(student["decisions"])) == ("nobody", 2)


@pytest.mark.parametrize(
    ("changes", "code", "told"),
    [
        ({"student": "s-9"}, 404, "no student 's-9'"),
        ({"line": "0" * 32}, 409, "no such line any more"),
        ({"line": ANN}, 409, "is student s-2's"),
        ({"line": ""}, 400, "line belongs to the action match"),
        ({"line": "Ann Lee"}, 400, "body.line"),
        ({"action": "nobody"}, 400, "line belongs to the action match"),
        ({"action": "merge"}, 400, "body.action"),
        ({"by": " "}, 400, "body.by"),
    ],
)
def test_decisions_that_can_not_be_taken(
    stack: Stack, course: str, changes: dict[str, Any], code: int, told: str
) -> None:
    found, error = decide(stack, course, **changes)
    assert (found, told in error["message"]) == (code, True)
    students = stack.call("GET", f"/assignments/{course}/students")[1]["students"]
    assert [each["decisions"] for each in students] == [[], []]


def test_another_persons_decision_is_told(stack: Stack, course: str) -> None:
    decide(stack, course)
    code, error = decide(stack, course, action="nobody", line="", by="Bob")
    assert (code, error["error"]) == (409, "ConflictError")
    assert "Ada decided on student s-1" in error["message"]


def test_the_heads_of_pages_are_listed_for_who_is_not_told(stack: Stack, course: str) -> None:
    stack.put(key := f"{course}/heads/s-1/a-0001.jpg", b"a head")
    head = {"page": 1, "key": key, "sha256": "d" * 64, "width": 850, "height": 165}
    stack.put(f"{course}/heads.json", {"s-1": [head]})
    code, answer = stack.call("GET", f"/assignments/{course}/names")
    assert code == 200
    (student,) = answer["students"]
    assert (student["student_id"], student["match"], student["line"]) == ("s-1", "close", "")
    assert student["likely"][0] == {"line": CHRISTINA, "cost": 62}
    assert [key in each["url"] for each in student["heads"]] == [True]
    assert decide(stack, course)[0] == 201
    (student,) = stack.call("GET", f"/assignments/{course}/names")[1]["students"]
    assert (student["match"], student["line"]) == ("decided", CHRISTINA)
    code, undone = decide(stack, course, action="undo", line="", replaces="000001")
    assert (code, undone["action"]) == (201, "undo")
    (student,) = stack.call("GET", f"/assignments/{course}/names")[1]["students"]
    assert (student["match"], len(student["decisions"])) == ("close", 2)


def test_a_class_that_is_not_there_is_empty(stack: Stack, assignment: str) -> None:
    assert stack.call("GET", f"/assignments/{assignment}/students") == (200, {"students": [], "next_token": None})
    assert stack.call("GET", "/assignments/a.b/students")[0] == 400
    assert stack.call("GET", f"/assignments/{assignment}/students?next_token=s-1")[0] == 400
    assert decide(stack, assignment)[0] == 422


def test_no_name_is_in_an_answer_a_row_or_a_log(stack: Stack, course: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="aita")
    answers = [decide(stack, course), decide(stack, course, line=ANN), decide(stack, course, line="Ann Lee")]
    answers.append(stack.call("GET", f"/assignments/{course}/students"))
    rows = stack.dynamodb.scan(TableName="aita-test")["Items"]
    logged = caplog.text + " ".join(str(vars(record)) for record in caplog.records)
    assert "decided on student s-1: match" in logged
    for name in ("Christ", "Miller", "Ann Lee", "1001"):
        assert name not in f"{answers} {rows}"
        assert name not in logged
