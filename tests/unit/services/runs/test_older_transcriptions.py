"""Runs of the version that asked twice for each page: they are told, end with the reason, and are resumed unpaid."""

import json
from typing import Any

import pytest

from aita.models.run import Outcome, Run, RunStatus, StageCounts, StageEvent, TaskRow, TaskStatus, Usage
from aita.services.assignments import object_keys
from aita.services.runs.task_recorder import TaskFile
from aita.services.stages.base import INPUTS
from tests.support.fakes import QUESTIONS, Harness

READ = {"page": 1, "text": "1a. four\n1b. five\n2. a cell", "confidence": 0.8, "notes": "", "flagged": False}
STARTS = [
    {"question_id": question_id, "line": line, "top": line / 10, "confidence": 0.9}
    for line, question_id in enumerate(("1a", "1b", "2"), 1)
]
PAID = Usage(calls=1, input_tokens=100, output_tokens=10)


@pytest.fixture
def older(harness: Harness) -> Run:
    """A run of Ann's page, which was transcribed and mapped, and of Bo's, which was transcribed only."""
    harness.exam()
    for student in ("Ann", "Bo"):
        harness.put(f"scans/{student}/1.jpg", student.encode())
    run = harness.begin("transcribe")
    for event in harness.events(run, "split"):
        harness.invoke(event, "arn:split")
    harness.collect(run, "split")
    harness.plan(run, "transcribe")
    ann, bo = (item["refs"] for item in harness.items(run, "transcribe"))
    for stage, refs, result in (
        ("transcribe", ann, READ),
        ("transcribe", bo, READ),
        ("map_answers", ann, {"starts": STARTS}),
    ):
        put(harness, run, stage, refs, result)
    inputs = {"questions": QUESTIONS, "texts": {ann["student_id"]: {"1": READ["text"]}}}
    write(harness, run, "map_answers", inputs)
    write(harness, run, "transcribe", {})
    counts = StageCounts(total=2, succeeded=1, started_at=harness.clock())
    harness.runs.begin_stage(run.run_id, "map_answers", counts, Usage())
    return harness.runs.get(run.run_id)


def write(harness: Harness, run: Run, stage: str, inputs: Any) -> None:
    harness.objects.put(object_keys.stage_file(run.run_id, stage, INPUTS), json.dumps(inputs).encode())


def put(harness: Harness, run: Run, stage: str, refs: Any, result: Any) -> None:
    """Record the result of a page as the older version did."""
    task_id = f"{stage}-of-{refs['student_id']}"
    key = object_keys.result(run.run_id, stage, task_id)
    file = TaskFile(task_id=task_id, status=TaskStatus.SUCCEEDED, refs=refs, result=result, replies=(f"{stage}-reply",))
    harness.objects.put(key, file.model_dump_json().encode())
    row = TaskRow(
        task_id=task_id, stage=stage, status=TaskStatus.SUCCEEDED, attempt=1, asks=1, result_key=key,
        usage=PAID, refs=refs, ended_at=harness.clock(),
    )  # fmt: skip
    assert harness.tasks.record(run.run_id, row)


def halted(harness: Harness, run: Run) -> Run:
    return harness.runs.end(run.run_id, run.attempt, RunStatus.HALTED, "the provider answered 401")


class TestReading:
    def test_its_stages_are_told_in_their_order(self, harness: Harness, older: Run) -> None:
        assert [stage.stage for stage in harness.reader.view(older).stages] == ["split", "transcribe", "map_answers"]

    def test_what_it_made_is_fetched_once_and_only_if_it_is_there(self, harness: Harness, older: Run) -> None:
        counts = StageCounts(total=2, succeeded=2, started_at=harness.clock(), ended_at=harness.clock())
        run = older.model_copy(update={"stages": older.stages | {"transcribe": counts, "map_answers": counts}})
        harness.put("transcriptions.json", {})
        assert names(harness, run) == ["pages.json", "scans.json", "transcriptions.json", "students.json"]
        harness.put("answers.json", {})
        expected = ["pages.json", "scans.json", "transcriptions.json", "answers.json", "students.json"]
        assert names(harness, run) == expected


def names(harness: Harness, run: Run) -> list[str]:
    return [file.name for file in harness.reader.results(run).files]


