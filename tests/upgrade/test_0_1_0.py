"""What version 0.1.0 left in a bucket, a table and a checkpoint is read, goes on, and is paid for by nobody again.

These tests stay for good. Where one fails, an exam of that version would be lost, graded otherwise or paid twice: the
change is to be mended, with a reader for what was kept, and not the test.

They share a stack and stand in an order: first what only reads, last what deletes, and in between each takes what none
before it has changed.
"""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aita import create_executor
from aita.aws.dynamodb.sharded_rate_limiter import ShardedRateLimiter
from aita.models.rate_limits import Rates
from aita.services.runs.pipelines import stages_of
from aita.services.stages.read_again import ReadAgainStage
from aita.services.stages.strip_cuts import CUT
from tests.integration.stack import Stack
from tests.upgrade import checkpoint, stored
from tests.upgrade.stack import BUCKET, MODEL, TABLE, URL, calls, resume, stack_at, start
from tests.upgrade.told import (
    GRADED,
    HALTED,
    READERS,
    RESUMABLE,
    STATES,
    THRICE,
    WAITING,
    commands,
    get,
    grades_by_folder,
    once,
    run_of,
    without_bases,
)

Command = Callable[..., tuple[int, Any]]

JOINED = ("transcribe", "map_answers")
"""Stages of 0.1.0 that are one now: each page is asked about once, and no longer has two results."""

PAGES_ANEW = {WAITING: 1}
"""Pages that the resumed run asks for, by assignment: 0.1.0 had asked for them in its own two forms, and for another
assignment. What a run itself had transcribed and mapped is never asked for again."""

LATER = datetime(2027, 6, 1, 9, tzinfo=UTC)
"""When the tests take place: after all that 0.1.0 left was written, whatever the time is here."""


@pytest.fixture(scope="module")
def upgraded() -> Iterator[Stack]:
    """The stack with what 0.1.0 left."""
    with stack_at(LATER) as stack:
        stored.load(stack)
        yield stack


@pytest.fixture
def stack(upgraded: Stack) -> Stack:
    """The same, to count calls on."""
    upgraded.provider.requests.clear()
    return upgraded


@pytest.fixture
def aita(upgraded: Stack) -> Iterator[Command]:
    with commands(upgraded) as aita:
        yield aita


def as_told(found: Any, told: Any) -> Any:
    """Return of what is found as much as 0.1.0 told: a later version may tell more."""
    if isinstance(found, dict) and isinstance(told, dict):
        return {name: as_told(found[name], told[name]) for name in told if name in found}
    if isinstance(found, list) and isinstance(told, list) and len(found) == len(told):
        return [as_told(*pair) for pair in zip(found, told, strict=True)]
    return found


# What was left is read


@pytest.mark.parametrize("name", READERS)
def test_it_is_told_as_it_was(upgraded: Stack, name: str) -> None:
    told = once(stored.expected(name))
    assert as_told(once(READERS[name](upgraded)), told) == told


def test_every_name_that_is_kept_has_its_meaning() -> None:
    names = stored.expected("names")
    for state in STATES:
        assert [state(name) for name in names[state.__name__]]
    assert all(stages_of(pipeline) for pipeline in names["pipelines"])


# What was under way goes on


def test_an_execution_that_was_under_way_goes_on(stack: Stack) -> None:
    run_id = run_of(stack, GRADED, "exam")
    stages = [each["stage"] for each in get(stack, f"/runs/{run_id}")["stages"]]
    assert len(stages) == 9
    meta = let_run(stack, run_id)
    for stage in stages:
        if stage in JOINED:
            continue
        event = {"run_id": run_id, "attempt": 1, "stage": stage}
        item = stack.get(f"runs/{run_id}/{stage}/manifest.json")[0]
        for task_id in (item["task_id"], *(each["task_id"] for each in item.get("batch", ()))):
            stack.dynamodb.delete_item(TableName=TABLE, Key=meta | {"sk": {"S": f"TASK#{task_id}"}})
        answer = stack.invoke(_FUNCTIONS.get(stage, "task"), event | {"item": item, "waited": {}})
        assert answer["outcome"] == "SUCCEEDED", stage
    assert stack.invoke("collect", event)["status"] == "SUCCEEDED"
    assert calls(stack) == 0


