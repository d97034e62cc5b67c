"""The route of rubric changes, and the runs that try a changed rubric and apply it, on the whole stack."""

from typing import Any

from tests.integration.material import QUESTIONS, exam
from tests.integration.stack import Stack


def rubrics(description: str) -> dict[str, Any]:
    return {
        question["question_id"]: {
            "total_points": question["points"],
            "criteria": [{"points": question["points"], "description": description}],
        }
        for question in QUESTIONS
    }


def put_answers(stack: Stack, assignment: str) -> None:
    stack.put(f"{assignment}/questions.json", exam(assignment))
    stack.put(f"{assignment}/user_rubrics.json", rubrics("right"))
    place = {"page": 1, "top": 0.1, "bottom": 0.9}
    answers = [
        {"question_id": question["question_id"], "raw_text": f"4 {assignment}", "pages": [place], "confidence": 0.9}
        for question in QUESTIONS[:2]
    ]
    stack.put(f"{assignment}/answers.json", {"s-1": {"question_answers": answers}})
    ink = {"exam_page": 1, "likeness": 0.9, "bands": "80" * 100}
    stack.put(f"{assignment}/scans.json", {"s-1": {"ink": [ink]}})
    stack.put(f"{assignment}/students.json", {"students": [{"student_id": "s-1", "folder": "Ada"}]})


def changes(stack: Stack, assignment: str, query: str = "") -> Any:
    code, found = stack.call("GET", f"/assignments/{assignment}/rubric-changes{query}")
    assert code == 200, found
    return found


def test_a_changed_rubric_is_told_tried_and_applied(stack: Stack, assignment: str) -> None:
    put_answers(stack, assignment)
    stack.wait(stack.start(assignment, "grade"))
    assert changes(stack, assignment)["questions"] == []
    stack.put(f"{assignment}/user_rubrics.json", rubrics("right") | {"1a": rubrics("stricter")["1a"]})
    found = changes(stack, assignment, "?graders=1")
    assert [(one["question_id"], one["regraded"]) for one in found["questions"]] == [("1a", 1)]
    assert (found["regraded"], found["estimate"]["calls"]) == (1, 1)
    assert found["estimate"]["cost_usd"] is None, "nobody knows the price of this model"
    sampled = stack.wait(stack.start(assignment, "regrade-sample"))
    assert sampled["status"] == "SUCCEEDED"
    _, results = stack.call("GET", f"/runs/{sampled['run_id']}/results")
    assert [file["name"] for file in results["files"]] == ["regrade_sample.json"]
    assert changes(stack, assignment)["regraded"] == 1
    asked = len(stack.provider.requests)
    stack.wait(stack.start(assignment, "grade"))
    assert len(stack.provider.requests) == asked
    assert changes(stack, assignment)["questions"] == []


def test_rubric_changes_that_can_not_be_told(stack: Stack, assignment: str) -> None:
    for query in ("?graders=0", "?graders=x", "?disagreement=2"):
        code, error = stack.call("GET", f"/assignments/{assignment}/rubric-changes{query}")
        assert (code, error["error"]) == (400, "RequestError"), query
    code, error = stack.call("GET", f"/assignments/{assignment}/rubric-changes")
    assert (code, error["error"]) == (404, "NotFoundError")
    put_answers(stack, assignment)
    code, error = stack.call("GET", f"/assignments/{assignment}/rubric-changes")
    assert (code, error["error"]) == (422, "MissingMaterialError")
    assert "aita grade" in error["message"]
