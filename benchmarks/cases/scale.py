"""Time and memory of Plan, Collect and the shared inputs of grading by the number of pages, for ``docs/scaling.md``.

``python -m benchmarks.cases.scale`` measures each size in a process of its own, so that its peak of memory can be
measured; it takes some minutes and 3 GB. Objects are files, so that they do not count as memory. Rows are DynamoDB's
items, in pages of 1 MB, and the objects that Collect reads are bytes: no request is made, so times are without any.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.harness.in_memory_run import ASSIGNMENT, RUN_ID, running

if TYPE_CHECKING:
    from aita.models.exam import ExamSpec

SIZES = {
    "plan": (100, 10_000, 100_000, 1_000_000),
    "collect": (100, 10_000, 100_000, 200_000),
    "grade_inputs": (100, 10_000, 100_000, 1_000_000),
}
"""Pages by part. Collect of 200,000 exceeds the memory of its function, and of 1,000,000 that of most machines."""

PAGES_OF_A_STUDENT = 20
QUESTIONS = 10
LINE = "A line of what somebody wrote in an exam, 60 characters long."
LINES_OF_A_PAGE = 20
ANSWER = (LINE * 10)[:600]
ROWS_IN_A_PAGE = 1_000
"""Rows in a page of a query: the page has 1 MB, and a task's row about 1 KB."""


@dataclass(frozen=True, slots=True)
class FileObjects:
    """Objects in a folder; a task's result is generated when it is read."""

    folder: Path
    bucket: str = "files"

    def get(self, key: str) -> bytes:
        """Return an object's bytes."""
        from aita.errors import ObjectNotFoundError

        if "/results/" in key:
            return _result(key.rpartition("/")[2].removesuffix(".json"))
        try:
            return (self.folder / key.replace("/", "|")).read_bytes()
        except FileNotFoundError:
            raise ObjectNotFoundError(key) from None

    def put(self, key: str, data: bytes, content_type: str = "application/json") -> None:  # noqa: ARG002 - not kept
        """Write a whole object, over an existing one."""
        (self.folder / key.replace("/", "|")).write_bytes(data)

    def put_unless_newer(self, key: str, data: bytes, made_from: datetime) -> bool:  # noqa: ARG002 - nothing is newer
        """Write a whole object."""
        self.put(key, data)
        return True


@dataclass(frozen=True, slots=True)
class QueryOfRows:
    """Client of DynamoDB with one query: the rows of all items of a stage, each succeeded."""

    items: list[dict[str, Any]]

    def get_paginator(self, name: str) -> "QueryOfRows":  # noqa: ARG002 - it has one
        """Return itself."""
        return self

    def paginate(self, **query: Any) -> Iterator[dict[str, Any]]:  # noqa: ARG002 - it has one
        """Yield pages of rows, generated one page at a time."""
        for first in range(0, len(self.items), ROWS_IN_A_PAGE):
            yield {"Items": [_row(item) for item in self.items[first : first + ROWS_IN_A_PAGE]]}


def main() -> None:
    """Print a line of a table for each size and part."""
    print("| part | pages | seconds | peak memory, MB | file, MB |\n|---|---|---|---|---|", flush=True)
    for part, sizes in SIZES.items():
        for size in sizes:
            print(f"| {part} | {size:,} | {_in_own_process(part, size)} |", flush=True)


def _in_own_process(part: str, size: int) -> str:
    def run(each: str) -> str:
        command = [sys.executable, "-m", "benchmarks.cases.scale", each, str(size), folder]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    with tempfile.TemporaryDirectory() as folder:
        if part == "collect":
            run("plan")
        return run(part)


def _plan(size: int, folder: Path) -> tuple[float, float]:
    """Plan ``transcribe``; return the seconds and the megabytes of its manifest."""
    from aita.bootstrap import utc_now
    from aita.models.run import StageEvent
    from aita.services.runs.planner import Planner
    from tests.support.memory_decisions import MemoryDecisions
    from tests.support.memory_runs import MemoryRuns, MemoryTasks

    objects, runs = FileObjects(folder), MemoryRuns(utc_now)
    runs.create(running("transcribe"), None)
    functions = {"task": "task", "split": "split"}
    planner = Planner(runs, MemoryTasks(), objects, utc_now, functions, 365, MemoryDecisions())  # type: ignore[arg-type]  # its objects have a few calls alone
    started = time.perf_counter()
    answer = planner.plan(StageEvent(run_id=RUN_ID, attempt=1, stage="transcribe"))
    seconds = time.perf_counter() - started
    if answer.count != size:
        raise RuntimeError(f"planned {answer.count} of {size} pages")
    return seconds, len(objects.get(answer.manifest.key)) / 1e6


def _collect(size: int, folder: Path) -> tuple[float, float]:
    """Collect the items of ``_plan``; return the seconds and the megabytes of the artifact."""
    from aita.aws.dynamodb.task_table import DynamoTaskTable
    from aita.bootstrap import utc_now
    from aita.models.run import StageCounts, StageEvent
    from aita.services.assignments import object_keys
    from aita.services.runs.collector import Collector
    from aita.services.runs.planner import ITEMS
    from tests.support.memory_runs import MemoryRuns

    objects, runs = FileObjects(folder), MemoryRuns(utc_now)
    runs.create(running("transcribe", StageCounts(total=size)), None)
    items = [
        {"task_id": item["task_id"]}
        for item in json.loads(objects.get(object_keys.stage_file(RUN_ID, "transcribe", ITEMS)))
    ]
    tasks = DynamoTaskTable(QueryOfRows(items), "table", utc_now, 365)
    collector = Collector(runs, tasks, objects, utc_now)  # type: ignore[arg-type]  # its objects have a few calls alone
    started = time.perf_counter()
    collector.collect(StageEvent(run_id=RUN_ID, attempt=1, stage="transcribe"))
    seconds = time.perf_counter() - started
    if runs.get(RUN_ID).stages["transcribe"].succeeded != size:
        raise RuntimeError("not all that succeeded was counted")
    return seconds, len(objects.get(object_keys.material(ASSIGNMENT, object_keys.TRANSCRIPTIONS))) / 1e6


