"""Grading on the command line: what is sent, and what a run's summary tells of the answers."""

import json
from typing import Any

import pytest

from aita.models.api import GradeCounts
from aita.models.grade import CellState
from aita.models.run import RunStatus
from aita.version import VERSION
from tests.support.command_fixtures import Aita
from tests.support.fake_stack import RUN, FakeStack, Raw, run_view, stage

RUN_PATH = f"/runs/{RUN}"
GRADES = f"{RUN_PATH}/grades"
FILES, STUDENTS = "/assignments/midterm/files", "/assignments/midterm/students"
ENDED = (stage("grade", 6, 6, ended=True), stage("report", 3, 3, ended=True))


def graded(stack: FakeStack, students: int, final: int, older: int = 0, **states: int) -> None:
    """Let the stack answer what became of the answers, and who the students are."""
    counts = {state: states.get(state, 0) for state in CellState}
    stack.answer("GET", GRADES, GradeCounts(students=students, final=final, states=counts, older=older))
    known = {"students": [{"student_id": "s-1", "folder": "Ada Lovelace"}, {"student_id": "s-2", "folder": "Alan"}]}
    stack.answer("GET", FILES, {"files": [stack.file("students.json", json.dumps(known).encode())]})


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        (("grade",), {}),
        (("grade", "--graders", "3", "--disagreement", "0.25"), {"graders": 3, "disagreement": 0.25}),
        (("exam", "--review", "--graders", "2"), {"review": True, "graders": 2}),
        (("grade", "--see", "always"), {"see": "always"}),
        (("exam", "--see", "never"), {"see": "never"}),
        (("grade", "--readings", "2"), {"readings": 2}),
        (("exam", "--readings", "1"), {"readings": 1}),
        (
            ("grade", "--answer", "c-0123456789ab", "--answer", "c-ba9876543210"),
            {"cells": ["c-0123456789ab", "c-ba9876543210"]},
        ),
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
        ("grade", "--answer", "1a"),
        ("grade", "--disagreement", "1.1"),
        ("exam", "--disagreement", "-1"),
        ("grade", "--review"),
        ("grade", "--see", "sometimes"),
        ("grade", "--readings", "3"),
    ],
)
def test_options_out_of_their_range_are_not_sent(stack: FakeStack, aita: Aita, arguments: tuple[str, ...]) -> None:
    assert aita(*arguments, "-a", "midterm")[0] == 2
    assert stack.requests == []


def test_the_summary_tells_what_the_answers_came_to(stack: FakeStack, aita: Aita) -> None:
    graded(stack, 2, final=1, GRADED=1, BLANK=1, OVERRIDDEN=1, NEEDS_REVIEW=1, FAILED=2)
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
    assert {one.path for one in stack.requests} == {RUN_PATH, f"{RUN_PATH}/tasks", FILES, STUDENTS, GRADES}


def test_a_class_without_open_answers_is_final(stack: FakeStack, aita: Aita) -> None:
    graded(stack, 1, final=1, GRADED=3)
    stack.answer("GET", RUN_PATH, run_view(RunStatus.SUCCEEDED, *ENDED, pipeline="grade"))
    code, out, _ = aita("status", RUN)
    assert code == 0
    assert "all answers are graded: all totals are final" in out


@pytest.mark.parametrize("answer", [Raw(500), Raw(404, b'{"error": "NotFoundError", "message": "no such run"}')])
def test_grades_that_cannot_be_counted_take_nothing_from_the_run(stack: FakeStack, aita: Aita, answer: Raw) -> None:
    graded(stack, 2, final=1)
    stack.answers["GET", GRADES].clear()
    stack.answer("GET", GRADES, answer)
    stack.answer("GET", "/openapi.json", {"info": {"version": VERSION}})
    stack.answer("GET", RUN_PATH, run_view(RunStatus.SUCCEEDED, *ENDED, pipeline="grade"))
    code, out, _ = aita("status", RUN)
    assert code == 0
    assert "Not everything could be found out" in out
    assert "deploy the stack again" not in out


@pytest.mark.parametrize("status", [403, 404])
def test_a_stack_of_an_older_version_counts_nothing_and_all_else_is_told(
    stack: FakeStack, aita: Aita, status: int
) -> None:
    """API Gateway answers 403 for a route that it does not have, and an emulator 404."""
    graded(stack, 2, final=1)
    stack.answers["GET", GRADES].clear()
    for path in (GRADES, STUDENTS):
        stack.answer("GET", path, Raw(status, b'{"message": "Missing Authentication Token"}'))
    stack.answer("GET", "/openapi.json", {"info": {"version": "0.1.0"}})
    stack.answer("GET", RUN_PATH, run_view(RunStatus.SUCCEEDED, *ENDED, pipeline="grade"))
    code, out, _ = aita("status", RUN)
    assert code == 0
    assert f"the stack is of version 0.1.0 of aita and this is {VERSION}: deploy the stack again" in " ".join(
        out.split()
    )
    document = json.loads(aita("status", RUN, "--json")[1])
    assert document["grades"] is None
    assert len(document["students"]["students"]) == 2


def test_an_estimate_names_the_pipelines(aita: Aita) -> None:
    assert "transcribe" in aita("estimate", "--help")[1]


def test_answers_of_an_older_version_are_counted_with_the_price_of_grading_them_again(
    stack: FakeStack, aita: Aita
) -> None:
    graded(stack, 1, final=0, older=1, GRADED=1, FAILED=2)
    stack.answer("GET", RUN_PATH, run_view(RunStatus.SUCCEEDED, *ENDED, pipeline="grade"))
    line = {"calls": 1, "input_tokens": 900, "output_tokens": 500, "cost_usd": "0.0012"}
    stack.answer("POST", "/runs/estimate", line | {"stages": [line | {"stage": "grade"}], "notes": []})
    _, out, _ = aita("status", RUN)
    assert "1 of an older version of aita or another model: they count as they are" in out
    told = " ".join(out.split())
    assert "aita grade --assignment midterm --regrade-older (1 call, 900 tokens in and 500 out, $0.0012)" in told
    (asked,) = stack.asked("POST", "/runs/estimate")
    assert asked.body == {"assignment": "midterm", "pipeline": "grade", "options": {"regrade_older": True}}


def test_older_answers_are_graded_again_on_request(stack: FakeStack, aita: Aita) -> None:
    stack.answer("POST", "/runs", run_view(pipeline="grade"))
    aita("grade", "-a", "midterm", "--regrade-older", "--detach")
    (asked,) = stack.asked("POST", "/runs")
    assert asked.body["options"]["regrade_older"] is True
