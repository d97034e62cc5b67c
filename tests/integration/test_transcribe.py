"""Pipeline ``transcribe`` on the real definition and the real handlers."""

import io
import json
from typing import Any

from PIL import Image

from tests.integration.material import image_of, page
from tests.integration.provider import Answer
from tests.integration.stack import Stack


def put_scans(stack: Stack, assignment: str, **students: list[bytes]) -> None:
    for student, files in students.items():
        for number, data in enumerate(files, 1):
            stack.put(f"{assignment}/scans/{student}/page {number}.jpg", data)


def names_by_id(stack: Stack, assignment: str) -> dict[str, str]:
    return {s["student_id"]: s["folder"] for s in stack.get(f"{assignment}/students.json")["students"]}


def test_scans_become_transcriptions(stack: Stack, assignment: str) -> None:
    put_scans(
        stack, assignment, Ada=[page(f"{assignment} a1"), page(f"{assignment} a2")], Bob=[page(f"{assignment} b1")]
    )
    stack.put(f"{assignment}/roster.csv", "Student Name,Email\nAda,ada@example.edu\nCy,cy@example.edu\n")
    run = stack.wait(stack.start(assignment, "transcribe"))
    assert run["status"] == "SUCCEEDED"
    assert [(s["stage"], s["succeeded"]) for s in run["stages"]] == [
        ("split", 2 + 1),
        ("transcribe", 3),
    ]
    names = names_by_id(stack, assignment)
    transcriptions = stack.get(f"{assignment}/transcriptions.json")
    assert {names[s]: [p["page"] for p in pages] for s, pages in transcriptions.items()} == {"Ada": [1, 2], "Bob": [1]}
    assert transcriptions[next(s for s in names if names[s] == "Bob")][0]["lines"][0]["text"] == "four"
    students = stack.get(f"{assignment}/students.json")
    assert students["missing"] == ["Cy"]
    assert {s["folder"]: s["match"] for s in students["students"]} == {"Ada": "exact", "Bob": "none"}


def test_students_keep_their_ids_and_a_rerun_makes_no_call(stack: Stack, assignment: str) -> None:
    put_scans(stack, assignment, Ada=[page(f"{assignment} a1")])
    stack.wait(stack.start(assignment, "transcribe"))
    before = names_by_id(stack, assignment)
    put_scans(stack, assignment, Bob=[page(f"{assignment} b1")])
    stack.provider.requests.clear()
    run = stack.wait(stack.start(assignment, "transcribe"))
    assert run["status"] == "SUCCEEDED"
    assert before.items() <= names_by_id(stack, assignment).items()
    assert len(stack.provider.requests) == 1, "only the new student's page is asked"


def test_one_bad_file_fails_its_own_task_alone(stack: Stack, assignment: str) -> None:
    put_scans(stack, assignment, Ada=[page(f"{assignment} a1")], Bob=[b"<svg/>"], Cy=[b""])
    run = stack.wait(stack.start(assignment, "transcribe"))
    assert run["status"] == "PARTIAL"
    assert [(s["stage"], s["succeeded"], s["failed"]) for s in run["stages"]] == [
        ("split", 1, 2),
        ("transcribe", 1, 0),
    ]
    failed = stack.tasks(run["run_id"], "FAILED")
    assert {task["error_type"] for task in failed} == {"UnreadableScanError"}
    assert all(task["error_message"] for task in failed)
    files = {source: s["folder"] for s in stack.get(f"{assignment}/students.json")["students"] for source in s["files"]}
    assert {files[task["refs"]["source"]] for task in failed} == {"Bob", "Cy"}, "the file can be named to a person"


def test_an_unparsable_transcription_is_kept_and_flagged(stack: Stack, assignment: str) -> None:
    put_scans(stack, assignment, Ada=[page(f"{assignment} a1")])
    stack.provider.answer = lambda request: Answer("the answer is four")
    run = stack.wait(stack.start(assignment, "transcribe"))
    assert run["status"] == "SUCCEEDED"
    (pages,) = stack.get(f"{assignment}/transcriptions.json").values()
    assert pages[0]["flagged"] is True
    assert pages[0]["confidence"] == 0.3
    assert [line["text"] for line in pages[0]["lines"]] == ["the answer is four"]
    assert len(stack.provider.requests) == 4


def test_the_model_sees_the_upright_page(stack: Stack, assignment: str) -> None:
    sideways = Image.new("RGB", (300, 200), "white")
    exif = Image.Exif()
    exif[0x0112] = 6
    data = io.BytesIO()
    sideways.save(data, "JPEG", exif=exif)
    put_scans(stack, assignment, Ada=[data.getvalue()])
    stack.wait(stack.start(assignment, "transcribe"))
    (request,) = stack.provider.requests
    with Image.open(io.BytesIO(image_of(request))) as image:
        assert image.size == (200, 300)


def test_no_name_leaves_the_scans_folder(stack: Stack, assignment: str, capsys: Any, caplog: Any) -> None:
    name = "Zephyrine Quatremains"
    put_scans(stack, assignment, **{name: [page(f"{assignment} a1"), b"broken"]})
    stack.put(f"{assignment}/roster.csv", f"Student Name,Student ID,Email\n{name},4711-0815,zq@example.edu\n")
    with caplog.at_level("DEBUG", logger="aita"):
        run = stack.wait(stack.start(assignment, "transcribe"))
    assert run["status"] == "PARTIAL"
    secrets = ("Zephyrine", "Quatremains", "4711-0815", "zq@example", "sk-test")
    allowed = (f"{assignment}/scans/", f"{assignment}/roster.csv", f"{assignment}/students.json")
    places = {
        "logs": capsys.readouterr().out + caplog.text,
        "state machine": json.dumps(stack.invocations),
        "prompts": json.dumps(stack.provider.requests),
        "table": json.dumps(stack.dynamodb.scan(TableName="aita-test")["Items"]),
        "keys": "\n".join(key for key in stack.keys("") if not key.startswith(allowed)),
    }
    for place, text in places.items():
        assert text, place
        assert not [secret for secret in secrets if secret in text], place


def test_aws_requests_and_transitions_of_one_page(stack: Stack, assignment: str) -> None:
    put_scans(stack, assignment, Ada=[page(f"{assignment} {number}") for number in range(3)])
    counted: list[str] = []

    def before(function: str, event: dict[str, Any]) -> None:
        if function == "task":
            counted.append("task")

    stack.before = before
    stack.requests.clear()
    run = stack.wait(stack.start(assignment, "transcribe"))
    assert run["status"] == "SUCCEEDED"
    pages = len(counted)
    assert pages == 3
    task = {name.removeprefix("task "): count for name, count in stack.requests.items() if name.startswith("task ")}
    writes = sum(task.get(name, 0) for name in ("UpdateItem", "PutItem", "TransactWriteItems"))
    assert writes <= 2 * pages
    assert task.get("GetItem", 0) <= 2, "the run's state is read once in 5 s"
    inputs = 1  # the stage's inputs, which a warm function reads once
    of_pages = task["GetObject"] + task["PutObject"] - inputs
    assert of_pages <= (3 + 1) * pages, "3 requests a page beside its image"