@pytest.mark.parametrize(("assignment", "stage"), [(THRICE, JOINED[0]), (HALTED, JOINED[1])])
def test_one_at_a_stage_that_was_joined_with_another_ends_unpaid_and_says_to_resume(
    stack: Stack, assignment: str, stage: str
) -> None:
    run_id = run_of(stack, assignment, "exam")
    let_run(stack, run_id)
    event = {"run_id": run_id, "attempt": 1, "stage": stage}
    item = stack.get(f"runs/{run_id}/{stage}/manifest.json")[0]
    assert stack.invoke("task", event | {"item": item, "waited": {}})["outcome"] == "SKIPPED"
    run = get(stack, f"/runs/{run_id}")
    assert (run["status"], calls(stack)) == ("HALTED", 0)
    assert "resume the run" in run["reason"]


def let_run(stack: Stack, run_id: str) -> dict[str, Any]:
    """Make an ended run one that is under way; return the key of its row."""
    meta = {"pk": {"S": f"RUN#{run_id}"}, "sk": {"S": "META"}}
    stack.dynamodb.update_item(
        TableName=TABLE,
        Key=meta,
        UpdateExpression="SET #status = :running REMOVE ended_at",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":running": {"S": "RUNNING"}},
    )
    return meta


_FUNCTIONS = {"split_exam": "split", "split": "split", CUT: "split", "report": "report"}


def _misses_pages(cell: Any) -> bool:
    return any(kind == "page_missing" for kind, _ in cell["flags"])


@pytest.mark.parametrize(("assignment", "pipeline"), RESUMABLE)
def test_a_run_is_resumed_and_pays_what_was_not_done(stack: Stack, assignment: str, pipeline: str) -> None:
    told = stored.expected("resumed")[assignment]
    ended = resume(stack, run_of(stack, assignment, pipeline))
    anew = PAGES_ANEW.get(assignment, 0)
    assert (ended["status"], calls(stack)) == (told["status"], told["calls"] + anew)
    if anew:  # a call of each page, and no longer two cached replies
        cached = told["usage"]["cached_calls"] - 2 * anew
        assert (ended["usage"]["calls"], ended["usage"]["cached_calls"]) == (told["usage"]["calls"] + anew, cached)
    else:
        assert as_told(ended["usage"], told["usage"]) == told["usage"]
    stages = [stage for stage in told["stages"] if stage["stage"] != JOINED[1]]
    new = [stage for stage in ended["stages"] if stage["stage"] in (CUT, ReadAgainStage.name)]
    assert as_told([stage for stage in ended["stages"] if stage not in new], stages) == stages
    assert not any(stage["total"] for stage in new), "no strips were shown or read again before"
    if pipeline == "exam":
        before, now = without_bases(told["grades"]), without_bases(grades_by_folder(stack, assignment))
        for student, cells in now.items():
            for question_id in [each for each, cell in cells.items() if _misses_pages(cell)]:
                assert cells[question_id]["state"] == "NEEDS_REVIEW"  # 0.1.0 missed no page of the exam
                del before[student][question_id]
        assert as_told(now, before) == before


