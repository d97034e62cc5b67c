"""Plan: what a stage has to do, less what is done."""

import json
from typing import Any

from aita.models.run import Run, RunStatus, StageEvent, TaskStatus
from aita.tasks.request import LLMRequest
from tests.support.fakes import QUESTIONS, Harness, failing, question_of


def asked(requests: list[LLMRequest]) -> list[tuple[str, str]]:
    return [(request.schema_name, question_of(request)) for request in requests]


def ids(items: list[dict[str, Any]]) -> list[Any]:
    return [item["refs"]["question_id"] for item in items]


def task_ids(harness: Harness, run: Run, stage: str = "answer_key") -> set[str]:
    return {item["task_id"] for item in harness.items(run, stage)}


class TestFirstAttempt:
    def test_everything_is_to_be_run(self, harness: Harness) -> None:
        harness.exam()
        run = harness.begin()
        plan = harness.plan(run)
        assert plan.model_dump() == {
            "run_id": run.run_id,
            "attempt": 1,
            "stage": "answer_key",
            "count": 3,
            "manifest": {"bucket": "memory", "key": f"runs/{run.run_id}/answer_key/manifest.json"},
            "function": "arn:task",
            "expires_at": int(harness.clock.now.timestamp()) + (30 + 7) * 86_400,
            "provider_batch": False,
        }
        assert ids(harness.to_run(run, "answer_key")) == ids(harness.items(run, "answer_key")) == ["1a", "1b", "2"]
        counts = harness.runs.get(run.run_id).stages["answer_key"]
        assert (counts.total, counts.succeeded, counts.failed, counts.done_before) == (3, 0, 0, 0)
        assert counts.started_at == harness.clock.now

    def test_split_has_a_function_of_its_own(self, harness: Harness) -> None:
        harness.put("scans/Ann/1.jpg", b"x")
        assert harness.plan(harness.begin("transcribe")).function == "arn:split"

    def test_planned_twice_is_planned_the_same(self, harness: Harness) -> None:
        harness.exam()
        run = harness.begin()
        first = harness.plan(run), harness.items(run, "answer_key")
        assert (harness.plan(run), harness.items(run, "answer_key")) == first

    def test_a_cancelled_run_has_nothing_left_to_do(self, harness: Harness) -> None:
        harness.exam()
        run = harness.begin()
        harness.submissions.cancel(run.run_id)
        assert harness.plan(run).count == 0
        assert harness.runs.get(run.run_id).stages == {}

    def test_a_superseded_attempt_has_nothing_left_to_do(self, harness: Harness) -> None:
        harness.exam()
        run = harness.begin()
        harness.submissions.cancel(run.run_id)
        harness.submissions.resume(run.run_id)
        assert harness.planner.plan(StageEvent(run_id=run.run_id, attempt=1, stage="answer_key")).count == 0
        assert harness.planner.plan(StageEvent(run_id=run.run_id, attempt=2, stage="answer_key")).count == 3


class TestIdentity:
    def test_two_assignments_never_share_task_ids(self, harness: Harness) -> None:
        for assignment in ("a", "b"):
            harness.exam(assignment=assignment)
            harness.put("scans/Ann/1.jpg", b"x", assignment)
        for pipeline, stage in (("rubric", "answer_key"), ("transcribe", "split")):
            first, second = (harness.begin(pipeline, assignment) for assignment in ("a", "b"))
            harness.plan(first)
            harness.plan(second)
            assert not task_ids(harness, first, stage) & task_ids(harness, second, stage)

    def test_the_same_work_has_the_same_id_in_the_next_run(self, harness: Harness) -> None:
        harness.exam()
        first, second = harness.run(), harness.run()
        for stage in ("answer_key", "rubric"):
            assert task_ids(harness, first, stage) == task_ids(harness, second, stage)

    def test_questions_of_the_same_text_are_two_tasks(self, harness: Harness) -> None:
        harness.exam(QUESTIONS[0], QUESTIONS[0] | {"question_id": "1z"})
        assert len(task_ids(harness, harness.run())) == 2

    def test_ids_say_nothing_but_the_stage(self, harness: Harness) -> None:
        harness.exam()
        for task_id in task_ids(harness, harness.run()):
            stage, _, digest = task_id.partition("-")
            assert (stage, len(digest)) == ("answer_key", 32)