def _grade_inputs(size: int, folder: Path) -> tuple[float, float]:
    """Read the shared inputs of ``grade``; return the seconds and the megabytes of the file."""
    from aita.services.grading.grade_inputs import GradeInputs

    file = folder / "inputs"
    _write_inputs(file, size // PAGES_OF_A_STUDENT)
    started = time.perf_counter()
    inputs = GradeInputs.model_validate_json(file.read_bytes())
    seconds = time.perf_counter() - started
    if len(inputs.answers) != size // PAGES_OF_A_STUDENT:
        raise RuntimeError("not all answers were read")
    return seconds, file.stat().st_size / 1e6


PARTS = {"plan": _plan, "collect": _collect, "grade_inputs": _grade_inputs}


def _write_material(folder: Path, size: int) -> None:
    """Write the questions, pages and scans, student by student, as the whole of them would count as memory."""
    from aita.models.exam import Page
    from aita.models.scan import BANDS, PageInk, StudentScans
    from aita.services.assignments import object_keys

    def page(student: int, number: int) -> str:
        key = object_keys.page(ASSIGNMENT, f"s-{student:016x}", "0123456789abcdef", number)
        page = Page(page=number, key=key, sha256=f"{student * 20 + number:064x}", width=1654, height=2339)
        return page.model_dump_json()

    with (folder / f"{ASSIGNMENT}|pages.json").open("w") as file:
        for student in range(size // PAGES_OF_A_STUDENT):
            pages = ",".join(page(student, number + 1) for number in range(PAGES_OF_A_STUDENT))
            file.write(f'{"," if student else "{"}"s-{student:016x}":[{pages}]')
        file.write("}")
    ink = PageInk(exam_page=1, likeness=0.9, bands="0a" * BANDS)
    scans = StudentScans(ink=(ink,) * PAGES_OF_A_STUDENT).model_dump_json()
    with (folder / f"{ASSIGNMENT}|scans.json").open("w") as file:
        for student in range(size // PAGES_OF_A_STUDENT):
            file.write(f'{"," if student else "{"}"s-{student:016x}":{scans}')
        file.write("}")
    (folder / f"{ASSIGNMENT}|questions.json").write_text(_exam().model_dump_json())


def _exam() -> "ExamSpec":
    from aita.models.exam import ExamSpec, Question, QuestionType

    questions = tuple(
        Question(question_id=f"Q{number}", question_text=ANSWER, points=10, question_type=QuestionType.SHORT_ANSWER)
        for number in range(QUESTIONS)
    )
    return ExamSpec(exam_name="Exam", total_pages=PAGES_OF_A_STUDENT, questions=questions)


def _write_inputs(path: Path, students: int) -> None:
    head: dict[str, Any] = {
        "exam": _exam().model_dump(mode="json"),
        "instructions": "",
        "question_instructions": {},
        "answer_keys": {},
        "rubrics": {},
        "model": "m",
        "graders": 1,
        "disagreement": 0.2,
    }
    answers = json.dumps({f"Q{number}": {"text": ANSWER, "blank": False} for number in range(QUESTIONS)})
    with path.open("w") as file:
        file.write(json.dumps(head)[:-1] + ', "answers": {')
        for student in range(students):
            file.write(f'{"," if student else ""}"s-{student:016x}": {answers}')
        file.write("}}")


def _row(item: dict[str, Any]) -> dict[str, Any]:
    """Return the row of a succeeded item in the form of DynamoDB's client."""
    names = ("input_tokens", "cached_input_tokens", "output_tokens")
    return {
        "pk": {"S": f"RUN#{RUN_ID}"},
        "sk": {"S": f"TASK#{item['task_id']}"},
        "stage": {"S": "transcribe"},
        "status": {"S": "SUCCEEDED"},
        "attempt": {"N": "1"},
        "asks": {"N": "1"},
        "result_key": {"S": f"runs/{RUN_ID}/transcribe/results/{item['task_id']}.json"},
        "error_type": {"S": ""},
        "error_message": {"S": ""},
        "latency_ms": {"N": "5000"},
        "refs": {"M": {name: {"S": "0" * 64} for name in ("student_id", "image", "sha256")} | {"page": {"N": "1"}}},
        "ended_at": {"S": "2026-11-25T12:00:00+00:00"},
        "expires_at": {"N": "1800000000"},
    } | {f"usage_{name}": {"N": "1500"} for name in names}


def _result(task_id: str) -> bytes:
    result = {
        "page": int(task_id[-8:], 16) % PAGES_OF_A_STUDENT + 1,  # so that most of a student's pages are there
        "lines": [{"text": LINE, "kind": "answer", "top": 0.1 + number / 25} for number in range(LINES_OF_A_PAGE)],
        "starts": [{"question_id": "Q0", "line": 1, "top": 0.1, "confidence": 0.9}],
        "confidence": 0.9,
        "warnings": [],
        "flagged": False,
    }
    return json.dumps({"task_id": task_id, "status": "SUCCEEDED", "refs": {}, "result": result}).encode()


def _measure(part: str, size: int, folder: Path) -> None:
    if part == "plan":
        _write_material(folder, size)
    seconds, megabytes = PARTS[part](size, folder)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{seconds:.1f} | {peak:,.0f} | {megabytes:,.1f}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        _measure(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
    else:
        main()