class TestUnderWay:
    """Runs whose stack is updated while they stand at one of the two stages."""

    @pytest.mark.parametrize("stage", ["transcribe", "map_answers"])
    def test_an_item_halts_the_run_unpaid_and_says_to_resume(self, harness: Harness, older: Run, stage: str) -> None:
        (event, *_) = harness.events(older, "transcribe")
        write(harness, older, "transcribe", {})
        event = event.model_copy(update={"stage": stage})
        assert harness.invoke(event).answer.outcome is Outcome.SKIPPED
        run = harness.runs.get(older.run_id)
        assert run.status is RunStatus.HALTED
        assert "resume the run" in run.reason
        assert harness.model.calls == 0
        assert harness.collect(run, stage).status is RunStatus.HALTED

    def test_a_plan_of_the_stage_that_is_no_more_ends_it(self, harness: Harness, older: Run) -> None:
        assert harness.plan(older, "map_answers").count == 0
        assert harness.collect(older, "map_answers").status is RunStatus.FAILED
        assert "resume the run" in harness.runs.get(older.run_id).reason

    @pytest.mark.parametrize("stage", ["transcribe", "map_answers"])
    def test_so_does_a_collect_of_what_was_done_before(self, harness: Harness, older: Run, stage: str) -> None:
        harness.objects.put(object_keys.stage_file(older.run_id, stage, "items"), b"[]")
        event = StageEvent(run_id=older.run_id, attempt=1, stage=stage)
        assert harness.collector.collect(event).status is RunStatus.FAILED
        assert "resume the run" in harness.runs.get(older.run_id).reason
        assert "midterm/transcriptions.json" not in harness.objects.data


class TestResuming:
    def test_what_was_transcribed_and_mapped_is_not_asked_for_again(self, harness: Harness, older: Run) -> None:
        run = harness.resume(halted(harness, older))
        assert (run.status, harness.model.calls) == (RunStatus.SUCCEEDED, 1), "Bo's page was not mapped"
        transcribed = harness.artifact("transcriptions.json")
        ann, bo = ({line["kind"] for line in page["lines"]} for (page,) in transcribed.values())
        assert (ann, bo) == ({"unknown"}, {"answer"})
        answers = next(iter(harness.artifact("answers.json").values()))["question_answers"]
        assert [answer["raw_text"] for answer in answers] == ["four", "five", "a cell"]

    def test_its_usage_is_what_both_versions_paid(self, harness: Harness, older: Run) -> None:
        run = harness.resume(halted(harness, older))
        assert run.usage.calls == 3 * PAID.calls + 1
        assert sorted(row.usage.calls for row in harness.rows(run, "transcribe")) == [0, 1]

    def test_the_replies_of_both_are_known_for_an_audit(self, harness: Harness, older: Run) -> None:
        run = harness.resume(halted(harness, older))
        (row,) = [row for row in harness.rows(run, "transcribe") if row.usage.calls == 0]
        assert harness.result(row)["replies"] == ["transcribe-reply", "map_answers-reply"]

    def test_a_second_resume_asks_nothing(self, harness: Harness, older: Run) -> None:
        run = harness.resume(halted(harness, older))
        before = harness.artifact("answers.json"), run.usage
        run = harness.resume(run)
        assert (run.status, harness.model.calls) == (RunStatus.SUCCEEDED, 1)
        assert (harness.artifact("answers.json"), run.usage) == before

    @pytest.mark.parametrize("change", ["questions", "inputs"])
    def test_pages_that_were_mapped_to_other_questions_are_asked_for(
        self, harness: Harness, older: Run, change: str
    ) -> None:
        if change == "questions":
            harness.exam(*QUESTIONS[:2])
        else:
            del harness.objects.data[object_keys.stage_file(older.run_id, "map_answers", INPUTS)]
        assert harness.resume(halted(harness, older)).status is RunStatus.SUCCEEDED
        assert harness.model.calls == 2

    def test_without_checkpointing_every_page_is_asked_for(self, harness: Harness, older: Run) -> None:
        settings = older.settings.model_copy(update={"enable_checkpointing": False})
        run = halted(harness, older).model_copy(update={"settings": settings})
        harness.runs.rows[run.run_id] = run
        assert harness.resume(run).status is RunStatus.SUCCEEDED
        assert harness.model.calls == 2
