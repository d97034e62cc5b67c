"""Collect: what a stage came to by its items and rows, never by anything else."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from aita.errors import InvalidMaterialError
from aita.models.exam import Question
from aita.models.grade import question_version
from aita.models.run import CollectResponse, Run, RunStatus, StageEvent, TaskRow, TaskStatus
from aita.services.runs import collector
from aita.services.stages.answer_key import AnswerKeyStage
from aita.services.stages.base import Gathered
from aita.services.stages.transcribe import TranscribeStage
from aita.tasks.request import LLMRequest
from tests.support.fakes import QUESTIONS, Crash, Harness, failing, question_of, right, transcription


class TestCounts:
    def test_an_item_without_a_row_has_failed(self, harness: Harness) -> None:
        harness.exam()
        run = harness.begin()
        for event in harness.events(run)[:2]:
            harness.invoke(event)
        answer = harness.collect(run)
        counts = harness.runs.get(run.run_id).stages["answer_key"]
        assert (counts.total, counts.succeeded, counts.failed) == (3, 2, 1)
        assert (answer.status, answer.stage) == (RunStatus.RUNNING, "rubric")

    def test_every_item_of_a_call_whose_function_dies_has_a_failed_row(self, harness: Harness) -> None:

        def dies(_request: LLMRequest) -> str:
            raise Crash("in the call")

        harness.exam(*(each | {"question_type": "short_answer"} for each in QUESTIONS))
        harness.model.otherwise = dies
        run = harness.run(batch_size=5)
        assert run.stages["answer_key"].failed == 3
        assert harness.reader.tasks_of(run, TaskStatus.PENDING, 10, None).tasks == ()
        rows = {row.refs.get("question_id"): row for row in harness.rows(run)}
        assert {(row.status, row.attempt) for row in rows.values()} == {(TaskStatus.FAILED, 1)}
        assert rows["2"].error_message.startswith("the function that ran this task stopped unexpectedly")
        harness.model.otherwise = right
        assert harness.resume(run).status is RunStatus.SUCCEEDED

    def test_every_item_of_a_call_that_lambda_refused_says_so(self, harness: Harness) -> None:
        harness.exam(*(each | {"question_type": "short_answer"} for each in QUESTIONS))
        run = harness.begin(batch_size=5)
        (event,) = harness.events(run)
        harness.record_failure(event, "Lambda.TooManyRequestsException")
        (first,) = harness.rows(run)
        harness.collect(run)
        told = {(row.error_type, row.error_message, row.attempt) for row in harness.rows(run)}
        assert len(harness.rows(run)) == 3
        assert told == {("Lambda.TooManyRequestsException", first.error_message, 1)}

    def test_what_has_a_row_is_not_written_again(self, harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
        harness.exam()
        failing(harness, "1b")
        run = harness.begin()
        for event in harness.events(run)[:2]:
            harness.invoke(event)
        written: list[str] = []
        record = harness.tasks.record

        def noted(run_id: str, row: TaskRow) -> bool:
            written.append(str(row.refs["question_id"]))
            return record(run_id, row)

        monkeypatch.setattr(harness.tasks, "record", noted)
        before = harness.row(run, "answer_key", question_id="1b")
        for _ in range(2):
            harness.collect(run)
        assert written == ["2"]
        assert harness.row(run, "answer_key", question_id="1b") == before

    def test_the_counters_are_not_trusted(self, harness: Harness) -> None:
        harness.exam()
        run = harness.begin()
        event = harness.events(run)[0]
        harness.invoke(event)
        (row,) = harness.rows(run)
        for _ in range(5):
            harness.runs.count(run.run_id, "answer_key", row)
        harness.collect(run)
        recounted = harness.runs.get(run.run_id)
        assert (recounted.stages["answer_key"].succeeded, recounted.usage.calls) == (1, 1)

    def test_a_result_without_a_row_is_not_trusted(self, harness: Harness) -> None:
        harness.exam(QUESTIONS[0])
        run = harness.begin()
        (event,) = harness.events(run)
        harness.invoke(event)
        harness.tasks.data.clear()
        assert harness.collect(run).status is RunStatus.FAILED
        assert harness.artifact("answer_keys.json") == {}

    def test_a_row_of_no_item_is_not_trusted(self, harness: Harness) -> None:
        harness.exam(QUESTIONS[0])
        run = harness.begin()
        (event,) = harness.events(run)
        other = event.item.model_copy(update={"task_id": "answer_key-other"})
        harness.invoke(event.model_copy(update={"item": other}))
        harness.collect(run)
        counts = harness.runs.get(run.run_id).stages["answer_key"]
        assert (counts.total, counts.succeeded, counts.failed) == (1, 0, 1)

    def test_a_failed_row_has_failed(self, harness: Harness) -> None:
        harness.exam()
        failing(harness, "1b")
        run = harness.run()
        counts = run.stages["answer_key"]
        assert (counts.succeeded, counts.failed, counts.ended_at) == (2, 1, harness.clock.now)
        assert harness.row(run, "answer_key", question_id="1b").status is TaskStatus.FAILED


class TestVerdict:
    def test_everything_succeeded(self, harness: Harness) -> None:
        harness.exam()
        run = harness.run()
        assert (run.status, run.reason, run.ended_at) == (RunStatus.SUCCEEDED, "", harness.clock.now)

    def test_some_failed(self, harness: Harness) -> None:
        harness.exam()
        failing(harness, "1b")
        run = harness.run()
        assert run.status is RunStatus.PARTIAL
        assert run.reason == "2 of 6 tasks failed: see them with their reasons, then resume"

    def test_a_failure_in_the_first_stage_alone_is_not_forgotten(self, harness: Harness) -> None:
        harness.exam()
        harness.put(
            "user_rubrics.json", {"1b": {"total_points": 3.5, "criteria": [{"points": 3.5, "description": "x"}]}}
        )
        failing(harness, "1b")
        run = harness.run()
        assert [run.stages[stage].failed for stage in ("answer_key", "rubric")] == [1, 0]
        assert run.status is RunStatus.PARTIAL

    def test_nothing_of_a_stage_succeeded(self, harness: Harness) -> None:
        harness.exam()
        failing(harness, "1a", "1b", "2")
        run = harness.run()
        assert (run.status, run.stage) == (RunStatus.FAILED, "answer_key")
        assert run.reason == "3 of 3 tasks failed: nothing of stage answer_key succeeded"

    def test_nothing_of_the_last_stage_succeeded(self, harness: Harness) -> None:
        harness.exam()
        harness.model.otherwise = lambda request: "nonsense" if request.schema_name == "Rubric" else right(request)
        run = harness.run()
        assert (run.status, run.stage) == (RunStatus.FAILED, "rubric")

    def test_the_answer_tells_the_state_machine_how_it_ended(self, harness: Harness) -> None:
        harness.exam()
        failing(harness, "1a", "1b", "2")
        run = harness.begin()
        for event in harness.events(run):
            harness.invoke(event)
        answer = harness.collect(run).model_dump(mode="json")
        assert answer == {
            "run_id": run.run_id,
            "attempt": 1,
            "stage": "answer_key",
            "status": "FAILED",
            "reason": "3 of 3 tasks failed: nothing of stage answer_key succeeded",
        }

    @pytest.mark.parametrize("status", [RunStatus.CANCELLED, RunStatus.HALTED])
    def test_a_stopped_run_stays_as_it_is(self, harness: Harness, status: RunStatus) -> None:
        harness.exam()
        run = harness.begin()
        harness.plan(run)
        harness.runs.end(run.run_id, 1, status, "the reason")
        answer = harness.collect(run)
        assert (answer.status, answer.reason) == (status, "the reason")
        assert harness.runs.get(run.run_id).status is status
        assert not harness.rows(run), "what a stop left out has not failed"
        assert "midterm/answer_keys.json" not in harness.objects.data

    def test_a_superseded_attempt_ends_and_changes_nothing(self, harness: Harness) -> None:
        harness.exam()
        run = harness.begin()
        harness.plan(run)
        harness.submissions.cancel(run.run_id)
        harness.plan(harness.submissions.resume(run.run_id))
        before = harness.runs.get(run.run_id)
        answer = harness.collector.collect(StageEvent(run_id=run.run_id, attempt=1, stage="answer_key"))
        assert (answer.status, answer.reason) == (RunStatus.CANCELLED, "a later attempt has begun")
        assert harness.runs.get(run.run_id) == before

    def test_a_reason_is_always_there_for_the_end(self, harness: Harness) -> None:
        harness.exam()
        run = harness.run()
        assert harness.collect(run, "rubric").reason == "SUCCEEDED"

    def test_collected_twice_is_collected_the_same(self, harness: Harness) -> None:
        harness.exam()
        failing(harness, "1b")
        run = harness.begin()
        for event in harness.events(run):
            harness.invoke(event)
        harness.objects.crashes.append("answer_keys.json")
        with pytest.raises(Crash):
            harness.collect(run)
        answers: list[CollectResponse] = [harness.collect(run), harness.collect(run)]
        assert answers[0] == answers[1]
        run = harness.drive(run)
        assert run.status is RunStatus.PARTIAL
        before = harness.snapshot(run)
        assert harness.collect(run, "rubric").status is RunStatus.PARTIAL
        assert harness.snapshot(run) == before

    def test_the_runs_line_is_refreshed_at_the_end(self, harness: Harness) -> None:
        harness.exam()
        run = harness.run()
        line = harness.runs.summaries[run.run_id]
        assert (line.status, line.stage, line.succeeded, line.total) == (RunStatus.SUCCEEDED, "rubric", 3, 3)


class TestRefusal:
    """A stage that refuses to gather: what its tasks came to can't stand, and nothing of it is written."""

    @pytest.fixture
    def refusing(self, harness: Harness, monkeypatch: pytest.MonkeyPatch) -> Run:
        def refuse(stage: AnswerKeyStage, ended: Any, read: Any) -> Any:
            raise InvalidMaterialError("they do not fit together")

        harness.exam()
        harness.run()
        harness.exam(QUESTIONS[0], QUESTIONS[1] | {"question_text": "Name another prime."})
        monkeypatch.setattr(AnswerKeyStage, "gather_all", refuse)
        failing(harness, "1b")
        return harness.run()

    def test_the_run_fails_with_the_reason_and_goes_no_further(self, harness: Harness, refusing: Run) -> None:
        assert (refusing.status, refusing.stage) == (RunStatus.FAILED, "answer_key")
        assert refusing.reason == "they do not fit together"
        assert harness.collect(refusing).reason == refusing.reason

    def test_its_tasks_are_counted_and_what_it_made_before_stays(self, harness: Harness, refusing: Run) -> None:
        counts = refusing.stages["answer_key"]
        assert (counts.total, counts.succeeded, counts.failed) == (2, 1, 1)
        assert refusing.usage.cached_calls == 1
        assert list(harness.artifact("answer_keys.json")) == ["1a", "1b", "2"]

    def test_what_was_made_before_is_not_shown_as_its_own(self, harness: Harness, refusing: Run) -> None:
        assert refusing.stages["answer_key"].ended_at is None
        assert harness.reader.results(refusing).files == ()

    def test_it_can_be_resumed(self, harness: Harness, refusing: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.undo()
        harness.model.otherwise = right
        assert harness.resume(refusing).status is RunStatus.SUCCEEDED


def test_results_are_read_a_few_at_a_time(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stage may have 100,000, which do not fit into memory."""
    read: list[int] = []

    def gather(stage: TranscribeStage, ended: Iterator[Gathered], file: Any) -> Any:
        before = harness.objects.requests["get"]
        next(ended)
        read.append(harness.objects.requests["get"] - before)
        return {"transcriptions.json": sum(each.succeeded for each in ended) + 1}

    monkeypatch.setattr(collector, "_READ_AHEAD", 4)
    monkeypatch.setattr(TranscribeStage, "gather_all", gather)
    harness.put("scans/Ann/1.pdf", "|".join(map(str, range(30))))
    assert harness.run("transcribe").status is RunStatus.SUCCEEDED
    assert harness.artifact("transcriptions.json") == 30
    assert 1 <= read[0] <= 4


class TestArtifacts:
    def test_answer_keys_and_rubrics_by_question(self, harness: Harness) -> None:
        harness.exam()
        failing(harness, "1b")
        harness.run()
        answer_keys, rubrics = harness.artifact("answer_keys.json"), harness.artifact("rubrics.json")
        assert list(answer_keys) == list(rubrics) == ["1a", "2"]
        assert answer_keys["1a"] == {
            "question_id": "1a",
            "correct_answer": "four",
            "alternative_answers": [],
            "explanation": "",
            "grading_notes": "",
            "solution_steps": [],
            "question_version": question_version(Question.model_validate(QUESTIONS[0])),
        }
        assert rubrics["2"]["total_points"] == 10
        assert [criterion["points"] for criterion in rubrics["2"]["criteria"]] == [5, 5]

    def test_a_key_of_an_earlier_run_is_not_taken_for_this_ones(self, harness: Harness) -> None:
        harness.exam()
        harness.run()
        harness.exam(QUESTIONS[0], QUESTIONS[1] | {"question_text": "Name another prime."}, QUESTIONS[2])
        failing(harness, "1b")
        run = harness.run()
        row = harness.row(run, "rubric", question_id="1b")
        assert (row.status, row.error_type) == (TaskStatus.FAILED, "MissingInputError")
        assert "1b" not in harness.artifact("rubrics.json")

    def test_text_is_kept_readable(self, harness: Harness) -> None:
        harness.exam(QUESTIONS[0])
        harness.model.say(json.dumps({"question_id": "1a", "correct_answer": "π ≈ 3"}))
        harness.run()
        assert "π ≈ 3" in harness.objects.data["midterm/answer_keys.json"].decode()

    def test_pages_are_numbered_through_a_students_files_in_natural_order(self, harness: Harness) -> None:
        for name, data in (
            ("Ann/page10.jpg", b"ten"),
            ("Ann/page2.jpg", b"two"),
            ("Ann/Page1.pdf", b"one-a|one-b"),
            ("Bo/1.jpg", b"bo"),
        ):
            harness.put(f"scans/{name}", data)
        run = harness.run("transcribe")
        students = {s["folder"]: s["student_id"] for s in harness.artifact("students.json")["students"]}
        pages = harness.artifact("pages.json")
        images = [(page["page"], harness.objects.data[page["key"]]) for page in pages[students["Ann"]]]
        assert images == [(1, b"one-a"), (2, b"one-b"), (3, b"two"), (4, b"ten")]
        assert [page["page"] for page in pages[students["Bo"]]] == [1]
        transcriptions = harness.artifact("transcriptions.json")
        assert [page["page"] for page in transcriptions[students["Ann"]]] == [1, 2, 3, 4]
        assert run.status is RunStatus.SUCCEEDED

    def test_pages_keep_their_place_whatever_ends_first(self, harness: Harness) -> None:
        harness.put("scans/Ann/1.pdf", b"a|b|c")
        texts = iter(("third", "second", "first"))
        harness.model.otherwise = lambda request: transcription(request, next(texts))
        run = harness.begin("transcribe")
        for event in harness.events(run, "split"):
            harness.invoke(event, "arn:split")
        harness.collect(run)
        for event in reversed(harness.events(run, "transcribe")):
            harness.invoke(event)
        harness.collect(run, "transcribe")
        (pages,) = harness.artifact("transcriptions.json").values()
        assert [(page["page"], page["lines"][0]["text"]) for page in pages] == [
            (1, "first"),
            (2, "second"),
            (3, "third"),
        ]

    def test_a_bad_file_costs_the_others_nothing(self, harness: Harness) -> None:
        harness.put("scans/Ann/1.jpg", b"a")
        harness.put("scans/Ann/2.jpg", b"BAD")
        harness.put("scans/Ann/3.jpg", b"c")
        run = harness.run("transcribe")
        assert run.status is RunStatus.PARTIAL
        (pages,) = harness.artifact("pages.json").values()
        assert [(page["page"], harness.objects.data[page["key"]]) for page in pages] == [(1, b"a"), (2, b"c")]
        failed: list[Any] = [row for row in harness.rows(run, "split") if row.status is TaskStatus.FAILED]
        assert [row.error_type for row in failed] == ["UnreadableScanError"]

    def test_students_and_pages_never_mix(self, harness: Harness) -> None:
        for number in range(12):
            harness.put(f"scans/Student {number}/1.pdf", f"{number}a|{number}b".encode())
        harness.run("transcribe")
        pages = harness.artifact("pages.json")
        for student in harness.artifact("students.json")["students"]:
            number = student["folder"].removeprefix("Student ").encode()
            mine = [harness.objects.data[page["key"]] for page in pages[student["student_id"]]]
            assert mine == [number + b"a", number + b"b"]
            assert all(student["student_id"] in page["key"] for page in pages[student["student_id"]])


def test_questions_are_asked_in_any_order(harness: Harness) -> None:
    harness.exam()
    run = harness.begin()
    for event in reversed(harness.events(run)):
        harness.invoke(event)
    harness.collect(run)
    assert list(harness.artifact("answer_keys.json")) == ["1a", "1b", "2"]
    assert [question_of(request) for request in harness.model.requests] == ["2", "1b", "1a"]
