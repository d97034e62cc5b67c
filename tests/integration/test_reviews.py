"""The API's routes of reviews: the queue, a cell, decisions, and the assignment's files."""

import logging
from typing import Any

import pytest

from aita.models.grade import cell_id
from aita.models.review import fingerprint
from tests.integration.material import exam
from tests.integration.stack import Stack

FIRST = cell_id("s-1", "1a")
FAILED = cell_id("s-1", "1b")
WROTE = "a student's very own words"
ARN = "arn:aws:iam::123456789012:user/ada"


def graded(question: str, **changes: Any) -> dict[str, Any]:
    return {
        "cell_id": cell_id("s-1", question),
        "student_id": "s-1",
        "question_id": question,
        "state": "GRADED",
        "points": 2,
        "max_points": 5,
        "criteria": [{"points": 2, "quote": WROTE}],
        "basis": "b1",
    } | changes


@pytest.fixture
def reviewed(stack: Stack, assignment: str) -> str:
    """An assignment with a cell to review, a failed one and a graded one."""
    stack.put(f"{assignment}/questions.json", exam(assignment))
    cells = [
        graded("1a", state="NEEDS_REVIEW", flags=[{"kind": "low_confidence", "note": ""}]),
        graded("1b", state="FAILED", points=None, max_points=3, criteria=[], reason="it is no JSON"),
        graded("2", max_points=10),
    ]
    stack.put(f"{assignment}/grades.json", {"s-1": {cell["question_id"]: cell for cell in cells}})
    answer = {"question_id": "1a", "raw_text": WROTE, "confidence": 0.4}
    answer["pages"] = [{"page": 1, "top": 0.1, "bottom": 0.3}]
    stack.put(f"{assignment}/answers.json", {"s-1": {"question_answers": [answer]}})
    key = f"{assignment}/pages/s-1/x-0001.jpg"
    stack.put(f"{assignment}/pages.json", {"s-1": [{"page": 1, "key": key, "sha256": "", "width": 8, "height": 9}]})
    stack.put(key, b"jpeg")
    return assignment


def decide(stack: Stack, assignment: str, cell: str = FIRST, **changes: Any) -> tuple[int, Any]:
    identity = changes.pop("identity", {})
    path = f"/assignments/{assignment}/reviews/{cell}"
    seen = {} if "basis" in changes else {"basis": stack.call("GET", path)[1].get("basis", "b1")}
    body = {"action": "set", "points": 3.5, "why": "half right", "by": "Ada"} | seen | changes
    body = {name: value for name, value in body.items() if value is not None}
    return stack.call("POST", path, body, identity=identity)


def test_from_the_queue_to_a_decision(stack: Stack, reviewed: str) -> None:
    code, queue = stack.call("GET", f"/assignments/{reviewed}/reviews")
    assert code == 200
    assert [cell["cell_id"] for cell in queue["cells"]] == [FIRST, FAILED]
    code, shown = stack.call("GET", f"/assignments/{reviewed}/reviews/{FIRST}")
    assert code == 200
    assert (shown["raw_text"], shown["proposal"]["points"], shown["points_step"]) == (WROTE, 2, 0.5)
    assert "X-Amz-Signature" in shown["pages"][0]["url"]
    code, decision = decide(stack, reviewed, basis=shown["basis"])
    assert code == 201
    assert (decision["points"], decision["old_points"], decision["by"]) == (3.5, 2, "Ada")
    code, shown = stack.call("GET", f"/assignments/{reviewed}/reviews/{FIRST}")
    assert (shown["state"], shown["points"], shown["decisions"]) == ("OVERRIDDEN", 3.5, [decision])
    code, queue = stack.call("GET", f"/assignments/{reviewed}/reviews")
    assert (queue["open_cells"], [cell["cell_id"] for cell in queue["cells"]]) == (1, [FAILED])
    code, queue = stack.call("GET", f"/assignments/{reviewed}/reviews?closed=true&limit=2")
    assert len(queue["cells"]) == 2
    code, rest = stack.call(
        "GET", f"/assignments/{reviewed}/reviews?closed=true&limit=2&next_token={queue['next_token']}"
    )
    assert [cell["question_id"] for cell in rest["cells"]] == ["2"]