class TestResume:
    def test_it_runs_only_what_failed(self, harness: Harness) -> None:
        harness.exam()
        bad = failing(harness, "1b")
        run = harness.run()
        assert run.status is RunStatus.PARTIAL
        bad.clear()
        harness.model.requests.clear()
        run = harness.resume(run)
        assert asked(harness.model.requests) == [("AnswerKey", "1b"), ("Rubric", "1b")]
        assert ids(harness.to_run(run, "answer_key")) == ["1b"]
        counts = run.stages["answer_key"]
        assert (counts.total, counts.succeeded, counts.failed, counts.done_before) == (3, 3, 0, 2)

    def test_it_runs_what_is_missing(self, harness: Harness) -> None:
        harness.exam()
        run = harness.begin()
        harness.invoke(harness.events(run)[1])
        harness.submissions.cancel(run.run_id)
        harness.model.requests.clear()
        assert harness.resume(run).status is RunStatus.SUCCEEDED
        assert asked(harness.model.requests)[:2] == [("AnswerKey", "1a"), ("AnswerKey", "2")]

    def test_with_nothing_left_to_do_it_makes_no_call(self, harness: Harness) -> None:
        harness.exam()
        run = harness.run()
        artifacts = harness.artifact("answer_keys.json"), harness.artifact("rubrics.json")
        rows, calls = harness.rows(run), harness.model.calls
        again = harness.resume(run)
        assert (again.status, harness.model.calls, harness.rows(run)) == (RunStatus.SUCCEEDED, calls, rows)
        assert (again.usage, again.stages["rubric"].succeeded) == (run.usage, 3)
        assert (harness.artifact("answer_keys.json"), harness.artifact("rubrics.json")) == artifacts

    def test_a_lost_table_costs_no_call(self, harness: Harness) -> None:
        harness.exam()
        run = harness.run()
        calls = harness.model.calls
        harness.tasks.data.clear()
        assert harness.resume(run).status is RunStatus.SUCCEEDED
        assert harness.model.calls == calls

    def test_failed_tasks_stay_failed_if_so_set(self, harness: Harness) -> None:
        harness.exam()
        bad = failing(harness, "1b")
        run = harness.begin(retry_failed_tasks=False)
        harness.drive(run)
        bad.clear()
        calls = harness.model.calls
        done = harness.resume(run)
        assert (done.status, harness.model.calls) == (RunStatus.PARTIAL, calls)
        counts = done.stages["answer_key"]
        assert (counts.total, counts.succeeded, counts.failed, counts.done_before) == (3, 2, 1, 3)

    def test_what_is_missing_is_run_even_so(self, harness: Harness) -> None:
        harness.exam()
        bad = failing(harness, "1a")
        run = harness.begin(retry_failed_tasks=False)
        harness.invoke(harness.events(run)[0])
        harness.submissions.cancel(run.run_id)
        bad.clear()
        done = harness.resume(run)
        assert (done.status, done.stages["answer_key"].succeeded) == (RunStatus.PARTIAL, 2)
        assert {row.status for row in harness.rows(run, "answer_key")} == {TaskStatus.SUCCEEDED, TaskStatus.FAILED}

    def test_without_checkpointing_everything_is_run_again(self, harness: Harness) -> None:
        harness.exam()
        run = harness.run(enable_checkpointing=False)
        harness.model.requests.clear()
        again = harness.resume(run)
        assert len(harness.model.requests) == 6
        assert again.status is RunStatus.SUCCEEDED

    def test_without_checkpointing_the_progress_counts_too(self, harness: Harness) -> None:
        harness.exam()
        run = harness.run(enable_checkpointing=False)
        resumed = harness.submissions.resume(run.run_id)
        for event in harness.events(resumed):
            harness.invoke(event)
        assert harness.runs.get(run.run_id).stages["answer_key"].succeeded == 3

    def test_without_checkpointing_the_totals_hold_what_every_attempt_paid(self, harness: Harness) -> None:
        harness.exam()
        run = harness.run(enable_checkpointing=False)
        assert harness.resume(run).usage.calls == harness.model.calls == 12

    def test_a_changed_question_is_new_work_and_its_old_row_goes(self, harness: Harness) -> None:
        harness.exam()
        bad = failing(harness, "1b")
        run = harness.run()
        before = task_ids(harness, run)
        harness.exam(QUESTIONS[0] | {"question_text": "What is 3 + 3?"}, *QUESTIONS[1:])
        bad.clear()
        harness.model.requests.clear()
        run = harness.resume(run)
        assert run.status is RunStatus.SUCCEEDED
        assert asked(harness.model.requests) == [
            ("AnswerKey", "1a"),
            ("AnswerKey", "1b"),
            ("Rubric", "1a"),
            ("Rubric", "1b"),
        ]
        assert len(task_ids(harness, run) - before) == 1
        assert {row.task_id for row in harness.rows(run, "answer_key")} == task_ids(harness, run)
        assert {row.task_id for row in harness.rows(run, "rubric")} == task_ids(harness, run, "rubric")

    def test_a_question_that_was_taken_out_leaves_the_artifact(self, harness: Harness) -> None:
        harness.exam()
        failing(harness, "1b")
        run = harness.run()
        harness.exam(QUESTIONS[0], QUESTIONS[2])
        run = harness.resume(run)
        assert (run.status, run.stages["answer_key"].total) == (RunStatus.SUCCEEDED, 2)
        assert set(harness.artifact("rubrics.json")) == {"1a", "2"}

    def test_what_replaced_work_had_cost_stays_in_the_totals(self, harness: Harness) -> None:
        harness.exam()
        failing(harness, "1b")
        run = harness.run()
        harness.exam(QUESTIONS[0], QUESTIONS[2])
        paid = run.usage.calls
        assert harness.resume(run).usage.calls == paid == harness.model.calls

    def test_a_broken_exam_stops_the_plan_with_its_place(self, harness: Harness) -> None:
        harness.exam()
        failing(harness, "1b")
        run = harness.run()
        harness.put("questions.json", "{}")
        resumed = harness.submissions.resume(run.run_id)
        assert harness.plan(resumed).count == 0
        ended = harness.runs.get(run.run_id)
        assert ended.status is RunStatus.FAILED
        assert "exam_name: Field required" in ended.reason

    def test_a_new_scan_is_what_is_missing(self, harness: Harness) -> None:
        harness.put("scans/Ann/1.jpg", b"a")
        run = harness.run("transcribe")
        harness.put("scans/Ann/2.jpg", b"b")
        run = harness.resume(run)
        assert (run.status, harness.model.calls) == (RunStatus.SUCCEEDED, 2)
        (pages,) = harness.artifact("pages.json").values()
        assert [page["page"] for page in pages] == [1, 2]

    def test_a_scan_that_was_replaced_is_new_work(self, harness: Harness) -> None:
        harness.put("scans/Ann/1.jpg", b"BAD")
        harness.put("scans/Bo/1.jpg", b"b")
        run = harness.run("transcribe")
        assert run.status is RunStatus.PARTIAL
        harness.put("scans/Ann/1.jpg", b"good now")
        run = harness.resume(run)
        assert (run.status, harness.model.calls) == (RunStatus.SUCCEEDED, 2)
        assert len(harness.rows(run, "split")) == 2


def test_inputs_hold_all_that_tasks_share(harness: Harness) -> None:
    harness.exam()
    harness.put("rubric_instructions.txt", "  be kind\n")
    harness.put("question_specific_instructions.json", {"1a": "accept IV"})
    run = harness.run()
    for stage in ("answer_key", "rubric"):
        inputs = json.loads(harness.objects.data[f"runs/{run.run_id}/{stage}/inputs.json"])
        assert (inputs["instructions"], inputs["question_instructions"]) == ("be kind", {"1a": "accept IV"})
    for request in harness.model.requests:
        assert "be kind" in request.messages[0].text
        assert ("accept IV" in request.messages[1].text) == (question_of(request) == "1a")
