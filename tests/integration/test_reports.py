"""Reports through the real handlers: the function, its files and the routes that give them."""

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest

from aita.cli.files.report_age import out_of_date
from aita.memory.objects import MemoryObjects
from aita.models.decision import Decision
from aita.models.exam import Page
from aita.models.grade import cell_id
from aita.models.transcription import Line, PageTranscription
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.reporting.report_builder import ReportSources
from tests.integration.material import exam, page
from tests.integration.stack import Stack

NAMES = {"s-0000000000000001": "Ada <script>alert(1)</script>", "s-0000000000000002": "Grace Hopper"}


@pytest.fixture
def transcribed(stack: Stack, assignment: str) -> str:
    """An assignment as it is once its pages are transcribed."""
    students = [{"student_id": each, "folder": name} for each, name in NAMES.items()]
    stack.put(f"{assignment}/students.json", {"students": students})
    pages: dict[str, Any] = {}
    read: dict[str, Any] = {}
    for each in NAMES:
        key = f"{assignment}/pages/{each}/a-0001.jpg"
        stack.put(key, page("four"))
        pages[each] = [Page(page=1, key=key, sha256="0" * 64, width=300, height=400).model_dump()]
        read[each] = [PageTranscription(page=1, lines=[Line(text="four")], confidence=0.9).model_dump(mode="json")]
    stack.put(f"{assignment}/pages.json", pages)
    stack.put(f"{assignment}/transcriptions.json", read)
    return assignment


def test_the_report_function_writes_each_report(stack: Stack, transcribed: str) -> None:
    run = stack.wait(stack.start(transcribed, "report"))
    assert run["status"] == "SUCCEEDED"
    assert run["usage"]["calls"] == 0
    assert [function for function, _ in stack.invocations] == ["plan", "report", "report", "report", "collect"]
    names = {f"transcriptions/{each}.html" for each in NAMES} | {"class.html"}
    listed = stack.get(f"{transcribed}/reports.json")
    assert {each["name"] for each in listed} == names
    written = {}
    for each in listed:
        found = stack.s3.get_object(Bucket="aita-test", Key=each["key"])
        assert found["ContentType"] == "text/html; charset=utf-8"
        html = written[each["name"]] = found["Body"].read().decode()
        assert html.startswith("<!doctype html>")
        assert "<script" not in html
    assert all("four" in html for name, html in written.items() if name != "class.html")
    assert "Grace Hopper" in written["class.html"]
    assert not stack.provider.requests


def test_no_name_reaches_the_state_machine(stack: Stack, transcribed: str) -> None:
    stack.wait(stack.start(transcribed, "report"))
    sent = json.dumps([event for _, event in stack.invocations])
    assert "Ada" not in sent
    assert "Grace" not in sent


def test_the_files_route_gives_the_reports_and_who_they_are_of(stack: Stack, transcribed: str) -> None:
    stack.wait(stack.start(transcribed, "report"))
    status, found = stack.call("GET", f"/assignments/{transcribed}/files")
    assert status == 200
    assert {"students.json", "reports.json", "reports/class.html"} <= {each["name"] for each in found["files"]}


def test_a_report_is_of_the_decisions_that_the_api_tells(stack: Stack, transcribed: str, tmp_path: Path) -> None:
    """What the function reads from DynamoDB and the command line over HTTP comes to the same digest."""
    student = next(iter(NAMES))
    cell = {
        "cell_id": cell_id(student, "1a"),
        "student_id": student,
        "question_id": "1a",
        "state": "NEEDS_REVIEW",
        "points": 2.5,
        "max_points": 5,
        "criteria": [{"points": 2.5, "quote": "four"}],
        "flags": [{"kind": "low_confidence", "note": ""}],
        "basis": "b1",
    }
    stack.put(f"{transcribed}/questions.json", exam(transcribed))
    stack.put(f"{transcribed}/grades.json", {student: {"1a": cell}})

    def outdated() -> list[str]:
        objects = MemoryObjects()
        for name in ReportSources.FILES:
            with contextlib.suppress(stack.s3.exceptions.NoSuchKey):
                objects.data[f"{transcribed}/{name}"] = stack.s3.get_object(
                    Bucket="aita-test", Key=f"{transcribed}/{name}"
                )["Body"].read()
        decisions = stack.call("GET", f"/assignments/{transcribed}/decisions")[1]["decisions"]
        paths = {"class.html": tmp_path / "class.html", f"students/{student}.html": tmp_path / "student.html"}
        for name, path in paths.items():
            key = f"{transcribed}/reports/{name}"
            path.write_bytes(stack.s3.get_object(Bucket="aita-test", Key=key)["Body"].read())
        return out_of_date(
            AssignmentFiles(objects, transcribed),
            lambda _: [Decision.model_validate(each) for each in decisions],
            (),
            paths,
        )

    stack.wait(stack.start(transcribed, "report"))
    assert outdated() == []
    path = f"/assignments/{transcribed}/reviews/{cell['cell_id']}"
    seen = stack.call("GET", path)[1]["basis"]
    asked = {"action": "set", "points": 3.5, "why": "half right", "by": "Ada", "basis": seen}
    assert stack.call("POST", path, asked)[0] == 201
    assert outdated() == ["class.html", f"students/{student}.html"]
    stack.wait(stack.start(transcribed, "report"))
    assert outdated() == []
    assert "half right" in (tmp_path / "student.html").read_text()


def test_there_must_be_something_to_report(stack: Stack, assignment: str) -> None:
    asked = {"assignment": assignment, "pipeline": "report", "options": {}}
    status, error = stack.call("POST", "/runs", asked)
    assert (status, error["error"]) == (404, "NotFoundError")
    stack.put(f"{assignment}/questions.json", exam(assignment))
    status, error = stack.call("POST", "/runs", asked)
    assert (status, error["error"]) == (422, "MissingMaterialError")
