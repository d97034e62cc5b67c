"""Grading on the command line: what is sent, and what a run's summary tells of the answers."""

import json
from typing import Any

import pytest

from aita.models.grade import cell_id
from aita.models.run import RunStatus
from tests.support.command_fixtures import Aita
from tests.support.fake_stack import RUN, FakeStack, Raw, run_view, stage
from tests.support.fakes import EXAM

RUN_PATH = f"/runs/{RUN}"
FILES = "/assignments/midterm/files"
DECISIONS = "/assignments/midterm/decisions"
ENDED = (stage("grade", 6, 6, ended=True), stage("report", 3, 3, ended=True))


def cell(student: str, question: str, state: str, worth: float, **changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "cell_id": cell_id(student, question),
        "student_id": student,
        "question_id": question,
        "state": state,
        "max_points": worth,
        "basis": "b",
    }
    if state in ("GRADED", "NEEDS_REVIEW"):
        values |= {"points": 2, "criteria": [{"points": 2}]}
    elif state == "BLANK":
        values["points"] = 0
    return values | changes


def graded(stack: FakeStack, *cells: dict[str, Any], decisions: tuple[dict[str, Any], ...] = ()) -> None:
    grades: dict[str, dict[str, Any]] = {}
    for one in cells:
        grades.setdefault(one["student_id"], {})[one["question_id"]] = one
    students = {"students": [{"student_id": "s-1", "folder": "Ada Lovelace"}, {"student_id": "s-2", "folder": "Alan"}]}
    files = {"questions.json": EXAM, "grades.json": grades, "students.json": students}
    stack.answer("GET", FILES, {"files": [stack.file(name, json.dumps(data).encode()) for name, data in files.items()]})
    stack.answer("GET", DECISIONS, {"decisions": list(decisions)})


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        (("grade",), {}),
        (("grade", "--graders", "3", "--disagreement", "0.25"), {"graders": 3, "disagreement": 0.25}),
        (("exam", "--review", "--graders", "2"), {"review": True, "graders": 2}),
        (("exam",), {}),
        (("extract-questions",), {}),
    ],
)
def test_a_run_is_started_as_asked(
    stack: FakeStack, aita: Aita, arguments: tuple[str, ...], options: dict[str, Any]
) -> None:
    stack.answer("POST", "/runs", run_view())
    code, _, _ = aita(*arguments, "-a", "midterm", "--detach")
    assert code == 0
    [sent] = stack.asked("POST", "/runs")
    assert sent.body == {"assignment": "midterm", "pipeline": arguments[0], "options": options}


@pytest.mark.parametrize(
    "arguments",
    [
        ("grade", "--graders", "0"),
        ("grade", "--graders", "10"),
        ("grade", "--disagreement", "1.1"),
        ("exam", "--disagreement", "-1"),
        ("grade", "--review"),
    ],
)
def test_options_out_of_their_range_are_not_sent(stack: FakeStack, aita: Aita, arguments: tuple[str, ...]) -> None:
    assert aita(*arguments, "-a", "midterm")[0] == 2
    assert stack.requests == []


def test_the_summary_tells_what_the_answers_came_to(stack: FakeStack, aita: Aita) -> None:
    set_by_a_person = {
        "decision_id": "1",
        "cell_id": cell_id("s-1", "2"),
        "student_id": "s-1",
        "question_id": "2",
        "action": "set",
        "points": 9,
        "why": "right",
        "by": "Ada",
        "at": "2026-03-02T12:00:00Z",
        "basis": "b",
        "old_state": "NEEDS_REVIEW",
    }
    graded(
        stack,
        cell("s-1", "1a", "GRADED", 5),
        cell("s-1", "1b", "BLANK", 3.5),
        cell("s-1", "2", "NEEDS_REVIEW", 10),
        cell("s-2", "1a", "NEEDS_REVIEW", 5),
        cell("s-2", "1b", "FAILED", 3.5),
        decisions=(set_by_a_person,),
    )
    failed = {"task_id": "t", "stage": "grade", "status": "FAILED", "error_type": "RefusalError", "error_message": "no"}
    refs = {"student_id": "s-2", "question_id": "1b"}
    stack.answer("GET", f"{RUN_PATH}/tasks", {"tasks": [failed | {"refs": refs}]})
    ended = (stage("grade", 6, 5, 1, ended=True), ENDED[1])
    stack.answer("GET", RUN_PATH, run_view(RunStatus.PARTIAL, *ended, pipeline="grade"))
    code, out, _ = aita("status", RUN)
    told = [line.strip() for line in out.splitlines()]
    assert code == 3
    at = told.index("6 answers of 2 students")
    assert told[at + 1 : at + 4] == [
        "1 graded, 1 blank, 1 set by a person",
        "3 ungraded: 1 to review, 2 failed; 1 total final",
        "review them   aita review list --assignment midterm",
    ]
    assert "grade  Alan, question 1b  RefusalError  no" in told
    assert "with scans" not in out
    document = json.loads(aita("status", RUN, "--json")[1])
    assert document["grades"]["states"] == {
        "GRADED": 1,
        "BLANK": 1,
        "NEEDS_REVIEW": 1,
        "FAILED": 2,
        "OVERRIDDEN": 1,
    }


def test_a_class_without_open_answers_is_final(stack: FakeStack, aita: Aita) -> None:
    graded(stack, *(cell("s-1", question, "GRADED", worth) for question, worth in (("1a", 5), ("1b", 3.5), ("2", 10))))
    stack.answer("GET", RUN_PATH, run_view(RunStatus.SUCCEEDED, *ENDED, pipeline="grade"))
    code, out, _ = aita("status", RUN)
    assert code == 0
    assert "all answers are graded: all totals are final" in out


def test_grades_that_cannot_be_fetched_take_nothing_from_the_run(stack: FakeStack, aita: Aita) -> None:
    stack.answer("GET", RUN_PATH, run_view(RunStatus.SUCCEEDED, *ENDED, pipeline="grade"))
    stack.answer("GET", FILES, Raw(500))
    code, out, _ = aita("status", RUN)
    assert code == 0
    assert "Not everything could be found out" in out


def test_an_estimate_names_the_pipelines(aita: Aita) -> None:
    assert "transcribe" in aita("estimate", "--help")[1]


def test_answers_of_an_older_version_are_counted_with_the_price_of_grading_them_again(
    stack: FakeStack, aita: Aita
) -> None:
    graded(stack, cell("s-1", "1a", "GRADED", 5))
    stack.answer("GET", RUN_PATH, run_view(RunStatus.SUCCEEDED, *ENDED, pipeline="grade"))
    line = {"calls": 1, "input_tokens": 900, "output_tokens": 500, "cost_usd": "0.0012"}
    stack.answer("POST", "/runs/estimate", line | {"stages": [line | {"stage": "grade"}], "notes": []})
    _, out, _ = aita("status", RUN)
    assert "1 of an older version of aita or another model: they count as they are" in out
    told = " ".join(out.split())
    assert "aita grade --assignment midterm --regrade-older (1 calls, 900 tokens in and 500 out, 0.0012 USD)" in told
    (asked,) = stack.asked("POST", "/runs/estimate")
    assert asked.body == {"assignment": "midterm", "pipeline": "grade", "options": {"regrade_older": True}}


def test_older_answers_are_graded_again_on_request(stack: FakeStack, aita: Aita) -> None:
    stack.answer("POST", "/runs", run_view(pipeline="grade"))
    aita("grade", "-a", "midterm", "--regrade-older", "--detach")
    (asked,) = stack.asked("POST", "/runs")
    assert asked.body["options"]["regrade_older"] is True