def test_a_checkpoint_is_resumed_and_pays_what_was_not_done(tmp_path: Path) -> None:
    stored.checkpoint(tmp_path)
    left = {path: path.read_bytes() for path in tmp_path.iterdir()}
    model = checkpoint.Model(stops=False)
    executor = create_executor(model, config=checkpoint.CONFIG, checkpoint_dir=tmp_path)
    batch = executor.execute_batch(checkpoint.tasks(), checkpoint.NAME)
    assert {path: path.read_bytes() for path in left} == left
    again = executor.execute_batch(checkpoint.tasks(), checkpoint.NAME, resume_from_checkpoint=True)
    assert again.metrics.resumed == len(checkpoint.WORDS)
    assert model.asked == [f"Explain {word}." for word in (*checkpoint.FAILED, *checkpoint.LEFT)]
    assert [(each.task_id, each.result, each.metadata) for each in batch.task_results] == [
        (word, f"EXPLAIN {word.upper()}.", {"word": word}) for word in checkpoint.WORDS
    ]
    assert {each.task_id for each in batch.task_results if each.resumed} == set(checkpoint.DONE)


def test_the_provider_is_asked_at_the_rate_that_was_learnt(stack: Stack) -> None:
    (item,) = [item for item in stored.items() if item["pk"]["S"].startswith("LIMIT#")]

    def waits(at: datetime, tokens: int, calls: int) -> list[float]:
        stack.dynamodb.put_item(TableName=TABLE, Item=item)
        limiter = ShardedRateLimiter(stack.dynamodb, TABLE, provider=URL, model=MODEL, clock=lambda: at)
        return [limiter.reserve(Rates(), tokens).wait for _ in range(calls)]

    paced = waits(LATER, tokens=1, calls=180)
    assert paced[-1] - paced[-61] == pytest.approx(60 / 150, rel=0.2)
    paced = waits(LATER, tokens=650_000, calls=3)
    assert paced[-1] - paced[-2] == pytest.approx(60 * 650_000 / 3_900_000, rel=0.05)
    opens = datetime.fromtimestamp(int(item["closed_until"]["N"]) / 1_000, UTC)
    (closed,) = waits(opens - timedelta(seconds=5), tokens=1, calls=1)
    assert 5 <= closed < 6


# Nothing is opened or paid again


@pytest.mark.parametrize(("assignment", "graders"), [(GRADED, 1), (THRICE, 3)])
def test_grading_again_asks_nothing_and_keeps_every_cell(stack: Stack, assignment: str, graders: int) -> None:
    estimate = {"assignment": assignment, "pipeline": "grade", "options": {"graders": graders, "disagreement": 0.2}}
    code, told = stack.call("POST", "/runs/estimate", estimate)
    assert (code, told["calls"]) == (200, 0)
    ended = stack.wait(start(stack, assignment, "grade", graders=graders))
    assert (ended["status"], calls(stack)) == ("SUCCEEDED", 0)
    for name in ("grades", "queues", "decisions", "totals"):
        told = once(stored.expected(name))
        assert as_told(once(READERS[name](stack)), told) == told


@pytest.mark.parametrize(("assignment", "graders"), [(GRADED, 1), (THRICE, 3)])
def test_no_rubric_counts_as_changed(upgraded: Stack, assignment: str, graders: int) -> None:
    query = f"graders={graders}&disagreement=0.2"
    told = get(upgraded, f"/assignments/{assignment}/rubric-changes?{query}")
    assert (told["rescaled"], told["regraded"], told["others"], told["questions"]) == (0, 0, 0, [])


# What comes next


def test_reports_are_made_with_the_points_that_count(stack: Stack) -> None:
    before = {each["name"] for each in stack.get(f"{GRADED}/reports.json")}
    ended = stack.wait(start(stack, GRADED, "report"))
    assert (ended["status"], calls(stack)) == ("SUCCEEDED", 0)
    made = {each["name"]: each["key"] for each in stack.get(f"{GRADED}/reports.json")}
    assert made.keys() == before
    for student_id, total in stored.expected("totals").items():
        for name in ("class.html", f"students/{student_id}.html"):
            html = stack.s3.get_object(Bucket=BUCKET, Key=made[name])["Body"].read().decode()
            assert f"{total['points']:g}" in html