def test_who_decided_is_kept_with_the_callers_arn(stack: Stack, reviewed: str) -> None:
    code, decision = decide(stack, reviewed, action="accept", points=None, why=None, identity={"userArn": ARN})
    assert code == 201
    assert (decision["by"], decision["caller"]) == ("Ada", ARN)


def test_decisions_page_by_next_token(stack: Stack, reviewed: str) -> None:
    made = [decide(stack, reviewed, cell, points=points)[1] for cell, points in ((FIRST, 1), (FAILED, 2))]
    made.append(decide(stack, reviewed, points=0)[1])
    seen, token = [], ""
    while True:
        code, page = stack.call("GET", f"/assignments/{reviewed}/decisions?limit=2{token}")
        assert code == 200
        seen += page["decisions"]
        if page["next_token"] is None:
            break
        token = f"&next_token={page['next_token']}"
    assert seen == sorted(made, key=lambda one: (one["cell_id"], one["decision_id"]))
    code, error = stack.call("GET", f"/assignments/{reviewed}/decisions?next_token=nothing")
    assert (code, error["error"]) == (400, "RequestError")


@pytest.mark.parametrize(
    ("changes", "code", "told"),
    [
        ({"basis": "0a1b2c"}, 409, "graded anew"),
        ({"basis": "b0"}, 400, "'b0' is not the code of"),
        ({"cell": "c-000000000000"}, 404, "c-000000000000"),
        ({"points": 5.5}, 400, "more than the question is worth"),
        ({"points": 1.3}, 400, "points_step"),
        ({"points": -1}, 400, "body.points"),
        ({"points": None}, 400, "points are missing"),
        ({"why": "  "}, 400, "why is missing"),
        ({"by": ""}, 400, "body.by"),
        ({"action": "delete"}, 400, "body.action"),
        ({"cell": FAILED, "action": "accept", "points": None}, 400, "no proposal"),
    ],
)
def test_decisions_that_can_not_be_taken(
    stack: Stack, reviewed: str, changes: dict[str, Any], code: int, told: str
) -> None:
    found, error = decide(stack, reviewed, **changes)
    assert found == code
    assert told in error["message"]
    assert stack.call("GET", f"/assignments/{reviewed}/decisions")[1]["decisions"] == []


def test_a_decision_by_criterion_a_correction_and_an_undo(stack: Stack, reviewed: str) -> None:
    rubric = {"total_points": 5, "criteria": [{"points": 3, "description": "a"}, {"points": 2, "description": "b"}]}
    stack.put(f"{reviewed}/user_rubrics.json", {"1a": rubric})
    path = f"/assignments/{reviewed}/reviews/{FIRST}"
    before = stack.call("GET", path)[1]["basis"]
    code, made = decide(stack, reviewed, points=None, criteria={"1": 2.5, "2": 0.5}, feedback="Mind the unit.")
    assert code == 201
    assert (made["points"], made["criteria"], made["feedback"]) == (3, [2.5, 0.5], "Mind the unit.")
    code, error = decide(stack, reviewed, points=None, criteria={"1": 2.5, "x": 0.5})
    assert (code, "body.criteria" in error["message"]) == (400, True)
    seen = stack.call("GET", path)[1]
    assert (seen["counts"], seen["points"]) == (made["decision_id"], 3)
    undo: dict[str, Any] = {"action": "undo", "points": None, "why": None}
    code, error = decide(stack, reviewed, basis=before, **undo)
    assert (code, "was set to 3 of 5 points by Ada at" in error["message"]) == (409, True)
    code, undone = decide(stack, reviewed, basis=fingerprint(seen["basis"]), **undo)
    assert (code, undone["undoes"], undone["points"]) == (201, made["decision_id"], None)
    correction: dict[str, Any] = {"action": "correct", "points": None, "why": None, "transcription": "It is 4."}
    code, corrected = decide(stack, reviewed, basis=stack.call("GET", path)[1]["basis"], **correction)
    assert (code, corrected["transcription"]) == (201, "It is 4.")
    seen = stack.call("GET", path)[1]
    assert (seen["raw_text"], seen["read_by_person"], seen["state"]) == ("It is 4.", True, "NEEDS_REVIEW")
    assert [each["action"] for each in seen["decisions"]] == ["set", "undo", "correct"]


