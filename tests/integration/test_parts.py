"""The API's routes of parts: the list, a part, decisions about it, and what these close."""

import logging
from typing import Any

import pytest

from aita.models.grade import cell_id
from tests.integration.material import exam
from tests.integration.stack import Stack
from tests.support.ledgers import ledger, part

WROTE = "a student's very own words"
ARN = "arn:aws:iam::123456789012:user/ada"
FIRST = cell_id("s-1", "1a")


@pytest.fixture
def listed(stack: Stack, assignment: str) -> str:
    """An assignment with a graded answer of each of two students, and a part beside each."""
    stack.put(f"{assignment}/questions.json", exam(assignment))
    for student in ("s-1", "s-2"):
        stack.put(f"{assignment}/pages/{student}/x-0001.jpg", b"jpeg")
    cells = {student: graded(student) for student in ("s-1", "s-2")}
    stack.put(f"{assignment}/grades.json", cells)
    pages = {
        student: [{"page": 1, "key": f"{assignment}/pages/{student}/x-0001.jpg", "sha256": "", "width": 8, "height": 9}]
        for student in cells
    }
    stack.put(f"{assignment}/pages.json", pages)
    ink = [{"exam_page": 1, "likeness": 1, "bands": "00" * 100}]
    stack.put(f"{assignment}/scans.json", {student: {"ink": ink} for student in cells})
    read = {"page": 1, "text": f"1a. four\n{WROTE}", "confidence": 0.9, "notes": ""}
    stack.put(f"{assignment}/transcriptions.json", {"s-1": [read]})
    stack.put(f"{assignment}/ledger.json", ledger(s_1=[part("p-1", "1a", lines=[2])], s_2=[part("p-2", "1a")]))
    return assignment


def graded(student: str) -> dict[str, Any]:
    cell = {
        "cell_id": cell_id(student, "1a"),
        "student_id": student,
        "question_id": "1a",
        "state": "GRADED",
        "points": 2,
        "max_points": 5,
        "criteria": [{"points": 2}],
        "basis": "b1",
    }
    return {"1a": cell}


def decide(stack: Stack, assignment: str, part_id: str = "p-1", **changes: Any) -> tuple[int, Any]:
    identity = changes.pop("identity", {})
    path = f"/assignments/{assignment}/parts/{part_id}"
    basis = stack.call("GET", path)[1].get("basis", "")
    body = {"action": "scratch", "by": "Ada", "basis": basis} | changes
    return stack.call("POST", f"{path}/decisions", body, identity=identity)


def test_from_the_list_to_a_decision(stack: Stack, listed: str) -> None:
    code, page = stack.call("GET", f"/assignments/{listed}/parts")
    assert code == 200
    assert [(each["part_id"], each["opens"]) for each in page["parts"]] == [("p-1", ["1a"]), ("p-2", ["1a"])]
    assert page["open_parts"] == 2
    code, shown = stack.call("GET", f"/assignments/{listed}/parts/p-1")
    assert (code, shown) == (200, page["parts"][0] | {"url": shown["url"]})
    assert (shown["lines"], shown["counts"]) == ([{"text": WROTE, "kind": "unknown", "top": None}], None)
    assert "X-Amz-Signature" in shown["url"]
    code, review = stack.call("GET", f"/assignments/{listed}/reviews/{FIRST}")
    assert review["parts"] == ["p-1"]
    code, made = decide(stack, listed, why="a sum", identity={"userArn": ARN})
    assert code == 201
    (decision,) = made["decisions"]
    assert (decision["by"], decision["caller"], decision["why"]) == ("Ada", ARN, "a sum")
    code, shown = stack.call("GET", f"/assignments/{listed}/parts/p-1")
    assert (shown["counts"], shown["decisions"], shown["opens"]) == (decision, [decision], [])
    code, review = stack.call("GET", f"/assignments/{listed}/reviews/{FIRST}")
    assert review["parts"] == []
    code, first = stack.call("GET", f"/assignments/{listed}/parts?limit=1")
    code, rest = stack.call("GET", f"/assignments/{listed}/parts?limit=1&next_token={first['next_token']}")
    assert [page["parts"][0]["part_id"] for page in (first, rest)] == ["p-2", "p-1"]
    assert (first["open_parts"], rest["next_token"]) == (1, None)


def test_a_decision_for_the_class_and_the_list_of_all(stack: Stack, listed: str) -> None:
    code, made = decide(stack, listed, action="belongs", question_id="1a", for_class=True)
    assert code == 201
    assert [(each["part_id"], each["alike"]) for each in made["decisions"]] == [("p-1", ""), ("p-2", "p-1")]
    code, first = stack.call("GET", f"/assignments/{listed}/part-decisions?limit=1")
    code, rest = stack.call("GET", f"/assignments/{listed}/part-decisions?next_token={first['next_token']}")
    assert [*first["decisions"], *rest["decisions"]] == made["decisions"]
    assert stack.call("GET", f"/assignments/{listed}/decisions")[1]["decisions"] == []


@pytest.mark.parametrize(
    ("changes", "code", "told"),
    [
        ({"basis": "b0"}, 409, "look again (aita review part p-1"),
        ({"part_id": "p-9"}, 404, "p-9"),
        ({"action": "belongs"}, 400, "question_id: name the question"),
        ({"action": "belongs", "question_id": "9"}, 400, "one of 1a, 1b, 2"),
        ({"question_id": "1a"}, 400, "leave it out"),
        ({"action": "eat"}, 400, "body.action"),
        ({"by": " "}, 400, "body.by"),
        ({"why": "x" * 2001}, 400, "body.why"),
        ({"whose": "x"}, 400, "body.whose"),
    ],
)
def test_decisions_that_can_not_be_taken(
    stack: Stack, listed: str, changes: dict[str, Any], code: int, told: str
) -> None:
    found, error = decide(stack, listed, **changes)
    assert found == code
    assert told in error["message"]
    assert stack.call("GET", f"/assignments/{listed}/part-decisions")[1]["decisions"] == []


def test_parts_of_what_is_not_there(stack: Stack, assignment: str) -> None:
    stack.put(f"{assignment}/user_rubrics.json", {})
    code, error = stack.call("GET", f"/assignments/{assignment}/parts")
    assert (code, error["error"]) == (422, "MissingMaterialError")
    stack.put(f"{assignment}/questions.json", exam(assignment))
    assert stack.call("GET", f"/assignments/{assignment}/parts")[1]["parts"] == []
    for path in ("parts", "parts/p-1", "part-decisions"):
        assert stack.call("GET", f"/assignments/a.b/{path}")[0] == 400
    for path in ("parts", "part-decisions"):
        assert stack.call("GET", f"/assignments/{assignment}/{path}?next_token=nothing")[0] == 400


def test_no_log_holds_what_a_student_wrote(stack: Stack, listed: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="aita")
    stack.call("GET", f"/assignments/{listed}/parts")
    decide(stack, listed, why=f"they wrote {WROTE}")
    decide(stack, listed, why=f"they wrote {WROTE}", basis="b0")
    logged = caplog.text + " ".join(str(vars(record)) for record in caplog.records)
    assert "decided on p-1" in logged
    assert "ConflictError" in logged
    assert WROTE not in logged
