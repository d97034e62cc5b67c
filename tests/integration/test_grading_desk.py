"""The API's routes for whoever grades: pages of answers, claims, equal answers, the class's table, assignments."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from aita.models.grade import cell_id
from tests.integration.material import exam
from tests.integration.stack import Stack
from tests.integration.test_reviews import WROTE, graded

FIRST, SECOND = cell_id("s-1", "1a"), cell_id("s-2", "1a")
ADA, BEN = ({"userArn": f"arn:aws:iam::123456789012:user/{name}"} for name in ("ada", "ben"))


@pytest.fixture
def desk(stack: Stack, assignment: str) -> str:
    """An assignment whose two students wrote the same to one question, of whom one was flagged."""
    stack.put(f"{assignment}/questions.json", exam(assignment))
    grades, answers, pages = {}, {}, {}
    for student in ("s-1", "s-2"):
        cells = [
            graded("1a") | {"state": "NEEDS_REVIEW", "flags": [{"kind": "low_confidence", "note": ""}]},
            graded("1b", max_points=3),
            graded("2", max_points=10),
        ]
        of_student = {"student_id": student}
        grades[student] = {
            cell["question_id"]: cell | of_student | {"cell_id": cell_id(student, cell["question_id"])}
            for cell in cells
        }
        place = {"page": 1, "top": 0.1, "bottom": 0.3}
        answers[student] = {
            "question_answers": [{"question_id": "1a", "raw_text": WROTE, "confidence": 0.4, "pages": [place]}]
        }
        key = f"{assignment}/pages/{student}/x-0001.jpg"
        pages[student] = [{"page": 1, "key": key, "sha256": "", "width": 8, "height": 9}]
    stack.put(f"{assignment}/grades.json", grades)
    stack.put(f"{assignment}/answers.json", answers)
    stack.put(f"{assignment}/pages.json", pages)
    strip = {"page": 1, "top": 0.1, "bottom": 0.3, "key": f"{assignment}/strips/s-1/x.jpg", "sha256": "a"}
    stack.put(f"{assignment}/strips.json", {"s-1": [strip | {"width": 8, "height": 2}]})
    return assignment


def page(stack: Stack, assignment: str, query: str = "", identity: Any = ADA) -> Any:
    code, found = stack.call("GET", f"/assignments/{assignment}/answers?question=1a{query}", identity=identity)
    assert code == 200, found
    return found


def decide(stack: Stack, assignment: str, cell: str, identity: Any = ADA, **body: Any) -> tuple[int, Any]:
    return stack.call("POST", f"/assignments/{assignment}/reviews/{cell}", body, identity=identity)


def test_from_a_page_of_answers_to_a_decision(stack: Stack, desk: str) -> None:
    found = page(stack, desk, "&limit=1")
    (answer,) = found["answers"]
    assert (answer["cell_id"], answer["raw_text"], answer["quotes"]) == (FIRST, WROTE, [[[0, len(WROTE)]]])
    assert "X-Amz-Signature" in answer["pages"][0]["url"]
    assert "X-Amz-Signature" in answer["strips"][0]["url"]
    code, made = decide(stack, desk, FIRST, action="accept", basis=answer["basis"])
    assert (code, made["by"], made["caller"]) == (201, "ada", ADA["userArn"])
    rest = page(stack, desk, f"&next_token={found['next_token']}")
    assert [each["cell_id"] for each in rest["answers"]] == [SECOND]
    code, again = stack.call("GET", f"/assignments/{desk}/answers/{FIRST}", identity=ADA)
    assert (code, again["answers"][0]["decisions"]) == (200, [made])


def test_two_browsers_on_one_answer(stack: Stack, desk: str) -> None:
    basis = page(stack, desk)["answers"][0]["basis"]
    accepted = {"action": "accept", "basis": basis}
    code, theirs = decide(stack, desk, FIRST, BEN, **accepted)
    assert code == 201
    code, refused = decide(stack, desk, FIRST, ADA, **accepted)
    assert (code, refused["error"], refused["theirs"]) == (409, "ConflictError", theirs)
    assert refused["yours"]["action"] == "accept"
    assert "by ben" in refused["message"]


def test_blind_withholds_the_proposal_on_the_wire(stack: Stack, desk: str) -> None:
    basis = page(stack, desk)["answers"][0]["basis"]
    decide(stack, desk, FIRST, BEN, action="set", points=4, why="half of it", basis=basis)
    raw = str(stack.answer("GET", f"/assignments/{desk}/answers/{FIRST}?blind=true", identity=ADA))
    assert "half of it" not in raw
    assert "low_confidence" not in raw
    (seen,) = stack.call("GET", f"/assignments/{desk}/answers/{FIRST}?blind=true", identity=BEN)[1]["answers"]
    assert (seen["hidden"], seen["proposal"]["points"]) == (False, 2)


def test_one_of_two_people_claims_an_answer(stack: Stack, desk: str) -> None:
    path = f"/assignments/{desk}/reviews/{FIRST}"
    with ThreadPoolExecutor(2) as pool:
        claimed = pool.map(lambda who: stack.call("POST", f"{path}/claim", {"window": "w"}, identity=who), (ADA, BEN))
    codes = [code for code, _ in claimed]
    assert sorted(codes) == [200, 409]
    first, second = (ADA, BEN) if codes[0] == 200 else (BEN, ADA)
    assert page(stack, desk, identity=second)["answers"][0]["claim"]["mine"] is False
    assert stack.call("POST", f"{path}/claim", {"window": "w"}, identity=first)[0] == 200
    assert stack.call("POST", f"{path}/release", {"window": "w"}, identity=second)[0] == 200
    assert len(stack.call("GET", f"/assignments/{desk}/claims?window=w", identity=first)[1]["claims"]) == 1
    assert stack.call("POST", f"{path}/release", {"window": "w"}, identity=first)[0] == 200
    assert stack.call("GET", f"/assignments/{desk}/claims?window=w", identity=first)[1] == {"claims": []}
    assert stack.call("POST", f"{path}/claim", {"window": "w"}, identity=second)[0] == 200


def test_equal_answers_are_decided_at_once(stack: Stack, desk: str) -> None:
    code, found = stack.call("GET", f"/assignments/{desk}/equal-answers?question=1a")
    (group,) = found["groups"]
    assert (code, [cell["cell_id"] for cell in group["cells"]]) == (200, [FIRST, SECOND])
    bases = {cell["cell_id"]: cell["basis"] for cell in group["cells"]}
    decision = {"action": "set", "points": 3, "why": "as agreed", "basis": bases[FIRST]}
    body = {"decision": decision, "others": {SECOND: bases[SECOND]}}
    code, made = stack.call("POST", f"/assignments/{desk}/reviews/{FIRST}/equal", body, identity=ADA)
    assert (code, [each["cell_id"] for each in made["decisions"]], made["left"]) == (201, [FIRST, SECOND], [])


def test_the_class_in_a_table(stack: Stack, desk: str) -> None:
    code, first = stack.call("GET", f"/assignments/{desk}/grades?limit=1")
    assert (code, first["total_students"], first["final"], first["next_token"]) == (200, 2, 0, "s-1")
    assert [each["question_id"] for each in first["questions"]] == ["1a", "1b", "2"]
    (row,) = first["students"]
    assert (row["student_id"], row["final"], row["cells"][0]["flags"]) == ("s-1", False, ["low_confidence"])
    _, second = stack.call("GET", f"/assignments/{desk}/grades?limit=1&next_token={first['next_token']}")
    assert ([each["student_id"] for each in second["students"]], second["next_token"]) == (["s-2"], None)


def test_assignments_and_their_work(stack: Stack, desk: str) -> None:
    stack.put("runs/x/y.json", "{}")
    code, found = stack.call("GET", "/assignments")
    names = [each["assignment"] for each in found["assignments"]]
    assert (code, desk in names, "runs" in names) == (200, True, False)
    code, state = stack.call("GET", f"/assignments/{desk}/state")
    assert (code, state["questions"], state["without_rubric"]) == (200, 3, ["1a", "1b", "2"])
    assert (state["open_answers"], state["answers"], state["final_students"]) == (2, 6, 0)
    assert (state["runs"], state["cost_usd"]) == ([], "0")
    assert stack.call("GET", "/assignments/nothing-here/state")[0] == 404


def test_a_decision_takes_few_calls_of_aws_however_large_the_class_is(stack: Stack, desk: str) -> None:
    basis = page(stack, desk)["answers"][0]["basis"]
    stack.requests.clear()
    assert decide(stack, desk, FIRST, action="accept", basis=basis)[0] == 201
    assert stack.requests == {"api ListObjectsV2": 2, "api Query": 1, "api PutItem": 1}
    basis = page(stack, desk)["answers"][0]["basis"]
    stack.requests.clear()
    assert decide(stack, desk, SECOND, action="set", points=1, why="no", basis=basis)[0] == 201
    assert stack.requests == {"api ListObjectsV2": 2, "api Query": 1, "api PutItem": 1}


def test_equal_answers_take_one_call_more_for_each_of_them(stack: Stack, desk: str) -> None:
    first, second = page(stack, desk)["answers"]
    stack.requests.clear()
    body = {"decision": {"action": "accept", "basis": first["basis"]}, "others": {SECOND: second["basis"]}}
    code, made = stack.call("POST", f"/assignments/{desk}/reviews/{FIRST}/equal", body, identity=ADA)
    assert (code, [each["cell_id"] for each in made["decisions"]]) == (201, [FIRST, SECOND])
    assert stack.requests == {"api ListObjectsV2": 2, "api Query": 1, "api PutItem": 2}


def test_a_page_of_answers_asks_for_what_has_changed_alone(stack: Stack, desk: str) -> None:
    page(stack, desk)
    stack.requests.clear()
    page(stack, desk)
    assert stack.requests == {"api ListObjectsV2": 2, "api Query": 2}, "decisions and claims"
    stack.put(f"{desk}/students.json", {"students": []})
    page(stack, desk)
    assert stack.requests["api GetObject"] == 1


def test_the_state_of_an_assignment_fetches_the_roster_alone_if_nothing_has_changed(stack: Stack, desk: str) -> None:
    before = stack.call("GET", f"/assignments/{desk}/state", identity=ADA)
    stack.requests.clear()
    assert stack.call("GET", f"/assignments/{desk}/state", identity=ADA) == before
    assert stack.requests["api GetObject"] == 1