def test_the_queue_is_filtered_and_paged(stack: Stack, reviewed: str) -> None:
    path = f"/assignments/{reviewed}/reviews?closed=true"
    decide(stack, reviewed, FAILED, points=1)
    for query, found in (
        ("question=2", ["2"]),
        ("flag=low_confidence", ["1a"]),
        ("student=s-1", ["1a", "1b", "2"]),
        ("decided_by=Ada", ["1b"]),
        ("decided_by=Bob", []),
    ):
        code, page = stack.call("GET", f"{path}&{query}")
        assert (code, [cell["question_id"] for cell in page["cells"]]) == (200, found)
    code, page = stack.call("GET", f"{path}&student=s-1&limit=2")
    assert len(page["cells"]) == 2
    code, page = stack.call("GET", f"{path}&student=s-1&limit=2&next_token={page['next_token']}")
    assert ([cell["question_id"] for cell in page["cells"]], page["next_token"]) == (["2"], None)
    for query, refused in (
        ("question=9", (404, "NotFoundError")),
        ("student=s-9", (404, "NotFoundError")),
        ("flag=none", (400, "RequestError")),
    ):
        code, error = stack.call("GET", f"{path}&{query}")
        assert (code, error["error"]) == refused


def test_reviews_of_what_is_not_there(stack: Stack, assignment: str) -> None:
    for listed in ("reviews", "parts"):
        code, error = stack.call("GET", f"/assignments/{assignment}/{listed}")
        assert (code, error["error"]) == (404, "NotFoundError")
        assert "check its name" in error["message"]
    stack.put(f"{assignment}/questions.json", exam(assignment))
    code, error = stack.call("GET", f"/assignments/{assignment}/reviews")
    assert (code, error["error"]) == (422, "MissingMaterialError")
    assert "aita grade" in error["message"]
    for path in ("files", "reviews", "decisions"):
        assert stack.call("GET", f"/assignments/a.b/{path}")[0] == 400


def test_the_files_that_are_there_are_listed_with_the_reports(stack: Stack, reviewed: str) -> None:
    for name in (
        "reports.json",
        "reports/class.html",
        "reports/students/s-1.html",
        "grade_scale.json",
        "scans.json",
        "ledger.json",
        "notes.txt",
    ):
        stack.put(f"{reviewed}/{name}", b"{}")
    code, answer = stack.call("GET", f"/assignments/{reviewed}/files")
    assert code == 200
    assert {file["name"] for file in answer["files"]} == {
        "questions.json",
        "grade_scale.json",
        "scans.json",
        "pages.json",
        "answers.json",
        "ledger.json",
        "grades.json",
        "reports.json",
        "reports/class.html",
        "reports/students/s-1.html",
    }
    assert all("X-Amz-Signature" in file["url"] for file in answer["files"])
    assert stack.call("GET", f"/assignments/{reviewed}x/files") == (200, {"files": [], "next_token": None})
    names, token = [], ""
    while True:
        code, page = stack.call("GET", f"/assignments/{reviewed}/files?limit=3{token}")
        names += [file["name"] for file in page["files"]]
        if page["next_token"] is None:
            break
        token = f"&next_token={page['next_token']}"
    assert names == [file["name"] for file in answer["files"]]


def test_no_log_holds_what_a_student_wrote(stack: Stack, reviewed: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="aita")
    decide(stack, reviewed, points=99, why=f"they wrote {WROTE}")
    decide(stack, reviewed, why=f"they wrote {WROTE}")
    decide(stack, reviewed, FAILED, action="correct", points=None, transcription=WROTE)
    stack.call("GET", f"/assignments/{reviewed}/reviews/{FIRST}")
    logged = caplog.text + " ".join(str(vars(record)) for record in caplog.records)
    assert "RequestError" in logged
    assert WROTE not in logged