def test_a_decision_closes_what_was_open_and_one_that_was_taken_is_changed(stack: Stack) -> None:
    (waiting,) = get(stack, f"/assignments/{GRADED}/reviews")["cells"]
    decided = stored.expected("decisions")
    shown = get(stack, f"/assignments/{GRADED}/reviews/{decided[0]['cell_id']}")
    for cell, points in ((waiting, 0.5), (shown, 3.5)):
        body = {"action": "set", "points": points, "why": "after a look", "by": "Instructor", "basis": cell["basis"]}
        code, decision = stack.call("POST", f"/assignments/{GRADED}/reviews/{cell['cell_id']}", body)
        assert (code, decision.get("old_points")) == (201, cell["points"]), decision
    assert get(stack, f"/assignments/{GRADED}/reviews")["open_cells"] == 0
    total = READERS["totals"](stack)[waiting["student_id"]]
    assert (total["points"], total["open_questions"], total["letter"]) == (7, [], "F")
    total = READERS["totals"](stack)[shown["student_id"]]
    assert total["points"] == stored.expected("totals")[shown["student_id"]]["points"] + 3.5 - shown["points"]
    assert len(READERS["decisions"](stack)) == len(decided) + 2


def test_an_audit_recomputes(aita: Command, tmp_path: Path) -> None:
    status, written = aita("audit", "--assignment", GRADED, "--out", str(tmp_path))
    assert status == 0, written
    script = tmp_path / "recompute.py"
    done = subprocess.run([sys.executable, "-I", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert re.fullmatch(r"3 totals recomputed(, 1 of them not final)?: all as recorded\n", done.stdout)


# What is deleted


def test_of_a_student_who_is_purged_nothing_is_left(stack: Stack, aita: Command) -> None:
    students = {each["folder"]: each["student_id"] for each in stack.get(f"{GRADED}/students.json")["students"]}
    needles = (students["Priya Castellane"], f"{GRADED}/scans/Priya Castellane")
    status, told = aita("purge", "--assignment", GRADED, "--student", "Priya Castellane", "--yes")
    assert status == 0, told
    assert told["deleted"]["object_versions"] > 50
    assert where(stack, *needles) == []
    left = {students["Leopold Quist"], students["ines munoz tarres"]}
    told = {student_id: stored.expected("grades")[GRADED][student_id] for student_id in left}
    assert as_told(READERS["grades"](stack)[GRADED], told) == told
    assert READERS["grades"](stack)[GRADED].keys() == left
    assert {each["student_id"] for each in READERS["decisions"](stack)} <= left


@pytest.mark.parametrize("assignment", [GRADED, HALTED])
def test_of_an_assignment_that_is_purged_nothing_is_left(stack: Stack, aita: Command, assignment: str) -> None:
    run_ids = [run["run_id"] for run in stored.expected("runs")[assignment]]
    status, told = aita("purge", "--assignment", assignment, "--yes")
    assert status == 0, told
    assert told["deleted"]["object_versions"] > 50
    assert where(stack, assignment, *run_ids) == []


def where(stack: Stack, *needles: str) -> list[str]:
    """Return where in the bucket, in whatever version, and in the table any of these is."""
    return [place for place, text in kept(stack) if any(needle in f"{place}\n{text}" for needle in needles)]


def kept(stack: Stack) -> Iterator[tuple[str, str]]:
    as_it_was = {stored.place(key, data): data for key, data in stored.objects().items()}
    for page in stack.s3.get_paginator("list_object_versions").paginate(Bucket=BUCKET):
        for each in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
            data = as_it_was.get((each["Key"], each.get("ETag", "")))
            if data is None and "ETag" in each:
                version = {"Bucket": BUCKET, "Key": each["Key"], "VersionId": each["VersionId"]}
                data = stack.s3.get_object(**version)["Body"].read()
            yield each["Key"], (data or b"").decode("utf-8", "replace")
    for page in stack.dynamodb.get_paginator("scan").paginate(TableName=TABLE):
        for item in page["Items"]:
            yield f"{item['pk']['S']} {item['sk']['S']}", json.dumps(item)
